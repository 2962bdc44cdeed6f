"""What a client may do to the server before it has asked anything.

uvicorn bounds idle keep-alive connections only. Here: 32 KB of headers, 15 s to a complete
request, and 512 connections, of which the longest idle makes room for a new one: a swarm of
silent sockets shuts nobody out.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, Protocol

HEAD_MOST = 32 * 1024
REQUEST_MOST_S = 15.0
CONNECTIONS_MOST = 512
_HEAD_END = b"\r\n\r\n"
_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"Content-Length: 0\r\nConnection: close\r\n\r\n"
)


@dataclass(slots=True)
class Gate:
    """The open connections of one server, the longest idle first."""

    most: int = CONNECTIONS_MOST
    head_most: int = HEAD_MOST
    request_most_s: float = REQUEST_MOST_S
    _open: dict[Guarded, None] = field(default_factory=dict)

    def enter(self, connection: Guarded) -> None:
        """Admit a connection; beyond the cap the longest idle one is dropped."""
        if len(self._open) >= self.most:
            idle = next((one for one in self._open if not one.busy), connection)
            idle.drop()
            self.leave(idle)
            if idle is connection:
                return
        self._open[connection] = None

    def touch(self, connection: Guarded) -> None:
        """Note that a connection was used."""
        if connection in self._open:
            del self._open[connection]
            self._open[connection] = None

    def leave(self, connection: Guarded) -> None:
        """Forget a connection."""
        self._open.pop(connection, None)

    def __len__(self) -> int:
        """Count the open connections."""
        return len(self._open)


class _Cycle(Protocol):
    more_body: bool
    response_complete: bool


class Guarded:
    """Mixed over one of uvicorn's HTTP protocols; see guarded().

    Rule: uvicorn makes a new `cycle` when a request's head is complete, and clears its
    `more_body` when the body is. Everything here is read off these two.
    """

    gate: Gate
    cycle: _Cycle | None
    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    _head_bytes = 0
    _deadline: asyncio.TimerHandle | None = None

    @property
    def busy(self) -> bool:
        """Whether a request is being answered."""
        return self.cycle is not None and not self.cycle.response_complete

    def connection_made(self, transport: Any) -> None:
        """Admit the connection and give it 15 s to ask something."""
        super().connection_made(transport)  # type: ignore[misc]
        self._start_clock()
        self.gate.enter(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_clock()
        self.gate.leave(self)
        super().connection_lost(exc)  # type: ignore[misc]

    def data_received(self, data: bytes) -> None:
        """Pass data on, unless a head has grown too large."""
        before = self.cycle
        if self._grown_too_large(data, before):
            self.transport.write(_TOO_LARGE)
            self.transport.close()
            return
        reading_body = before is not None and before.more_body
        super().data_received(data)  # type: ignore[misc]
        if self.cycle is not before:
            self._head_bytes = 0
            self.gate.touch(self)
        self._watch(moved=reading_body or self.cycle is not before)

    def drop(self) -> None:
        """End the connection at once."""
        self._stop_clock()
        self.transport.abort()

    def _watch(self, *, moved: bool) -> None:
        """Let the clock run exactly while a request is incomplete."""
        if moved and self.cycle is not None and not self.cycle.more_body:
            self._stop_clock()
        elif self._deadline is None:
            self._start_clock()

    def _grown_too_large(self, data: bytes, cycle: _Cycle | None) -> bool:
        if cycle is not None and cycle.more_body:
            return False
        end = data.find(_HEAD_END)
        self._head_bytes += len(data) if end < 0 else end
        return self._head_bytes > self.gate.head_most

    def _start_clock(self) -> None:
        self._deadline = self.loop.call_later(self.gate.request_most_s, self.drop)

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def guarded(protocol: type[asyncio.Protocol], gate: Gate) -> type[asyncio.Protocol]:
    """Return a uvicorn protocol class whose connections pass a gate."""
    return type(f"Guarded{protocol.__name__}", (Guarded, protocol), {"gate": gate})
