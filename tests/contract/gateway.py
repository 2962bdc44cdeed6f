"""Contract 1.8: the gateway's own paths, passed through whole; null where it has no such path.

Two differ from the original on purpose: the registration is served, and the problems are those
the gateway reports, none where its firmware has no such path.
"""

from __future__ import annotations

from support.contract import Promise, exactly, of_payload, said

NO_PROBLEMS = {"problems": []}

PROMISES = (
    of_payload("/api/status", "status"),
    of_payload("/api/site_info/site_name", "site_name"),
    of_payload("/api/meters/site", "meters_site"),
    of_payload("/api/meters/solar", "meters_solar"),
    of_payload("/api/sitemaster", "sitemaster"),
    of_payload("/api/powerwalls", "powerwalls"),
    of_payload("/api/customer/registration", "registration"),
    of_payload("/api/system_status", "system_status"),
    of_payload("/api/system/update/status", "update_status"),
    of_payload("/api/site_info", "site_info"),
    of_payload("/api/system_status/grid_faults", "grid_faults"),
    of_payload("/api/operation", "operation"),
    of_payload("/api/site_info/grid_codes", "grid_codes"),
    of_payload("/api/solars", "solars"),
    of_payload("/api/solars/brands", "solar_brands"),
    of_payload("/api/customer", "customer"),
    of_payload("/api/meters", "meters"),
    of_payload("/api/installer", "installer"),
    of_payload("/api/networks", "networks"),
    of_payload("/api/system/networks", "system_networks"),
    of_payload("/api/meters/readings", "meters_readings"),
    of_payload("/api/synchrometer/ct_voltage_references", "voltage_references"),
    Promise(
        "/api/troubleshooting/problems",
        lambda known: exactly(said(known, "problems") or NO_PROBLEMS),
    ),
    of_payload("/api/auth/toggle/supported", "auth_toggle"),
    of_payload("/api/solar_powerwall", "solar_powerwall"),
)
