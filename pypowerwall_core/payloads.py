"""The gateway-shaped documents a view can be given, whatever backend made them."""

from __future__ import annotations

AGGREGATES = "aggregates"
SOE = "soe"
GRID_STATUS = "grid_status"
VITALS = "vitals"
SOLAR_POWERWALL = "solar_powerwall"
STATUS = "status"
SITE_NAME = "site_name"
NETWORKS = "networks"
SYSTEM_NETWORKS = "system_networks"
METERS_READINGS = "meters_readings"
GRID_CODES = "grid_codes"
UPDATE_STATUS = "update_status"

CORE = (AGGREGATES, SOE, GRID_STATUS)
"""What every Powerwall system has; their answers prove that the upstream works."""

STANDS_IN_FOR = {SOLAR_POWERWALL: VITALS}
"""Asked together, the first is fetched only where the second is not served.

Firmware 23.44 took the vitals away and left solar_powerwall to Powerwall+ systems.
"""
