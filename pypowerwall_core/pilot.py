"""What a worker of a lane does: a flight from take-off to landing, or one call for a commander.

The tower decides; the pilot talks to the upstream, tells the news and lets those go who wait.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from math import inf
from typing import Any

from .errors import LogInAgain, NotSent, RateLimited, Unexplained
from .failures import LogIn, PathRests, SendAgain, Verdict
from .flights import Flight
from .news import News, doubt_news, lane_news, path_is_back, path_news
from .slot import Slot
from .tower import Tower
from .upstream import Upstream
from .waiting import Errand, Waiting

EXPLAIN_EVERY_S = 60.0


class Pilot:
    """All that is done with the upstream of one lane, by any of its workers.

    Attributes:
        stopping: The lane ends: what is cut now is no news.
    """

    def __init__(
        self,
        upstream: Upstream,
        tower: Tower,
        waiting: Waiting,
        changed: threading.Condition,
        clock: Callable[[], float],
        log: logging.Logger,
    ) -> None:
        self.name = upstream.name
        self.stopping = False
        self._upstream = upstream
        self._tower = tower
        self._waiting = waiting
        self._changed = changed
        self._clock = clock
        self._news = News(log, clock)
        self._logging_in = threading.Lock()
        self._explained_s = -inf
        self._reason: Exception | None = None

    def take_off(self, slot: Slot) -> Flight:
        """Let a flight leave; who calls holds the lock."""
        self._waiting.take_off(slot.source.name)
        return self._tower.take_off(slot, self._clock())

    def fly(self, flight: Flight) -> None:
        """Fly from take-off to landing, with a login in between where that is needed."""
        verdict = self._attempt(flight)
        if self.stopping:
            return
        if isinstance(verdict, LogIn) and not self._let_in(flight, verdict):
            return
        if isinstance(verdict, LogIn | SendAgain):
            self._attempt(replace(flight, took_off_s=self._clock(), again=True))

    def run(self, errand: Errand) -> None:
        """Make one call for somebody else."""
        error: Exception | None = None
        with self._changed:
            condition = self._tower.condition
            if not condition.up and self._clock() < condition.until_s:
                errand.future.set_exception(NotSent(f"{self.name}: {condition.error}"))
                return
            self._tower.touch(errand.touches)
        try:
            answer = self._call(errand.call)
        except Exception as trouble:  # noqa: BLE001 - theirs to judge
            error = trouble
        with self._changed:
            self._tower.touch(errand.touches)
            self._tower.errand_ended(error, self._clock())
            if error is None:
                errand.future.set_result(answer)
            else:
                errand.future.set_exception(error)
            self._changed.notify_all()

    def log_in(self) -> None:
        """Open a new session for a commander, between two flights."""
        with self._logging_in:
            self._open_session()

    def _open_session(self) -> None:
        with self._changed:
            self._tower.tries_login(self._clock())
        self._upstream.login()
        with self._changed:
            self._tower.logged_in(self._clock())

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
        error = refused.error or LogInAgain("refused")
        try:
            self._call(self._upstream.fetch, core)
        except LogInAgain as closed:
            with self._changed:
                self._tower.evidence.refused(core, closed)
            return True
        except RateLimited as limited:
            self._land(flight, limited, self._tower.failed)
            return False
        except Exception:  # noqa: BLE001 - nothing learned, so nothing is risked
            self._land(flight, error, self._tower.held_back)
            return False
        with self._changed:
            self._tower.evidence.core_open = True
        self._land(flight, error, self._tower.failed)
        return False

    def _attempt(self, flight: Flight) -> Verdict | None:
        try:
            document = self._call(self._upstream.fetch, flight.source)
        except Exception as error:  # noqa: BLE001 - a bug is a failed flight too, see _land
            return self._land(flight, self._explained(flight, error), self._tower.failed)
        with self._changed:
            before, slot = self._tower.condition, self._tower.slots[flight.source.name]
            in_session = self._upstream.has_session
            self._tower.landed(flight, document, self._clock(), in_session=in_session)
            self._news.tell(doubt_news(self.name, slot, self._tower.slots[flight.source.name]))
            if before.up:
                self._news.tell(path_is_back(self.name, slot))
            self._news.tell(lane_news(self.name, before, self._tower.condition, self._clock()))
            self._waiting.release(flight.source.name)
            self._waiting.landed(flight.source.name, flight.took_off_s, document)
            self._changed.notify_all()
        return None

    def _explained(self, flight: Flight, error: Exception) -> Exception:
        """Have the core's trouble named by what is behind it, which is asked once a minute."""
        if not isinstance(error, Unexplained) or not flight.source.core or self.stopping:
            return error
        now_s = self._clock()
        if now_s - self._explained_s < EXPLAIN_EVERY_S:
            return self._reason or error
        self._explained_s, self._reason = now_s, None
        try:
            self._reason = self._call(self._upstream.explain, error)
        except RateLimited as limited:
            return limited
        except Exception:  # noqa: BLE001 - then there is no reason to tell
            return error
        return self._reason

    def _log_in(self, flight: Flight) -> bool:
        try:
            self._call(self._open_session)
        except Exception as error:  # noqa: BLE001 - as above
            self._land(flight, error, self._tower.login_failed)
            return False
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
            if self.stopping:  # we cut it ourselves: no news
                return verdict
            self._news.bug(self.name, error)
            self._news.tell(lane_news(self.name, before, self._tower.condition, now_s))
            if isinstance(verdict, PathRests):
                self._news.tell(path_news(self.name, slot, verdict, error))
            if flight.source.name not in self._tower.flights:
                self._waiting.release(flight.source.name)
                self._waiting.failed(flight.source.name, flight.took_off_s, error)
            if not self._tower.condition.up:
                self._waiting.release_all(but=self._tower.flights)
                self._waiting.give_up(error, but=self._tower.flights)
            self._changed.notify_all()
        return verdict

    def lose(self, flight: Flight) -> None:
        """Give a flight up that a bug of ours kept from landing: the lane stays free."""
        with self._changed:
            self._tower.lost(flight, self._clock())
            self._waiting.release(flight.source.name)
            bug = RuntimeError("a bug kept a flight from landing")
            self._waiting.failed(flight.source.name, flight.took_off_s, bug)

    def _call(self, ask: Callable[..., Any], *what: Any) -> Any:
        """Send one request to the upstream; count it and what came of it."""
        began_s = self._clock()
        with self._changed:
            self._tower.meters.sent(began_s)
        error: Exception | None = None
        try:
            return ask(*what)
        except Exception as trouble:
            error = trouble
            raise
        finally:
            with self._changed:
                self._tower.meters.ended(self._clock() - began_s, error)
