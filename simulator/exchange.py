"""One request and its answer, whatever wire it came by: waits, faults, and the count of both."""

import socket
import threading
import time
from dataclasses import dataclass, field
from typing import Final, Protocol

from simulator.certificate import Certificate
from simulator.connections import Connections, Flights, cut, has_left
from simulator.counters import Counters
from simulator.faults import Faults
from simulator.wire import Answer, head

# How soon a held request notices that its client has left.
_GLANCE_S: Final = 0.1


@dataclass(slots=True, kw_only=True)
class Line:
    """What all connections of one simulator share."""

    faults: Faults
    counters: Counters
    flights: Flights
    certificate: Certificate
    connections: Connections = field(default_factory=Connections)
    stopping: threading.Event = field(default_factory=threading.Event)
    latency_s: float = 0.0


class Wire(Protocol):
    """The way back to one client."""

    def send_raw(self, data: bytes) -> None:
        """Put the bytes of an HTTP/1.1 answer on it, in whatever way it has for them."""

    def hang_up(self) -> None:
        """Close the connection after this."""

    def reset(self) -> None:
        """Reset the connection after this: what was not read yet may be lost."""

    def left(self) -> bool:
        """Say whether the client is gone."""


class Closing(Protocol):
    """What reads requests from one connection until it is told to close it."""

    close_connection: bool

    @property
    def connection(self) -> socket.socket:
        """The connection."""


class PlainWire:
    """HTTP/1.1: one answer after the other on one connection."""

    def __init__(self, handler: Closing) -> None:
        self._handler = handler

    def send_raw(self, data: bytes) -> None:
        """Put bytes on the connection."""
        self._handler.connection.sendall(data)

    def hang_up(self) -> None:
        """Close the connection after this."""
        self._handler.close_connection = True

    def reset(self) -> None:
        """Reset the connection after this: what was not read yet may be lost."""
        cut(self._handler.connection)
        self.hang_up()

    def left(self) -> bool:
        """Say whether the client is gone."""
        return has_left(self._handler.connection)


class BaseExchange:
    """What faults.Exchange promises to faults, as far as it is the same for all simulators."""

    def __init__(self, wire: Wire, line: Line, method: str, path: str) -> None:
        self._wire = wire
        self._line = line
        self.method = method
        self.path = path

    @property
    def now_s(self) -> float:
        """The time that answers tell."""
        raise NotImplementedError

    def normal(self, password: str | None = None) -> Answer:
        """Make the answer that would have been given, with another password if one is named."""
        raise NotImplementedError

    @property
    def running(self) -> bool:
        """Whether what answers runs."""
        return True

    @property
    def served(self) -> bool:
        """Whether there is such a path."""
        return True

    def note(self, answer: Answer) -> None:
        """Take note of an answer that is given."""

    def complete(self) -> None:
        """Put what was written into effect, though nobody asked for that yet."""

    def forget_session(self) -> None:
        """End the session this request came with."""

    def forget_sessions(self) -> None:
        """End every session."""

    def run(self) -> None:
        """Answer, or misbehave."""
        line = self._line
        line.flights.begin(self, self.path)
        try:
            if line.latency_s > 0 and not self.hold(line.stopping, line.latency_s):
                raise ConnectionAbortedError
            self._wait()
            active = line.faults.claim(self.method, self.path)
            if active is None or active.fault.misbehave is None:
                self.send(self.normal())
            else:
                active.fault.misbehave(self, active)
        finally:
            line.flights.end(self)

    def _wait(self) -> None:
        """Be late, if a fault says so; an answer that nobody waits for is not made."""
        for active in self._line.faults.delays(self.method, self.path):
            if active.fault.delay is not None:
                active.fault.delay(self, active)
            if self.left():
                raise ConnectionAbortedError

    def send(self, answer: Answer) -> None:
        """Give an answer."""
        self.note(answer)
        # Landed before it is seen: a client may ask again the moment it reads this.
        self._line.flights.end(self)
        self.send_raw(head(answer, self.now_s) + answer.body)

    def send_raw(self, data: bytes) -> None:
        """Put bytes on the connection."""
        self._wire.send_raw(data)

    def hang_up(self) -> None:
        """Close the connection after this."""
        self._wire.hang_up()

    def reset(self) -> None:
        """Reset the connection after this: what was not read yet may be lost."""
        self._wire.reset()

    def left(self) -> bool:
        """Say whether the client is gone."""
        return self._wire.left()

    def hold(self, ended: threading.Event, seconds: float | None = None) -> bool:
        """Wait for seconds, or for ever; false once the fault has ended or the client left."""
        if hold(self._wire, ended, seconds):
            return True
        if self.left():
            self.hang_up()
        return False


class Leaving(Protocol):
    """A client that may go away."""

    def left(self) -> bool:
        """Say whether it is gone."""


def hold(client: Leaving, ended: threading.Event, seconds: float | None = None) -> bool:
    """Wait for seconds, or for ever; false once it has ended or the client left."""
    until = None if seconds is None else time.monotonic() + seconds
    while not client.left():
        left_s = _GLANCE_S if until is None else until - time.monotonic()
        if left_s <= 0:
            return True
        if ended.wait(min(left_s, _GLANCE_S)):
            return False
    return False
