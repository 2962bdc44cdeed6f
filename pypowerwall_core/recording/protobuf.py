"""The same for the vitals protobuf: every text in it, the order of devices kept. Pure."""

from __future__ import annotations

from collections.abc import Callable

from google.protobuf.message import DecodeError

from pypowerwall_core.backends.local import tesla_pb2

from .keys import PRIVATE, Kind, kind_of

DEVICE_TEXTS = (
    "din",
    "partNumber",
    "serialNumber",
    "manufacturer",
    "siteLabel",
    "componentParentDin",
    "firmwareVersion",
)
CONNECTION_TEXTS = ("ipAddress", "serialPort")
_NUMBERS = ("intValue", "floatValue")
_NO_NUMBERS = (*PRIVATE, Kind.POSITION)
BROKEN = b"\xff"
"""Stands for vitals that nobody can read: it is none either, and it holds nothing."""
Text = Callable[[str, str], str]


def mapped(body: bytes, text: Text, key: Callable[[str], str]) -> bytes:
    """Return vitals with other texts; what the schema does not know is left out.

    Args:
        body: A DevicesWithVitals as the gateway sends it.
        text: Given a field or signal and its text: what stands there instead.
        key: Given the name of a signal or an alert: what it is instead.
    """
    message = tesla_pb2.DevicesWithVitals()
    try:
        message.ParseFromString(body)
    except DecodeError:
        return BROKEN
    message.DiscardUnknownFields()
    for entry in message.devices:
        if entry.device.HasField("device"):
            _map_device(entry.device.device, text)
        for vital in entry.vitals:
            value = vital.WhichOneof("value")
            if value == "stringValue":
                vital.stringValue = text(vital.name, vital.stringValue)
            elif value in _NUMBERS and kind_of(vital.name) in _NO_NUMBERS:
                vital.ClearField(value)
            if vital.HasField("name"):
                vital.name = key(vital.name)
        entry.alerts[:] = [key(alert) for alert in entry.alerts]
    return message.SerializeToString(deterministic=True)


def _map_device(device: tesla_pb2.Device, text: Text) -> None:
    for name in DEVICE_TEXTS:
        if device.HasField(name):
            value = getattr(device, name)
            value.value = text(name, value.value)
    if not device.HasField("connectionParameters"):
        return
    connection = device.connectionParameters
    for name in CONNECTION_TEXTS:
        if connection.HasField(name):
            value = getattr(connection, name)
            value.value = text(name, value.value)
