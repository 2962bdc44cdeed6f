"""Firmware 1.20: open doors, small documents, and a login that stops the house's meters."""

from typing import Any

import pytest

from simulator.endpoints import RUN_PATH

CORE = "/api/meters/aggregates"
GRID = "/api/system_status/grid_status"
STATUS = "/api/system_status"
OPEN = (
    "/api/customer/registration",
    "/api/powerwalls",
    "/api/site_info",
    "/api/site_info/site_name",
    "/api/sitemaster",
    "/api/status",
    "/api/system_status/grid_faults",
    "/api/system_status/soe",
    CORE,
    GRID,
)
UPTIME = "831359s,"
CLOSED = ("/api/operation", "/api/networks", "/api/meters", STATUS, "/api/system/networks")


@pytest.fixture
def old(start: Any) -> Any:
    return start(system="old", frozen=True)


@pytest.fixture
def guest(old: Any, connect: Any) -> Any:
    return connect(old)


@pytest.fixture
def client(guest: Any) -> Any:
    guest.login()
    assert guest.ask(RUN_PATH).status == 202
    return guest


def test_most_reads_are_open_and_the_rest_is_not(guest: Any) -> None:
    assert {guest.ask(path).status for path in OPEN} == {200}
    assert {guest.ask(path).status for path in CLOSED} == {403}
    assert guest.ask(RUN_PATH).status == 403
    gone = ("/api/devices/vitals", "/api/solar_powerwall", "/api/auth/toggle/supported")
    assert {guest.ask(path).status for path in gone} == {404}


def test_a_login_stops_it_until_it_is_started(guest: Any) -> None:
    assert guest.ask(CORE).status == 200
    assert guest.login(force_sm_off=False).status == 200
    for path in (CORE, "/api/system_status/soe", GRID, STATUS, "/api/system_status/grid_faults"):
        reply = guest.ask(path)
        assert (reply.status, reply.body) == (502, b"")
    stopped = {"running": False, "uptime": "log:", "connected_to_tesla": True}
    assert guest.ask("/api/sitemaster").document == stopped
    assert guest.ask("/api/operation").status == 200
    assert guest.ask(RUN_PATH).status == 202
    assert guest.ask(CORE).status == 200
    assert guest.ask("/api/sitemaster").document == {**stopped, "running": True, "uptime": UPTIME}


def test_a_refused_login_stops_nothing(guest: Any) -> None:
    assert guest.login("wrong").status == 401
    assert guest.ask(CORE).status == 200


def test_a_login_on_later_firmware_stops_nothing(start: Any, connect: Any, clock: Any) -> None:
    sim = start(system="old", frozen=True, monotonic=clock.monotonic, wall=clock.wall)
    client = connect(sim)
    sim.faults.start("firmware_update")
    clock.advance(1000.0)
    assert client.ask(CORE).status == 403
    assert client.login().status == 200
    assert client.ask(CORE).status == 200
    assert client.ask("/api/operation").document["real_mode"] == "self_consumption"


def test_the_version_is_a_line_without_a_hash(guest: Any) -> None:
    document = guest.ask("/api/status").document
    assert document["version"] == "1.20.0\n"
    assert len(document["git_hash"]) == 40
    later = {"device_type", "sync_type", "teg_type", "can_reboot"}
    assert not later & document.keys()


def test_aggregates_are_small(guest: Any) -> None:
    document = guest.ask(CORE).document
    assert list(document) == [
        "site",
        "battery",
        "load",
        "solar",
        "busway",
        "frequency",
        "generator",
    ]
    for reading in document.values():
        assert list(reading) == [
            "last_communication_time",
            "instant_power",
            "instant_reactive_power",
            "instant_apparent_power",
            "frequency",
            "energy_exported",
            "energy_imported",
            "instant_average_voltage",
            "instant_total_current",
            "i_a_current",
            "i_b_current",
            "i_c_current",
        ]
    assert document["battery"]["instant_power"] == -1500
    assert document["generator"]["instant_power"] == 0


def test_site_info_is_flat(guest: Any) -> None:
    document = guest.ask("/api/site_info").document
    assert not any(isinstance(value, dict | list) for value in document.values())
    assert document["grid_code"] == "60Hz_240V_s_UL1741SA:2019_California"
    assert document["country"] == "United States"
    assert not any(key.startswith("nominal_") for key in document)


def test_the_mode_is_called_mode(client: Any) -> None:
    document = client.ask("/api/operation").document
    assert document == {"mode": "self_consumption", "backup_reserve_percent": 24}


def test_keys_that_came_later_are_not_there(client: Any) -> None:
    assert client.ask(GRID).document == {"grid_status": "SystemGridConnected"}
    status = client.ask(STATUS).document
    assert not {"instantaneous_max_apparent_power", "available_charger_blocks"} & status.keys()
    assert status["battery_blocks"][0]["p_out"] == -1500
    powerwalls = client.ask("/api/powerwalls").document
    assert powerwalls["has_sync"] is True
    assert not {"sync", "msa", "states"} & powerwalls.keys()
    assert [row["type"] for row in powerwalls["powerwalls"]] == ["acpw"]


def test_networks_are_interfaces(client: Any) -> None:
    document = client.ask("/api/networks").document
    assert [row["name"] for row in document] == ["can0", "eth0", "wifi0"]
    assert all("ip_address" in row and row["config"] is None for row in document)
    assert client.ask("/api/system/networks").document[0]["interface"] == "EthType"
    assert (
        "60Hz_240V_s_UL1741SA:2019_California" in client.ask("/api/site_info/grid_codes").document
    )


def test_the_flags_alone_are_refused_while_it_runs(client: Any) -> None:
    reply = client.ask("/api/powerwalls/status")
    assert (reply.status, reply.document["error"]) == (409, "Sitemaster is current running")
