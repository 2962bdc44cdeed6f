"""Who waits for a lane: clients for a flight, a commander for one fresh answer or one call.

Rule: it is changed only under the lane's lock, and settles futures; it decides nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from .errors import NotSent


@dataclass(frozen=True, slots=True)
class Errand:
    """One call to the upstream, made by a worker of the lane.

    Attributes:
        touches: The sources it may change; flights that left before it ended land stale.
    """

    call: Callable[[], Any]
    touches: tuple[str, ...]
    future: Future[Any]


@dataclass(frozen=True, slots=True)
class Demand:
    """Somebody who waits for an answer of a flight that takes off from now on."""

    since_s: float
    future: Future[Any]


class Waiting:
    """Everybody who waits for one lane.

    Attributes:
        errands: The calls to be made, in their order.
    """

    def __init__(self) -> None:
        self.errands: deque[Errand] = deque()
        self._clients: dict[str, Future[None]] = {}
        self._demands: dict[str, list[Demand]] = {}

    # -- clients: one future per source, shared by all ------------------------------------

    def client(self, name: str) -> Future[None]:
        """Return the future that ends with the next landing of a source."""
        return self._clients.setdefault(name, Future())

    def take_off(self, name: str) -> None:
        """Note that a flight leaves: from now on no client that gives up takes it from others.

        A future that was cancelled while queued is replaced; one that runs cannot be.
        """
        if not self.client(name).set_running_or_notify_cancel():
            self._clients.pop(name)
            self.client(name).set_running_or_notify_cancel()

    def release(self, name: str) -> None:
        """Let every client go who waits for a source."""
        future = self._clients.pop(name, None)
        if future is not None and (future.running() or future.set_running_or_notify_cancel()):
            future.set_result(None)

    def release_all(self, but: Collection[str] = ()) -> None:
        """Let every client go, except who waits for some sources."""
        for name in self._clients.keys() - set(but):
            self.release(name)

    # -- a commander ----------------------------------------------------------------------

    def errand(self, call: Callable[[], Any], touches: Collection[str]) -> Future[Any]:
        """Queue a call."""
        future = _under_way()
        self.errands.append(Errand(call, tuple(touches), future))
        return future

    def withdraw(self, future: Future[Any]) -> bool:
        """Take a call out of the queue; False when it is not there any more."""
        found = [errand for errand in self.errands if errand.future is future]
        for errand in found:
            self.errands.remove(errand)
        return bool(found)

    def demand(self, name: str, now_s: float) -> Future[Any]:
        """Wait for the next flight of a source."""
        future = _under_way()
        self._demands.setdefault(name, []).append(Demand(now_s, future))
        return future

    def landed(self, name: str, took_off_s: float, document: Any) -> None:
        """Give a document to those who demanded it before its flight took off."""
        for demand in self._take(name, took_off_s):
            demand.future.set_result(document)

    def failed(self, name: str, took_off_s: float, error: Exception) -> None:
        """Tell those who waited for this flight that it brought nothing."""
        for demand in self._take(name, took_off_s):
            demand.future.set_exception(error)

    def give_up(self, error: Exception, but: Collection[str] = ()) -> None:
        """Tell who demanded something, except by flights under way, that nothing will come."""
        for name in self._demands.keys() - set(but):
            for demand in self._demands.pop(name):
                demand.future.set_exception(error)
        while self.errands:
            self.errands.popleft().future.set_exception(NotSent(str(error)))

    def _take(self, name: str, took_off_s: float) -> list[Demand]:
        demands = self._demands.pop(name, [])
        if later := [demand for demand in demands if demand.since_s > took_off_s]:
            self._demands[name] = later
        return [demand for demand in demands if demand.since_s <= took_off_s]


def _under_way() -> Future[Any]:
    """Return a future that nobody can take back: what it stands for may be on its way."""
    future: Future[Any] = Future()
    future.set_running_or_notify_cancel()
    return future
