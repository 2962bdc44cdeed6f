"""Watches a bench from beside it: the gateway's counters, the lane, what the proxy takes."""

from __future__ import annotations

import contextlib
import http.client
import threading
import time
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from typing import Any, Self

from figures import NEVER
from needs import LOGIN_PATH
from rig import Gateway, health
from support.served import Served
from usage import Usage, usage

EVERY_S = 0.5
USAGE_EVERY = 10
"""Memory is looked at this many times more rarely: the kernel walks all pages for it."""


@dataclass(frozen=True, slots=True)
class Point:
    """What was so at one moment."""

    at_s: float
    requests: dict[str, int]
    total: int
    logins: int
    most_in_flight: int
    lane: dict[str, Any] | None


class Watch:
    """A thread that looks twice a second, and the questions its notes answer."""

    def __init__(self, gateway: Gateway, proxy: Served) -> None:
        self._gateway, self._proxy = gateway, proxy
        self.points: list[Point] = []
        self.usages: list[tuple[float, Usage]] = []
        self._ended = threading.Event()
        self._looking = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(10)

    def usage(self) -> Usage:
        return usage((self._proxy.pid, *self._proxy.workers))

    def look(self) -> Point:
        """Look now, note it and return it."""
        with self._looking:
            return self._look()

    def _look(self) -> Point:
        seen = self._gateway.counters()
        refused = seen["logins_refused"]
        requests = seen["requests"]
        lane = health(self._proxy.port)
        point = Point(
            time.monotonic(),
            requests,
            seen["total"],
            max(seen["logins"] + refused, requests.get(LOGIN_PATH, 0)),
            seen["most_in_flight"],
            lane,
        )
        self.points.append(point)
        return point

    def _run(self) -> None:
        due_s, turn = time.monotonic(), 0
        while not self._ended.wait(max(0.0, due_s - time.monotonic())):
            with contextlib.suppress(OSError, http.client.HTTPException):
                self.look()
            if turn % USAGE_EVERY == 0:
                self.usages.append((time.monotonic(), self.usage()))
            due_s, turn = max(due_s + EVERY_S, time.monotonic()), turn + 1

    # -- what the notes say ---------------------------------------------------------------

    def last(self) -> Point:
        return self.points[-1]

    def at(self, at_s: float) -> Point:
        """The last point not later than a moment, or the first there is."""
        return next((p for p in reversed(self.points) if p.at_s <= at_s), self.points[0])

    def requests(self, since_s: float, until_s: float) -> int:
        return self.at(until_s).total - self.at(since_s).total

    def flights(self, since_s: float, until_s: float) -> int:
        """What the lane says it sent: where nobody listens, nobody else can count."""
        before, after = (self.at(at_s).lane or {} for at_s in (since_s, until_s))
        return int(after.get("flights", 0)) - int(before.get("flights", 0))

    def busiest_minute(self, until_s: float = inf, *, by_lane: bool = False) -> float:
        """The most requests in any minute until then; of a shorter time, as many as there were."""
        return self._busiest(until_s, by_lane=by_lane)[0]

    def made_of(self) -> dict[str, int]:
        """What was asked for in the busiest minute, how often."""
        _, before, after = self._busiest(inf, by_lane=False)
        seen = Counter(after.requests)
        seen.subtract(before.requests if before else {})
        return {path: times for path, times in sorted(seen.items()) if times}

    def _busiest(self, until_s: float, *, by_lane: bool) -> tuple[int, Point | None, Point]:
        """How many requests, after which look (None: from the start) and until which."""
        points = [point for point in list(self.points) if point.at_s <= until_s]
        counts = [(p.lane or {}).get("flights", 0) if by_lane else p.total for p in points]
        first = 0
        most: tuple[int, Point | None, Point] = (0, None, points[0])
        for index, point in enumerate(points):
            while point.at_s - points[first].at_s > 60:
                first += 1
            # The first point of all may already have counted the start's requests.
            before = counts[first] if first else 0
            if counts[index] - before > most[0]:
                most = (counts[index] - before, points[first] if first else None, point)
        return most

    def fetched_at_s(self, path: str, since_s: float, until_s: float) -> list[float]:
        """When the gateway was asked for a path, to half a second."""
        seen = pairwise(point for point in list(self.points) if point.at_s <= until_s)
        return [
            after.at_s
            for before, after in seen
            if after.at_s > since_s and after.requests.get(path, 0) > before.requests.get(path, 0)
        ]

    def longest_gap_s(self, path: str, since_s: float, until_s: float) -> float:
        """The longest time without a request for a path, the edges included."""
        times_s = self.fetched_at_s(path, float("-inf"), until_s)
        before = [at_s for at_s in times_s if at_s <= since_s][-1:]
        marks = (*before, *(at_s for at_s in times_s if at_s > since_s), until_s)
        if len(marks) < 2:
            return NEVER
        return max(later - earlier for earlier, later in pairwise(marks))
