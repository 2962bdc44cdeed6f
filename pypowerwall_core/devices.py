"""What belongs together: packs, inverters and their parts. Pure.

Vitals name a device KIND--part--serial. A Powerwall is its thermal controller (TETHC), whose
serial is the package serial of its battery block; its pod (TEPOD) and battery inverter
(TEPINV) say by componentParentDin whose they are. Two lists that happen to be equally long
are never joined by counting: with one pack out of order every number after it would lie.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .fields import mapping, sequence, text

Device = tuple[str, Mapping[str, Any]]

NAMELESS = "#"
"""Begins the name of a pack whose serial is not told."""
THERMAL = "TETHC"
POD = "TEPOD"
PACK_INVERTER = "TEPINV"
SOLAR_INVERTER = "PVAC"
SOLAR_SAFETY = "PVS"
SYNCHRONISERS = ("TESYNC", "TEMSA")
"""Gateway 2 and backup switch: whichever a site has tells of grid and island."""


def of_kind(vitals: Any, *kinds: str) -> Iterator[Device]:
    """Yield the devices of some kinds in the gateway's order."""
    for din, device in mapping(vitals).items():
        if din.split("--", 1)[0] in kinds:
            yield din, mapping(device)


def serial(din: str) -> str:
    """Return the serial of KIND--part--serial, or what there is instead of one."""
    return din.split("--", 2)[-1]


def by_pack(vitals: Any, kind: str) -> dict[str, Device]:
    """Return the devices of a kind by the serial of their Powerwall.

    An expansion's pod has no thermal controller of its own, or shares one: it counts as a
    pack under its own serial.
    """
    found: dict[str, Device] = {}
    for din, device in of_kind(vitals, kind):
        owner = _owner(din, device)
        found[owner if owner not in found else serial(din)] = (din, device)
    return found


def blocks_by_pack(system_status: Any) -> dict[str, Mapping[str, Any]]:
    """Return the battery blocks of system_status by package serial.

    A block without a serial, or with one that was there before, is told by its place.
    """
    found: dict[str, Mapping[str, Any]] = {}
    for place, entry in enumerate(sequence(mapping(system_status).get("battery_blocks")), 1):
        block = mapping(entry)
        name = text(block.get("PackageSerialNumber")) or ""
        found[name if name and name not in found else f"{NAMELESS}{place}"] = block
    return found


def packs_of_vitals(vitals: Any) -> list[str]:
    """Return the serials of all packs in the gateway's order."""
    kinds = (THERMAL, POD, PACK_INVERTER)
    return list(dict.fromkeys(pack for kind in kinds for pack in by_pack(vitals, kind)))


def inverters_of_vitals(vitals: Any) -> list[str]:
    """Return the serials of all solar inverters in the gateway's order."""
    return [serial(din) for din, _ in of_kind(vitals, SOLAR_INVERTER)]


def _owner(din: str, device: Mapping[str, Any]) -> str:
    parent = text(device.get("componentParentDin")) or ""
    return serial(parent if parent.startswith(f"{THERMAL}--") else din)
