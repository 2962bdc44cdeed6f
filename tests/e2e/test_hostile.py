"""Clients with bad intentions, or bad programmers: a clean refusal, and nobody else suffers."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from support.served import PASSWORD, Served, received, request

from proxy.connections import CONNECTIONS_MOST, HEAD_MOST
from proxy.routes import COMMANDS, LIVE, PAGES, VIEWS
from simulator.gateway import Simulator

END = b"Host: test\r\nConnection: close\r\n\r\n"
PATHS = [row.path for row in (*VIEWS, *LIVE, *PAGES)]
TAKING = {row.path for row in COMMANDS}
STRANGE_PATHS = [
    b"//soe",
    b"/soe/",
    b"/%73oe",
    b"/soe%00",
    b"/soe%2f",
    b"/./soe",
    b"/../soe",
    b"/aggregates/../soe",
    b"/soe/.",
    b"\\soe",
    b"/\\soe",
    b"/SOE",
    b"/soe;x",
    b"/{path}",
    b"soe",
    b"*",
    b"/so\0e",
    b"/s\xc3\xb6e",
    b"/soe\x7f",
    b"/" + b"a" * 65536,
    b"http://test//soe",
    b"http://test/nowhere",
    b"http://[::1/soe",
    b"/api/login/Basic",
    b"/api/sitemaster/run",
    b"/api/powerwalls/update",
]
BROKEN = {
    "no version": b"GET /soe\r\n\r\n",
    "HTTP/0.9 by name": b"GET /soe HTTP/0.9\r\n" + END,
    "HTTP/2 without a word": b"GET /soe HTTP/2.0\r\n" + END,
    "HTTP/3": b"GET /soe HTTP/3.0\r\n" + END,
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64) + b"\r\n\r\n",
    "noise": bytes(range(256)),
    "a method nobody knows": b"FROBNICATE /soe HTTP/1.1\r\n" + END,
    "a small method": b"get /soe HTTP/1.1\r\n" + END,
    "two lengths": b"POST /soe HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n"
    + END
    + b"abc",
    "length and chunks": (
        b"POST /soe HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n"
        + END
        + b"0\r\n\r\n"
    ),
    "a negative length": b"POST /soe HTTP/1.1\r\nContent-Length: -1\r\n" + END,
    "a header without a name": b"GET /soe HTTP/1.1\r\n: x\r\n" + END,
    "a blank before the colon": b"GET /soe HTTP/1.1\r\nX : x\r\n" + END,
    "one endless line": b"GET /soe HTTP/1.1\r\nX: " + b"a" * (HEAD_MOST + 1024) + b"\r\n" + END,
    "very many headers": b"GET /soe HTTP/1.1\r\n" + b"X: a\r\n" * 6000 + END,
}


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator(frozen=True, password=PASSWORD) as sim:
        yield sim


@pytest.fixture(scope="module")
def served(sim: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    settings = {"PW_HOST": sim.address, "PW_PASSWORD": PASSWORD, "PW_CACHE_EXPIRE": "600"}
    with Served(tmp_path_factory.mktemp("hostile"), **settings) as served:
        served.known("/soe")
        yield served


@pytest.fixture(autouse=True)
def unharmed(sim: Simulator, served: Served) -> Iterator[None]:
    """After each attack: the log is as it was, the gateway heard nothing, others are served."""
    asked, log = sim.counters.snapshot()["total"], served.log
    yield
    assert served.log == log
    assert sim.counters.snapshot()["total"] == asked
    assert served.get("/soe").document == {"percentage": 50}


@pytest.mark.parametrize("target", STRANGE_PATHS, ids=lambda target: repr(target[:30]))
def test_only_the_very_bytes_of_a_route_are_a_route(served: Served, target: bytes) -> None:
    answer = served.send(b"GET " + target + b" HTTP/1.1\r\n" + END)
    assert _status(answer) in {400, 404, 414, 431}
    assert answer.count(b"HTTP/1.1") == 1
    assert b"percentage" not in answer


@pytest.mark.parametrize(
    "target", [b"/soe?", b"/soe?x=1&%00", b"/soe#part", b"/soe?" + b"a" * 20_000]
)
def test_a_query_changes_nothing(served: Served, target: bytes) -> None:
    answer = served.send(b"GET " + target + b" HTTP/1.1\r\n" + END)
    assert _status(answer) == 200
    assert answer.endswith(b'{"percentage": 50}')


def test_an_absolute_form_is_the_route_it_names_or_none(served: Served) -> None:
    answer = served.send(b"GET http://test/soe HTTP/1.1\r\n" + END)
    assert _status(answer) in {200, 400, 404}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_request_is_refused_or_closed(served: Served, name: str) -> None:
    answer = served.send(BROKEN[name])
    assert answer == b"" or 400 <= _status(answer) < 500


def test_headers_beyond_32_kb_are_too_large_and_just_below_are_fine(served: Served) -> None:
    line = b"GET /soe HTTP/1.1\r\nX: "
    fits = HEAD_MOST - len(line) - len(b"\r\n") - len(END)
    assert _status(served.send(line + b"a" * fits + b"\r\n" + END)) == 200
    assert _status(served.send(line + b"a" * (fits + 1024) + b"\r\n" + END)) == 431


def test_headers_that_grow_in_small_pieces_are_too_large_as_well(served: Served) -> None:
    with served.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            connection.sendall(b"GET /soe HTTP/1.1\r\n")
            for number in range(HEAD_MOST // 1000 + 2):
                connection.sendall(b"X-%d: %s\r\n" % (number, b"a" * 1000))
        except ConnectionError:
            pass  # closed before all was sent
        answer = received(connection)
    assert answer == b"" or _status(answer) == 431


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE"])
def test_a_route_that_is_read_takes_nothing_else(served: Served, method: str, path: str) -> None:
    reply = request(served.port, path, method=method, body=b'{"real_mode": "backup"}')
    if method == "POST" and path in TAKING:
        assert (reply.status, reply.document["error"][:25]) == (400, "Control Commands Disabled")
        return
    assert reply.status == 405
    allowed = {name.strip() for name in reply.headers["Allow"].split(",")}
    taken = {"POST"} if path in TAKING else set()
    assert {"GET", "HEAD"} | taken <= allowed <= {"GET", "HEAD", "OPTIONS"} | taken
    is_ours = path.startswith("/api/v1/")
    kind = "application/problem+json" if is_ours else "application/json"
    assert reply.headers["Content-Type"] == kind
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert ("detail" if is_ours else "error") in reply.document


def test_an_unknown_path_is_404_in_json(served: Served) -> None:
    reply = served.get("/nowhere")
    assert reply.status == 404
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert "error" in reply.document
    assert "server" not in {name.lower() for name in reply.headers}


def test_a_large_body_is_refused_before_it_is_read(served: Served) -> None:
    head = b"POST /soe HTTP/1.1\r\nContent-Length: 1000000000\r\n" + END
    assert _status(served.send(head + b"a" * 1000)) == 405


def test_pipelined_requests_are_answered_in_order(served: Served) -> None:
    paths = [b"/soe", b"/nowhere", b"/healthz", b"/soe"]
    asked = b"".join(b"GET %s HTTP/1.1\r\nHost: test\r\n\r\n" % path for path in paths)
    answer = served.send(asked + b"GET /api/system_status/soe HTTP/1.1\r\n" + END)
    parts = answer.split(b"HTTP/1.1 ")[1:]
    assert [part[:3] for part in parts] == [b"200", b"404", b"200", b"200", b"200"]
    soe = b'{"percentage": 50}'
    bodies = [part.partition(b"\r\n\r\n")[2] for part in parts]
    assert bodies[0] == bodies[3] == soe
    assert bodies[2] == b'{"status": "ok"}'
    assert bodies[4].startswith(b'{"percentage": 47.3')


def test_six_hundred_idle_sockets_keep_nobody_out(served: Served) -> None:
    with ExitStack() as stack:
        idle = [stack.enter_context(served.connect()) for _ in range(600)]
        for _ in range(3):
            assert served.get("/soe").document == {"percentage": 50}
        made_room = len(idle) - CONNECTIONS_MOST
        assert [received(one) for one in idle[:made_room]] == [b""] * made_room, "oldest first"


def test_a_connection_that_is_used_is_not_the_one_that_makes_room(served: Served) -> None:
    with ExitStack() as stack:
        regular = stack.enter_context(served.connect())
        for _ in range(3):
            for _ in range(CONNECTIONS_MOST // 2):
                stack.enter_context(served.connect())
            regular.sendall(b"HEAD /healthz HTTP/1.1\r\nHost: test\r\n\r\n")
            assert regular.recv(65536).startswith(b"HTTP/1.1 200")


def test_clients_that_leave_at_once_leave_no_trace(served: Served) -> None:
    for _ in range(50):
        with served.connect() as connection:
            connection.sendall(b"GET /soe HTTP/1.1\r\nHost: test\r\n\r\n")
            connection.shutdown(socket.SHUT_RDWR)


def _status(answer: bytes) -> int:
    assert answer.startswith(b"HTTP/1.1 "), answer[:100]
    return int(answer[9:12])
