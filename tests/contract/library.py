"""Contract 1.5: /pw/*, one path for each call of the library, all compact.

/pw/power said four zeros when it knew nothing, and when it did not know one; null is promised.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from contract.devices import alert_names, temps
from contract.power import hours, level_pct, power_w, reserve_pct
from contract.strings import verbose
from support.contract import (
    BOOL,
    NULL,
    NUMBER,
    TEXT,
    Documents,
    Promise,
    Shape,
    blocks,
    devices,
    exactly,
    keys,
    of_payload,
    said,
    told,
)

Shaped = Callable[[Documents], Shape]


def one(name: str, kind: Shape, read: Callable[[Documents], Any]) -> Shaped:
    """An object of one key; its value is null where nothing is told."""
    return lambda documents: keys({name: told(kind, read(documents))})


def text(name: str, payload: str, field: str) -> Promise:
    """A text of a document."""
    shape = one(name, TEXT, lambda documents: said(documents, payload, field))
    return Promise(f"/pw/{name}", shape, {name: None})


def section(path: str, meter: str) -> Promise:
    """A meter's own object."""
    return Promise(path, lambda documents: exactly(said(documents, "aggregates", meter)))


def power(documents: Documents) -> Shape:
    meters = ("site", "solar", "battery", "load")
    return keys({meter: told(NUMBER, power_w(documents, meter)) for meter in meters})


def battery_blocks(documents: Documents) -> Shape:
    """By package serial; a thermal controller adds to its block, or makes one."""
    if said(documents, "system_status", "battery_blocks") is None:
        return NULL
    serial = "PackageSerialNumber"
    found = {
        block[serial]: {name: value for name, value in block.items() if name != serial}
        for block in blocks(documents)
    }
    for name, device in devices(documents, "TETHC"):
        found.setdefault(name.split("--")[2], {}).update(
            THC_State=device.get("THC_State"), temperature=device.get("THC_AmbientTemp")
        )
    return exactly(found, ordered=False)


def is_connected(documents: Documents) -> Shape:
    connected = exactly(True) if said(documents, "status") else BOOL  # noqa: FBT003
    return keys({"is_connected": connected})


PROMISES = (
    Promise("/pw/level", one("level", NUMBER, level_pct), {"level": None}),
    Promise("/pw/power", power, dict.fromkeys(("site", "solar", "battery", "load"))),
    section("/pw/site", "site"),
    section("/pw/grid", "site"),
    section("/pw/solar", "solar"),
    section("/pw/battery", "battery"),
    section("/pw/load", "load"),
    section("/pw/home", "load"),
    Promise("/pw/battery_blocks", battery_blocks),
    of_payload("/pw/vitals", "vitals"),
    Promise("/pw/temps", temps, {}),
    Promise("/pw/strings", verbose, {}),
    text("din", "status", "din"),
    text("uptime", "status", "up_time_seconds"),
    text("version", "status", "version"),
    of_payload("/pw/status", "status"),
    of_payload("/pw/system_status", "system_status"),
    of_payload("/pw/grid_status", "grid_status", nothing={}),
    of_payload("/pw/aggregates", "aggregates"),
    text("site_name", "site_name", "site_name"),
    Promise("/pw/alerts", lambda known: exactly({"alerts": alert_names(known)}), {"alerts": []}),
    Promise("/pw/is_connected", is_connected, {"is_connected": False}),
    Promise("/pw/get_reserve", one("reserve", NUMBER, reserve_pct), {"reserve": None}),
    Promise(
        "/pw/get_mode",
        one("mode", TEXT, lambda known: said(known, "operation", "real_mode")),
        {"mode": None},
    ),
    Promise(
        "/pw/get_time_remaining",
        one("time_remaining", NUMBER, hours),
        {"time_remaining": None},
    ),
)
