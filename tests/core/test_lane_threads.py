"""The parts of a lane that only real threads show."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future, wait
from typing import Any

import pytest
from support.world import source

from pypowerwall_core.errors import LogInAgain, Unreachable
from pypowerwall_core.lane import Lane
from pypowerwall_core.policy import Source


class Gate:
    """An upstream whose answers wait until the test lets them go."""

    name = "gate"

    def __init__(self) -> None:
        self.open = threading.Event()
        self.entered = threading.Semaphore(0)
        self.fetched: list[str] = []
        self.error: Exception | None = None
        self.document: dict[str, str] = {}
        self.logins = 0
        self.now = 0
        self.most = 0
        self._lock = threading.Lock()

    has_session = True

    def forget_session(self) -> None:
        pass

    def fetch(self, source: Source) -> Any:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
            self.fetched.append(source.name)
        self.entered.release()
        assert self.open.wait(10)
        with self._lock:
            self.now -= 1
        if self.error is not None:
            raise self.error
        return self.document

    def login(self) -> None:
        self.logins += 1

    def close(self) -> None:
        self.open.set()


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def lane(gate: Gate) -> Iterator[Lane]:
    lane = Lane(gate, map(source, ("aggregates", "soe", "grid_status", "vitals")))
    lane.start()
    yield lane
    lane.stop()


def flight(lane: Lane, name: str) -> Future[None]:
    return lane.ask([name])[1][0]


def test_clients_on_many_threads_share_one_flight(lane: Lane, gate: Gate) -> None:
    first = flight(lane, "aggregates")
    assert gate.entered.acquire(timeout=10)
    joined: list[Future[None]] = []
    threads = [
        threading.Thread(target=lambda: joined.append(flight(lane, "aggregates")))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    gate.open.set()
    wait([first, *joined], timeout=10)
    assert all(future is first for future in joined)
    assert gate.fetched == ["aggregates"]


def test_the_impatient_client_does_not_take_the_flight_from_the_patient_one(
    lane: Lane, gate: Gate
) -> None:
    async def impatient() -> bool:
        waiting = asyncio.wrap_future(flight(lane, "aggregates"))
        done, _ = await asyncio.wait([waiting], timeout=0.01)
        return bool(done)

    async def patient() -> bool:
        waiting = asyncio.wrap_future(flight(lane, "aggregates"))
        done, _ = await asyncio.wait([waiting], timeout=10)
        return bool(done)

    async def both() -> tuple[bool, bool]:
        other = asyncio.create_task(patient())
        gone = await impatient()
        gate.open.set()
        return gone, await other

    assert asyncio.run(both()) == (False, True)
    assert lane.ask(["aggregates"])[0]["aggregates"].memory is not None


def test_even_cancelling_does_not_take_a_flight_from_the_others(lane: Lane, gate: Gate) -> None:
    flying = flight(lane, "aggregates")
    assert gate.entered.acquire(timeout=10)
    queued = flight(lane, "soe")
    assert not flying.cancel()
    assert queued.cancel()
    gate.open.set()
    wait([flying], timeout=10)
    assert gate.entered.acquire(timeout=10)
    for _ in range(100):
        slots, waits = lane.ask(["soe"])
        if slots["soe"].memory is not None:
            break
        wait(waits, timeout=1)
    assert slots["soe"].memory is not None


def test_a_flight_may_land_after_its_clients_event_loop_has_closed(
    lane: Lane, gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    async def leave_early() -> Future[None]:
        future = flight(lane, "aggregates")
        await asyncio.wait([asyncio.wrap_future(future)], timeout=0.01)
        return future

    future = asyncio.run(leave_early())
    gate.open.set()
    wait([future], timeout=10)
    assert future.done()
    assert flight(lane, "soe").result(10) is None
    assert "error" not in caplog.text.lower().replace("runtimeerror", "")


def test_when_the_lane_comes_to_rest_everybody_in_the_queue_is_let_go(
    lane: Lane, gate: Gate
) -> None:
    gate.error = Unreachable("connection refused")
    futures = [flight(lane, name) for name in ("aggregates", "soe", "grid_status", "vitals")]
    gate.open.set()
    wait(futures, timeout=10)
    assert all(future.done() for future in futures)
    assert len(gate.fetched) == 1


def test_stopping_lets_everybody_go(gate: Gate) -> None:
    lane = Lane(gate, [source("aggregates"), source("soe")])
    lane.start()
    futures = [flight(lane, "aggregates"), flight(lane, "soe")]
    assert gate.entered.acquire(timeout=10)
    lane.stop()
    assert all(future.done() for future in futures)
    assert not any(thread.is_alive() for thread in lane._threads)


def test_two_in_flight_when_two_are_allowed(gate: Gate) -> None:
    lane = Lane(gate, map(source, ("aggregates", "soe", "vitals")), max_in_flight=2)
    lane.start()
    lane.ask(["aggregates", "soe", "vitals"])
    assert gate.entered.acquire(timeout=10)
    assert gate.entered.acquire(timeout=10)
    assert not gate.entered.acquire(timeout=0.2)
    lane.stop()
    assert gate.most == 2


def test_a_sleeping_lane_hears_that_something_falls_due_sooner(gate: Gate) -> None:
    now_s = [1000.0]
    gate.open.set()
    lane = Lane(gate, [source("soe", fresh_s=10.0)], clock=lambda: now_s[0])
    lane.start()
    flight(lane, "soe").result(10)
    now_s[0] = 1002.0
    lane.ask(["soe"])  # fresh, but now a gap is known: due at 1010
    for _ in range(1000):
        if list(lane._sleepers_until_s.values()) == [1010.0]:
            break
        threading.Event().wait(0.005)
    assert list(lane._sleepers_until_s.values()) == [1010.0]
    lane.stop()


def test_a_lane_that_stops_sends_no_login_any_more(gate: Gate) -> None:
    gate.error = LogInAgain("HTTP 403")
    lane = Lane(gate, [source("aggregates", core=True)])
    lane.start()
    flight(lane, "aggregates")
    assert gate.entered.acquire(timeout=10)
    lane.stop()  # opens the gate: the flight ends in a refusal; a login would raise
    assert not any(thread.is_alive() for thread in lane._threads)
    assert gate.logins == 0


def test_a_worker_survives_a_bug_between_flights(
    gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    gate.open.set()
    gate.document = Trap()
    lane = Lane(gate, [source("status", open=True, fingerprint=("din",)), source("soe")])
    lane.start()
    flight(lane, "status").result(10)
    gate.document = {}
    flight(lane, "soe").result(10)
    assert lane.ask(["soe"])[0]["soe"].memory is not None
    lane.stop()
    assert caplog.text.count("this is a bug") == 1


class Trap(dict[str, str]):
    def get(self, *_: object) -> str:
        raise ZeroDivisionError("ours")
