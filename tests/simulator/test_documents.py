"""The documents: their shapes on every system, and that they agree with each other."""

import json
import math
from typing import Any

import pytest

from simulator.endpoints import ENDPOINTS, find
from simulator.plant import Plant
from simulator.systems import SYSTEMS, System
from simulator.view import View
from simulator.wire import render

NAMES = sorted(SYSTEMS)
OLD = {"old"}
BLIND = {"pw3"}
"""Serves hardly any document."""
FIGURES = {"site": -300, "battery": -1500, "load": 1200, "solar": 3000}
FULL_WH = {
    "solaronly": 0,
    "old": 13_500,
    "backupswitch": 14_000,
    "threephase": 41_400,
}
READING = (
    "last_communication_time",
    "instant_power",
    "instant_reactive_power",
    "instant_apparent_power",
    "frequency",
    "energy_exported",
    "energy_imported",
    "instant_average_voltage",
    "instant_average_current",
    "i_a_current",
    "i_b_current",
    "i_c_current",
    "last_phase_voltage_communication_time",
    "last_phase_power_communication_time",
    "last_phase_energy_communication_time",
    "timeout",
    "num_meters_aggregated",
    "instant_total_current",
)


def _view(system: System) -> View:
    return Plant(system, monotonic=lambda: 0.0, wall=lambda: 0.0, frozen=True).view()


def _read(name: str, path: str) -> Any:
    system = SYSTEMS[name]
    endpoint = find(system, path)
    assert endpoint is not None
    return json.loads(render(endpoint.read(system, _view(system))))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("path", sorted(ENDPOINTS))
def test_every_endpoint_writes_the_same_document_twice(name: str, path: str) -> None:
    system = SYSTEMS[name]
    endpoint = find(system, path) or ENDPOINTS[path]
    first, second = (endpoint.answer(system, _view(system)) for _ in range(2))
    assert first == second
    if first.content_type == "application/json":
        json.loads(first.body)


@pytest.mark.parametrize("name", sorted(SYSTEMS.keys() - OLD))
def test_aggregates_have_every_field_in_the_gateways_order(name: str) -> None:
    document = _read(name, "/api/meters/aggregates")
    assert list(document) == ["site", "battery", "load", "solar"]
    for meter, reading in document.items():
        expected = [key for key in READING if meter != "load" or key != "num_meters_aggregated"]
        assert list(reading) == expected
        apparent_va = math.hypot(reading["instant_power"], reading["instant_reactive_power"])
        assert reading["instant_apparent_power"] == pytest.approx(apparent_va)
    powers = {meter: reading["instant_power"] for meter, reading in document.items()}
    expected_w = {**FIGURES, "site": -1800, "battery": 0} if name == "solaronly" else FIGURES
    assert powers == expected_w
    system = SYSTEMS[name]
    assert document["battery"]["num_meters_aggregated"] == len(system.packs)
    assert document["solar"]["num_meters_aggregated"] == (len(system.inverters) or 1)


def test_a_tesla_inverter_reports_for_itself() -> None:
    for name in SYSTEMS.keys() - OLD:
        timeout_ns = _read(name, "/api/meters/aggregates")["solar"]["timeout"]
        assert timeout_ns == (1_000_000_000 if SYSTEMS[name].inverters else 1_500_000_000)
    assert not SYSTEMS["pw2"].inverters
    assert SYSTEMS["novitals"].inverters
    assert _read("novitals", "/api/meters/solar") is None
    assert _read("pw2", "/api/meters/solar")[0]["location"] == "solar"


@pytest.mark.parametrize("name", sorted(SYSTEMS.keys() - BLIND - {"disabledpack"}))
def test_system_status_agrees_with_its_blocks_and_the_level(name: str) -> None:
    document, system = _read(name, "/api/system_status"), SYSTEMS[name]
    blocks, count, full_wh = document["battery_blocks"], len(system.packs), FULL_WH.get(name, 28000)
    assert document["nominal_full_pack_energy"] == full_wh
    assert document["nominal_energy_remaining"] == full_wh / 2
    assert document["available_blocks"] == document["blocks_controlled"] == len(blocks) == count
    for key in ("nominal_full_pack_energy", "nominal_energy_remaining"):
        assert sum(block[key] for block in blocks) == document[key]
    assert [block["p_out"] * count for block in blocks] == [-1500] * count
    assert [block["v_out"] for block in blocks] == [system.mains.volts] * count
    soe = _read(name, "/api/system_status/soe")["percentage"]
    assert soe == (50 if count else 0)


@pytest.mark.parametrize("name", sorted(SYSTEMS.keys() - BLIND - OLD))
def test_the_firmware_is_told_alike_everywhere(name: str) -> None:
    status = _read(name, "/api/status")
    release, suffix = status["version"].split()
    assert release == SYSTEMS[name].release
    assert status["git_hash"].startswith(suffix)
    assert (len(suffix), len(status["git_hash"])) == (8, 40)
    for block in _read(name, "/api/system_status")["battery_blocks"]:
        assert block["version"] == status["git_hash"][:14]
    # The same hour by the clocks of Berlin is nine hours earlier.
    boot = "2024-06-06 04:04:00" if name == "threephase" else "2024-06-06 13:04:00"
    assert status["start_time"] == f"{boot} +0800"
    assert status["up_time_seconds"] == "230h55m59.5s"
    assert _read(name, "/api/powerwalls")["gateway_din"] == status["din"]


def test_the_reserve_is_raw() -> None:
    document = _read("pw2", "/api/operation")
    assert (document["real_mode"], document["backup_reserve_percent"]) == ("self_consumption", 24)


def test_packs_come_in_the_same_order_everywhere_and_not_in_the_alphabets() -> None:
    blocks = _read("pw2", "/api/system_status")["battery_blocks"]
    serials = [block["PackageSerialNumber"] for block in blocks]
    listed = [row["PackageSerialNumber"] for row in _read("pw2", "/api/powerwalls")["powerwalls"]]
    assert serials == listed
    assert serials != sorted(serials)


def test_solar_powerwall_has_the_strings_and_every_alert() -> None:
    document = _read("novitals", "/api/solar_powerwall")
    strings = document["pvac_status"]["string_vitals"]
    assert [row["string_id"] for row in strings] == [1, 2, 3, 4]
    assert [row["connected"] for row in strings] == [True, False, True, True]
    assert [row["measured_power"] for row in strings] == [1000, 0, 1050, 1020]
    assert [row["current"] for row in strings] == [4, 0, 3.5, 3.4]
    assert [row["measured_voltage"] for row in strings] == [250, -2.1, 300, 300]
    pvac = [key for key in document["pvac_alerts"] if key.startswith("PVAC_a0")]
    pvs = [key for key in document["pvs_alerts"] if key.startswith("PVS_a0")]
    assert (len(pvac), pvac[0], pvac[-1]) == (
        44,
        "PVAC_a001_inv_L1_HW_overcurrent",
        "PVAC_a044_fan_deadband_toggled",
    )
    assert (len(pvs), pvs[59], pvs[-1]) == (63, "PVS_a060_MciClose", "PVS_a063_sbsComplete_info")


def test_vitals_go_and_solar_powerwall_comes_by_system(start: Any, connect: Any) -> None:
    statuses = {}
    for name in NAMES:
        client = connect(start(system=name, frozen=True))
        client.login()
        paths = ("/api/devices/vitals", "/api/solar_powerwall")
        statuses[name] = tuple(client.ask(path).status for path in paths)
    assert statuses == {
        "pw2": (200, 404),
        "novitals": (404, 200),
        "pwplus": (200, 200),
        "pw3": (404, 404),
        "solaronly": (200, 404),
        "old": (404, 404),
        "backupswitch": (200, 200),
        "threephase": (200, 404),
        "disabledpack": (200, 404),
    }


def test_the_sites_name_is_a_setting(start: Any, connect: Any) -> None:
    client = connect(start(site_name="Demo (simulated)", frozen=True))
    client.login()
    assert client.ask("/api/site_info/site_name").document["site_name"] == "Demo (simulated)"
    assert client.ask("/api/site_info").document["site_name"] == "Demo (simulated)"
