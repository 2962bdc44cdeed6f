"""One source's place in a lane: what is remembered, who asks, why it rests.

A Slot is replaced, never changed: whoever holds one holds a consistent view.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from .failures import PathRests, PathState
from .policy import Freshness, Interest, Remembered, Source, ahead_at_s, freshness

NOBODY = Interest()
FIRST_TIMES = 2.0
"""What was never seen waits this much longer for its turn, or the meters age at the start."""
PROBING_S = 60.0
"""After a rest, for this long, a failure counts as not over and nobody waits."""


@dataclass(frozen=True, slots=True)
class Rest:
    """Why and until when a path is left alone. Kept afterwards, until it answers."""

    state: PathState
    since_s: float
    until_s: float


@dataclass(frozen=True, slots=True)
class Slot:
    """A source and everything its lane knows about it.

    Attributes:
        wanted_s: Since when a client wants it more recent than it is, or None.
        strikes: Failures in a row ...
        strike_kind: ... all of this class of error, ...
        struck_s: ... the last of them at this time.
        worked: It has answered at least once.
        in_air: A flight is under way.
        generation: Raised by a write that touches the source.
        in_trouble: The upstream is, or this path: what is remembered is shown for a shorter time.
    """

    source: Source
    interest: Interest = NOBODY
    memory: Remembered | None = None
    rest: Rest | None = None
    strikes: int = 0
    strike_kind: type[Exception] | None = None
    struck_s: float | None = None
    worked: bool = False
    wanted_s: float | None = None
    in_air: bool = False
    generation: int = 0
    in_trouble: bool = False

    def freshness(self, now_s: float, *, if_error: bool | None = None) -> Freshness:
        """What the memory is worth now; `if_error` judges it as if there were trouble or none."""
        trouble = self.in_trouble if if_error is None else if_error
        return freshness(self.source, self.interest, self.memory, now_s, if_error=trouble)

    def resting(self, now_s: float) -> bool:
        """Whether no flight may leave."""
        return self.rest is not None and now_s < self.rest.until_s

    def absent(self) -> bool:
        """Whether the upstream has no such thing for us, as far as we know."""
        return self.rest is not None and self.rest.state.is_absence

    def doubtful(self, now_s: float) -> bool:
        """Whether waiting for a flight is likely to be in vain."""
        if self.rest is None:
            return False
        return self.rest.state.is_absence or now_s < self.rest.until_s + PROBING_S

    def due_at_s(self, now_s: float, lead_s: float) -> float | None:
        """When a flight should leave, None for "no need"."""
        if self.in_air:
            return None
        at_s = self._wish_s(now_s, lead_s)
        if at_s is None or self.rest is None:
            return at_s
        return max(at_s, self.rest.until_s)

    def _wish_s(self, now_s: float, lead_s: float) -> float | None:
        if self.wanted_s is not None:
            return self.wanted_s
        if self.source.on_demand or not self.interest.lately(now_s):
            return None
        if self.memory is None:
            return now_s
        return ahead_at_s(self.source, self.interest, self.memory, lead_s)

    def urgency(self, now_s: float) -> float:
        """How late a flight is: the age as a share of what is tolerated when the lane is behind.

        It grows while nothing flies, so nothing starves, and where a gateway is slower than
        all can wait for, everything comes more rarely in proportion. A source never seen counts
        as one that has just become too old.
        """
        if self.memory is not None:
            return self.memory.age_s(now_s) / self.source.tolerated_s
        waited_s = 0.0 if self.wanted_s is None else now_s - self.wanted_s
        return 1.0 + waited_s / self.source.tolerated_s / FIRST_TIMES

    def asked(self, now_s: float) -> Slot:
        """Return the slot after a client asked for it."""
        interest = self.interest.asked(now_s)
        return self if interest is self.interest else replace(self, interest=interest)

    def wanted(self, now_s: float) -> Slot:
        """Return the slot marked for a flight as soon as one may leave."""
        return self if self.wanted_s is not None else replace(self, wanted_s=now_s)

    def took_off(self) -> Slot:
        """Return the slot with a flight under way."""
        return replace(self, in_air=True)

    def landed(self, document: Any, version: int, took_off_s: float) -> Slot:
        """Return the slot after a good landing."""
        return replace(
            self,
            memory=Remembered(document, version, took_off_s),
            rest=None,
            strikes=0,
            strike_kind=None,
            struck_s=None,
            worked=True,
            wanted_s=None,
            in_air=False,
        )

    def expired(self) -> Slot:
        """Return the slot after a write: what is remembered may no longer be so."""
        return replace(self, memory=None, generation=self.generation + 1)

    def outlived(self) -> Slot:
        """Return the slot after a landing that brings the state before a write.

        The path works; the document is not remembered, and is still wanted.
        """
        return replace(self, rest=None, strikes=0, worked=True, in_air=False)

    def strikes_of(self, error: Exception) -> int:
        """Count the failures in a row of this kind so far."""
        return self.strikes if self.strike_kind is type(error) else 0

    def struck(self, error: Exception, now_s: float) -> Slot:
        """Return the slot after a failed flight."""
        return replace(
            self,
            strikes=self.strikes_of(error) + 1,
            strike_kind=type(error),
            struck_s=now_s,
            wanted_s=None,
            in_air=False,
        )

    def grounded(self, verdict: PathRests, now_s: float) -> Slot:
        """Return the slot at rest, after a failure that concerns this path alone."""
        same = self.rest is not None and self.rest.state is verdict.state
        since_s = self.rest.since_s if same and self.rest else now_s
        return replace(self, rest=Rest(verdict.state, since_s, now_s + verdict.for_s))

    def cleared(self) -> Slot:
        """Return the slot free to fly: the reason for its rest may be gone.

        The strikes stay: a path that is missing still rests long at once.
        """
        return replace(self, rest=None)

    def idle(self) -> Slot:
        """Return the slot with no flight and no wish for one."""
        return replace(self, in_air=False, wanted_s=None)
