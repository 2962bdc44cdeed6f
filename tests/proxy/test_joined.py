"""What leaves together, and in which order, on a transport that notes it."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest
from support.peer import RESETS

from proxy.joined import Joined


class Noting:
    """A transport that notes what is done with it; of `unsent` bytes nobody has taken any yet."""

    def __init__(self, **told: Any) -> None:
        self.done: list[bytes | str] = []
        self.told = told
        self.unsent = 0

    def write(self, data: bytes) -> None:
        self.done.append(data)
        self.while_writing()

    def while_writing(self) -> None:
        """What a protocol does that is told to pause."""

    def close(self) -> None:
        self.done.append("close")

    def abort(self) -> None:
        self.done.append("abort")

    def is_closing(self) -> bool:
        return "close" in self.done

    def pause_reading(self) -> None:
        self.done.append("pause")

    def resume_reading(self) -> None:
        self.done.append("resume")

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def get_extra_info(self, name: str, default: object = None) -> object:
        return self.told.get(name, default)


class Turns:
    """A loop that turns when it is told to."""

    def __init__(self) -> None:
        self._due: list[Any] = []

    def call_soon(self, call: Any) -> None:
        self._due.append(call)

    def turn(self) -> None:
        due, self._due = self._due, []
        for call in due:
            call()


@pytest.fixture
def loop() -> Turns:
    return Turns()


@pytest.fixture
def below() -> Noting:
    return Noting()


@pytest.fixture
def joined(below: Noting, loop: Turns) -> Any:
    return Joined(below, loop)  # type: ignore[arg-type]


def test_head_and_body_leave_together(joined: Any, below: Noting, loop: Turns) -> None:
    joined.write(b"head ")
    assert below.done == []
    joined.write(b"body")
    assert below.done == [b"head body"]
    loop.turn()
    assert below.done == [b"head body"]


def test_a_head_without_a_body_leaves_as_soon_as_the_loop_turns(
    joined: Any, below: Noting, loop: Turns
) -> None:
    joined.write(b"head")
    loop.turn()
    joined.write(b"a frame, later")
    loop.turn()
    assert below.done == [b"head", b"a frame, later"]


def test_answers_sent_ahead_keep_their_order(joined: Any, below: Noting, loop: Turns) -> None:
    for part in (b"a", b"A", b"b", b"", b"c"):
        joined.write(part)
    loop.turn()
    assert b"".join(below.done) == b"aAbc"  # type: ignore[arg-type]


def test_what_is_held_is_sent_before_the_end_but_not_before_an_abort(
    joined: Any, below: Noting, loop: Turns
) -> None:
    joined.write(b"last words")
    joined.close()
    assert joined.is_closing()
    joined.write(b"never")
    joined.abort()
    loop.turn()
    assert below.done == [b"last words", "close", "abort"]


def test_what_is_held_for_who_is_gone_when_the_loop_turns_is_dropped(
    joined: Any, below: Noting, loop: Turns
) -> None:
    joined.write(b"head")
    below.close()
    loop.turn()
    assert below.done == ["close"]
    assert joined.get_write_buffer_size() == 0


def test_what_is_held_counts_as_not_taken(joined: Any, below: Noting, loop: Turns) -> None:
    below.unsent = 5
    joined.write(b"abc")
    assert joined.get_write_buffer_size() == 8
    loop.turn()
    assert joined.get_write_buffer_size() == 5


def test_what_is_held_is_not_counted_twice_while_it_is_written(
    joined: Any, below: Noting, loop: Turns
) -> None:
    """Who is told to pause asks at once, and again 15 s later, whether any of it was taken."""
    counted: list[int] = []
    below.while_writing = lambda: counted.append(joined.get_write_buffer_size())  # type: ignore[method-assign]
    joined.write(b"head")
    joined.write(b"body")
    joined.write(b"frame")
    loop.turn()
    assert counted == [0, 0]


def test_reading_is_paused_below(joined: Any, below: Noting) -> None:
    joined.pause_reading()
    joined.resume_reading()
    assert below.done == ["pause", "resume"]


@pytest.mark.parametrize(
    ("peer", "told"),
    [
        (("192.0.2.7", 40000), ("192.0.2.7", 40000)),
        # uvicorn wants two: flow and scope would cost an IPv6 client its address.
        (("2001:db8::7", 40000, 0, 0), ("2001:db8::7", 40000)),
        ("", ""),  # a socket that has a path instead
        (None, None),
    ],
)
def test_the_other_end_is_told_in_two_parts(peer: object, told: object, loop: Turns) -> None:
    below = Noting(peername=peer, socket=object(), sockname=("192.0.2.1", 1), sslcontext="tls")
    joined = Joined(below, loop)  # type: ignore[arg-type]
    assert joined.get_extra_info("peername") == told
    assert joined.get_extra_info("sslcontext") == "tls"
    assert [joined.get_extra_info(name) for name in ("socket", "sockname")] == [None, None]


def test_who_has_gone_before_it_was_accepted_has_no_name() -> None:
    uvloop = pytest.importorskip("uvloop")
    told: list[object] = []

    class Asks(asyncio.Protocol):
        def connection_made(self, transport: Any) -> None:
            told.append(Joined(transport, loop).get_extra_info("peername"))
            transport.close()

        def connection_lost(self, _: Exception | None) -> None:
            loop.stop()

    loop = uvloop.new_event_loop()
    loop.call_later(10, loop.stop)
    try:
        server = loop.run_until_complete(loop.create_server(Asks, "127.0.0.1", 0))
        with socket.create_connection(server.sockets[0].getsockname()) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESETS)
        loop.run_forever()
        server.close()
    finally:
        loop.close()
    assert told == [None]
