"""Signals: one worker always, back after a restart, gone within five seconds when asked."""

import os
import signal
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from support.served import Served, received, until

from simulator.gateway import Simulator

GONE_WITHIN_S = 5.0
HEAD = b"HTTP/1.1\r\nHost: test\r\n"
SOE = {"percentage": 50}

Proxies = Callable[..., Served]


def test_it_ends_when_asked_and_leaves_nothing_behind(sim: Simulator, proxy: Proxies) -> None:
    served = proxy(sim)
    served.known("/soe")
    workers = served.workers
    assert served.end(GONE_WITHIN_S) == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)
    assert "Traceback" not in served.log
    with pytest.raises(ConnectionRefusedError):
        served.connect()


def test_an_interrupt_from_the_keyboard_ends_it_too(sim: Simulator, proxy: Proxies) -> None:
    served = proxy(sim)
    served.known("/soe")
    # A terminal sends it to everybody in the foreground.
    for pid in (served.pid, *served.workers):
        os.kill(pid, signal.SIGINT)
    assert served.process.wait(GONE_WITHIN_S) == 0
    assert "Traceback" not in served.log


def test_fifty_idle_connections_and_a_slow_sender_do_not_hold_it(
    sim: Simulator, proxy: Proxies, stack: ExitStack
) -> None:
    served = proxy(sim)
    idle = [stack.enter_context(served.connect()) for _ in range(50)]
    for used in idle[:25]:
        used.sendall(b"GET /healthz " + HEAD + b"\r\n")
        assert _whole(used).startswith(b"HTTP/1.1 200")
    slow = stack.enter_context(served.connect())
    slow.sendall(b"GET /soe " + HEAD + b"X-Slow: ")
    assert served.get("/healthz").status == 200, "all of them have been accepted"
    assert served.end(GONE_WITHIN_S) == 0
    assert [received(connection) for connection in (*idle, slow)] == [b""] * 51


def _asked_to_end_while_a_client_waits(sim: Simulator, served: Served) -> tuple[int, bytes]:
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(served.send, b"GET /soe " + HEAD + b"Connection: close\r\n\r\n")
        until(lambda: sim.counters.snapshot()["in_flight"] == 1)
        assert not waiting.done()
        return served.end(GONE_WITHIN_S), waiting.result(GONE_WITHIN_S)


def test_a_client_that_waits_for_a_silent_gateway_does_not_hold_it(
    sim: Simulator, proxy: Proxies
) -> None:
    sim.faults.start("silent")
    served = proxy(sim, PW_TIMEOUT="60", PW_CLIENT_BUDGET="60")
    code, _ = _asked_to_end_while_a_client_waits(sim, served)
    assert code == 0


def test_a_client_that_waits_is_let_go_politely_and_the_gateway_is_not_blamed(
    sim: Simulator, proxy: Proxies
) -> None:
    sim.faults.start("silent")
    served = proxy(sim, PW_TIMEOUT="60", PW_CLIENT_BUDGET="60")
    _, answer = _asked_to_end_while_a_client_waits(sim, served)
    assert answer == b"" or answer.endswith(b"\r\n\r\nnull")
    assert not served.lines("Traceback")
    assert not served.lines("down:")


def test_it_ends_while_a_gateway_drips(sim: Simulator, proxy: Proxies) -> None:
    sim.faults.start("dripping", seconds=0.01)
    served = proxy(sim, PW_TIMEOUT="60", PW_CLIENT_BUDGET="0")
    served.get("/soe")
    until(lambda: sim.counters.snapshot()["in_flight"] == 1)
    assert served.end(GONE_WITHIN_S) == 0
    assert "Traceback" not in served.log


def test_there_is_one_worker_whatever_the_environment_says(sim: Simulator, proxy: Proxies) -> None:
    served = proxy(sim, WEB_CONCURRENCY="4", GUNICORN_CMD_ARGS="--workers 4")
    served.known("/soe")
    (worker,) = served.workers
    served.signal(signal.SIGTTIN)
    until(lambda: served.lines("TTIN ignored"))
    assert served.workers == [worker]
    assert sim.counters.snapshot()["logins"] == 1


def test_a_hangup_restarts_the_worker_and_numbers_come_back_without_a_login(
    sim: Simulator, proxy: Proxies
) -> None:
    served = proxy(sim)
    served.known("/soe")
    (before,) = served.workers
    until((served.folder / "auth" / ".powerwall").exists)
    served.signal(signal.SIGHUP)
    (after,) = until(lambda: [pid for pid in _alone(served) if pid != before])
    assert served.known("/soe").document == SOE
    assert served.workers == [after]
    assert served.process.poll() is None
    assert sim.counters.snapshot()["logins"] == 1


def test_a_worker_that_dies_is_replaced(sim: Simulator, proxy: Proxies) -> None:
    served = proxy(sim)
    served.known("/soe")
    (before,) = served.workers
    os.kill(before, signal.SIGKILL)
    until(lambda: [pid for pid in _alone(served) if pid != before])
    until(lambda: _soe(served) == SOE)


def _alone(served: Served) -> list[int]:
    workers = served.workers
    return workers if len(workers) == 1 else []


def _whole(connection: socket.socket) -> bytes:
    """Read an answer of /healthz."""
    answer = b""
    while not answer.endswith(b"}"):
        answer += connection.recv(65536) or b"}"
    return answer


def _soe(served: Served) -> object:
    try:
        return served.get("/soe").document
    except OSError:
        return None
