"""Power, charge and grid: the shapes Telegraf and dashboards read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pypowerwall_core import readings, solar
from pypowerwall_core.snapshot import Snapshot


def soe_app(snapshot: Snapshot) -> Any:
    """Battery level as Tesla's app shows it: {"percentage": 0 to 100}."""
    level_pct = readings.level_app_pct(snapshot)
    return None if level_pct is None else {"percentage": level_pct}


_CSV = ("site", "load", "solar", "battery")
CSV_HEADER = "Grid,Home,Solar,Battery,BatteryLevel"
CSV_V2_HEADER = f"{CSV_HEADER},GridStatus,Reserve"


def csv(snapshot: Snapshot) -> str | None:
    """Powers in watts and the raw level in percent, one line; what is unknown is empty.

    None when nothing at all is known.
    """
    numbers = [readings.power_w(snapshot, meter) for meter in _CSV]
    numbers.append(readings.level_raw_pct(snapshot))
    if all(number is None for number in numbers):
        return None
    return ",".join("" if number is None else f"{number:.2f}" for number in numbers) + "\n"


def csv_v2(snapshot: Snapshot) -> str | None:
    """The same, then whether the grid is up (1, 0) and the reserve in app percent, rounded.

    Empty is unknown: a gateway that is away is not a blackout.
    """
    line = csv(snapshot)
    if line is None:  # scripts take whatever is on a line for numbers
        return None
    grid, reserve_pct = readings.grid_is_up(snapshot), readings.reserve_app_pct(snapshot)
    reserve = "" if reserve_pct is None else f"{reserve_pct:.0f}"
    return f"{line.rstrip()},{'' if grid is None else grid},{reserve}\n"


def headed(header: str, csv: Callable[[Snapshot], str | None]) -> Callable[[Snapshot], str | None]:
    """Return the view that puts a line of names above."""

    def render(snapshot: Snapshot) -> str | None:
        line = csv(snapshot)
        return line and f"{header}\n{line}"

    return render


def summary(snapshot: Snapshot) -> Any:
    """The house in one object; each value is null while unknown."""
    return {
        "grid": readings.power_w(snapshot, "site"),
        "home": readings.power_w(snapshot, "load"),
        "solar": readings.power_w(snapshot, "solar"),
        "battery": readings.power_w(snapshot, "battery"),
        "soe": readings.level_raw_pct(snapshot),
        "grid_status": readings.grid_is_up(snapshot),
        "reserve": readings.reserve_app_pct(snapshot),
        "time_remaining_hours": readings.time_remaining_h(snapshot),
        "full_pack_energy": readings.full_pack_wh(snapshot),
        "energy_remaining": readings.remaining_wh(snapshot),
        "strings": solar.strings(snapshot),
    }
