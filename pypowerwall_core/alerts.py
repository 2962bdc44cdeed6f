"""Alerts: what the devices complain of, and what the grid does. Pure."""

from __future__ import annotations

from typing import Any

from . import payloads
from .fields import mapping, sequence, text
from .readings import grid_services_active, grid_text
from .snapshot import Snapshot

GRID_SERVICES = "GridServicesActive"
CONNECTED = {"SystemGridConnected": "SystemConnectedToGrid"}
"""The gateway's alert for what its grid status calls otherwise."""


def alerts(snapshot: Snapshot) -> list[str]:
    """Return the names of all alerts there are now, each once, in alphabetical order.

    The state of the grid is one of them, and grid services stand beside it: they must not
    hide an outage.
    """
    return sorted(_of_devices(snapshot) | of_grid(snapshot))


def of_grid(snapshot: Snapshot) -> set[str]:
    """Return the alerts that say what the grid does."""
    grid = grid_text(snapshot)
    names = {CONNECTED.get(grid, grid)} if grid else set()
    return names | ({GRID_SERVICES} if grid_services_active(snapshot) else set())


def _of_devices(snapshot: Snapshot) -> set[str]:
    vitals = snapshot.document(payloads.VITALS)
    if vitals:
        return _of_vitals(vitals)
    return _of_solar_powerwall(snapshot.document(payloads.SOLAR_POWERWALL))


def _of_vitals(vitals: Any) -> set[str]:
    return {
        name
        for device in mapping(vitals).values()
        for entry in sequence(mapping(device).get("alerts"))
        if (name := text(entry))
    }


def _of_solar_powerwall(document: Any) -> set[str]:
    """Firmware 23.44 and later tell only what the solar inverter complains of."""
    return {
        name
        for board in ("pvac_alerts", "pvs_alerts")
        for name, raised in mapping(mapping(document).get(board)).items()
        if raised is True
    }
