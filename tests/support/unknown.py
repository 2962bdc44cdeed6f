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
UNKNOWN |= {
    "/pw/get_grid_charging": {"grid_charging": None},
    "/pw/get_grid_export": {"grid_export": None},
    "/csv/v2": UNKNOWN["/csv"],
    "/json": dict.fromkeys(
        (
            "grid",
            "home",
            "solar",
            "battery",
            "soe",
            "grid_status",
            "reserve",
            "time_remaining_hours",
            "full_pack_energy",
            "energy_remaining",
        )
    )
    | {"strings": {}},
    "/pw/level": {"level": None},
    "/pw/power": dict.fromkeys(("site", "solar", "battery", "load")),
    "/pw/temps": {},
    "/pw/strings": {},
    "/pw/din": {"din": None},
    "/pw/uptime": {"uptime": None},
    "/pw/version": {"version": None},
    "/pw/grid_status": {},
    "/pw/site_name": {"site_name": None},
    "/pw/alerts": {"alerts": []},
    "/pw/is_connected": {"is_connected": False},
    "/pw/get_reserve": {"reserve": None},
    "/pw/get_mode": {"mode": None},
    "/pw/get_time_remaining": {"time_remaining": None},
    "/fans": {},
    "/fans/pw": {},
}
_OFF = {
    "TEDAPI not enabled": "/tedapi /tedapi/config /tedapi/status /tedapi/components "
    "/tedapi/battery /tedapi/controller",
    "Cloud API not enabled": "/cloud /cloud/battery /cloud/power /cloud/config /cloud/tariff",
    "FleetAPI not enabled": "/fleetapi /fleetapi/info /fleetapi/status",
}
UNKNOWN |= {path: {"error": said} for said, paths in _OFF.items() for path in paths.split()}
"""Everything else is null."""
CSV = ("/csv", "/csv/v2")
"""Text has no null: 503 while nothing is known."""
