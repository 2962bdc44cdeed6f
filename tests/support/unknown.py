"""What is answered while nothing is known."""

from __future__ import annotations

from typing import Any

UNKNOWN: dict[str, Any] = {
    "/csv": {"error": "nothing is known just now"},
    "/version": {"version": None, "vint": None},
    "/strings": {},
    "/temps": {},
    "/temps/pw": {},
    "/alerts": [],
    "/alerts/pw": {},
    "/freq": {"grid_status": None},
    "/pod": dict.fromkeys(
        (
            "nominal_full_pack_energy",
            "nominal_energy_remaining",
            "time_remaining_hours",
            "backup_reserve_percent",
        )
    ),
}
"""Everything else is null."""
