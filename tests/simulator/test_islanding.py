"""Leaving the grid on request, and coming back."""

import json
from typing import Any

import pytest

from simulator.endpoints import RUN_PATH

MODE = "/api/v2/islanding/mode"
CORE = "/api/meters/aggregates"
GRID = "/api/system_status/grid_status"
SYSTEM = "/api/system_status"
LEAVE = {"island_mode": "intentional_reconnect_failsafe"}
RETURN = {"island_mode": "backup"}
CONNECTED = "SystemGridConnected"
AWAY, ISLANDED, BACK = "SystemTransitionToIsland", "SystemIslandedActive", "SystemTransitionToGrid"
OPENED = "ScheduledIslandContactorOpen"


@pytest.fixture
def client(writer: Any) -> Any:
    return writer


def _turn(client: Any, document: Any) -> Any:
    return client.ask(MODE, "POST", json.dumps(document).encode())


def _state(client: Any) -> str:
    told = {client.ask(GRID).document["grid_status"]}
    told.add(client.ask(SYSTEM).document["system_island_state"])
    (state,) = told
    return str(state)


def _powers(client: Any) -> dict[str, float]:
    return {meter: row["instant_power"] for meter, row in client.ask(CORE).document.items()}


@pytest.mark.parametrize("scale", [1.0, 0.01])
def test_a_house_leaves_the_grid_and_comes_back_in_steps(
    timed: Any, client: Any, clock: Any, scale: float
) -> None:
    timed.plant.islanding_scale = scale
    reply = _turn(client, LEAVE)
    assert (reply.status, reply.document) == (200, LEAVE)
    seen = [_state(client)]
    for wait_s in (1.9, 0.2, 1e5):
        clock.advance(wait_s * scale)
        seen.append(_state(client))
    assert seen == [AWAY, AWAY, ISLANDED, ISLANDED]
    reply = _turn(client, RETURN)
    assert (reply.status, reply.document) == (200, RETURN)
    seen = [_state(client)]
    for wait_s in (119.8, 0.4):
        clock.advance(wait_s * scale)
        seen.append(_state(client))
    assert seen == [BACK, BACK, CONNECTED]


def test_the_scale_can_be_given_from_the_start(start: Any) -> None:
    assert start(islanding_scale=0.02).plant.islanding_scale == 0.02


def test_the_house_lives_on_without_the_grid(
    timed: Any, client: Any, clock: Any, signals: Any, alerts: Any
) -> None:
    connected = _powers(client)
    _turn(client, LEAVE)
    clock.advance(3)
    assert _powers(client) == {"site": 0, "battery": -1800, "load": 1200, "solar": 3000}
    assert signals(client, "TESYNC")["ISLAND_GridConnected"] is False
    assert OPENED in alerts(client)
    assert not {"SystemConnectedToGrid", "UnscheduledIslandContactorOpen"} & alerts(client)
    assert client.ask("/api/system_status/grid_faults").document == [], "nothing went wrong"
    assert timed.plant.view().grid_status == ISLANDED
    _turn(client, RETURN)
    clock.advance(121)
    assert _powers(client) == connected
    assert OPENED not in alerts(client)


def test_the_meter_of_the_grid_stands_still_on_an_island(
    moving: Any, connect: Any, clock: Any
) -> None:
    client = connect(moving)
    client.login()
    moving.allow_operation = True
    before = client.ask(CORE).document["site"]
    _turn(client, LEAVE)
    for _ in range(3):
        clock.advance(3600)
        document = client.ask(CORE).document
        powers = {meter: row["instant_power"] for meter, row in document.items()}
        assert powers["site"] == 0
        assert powers["load"] == powers["solar"] + powers["battery"]
        assert document["site"]["energy_imported"] == before["energy_imported"]


def test_who_asks_twice_is_answered_twice_and_nothing_begins_again(client: Any, clock: Any) -> None:
    assert _turn(client, RETURN).document == RETURN
    assert _state(client) == CONNECTED
    _turn(client, LEAVE)
    clock.advance(3)
    _turn(client, LEAVE)
    assert _state(client) == ISLANDED
    _turn(client, RETURN)
    clock.advance(100)
    _turn(client, RETURN)
    clock.advance(21)
    assert _state(client) == CONNECTED


def test_one_may_change_ones_mind_on_the_way(client: Any, clock: Any) -> None:
    _turn(client, LEAVE)
    _turn(client, RETURN)
    assert _state(client) == BACK
    _turn(client, LEAVE)
    assert _state(client) == AWAY
    clock.advance(3)
    assert _state(client) == ISLANDED


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b'{"island_mode": "off"}', b'{"island_mode": ["backup"]}']
)
def test_nonsense_is_400_and_moves_nothing(client: Any, body: bytes) -> None:
    reply = client.ask(MODE, "POST", body)
    assert (reply.status, reply.document["code"]) == (400, 400)
    assert _state(client) == CONNECTED


def test_a_customer_may_not_leave_the_grid_unless_allowed(timed: Any, client: Any) -> None:
    timed.allow_operation = False
    reply = _turn(client, LEAVE)
    assert (reply.status, reply.document["error"]) == (403, "Unable to POST to resource")
    assert _state(client) == CONNECTED
    timed.allow_operation = True
    client.token = ""
    assert _turn(client, LEAVE).status == 403


def test_the_oldest_firmware_lets_its_customer_leave(start: Any, connect: Any) -> None:
    client = connect(start(system="old", frozen=True, islanding_scale=1e-6))
    client.login()
    client.ask(RUN_PATH)
    assert _turn(client, LEAVE).status == 200
    assert _state(client) == ISLANDED


def test_what_can_make_no_grid_of_its_own_stays_on_the_other(start: Any, connect: Any) -> None:
    client = connect(start(system="solaronly", frozen=True, allow_operation=True))
    client.login()
    before = _powers(client)
    assert _turn(client, LEAVE).document == LEAVE
    assert _powers(client) == before


def test_a_contactor_may_be_acknowledged_and_not_moved(timed: Any, client: Any, clock: Any) -> None:
    timed.faults.start("acknowledged_only", count=1)
    assert _turn(client, LEAVE).document == LEAVE
    clock.advance(1e4)
    assert _state(client) == CONNECTED
    _turn(client, LEAVE)
    assert _state(client) == AWAY
