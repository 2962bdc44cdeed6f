"""Guarded connections of a real server; time passes when a test says so.

Only who reads slowly, or not at all, is watched by the clock on the wall, with a limit small
enough to be waited for: how fast bytes move is for the kernel to say.

Both of uvicorn's protocols: httptools where wheels exist, h11 on armv7.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import uvicorn
from support.clocked import Clock
from support.served import received, until
from support.threaded import running
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from proxy.connections import REQUEST_MOST_S, Gate, guarded

BOUND_S = 5.0
SHORT_S, BRIEF_S = 0.3, 0.1
AGES_S = 3 * REQUEST_MOST_S
"""Longer than any request may take, and no reason to end who has asked."""
LARGE = 4_000_000
"""More than kernels hold on the way."""
TIMES, EVENTS = 40, {"/stream": b"a" * 400_000, "/calm": b"a" * 400}
"""So many take twice as long as a client may let its answers lie."""
ASK = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"
ANSWERED = b"\r\n\r\nhere"

Serve = Callable[..., int]


async def stream(send: Any, event: bytes) -> None:
    """Send event after event for a while, as a stream does that nothing ends."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(TIMES):
        await send({"type": "http.response.body", "body": event, "more_body": True})
        await asyncio.sleep(2 * BRIEF_S / TIMES)
    await send({"type": "http.response.body", "body": ANSWERED})


def application(clock: Clock | None) -> Any:
    """Answer; a path that says so waits first, longer than any request may take."""

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/slow":
            assert clock is not None
            await clock.sleep(AGES_S)
        if scope["path"] == "/early":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        while (await receive()).get("more_body"):
            pass
        if scope["path"] in EVENTS:
            await stream(send, EVENTS[scope["path"]])
            return
        body = b"here" * (LARGE if scope["path"] == "/large" else 1)
        headers = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return answer


@pytest.fixture(params=[HttpToolsProtocol, H11Protocol])
def serve(request: pytest.FixtureRequest) -> Iterator[Serve]:
    with ExitStack() as stack:

        def start(gate: Gate, clock: Clock | None = None) -> int:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            protocol = clock.over(request.param) if clock else request.param
            config = uvicorn.Config(
                application(clock),
                http=guarded(protocol, gate),
                timeout_keep_alive=10 * int(AGES_S),  # uvicorn's own; the gate is judged here
                h11_max_incomplete_event_size=gate.head_most,
                lifespan="off",
                ws="none",
                log_config=None,
                timeout_graceful_shutdown=1,
            )
            server = uvicorn.Server(config)
            return stack.enter_context(running(server, listener))

        yield start


@pytest.fixture
def connect() -> Iterator[Callable[[int], socket.socket]]:
    with ExitStack() as stack:
        yield lambda port: stack.enter_context(
            socket.create_connection(("127.0.0.1", port), timeout=BOUND_S)
        )


@pytest.fixture
def clock() -> Clock:
    return Clock()


def _answer(connection: socket.socket) -> bytes:
    data = b""
    while not data.endswith(ANSWERED):
        more = connection.recv(65536)
        assert more, "closed before it had answered"
        data += more
    return data


def _runs_out(clock: Clock, gate: Gate) -> None:
    """Let the limit pass: the connection is held until then, and no longer."""
    clock.advance(REQUEST_MOST_S - 1)
    assert len(gate) == 1, "closed before its time"
    clock.advance(1)
    until(lambda: len(gate) == 0, BOUND_S)


def test_the_usual_limit_is_fifteen_seconds() -> None:
    assert Gate().request_most_s == REQUEST_MOST_S == 15.0


@pytest.mark.parametrize(
    "begun",
    [b"", b"G", ASK[:-2], b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\nab"],
)
def test_who_does_not_finish_a_request_is_closed(
    serve: Serve, connect: Any, clock: Clock, begun: bytes
) -> None:
    gate = Gate()
    connection = connect(serve(gate, clock))
    connection.sendall(begun)
    until(lambda: len(gate) == 1)
    clock.has_heard(len(begun))
    _runs_out(clock, gate)
    assert ANSWERED not in received(connection)


def test_who_does_not_finish_a_second_request_is_closed_as_well(
    serve: Serve, connect: Any, clock: Clock
) -> None:
    gate = Gate()
    connection = connect(serve(gate, clock))
    connection.sendall(ASK)
    _answer(connection)
    connection.sendall(ASK[:-2])
    clock.has_heard(len(ASK + ASK[:-2]))
    _runs_out(clock, gate)
    assert received(connection) == b""


@pytest.mark.parametrize("ahead", [True, False])
@pytest.mark.parametrize("begun", [b"", b"ab"])
def test_a_body_that_never_comes_holds_no_place_on_a_connection_that_was_used(
    serve: Serve, connect: Any, clock: Clock, begun: bytes, *, ahead: bool
) -> None:
    gate = Gate()
    connection = connect(serve(gate, clock))
    post = b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\n" + begun
    if ahead:
        connection.sendall(ASK + post)
        _answer(connection)
    else:
        connection.sendall(ASK)
        _answer(connection)
        connection.sendall(post)
    clock.has_heard(len(ASK + post))
    _runs_out(clock, gate)
    assert received(connection) == b""


@pytest.mark.parametrize("ahead", [True, False])
def test_a_body_that_comes_in_time_is_read_on_a_connection_that_was_used(
    serve: Serve, connect: Any, clock: Clock, *, ahead: bool
) -> None:
    connection = connect(serve(Gate(), clock))
    post = b"POST /slow HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\n"
    connection.sendall(ASK + post if ahead else ASK)
    _answer(connection)
    connection.sendall(b"ab" if ahead else post + b"ab")
    clock.has_heard(len(ASK + post + b"ab"))
    clock.advance(REQUEST_MOST_S - 1)
    connection.sendall(b"cd")
    clock.has_heard(len(ASK + post + b"abcd"))
    clock.advance(AGES_S)
    assert _answer(connection).startswith(b"HTTP/1.1 200")
    clock.advance(AGES_S)
    connection.sendall(ASK)
    assert _answer(connection).startswith(b"HTTP/1.1 200")


def test_dripping_bytes_win_no_time(serve: Serve, connect: Any, clock: Clock) -> None:
    gate = Gate()
    connection = connect(serve(gate, clock))
    head = b"GET / HTTP/1.1\r\nX: "
    connection.sendall(head)
    for second in range(1, int(REQUEST_MOST_S)):
        connection.sendall(b"a")
        clock.has_heard(len(head) + second)
        clock.advance(1)
    assert len(gate) == 1, "closed before its time"
    clock.advance(1)
    assert received(connection) == b""


def test_time_does_not_run_while_an_answer_is_made(
    serve: Serve, connect: Any, clock: Clock
) -> None:
    connection = connect(serve(Gate(), clock))
    connection.sendall(ASK.replace(b" / ", b" /slow "))
    clock.has_sleepers()
    clock.advance(AGES_S)
    assert _answer(connection).startswith(b"HTTP/1.1 200")


def test_requests_sent_ahead_may_take_longer_than_one_together(
    serve: Serve, connect: Any, clock: Clock
) -> None:
    connection = connect(serve(Gate(), clock))
    connection.sendall(2 * ASK.replace(b" / ", b" /slow "))
    data = b""
    while data.count(b"here") < 2:
        clock.has_sleepers()
        clock.advance(AGES_S)
        more = connection.recv(65536)
        assert more, "closed before it had answered both"
        data += more
    clock.advance(AGES_S)
    connection.sendall(ASK)
    assert _answer(connection).startswith(b"HTTP/1.1 200")


def test_who_does_not_read_is_closed(serve: Serve, connect: Any) -> None:
    gate = Gate(request_most_s=SHORT_S)
    connection = connect(serve(gate))
    connection.sendall(2 * ASK.replace(b" / ", b" /large "))
    until(lambda: len(gate) == 1)
    until(lambda: len(gate) == 0, BOUND_S)


def test_who_reads_slowly_but_reads_may_stay(serve: Serve, connect: Any) -> None:
    gate = Gate(request_most_s=SHORT_S)
    connection = connect(serve(gate))
    connection.sendall(ASK.replace(b" / ", b" /large "))
    data = b""
    while not data.endswith(ANSWERED) and len(data) < 4 * LARGE:
        data += connection.recv(400_000)
        time.sleep(SHORT_S / 10)
    assert len(data) > 4 * LARGE


def test_a_stream_that_is_read_goes_on_and_makes_no_room_for_others(
    serve: Serve, connect: Any
) -> None:
    gate = Gate(most=2, request_most_s=BRIEF_S)
    port = serve(gate)
    connection = connect(port)
    connection.sendall(ASK.replace(b" / ", b" /calm "))
    assert connection.recv(10)
    idle = connect(port)
    until(lambda: len(gate) == 2)
    connect(port).close()
    assert received(idle) == b""
    data = b""
    while ANSWERED not in data:
        more = connection.recv(65536)
        assert more, "closed before its end"
        data += more


def test_a_stream_that_nobody_reads_is_closed_though_it_goes_on(serve: Serve, connect: Any) -> None:
    gate = Gate(request_most_s=BRIEF_S)
    connection = connect(serve(gate))
    connection.sendall(ASK.replace(b" / ", b" /stream "))
    until(lambda: len(gate) == 1)
    until(lambda: len(gate) == 0, BOUND_S)
    assert ANSWERED not in received(connection)


def test_who_does_not_read_makes_room_before_the_others(serve: Serve, connect: Any) -> None:
    gate = Gate(most=2)
    port = serve(gate)
    deaf = [connect(port) for _ in range(2)]
    for connection in deaf:
        connection.sendall(2 * ASK.replace(b" / ", b" /large "))
    newcomer = None

    def served() -> bool:
        nonlocal newcomer
        newcomer = connect(port)
        try:
            newcomer.sendall(ASK)
            return _answer(newcomer).startswith(b"HTTP/1.1 200")
        except (ConnectionError, AssertionError):
            return False

    until(served, BOUND_S)


def test_an_idle_connection_that_has_asked_may_stay(
    serve: Serve, connect: Any, clock: Clock
) -> None:
    connection = connect(serve(Gate(), clock))
    connection.sendall(ASK)
    _answer(connection)
    clock.advance(AGES_S)
    connection.sendall(ASK)
    assert _answer(connection).startswith(b"HTTP/1.1 200")


def test_a_head_beyond_the_cap_is_431(serve: Serve, connect: Any) -> None:
    connection = connect(serve(Gate(head_most=1000)))
    connection.sendall(ASK)
    _answer(connection)
    connection.sendall(ASK[:-2] + b"X: " + b"a" * 1000)
    assert received(connection).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize(
    "bad", [ASK[:-2] + b"X: " + b"a" * 2000, b"\0\r\n\r\n"], ids=["too large", "no request"]
)
def test_what_is_refused_behind_a_request_waits_for_its_answer(
    serve: Serve, connect: Any, clock: Clock, bad: bytes
) -> None:
    port = serve(Gate(head_most=1000), clock)
    connection, later = connect(port), connect(port)
    connection.sendall(ASK.replace(b" / ", b" /slow "))
    clock.has_sleepers()
    connection.sendall(bad)
    later.sendall(ASK)
    _answer(later)  # so the other has been heard as well
    clock.advance(AGES_S)
    heard = received(connection)
    assert heard.startswith(b"HTTP/1.1 200")
    assert ANSWERED in heard


CHUNKED = b"POST %s HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_a_body_that_breaks_is_refused(serve: Serve, connect: Any) -> None:
    connection = connect(serve(Gate()))
    connection.sendall(CHUNKED % b"/" + b"not a size\r\n")
    assert received(connection).startswith(b"HTTP/1.1 400 ")


def test_a_body_that_breaks_is_not_refused_within_the_answer_that_has_begun(
    serve: Serve, connect: Any
) -> None:
    connection = connect(serve(Gate()))
    connection.sendall(CHUNKED % b"/early")
    heard = b""
    while b"begun" not in heard:
        heard += connection.recv(65536)
    connection.sendall(b"not a size\r\n")
    heard += received(connection)
    assert heard.count(b"HTTP/1.1") == 1


def test_a_body_that_breaks_is_not_refused_before_the_answer_that_is_owed(
    serve: Serve, connect: Any, clock: Clock
) -> None:
    connection = connect(serve(Gate(), clock))
    connection.sendall(ASK.replace(b" / ", b" /slow "))
    clock.has_sleepers()
    behind = CHUNKED % b"/" + b"not a size\r\n"
    connection.sendall(behind)
    clock.has_heard(len(ASK.replace(b" / ", b" /slow ") + behind))
    clock.advance(AGES_S)
    assert not received(connection).startswith(b"HTTP/1.1 400")


def test_many_small_requests_are_not_one_large_head(serve: Serve, connect: Any) -> None:
    connection = connect(serve(Gate(head_most=1000)))
    for _ in range(100):
        connection.sendall(ASK)
        assert _answer(connection).startswith(b"HTTP/1.1 200")


def test_the_connection_that_was_idle_longest_makes_room(serve: Serve, connect: Any) -> None:
    gate = Gate(most=3)
    port = serve(gate)
    held = []
    for _ in range(3):
        held.append(connect(port))
        until(lambda: len(gate) == len(held))
    held[0].sendall(ASK)
    _answer(held[0])
    newcomer = connect(port)
    newcomer.sendall(ASK)
    assert _answer(newcomer).startswith(b"HTTP/1.1 200")
    assert received(held[1]) == b"", "not the first: it was used since"
    assert len(gate) == 3


def test_a_closed_connection_is_forgotten(serve: Serve, connect: Any) -> None:
    gate = Gate()
    port = serve(gate)
    connection = connect(port)
    until(lambda: len(gate) == 1)
    connection.close()
    until(lambda: len(gate) == 0)
