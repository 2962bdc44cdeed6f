"""Contract 1.8 and 1.9, the column of the cloud: what is the same, and what differs on purpose.

The original made documents up where the cloud tells nothing. Each field that differs stands in
DIFFERS with what the original said and the reason.
"""

from __future__ import annotations

from typing import Any

import pytest
from contract.paths import PATHS
from support.cloud_documents import DIN, LIVE_STATUS, PACKS, SITES, translated, without

from proxy.routes import VIEWS
from pypowerwall_core.backends.cloud.claims import CLAIMS, NOT_SERVED, UNCLAIMED
from pypowerwall_core.backends.local.reader import PAYLOADS

ABSENT = "(absent)"
STAMP = LIVE_STATUS["timestamp"]
DEVICE = f"STSTSM--{DIN}"

SAME: dict[str, dict[str, Any]] = {
    "aggregates": {
        "site.instant_power": -21.25,
        "battery.instant_power": -1210,
        "load.instant_power": 1871.25,
        "solar.instant_power": 3102.5,
        "site.last_communication_time": STAMP,
        "battery.last_communication_time": STAMP,
        "load.last_communication_time": STAMP,
        "solar.last_communication_time": STAMP,
        "battery.num_meters_aggregated": 2,
        "solar.num_meters_aggregated": 1,
    },
    "soe": {"percentage": (64.5 + 5 / 0.95) * 0.95},
    "grid_status": {"grid_status": "SystemGridConnected", "grid_services_active": False},
    "system_status": {
        "nominal_full_pack_energy": 26988,
        "nominal_energy_remaining": 17802.631578947368,
        "max_charge_power": 10000,
        "max_discharge_power": 10000,
        "max_apparent_power": 10000,
        "grid_services_power": 0,
        "system_island_state": "SystemGridConnected",
        "available_blocks": 2,
        "blocks_controlled": 2,
        "battery_blocks": [],
    },
    "status": {
        "din": DIN,
        "version": "23.28.2 27626f98",
        "device_type": "teg",
        "installation_date": "2021-03-14T15:16:17-07:00",
        "start_time": None,
        "up_time_seconds": None,
        "git_hash": None,
    },
    "site_name": {"site_name": "Casa Verde", "timezone": "America/Los_Angeles"},
    "site_info": {
        "max_system_energy_kWh": 27,
        "nominal_system_energy_kWh": 27,
        "max_system_power_kW": 10,
        "nominal_system_power_kW": 10,
        "site_name": "Casa Verde",
        "timezone": "America/Los_Angeles",
        "max_site_meter_power_kW": 1000000000,
        "min_site_meter_power_kW": -1000000000,
        "panel_max_current": None,
        "grid_code.utility": "Valley Power",
        "grid_code.grid_code": None,
        "grid_code.country": None,
    },
    "operation": {
        "real_mode": "self_consumption",
        "backup_reserve_percent": (20 + 5 / 0.95) * 0.95,
    },
    "vitals": {
        f"{DEVICE}.partNumber": "1232100-00-E",
        f"{DEVICE}.serialNumber": "TG1210140005QT",
        f"{DEVICE}.firmwareVersion": "23.28.2 27626f98",
        f"{DEVICE}.teslaEnergyEcuAttributes.ecuType": 207,
        f"{DEVICE}.alerts": ["SystemConnectedToGrid"],
    },
    "sitemaster": {
        "status": "StatusUp",
        "running": True,
        "connected_to_tesla": True,
        "power_supply_mode": False,
        "can_reboot": "Yes",
    },
    "auth_toggle": {"toggle_auth_supported": True},
    "customer": {"registered": True},
    "problems": {"problems": []},
    "time_remaining": {"time_remaining_hours": 7.909},
}


NOT_TOLD = "the cloud does not tell it, and 0 would be a measurement"
MADE_UP = "it was made up: nobody has told it"
DIFFERS: tuple[tuple[str, str, Any, Any, str], ...] = (
    ("aggregates", "site.energy_imported", 0, 3_000_000.5, "the lifetime history tells it"),
    ("aggregates", "site.energy_exported", 0, 2_030_000, "the lifetime history tells it"),
    ("aggregates", "solar.energy_imported", 0, None, NOT_TOLD),
    ("aggregates", "load.energy_exported", 0, None, NOT_TOLD),
    ("aggregates", "site.frequency", 0, None, NOT_TOLD),
    ("aggregates", "site.instant_average_voltage", 0, None, NOT_TOLD),
    ("aggregates", "load.instant_total_current", 0, None, NOT_TOLD),
    ("aggregates", "site.instant_reactive_power", 0, ABSENT, NOT_TOLD),
    ("system_status", "solar_real_power_limit", 3102.5, None, "a power is no limit"),
    ("status", "is_new", False, None, MADE_UP),
    ("status", "commission_count", 0, None, MADE_UP),
    ("status", "teg_type", "unknown", None, "null is how unknown is said"),
    ("status", "sync_type", "v2.1", None, MADE_UP),
    ("status", "cellular_disabled", False, None, MADE_UP),
    ("status", "can_reboot", True, None, MADE_UP),
    ("vitals", f"{DEVICE}.manufacturer", "Simulated", ABSENT, MADE_UP),
    ("vitals", f"{DEVICE}.STSTSM-Location", "Simulated", ABSENT, MADE_UP),
    ("vitals", f"{DEVICE}.lastCommunicationTime", "now", ABSENT, "now is no time of Tesla's"),
    ("powerwalls", "gateway_din", "a mock serial", DIN, "site_info tells it"),
    ("powerwalls", "powerwalls.0.PackageSerialNumber", "a mock", PACKS[0], "site_info tells it"),
    ("solars", "0.power_rating_watts", "7.6 kW", None, MADE_UP),
    ("solars", "0.brand", "Tesla", None, MADE_UP),
)
"""Payload, field, what the original said, what is said here, why."""

GONE = {
    "/api/meters/site": "mock meters",
    "/api/meters": "mock meters",
    "/api/installer": "a mock installer",
    "/api/solars/brands": "a canned list",
    "/api/system/update/status": "a canned state",
    "/api/synchrometer/ct_voltage_references": "canned phases",
    "/api/system_status/grid_faults": "mock faults",
    "/api/networks": '"TIMEOUT!"',
    "/api/meters/readings": '"TIMEOUT!"',
    "/api/site_info/grid_codes": '"TIMEOUT!"',
    "/api/solar_powerwall": "{}",
    "/api/system/networks": '{"ERROR": "Unknown API: /api/system/networks"}',
    "/api/meters/solar": "null",
    "/api/customer/registration": '{"status": "404 Response - API Disabled"}',
}
"""What the original answered where null is answered here; claims.UNCLAIMED has the reasons."""


def field(document: Any, path: str) -> Any:
    # The name of a device has no dot in it; an index is a place in a list.
    for name in path.split("."):
        if isinstance(document, list):
            document = document[int(name)]
        elif name in document:
            document = document[name]
        else:
            return ABSENT
    return document


MADE = translated(SITES["battery"])


@pytest.mark.parametrize(
    ("payload", "path", "expected"),
    [(payload, path, value) for payload, told in SAME.items() for path, value in told.items()],
)
def test_a_field_is_what_the_contract_says(payload: str, path: str, expected: Any) -> None:
    found = field(MADE[payload], path)
    is_number = isinstance(expected, int | float) and not isinstance(expected, bool)
    assert found == (pytest.approx(expected) if is_number else expected)
    assert isinstance(found, bool) is isinstance(expected, bool)


@pytest.mark.parametrize(("payload", "path", "original", "ours", "why"), DIFFERS)
def test_a_field_differs_from_the_original_on_purpose(
    payload: str, path: str, original: Any, ours: Any, why: str
) -> None:
    assert field(MADE[payload], path) == ours != original, why


def test_every_payload_of_the_cloud_is_in_the_contract_or_differs_on_purpose() -> None:
    # No path of a gateway: /control/grid_charging and /control/grid_export are made of it.
    own = {"grid_rules"}
    assert CLAIMS.keys() == SAME.keys() | {row[0] for row in DIFFERS} | own


def test_system_status_has_the_37_keys_of_the_original() -> None:
    assert len(MADE["system_status"]) == 37


@pytest.mark.parametrize("path", PATHS["1.8 the gateway's own"])
def test_a_path_of_the_gateway_is_made_of_something_told_or_null(path: str) -> None:
    payload = PAYLOADS[path]
    assert (payload in UNCLAIMED) is (path in GONE)
    view = next(view for view in VIEWS if view.path == path)
    assert view.needs == (payload,)


@pytest.mark.parametrize("told", ["Active", "Unknown", "", None, "Down"])
def test_the_original_took_an_unknown_grid_for_a_connected_one_and_this_does_not(told: Any) -> None:
    """Contract 1.8: Active, Unknown or missing was connected, anything else was an outage."""
    live = LIVE_STATUS | {"grid_status": told, "island_status": None}
    made = translated(dict(SITES["battery"]) | {"live_status": live})
    word = "SystemGridConnected" if told == "Active" else None
    assert made["grid_status"]["grid_status"] == word
    assert made["system_status"]["system_island_state"] == word


@pytest.mark.parametrize(
    ("payload", "source", "name"),
    [
        ("soe", "live_status", "percentage_charged"),
        ("time_remaining", "backup_time", "time_remaining_hours"),
    ],
)
def test_what_is_missing_is_null_where_the_original_took_it_for_zero(
    payload: str, source: str, name: str
) -> None:
    """Protocols 4.7 and contract 6.3: a charge of 0 (5 % raw), and 0 h."""
    site = without(SITES["battery"], source, name)
    assert translated(dict(site) | {"site_status": None})[payload] is None


def test_a_cloud_that_is_away_tells_nothing_but_constants() -> None:
    """Contract 1.8: 5.0 was the charge in an outage."""
    made = translated(SITES["nothing"])
    constants = {payload for payload, claim in CLAIMS.items() if claim.constant}
    assert {payload for payload, document in made.items() if document is not None} <= constants


def test_a_solar_only_site_is_told_by_what_it_has() -> None:
    made = translated(SITES["solar only"])
    assert made["soe"] is NOT_SERVED
    assert "battery" not in made["aggregates"]
    assert made["grid_status"] == {"grid_status": None, "grid_services_active": False}
