"""What Tesla's cloud says of four homes: `response` objects by source, invented, shaped as seen.

And what those become: the entries and the snapshot that a backend would make of them.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from pypowerwall_core import payloads
from pypowerwall_core.backends.cloud.claims import CLAIMS, NOT_SERVED
from pypowerwall_core.claims import Claim
from pypowerwall_core.grid import Watch
from pypowerwall_core.numbering import settle
from pypowerwall_core.snapshot import Absent, Entry, Known, Numbers, Snapshot, Unknown
from pypowerwall_core.totals import Bookkeeper

Documents = Mapping[str, Any]
AT_S = 1.7e9
DIN = "1232100-00-E--TG1210140005QT"
PACKS = ("TG1210140001AB", "TG1210140002CD")

LIVE_STATUS: dict[str, Any] = {
    "solar_power": 3102.5,
    "energy_left": 17802.631578947368,
    "total_pack_energy": 26988,
    "percentage_charged": 64.5,
    "backup_capable": True,
    "battery_power": -1210,
    "load_power": 1871.25,
    "grid_status": "Active",
    "grid_services_active": False,
    "grid_power": -21.25,
    "grid_services_power": 0,
    "generator_power": 0,
    "island_status": "on_grid",
    "storm_mode_active": False,
    "timestamp": "2026-11-21T12:01:07-08:00",
    "wall_connectors": [],
}
SITE_STATUS: dict[str, Any] = {
    "resource_type": "battery",
    "site_name": "Casa Verde",
    "gateway_id": DIN,
    "energy_left": 17802.631578947368,
    "total_pack_energy": 26988,
    "percentage_charged": 64.5,
    "battery_type": "ac_powerwall",
    "backup_capable": True,
    "battery_power": -1210,
    "go_off_grid_test_banner_enabled": None,
    "storm_mode_enabled": True,
    "powerwall_onboarding_settings_set": True,
    "powerwall_tesla_electric_interested_in": None,
    "vpp_tour_enabled": None,
    "sync_grid_alert_enabled": True,
    "breaker_alert_enabled": True,
}
BATTERY = {
    "part_number": "3012170-05-B",
    "part_type": 2,
    "part_name": "Powerwall 2",
    "nameplate_max_charge_power": 5000,
    "nameplate_max_discharge_power": 5000,
    "nameplate_energy": 13500,
}
SITE_INFO: dict[str, Any] = {
    "id": DIN,
    "site_name": "Casa Verde",
    "site_number": "STE20210314-00077",
    "backup_reserve_percent": 20,
    "default_real_mode": "self_consumption",
    "installation_date": "2021-03-14T15:16:17-07:00",
    "user_settings": {"storm_mode_enabled": True, "sync_grid_alert_enabled": True},
    "components": {
        "solar": True,
        "solar_type": "pv_panel",
        "battery": True,
        "grid": True,
        "backup": True,
        "gateway": "teg",
        "load_meter": True,
        "tou_capable": True,
        "storm_mode_capable": True,
        "battery_type": "ac_powerwall",
        "configurable": True,
        "grid_services_enabled": False,
        "gateways": [
            {
                "device_id": "7b0f1c1e-0000-4000-8000-00000000a001",
                "din": DIN,
                "serial_number": "TG1210140005QT",
                "part_number": "1232100-00-E",
                "part_type": 10,
                "part_name": "Tesla Backup Gateway 2",
                "is_active": True,
                "site_id": "7b0f1c1e-0000-4000-8000-00000000b001",
                "firmware_version": "23.28.2 27626f98",
                "updated_datetime": "2026-11-01T08:09:10Z",
            }
        ],
        "batteries": [
            BATTERY | {"din": f"3012170-05-B--{serial}", "serial_number": serial}
            for serial in PACKS
        ],
        "inverters": [
            {
                "device_id": "7b0f1c1e-0000-4000-8000-00000000c001",
                "din": "1538000-45-C--CN321195G0A0BC",
                "part_number": "1538000-45-C",
                "part_type": 7,
                "part_name": "Tesla Solar Inverter",
                "is_active": True,
                "site_id": "7b0f1c1e-0000-4000-8000-00000000b001",
            }
        ],
        "wall_connectors": [],
        "edit_setting_permission_to_export": True,
        "edit_setting_grid_charging": True,
        "customer_preferred_export_rule": "pv_only",
    },
    "version": "23.28.2 27626f98",
    "battery_count": 2,
    "tariff_content": {"name": "Time of Use", "utility": "Valley Power"},
    "tariff_id": "VP-TOU-D",
    "nameplate_power": 10000,
    "nameplate_energy": 27000,
    "installation_time_zone": "America/Los_Angeles",
    "off_grid_vehicle_charging_reserve_percent": 65,
    "max_site_meter_power_ac": 1000000000,
    "min_site_meter_power_ac": -1000000000,
    "vpp_backup_reserve_percent": 20,
}
YEARS = (
    {
        "timestamp": "2025-01-01T00:00:00-08:00",
        "solar_energy_exported": 6_000_000,
        "generator_energy_exported": 0,
        "grid_energy_imported": 2_000_000.5,
        "grid_services_energy_imported": 0,
        "grid_services_energy_exported": 0,
        "grid_energy_exported_from_solar": 1_100_000,
        "grid_energy_exported_from_generator": 0,
        "grid_energy_exported_from_battery": 20_000,
        "battery_energy_exported": 900_000,
        "battery_energy_imported_from_grid": 30_000,
        "battery_energy_imported_from_solar": 970_000,
        "battery_energy_imported_from_generator": 0,
        "consumer_energy_imported_from_grid": 1_970_000.5,
        "consumer_energy_imported_from_solar": 3_930_000,
        "consumer_energy_imported_from_battery": 880_000,
        "consumer_energy_imported_from_generator": 0,
    },
    {
        "timestamp": "2026-01-01T00:00:00-08:00",
        "solar_energy_exported": 5_000_000,
        "grid_energy_imported": 1_000_000,
        "grid_energy_exported_from_solar": 900_000,
        "grid_energy_exported_from_battery": 10_000,
        "battery_energy_exported": 700_000,
        "battery_energy_imported_from_grid": 0,
        "battery_energy_imported_from_solar": 780_000,
        "consumer_energy_imported_from_grid": 1_000_000,
        "consumer_energy_imported_from_solar": 3_320_000,
        "consumer_energy_imported_from_battery": 690_000,
    },
)
HISTORY: dict[str, Any] = {
    "serial_number": DIN,
    "installation_time_zone": "America/Los_Angeles",
    "period": "lifetime",
    "time_series": list(YEARS),
}
BACKUP_TIME: dict[str, Any] = {"time_remaining_hours": 7.909}
PRODUCTS: list[Any] = [
    {"vehicle_id": 1, "vin": "5YJ3000000NEXUS01"},
    {"energy_site_id": 2252147638651, "id": "STE20210314-00077"} | SITE_STATUS,
]
SOLAR_INFO: dict[str, Any] = {
    "id": "STE20180417-00012",
    "site_name": "Casa Sol",
    "installation_date": "2018-04-17T10:11:12-07:00",
    "components": {"solar": True, "solar_type": "pv_panel", "battery": False, "grid": True},
    "installation_time_zone": "America/Los_Angeles",
    "time_zone_offset": -480,
}
SOLAR_LIVE: dict[str, Any] = {
    "solar_power": 2740,
    "grid_status": "Unknown",
    "grid_services_active": False,
    "timestamp": "2026-11-21T12:01:07-08:00",
}
SOLAR_HISTORY: dict[str, Any] = {
    "serial_number": "STE20180417-00012",
    "period": "lifetime",
    "time_series": [
        {"timestamp": "2018-01-01T00:00:00-08:00", "solar_energy_exported": 41_000_000},
    ],
}

BATTERY_SITE: Documents = {
    "live_status": LIVE_STATUS,
    "site_status": SITE_STATUS,
    "site_info": SITE_INFO,
    "backup_time": BACKUP_TIME,
    "history": HISTORY,
    "tariff": SITE_INFO["tariff_content"],
    "products": PRODUCTS,
}
SOLAR_SITE: Documents = {
    "live_status": SOLAR_LIVE,
    "site_status": None,
    "site_info": SOLAR_INFO,
    "backup_time": None,
    "history": SOLAR_HISTORY,
    "tariff": None,
    "products": [{"energy_site_id": 1418791, "resource_type": "solar", "id": "STE20180417-00012"}],
}
ISLANDED_SITE: Documents = dict(BATTERY_SITE) | {
    "live_status": LIVE_STATUS
    | {
        "grid_status": "Inactive",
        "island_status": "off_grid_unintentional",
        "grid_power": 0,
        "battery_power": -1231.25,
    },
}
NOTHING: Documents = dict.fromkeys(BATTERY_SITE)

SITES: dict[str, Documents] = {
    "battery": BATTERY_SITE,
    "solar only": SOLAR_SITE,
    "islanded": ISLANDED_SITE,
    "nothing": NOTHING,
}


def changed(site: Documents, source: str, **fields: Any) -> Documents:
    """A home of which one document says something else."""
    return dict(site) | {source: site[source] | fields}


def without(site: Documents, source: str, field: str) -> Documents:
    """A home of which one document has a field less."""
    return dict(site) | {source: {k: v for k, v in site[source].items() if k != field}}


def derived(claim: Claim, site: Documents) -> Any:
    """What a row makes of a home, without touching its documents."""
    given = [site.get(source) for source in claim.sources]
    before = copy.deepcopy(given)
    document = claim.derive(*given)
    assert given == before
    return document


def translated(site: Documents) -> dict[str, Any]:
    """All payloads of a home: a document, None or NOT_SERVED."""
    return {payload: derived(claim, site) for payload, claim in CLAIMS.items()}


def entries(site: Documents, needs: tuple[str, ...]) -> dict[str, Entry]:
    """What a site would know of some payloads."""
    made = translated(site)
    return {need: _entry(made.get(need, NOT_SERVED)) for need in needs}


def snapshot(site: Documents, needs: tuple[str, ...]) -> Snapshot:
    """What a site would make of a home, its numbers, energies and grid included."""
    known = entries(site, needs)
    grid = Watch().saw(known.get(payloads.GRID_STATUS), AT_S).grid
    return Snapshot(known, AT_S, settle(Numbers(), known).shown, Bookkeeper().settle(known), grid)


def _entry(document: Any) -> Entry:
    if document is NOT_SERVED:
        return Absent()
    return Unknown() if document is None else Known(document, 1, 1.0, 4.0, source="cloud")
