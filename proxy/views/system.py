"""What the system is."""

from __future__ import annotations

from typing import Any

from pypowerwall_core import readings
from pypowerwall_core.snapshot import Snapshot


def version(snapshot: Snapshot) -> Any:
    """The firmware as text and as one integer; null when unknown."""
    text = readings.firmware(snapshot)
    return {"version": text, "vint": readings.firmware_number(text)}
