"""How fresh is fresh: small frozen records that are given the clock.

Nothing here waits, fetches or looks at the time by itself, so hours of a lane's
life run in a test within milliseconds. The words are those of RFC 9111 and
RFC 5861. All times are seconds on one monotonic clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from statistics import median
from typing import Any

from .plausibility import nothing

LATELY_GAPS = 2.5
"""A source is kept fresh ahead of time for this many gaps after the last ask ..."""
LATELY_MOST_S = 120.0
"""... and never longer than this: nobody asks, nobody is bothered."""
BURST_S = 1.0
"""Asks this close together are one: Telegraf sends eight requests at once."""
TOLERATED_S = 46.0
"""How old a source may become where a slow upstream keeps the lane behind, unless it says so."""
REVALIDATES_WITHIN = 3.0
"""Behind a slow upstream that works, an answer is shown for this many times what is tolerated."""
IDENTITY_KEEP_S = 24 * 3600.0
"""Firmware, DIN and names hardly change; an old one is better than none."""


class Patience(Enum):
    """What a client waits for where a flight is likely to bring it soon."""

    ANYTHING = "something to show"
    NEWS = "news, where what there is to show is old and they come at once"
    FRESH = "what is fresh, also from a probe"


class Freshness(Enum):
    """What a remembered document is worth now."""

    FRESH = "fresh"
    STALE = "stale"
    EXPIRED = "expired"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Source:
    """One upstream call: a row of a backend's table.

    Attributes:
        name: What the rest of the program calls it.
        path: What the upstream calls it.
        fresh_s: How long an answer counts as new.
        keep_s: How long it may be shown when no newer one can be had.
        tolerated_s: How old it may become where a slow upstream keeps the lane behind.
        core: Proves that the upstream works (meters, charge, grid status).
        open: Answers without a session, also while the password is wrong.
        identity: Hardly ever changes; kept for a day.
        on_demand: Fetched only when a client asks, never ahead: it hangs on many gateways,
            or asking for it does something.
        timeout_s: Its own, None for the usual one.
        fingerprint: Fields whose change means another firmware or another gateway,
            so that everything learned about missing paths has to be learned anew.
        doubts: Compares a document with the one before and says what is hardly true, or "".
    """

    name: str
    path: str
    fresh_s: float
    keep_s: float
    tolerated_s: float = TOLERATED_S
    core: bool = False
    open: bool = False
    identity: bool = False
    on_demand: bool = False
    timeout_s: float | None = None
    fingerprint: tuple[str, ...] = ()
    doubts: Callable[[Any, Any], str] = nothing

    @property
    def may_hang(self) -> bool:
        """Whether it is known to, and has a timeout of its own for that."""
        return self.on_demand and self.timeout_s is not None


@dataclass(frozen=True, slots=True)
class Interest:
    """Who asks, how often: seen from one source.

    Attributes:
        asked_at_s: When the last burst of asks began.
        gaps_s: The last three times between bursts.
        gap_s: The usual one of them, or None before the second burst.
    """

    asked_at_s: float | None = None
    gaps_s: tuple[float, ...] = ()
    gap_s: float | None = None

    def asked(self, now_s: float) -> Interest:
        """Return the interest after one more ask; itself within a burst."""
        if self.asked_at_s is None:
            return Interest(now_s)
        gap_s = now_s - self.asked_at_s
        if gap_s < BURST_S:
            return self
        # The median of three forgets one long silence at once: a client that
        # comes back after a night is served ahead again from its third ask on.
        gaps_s = (*self.gaps_s, gap_s)[-3:]
        return Interest(now_s, gaps_s, median(gaps_s))

    def lately(self, now_s: float) -> bool:
        """Whether somebody asked recently enough to expect them again."""
        if self.asked_at_s is None or self.gap_s is None:
            return False
        return now_s - self.asked_at_s <= min(LATELY_GAPS * self.gap_s, LATELY_MOST_S)

    def next_ask_s(self, after_s: float) -> float:
        """Predict the first ask later than a moment; only for a known gap."""
        if self.asked_at_s is None or self.gap_s is None:
            raise ValueError("no gap observed yet")
        periods = max(1, int((after_s - self.asked_at_s) // self.gap_s) + 1)
        return self.asked_at_s + periods * self.gap_s


@dataclass(frozen=True, slots=True)
class Remembered:
    """A document and when its request left.

    The age counts from take-off, not from landing: a gateway that needs three
    seconds tells the state of up to three seconds ago (RFC 9111, 4.2.3).
    """

    document: Any
    version: int
    taken_at_s: float

    def age_s(self, now_s: float) -> float:
        """Age in seconds, never negative."""
        return max(0.0, now_s - self.taken_at_s)


def freshness(
    source: Source,
    interest: Interest,
    memory: Remembered | None,
    now_s: float,
    *,
    if_error: bool = True,
) -> Freshness:
    """Judge a memory: as after an error, or while the upstream works and is merely slow."""
    if memory is None:
        return Freshness.NEVER
    age_s = memory.age_s(now_s)
    if age_s < source.fresh_s:
        return Freshness.FRESH
    kept_s = keep_s(source, interest, if_error=if_error)
    return Freshness.STALE if age_s <= kept_s else Freshness.EXPIRED


def keep_s(source: Source, interest: Interest, *, if_error: bool = True) -> float:
    """How long a source's document may be shown, in seconds.

    RFC 5861 has two such times: stale-if-error, which is PW_CACHE_TTL, and
    stale-while-revalidate, for a gateway that answers but cannot be asked often enough.
    """
    if source.identity:
        return IDENTITY_KEEP_S
    gap_s = min(interest.gap_s or 0.0, LATELY_MOST_S)
    slow_s = 0.0 if if_error else REVALIDATES_WITHIN * source.tolerated_s
    return max(source.keep_s, 3 * source.fresh_s, 2 * gap_s, slow_s)


def ahead_at_s(
    source: Source, interest: Interest, memory: Remembered, lead_s: float
) -> float | None:
    """When a remembered source should be fetched again, if asks go on as observed.

    Asked more often than it ages, it is due the moment it stops being fresh.
    Asked more rarely, it is due ``lead_s`` before the next expected ask: a
    Telegraf every 45 s then costs one request per 45 s, not nine. Where an ask has
    found it stale it is due since then: behind a slow upstream who only looks would
    otherwise put it off with every look. Asked so rarely that nothing is kept ahead
    for so long, it is due once after each ask: who only looks would otherwise see
    for ever what was there at first, an outage included.
    """
    stops_being_fresh_s = memory.taken_at_s + source.fresh_s
    asked_at_s, gap_s = interest.asked_at_s, interest.gap_s
    if asked_at_s is None or gap_s is None or gap_s <= source.fresh_s:
        return stops_being_fresh_s
    if stops_being_fresh_s <= asked_at_s:
        return asked_at_s
    if gap_s > LATELY_MOST_S:
        return stops_being_fresh_s if memory.taken_at_s < asked_at_s else None
    lead_s = min(lead_s, gap_s / 2)
    return max(interest.next_ask_s(stops_being_fresh_s) - lead_s, memory.taken_at_s + BURST_S)
