"""The one road to an upstream: the threads and futures around a Tower.

Clients ask from any thread and never wait here; a worker thread flies. Whatever goes
wrong in a fetch, our own bugs included, ends the flight, is counted and is logged:
nothing wedges the lane.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from math import inf
from random import Random
from typing import Any, Protocol

from .errors import PowerwallError, Unexplained, Unwell
from .failures import LogIn, PathRests, SendAgain, Verdict
from .flights import Condition, Flight, Hold
from .news import News, lane_news, path_is_back, path_news
from .policy import Source
from .slot import Slot
from .tower import Tower

JOIN_S = 1.0
BUG_PAUSE_S = 1.0
EXPLAIN_EVERY = 3
"""While a trouble lasts, every third probe may cost a second request for its reason."""

_log = logging.getLogger(__name__)


class Upstream(Protocol):
    """What a lane leads to. Every call may block and may raise a PowerwallError."""

    name: str

    @property
    def has_session(self) -> bool:
        """Whether requests show a session."""

    def fetch(self, source: Source) -> Any:
        """Return the parsed document of one source."""

    def explain(self, error: Unexplained) -> PowerwallError:
        """Return a better name for an error, or the same; costs one request."""

    def login(self) -> None:
        """Open a new session."""

    def close(self) -> None:
        """Drop all connections; a call under way fails soon."""


@dataclass(frozen=True, slots=True)
class LaneView:
    """What a lane says of itself, for /stats, /health and people.

    Attributes:
        remembered: How many documents are in memory.
        rests: Paths that are left alone, why, and for how many more seconds.
    """

    name: str
    condition: Condition
    resting_for_s: float
    next_due_s: float | None
    requests_per_minute: int
    mean_latency_s: float | None
    in_flight: int
    flights: int
    landed: int
    failed: int
    failed_in_a_row: int
    logins: int
    last_success_ago_s: float | None
    last_error: str | None
    remedy: str | None
    remembered: int
    rests: dict[str, tuple[str, float]]


class Lane:
    """One upstream, its memory and the threads that talk to it."""

    def __init__(
        self,
        upstream: Upstream,
        sources: Iterable[Source],
        *,
        max_in_flight: int = 1,
        clock: Callable[[], float] = time.monotonic,
        random: Random | None = None,
    ) -> None:
        self.name = upstream.name
        self._upstream = upstream
        self._tower = Tower(sources, max_in_flight=max_in_flight, random=random)
        self._clock = clock
        self._news = News(_log, clock)
        self._changed = threading.Condition()
        self._futures: dict[str, Future[None]] = {}
        self._sleepers_until_s: dict[int, float] = {}
        self._stopping = False
        self._threads = [
            threading.Thread(target=self._work, name=f"lane-{n}", daemon=True)
            for n in range(max_in_flight)
        ]

    # -- for clients, from any thread -----------------------------------------------------

    def ask(self, names: Collection[str]) -> tuple[dict[str, Slot], list[Future[None]]]:
        """Note interest in some sources.

        Returns:
            The slots as they are, and the flights worth waiting for. A future only says
            that its flight has ended: ask again to see what it brought.
        """
        now_s = self._clock()
        with self._changed:
            slots = self._tower.slots
            before = [slots[name] for name in names]
            worth_it = [name for name in names if self._tower.ask(name, now_s)]
            waits = [] if self._stopping else [self._future(name) for name in worth_it]
            changed = [slot.source.name for slot in before if slots[slot.source.name] is not slot]
            if any(self._overtakes(name, now_s) for name in changed):
                self._changed.notify_all()
            return {name: slots[name] for name in names}, waits

    def expire(self, names: Iterable[str]) -> None:
        """Forget some sources because a write touched them."""
        with self._changed:
            self._tower.expire(names)
            self._changed.notify_all()

    def view(self) -> LaneView:
        """Describe the lane's state without asking anything of the upstream."""
        now_s = self._clock()
        with self._changed:
            tower, meters = self._tower, self._tower.meters
            due = (tower.due_at_s(name, now_s) for name in tower.slots)
            next_s = min((at_s for at_s in due if at_s is not None), default=None)
            error = meters.last_error
            return LaneView(
                name=self.name,
                condition=tower.condition,
                resting_for_s=max(0.0, tower.condition.until_s - now_s),
                next_due_s=None if next_s is None else max(0.0, next_s - now_s),
                requests_per_minute=meters.per_minute(now_s),
                mean_latency_s=meters.mean_latency_s,
                in_flight=len(tower.flights),
                flights=meters.flights,
                landed=meters.landed,
                failed=meters.failed,
                failed_in_a_row=meters.failed_in_a_row,
                logins=meters.logins,
                last_success_ago_s=(
                    None if meters.last_success_s is None else now_s - meters.last_success_s
                ),
                last_error=None if error is None else str(error),
                remedy=error.remedy or None if isinstance(error, PowerwallError) else None,
                remembered=sum(slot.memory is not None for slot in tower.slots.values()),
                rests={
                    slot.source.path: (slot.rest.state.value, max(0.0, slot.rest.until_s - now_s))
                    for slot in tower.slots.values()
                    if slot.rest is not None
                },
            )

    def start(self) -> None:
        """Begin to fly. Not before: importing and configuring send nothing."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the lane: waiting clients are let go, a flight under way is cut."""
        with self._changed:
            self._stopping = True
            for name in list(self._futures):
                self._release(name)
            self._changed.notify_all()
        self._upstream.close()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(JOIN_S)

    # -- deciding and flying --------------------------------------------------------------

    def step(self) -> Hold | None:
        """Fly once if something may leave now, else say until when to hold.

        What the worker thread does again and again; tests call it with a clock of their own.
        """
        with self._changed:
            move = self._tower.next(self._clock())
            if isinstance(move, Hold):
                return move
            flight = self._take_off(move)
        try:
            self._fly(flight)
        except Exception:
            self._lose(flight)
            raise
        return None

    def _work(self) -> None:
        while not self._stopping:
            try:
                if self.step() is not None:
                    self._hold()
            except Exception:  # noqa: BLE001 - a bug of ours must not end the thread
                _log.exception("%s: unexpected error, this is a bug", self.name)
                with self._changed:
                    self._changed.wait(BUG_PAUSE_S)

    def _hold(self) -> None:
        """Sleep until something may leave, or until somebody asks."""
        with self._changed:
            move = self._tower.next(self._clock())  # it may have changed since
            if self._stopping or not isinstance(move, Hold):
                return
            me = threading.get_ident()
            self._sleepers_until_s[me] = inf if move.until_s is None else move.until_s
            left_s = None if move.until_s is None else move.until_s - self._clock()
            self._changed.wait(left_s)
            del self._sleepers_until_s[me]

    def _overtakes(self, name: str, now_s: float) -> bool:
        """Whether a source is due before some sleeping worker would wake."""
        at_s = self._tower.due_at_s(name, now_s)
        return at_s is not None and at_s < max(self._sleepers_until_s.values(), default=-inf)

    def _take_off(self, slot: Slot) -> Flight:
        name = slot.source.name
        flight = self._tower.take_off(slot, self._clock())
        # Running futures cannot be cancelled: no client that gives up takes the flight
        # from the others. One that was cancelled while queued is replaced.
        if not self._future(name).set_running_or_notify_cancel():
            self._futures.pop(name)
            self._future(name).set_running_or_notify_cancel()
        return flight

    def _fly(self, flight: Flight) -> None:
        verdict = self._attempt(flight)
        if self._stopping or (isinstance(verdict, LogIn) and not self._log_in(flight)):
            return
        if isinstance(verdict, LogIn | SendAgain):
            self._attempt(replace(flight, took_off_s=self._clock(), again=True))

    def _attempt(self, flight: Flight) -> Verdict | None:
        self._count_request()
        try:
            document = self._upstream.fetch(flight.source)
        except Exception as error:  # noqa: BLE001 - a bug is a failed flight too, see _land
            return self._land(flight, self._explained(flight, error), self._tower.failed)
        with self._changed:
            before, slot = self._tower.condition, self._tower.slots[flight.source.name]
            in_session = self._upstream.has_session
            self._tower.landed(flight, document, self._clock(), in_session=in_session)
            if before.up:
                self._news.tell(path_is_back(self.name, slot))
            self._news.tell(lane_news(self.name, before, self._tower.condition, self._clock()))
            self._release(flight.source.name)
            self._changed.notify_all()
        return None

    def _explained(self, flight: Flight, error: Exception) -> Exception:
        """Have the core's trouble named by what is behind it."""
        if not isinstance(error, Unexplained) or not flight.source.core or self._stopping:
            return error
        before = self._tower.condition
        if before.strikes % EXPLAIN_EVERY:
            return before.error if isinstance(before.error, Unwell) else error
        self._count_request()
        try:
            return self._upstream.explain(error)
        except Exception:  # noqa: BLE001 - then there is no reason to tell
            return error

    def _log_in(self, flight: Flight) -> bool:
        self._count_request()
        try:
            self._upstream.login()
        except Exception as error:  # noqa: BLE001 - as above
            self._land(flight, error, self._tower.login_failed)
            return False
        with self._changed:
            self._tower.logged_in(self._clock())
        return True

    def _land(
        self,
        flight: Flight,
        error: Exception,
        note: Callable[[Flight, Exception, float], Verdict],
    ) -> Verdict:
        """Note a failure, tell the news and let the waiting clients go."""
        with self._changed:
            now_s = self._clock()
            before, slot = self._tower.condition, self._tower.slots[flight.source.name]
            verdict = note(flight, error, now_s)
            if self._stopping:  # we cut it ourselves: no news
                return verdict
            self._news.bug(self.name, error)
            self._news.tell(lane_news(self.name, before, self._tower.condition, now_s))
            if isinstance(verdict, PathRests):
                self._news.tell(path_news(self.name, slot, verdict, error))
            if flight.source.name not in self._tower.flights:
                self._release(flight.source.name)
            if not self._tower.condition.up:
                for name in set(self._futures) - set(self._tower.flights):
                    self._release(name)
            self._changed.notify_all()
        return verdict

    def _lose(self, flight: Flight) -> None:
        """Give a flight up that a bug of ours kept from landing: the lane stays free."""
        with self._changed:
            self._tower.lost(flight, self._clock())
            self._release(flight.source.name)

    def _count_request(self) -> None:
        with self._changed:
            self._tower.meters.sent(self._clock())

    def _future(self, name: str) -> Future[None]:
        return self._futures.setdefault(name, Future())

    def _release(self, name: str) -> None:
        """Let everybody go who waits for this source."""
        future = self._futures.pop(name, None)
        if future is not None and (future.running() or future.set_running_or_notify_cancel()):
            future.set_result(None)
