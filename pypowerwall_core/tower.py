"""The control tower of a lane: decides who flies, who waits and who rests.

Rule: it is given the time with every call and touches neither threads nor sockets;
the lane does what it says (see `lane`). A *flight* is one request for one source.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import count
from math import inf
from random import Random
from typing import Any

from .errors import RateLimited, RetryLater
from .evidence import Evidence
from .failures import (
    Case,
    LaneRests,
    LaneState,
    PathRests,
    PathState,
    Verdict,
    judge,
)
from .flights import Condition, Flight, Hold
from .meters import LaneMeters
from .plausibility import nothing
from .policy import Freshness, Patience, Source
from .slot import Slot, minutes_budget, most_urgent

PATIENCE_S = 0.2
"""A client that could be given something old waits for news at most this long."""
LONGER_PATIENCE_S = 1.0
"""... and so long when it is older than PW_CACHE_TTL, as after a night without clients."""
OLD = 2.0
"""... and only when what it could be given is more than this many times its freshness old."""
ON_DEMAND_SHARE = 0.2
"""Sources that may hang get at most this share of the lane's time."""
LEAD_MARGIN_S = 0.5
UNMEASURED_LATENCY_S = 0.1


class Tower:
    """The state of one lane and the decisions about it."""

    def __init__(
        self, sources: Iterable[Source], *, max_in_flight: int = 1, random: Random | None = None
    ) -> None:
        self.slots: dict[str, Slot] = {source.name: Slot(source) for source in sources}
        self.flights: dict[str, Flight] = {}
        self.condition = Condition()
        self.meters = LaneMeters()
        doubting = [n for n, slot in self.slots.items() if slot.source.doubts is not nothing]
        self.meters.quarantined.update(dict.fromkeys(doubting, 0))
        self._core = {name for name, slot in self.slots.items() if slot.source.core}
        self._max_in_flight = max_in_flight
        self._random = random or Random()  # noqa: S311 - jitter, not a secret
        self._versions = count(1)
        self._turn = 0
        self._ready_s = float("-inf")
        self._on_demand_ready_s = float("-inf")
        self._lead_s = LEAD_MARGIN_S
        self.evidence = Evidence(frozenset(self._core))
        self._fingerprints: dict[str, tuple[Any, ...]] = {}

    # -- asking ---------------------------------------------------------------------------

    def ask(self, name: str, now_s: float, patience: Patience = Patience.NEWS) -> bool:
        """Note that a client asks for a source, and return whether to wait for a flight."""
        slot = self.note(name, now_s)
        if slot.freshness(now_s, if_error=True) is Freshness.FRESH:
            return False
        if not slot.in_air:
            slot = self.slots[name] = slot.wanted(now_s)
        if patience is Patience.FRESH:
            return not (slot.held(now_s) or self.condition.grounds(slot.source, now_s))
        if slot.doubtful(now_s) or self.condition.doubtful(slot.source, now_s):
            return False
        if patience is Patience.ANYTHING and self.shown(name).freshness(now_s) is Freshness.STALE:
            return False
        return self._is_worth_it(slot, now_s)

    def _is_worth_it(self, slot: Slot, now_s: float) -> bool:
        if slot.freshness(now_s, if_error=True) is Freshness.STALE:
            old = slot.memory is not None and slot.memory.age_s(now_s) > OLD * slot.source.fresh_s
            return old and self.predicted_landing_s(now_s) <= PATIENCE_S
        if slot.freshness(now_s, if_error=False) is Freshness.STALE:
            return self.predicted_landing_s(now_s) <= LONGER_PATIENCE_S
        return True

    def note(self, name: str, now_s: float) -> Slot:
        """Note that somebody reads a source who neither waits nor wishes for a flight.

        It is kept fresh from the second time on, as for everybody else.
        """
        slot = self.slots[name] = self.slots[name].asked(now_s)
        return slot

    def shown(self, name: str) -> Slot:
        """Return a slot as clients are to see it: in trouble, memories count for less."""
        slot = self.slots[name]
        well = self.condition.up and not slot.strikes and slot.rest is None
        return slot if well else replace(slot, in_trouble=True)

    def due_at_s(self, name: str, now_s: float) -> float | None:
        """When a source is due as things stand, None for "no need"."""
        return self.slots[name].due_at_s(now_s, self._lead_s)

    def predicted_landing_s(self, now_s: float) -> float:
        """How long a flight queued now takes to land, by the mean latency observed."""
        each_s = self._each_s()
        queued = sum(slot.wanted_s is not None for slot in self.slots.values())
        # A flight that is longer in the air than usual says more than any mean.
        held_s = max((now_s - flight.took_off_s for flight in self.flights.values()), default=0.0)
        return max(held_s, (queued + len(self.flights)) * each_s)

    def expire(self, names: Iterable[str]) -> None:
        """Forget what a write may have changed; flights that left before land stale."""
        for name in names:
            self.slots[name] = self.slots[name].expired()

    def touch(self, names: Iterable[str]) -> None:
        """Note that a write is about to change some sources, or just has."""
        for name in names:
            self.slots[name] = self.slots[name].touched()

    def demand(self, name: str) -> None:
        """Have a source fetched next, however new its memory is."""
        self.slots[name] = replace(self.slots[name], demanded=True)

    def why_not(self, name: str, now_s: float) -> Exception | None:
        """Say why a source may not be fetched now, None where it may."""
        slot = self.slots[name]
        if self.condition.grounds(slot.source, now_s):
            return self.condition.error or RetryLater(self.condition.state.value)
        return slot.why_not(now_s)

    def errand_ended(self, error: Exception | None, now_s: float) -> None:
        """Note that a call beside the flights has ended; 429 rests the lane, as anywhere."""
        self._ready_s = now_s + self.pause_s()
        if isinstance(error, RateLimited):
            verdict = judge(Case(error))
            if isinstance(verdict, LaneRests):
                self._rest(verdict, error, now_s, now_s)

    @property
    def ready_s(self) -> float:
        """From when the next request may leave."""
        return self._ready_s

    # -- departures -----------------------------------------------------------------------

    def next(self, now_s: float) -> Slot | Hold:
        """Say which slot flies now, or until when nothing does."""
        if len(self.flights) >= self._max_in_flight:
            return Hold()
        interesting = [slot for slot in self.slots.values() if slot.interest.lately(now_s)]
        self._lead_s = LEAD_MARGIN_S + len(interesting) * self._each_s()
        full_until_s = self.meters.full_until_s(minutes_budget(interesting))
        departures = self._departures(now_s, full_until_s)
        due = [self.slots[name] for name, at_s in departures.items() if at_s <= now_s]
        if not due or now_s < self._ready_s:
            first_s = min(departures.values(), default=inf)
            return Hold() if first_s == inf else Hold(max(first_s, self._ready_s))
        if self.condition.up or now_s < self.condition.until_s:
            return self._first_of_all(most_urgent(due, now_s), now_s)
        return Hold() if self.flights else self._probe(due, now_s)

    def _first_of_all(self, slot: Slot, now_s: float) -> Slot | Hold:
        """Before anything else that may need a session, have the core asked whether it does.

        Where it does not, nothing is worth a login, which stops the oldest gateways.
        """
        if self.evidence.core_ok_s or slot.source.core or slot.source.open:
            return slot
        core = [self.slots[name] for name in self.slots if name in self._core]
        if any(one.in_air for one in core):
            return Hold()
        return next((one for one in core if not one.resting(now_s)), slot)

    def take_off(self, slot: Slot, now_s: float) -> Flight:
        """Note that a flight leaves now."""
        self._turn += 1
        self.meters.flights += 1
        self.slots[slot.source.name] = slot.took_off()
        flight = Flight(slot.source, now_s, self.evidence.last_core_ok_s(), slot.generation)
        self.flights[slot.source.name] = flight
        if slot.source.on_demand:  # one of them at a time, however many may fly
            self._on_demand_ready_s = inf
        return flight

    def pause_s(self) -> float:
        """The breath between two requests: slow answers make the lane gentler."""
        mean_s = self.meters.mean_latency_s or 0.0
        return 0.05 + 0.1 * mean_s if mean_s < 1.0 else mean_s / 5

    def _each_s(self) -> float:
        return (self.meters.mean_latency_s or UNMEASURED_LATENCY_S) + self.pause_s()

    def _departures(self, now_s: float, full_until_s: float) -> dict[str, float]:
        times_s: dict[str, float] = {}
        for name, slot in self.slots.items():
            at_s = slot.due_at_s(now_s, self._lead_s)
            if at_s is not None:
                if self.condition.grounds(slot.source, now_s):
                    at_s = max(at_s, self.condition.until_s)
                if slot.source.on_demand:
                    at_s = max(at_s, self._on_demand_ready_s)
                if slot.memory is not None and not slot.demanded:
                    at_s = max(at_s, full_until_s)
                times_s[name] = at_s
        return times_s

    def _probe(self, due: list[Slot], now_s: float) -> Slot:
        """Pick the one flight that tests an upstream which failed: a core path, in turn."""
        core = [self.slots[name] for name in sorted(self._core)]
        awake = [slot for slot in core if not slot.resting(now_s)]
        return awake[self._turn % len(awake)] if awake else most_urgent(due, now_s)

    # -- landings -------------------------------------------------------------------------

    def landed(
        self, flight: Flight, document: Any, now_s: float, *, in_session: bool = True
    ) -> None:
        """Note a good landing; `in_session` says whether a session was shown for it."""
        source = flight.source
        self._end(flight, now_s)
        self.meters.succeeded(now_s, None if source.on_demand else now_s - flight.took_off_s)
        slot = self.slots[source.name]
        if slot.generation != flight.generation:
            slot = slot.outlived()
        elif doubt := slot.doubts(document, now_s):
            slot = slot.quarantined(doubt, now_s)
            self.meters.quarantined[source.name] += 1
        else:
            slot = slot.landed(document, next(self._versions), flight.took_off_s)
        self.slots[source.name] = slot
        self.evidence.answered(source, now_s, in_session=in_session)
        if source.core:
            self._recover(now_s)
        self._recognise(source, document)

    def failed(self, flight: Flight, error: Exception, now_s: float) -> Verdict:
        """Note a failed flight, and say what follows.

        After LogIn and SendAgain the flight is still under way.
        """
        self.evidence.refused(flight.source, error)
        slot = self.slots[flight.source.name]
        verdict = judge(self.evidence.case(flight, error, slot, self.condition, now_s))
        if isinstance(verdict, PathRests | LaneRests):
            self._settle(flight, error, verdict, now_s)
        return verdict

    def held_back(self, flight: Flight, error: Exception, now_s: float) -> Verdict:
        """Note a refused flight whose reason cannot be found out just now."""
        verdict = PathRests(PathState.REFUSED, 30.0)
        self._settle(flight, error, verdict, now_s)
        return verdict

    def lost(self, flight: Flight, now_s: float) -> None:
        """Note a flight that neither landed nor failed."""
        self._end(flight, now_s)
        self.slots[flight.source.name] = self.slots[flight.source.name].idle()

    def tries_login(self, now_s: float) -> None:
        """Note that a login is sent now: at most one a minute is."""
        self.evidence.login_tried_s = now_s

    def logged_in(self, now_s: float) -> None:
        """Note a login that worked.

        What was refused before may have been refused to the expired session.
        """
        self.meters.logins += 1
        self.evidence.logged_in_s = now_s
        refused = (PathState.ROLE, PathState.REFUSED)
        for name, slot in self.slots.items():
            if slot.rest is not None and slot.rest.state in refused:
                self.slots[name] = slot.cleared()

    def login_failed(self, flight: Flight, error: Exception, now_s: float) -> Verdict:
        """Note a login that failed, and with it the flight that needed it."""
        self.meters.logins += 1
        condition = self.condition
        # A login speaks for the whole upstream, as the core does.
        case = Case(error, core=True, lane_state=condition.state, lane_strikes=condition.strikes)
        verdict = judge(case)
        self._settle(flight, error, verdict, now_s)
        return verdict

    def _settle(self, flight: Flight, error: Exception, verdict: Verdict, now_s: float) -> None:
        name = flight.source.name
        self._end(flight, now_s)
        self.meters.erred(error)
        if flight.source.core:
            self.evidence.core_well = False
        self.slots[name] = self.slots[name].struck(error, now_s)
        if isinstance(verdict, PathRests):
            self.slots[name] = self.slots[name].grounded(verdict, now_s)
        elif isinstance(verdict, LaneRests):
            self._rest(verdict, error, flight.took_off_s, now_s)
        if self.evidence.refused_after_login(flight, error, now_s):
            self.evidence.core_refused.add(name)
            self._ask_the_other_core_paths(now_s)

    def _end(self, flight: Flight, now_s: float) -> None:
        self.flights.pop(flight.source.name, None)
        self._ready_s = now_s + self.pause_s()
        if flight.source.on_demand:
            took_s = now_s - flight.took_off_s if flight.source.may_hang else 0.0
            self._on_demand_ready_s = now_s + took_s * (1 / ON_DEMAND_SHARE - 1)

    def _rest(self, verdict: LaneRests, error: Exception, took_off_s: float, now_s: float) -> None:
        luck = self._random.random()
        self.condition = self.condition.after(verdict, error, took_off_s, now_s, luck)
        for name, slot in self.slots.items():
            # Who demanded it of a flight after the one in the air waits on for that.
            self.slots[name] = replace(slot, wanted_s=None, demanded=slot.demanded and slot.in_air)

    def _recover(self, now_s: float) -> None:
        is_limited = self.condition.state is LaneState.LIMITED
        if self.condition.up or (is_limited and now_s < self.condition.until_s):
            return  # 429 holds for what was in the air as well
        if not is_limited:
            self._clear_rests()
        self.condition = Condition(since_s=now_s)

    def _clear_rests(self) -> None:
        for name, slot in self.slots.items():
            self.slots[name] = slot.cleared()

    def _recognise(self, source: Source, document: Any) -> None:
        """Forget what was missing when another firmware or another gateway answers."""
        if not source.fingerprint or not isinstance(document, dict):
            return
        seen = tuple(document.get(key) for key in source.fingerprint)
        if self._fingerprints.setdefault(source.name, seen) != seen:
            self._fingerprints[source.name] = seen
            self._clear_rests()

    def _ask_the_other_core_paths(self, now_s: float) -> None:
        """One path refused after a login may be a role; all of them are an account."""
        if not self.condition.up:
            return
        for name in self._core - self.evidence.core_refused:
            self.slots[name] = self.slots[name].wanted(now_s)
