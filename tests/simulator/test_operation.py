"""Mode and reserve: who may write them, what is stored, and when it shows."""

import json
from typing import Any

import pytest

from simulator.endpoints import RUN_PATH
from simulator.plant import Settings

OPERATION = "/api/operation"
COMPLETED = "/api/config/completed"
WANTED = {"real_mode": "backup", "backup_reserve_percent": 52.5}
BEFORE = {"real_mode": "self_consumption", "backup_reserve_percent": 24}


@pytest.fixture
def open_sim(start: Any) -> Any:
    return start(frozen=True, allow_operation=True)


@pytest.fixture
def client(open_sim: Any, connect: Any) -> Any:
    one = connect(open_sim)
    one.login()
    return one


@pytest.fixture
def old(start: Any, connect: Any) -> Any:
    """The customer of the oldest system, which runs again after the login."""
    one = connect(start(system="old", frozen=True))
    one.login()
    one.ask(RUN_PATH)
    return one


def _write(client: Any, document: Any) -> Any:
    return client.ask(OPERATION, "POST", json.dumps(document).encode())


def _shown(client: Any) -> dict[str, Any]:
    document = client.ask(OPERATION).document
    return {key: document[key] for key in BEFORE}


# -- what is stored, and when it shows --------------------------------------------------------


def test_a_write_answers_what_it_stored_and_shows_once_it_is_completed(client: Any) -> None:
    reply = _write(client, WANTED)
    assert (reply.status, reply.document) == (200, WANTED)
    assert [_shown(client) for _ in range(3)] == [BEFORE] * 3
    completed = client.ask(COMPLETED)
    assert (completed.status, completed.body) == (202, b"")
    assert _shown(client) == WANTED


def test_completing_nothing_changes_nothing(client: Any) -> None:
    assert client.ask(COMPLETED).status == 202
    assert _shown(client) == BEFORE


def test_only_the_newest_document_is_completed_and_only_once(open_sim: Any, client: Any) -> None:
    _write(client, {"real_mode": "autonomous", "backup_reserve_percent": 90})
    _write(client, WANTED)
    client.ask(COMPLETED)
    open_sim.plant.choose(Settings("self_consumption", 24.0))
    client.ask(COMPLETED)
    assert _shown(client) == BEFORE


@pytest.mark.parametrize(
    ("document", "stored"),
    [
        ({"mode": "backup", "backup_reserve_percent": 100}, {"real_mode": "backup"}),
        ({"mode": "x", "real_mode": "backup", "backup_reserve_percent": 0}, {}),
        ({**WANTED, "max_pv_export_power_kW": None}, {"max_pv_export_power_kW": None}),
        ({**WANTED, "backup_reserve_percent": 20.600000000000001}, {}),
        ({**WANTED, "unheard_of": 1}, {}),
        ({**WANTED, "real_mode": "site_control"}, {"real_mode": "site_control"}),
    ],
)
def test_either_name_of_the_mode_and_fractions_are_understood(
    client: Any, document: dict[str, Any], stored: dict[str, Any]
) -> None:
    reply = _write(client, document)
    assert reply.status == 200
    assert stored.items() <= reply.document.items()
    assert reply.document["backup_reserve_percent"] == document["backup_reserve_percent"]
    assert not {"mode", "unheard_of"} & reply.document.keys()
    client.ask(COMPLETED)
    assert _shown(client)["backup_reserve_percent"] == document["backup_reserve_percent"]
    assert "max_pv_export_power_kW" not in client.ask(OPERATION).document


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff",
        b"[" * 100_000,
        b"real_mode=backup&backup_reserve_percent=20",
        b'{"real_mode": "backup"}',
        b'{"backup_reserve_percent": 20}',
        b'{"real_mode": "sleep", "backup_reserve_percent": 20}',
        b'{"real_mode": ["backup"], "backup_reserve_percent": 20}',
        b'{"real_mode": "backup", "backup_reserve_percent": "20"}',
        b'{"real_mode": "backup", "backup_reserve_percent": true}',
        b'{"real_mode": "backup", "backup_reserve_percent": null}',
        b'{"real_mode": "backup", "backup_reserve_percent": NaN}',
        b'{"real_mode": "backup", "backup_reserve_percent": -0.1}',
        b'{"real_mode": "backup", "backup_reserve_percent": 100.1}',
        b'{"real_mode":"backup","backup_reserve_percent":20,"max_pv_export_power_kW":5}',
    ],
)
def test_nonsense_is_400_and_leaves_nothing_stored(client: Any, body: bytes) -> None:
    reply = client.ask(OPERATION, "POST", body)
    assert reply.status == 400
    assert set(reply.document) == {"code", "error", "message"}
    assert reply.document["code"] == 400
    client.ask(COMPLETED)
    assert _shown(client) == BEFORE


# -- who may ----------------------------------------------------------------------------------


def test_a_modern_gateway_refuses_its_customer_whatever_the_body_says(
    sim: Any, connect: Any
) -> None:
    client = connect(sim)
    client.login()
    for document in (WANTED, "nonsense"):
        reply = _write(client, document)
        assert (reply.status, reply.document["error"]) == (403, "Unable to POST to resource")
    client.ask(COMPLETED)
    assert _shown(client) == BEFORE


def test_the_role_may_be_given_and_taken_while_it_runs(sim: Any, connect: Any) -> None:
    client = connect(sim)
    client.login()
    assert not sim.allow_operation
    sim.allow_operation = True
    assert _write(client, WANTED).status == 200
    sim.allow_operation = False
    assert _write(client, WANTED).status == 403


def test_nothing_is_written_without_a_session(open_sim: Any, connect: Any) -> None:
    guest = connect(open_sim)
    for path, method in ((OPERATION, "POST"), (COMPLETED, "GET")):
        reply = guest.ask(path, method, json.dumps(WANTED).encode())
        assert (reply.status, reply.document["code"]) == (403, 403)
        assert reply.document["error"] == f"Unable to {method} to resource"


def test_an_expired_session_writes_nothing(open_sim: Any, client: Any) -> None:
    _write(client, WANTED)
    open_sim.expire_sessions()
    assert _write(client, WANTED).status == 403
    assert client.ask(COMPLETED).status == 403
    client.login()
    assert _shown(client) == BEFORE


def test_what_only_installers_write_stays_refused(client: Any) -> None:
    for path in ("/api/site_info/grid_code", "/api/site_info", COMPLETED):
        assert client.ask(path, "POST", b"{}").status == 403


def test_a_powerwall_3_has_no_such_paths(start: Any, connect: Any) -> None:
    client = connect(start(system="pw3", frozen=True, allow_operation=True))
    client.login()
    assert _write(client, WANTED).status == 404
    assert client.ask(COMPLETED).status == 404


# -- the oldest firmware ----------------------------------------------------------------------


@pytest.mark.parametrize("key", ["mode", "real_mode"])
def test_the_oldest_firmware_lets_its_customer_write_and_says_mode(old: Any, key: str) -> None:
    stored = {"mode": "backup", "backup_reserve_percent": 20.6}
    reply = _write(old, {key: "backup", "backup_reserve_percent": 20.6})
    assert (reply.status, reply.document) == (200, stored)
    assert old.ask(OPERATION).document["mode"] == "self_consumption"
    old.ask(COMPLETED)
    assert old.ask(OPERATION).document == stored


def test_the_oldest_firmware_cannot_be_autonomous(old: Any) -> None:
    reply = _write(old, {"mode": "autonomous", "backup_reserve_percent": 20})
    assert (reply.status, reply.body) == (502, b"")
    old.ask(COMPLETED)
    assert old.ask(OPERATION).document["mode"] == "self_consumption"


def test_the_oldest_firmware_wants_a_session_too(start: Any, connect: Any) -> None:
    guest = connect(start(system="old", frozen=True))
    assert _write(guest, WANTED).status == 403
    assert guest.ask(COMPLETED).status == 403


@pytest.mark.parametrize(("release", "status"), [("1.47.0", 200), ("1.50.1", 403)])
def test_an_update_takes_the_right_to_write(
    start: Any, connect: Any, clock: Any, release: str, status: int
) -> None:
    sim = start(system="old", frozen=True, monotonic=clock.monotonic, wall=clock.wall)
    client = connect(sim)
    sim.faults.start("firmware_update", release=release)
    clock.advance(1000.0)
    client.login()
    assert _write(client, WANTED).status == status


# -- the plant --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "discharges"),
    [
        ({"real_mode": "self_consumption", "backup_reserve_percent": 10}, True),
        ({"real_mode": "self_consumption", "backup_reserve_percent": 100}, False),
        ({"real_mode": "backup", "backup_reserve_percent": 10}, False),
    ],
)
def test_the_battery_keeps_the_reserve_that_was_written(
    start: Any, connect: Any, clock: Any, document: dict[str, Any], *, discharges: bool
) -> None:
    sim = start(allow_operation=True, monotonic=clock.monotonic, wall=clock.wall)
    client = connect(sim)
    client.login()
    _write(client, document)
    client.ask(COMPLETED)
    given_w = []
    for _ in range(24):
        clock.advance(3600)
        given_w.append(sim.plant.view().battery.power_w)
    assert any(watts > 0 for watts in given_w) == discharges
