"""Power, charge and grid: the shapes Telegraf and dashboards read."""

from __future__ import annotations

from typing import Any

from pypowerwall_core import payloads, readings
from pypowerwall_core.snapshot import Snapshot


def aggregates(snapshot: Snapshot) -> Any:
    """The gateway's meters, every key passed through; W, Wh, V, A, Hz."""
    return snapshot.document(payloads.AGGREGATES)


def soe_raw(snapshot: Snapshot) -> Any:
    """Battery level in the gateway's percent, the hidden 5 % included."""
    return snapshot.document(payloads.SOE)


def soe_app(snapshot: Snapshot) -> Any:
    """Battery level as Tesla's app shows it."""
    level_pct = readings.level_app_pct(snapshot)
    return None if level_pct is None else {"percentage": level_pct}


def grid_status(snapshot: Snapshot) -> Any:
    """The gateway's grid status: SystemGridConnected, SystemIslandedActive, ..."""
    return snapshot.document(payloads.GRID_STATUS)
