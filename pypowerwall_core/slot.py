"""One source's place in a lane: what is remembered, who asks, why it rests.

A Slot is replaced, never changed: whoever holds one holds a consistent view.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import ceil, inf
from typing import Any

from .errors import NotServed, PowerwallError, RetryLater
from .failures import PathRests, PathState
from .policy import Freshness, Interest, Remembered, Source, ahead_at_s, freshness

NOBODY = Interest()
REQUESTS_A_MINUTE = 75
"""A gateway gets no more of them to keep fresh what is remembered ..."""
SPARE = 1.05
"""... unless keeping all of it as fresh as settings say takes more: then so much more than that."""
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
class Doubt:
    """A sample that was not believed. Kept afterwards, for people to see.

    Attributes:
        at_s: When it landed.
        pending: What was remembered before it is still shown; the next sample is believed.
    """

    reason: str
    at_s: float
    pending: bool = True

    def settled(self) -> Doubt:
        """Return the doubt once nothing is kept for its sake."""
        return replace(self, pending=False)


@dataclass(frozen=True, slots=True)
class Slot:
    """A source and everything its lane knows about it.

    Attributes:
        wanted_s: Since when a client wants it more recent than it is, or None.
        sought_s: Since when somebody comes again and again for what is not there at all.
        strikes: Failures in a row ...
        strike_kind: ... all of this class of error, ...
        struck_s: ... the last of them at this time.
        worked: It has answered at least once.
        in_air: A flight is under way.
        generation: Raised by a write that touches the source.
        in_trouble: The upstream is, or this path: what is remembered is shown for a shorter time.
        doubt: The last sample that was left out.
        demanded: A command waits for an answer of a flight that has not left yet.
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
    sought_s: float | None = None
    in_air: bool = False
    generation: int = 0
    in_trouble: bool = False
    doubt: Doubt | None = None
    demanded: bool = False

    def freshness(self, now_s: float, *, if_error: bool | None = None) -> Freshness:
        """What the memory is worth now; `if_error` judges it as if there were trouble or none."""
        trouble = self.in_trouble if if_error is None else if_error
        return freshness(self.source, self.interest, self.memory, now_s, if_error=trouble)

    def resting(self, now_s: float) -> bool:
        """Whether no flight may leave."""
        return self.rest is not None and now_s < self.rest.until_s

    def why_not(self, now_s: float) -> PowerwallError | None:
        """Say why no flight may leave; None where one may."""
        if self.rest is None or not self.resting(now_s):
            return None
        kind = NotServed if self.absent() else RetryLater
        return kind(f"{self.source.path}: {self.rest.state.value}")

    def absent(self) -> bool:
        """Whether the upstream has no such thing for us, as far as we know."""
        return self.rest is not None and self.rest.state.is_absence

    def doubtful(self, now_s: float) -> bool:
        """Whether waiting for a flight is likely to be in vain."""
        if self._asks_again_s() > now_s:
            return True
        if self.rest is None:
            return False
        return self.rest.state.is_absence or now_s < self.rest.until_s + PROBING_S

    def held(self, now_s: float) -> bool:
        """Whether no flight may leave yet, however much one is wanted."""
        return self.resting(now_s) or self._asks_again_s() > now_s

    def due_at_s(self, now_s: float, lead_s: float) -> float | None:
        """When a flight should leave, None for "no need"."""
        if self.in_air:
            return None
        if self.demanded:
            return now_s
        at_s = self._wish_s(now_s, lead_s)
        if at_s is None:
            return None
        return max(at_s, self._asks_again_s(), -inf if self.rest is None else self.rest.until_s)

    def _asks_again_s(self) -> float:
        """From when a sample that was not believed may be asked for again.

        Not at once: what is told while a gateway starts is told twice within a second.
        """
        if self.doubt is None or not self.doubt.pending:
            return -inf
        return self.doubt.at_s + self.source.fresh_s

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
        if self.demanded:
            return inf
        if self.memory is not None:
            return self.memory.age_s(now_s) / self.source.tolerated_s
        since_s = self.sought_s if self.wanted_s is None else self.wanted_s
        waited_s = 0.0 if since_s is None else now_s - since_s
        return 1.0 + waited_s / self.source.tolerated_s / FIRST_TIMES

    def asked(self, now_s: float) -> Slot:
        """Return the slot after a client asked for it."""
        interest = self.interest.asked(now_s)
        if interest is self.interest:
            return self
        again = self.sought_s is not None and self.interest.lately(now_s)
        sought_s = self.sought_s if again else now_s
        return replace(self, interest=interest, sought_s=sought_s if self.memory is None else None)

    def wanted(self, now_s: float) -> Slot:
        """Return the slot marked for a flight as soon as one may leave."""
        return self if self.wanted_s is not None else replace(self, wanted_s=now_s)

    def took_off(self) -> Slot:
        """Return the slot with a flight under way."""
        return replace(self, in_air=True, demanded=False)

    def touched(self) -> Slot:
        """Return the slot while a write may change it: what left before lands stale.

        What is remembered is shown until the write has been read back.
        """
        return replace(self, generation=self.generation + 1)

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
            doubt=self.doubt and self.doubt.settled(),
        )

    def doubts(self, document: Any, now_s: float) -> str:
        """Say why a document that landed is hardly true, "" to believe it.

        It is doubted once, and only while there is something else to show until the next may
        come. The path has just answered: a memory is worth what it is worth without trouble.
        """
        if self.memory is None or (self.doubt is not None and self.doubt.pending):
            return ""
        if self.freshness(now_s + self.source.fresh_s, if_error=False) is Freshness.EXPIRED:
            return ""
        return self.source.doubts(self.memory.document, document)

    def quarantined(self, reason: str, now_s: float) -> Slot:
        """Return the slot after a sample that is left out: the path works all the same."""
        return replace(self.outlived(), wanted_s=None, doubt=Doubt(reason, now_s))

    def expired(self) -> Slot:
        """Return the slot after a write: what is remembered may no longer be so.

        Nothing is left to doubt by, and nothing to show instead: the next sample is not put off.
        """
        return replace(
            self,
            memory=None,
            generation=self.generation + 1,
            doubt=self.doubt and self.doubt.settled(),
        )

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


def most_urgent(due: Iterable[Slot], now_s: float) -> Slot:
    """Return the one to fly first."""
    return max(due, key=lambda slot: slot.urgency(now_s))


def minutes_budget(interesting: Iterable[Slot]) -> int:
    """How many requests a minute may have, by what clients ask for again and again.

    Everything falls due at once after a start or an outage; what is over the budget then waits
    for a second or two.
    """
    periods_s = [
        max(slot.source.fresh_s, slot.interest.gap_s or 0.0)
        for slot in interesting
        if slot.memory is not None and not slot.source.on_demand
    ]
    return max(REQUESTS_A_MINUTE, ceil(SPARE * sum(60.0 / period_s for period_s in periods_s)))
