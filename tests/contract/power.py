"""Contract 1.1: power and energy.

Where the original wrote 0 for what it did not know, null (or an empty column) is promised.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from contract.strings import strings
from support.contract import (
    NUMBER,
    TEXT_TYPE,
    Documents,
    Promise,
    Shape,
    exactly,
    keys,
    of_payload,
    said,
    told,
)

UP = "SystemGridConnected"
GRID = {
    UP: 1,
    "SystemIslandedActive": 0,
    "SystemMicroGridFaulted": 0,
    "SystemWaitForUser": 0,
    "SystemTransitionToGrid": -1,
    "SystemTransitionToIsland": -1,
    "SystemIslandedReady": -1,
}
"""1 up, 0 down, -1 in between; a new word is unknown."""
NOTHING_KNOWN = {"error": "nothing is known just now"}
COLUMNS = {"Grid": "site", "Home": "load", "Solar": "solar", "Battery": "battery"}


def power_w(documents: Documents, meter: str) -> Any:
    return said(documents, "aggregates", meter, "instant_power")


def level_pct(documents: Documents) -> Any:
    """On the gateway's scale."""
    return said(documents, "soe", "percentage")


def grid_word(documents: Documents) -> Any:
    return said(documents, "grid_status", "grid_status")


def grid_up(documents: Documents) -> int | None:
    """1 or 0: in between is not up."""
    number = GRID.get(grid_word(documents) or "")
    return None if number is None else int(number == 1)


def app_pct(raw_pct: float) -> float:
    """A gateway's percent as the app shows it, which hides 5 % of the battery."""
    return raw_pct / 0.95 - 5 / 0.95


def reserve_pct(documents: Documents) -> float | None:
    """On the app's scale; the original never shows one below zero."""
    raw_pct = said(documents, "operation", "backup_reserve_percent")
    return None if raw_pct is None else max(0.0, app_pct(raw_pct))


def hours(documents: Documents) -> float | None:
    """How long the battery lasts: only while something is drawn from it."""
    left_wh = said(documents, "system_status", "nominal_energy_remaining")
    load_w = power_w(documents, "load")
    return None if left_wh is None or load_w is None or load_w <= 0 else left_wh / load_w


def soe_app(documents: Documents) -> Shape:
    return told(keys({"percentage": NUMBER}), level_pct(documents))


def columns(documents: Documents) -> dict[str, str]:
    """The names of all columns and what must stand in them."""
    numbers = {name: power_w(documents, meter) for name, meter in COLUMNS.items()}
    numbers["BatteryLevel"] = level_pct(documents)
    up, reserve = grid_up(documents), reserve_pct(documents)
    return {
        **{name: "" if value is None else f"{value:.2f}" for name, value in numbers.items()},
        "GridStatus": "" if up is None else str(up),
        "Reserve": "" if reserve is None else str(round(reserve)),
    }


def csv(count: int, *, header: bool) -> Callable[[Documents], Shape]:
    """The first columns, one line, its end included."""

    def shape(documents: Documents) -> Shape:
        line = dict(list(columns(documents).items())[:count])
        names = ",".join(line) + "\n" if header else ""
        return exactly(f"{names}{','.join(line.values())}\n")

    return shape


def csv_promise(path: str, count: int, *, header: bool = False) -> Promise:
    return Promise(
        path,
        csv(count, header=header),
        NOTHING_KNOWN,
        content_type=TEXT_TYPE,
        nothing_status=503,
    )


def json_(documents: Documents) -> Shape:
    status = "system_status"
    return keys(
        {
            **{
                name: told(NUMBER, power_w(documents, meter))
                for name, meter in (
                    ("grid", "site"),
                    ("home", "load"),
                    ("solar", "solar"),
                    ("battery", "battery"),
                )
            },
            "soe": told(NUMBER, level_pct(documents)),
            "grid_status": exactly(grid_up(documents)),
            "reserve": told(NUMBER, reserve_pct(documents)),
            "time_remaining_hours": told(NUMBER, hours(documents)),
            "full_pack_energy": told(NUMBER, said(documents, status, "nominal_full_pack_energy")),
            "energy_remaining": told(NUMBER, said(documents, status, "nominal_energy_remaining")),
            "strings": strings(documents),
        }
    )


JSON_OF_NOTHING = {
    "grid": None,
    "home": None,
    "solar": None,
    "battery": None,
    "soe": None,
    "grid_status": None,
    "reserve": None,
    "time_remaining_hours": None,
    "full_pack_energy": None,
    "energy_remaining": None,
    "strings": {},
}

PROMISES = (
    of_payload("/aggregates", "aggregates"),
    of_payload("/api/meters/aggregates", "aggregates"),
    of_payload("/soe", "soe"),
    Promise("/api/system_status/soe", soe_app),
    of_payload("/api/system_status/grid_status", "grid_status"),
    csv_promise("/csv", 5),
    csv_promise("/csv?headers", 5, header=True),
    csv_promise("/csv/v2", 7),
    csv_promise("/csv/v2?headers", 7, header=True),
    Promise("/json", json_, JSON_OF_NOTHING),
)
