"""What may become of a write, and what the simulator remembers of it."""

import http.client
import json
from typing import Any

import pytest

from simulator.counters import BODY_MOST, OTHER, WRITES_MOST
from simulator.plant import Settings

OPERATION = "/api/operation"
COMPLETED = "/api/config/completed"
ISLANDING = "/api/v2/islanding/mode"
LEAVE = {"island_mode": "intentional_reconnect_failsafe"}
WANTED = {"real_mode": "backup", "backup_reserve_percent": 52.5}
OTHERS = {"real_mode": "autonomous", "backup_reserve_percent": 90}
BEFORE = {"real_mode": "self_consumption", "backup_reserve_percent": 24}


@pytest.fixture
def client(writer: Any) -> Any:
    return writer


def _write(client: Any, document: Any = WANTED, path: str = OPERATION) -> Any:
    return client.ask(path, "POST", json.dumps(document).encode())


def _write_and_complete(client: Any, document: Any = WANTED) -> None:
    assert _write(client, document).status == 200
    assert client.ask(COMPLETED).status == 202


def _shown(client: Any) -> dict[str, Any]:
    document = client.ask(OPERATION).document
    return {key: document[key] for key in BEFORE}


def _no_answer(client: Any, path: str = OPERATION, method: str = "POST") -> None:
    body = json.dumps(LEAVE if path == ISLANDING else WANTED).encode()
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        client.ask(path, method, body)


def _active(sim: Any) -> list[str]:
    return [row["name"] for row in sim.faults.listing() if row["active"]]


# -- effects ----------------------------------------------------------------------------------


def test_a_write_may_show_late(timed: Any, client: Any, clock: Any) -> None:
    timed.faults.start("delayed", seconds=1800)
    _write_and_complete(client)
    assert _shown(client) == BEFORE
    clock.advance(1799)
    assert _shown(client) == BEFORE
    clock.advance(1)
    assert _shown(client) == WANTED
    assert timed.plant.view().reserve_percent == 52.5


def test_a_newer_choice_is_not_undone_by_an_older_one_that_comes_late(
    timed: Any, client: Any, clock: Any
) -> None:
    timed.faults.start("delayed", count=1, seconds=10)
    _write_and_complete(client)
    _write_and_complete(client, OTHERS)
    assert _shown(client) == OTHERS
    clock.advance(20)
    assert _shown(client) == OTHERS


def test_somebody_else_may_change_it_meanwhile(timed: Any, client: Any) -> None:
    timed.plant.choose(Settings("autonomous", 90.0))
    assert _shown(client) == OTHERS


def test_a_write_may_be_acknowledged_and_never_show(timed: Any, client: Any, clock: Any) -> None:
    timed.faults.start("ignored", count=1)
    _write_and_complete(client)
    clock.advance(1e5)
    assert _shown(client) == BEFORE
    assert _active(timed) == []
    _write_and_complete(client)
    assert _shown(client) == WANTED


@pytest.mark.parametrize(
    ("options", "asked", "stored"),
    [({}, 95, 80), ({}, 52.5, 52.5), ({"most": 30.5}, 52.5, 30.5), ({"least": 10}, 5, 10)],
)
def test_another_reserve_may_be_stored_than_was_asked_for(
    timed: Any, client: Any, options: dict[str, float], asked: float, stored: float
) -> None:
    timed.faults.start("clamped", **options)
    reply = _write(client, {**WANTED, "backup_reserve_percent": asked})
    assert reply.document == {"real_mode": "backup", "backup_reserve_percent": stored}
    client.ask(COMPLETED)
    assert _shown(client) == reply.document


def test_effects_add_up(timed: Any, client: Any, clock: Any) -> None:
    timed.faults.start("clamped", most=40)
    timed.faults.start("delayed", seconds=10)
    _write_and_complete(client)
    assert _shown(client) == BEFORE
    clock.advance(10)
    assert _shown(client) == {**WANTED, "backup_reserve_percent": 40}


def test_a_refused_write_is_no_stroke_of_an_effect(timed: Any, client: Any) -> None:
    timed.faults.start("ignored", count=1)
    assert _write(client, "nonsense").status == 400
    assert _active(timed) == ["ignored"]


# -- answers that are lost --------------------------------------------------------------------


def test_a_write_may_be_lost_before_it_is_carried_out(timed: Any, client: Any) -> None:
    timed.faults.start("lost", count=1)
    assert client.ask(OPERATION).status == 200, "a read is no stroke"
    _no_answer(client)
    client.ask(COMPLETED)
    assert _shown(client) == BEFORE
    assert timed.counters.snapshot()["writes"][f"POST {OPERATION}"] == 1
    assert _write(client).status == 200


def test_an_answer_may_be_lost_after_the_effect(timed: Any, client: Any) -> None:
    timed.faults.start("dropped", count=1)
    assert _shown(client) == BEFORE
    _no_answer(client)
    assert _shown(client) == WANTED
    assert timed.counters.snapshot()["writes"] == {f"POST {OPERATION}": 1}


def test_an_answer_may_be_lost_between_storing_and_the_effect(timed: Any, client: Any) -> None:
    timed.faults.start("dropped", completed=False)
    _no_answer(client)
    assert _shown(client) == BEFORE
    client.ask(COMPLETED)
    assert _shown(client) == WANTED


@pytest.mark.parametrize(("name", "shown"), [("dropped", WANTED), ("lost", BEFORE)])
def test_the_completion_may_be_lost_like_a_write(
    timed: Any, client: Any, name: str, shown: dict[str, Any]
) -> None:
    timed.faults.start(name, path=COMPLETED, count=1)
    assert _write(client).status == 200
    _no_answer(client, COMPLETED, "GET")
    assert _shown(client) == shown


def test_the_contactor_may_move_and_nobody_hear_of_it(timed: Any, client: Any) -> None:
    timed.faults.start("dropped", path=ISLANDING)
    assert _write(client).status == 200
    _no_answer(client, ISLANDING)
    assert timed.plant.view().grid_status == "SystemTransitionToIsland"


@pytest.mark.parametrize(("completed", "shown"), [(True, WANTED), (False, BEFORE)])
def test_a_write_may_be_carried_out_and_answered_500(
    timed: Any, client: Any, shown: dict[str, Any], *, completed: bool
) -> None:
    timed.faults.start("failing_after_effect", count=1, completed=completed)
    reply = _write(client)
    assert (reply.status, reply.document["code"]) == (500, 500)
    assert _shown(client) == shown


def test_a_refusal_stays_a_refusal_whatever_happens_to_answers(timed: Any, client: Any) -> None:
    timed.faults.start("failing_after_effect")
    assert _write(client, "nonsense").status == 400
    timed.allow_operation = False
    assert _write(client).status == 403
    assert _shown(client) == BEFORE


# -- other faults, narrowed to a method -------------------------------------------------------


@pytest.mark.parametrize(("name", "status"), [("limited", 429), ("busy", 503), ("expired", 401)])
def test_a_method_narrows_a_fault(timed: Any, client: Any, name: str, status: int) -> None:
    timed.faults.start(name, OPERATION, 1, method="POST")
    assert [client.ask(OPERATION).status for _ in range(2)] == [200, 200]
    assert _write(client).status == status
    client.login()
    assert _write(client).status == 200


def test_a_method_tells_two_faults_of_one_path_apart(timed: Any, client: Any) -> None:
    timed.faults.start("busy", OPERATION, method="POST")
    timed.faults.start("busy", OPERATION, 1, method="GET")
    assert [client.ask(OPERATION).status, client.ask(OPERATION).status] == [503, 200]
    assert _write(client).status == 503
    timed.faults.stop("busy")
    assert _write(client).status == 200


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("busy", {"method": "DELETE"}),
        ("outage", {"method": "GET"}),
        ("tls_stall", {"method": "GET"}),
        ("zeros", {"method": "GET"}),
        ("dropped", {"method": "POST"}),
        ("delayed", {"path": OPERATION}),
        ("delayed", {"seconds": -1}),
        ("clamped", {"most": 101}),
    ],
)
def test_what_makes_no_sense_for_a_write_is_refused(
    timed: Any, name: str, arguments: dict[str, Any]
) -> None:
    with pytest.raises(ValueError):
        timed.faults.start(name, **arguments)
    assert _active(timed) == []


# -- what is remembered -----------------------------------------------------------------------


def test_writes_are_counted_by_method_and_logins_and_reads_are_not(timed: Any, client: Any) -> None:
    client.ask(OPERATION)
    _write(client, "nonsense")
    _write_and_complete(client)
    _write(client, LEAVE, ISLANDING)
    _write(client, {}, "/api/nonsense")
    snapshot = timed.counters.snapshot()
    assert snapshot["writes"] == {
        f"POST {OPERATION}": 2,
        f"GET {COMPLETED}": 1,
        f"POST {ISLANDING}": 1,
        f"POST {OTHER}": 1,
    }
    assert snapshot["requests"][OPERATION] == 3, "both methods, as ever"


def test_the_last_writes_are_kept_in_order_with_their_bodies(timed: Any, client: Any) -> None:
    _write_and_complete(client)
    assert [(one.method, one.path, one.document) for one in timed.counters.writes] == [
        ("POST", OPERATION, WANTED),
        ("GET", COMPLETED, None),
    ]
    for number in range(WRITES_MOST + 1):
        _write(client, {"number": number})
    assert [one.document["number"] for one in timed.counters.writes] == [*range(1, WRITES_MOST + 1)]
    client.ask(OPERATION, "POST", b"\xff" * (2 * BODY_MOST))
    assert len(timed.counters.writes[-1].body) == BODY_MOST
    timed.counters.reset()
    assert (timed.counters.writes, timed.counters.snapshot()["writes"]) == ([], {})


def test_a_write_tells_whether_it_came_on_a_new_connection(
    timed: Any, client: Any, connect: Any
) -> None:
    _write(client)
    other = connect(timed)
    other.token = client.token
    _write(other)
    _write(other)
    assert [one.first for one in timed.counters.writes] == [False, True, False]


def test_a_refused_write_is_remembered_too(sim: Any, guest: Any) -> None:
    assert _write(guest).status == 403
    (write,) = sim.counters.writes
    assert (write.method, write.path, write.document, write.first) == (
        "POST",
        OPERATION,
        WANTED,
        True,
    )
