"""What a client may do to the server before it has asked anything.

uvicorn bounds idle keep-alive connections only. Here: 32 KB of headers, 15 s to a complete
request and to read what was answered, 32 requests sent ahead, and 512 connections (more for more
streams), of which the longest idle makes room for a new one: a swarm of silent sockets shuts
nobody out.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sized
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from .joined import Joined

HEAD_MOST = 32 * 1024
REQUEST_MOST_S = 15.0
CONNECTIONS_MOST = 512
BESIDE_STREAMS = 256
AHEAD_MOST = 32
UNSENT_MOST = 32 * 1024
_HEAD_END = b"\r\n\r\n"
_END = b"Content-Length: 0\r\nConnection: close\r\n\r\n"
_BROKEN = b"HTTP/1.1 400 Bad Request\r\n" + _END
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\n" + _END


class Entrant(Protocol):
    """What may pass a gate.

    Attributes:
        busy: Whether it has to be let finish.
    """

    @property
    def busy(self) -> bool: ...  # noqa: D102 - above

    def drop(self) -> None:
        """End it at once."""


def connections_most(streams: int) -> int:
    """How many connections there may be where so many streams may be open.

    An open stream is never idle, so it makes no room: whatever PW_MAX_STREAMS is, as many places
    are left for all others as there are beside its default of 256.
    """
    return max(CONNECTIONS_MOST, streams + BESIDE_STREAMS)


def keep_unsent_small(listener: socket.socket) -> None:
    """Have the kernel hold little that the other side of an accepted connection does not take.

    Else it takes megabytes for each, and a stream that nobody reads, as of a tablet that was
    switched off, would go on until they are full: the limit begins when nothing more is taken.
    """
    with suppress(OSError):  # only Linux has it for every kind of socket that we have
        # Connections inherit it; set on each of them it would cost each of them.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_MOST)


@dataclass(slots=True)
class Gate:
    """The open connections of one server, the longest idle first."""

    most: int = CONNECTIONS_MOST
    head_most: int = HEAD_MOST
    request_most_s: float = REQUEST_MOST_S
    _open: dict[Entrant, None] = field(default_factory=dict)

    def enter(self, connection: Entrant) -> None:
        """Admit a connection; beyond the cap the longest idle one is dropped."""
        if len(self._open) >= self.most:
            idle = next((one for one in self._open if not one.busy), connection)
            idle.drop()
            self.leave(idle)
            if idle is connection:
                return
        self._open[connection] = None

    def touch(self, connection: Entrant) -> None:
        """Note that a connection was used."""
        if connection in self._open:
            del self._open[connection]
            self._open[connection] = None

    def leave(self, connection: Entrant) -> None:
        """Forget a connection."""
        self._open.pop(connection, None)

    def __len__(self) -> int:
        """Count the open connections."""
        return len(self._open)


class _Cycle(Protocol):
    more_body: bool
    message_event: asyncio.Event
    response_started: bool
    response_complete: bool
    keep_alive: bool
    disconnected: bool


class Guarded:
    """Mixed over one of uvicorn's HTTP protocols; see guarded().

    Rule: uvicorn makes a new `cycle` when a request's head is complete, and clears its
    `more_body` when the body is. Everything here is read off these two.

    Attributes:
        spent_s: What a TLS handshake has taken of the first 15 s.
    """

    gate: Gate
    cycle: _Cycle | None
    pipeline: Sized = ()
    loop: asyncio.AbstractEventLoop
    transport: Joined
    spent_s = 0.0
    _answering: _Cycle | None = None
    _head_bytes = 0
    _deadline: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None
    _unread_bytes = 0

    @property
    def owes(self) -> bool:
        """Whether a request is being answered."""
        return self.cycle is not None and not self.cycle.response_complete

    @property
    def busy(self) -> bool:
        """Whether it has to be let finish: who does not read its answers need not be."""
        return self.owes and self._unread is None

    def connection_made(self, transport: Any) -> None:
        """Admit the connection and give it 15 s to ask something."""
        super().connection_made(Joined(transport, self.loop))  # type: ignore[misc]
        self._start_clock(self.spent_s)
        self.gate.enter(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_clock()
        self._stop_waiting()
        self._give_up()
        self.gate.leave(self)
        super().connection_lost(exc)  # type: ignore[misc]

    def data_received(self, data: bytes) -> None:
        """Pass data on, unless a head has grown too large."""
        before = self.cycle
        if self._grown_too_large(data, before):
            self._refuse(_TOO_LARGE)
            return
        reading_body = before is not None and before.more_body
        super().data_received(data)  # type: ignore[misc]
        if self.cycle is not before:
            self._head_bytes = 0
            self.gate.touch(self)
        self._watch(moved=reading_body or self.cycle is not before)

    def eof_received(self) -> None:
        """Send what is held: the loop closes for who sends no more, and asks nobody."""
        self.transport.flush()
        super().eof_received()  # type: ignore[misc]

    def pause_writing(self) -> None:
        """Give a client that does not read 15 s: its unread answers keep its place."""
        super().pause_writing()  # type: ignore[misc]
        self._wait_for_reader()

    def resume_writing(self) -> None:
        """Go on: it reads."""
        self._stop_waiting()
        super().resume_writing()  # type: ignore[misc]

    def _wait_for_reader(self) -> None:
        self._unread_bytes = self.transport.get_write_buffer_size()
        self._unread = self.loop.call_later(self.gate.request_most_s, self._look_for_reader)

    def _look_for_reader(self) -> None:
        """End the connection of a client that has read nothing; a slow one may go on."""
        if self.transport.get_write_buffer_size() >= self._unread_bytes:
            self.drop()
        else:
            self._wait_for_reader()

    def on_message_begin(self) -> None:
        """Refuse to hold thousands of requests sent ahead; only httptools parses them all."""
        if len(self.pipeline) >= AHEAD_MOST:
            raise OverflowError
        super().on_message_begin()  # type: ignore[misc]

    def on_message_complete(self) -> None:
        """Note the end of a body also where the answer came first; uvicorn does not."""
        super().on_message_complete()  # type: ignore[misc]
        if self.cycle is not None:
            self.cycle.more_body = False

    def on_response_complete(self) -> None:
        """Watch the request that was sent ahead: h11 takes it up here, perhaps without its body."""
        before = self.cycle
        super().on_response_complete()  # type: ignore[misc]
        if self.cycle is not before:
            self._watch(moved=True)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's
        """Refuse what is no request."""
        self._refuse(_BROKEN)

    def drop(self) -> None:
        """End the connection at once."""
        self._stop_clock()
        self.transport.abort()

    def _refuse(self, answer: bytes) -> None:
        """End the connection, behind what is owed to whole requests; never answer out of turn."""
        cycle = self.cycle
        if cycle is not None and self.owes and not cycle.more_body:
            cycle.keep_alive = False  # the last that is owed closes
            return
        if cycle is None or not cycle.more_body or self._is_its_turn(cycle):
            self.transport.write(answer)
        self._give_up()
        self.transport.close()

    def _is_its_turn(self, cycle: _Cycle) -> bool:
        """Whether an answer to this request, whose body broke, would be taken for just that."""
        return not self.pipeline and not cycle.response_started

    def _start_asgi_task(self, cycle: _Cycle, app: Any) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)  # type: ignore[misc]

    def _give_up(self) -> None:
        """Write no more: uvicorn tells only the last of the requests sent ahead.

        A stream behind which something was sent would go on for ever.
        """
        for cycle in (self._answering, self.cycle):
            if cycle is not None:
                cycle.disconnected = True
                cycle.message_event.set()

    def _watch(self, *, moved: bool) -> None:
        """Let the clock run exactly while a request is incomplete."""
        lacks_body = self.cycle is not None and self.cycle.more_body
        if moved and self.cycle is not None and not lacks_body:
            self._stop_clock()
        elif self._deadline is None and (lacks_body or not self.owes):
            # While an answer to all of a request is owed nothing is awaited: h11 takes up what
            # was sent ahead outside data_received, and nobody would stop the clock.
            self._start_clock()

    def _grown_too_large(self, data: bytes, cycle: _Cycle | None) -> bool:
        if cycle is not None and cycle.more_body:
            return False
        end = data.find(_HEAD_END)
        self._head_bytes += len(data) if end < 0 else end
        return self._head_bytes > self.gate.head_most

    def _start_clock(self, spent_s: float = 0.0) -> None:
        self._deadline = self.loop.call_later(self.gate.request_most_s - spent_s, self.drop)

    def _stop_waiting(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def guarded(protocol: type[asyncio.Protocol], gate: Gate) -> type[asyncio.Protocol]:
    """Return a uvicorn protocol class whose connections pass a gate."""
    return type(f"Guarded{protocol.__name__}", (Guarded, protocol), {"gate": gate})
