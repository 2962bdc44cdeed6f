"""A world without threads: a clock, clients that ask on time, and a gateway that answers.

Hours pass in milliseconds. While the fake gateway takes its time over an answer, clients
go on asking, as they do in life.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count
from typing import Any

from pypowerwall_core.backends.local.reader import sources
from pypowerwall_core.errors import LogInAgain
from pypowerwall_core.flights import Hold
from pypowerwall_core.lane import Lane
from pypowerwall_core.policy import Freshness, Patience, Source
from pypowerwall_core.slot import Slot

FRESH_S, KEEP_S = 5.0, 30.0
CORE = ("aggregates", "soe", "grid_status")


def source(name: str, **more: Any) -> Source:
    fields = {"fresh_s": FRESH_S, "keep_s": KEEP_S, "core": name in CORE}
    fields |= more
    return Source(name, f"/api/{name}", **fields)


NEEDED = (
    *CORE,
    "vitals",
    "system_status",
    "operation",
    "sitemaster",
    "powerwalls",
    "status",
    "site_name",
    "problems",
)
HOUSEHOLD = tuple(row for row in sources(FRESH_S, KEEP_S) if row.name in NEEDED)
"""What a household needs, as the local backend's table has it."""


@dataclass(slots=True)
class Ask:
    at_s: float
    name: str
    value: Freshness
    age_s: float | None
    waits: bool
    absent: bool
    document: Any = None


class Gateway:
    """A fake upstream: documents by default, trouble on request."""

    name = "gateway 10.0.0.5"

    def __init__(self, world: World, *, latency_s: float = 0.05) -> None:
        self._world = world
        self.latency_s = latency_s
        self.sent: list[tuple[float, str]] = []
        self.logins: list[float] = []
        self.trouble: dict[str, Callable[[], Exception | None]] = {}
        self.reason: Callable[[], Exception | None] = lambda: None
        self.login_trouble: Callable[[], Exception | None] = lambda: None
        self.needs_session = False
        self.session = False
        self.has_session = True
        self.core_is_open = False
        self.documents: dict[str, Any] = {}
        self.in_flight = 0
        self.most_in_flight = 0
        self.closed = False

    def fetch(self, source: Source) -> Any:
        self.sent.append((self._world.now_s, source.name))
        self._pass_time()
        if source.core and not self.has_session and not self.core_is_open:
            raise LogInAgain("HTTP 403")
        error = self.trouble.get(source.name, self.trouble.get("*", lambda: None))()
        if error is not None:
            raise error
        return self.documents.get(source.name, {"n": len(self.sent)})

    def explain(self, error: Exception) -> Exception:
        self.sent.append((self._world.now_s, "reason"))
        self._pass_time()
        return self.reason() or error

    def login(self) -> None:
        self.logins.append(self._world.now_s)
        self._pass_time()
        error = self.login_trouble()
        if error is not None:
            raise error
        self.session = self.has_session = True

    def forget_session(self) -> None:
        self.session = self.has_session = False

    def close(self) -> None:
        self.closed = True

    def fails(self, error: Exception | None, *names: str) -> None:
        """From now on these paths (all of them: none named) fail so; None heals them."""
        for name in names or ("*",):
            if error is None:
                self.trouble.pop(name, None)
            else:
                self.trouble[name] = lambda error=error: error

    def count(self, name: str | None = None, since_s: float = 0.0, until_s: float = 1e99) -> int:
        return sum(name in (None, sent) and since_s <= at_s < until_s for at_s, sent in self.sent)

    def counts(self) -> Counter[str]:
        return Counter(name for _, name in self.sent)

    def _pass_time(self) -> None:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        self._world.advance(self._world.now_s + self.latency_s)
        self.in_flight -= 1


class World:
    """A clock, its events, one lane and what its clients saw."""

    def __init__(
        self, sources: Iterable[Source] = HOUSEHOLD, *, latency_s: float = 0.05, **lane: Any
    ) -> None:
        self.now_s = 10_000.0
        self.begin_s = self.now_s
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self.gateway = Gateway(self, latency_s=latency_s)
        self.lane = Lane(
            self.gateway, sources, clock=lambda: self.now_s, random=random.Random(7), **lane
        )
        self.asks: list[Ask] = []

    # -- clients --------------------------------------------------------------------------

    def ask(self, *names: str, patience: Patience = Patience.NEWS) -> list[Ask]:
        """Ask now, as one client does."""
        slots, flights = self.lane.ask(names, patience)
        return self._note(slots, names, waits=bool(flights))

    def look(self, *names: str) -> list[Ask]:
        """Look now, as one does who starts nothing."""
        return self._note(self.lane.look(names), names, waits=False)

    def _note(self, slots: dict[str, Slot], names: Iterable[str], *, waits: bool) -> list[Ask]:
        seen = [
            Ask(
                self.now_s,
                name,
                slots[name].freshness(self.now_s),
                memory.age_s(self.now_s) if memory else None,
                waits=waits,
                absent=slots[name].absent(),
                document=memory.document if memory else None,
            )
            for name in names
            for memory in [slots[name].memory]
        ]
        self.asks += seen
        return seen

    def every(
        self, period_s: float, *names: str, until_s: float = 1e99, looks: bool = False
    ) -> None:
        """Add a client that asks, or looks, again and again, beginning now."""

        def again() -> None:
            (self.look if looks else self.ask)(*names)
            if self.now_s + period_s <= until_s:
                self.at(self.now_s + period_s, again)

        self.at(self.now_s, again)

    # -- time -----------------------------------------------------------------------------

    def at(self, at_s: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (at_s, next(self._order), event))

    def advance(self, to_s: float) -> None:
        """Let time pass without the lane acting."""
        while self._events and self._events[0][0] <= to_s:
            at_s, _, event = heapq.heappop(self._events)
            self.now_s = max(self.now_s, at_s)
            event()
        self.now_s = max(self.now_s, to_s)

    def run(self, for_s: float) -> None:
        """Let lane and clients live for a while."""
        end_s = self.now_s + for_s
        self.advance(self.now_s)
        while self.now_s < end_s:
            hold = self.lane.step()
            if isinstance(hold, Hold):
                self._hold(hold, end_s)

    def _hold(self, hold: Hold, end_s: float) -> None:
        wake_s = end_s if hold.until_s is None else min(hold.until_s, end_s)
        if self._events:
            wake_s = min(wake_s, self._events[0][0])
        # Never stand still, even where a float is a hair short of its due time.
        self.advance(max(wake_s, self.now_s + 1e-6))

    # -- what was seen --------------------------------------------------------------------

    def seen(self, name: str, since_s: float = 0.0) -> list[Ask]:
        return [ask for ask in self.asks if ask.name == name and ask.at_s >= since_s]


def percentile(values: Iterable[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
