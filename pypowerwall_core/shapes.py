"""Shapes that the library's calls and the routes named after them share. Pure."""

from __future__ import annotations

from typing import Any

from . import alerts, payloads, readings, solar
from .devices import THERMAL, blocks_by_pack, by_pack, of_kind
from .fields import mapping, sequence, text
from .snapshot import Snapshot

METERS = ("site", "solar", "battery", "load")
"""In the order that has always been shown."""
TEMPERATURE = "THC_AmbientTemp"


def power(snapshot: Snapshot) -> dict[str, float | None]:
    """Return the powers in watts by meter; None for one that is unknown."""
    return {name: readings.power_w(snapshot, name) for name in METERS}


def temps(snapshot: Snapshot) -> dict[str, Any]:
    """Return each pack's temperature by its device name, in degrees Celsius."""
    vitals = snapshot.document(payloads.VITALS)
    return {din: device.get(TEMPERATURE) for din, device in of_kind(vitals, THERMAL)}


def battery_blocks(snapshot: Snapshot) -> dict[str, dict[str, Any]] | None:
    """Return each battery block by its serial, with state and temperature of its pack."""
    status = snapshot.document(payloads.SYSTEM_STATUS)
    blocks = {
        serial: {name: value for name, value in block.items() if name != "PackageSerialNumber"}
        for serial, block in blocks_by_pack(status).items()
    }
    for serial, (_, device) in by_pack(snapshot.document(payloads.VITALS), THERMAL).items():
        blocks.setdefault(serial, {}).update(
            THC_State=device.get("THC_State"), temperature=device.get(TEMPERATURE)
        )
    known = isinstance(status, dict) or bool(blocks)
    return blocks if known else None


def verbose_strings(snapshot: Snapshot) -> dict[str, dict[str, Any]]:
    """Return what each solar inverter says of its strings, in its own words; else as strings."""
    return solar.verbose_strings(snapshot) or solar.strings(snapshot)


def alerts_by_device(snapshot: Snapshot) -> list[Any]:
    """Return the alerts of the devices as {device: alert}, and the grid's by their names."""
    devices = [
        {din: name}
        for din, device in mapping(snapshot.document(payloads.VITALS)).items()
        for entry in sequence(mapping(device).get("alerts"))
        if (name := text(entry))
    ]
    return sorted([*alerts.of_grid(snapshot), *devices], key=str)
