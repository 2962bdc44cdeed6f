"""What a failure mode is, and where it may strike.

A fault strikes the door (no listener, or nobody who accepts), the handshake, the
time an answer takes, the answer itself, one document, or the plant behind all of
them. Several may be on at once.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from simulator.endpoints import LOGIN_PATH, LOGOUT_PATH
from simulator.option import Option, Options
from simulator.plant import View
from simulator.wire import Answer


class Door(Enum):
    """What a client that connects finds."""

    OPEN = "somebody accepts"
    CLOSED = "nobody listens"
    FULL = "the queue is full, and the client's first packet is dropped"


class Exchange(Protocol):
    """One request and the connection it came by, as a fault may handle them."""

    @property
    def now_s(self) -> float:
        """The gateway's time."""

    @property
    def method(self) -> str:
        """The request's method."""

    @property
    def path(self) -> str:
        """The request's path."""

    @property
    def running(self) -> bool:
        """Whether the site controller runs."""

    @property
    def served(self) -> bool:
        """Whether this system has such a path."""

    def normal(self, password: str | None = None) -> Answer:
        """Make the answer that would have been given, with another password if one is named."""

    def send(self, answer: Answer) -> None:
        """Give an answer."""

    def send_raw(self, data: bytes) -> None:
        """Put bytes on the connection, right or wrong."""

    def hang_up(self) -> None:
        """Close the connection after this."""

    def reset(self) -> None:
        """Reset the connection after this: what was not read yet may be lost."""

    def hold(self, ended: threading.Event, seconds: float | None = None) -> bool:
        """Wait for seconds, or for ever; false once the fault has ended or the client left."""

    def left(self) -> bool:
        """Say whether the client is gone."""

    def forget_session(self) -> None:
        """End the session this request came with."""

    def forget_sessions(self) -> None:
        """End every session."""


class Greeting(Protocol):
    """A connection whose handshake has not begun."""

    def hold(self, ended: threading.Event) -> None:
        """Wait until the fault has ended or the client left."""

    def refuse_every_name(self) -> None:
        """Abort the handshake whatever name the client asks for."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A fault's options, how long it has been on, and the plant as it was then."""

    options: Options
    age_s: float
    before: View


@dataclass(eq=False, slots=True, kw_only=True)
class ActiveFault:
    """A fault that was switched on, and how often it still strikes."""

    fault: "Fault"
    path: str | None
    remaining: int | None
    options: Options
    before: View
    monotonic: Callable[[], float]
    started_s: float
    ended: threading.Event = field(default_factory=threading.Event)
    # For faults that serve one request after the other.
    turn: threading.Lock = field(default_factory=threading.Lock)

    @property
    def spent(self) -> bool:
        """Whether it has struck as often as it should; what it holds, it still holds."""
        return self.remaining == 0

    def moment(self) -> Moment:
        """Look at the clock."""
        return Moment(self.options, self.monotonic() - self.started_s, self.before)

    def strikes(self, path: str) -> bool:
        """Say whether a request for this path is its business now."""
        if self.spent:
            return False
        named = path == self.path if self.path is not None else self.fault.concerns(path)
        return named and self.fault.when(path, self.moment())

    def edits(self, path: str) -> bool:
        """Say whether it changes the document of this path."""
        return not self.spent and path in self.fault.edits and self.path in (None, path)

    def count(self) -> None:
        """Count a stroke."""
        if self.remaining is not None:
            self.remaining -= 1


Misbehaviour = Callable[[Exchange, ActiveFault], None]
Alteration = Callable[[View, Moment], View]
Edit = Callable[[Any, Moment], Any]


def any_path(_path: str) -> bool:
    """Concern every request, logins included."""
    return True


def data_path(path: str) -> bool:
    """Concern every request that is not about the session."""
    return path not in {LOGIN_PATH, LOGOUT_PATH}


def _at_any_time(_path: str, _moment: Moment) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A failure mode; rows are its numbers in the facts' table of failure modes.

    Attributes:
        concerns: Which paths it strikes where none is named.
        when: Narrows that further, by the time it has been on.
        delay: Makes the answer wait; what answers is decided after that.
        misbehave: Answers in the gateway's place.
        edits: Changes the documents of these paths.
        alter: Changes the plant, and so every document that tells of it.
        greet: Strikes before the handshake.
        whole: It is about the whole gateway, though it answers requests.
        count: How often it strikes where nobody says.
    """

    name: str
    rows: tuple[int, ...]
    what: str
    concerns: Callable[[str], bool] = data_path
    when: Callable[[str, Moment], bool] = _at_any_time
    delay: Misbehaviour | None = None
    misbehave: Misbehaviour | None = None
    edits: Mapping[str, Edit] = field(default_factory=dict)
    alter: Alteration | None = None
    greet: Callable[[Greeting, ActiveFault], None] | None = None
    door: Door = Door.OPEN
    new_certificate: bool = False
    whole: bool = False
    count: int | None = None
    options: Mapping[str, Option] = field(default_factory=dict)

    @property
    def takes_path(self) -> bool:
        """Whether it can be narrowed to one path."""
        return not self.whole and bool(self.delay or self.misbehave or self.edits)

    @property
    def takes_count(self) -> bool:
        """Whether its strokes can be counted."""
        return self.takes_path or self.greet is not None

    def check(self, path: str | None, count: int | None) -> None:
        """Refuse a path or a count that means nothing."""
        if path is not None:
            self._check_path(path)
        if count is not None and not self.takes_count:
            raise ValueError(f"{self.name} does not strike by request: no count")
        if count is not None and count < 1:
            raise ValueError("count must be at least 1")

    def _check_path(self, path: str) -> None:
        if not self.takes_path:
            raise ValueError(f"{self.name} is about the whole gateway: no path")
        if not path.startswith("/"):
            raise ValueError("path must begin with /")
        if self.edits and not (self.delay or self.misbehave) and path not in self.edits:
            raise ValueError(f"{self.name} changes only {', '.join(self.edits)}")

    def usage(self) -> str:
        """Write how it is narrowed and tuned."""
        taken = ["path"] * self.takes_path + ["count"] * self.takes_count
        shown = [*taken, *(option.show(name) for name, option in self.options.items())]
        return f" ({', '.join(shown)})" if shown else ""
