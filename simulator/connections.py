"""Which connections are open and which requests are in the air.

Both can be looked at and ended from other threads than the connection's own.
"""

import select
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final, Protocol

from simulator.counters import Counters

# Half a hang-up is enough; systems that cannot see it take unasked data for one.
_LEFT: Final = getattr(select, "POLLRDHUP", select.POLLIN)
_NO_LINGER: Final = struct.pack("ii", 1, 0)


def has_left(connection: socket.socket) -> bool:
    """Say whether the other side has closed its end."""
    try:
        poll = select.poll()
        poll.register(connection, _LEFT)
        return bool(poll.poll(0))
    except (OSError, ValueError):
        return True


class Connections:
    """The open connections; closed for new ones after a reset, until opened again."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._sockets: set[socket.socket] = set()
        self._open = False

    def open(self) -> None:
        """Let connections in."""
        with self._changed:
            self._open = True

    @contextmanager
    def holding(self, connection: socket.socket) -> Iterator[None]:
        """Keep a connection in the set while its thread works."""
        with self._changed:
            if not self._open:
                raise ConnectionAbortedError
            self._sockets.add(connection)
        try:
            yield
        finally:
            with self._changed:
                self._sockets.discard(connection)
                self._changed.notify_all()

    def reset(self, patience_s: float = 0.5) -> None:
        """Cut all connections and wait a moment for their threads to notice."""
        give_up = time.monotonic() + patience_s
        with self._changed:
            self._open = False
            for connection in self._sockets:
                # An SSLSocket's own shutdown would drop its TLS state under a
                # reading thread; the plain one just wakes it.
                with suppress(OSError):
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)
            while self._sockets and (left_s := give_up - time.monotonic()) > 0:
                self._changed.wait(left_s)


class Flight(Protocol):
    """A request in the air."""

    def left(self) -> bool:
        """Say whether its client is gone."""


class Flights:
    """The requests in the air, counted for the in-flight figures.

    A request whose client has left counts no more, though its thread may not
    have noticed: the figure is about what clients do at once.
    """

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._lock = threading.Lock()
        self._flights: set[Flight] = set()

    def begin(self, flight: Flight, path: str) -> None:
        """Count a request, after those that were abandoned are struck off."""
        with self._lock:
            for other in [other for other in self._flights if other.left()]:
                self._remove(other)
            self._flights.add(flight)
            self._counters.began(path)

    def end(self, flight: Flight) -> None:
        """Strike a request off; a second time does nothing."""
        with self._lock:
            if flight in self._flights:
                self._remove(flight)

    def _remove(self, flight: Flight) -> None:
        self._flights.remove(flight)
        self._counters.ended()
