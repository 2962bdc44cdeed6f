"""What a failure mode is, and what it may do to a request.

A fault either replaces the answer (misbehave), changes what the documents say
(alter), or takes the whole listener away (refuses).
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from simulator.endpoints import LOGIN_PATH, LOGOUT_PATH
from simulator.plant import View
from simulator.wire import Answer

Options = Mapping[str, Any]


class Exchange(Protocol):
    """One request and the connection it came by, as a fault may handle them."""

    @property
    def now_s(self) -> float:
        """The gateway's time."""

    def normal(self) -> Answer:
        """Make the answer that would have been given."""

    def send(self, answer: Answer) -> None:
        """Give an answer."""

    def send_raw(self, data: bytes) -> None:
        """Put bytes on the connection, right or wrong."""

    def hang_up(self) -> None:
        """Close the connection after this."""

    def hold(self, ended: threading.Event, seconds: float | None = None) -> bool:
        """Wait for seconds, or for ever; false once the fault has ended or the client left."""

    def left(self) -> bool:
        """Say whether the client is gone."""

    def forget_session(self) -> None:
        """End the session this request came with."""


@dataclass(eq=False, slots=True)
class ActiveFault:
    """A fault that was switched on, and how often it still strikes."""

    fault: "Fault"
    path: str | None
    remaining: int | None
    options: Options
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def spent(self) -> bool:
        """Whether it has struck as often as it should; what it holds, it still holds."""
        return self.remaining == 0

    def strikes(self, path: str) -> bool:
        """Say whether a request for this path is its business."""
        if self.spent or self.fault.misbehave is None:
            return False
        return path == self.path if self.path is not None else self.fault.concerns(path)


Misbehaviour = Callable[[Exchange, ActiveFault], None]


def _data(path: str) -> bool:
    return path not in {LOGIN_PATH, LOGOUT_PATH}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A failure mode."""

    name: str
    what: str
    misbehave: Misbehaviour | None = None
    alter: Callable[[View], View] | None = None
    refuses: bool = False
    concerns: Callable[[str], bool] = _data
    count: int | None = None
    options: Options = field(default_factory=dict)
