"""What commands change, as it is set now: /control/* by GET. Pure; unknown is null."""

from __future__ import annotations

from typing import Any

from pypowerwall_core import readings
from pypowerwall_core.snapshot import Snapshot

_SHOWN_DECIMALS = 2


def reserve(snapshot: Snapshot) -> Any:
    """Charge kept for an outage, as Tesla's app shows it."""
    app_pct = readings.reserve_app_pct(snapshot)
    return {"reserve": None if app_pct is None else round(app_pct, _SHOWN_DECIMALS)}


def grid_charging(snapshot: Snapshot) -> Any:
    """Whether the grid may charge them."""
    return {"grid_charging": readings.grid_charging(snapshot)}


def grid_export(snapshot: Snapshot) -> Any:
    """What may be exported."""
    return {"grid_export": readings.grid_export(snapshot)}


def mode(snapshot: Snapshot) -> Any:
    """How the batteries are used."""
    return {"mode": readings.mode(snapshot)}
