"""The gateway-shaped documents a view can be given, whatever backend made them."""

from __future__ import annotations

AGGREGATES = "aggregates"
SOE = "soe"
GRID_STATUS = "grid_status"
VITALS = "vitals"
SOLAR_POWERWALL = "solar_powerwall"
SYSTEM_STATUS = "system_status"
OPERATION = "operation"
SITEMASTER = "sitemaster"
POWERWALLS = "powerwalls"
STATUS = "status"
SITE_NAME = "site_name"
SITE_INFO = "site_info"
GRID_FAULTS = "grid_faults"
PROBLEMS = "problems"
METERS = "meters"
METERS_SITE = "meters_site"
METERS_SOLAR = "meters_solar"
VOLTAGE_REFERENCES = "voltage_references"
SOLARS = "solars"
SOLAR_BRANDS = "solar_brands"
CUSTOMER = "customer"
REGISTRATION = "registration"
INSTALLER = "installer"
AUTH_TOGGLE = "auth_toggle"
NETWORKS = "networks"
SYSTEM_NETWORKS = "system_networks"
METERS_READINGS = "meters_readings"
GRID_CODES = "grid_codes"
UPDATE_STATUS = "update_status"
TIME_REMAINING = "time_remaining"
"""No gateway tells it: Tesla's cloud does, in hours, as {"time_remaining_hours": 7.9}."""

GRID_RULES = "grid_rules"
"""Nor this: {"grid_charging": bool, "grid_export": battery_ok, pv_only or never}, or null."""
CLOUD_BATTERY = "cloud_battery"
CLOUD_POWER = "cloud_power"
CLOUD_CONFIG = "cloud_config"
CLOUD_TARIFF = "cloud_tariff"
"""Tesla's own documents, as they are: site_status, live_status, site_info and tariff_rate."""

CORE = (AGGREGATES, SOE, GRID_STATUS)
"""What every Powerwall system has; their answers prove that the upstream works."""

HOME_METERS = ("site", "battery", "load", "solar")
"""The meters in the aggregates of every home."""

STANDS_IN_FOR = {SOLAR_POWERWALL: VITALS}
"""Asked together, the first is fetched only where the second is not served.

Firmware 23.44 took the vitals away and left solar_powerwall to Powerwall+ systems.
"""
