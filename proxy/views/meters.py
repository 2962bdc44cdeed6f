"""Power, charge and grid: the shapes Telegraf and dashboards read."""

from __future__ import annotations

from typing import Any

from pypowerwall_core import readings
from pypowerwall_core.snapshot import Snapshot


def soe_app(snapshot: Snapshot) -> Any:
    """Battery level as Tesla's app shows it: {"percentage": 0 to 100}."""
    level_pct = readings.level_app_pct(snapshot)
    return None if level_pct is None else {"percentage": level_pct}
