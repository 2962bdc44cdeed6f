"""Power, charge and grid: the shapes Telegraf and dashboards read."""

from __future__ import annotations

from typing import Any

from pypowerwall_core import readings
from pypowerwall_core.snapshot import Snapshot


def soe_app(snapshot: Snapshot) -> Any:
    """Battery level as Tesla's app shows it: {"percentage": 0 to 100}."""
    level_pct = readings.level_app_pct(snapshot)
    return None if level_pct is None else {"percentage": level_pct}


_CSV = ("site", "load", "solar", "battery")
_CSV_HEADER = "Grid,Home,Solar,Battery,BatteryLevel"


def csv(snapshot: Snapshot) -> str | None:
    """Powers in watts and the raw level in percent, one line; what is unknown is empty.

    None when nothing at all is known.
    """
    numbers = [readings.power_w(snapshot, meter) for meter in _CSV]
    numbers.append(readings.level_raw_pct(snapshot))
    if all(number is None for number in numbers):
        return None
    return ",".join("" if number is None else f"{number:.2f}" for number in numbers) + "\n"


def csv_with_header(snapshot: Snapshot) -> str | None:
    """The same below a line of names."""
    line = csv(snapshot)
    return line and f"{_CSV_HEADER}\n{line}"
