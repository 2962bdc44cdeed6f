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
# A queue of length 0 has room for one or two.
_QUEUE_MOST: Final = 16
_NO_LINGER: Final = struct.pack("ii", 1, 0)


def has_left(connection: socket.socket) -> bool:
    """Say whether the other side has closed its end."""
    try:
        poll = select.poll()
        poll.register(connection, _LEFT)
        return bool(poll.poll(0))
    except (OSError, ValueError):
        return True


def cut(connection: socket.socket) -> None:
    """Let the connection end with a reset when it is closed."""
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)


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
                cut(connection)
                with suppress(OSError):
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)
            while self._sockets and (left_s := give_up - time.monotonic()) > 0:
                self._changed.wait(left_s)


class FullQueue:
    """A listener that accepts nobody, its queue full of our own connections.

    The kernel drops the first packet of whoever comes next: to a client this is a
    host that does not answer, as far as loopback can show one.
    """

    def __init__(self, address: tuple[str, int], patience_s: float = 0.1) -> None:
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._sockets = [socket.create_server(address, family=family, backlog=0)]
        try:
            while self._fits(address, patience_s):
                pass
        except OSError:
            self.close()
            raise

    def _fits(self, address: tuple[str, int], patience_s: float) -> bool:
        """Say whether there was room for one more."""
        try:
            self._sockets.append(socket.create_connection(address, patience_s))
        except TimeoutError:
            return False
        if len(self._sockets) > _QUEUE_MOST:
            raise OSError("this system's listen queue is never full")
        return True

    def close(self) -> None:
        """Let go of the port."""
        for one in self._sockets:
            one.close()


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
