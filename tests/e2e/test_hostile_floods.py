"""More than a connection should carry: heads without an end, requests by the thousand, and
clients that never listen. Both parsers, as in test_hostile_random.
"""

import contextlib
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from support.hostile_answers import PARSERS, parser
from support.served import PASSWORD, Served, received, until

from simulator.gateway import Simulator

AHEAD = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
ENDS = b"Host: a\r\nConnection: close\r\n\r\n"
HEAD_MOST_MB = 16
"""More than kernels hold on the way; a server that takes it takes anything."""
MORE_MB = 20
FLOODS = 10
BUDGET_S = 0.5
HEALTHY = b'{"status": "ok"}'


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator(frozen=True, password=PASSWORD) as sim:
        yield sim


@pytest.fixture(scope="module", params=PARSERS)
def served(
    request: pytest.FixtureRequest, sim: Simulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("hostile-floods")
    about = {"PW_HOST": sim.address, "PW_PASSWORD": PASSWORD, "PW_CACHE_EXPIRE": "600"}
    about["PW_CLIENT_BUDGET"] = str(BUDGET_S)
    with Served(folder, **about, **parser(folder / "modules", request.param)) as served:
        served.known("/soe")
        yield served


@pytest.fixture
def quiet(served: Served) -> Iterator[Served]:
    """After each flood: nothing bad in the log, and others are served."""
    began = len(served.log)
    yield served
    assert served.get("/soe").document == {"percentage": 50}
    news = served.log[began:]
    assert "Traceback" not in news
    assert " ERROR " not in news


def _resident_mb(served: Served) -> float:
    (worker,) = served.workers
    lines = Path(f"/proc/{worker}/status").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def _answered(connection: socket.socket, status: bytes) -> None:
    """Read one whole JSON answer: h11 sends its head and its body apart."""
    data = b""
    while not data.endswith(b"}"):
        more = connection.recv(65536)
        assert more, data
        data += more
    assert data.startswith(b"HTTP/1.1 " + status)


def test_a_head_without_end_is_cut_also_behind_an_answer_that_came_before_its_body(
    quiet: Served,
) -> None:
    with quiet.connect() as connection:
        connection.sendall(b"POST /soe HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello")
        _answered(connection, b"405")
        with pytest.raises(ConnectionError):  # noqa: PT012 - any of them may be the one
            connection.sendall(b"hello")
            assert quiet.get("/healthz").status == 200, "and the rest has been read"
            connection.sendall(b"GET /soe HTTP/1.1\r\n")
            for number in range(16 * HEAD_MOST_MB):
                connection.sendall(b"X-%d: %s\r\n" % (number, b"a" * 65536))


def test_requests_sent_ahead_by_the_thousand_take_no_memory(quiet: Served) -> None:
    before_mb = _resident_mb(quiet)
    with ExitStack() as stack:
        for _ in range(FLOODS):
            connection = stack.enter_context(quiet.connect())
            connection.settimeout(0.2)
            with contextlib.suppress(OSError):
                connection.sendall(AHEAD * 7500)
        assert quiet.get("/healthz").status == 200
        assert _resident_mb(quiet) - before_mb < MORE_MB


def test_a_few_requests_sent_ahead_are_all_answered(quiet: Served) -> None:
    answer = quiet.send(AHEAD * 30 + b"GET /healthz HTTP/1.1\r\n" + ENDS)
    assert answer.count(HEALTHY) == 31


@pytest.mark.parametrize("name", PARSERS)
def test_who_sends_ahead_and_leaves_while_it_waits_is_no_bug(
    sim: Simulator, tmp_path: Path, name: str
) -> None:
    sim.faults.start("silent")
    try:
        about = {"PW_HOST": sim.address, "PW_PASSWORD": PASSWORD, "PW_CLIENT_BUDGET": str(BUDGET_S)}
        with Served(tmp_path, **about, **parser(tmp_path / "modules", name)) as waiting:
            with waiting.connect() as connection:
                connection.sendall(b"GET /soe HTTP/1.1\r\nHost: a\r\n\r\n" * 2)
                until(lambda: sim.counters.snapshot()["in_flight"])
            # Answered when the budget of the one that left has been used up as well.
            assert waiting.get("/soe").document is None
            assert waiting.end() == 0
            assert "Traceback" not in waiting.log
    finally:
        sim.faults.stop()


@pytest.mark.parametrize("wish", [b"h2c", b"websocket"])
def test_what_follows_a_wish_to_upgrade_is_never_half_a_request(quiet: Served, wish: bytes) -> None:
    with quiet.connect() as connection:
        asked = b"GET /soe HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n"
        connection.sendall(asked % wish + b"GET /nowhere?x=")
        _answered(connection, b"200")
        with contextlib.suppress(ConnectionError):
            connection.sendall(b"GET /healthz HTTP/1.1\r\n" + ENDS)
        assert HEALTHY not in received(connection)


def test_what_follows_a_wish_to_upgrade_is_answered_or_the_connection_ends(quiet: Served) -> None:
    asked = b"GET /soe HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    with quiet.connect() as connection:
        connection.settimeout(2)
        connection.sendall(asked + b"GET /healthz HTTP/1.1\r\n" + ENDS)
        answer = received(connection)
    assert answer.count(b"HTTP/1.1 200") in {1, 2}


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"POST"])
@pytest.mark.parametrize("more", [b"", b"3\r\nabc\r\n"])
def test_a_broken_body_is_one_answer_or_none(quiet: Served, method: bytes, more: bytes) -> None:
    head = method + b" /nowhere HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = quiet.send(head + more + b"zz\r\n\r\n" + AHEAD)
    assert answer.count(b"HTTP/1.1 ") <= 1
    assert HEALTHY not in answer


def test_a_body_that_breaks_after_its_answer_is_not_answered_again(quiet: Served) -> None:
    with quiet.connect() as connection:
        head = b"POST /soe HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head + b"3\r\nabc\r\n")
        _answered(connection, b"405")
        connection.sendall(b"zz\r\n\r\n")
        assert received(connection) == b""


def test_good_requests_before_garbage_are_answered_first(quiet: Served) -> None:
    answer = quiet.send(AHEAD * 3 + b"\0garbage\r\n\r\n")
    assert answer.count(b"HTTP/1.1 200") == 3


def test_a_length_and_chunks_together_are_refused(quiet: Served) -> None:
    lines = b"Host: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = quiet.send(b"GET /healthz HTTP/1.1\r\n" + lines + b"0\r\n\r\n" + AHEAD)
    assert answer.startswith(b"HTTP/1.1 400")
    assert HEALTHY not in answer
