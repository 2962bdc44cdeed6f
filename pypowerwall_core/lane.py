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
from math import inf
from random import Random
from typing import Any

from .errors import BadCommand, LogInAgain, Unreachable
from .failures import LOGIN_EVERY_S
from .flights import Hold
from .laneview import LaneView
from .pilot import Pilot
from .policy import Patience, Source
from .slot import Slot
from .tower import Tower
from .upstream import Upstream
from .vigil import Vigil
from .waiting import Errand, Waiting

JOIN_S = 1.0
BUG_PAUSE_S = 1.0
SLOTS_MOST = 100
_CLOSED = Unreachable("the proxy is being stopped")

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
        is_mended: Callable[[], bool] | None = None,
    ) -> None:
        self.name = upstream.name
        self._upstream = upstream
        self._tower = Tower(sources, max_in_flight=max_in_flight, random=random)
        self._clock = clock
        self._changed = threading.Condition()
        self._waiting = Waiting()
        self._pilot = Pilot(upstream, self._tower, self._waiting, self._changed, clock, _log)
        self._vigil = Vigil(self.name, self._tower, is_mended)
        self._sleepers_until_s: dict[int, float] = {}
        self._listeners: tuple[Callable[[], None], ...] = ()
        self._threads = [
            threading.Thread(target=self._work, name=f"lane-{n}", daemon=True)
            for n in range(max_in_flight)
        ]

    # -- for clients, from any thread -----------------------------------------------------

    def ask(
        self, names: Collection[str], patience: Patience = Patience.NEWS
    ) -> tuple[dict[str, Slot], list[Future[None]]]:
        """Note interest in some sources.

        Returns:
            The slots as they are, and the flights worth waiting for. A future only says
            that its flight has ended: ask again to see what it brought.
        """
        now_s = self._clock()
        with self._changed:
            slots = self._tower.slots
            before = [slots[name] for name in names]
            worth_it = [name for name in names if self._tower.ask(name, now_s, patience)]
            waits = (
                [] if self._pilot.stopping else [self._waiting.client(name) for name in worth_it]
            )
            changed = [slot.source.name for slot in before if slots[slot.source.name] is not slot]
            if any(self._overtakes(name, now_s) for name in changed):
                self._changed.notify_all()
            return {name: self._tower.shown(name) for name in names}, waits

    def adopt(self, source: Source) -> None:
        """Take in a source that no table has, to be asked for by its name.

        Raises:
            BadCommand: There are too many, as when somebody counts paths up.
        """
        with self._changed:
            slots = self._tower.slots
            if source.name not in slots and len(slots) >= SLOTS_MOST:
                raise BadCommand(f"more than {SLOTS_MOST} different paths are not asked for")
            slots.setdefault(source.name, Slot(source))

    @property
    def names(self) -> frozenset[str]:
        """The sources there are."""
        with self._changed:
            return frozenset(self._tower.slots)

    def look(self, names: Collection[str]) -> dict[str, Slot]:
        """Return the slots as they are, for a reader whose looking starts nothing.

        It counts as interest: what is looked at again and again is kept fresh.
        """
        now_s = self._clock()
        with self._changed:
            for name in names:
                self._tower.note(name, now_s)
            if any(self._overtakes(name, now_s) for name in names):
                self._changed.notify_all()
            return {name: self._tower.shown(name) for name in names}

    def peek(self, names: Collection[str]) -> dict[str, Slot]:
        """Return the slots as they are, for who has asked and waited: no interest once more."""
        with self._changed:
            return {name: self._tower.shown(name) for name in names}

    def listen(self, call: Callable[[], None]) -> None:
        """Have something called after every flight, by the worker that flew: it must not block."""
        self._listeners = (*self._listeners, call)

    def expire(self, names: Iterable[str]) -> None:
        """Forget some sources because a write touched them."""
        with self._changed:
            self._tower.expire(names)
            self._changed.notify_all()

    def demand(self, name: str) -> Future[Any]:
        """Have a source fetched by a flight that takes off from now on, before all others.

        Returns:
            A future of its document, or of the error that this flight, or the lane, met.
        """
        now_s = self._clock()
        with self._changed:
            future = self._waiting.demand(name, now_s)
            why_not = _CLOSED if self._pilot.stopping else self._tower.why_not(name, now_s)
            if why_not is not None:
                self._waiting.failed(name, now_s, why_not)
            else:
                self._tower.demand(name)
                self._changed.notify_all()
            return future

    def errand(self, call: Callable[[], Any], touches: Collection[str] = ()) -> Future[Any]:
        """Have a worker make one call to the upstream between two flights, once.

        Sources it touches are shown as they were until somebody demands them.
        """
        with self._changed:
            future = self._waiting.errand(call, touches)
            if self._pilot.stopping:
                self._waiting.give_up(_CLOSED)
            self._changed.notify_all()
            return future

    def withdraw(self, errand: Future[Any]) -> bool:
        """Take a call back that nobody has made yet; whether that was so."""
        with self._changed:
            return self._waiting.withdraw(errand)

    def log_in(self) -> Future[Any]:
        """Have a worker open a new session, unless a login was tried within the last minute."""
        with self._changed:
            tried_s = self._tower.evidence.login_tried_s
        if tried_s is not None and self._clock() - tried_s < LOGIN_EVERY_S:
            future: Future[Any] = Future()
            future.set_exception(LogInAgain("a login was tried within the last minute"))
            return future
        return self.errand(self._pilot.log_in)

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
            self._pilot.stopping = True
            self._waiting.release_all()
            self._waiting.give_up(_CLOSED)
            self._changed.notify_all()
        self._upstream.close()
        for thread in self._threads:
            # Not itself: what nobody holds any more is collected by any thread.
            if thread.is_alive() and thread is not threading.current_thread():
                thread.join(JOIN_S)

    # -- deciding and flying --------------------------------------------------------------

    def step(self) -> Hold | None:
        """Fly once if something may leave now, else say until when to hold.

        What the worker thread does again and again; tests call it with a clock of their own.
        """
        is_mended = self._vigil.glance(self._clock())
        with self._changed:
            if is_mended:
                self._vigil.end_rest(self._clock())
            move = self._next(self._clock())
            if isinstance(move, Hold):
                return move
            if isinstance(move, Slot):
                flight = self._pilot.take_off(move)
            else:
                self._waiting.errands.remove(move)
        if isinstance(move, Errand):
            self._pilot.run(move)
            return None
        try:
            self._pilot.fly(flight)
        except Exception:
            self._pilot.lose(flight)
            raise
        self._tell()
        return None

    def _tell(self) -> None:
        """Call who listens, without the lock; a bug of theirs is none of the lane's business."""
        for call in self._listeners:
            try:
                call()
            except Exception:  # noqa: BLE001 - as above
                _log.exception("%s: unexpected error in a listener, this is a bug", self.name)

    def _next(self, now_s: float) -> Slot | Errand | Hold:
        """Say what leaves now; an errand goes before every flight, after the usual breath."""
        if not self._waiting.errands:
            move = self._tower.next(now_s)
            return self._vigil.shortened(move, now_s) if isinstance(move, Hold) else move
        if now_s < self._tower.ready_s:
            return Hold(self._tower.ready_s)
        return self._waiting.errands[0]

    def _work(self) -> None:
        while not self._pilot.stopping:
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
            move = self._next(self._clock())  # it may have changed since
            if self._pilot.stopping or not isinstance(move, Hold):
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
