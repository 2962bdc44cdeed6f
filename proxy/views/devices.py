"""Device data: vitals, and what is left of them since firmware 23.44."""

from __future__ import annotations

from typing import Any

from pypowerwall_core import payloads
from pypowerwall_core.snapshot import Snapshot


def vitals(snapshot: Snapshot) -> Any:
    """Every device by its DIN; None where the firmware has no vitals (23.44 and later)."""
    return snapshot.document(payloads.VITALS)


def solar_powerwall(snapshot: Snapshot) -> Any:
    """Strings and alerts of a Powerwall+ inverter, as the gateway gives them."""
    return snapshot.document(payloads.SOLAR_POWERWALL)
