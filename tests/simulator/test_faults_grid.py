"""Outages, as a client sees them."""

import json
from typing import Any

import pytest

CORE = "/api/meters/aggregates"
GRID = "/api/system_status/grid_status"
SYSTEM = "/api/system_status"
FAULTS = "/api/system_status/grid_faults"
CONNECTED = "SystemGridConnected"
OPENED = "UnscheduledIslandContactorOpen"


@pytest.fixture
def timed(start: Any, clock: Any) -> Any:
    return start(
        frozen=True, monotonic=clock.monotonic, wall=clock.wall, session_ttl_s=float("inf")
    )


@pytest.fixture
def client(timed: Any, connect: Any) -> Any:
    one = connect(timed)
    one.login()
    return one


def _states(client: Any) -> str:
    told = {client.ask(GRID).document["grid_status"]}
    told.add(client.ask(SYSTEM).document["system_island_state"])
    (state,) = told
    return str(state)


@pytest.mark.parametrize("scale", [1.0, 0.01])
def test_an_outage_goes_through_its_states_and_comes_back(
    timed: Any, client: Any, clock: Any, scale: float
) -> None:
    timed.faults.start("outage", scale=scale)
    seen = [_states(client)]
    for wait_s in (1.9, 0.2, 599.8, 0.2, 119.8, 0.2):
        clock.advance(wait_s * scale)
        seen.append(_states(client))
    away, island, back = (
        "SystemTransitionToIsland",
        "SystemIslandedActive",
        "SystemTransitionToGrid",
    )
    assert seen == [away, away, island, island, back, back, CONNECTED]


def test_an_outage_may_last_and_a_state_may_be_held(timed: Any, client: Any, clock: Any) -> None:
    timed.faults.start("outage", transition_s=0, island_s=0)
    clock.advance(1e5)
    assert _states(client) == "SystemIslandedActive"
    for state, told in {
        "to_island": "SystemTransitionToIsland",
        "ready": "SystemIslandedReady",
        "islanded": "SystemIslandedActive",
        "to_grid": "SystemTransitionToGrid",
    }.items():
        timed.faults.start("outage", state=state)
        clock.advance(1e5)
        assert _states(client) == told
    timed.faults.stop()
    assert _states(client) == CONNECTED


def test_an_island_lives_on_sun_and_battery(
    timed: Any, client: Any, signals: Any, alerts: Any
) -> None:
    timed.faults.start("outage", state="islanded")
    document = client.ask(CORE).document
    powers = {meter: row["instant_power"] for meter, row in document.items()}
    assert powers == {"site": 0, "battery": -1800, "load": 1200, "solar": 3000}
    assert document["site"]["instant_average_voltage"] == 0
    assert document["load"]["instant_average_voltage"] == 243
    for block in client.ask(SYSTEM).document["battery_blocks"]:
        assert (block["off_grid"], block["vf_mode"], block["p_out"]) == (True, True, -900)
        assert (block["pinv_state"], block["pinv_grid_state"]) == (
            "PINV_GridForming",
            "Grid_Uncompliant",
        )
    island = signals(client, "TESYNC")
    assert island["ISLAND_GridConnected"] is False
    assert island["ISLAND_GridState"] == "ISLAND_GridState_Grid_Uncompliant"
    assert (island["ISLAND_VL1N_Main"], island["ISLAND_VL1N_Load"]) == (0, 121.5)
    assert (island["ISLAND_FreqL1_Main"], island["ISLAND_FreqL1_Load"]) == (0, 60)
    assert island["ISLAND_L1MicrogridOk"] is True
    assert signals(client, "TEPINV")["PINV_State"] == "PINV_GridForming"
    assert OPENED in alerts(client)
    assert "SystemConnectedToGrid" not in alerts(client)


def test_the_grid_comes_back_before_the_contactor_closes(
    timed: Any, client: Any, signals: Any
) -> None:
    timed.faults.start("outage", state="to_grid")
    island = signals(client, "TESYNC")
    assert island["ISLAND_GridConnected"] is False
    assert island["ISLAND_GridState"] == "ISLAND_GridState_Grid_Compliant"
    assert island["ISLAND_ReadyForSynchronization"] is True
    assert island["ISLAND_VL1N_Main"] == 121.5
    assert signals(client, "TEPINV")["PINV_GridState"] == "Grid_Qualifying"
    assert client.ask(CORE).document["site"]["instant_power"] == 0


def test_what_the_inverters_noted_stays_after_the_outage(
    timed: Any, client: Any, clock: Any, alerts: Any
) -> None:
    assert client.ask(FAULTS).document == []
    timed.faults.start("outage", scale=0.001)
    clock.advance(10)
    noted = client.ask(FAULTS).document
    assert noted == client.ask(SYSTEM).document["grid_faults"]
    assert [row["alert_name"] for row in noted] == [
        "PINV_a004_vfCheckUnderVoltage",
        "PINV_a006_vfCheckUnderFrequency",
    ]
    assert all(row["alert_raw"] > 2**53 and row["ecu_type"] == "TEPINV" for row in noted)
    assert json.loads(noted[1]["decoded_alert"])[-1]["units"] == "Hz"
    assert _states(client) == CONNECTED
    assert OPENED not in alerts(client)
    powers = {meter: row["instant_power"] for meter, row in client.ask(CORE).document.items()}
    assert powers == {"site": -300, "battery": -1500, "load": 1200, "solar": 3000}


def test_a_full_battery_makes_the_sun_give_way(start: Any, connect: Any, clock: Any) -> None:
    """A day's sun fills the battery, whatever the hour and the zone it begins in."""
    sim = start(monotonic=clock.monotonic, wall=clock.wall)
    client = connect(sim)
    sim.faults.start("outage", state="islanded")
    curtailed = []
    for _ in range(48):
        clock.advance(3600)
        client.login()
        document = client.ask(CORE).document
        powers = {meter: row["instant_power"] for meter, row in document.items()}
        assert powers["site"] == 0
        assert powers["load"] == powers["solar"] + powers["battery"]
        curtailed.append(document["battery"]["frequency"] > 60)
    assert any(curtailed)
    assert not all(curtailed)


@pytest.mark.parametrize(
    ("state", "told"), [("faulted", "SystemMicroGridFaulted"), ("waiting", "SystemWaitForUser")]
)
def test_a_blackout_is_dark(timed: Any, client: Any, signals: Any, state: str, told: str) -> None:
    timed.faults.start("blackout", state=state)
    assert _states(client) == told
    document = client.ask(CORE).document
    assert all(row["instant_power"] == 0 for row in document.values())
    assert all(row["instant_average_voltage"] == 0 for row in document.values())
    assert client.ask(SYSTEM).document["battery_blocks"][0]["pinv_state"] == "PINV_Off"
    island = signals(client, "TESYNC")
    assert (island["ISLAND_VL1N_Load"], island["ISLAND_L1MicrogridOk"]) == (0, False)
    timed.faults.stop()
    assert _states(client) == CONNECTED


def test_a_gateway_that_started_again_in_the_dark_knows_nobody(
    timed: Any, client: Any, clock: Any
) -> None:
    clock.advance(5)
    timed.faults.start("blackout", reboot=True)
    clock.advance(61)
    assert client.ask(CORE).status == 403
    client.login()
    assert client.ask(CORE).status == 200
    assert client.ask("/api/status").document["up_time_seconds"] == "0h1m1s"
