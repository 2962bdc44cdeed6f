"""Facts read out of documents: what a value is, in which unit, on which scale. Pure.

A fact is None when its document is missing or has another shape.
"""

from __future__ import annotations

import re
from math import isfinite
from typing import Any

from . import payloads
from .fields import mapping, number, text
from .grid import state_of
from .scales import app_from_raw
from .snapshot import Snapshot

MODES = ("self_consumption", "backup", "autonomous")
EXPORTS = ("battery_ok", "pv_only", "never")
"""What `mode` and `grid_export` tell, and what commands may set."""
_VERSION_MOST = 100
"""Python would refuse to print the number of a longer one."""


def level_raw_pct(snapshot: Snapshot) -> float | None:
    """Battery level in the gateway's percent, the hidden 5 % included."""
    return number(_field(snapshot, payloads.SOE, "percentage"))


def level_app_pct(snapshot: Snapshot) -> float | None:
    """Battery level as Tesla's app shows it, 0 to 100."""
    raw_pct = level_raw_pct(snapshot)
    return None if raw_pct is None else app_from_raw(raw_pct)


def reserve_raw_pct(snapshot: Snapshot) -> float | None:
    """Charge kept for an outage in the gateway's percent."""
    return number(_field(snapshot, payloads.OPERATION, "backup_reserve_percent"))


def reserve_app_pct(snapshot: Snapshot) -> float | None:
    """Charge kept for an outage, as Tesla's app shows it, 0 to 100."""
    raw_pct = reserve_raw_pct(snapshot)
    return None if raw_pct is None else app_from_raw(raw_pct)


def mode(snapshot: Snapshot) -> str | None:
    """How the batteries are used: self_consumption, backup, autonomous or another word.

    Firmware 1.x says "mode" where later ones say "real_mode".
    """
    return text(_field(snapshot, payloads.OPERATION, "real_mode")) or text(
        _field(snapshot, payloads.OPERATION, "mode")
    )


def grid_charging(snapshot: Snapshot) -> bool | None:
    """Whether the grid may charge the battery; only Tesla's cloud tells."""
    told = _field(snapshot, payloads.GRID_RULES, "grid_charging")
    return told if isinstance(told, bool) else None


def grid_export(snapshot: Snapshot) -> str | None:
    """What may be exported: battery_ok, pv_only or never; only Tesla's cloud tells."""
    return text(_field(snapshot, payloads.GRID_RULES, "grid_export"))


def power_w(snapshot: Snapshot, meter: str) -> float | None:
    """Power of a meter (site, battery, load, solar), signed as the gateway signs it."""
    return number(mapping(_field(snapshot, payloads.AGGREGATES, meter)).get("instant_power"))


def full_pack_wh(snapshot: Snapshot) -> float | None:
    """What all packs together hold when full, as the gateway estimates it today."""
    return number(_field(snapshot, payloads.SYSTEM_STATUS, "nominal_full_pack_energy"))


def remaining_wh(snapshot: Snapshot) -> float | None:
    """What all packs together hold now."""
    return number(_field(snapshot, payloads.SYSTEM_STATUS, "nominal_energy_remaining"))


def time_remaining_h(snapshot: Snapshot) -> float | None:
    """How long the packs would carry the home: as Tesla tells it, else at its present load.

    None while what it takes is missing, and when nothing is drawn: then there is no such time.
    """
    told_h = number(_field(snapshot, payloads.TIME_REMAINING, "time_remaining_hours"))
    if told_h is not None:
        return told_h
    left_wh, load_w = remaining_wh(snapshot), power_w(snapshot, "load")
    if left_wh is None or load_w is None or load_w <= 0:
        return None
    hours = left_wh / load_w
    return hours if isfinite(hours) else None


_GRID_NUMBER = {"on_grid": 1, "islanded": 0, "islanding": -1, "reconnecting": -1}


def grid_text(snapshot: Snapshot) -> str | None:
    """The gateway's own word for the state of the grid."""
    return text(_field(snapshot, payloads.GRID_STATUS, "grid_status"))


def grid_number(snapshot: Snapshot) -> int | None:
    """The state of the grid: 1 up, 0 down, -1 in between, None unknown or a new word."""
    return _GRID_NUMBER.get(state_of(grid_text(snapshot)))


_GRID_WORDS = {1: "UP", 0: "DOWN", -1: "SYNCING"}


def grid_word(told: str | None) -> str | None:
    """Fold the gateway's word for the grid into UP, DOWN or SYNCING; None for a new word."""
    number = _GRID_NUMBER.get(state_of(told))
    return None if number is None else _GRID_WORDS[number]


def grid_services_active(snapshot: Snapshot) -> bool:
    """Whether the utility is using the batteries just now."""
    return bool(_field(snapshot, payloads.GRID_STATUS, "grid_services_active"))


def firmware(snapshot: Snapshot) -> str | None:
    """The gateway's firmware, such as "23.36.4 9bf61a5b"."""
    return text(_field(snapshot, payloads.STATUS, "version"))


def din(snapshot: Snapshot) -> str | None:
    """The gateway's own number: part--serial."""
    return text(_field(snapshot, payloads.STATUS, "din"))


def uptime(snapshot: Snapshot) -> str | None:
    """Since when the gateway runs, as it spells it: "230h55m59.9s"."""
    return text(_field(snapshot, payloads.STATUS, "up_time_seconds"))


def grid_is_up(snapshot: Snapshot) -> int | None:
    """1 when the grid is there, 0 when it is not or not yet, None when unknown."""
    number = grid_number(snapshot)
    return None if number is None else int(number == 1)


def site_name(snapshot: Snapshot) -> str | None:
    """The name its owner gave the site."""
    return text(_field(snapshot, payloads.SITE_NAME, "site_name"))


def timezone(snapshot: Snapshot) -> str | None:
    """The time zone of the site, such as "America/Los_Angeles"."""
    return text(_field(snapshot, payloads.SITE_NAME, "timezone"))


def firmware_number(version: str | None) -> int | None:
    """Fold a firmware text into one integer, as clients have always compared it.

    "23.44.1 9064fc6a" is 234401, "24.4" is 240400, "23.4.2-1" is 230421. None when a field
    is empty or the text is too long to be a version.
    """
    words = (version or "").split()
    if not words or len(words[0]) > _VERSION_MOST:
        return None
    fields = re.sub(r"[^0-9./\\]", "", words[0]).split(".")
    fields += ["0"] * (3 - len(fields))
    if not all(field.isdigit() for field in fields):
        return None
    return sum(int(field) * 100**place for place, field in enumerate(reversed(fields)))


def _field(snapshot: Snapshot, payload: str, name: str) -> Any:
    return mapping(snapshot.document(payload)).get(name)
