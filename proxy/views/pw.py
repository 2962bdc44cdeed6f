"""/pw/*: single facts, each under the name of the library call that gave it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pypowerwall_core import alerts as core_alerts
from pypowerwall_core import payloads, readings, solar
from pypowerwall_core.devices import THERMAL, blocks_by_pack, by_pack
from pypowerwall_core.fields import mapping
from pypowerwall_core.snapshot import Snapshot

_METERS = ("site", "solar", "battery", "load")


def fact(name: str, read: Callable[[Snapshot], Any]) -> Callable[[Snapshot], Any]:
    """Return the view that shows one fact: {name: value or null}."""
    return lambda snapshot: {name: read(snapshot)}


def meter(name: str) -> Callable[[Snapshot], Any]:
    """Return the view of one meter's section of the aggregates; null while unknown."""
    return lambda snapshot: mapping(snapshot.document(payloads.AGGREGATES)).get(name)


def power(snapshot: Snapshot) -> Any:
    """Powers in watts by meter; null for one that is unknown."""
    return {name: readings.power_w(snapshot, name) for name in _METERS}


def battery_blocks(snapshot: Snapshot) -> Any:
    """Each battery block by its serial, with state and temperature of its pack."""
    status = snapshot.document(payloads.SYSTEM_STATUS)
    blocks = {
        serial: {name: value for name, value in block.items() if name != "PackageSerialNumber"}
        for serial, block in blocks_by_pack(status).items()
    }
    for serial, (_, device) in by_pack(snapshot.document(payloads.VITALS), THERMAL).items():
        blocks.setdefault(serial, {}).update(
            THC_State=device.get("THC_State"), temperature=device.get("THC_AmbientTemp")
        )
    known = isinstance(status, dict) or bool(blocks)
    return blocks if known else None


def strings(snapshot: Snapshot) -> Any:
    """What each solar inverter says of its strings, in its own words; else as /strings."""
    found = solar.verbose_strings(snapshot)
    return found or solar.strings(snapshot)


def grid_status(snapshot: Snapshot) -> Any:
    """The gateway's object, {} while unknown."""
    return snapshot.document(payloads.GRID_STATUS) or {}


def is_connected(snapshot: Snapshot) -> Any:
    """Whether the gateway has told its status."""
    return {"is_connected": bool(snapshot.document(payloads.STATUS))}


def alerts(snapshot: Snapshot) -> Any:
    """The names of the alerts there are."""
    return {"alerts": core_alerts.alerts(snapshot)}
