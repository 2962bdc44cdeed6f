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
from dataclasses import replace
from math import inf
from random import Random

from .errors import LogInAgain, RateLimited, Unexplained
from .failures import LogIn, PathRests, SendAgain, Verdict
from .flights import Flight, Hold
from .laneview import LaneView
from .news import News, lane_news, path_is_back, path_news
from .policy import Source
from .slot import Slot
from .tower import Tower
from .upstream import Upstream

JOIN_S = 1.0
BUG_PAUSE_S = 1.0
EXPLAIN_EVERY_S = 60.0

_log = logging.getLogger(__name__)


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
        self._logging_in = threading.Lock()
        self._explained_s = -inf
        self._reason: Exception | None = None
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
            return {name: self._tower.shown(name) for name in names}, waits

    def expire(self, names: Iterable[str]) -> None:
        """Forget some sources because a write touched them."""
        with self._changed:
            self._tower.expire(names)
            self._changed.notify_all()

    def view(self) -> LaneView:
        """Describe the lane's state without asking anything of the upstream."""
        with self._changed:
            return LaneView.of(self.name, self._tower, self._clock())

    def clear_counters(self) -> None:
        """Count flights that landed and failed anew; nothing else changes."""
        with self._changed:
            self._tower.meters.clear()

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
        if self._stopping:
            return
        if isinstance(verdict, LogIn) and not self._let_in(flight, verdict):
            return
        if isinstance(verdict, LogIn | SendAgain):
            self._attempt(replace(flight, took_off_s=self._clock(), again=True))

    def _let_in(self, flight: Flight, refused: LogIn) -> bool:
        """Log in where that is needed, one worker at a time; False: the flight has ended."""
        with self._logging_in:
            done_s = self._tower.evidence.logged_in_s
            if done_s is not None and done_s > flight.took_off_s:
                return True  # another worker did
            return self._needs_login(flight, refused) and self._log_in(flight)

    def _needs_login(self, flight: Flight, refused: LogIn) -> bool:
        """Make sure that the core wants a session before the first login for anything else.

        A session that is shown hides whether it is needed, so it is forgotten first. Firmware
        1.15 stops when somebody logs in.
        """
        if self._tower.evidence.is_open_beside(flight.source) is not None:
            return True  # it needs one, or the decision table has spoken already
        core = next(slot.source for slot in self._tower.slots.values() if slot.source.core)
        self._upstream.forget_session()
        self._count_request()
        error = refused.error or LogInAgain("refused")
        try:
            self._upstream.fetch(core)
        except LogInAgain as closed:
            with self._changed:
                self._tower.evidence.refused(core, closed)
            return True
        except Exception:  # noqa: BLE001 - nothing learned, so nothing is risked
            self._land(flight, error, self._tower.held_back)
            return False
        with self._changed:
            self._tower.evidence.core_open = True
        self._land(flight, error, self._tower.failed)
        return False

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
        """Have the core's trouble named by what is behind it, which is asked once a minute."""
        if not isinstance(error, Unexplained) or not flight.source.core or self._stopping:
            return error
        now_s = self._clock()
        if now_s - self._explained_s < EXPLAIN_EVERY_S:
            return self._reason or error
        self._explained_s, self._reason = now_s, None
        self._count_request()
        try:
            self._reason = self._upstream.explain(error)
        except RateLimited as limited:
            return limited
        except Exception:  # noqa: BLE001 - then there is no reason to tell
            return error
        return self._reason

    def _log_in(self, flight: Flight) -> bool:
        self._count_request()
        self._tower.tries_login(self._clock())
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
