"""What a failure mode is, and where it may strike.

A fault strikes the door (no listener, or nobody who accepts), the handshake, the
time an answer takes, the answer itself, one document, a write, or the plant behind
all of them. Several may be on at once.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from simulator.endpoints import LOGIN_PATH, LOGOUT_PATH, is_write
from simulator.option import Option, Options
from simulator.order import Order
from simulator.view import View
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

    def complete(self) -> None:
        """Put what was written into effect, though nobody asked for that yet."""

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
    method: str | None = None
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

    def strikes(self, method: str, path: str) -> bool:
        """Say whether a request for this path is its business now."""
        if self.spent or self.method not in (None, method):
            return False
        if self.fault.writes and not is_write(method, path):
            return False
        named = path == self.path if self.path is not None else self.fault.concerns(path)
        return named and self.fault.when(path, self.moment())

    def changes(self, path: str) -> bool:
        """Say whether it changes the document of this path, and this document for itself."""
        if self.spent or path not in self.fault.documents or self.path not in (None, path):
            return False
        return self.fault.when(path, self.moment())

    def count(self) -> None:
        """Count a stroke."""
        if self.remaining is not None:
            self.remaining -= 1


Misbehaviour = Callable[[Exchange, ActiveFault], None]
Alteration = Callable[[View, Moment], View]
Edit = Callable[[Any, Moment], Any]
Bend = Callable[[Order, Moment], Order]
METHODS = ("GET", "POST")


def any_path(_path: str) -> bool:
    """Concern every request, logins included."""
    return True


def data_path(path: str) -> bool:
    """Concern every request that is not about the session."""
    return path not in {LOGIN_PATH, LOGOUT_PATH}


def at(path: str) -> Callable[[str], bool]:
    """Concern one path alone."""
    return path.__eq__


def _at_any_time(_path: str, _moment: Moment) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A failure mode; rows are its numbers in the facts' table of failure modes.

    Attributes:
        concerns: Which paths it strikes where none is named.
        when: Narrows that further, by the time it has been on or by its options.
        delay: Makes the answer wait; what answers is decided after that.
        misbehave: Answers in the gateway's place.
        edits: Changes the documents of these paths.
        alter: Changes the plant, and so every document that tells of it.
        bend: Changes what becomes of a write that is accepted.
        writes: Of the requests for its paths, only those for a change are its business.
        told_by: Only the documents of these paths show that, and each that does is a stroke.
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
    told_by: tuple[str, ...] = ()
    bend: Bend | None = None
    writes: bool = False
    greet: Callable[[Greeting, ActiveFault], None] | None = None
    door: Door = Door.OPEN
    new_certificate: bool = False
    whole: bool = False
    count: int | None = None
    options: Mapping[str, Option] = field(default_factory=dict)

    @property
    def documents(self) -> tuple[str, ...]:
        """The paths whose documents it changes, each for itself."""
        return (*self.edits, *self.told_by)

    @property
    def needs_plant(self) -> bool:
        """Whether it shows in nothing but documents that are made of the plant."""
        elsewhere = self.misbehave or self.delay or self.edits or self.greet or self.bend
        return self.alter is not None and not elsewhere

    @property
    def takes_path(self) -> bool:
        """Whether it can be narrowed to one path."""
        return not self.whole and bool(self.delay or self.misbehave or self.documents)

    @property
    def takes_method(self) -> bool:
        """Whether it can be narrowed to one method."""
        return self.takes_path and bool(self.delay or self.misbehave) and not self.writes

    @property
    def takes_count(self) -> bool:
        """Whether its strokes can be counted."""
        return self.takes_path or self.greet is not None or self.bend is not None

    def check(self, path: str | None, count: int | None, method: str | None) -> None:
        """Refuse a path, a count or a method that means nothing."""
        if path is not None:
            self._check_path(path)
        if method is not None and not self.takes_method:
            raise ValueError(f"{self.name} does not strike by method: no method")
        if method not in (None, *METHODS):
            raise ValueError(f"method must be one of {', '.join(METHODS)}")
        if count is not None and not self.takes_count:
            raise ValueError(f"{self.name} does not strike by request: no count")
        if count is not None and count < 1:
            raise ValueError("count must be at least 1")

    def _check_path(self, path: str) -> None:
        if not self.takes_path:
            raise ValueError(f"{self.name} is not about one path of many: no path")
        if not path.startswith("/"):
            raise ValueError("path must begin with /")
        if self.documents and not (self.delay or self.misbehave) and path not in self.documents:
            raise ValueError(f"{self.name} changes only {', '.join(self.documents)}")

    def usage(self) -> str:
        """Write how it is narrowed and tuned."""
        taken = [
            *["path"] * self.takes_path,
            *["method"] * self.takes_method,
            *["count"] * self.takes_count,
        ]
        shown = [*taken, *(option.show(name) for name, option in self.options.items())]
        return f" ({', '.join(shown)})" if shown else ""
