"""Decodes the vitals protobuf into one object per device. Pure.

The order of devices is the gateway's own: PWn numbers follow it, so it is kept.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

from google.protobuf.message import DecodeError

from pypowerwall_core.errors import Unwell

from . import tesla_pb2

_TEXTS = ("componentParentDin", "partNumber", "serialNumber", "manufacturer", "firmwareVersion")
ALERTS = "alerts"
"""The one name that is ours: a signal called so would hide the alerts, or pretend some."""
_TIMES = ("firstCommunicationTime", "lastCommunicationTime")


def decode(body: bytes) -> dict[str, dict[str, Any]]:
    """Decode the body of /api/devices/vitals.

    Returns:
        {din: {field: value}} in wire order; signals are int, float, str, bool or None, times
        are seconds since 1970, "alerts" is present only when there are any.

    Raises:
        Unwell: The body is empty or is no vitals message.
    """
    if not body:
        raise Unwell("empty body")
    message = tesla_pb2.DevicesWithVitals()
    try:
        message.ParseFromString(body)
    except DecodeError as error:
        raise Unwell("broken vitals") from error
    devices: dict[str, dict[str, Any]] = {}
    alerts: dict[str, list[str]] = {}
    for entry in message.devices:
        device = entry.device.device
        if not device.HasField("din") or not device.din.value:
            continue
        # A DIN that comes twice is one device: the first names it, the second adds signals.
        known = devices.setdefault(device.din.value, _identity(device))
        known |= {vital.name: _signal(vital) for vital in entry.vitals if vital.name != ALERTS}
        if entry.alerts:
            alerts.setdefault(device.din.value, []).extend(entry.alerts)
    for din, names in alerts.items():
        devices[din][ALERTS] = names
    return devices


def _identity(device: tesla_pb2.Device) -> dict[str, Any]:
    fields: dict[str, Any] = {
        name: getattr(device, name).value for name in _TEXTS if device.HasField(name)
    }
    fields |= {name: getattr(device, name).seconds for name in _TIMES if device.HasField(name)}
    if device.HasField("deviceAttributes"):
        fields |= _attributes(device.deviceAttributes)
    return fields


def _attributes(attributes: tesla_pb2.DeviceAttributes) -> dict[str, Any]:
    kind = attributes.WhichOneof("deviceAttributes")
    match kind:
        case "teslaEnergyEcuAttributes":
            return {kind: {"ecuType": attributes.teslaEnergyEcuAttributes.ecuType}}
        case "generatorAttributes":
            generator = attributes.generatorAttributes
            return {
                kind: {
                    "nameplateRealPowerW": generator.nameplateRealPowerW,
                    "nameplateApparentPowerVa": generator.nameplateApparentPowerVa,
                }
            }
        case "pvInverterAttributes":
            nameplate_w = attributes.pvInverterAttributes.nameplateRealPowerW
            return {kind: {"nameplateRealPowerW": nameplate_w}}
        case "meterAttributes":
            return {kind: {"meterLocation": list(attributes.meterAttributes.meterLocation)}}
        case _:
            return {}


def _signal(vital: tesla_pb2.DeviceVital) -> Any:
    kind = vital.WhichOneof("value")
    value = getattr(vital, kind) if kind else None
    # JSON has no NaN and no Infinity: a sensor that says so says nothing.
    return None if isinstance(value, float) and not isfinite(value) else value
