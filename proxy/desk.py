"""What one running proxy has at hand: its site, its settings, its own numbers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from pypowerwall_core.policy import Patience
from pypowerwall_core.site import Asked, Site

from .control.throttle import Throttle
from .settings import Settings

TOGETHER_S = 0.025
TRACKED = ("/aggregates", "/soe", "/vitals", "/strings")
"""The routes /health tells of."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How often a route was asked, and how often it knew nothing."""

    calls: int = 0
    failed: int = 0

    def plus(self, *, known: bool) -> Tally:
        """Return the tally after one more answer."""
        return Tally(self.calls + 1, self.failed + (not known))


@dataclass(slots=True)
class Counters:
    """What clients asked; bounded by the route table, not by what they type.

    Attributes:
        cleared_s: When they were last cleared, on the desk's clock; None is at the start.
    """

    gets: int = 0
    posts: int = 0
    errors: int = 0
    unknown: int = 0
    uri: dict[str, int] = field(default_factory=dict)
    tracked: dict[str, Tally] = field(default_factory=dict)
    forgotten: int = 0
    cleared_s: float | None = None

    def answered(self, path: str, *, known: bool) -> None:
        """Count one answer of a route."""
        self.uri[path] = self.uri.get(path, 0) + 1
        if path in TRACKED:
            self.tracked[path] = self.tracked.get(path, Tally()).plus(known=known)
        if known:
            self.gets += 1
        else:
            self.unknown += 1

    def forget_tallies(self) -> None:
        """Begin to count anew what /health/reset clears."""
        self.forgotten = len(self.tracked)
        self.tracked = {}

    def clear(self, now_s: float) -> None:
        """Begin to count anew what /stats/clear clears: not commands, not unknown answers."""
        self.gets = self.errors = 0
        self.uri = {}
        self.cleared_s = now_s


@dataclass(slots=True)
class StreamTally:
    """How many streams are open, were refused, and what slow readers of them have lost."""

    open: int = 0
    refused: int = 0
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything an endpoint may use.

    Attributes:
        bodies: The size of each route's remembered body, in bytes.
        clock: Counts seconds, whatever time of day it is said to be.
        started_s: On that clock.
    """

    site: Site
    settings: Settings
    demo: bool = False
    counters: Counters = field(default_factory=Counters)
    clock: Callable[[], float] = time.monotonic
    wall_clock: Callable[[], float] = time.time
    started_s: float = field(default_factory=time.monotonic)
    bodies: dict[str, int] = field(default_factory=dict)
    throttle: Throttle = field(default_factory=Throttle)
    streams: StreamTally = field(default_factory=StreamTally)
    _last: dict[tuple[str, ...], Asked] = field(default_factory=dict)

    @property
    def marks(self) -> tuple[tuple[str, str], ...]:
        """Headers of every answer: any page may read us (Grafana does, from its own origin)."""
        return (("Access-Control-Allow-Origin", "*"), *self.own_marks)

    @property
    def own_marks(self) -> tuple[tuple[str, str], ...]:
        """Headers of what shows settings: for pages of ours, and of nobody else."""
        return (("X-Demo", "simulated"),) if self.demo else ()

    def time_of_day(self, at_s: float) -> float:
        """Tell a moment of our clock as the time of day, by what the wall clock says now.

        Not by what it said then: a Raspberry Pi has no clock of its own, and starts hours back
        until it has asked the network.
        """
        return self.wall_clock() - (self.clock() - at_s)

    async def ask(self, needs: tuple[str, ...], patience: Patience = Patience.NEWS) -> Asked:
        """Say what is known, waiting within the client's one budget where it helps.

        Requests that come together read one and the same snapshot.
        """
        last = self._last.get(needs)
        if last is not None and self.site.now_s() - last.at_s < TOGETHER_S:
            return last
        asked = self.site.ask(needs, patience)
        if asked.flights:
            asked = await self._wait(needs, patience, asked)
        if not asked.flights:
            self._last[needs] = asked
        return asked

    async def _wait(self, needs: tuple[str, ...], patience: Patience, asked: Asked) -> Asked:
        loop = asyncio.get_running_loop()
        ends_s = loop.time() + self.settings.client_budget_s
        while asked.flights and (left_s := ends_s - loop.time()) > 0:
            # Not wait_for: it cancels what it waits for, and the flight belongs to all.
            flights = [asyncio.wrap_future(flight) for flight in asked.flights]
            await asyncio.wait(flights, timeout=left_s)
            asked = self.site.ask(needs, patience)
        return asked
