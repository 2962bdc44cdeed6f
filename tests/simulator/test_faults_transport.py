"""Faults of the line, as a client sees them."""

import http.client
import socket
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from simulator.faults_transport import HANGING_PATHS, cut_at

CORE = "/api/meters/aggregates"
STATUS = "/api/status"


def _asked(sim: Any, path: str = STATUS) -> int:
    return int(sim.counters.snapshot()["requests"].get(path, 0))


def test_slow_answers_late_and_ends_early_when_stopped(sim: Any, client: Any, until: Any) -> None:
    sim.faults.start("slow", seconds=0.01)
    assert client.ask(CORE).status == 200
    sim.faults.start("slow", seconds=3600)
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(client.ask, STATUS)
        until(lambda: _asked(sim) == 1)
        assert not asking.done()
        sim.faults.stop("slow")
        assert asking.result(20).status == 200


def test_slow_may_last_a_while_and_lets_other_faults_answer(
    start: Any, connect: Any, clock: Any
) -> None:
    sim = start(frozen=True, monotonic=clock.monotonic, wall=clock.wall)
    client = connect(sim)
    sim.faults.start("busy", path=STATUS)
    sim.faults.start("slow", seconds=0.01)
    assert client.ask(STATUS).status == 503
    sim.faults.start("slow", seconds=3600, lasts_s=60)
    clock.advance(60)
    assert client.ask(STATUS).status == 503


def test_slow_strikes_so_often(sim: Any, guest: Any) -> None:
    sim.faults.start("slow", path=STATUS, count=2, seconds=0)
    assert [guest.ask(path).status for path in ("/", STATUS, STATUS, STATUS)] == [200] * 4
    assert not any(row["active"] for row in sim.faults.listing())


def test_a_client_that_leaves_a_slow_gateway_is_not_answered(
    sim: Any, connect: Any, until: Any
) -> None:
    sim.faults.start("slow", seconds=3600)
    with pytest.raises(TimeoutError):
        connect(sim, timeout_s=0.2).ask(STATUS)
    until(lambda: sim.counters.snapshot()["in_flight"] == 0)


def test_stalled_sends_headers_and_half_and_then_the_rest(
    sim: Any, connect: Any, until: Any
) -> None:
    client = connect(sim)
    whole = client.ask(STATUS).body
    sim.faults.start("stalled", path=STATUS)
    client._connection.request("GET", STATUS)
    response = client._connection.getresponse()
    half = response.read(len(whole) // 2)
    assert (response.status, half) == (200, whole[: len(whole) // 2])
    assert sim.counters.snapshot()["in_flight"] == 1
    sim.faults.stop("stalled")
    assert half + response.read() == whole
    until(lambda: sim.counters.snapshot()["in_flight"] == 0)
    assert client.ask(STATUS).body == whole


@pytest.mark.parametrize("path", sorted(HANGING_PATHS))
def test_some_endpoints_hang_while_the_site_controller_runs(
    sim: Any, client: Any, until: Any, path: str
) -> None:
    healthy = client.ask(path).status
    sim.faults.start("hanging")
    sim.counters.reset()
    assert client.ask(CORE).status == 200
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(client.ask, path)
        until(lambda: sim.counters.snapshot()["in_flight"] == 1)
        assert not asking.done()
        sim.faults.stop("hanging")
        assert asking.result(20).status == healthy
    sim.faults.start("hanging")
    sim.faults.start("stopped")
    assert client.ask(path).status == healthy


def test_an_unreachable_gateway_drops_the_first_packet(sim: Any, client: Any, connect: Any) -> None:
    port = sim.port
    sim.faults.start("unreachable")
    with pytest.raises(OSError):
        client.ask(STATUS)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            connect(sim, timeout_s=0.1).ask(STATUS)
    sim.faults.stop("unreachable")
    assert sim.port == port
    assert client.ask(CORE).status == 200


def test_doors_follow_the_newest_fault_and_a_stop_frees_the_port(sim: Any, connect: Any) -> None:
    sim.faults.start("unreachable")
    sim.faults.start("refusing")
    with pytest.raises(ConnectionRefusedError):
        connect(sim).ask(STATUS)
    sim.faults.stop("refusing")
    with pytest.raises(TimeoutError):
        connect(sim, timeout_s=0.1).ask(STATUS)
    sim.stop()
    with pytest.raises(ConnectionRefusedError):
        connect(sim).ask(STATUS)
    sim.start()
    assert connect(sim).ask(STATUS).status == 200


def test_unreachable_from_the_start(start: Any, connect: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    sim = start(frozen=True, port=port)
    sim.stop()
    sim.faults.start("unreachable")
    sim.start()
    with pytest.raises(TimeoutError):
        connect(sim, timeout_s=0.1).ask(STATUS)
    sim.faults.stop()
    assert connect(sim).ask(STATUS).status == 200


def test_a_stalled_handshake_says_nothing_until_it_ends(
    sim: Any, guest: Any, connect: Any, until: Any
) -> None:
    sim.faults.start("tls_stall")
    with pytest.raises(TimeoutError):
        connect(sim, timeout_s=0.1).ask(STATUS)
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(guest.ask, STATUS)
        until(lambda: sim.counters.snapshot()["connections"] == 2)
        assert not asking.done()
        sim.faults.stop("tls_stall")
        assert asking.result(20).status == 200


def test_a_stop_ends_a_stalled_handshake(sim: Any, guest: Any, until: Any) -> None:
    sim.faults.start("tls_stall")
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(guest.ask, STATUS)
        until(lambda: sim.counters.snapshot()["connections"] == 1)
        sim.stop()
        with pytest.raises((OSError, http.client.HTTPException)):
            asking.result(20)


def test_a_handshake_fault_counts_connections(sim: Any, guest: Any) -> None:
    sim.faults.start("tls_abort", count=1)
    with pytest.raises(ssl.SSLError, match=r"(?i)unrecognized.name"):
        guest.ask(STATUS)
    assert guest.ask(STATUS).status == 200
    assert not any(row["active"] for row in sim.faults.listing())


def _seen(sim: Any) -> str:
    return ssl.get_server_certificate((sim.host, sim.port), timeout=20)


def test_another_certificate_is_for_new_connections_only(sim: Any, client: Any) -> None:
    first = sim.certificate_pem
    sim.faults.start("certificate")
    second = sim.certificate_pem
    assert _seen(sim) == second != first
    assert client.ask(CORE).status == 200
    sim.faults.start("busy", path=STATUS)
    assert sim.certificate_pem == second
    sim.faults.start("certificate")
    assert _seen(sim) == sim.certificate_pem not in {first, second}
    sim.faults.stop("certificate")
    assert _seen(sim) == sim.certificate_pem == first
    assert sim.counters.snapshot()["connections"] == 4


@pytest.mark.parametrize("after", [0, 1, 40])
def test_a_connection_is_reset_before_or_within_the_body(sim: Any, client: Any, after: int) -> None:
    whole = client.ask(CORE).body
    sim.faults.start("reset", path=CORE, count=1, after=after)
    with pytest.raises((ConnectionResetError, http.client.IncompleteRead)):
        client.ask(CORE)
    assert client.ask(CORE).body == whole
    assert sim.counters.snapshot()["connections"] == 2


def test_a_reset_is_a_reset(sim: Any, guest: Any) -> None:
    sim.faults.start("reset")
    with pytest.raises(ConnectionResetError):
        guest.ask(STATUS)


@pytest.mark.parametrize(("at", "expected"), [(0, 50), (1, 1), (99, 99), (100, 99), (9999, 99)])
def test_a_cut_is_within_the_body(at: int, expected: int) -> None:
    assert cut_at(100, at) == expected


def test_truncated_cuts_where_it_is_told(sim: Any, client: Any) -> None:
    whole = client.ask(CORE).body
    sim.faults.start("truncated", at=17)
    with pytest.raises(http.client.IncompleteRead) as caught:
        client.ask(CORE)
    assert caught.value.partial == whole[:17]
    sim.faults.start("truncated", at=17, honest=True)
    reply = client.ask(CORE)
    assert (reply.status, reply.body) == (200, whole[:17])
    assert reply.headers["content-length"] == "17"


@pytest.mark.parametrize("kind", ["text/plain", "text/html", "application/octet-stream", None])
def test_the_right_body_may_have_the_wrong_type(sim: Any, client: Any, kind: str | None) -> None:
    right = client.ask(CORE)
    sim.faults.start("wrong_type", type=kind or "none")
    reply = client.ask(CORE)
    assert (reply.status, reply.body) == (200, right.body)
    assert reply.headers["content-type"] == kind


def test_null_is_json(sim: Any, client: Any) -> None:
    sim.faults.start("null", path=CORE)
    reply = client.ask(CORE)
    assert (reply.status, reply.body) == (200, b"null")
    assert reply.headers["content-type"] == "application/json"
    assert client.ask("/api/operation").document


def test_a_crowd_is_served_one_after_the_other(sim: Any, connect: Any, until: Any) -> None:
    sim.faults.start("crowded", seconds=3600)
    clients = [connect(sim) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        asking = [pool.submit(one.ask, STATUS) for one in clients]
        until(lambda: sim.counters.snapshot()["in_flight"] == 3)
        assert not any(one.done() for one in asking)
        sim.faults.stop("crowded")
        assert [one.result(20).status for one in asking] == [200] * 3


def test_in_a_crowd_nobody_overtakes(sim: Any, connect: Any, until: Any) -> None:
    """While one has its turn, another waits for it, however short its own would be."""
    sim.faults.start("crowded", seconds=0)
    (active,) = sim.faults.delays("GET", STATUS)
    first = connect(sim)
    with ThreadPoolExecutor(1) as pool, active.turn:
        asking = pool.submit(first.ask, STATUS)
        until(lambda: sim.counters.snapshot()["in_flight"] == 1)
        assert not asking.done()
        active.turn.release()
        assert asking.result(20).status == 200
        active.turn.acquire()


def test_high_cpu_is_an_alert_and_a_wait(sim: Any, client: Any, alerts: Any, until: Any) -> None:
    sim.faults.start("high_cpu", seconds=0)
    assert "HighCPU" in alerts(client)
    sim.faults.start("high_cpu", seconds=3600)
    ended = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(client.ask, STATUS)
        asking.add_done_callback(lambda _: ended.set())
        until(lambda: _asked(sim) == 1)
        assert not ended.is_set()
        sim.faults.stop("high_cpu")
        assert asking.result(20).status == 200
    assert "HighCPU" not in alerts(client)
