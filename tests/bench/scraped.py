"""A home that only Prometheus reads: how new, how fast, how kind; and the first scrape."""

from __future__ import annotations

import contextlib
import http.client
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from clients import ACCEPTED, METRICS, PROMETHEUS
from conditions import P99_OF_ALL_FACTS_MS
from figures import NEVER, Figure, percentile, worst
from needs import LOGIN_PATH
from rig import Gateway, proxy
from support.served import Served
from usage import pressure_s
from watch import Point
from world import World, world

from pypowerwall_core.backends.local.reader import FAST, ROWS

GROUP = "scraped"
SCRAPES_LEAST = 5
JUDGED_FROM = 2
"""What has been scraped twice is kept fresh; the third scrape reads it."""
AGE_MOST_S = 20
A_MINUTE = 40
"""Four times each of what is to be five seconds new, and the rest more rarely."""
RENDERINGS = 200
APART_S = 0.51
"""Of two formats each is rendered at most once a second."""
FULL_S = 60.0
WARM_UP = 4
TIMES = 3
FIRST_MOST_MS = 150
BESIDE_MOST_MS = 50
"""A client at the same moment must not notice that a library is loaded."""
GLANCE_S = 0.005
TIMEOUT_S = 10.0
FORMATS = (ACCEPTED, "text/plain")
_FAST = {row.payload for row in ROWS if row.fresh_s == FAST}
_TIME = re.compile(r'^powerwall_data_timestamp_seconds\{document="(\w+)".*\} (\S+)$', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Scrape:
    """One answer as Prometheus has it.

    Attributes:
        ages_s: By document: time() - powerwall_data_timestamp_seconds.
    """

    took_s: float
    status: int
    body: bytes
    ages_s: dict[str, float]

    @property
    def fast_s(self) -> float:
        """The age of the oldest of what is to be as new as PW_CACHE_EXPIRE says."""
        return worst(age_s for name, age_s in self.ages_s.items() if name in _FAST)


class Prometheus:
    """Scrapes on one connection, which it keeps, as Prometheus does."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)

    def scrape(self, accept: str = ACCEPTED, path: str = METRICS) -> Scrape:
        """Ask once; whatever goes wrong is status 0."""
        began_s = time.monotonic()
        try:
            self._connection.request("GET", path, headers={"Accept": accept})
            answer = self._connection.getresponse()
            body, status = answer.read(), answer.status
        except (OSError, http.client.HTTPException):
            self._connection.close()
            body, status = b"", 0
        took_s = time.monotonic() - began_s
        now_s = time.time()
        ages_s = {name: now_s - float(at_s) for name, at_s in _TIME.findall(body.decode())}
        return Scrape(took_s, status, body, ages_s)

    def every(self, seconds: float, times: int) -> Iterator[Scrape]:
        """Scrape on time."""
        began_s = time.monotonic()
        for turn in range(times):
            time.sleep(max(0.0, began_s + turn * seconds - time.monotonic()))
            yield self.scrape()

    def anew(self, times: int) -> Iterator[Scrape]:
        """Scrape in both formats in turn, so that each answer has to be rendered."""
        for turn in range(times):
            yield self.scrape(FORMATS[turn % len(FORMATS)])
            time.sleep(APART_S)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


def scraped(seconds: float) -> list[Figure]:
    """The first scrape, then one every 15 s, then one after the other."""
    pressed_s, began_s = pressure_s() or 0.0, time.monotonic()
    renderings = max(10, round(RENDERINGS * min(1.0, seconds / FULL_S)))
    figures = [*first_scrape(), *every_15_s(seconds), *rendered_anew(renderings)]
    busy = ((pressure_s() or 0.0) - pressed_s) / (time.monotonic() - began_s) * 100
    return [*figures, Figure(GROUP, "(machine: time something waited for a CPU)", busy, "%")]


def every_15_s(seconds: float) -> list[Figure]:
    """Nobody else is there: how old is what Prometheus reads, and what does that cost?"""
    times = max(SCRAPES_LEAST, round(seconds / PROMETHEUS.every_s) + 1)
    with world() as home, contextlib.closing(Prometheus(home.proxy.port)) as prometheus:
        found = list(prometheus.every(PROMETHEUS.every_s, times))
        last = home.watch.look()
    return [*_of_scrapes(found), *_of_upstream(home, last, (len(found) - 1) / 4)]


def _of_scrapes(found: list[Scrape]) -> list[Figure]:
    later, took_ms = found[JUDGED_FROM:], [1000 * scrape.took_s for scrape in found[1:]]
    return [
        Figure(GROUP, "scrapes, one every 15 s", len(found)),
        Figure(GROUP, "slowest of them but the first", worst(took_ms), "ms", P99_OF_ALL_FACTS_MS),
        Figure(GROUP, "scrapes that failed", _failed(found), most=0),
        Figure(
            GROUP,
            "documents told from the third on, fewest",
            min(len(scrape.ages_s) for scrape in later),
            least=len(_FAST) - 1,  # no system has both vitals and what stands in for them
        ),
        Figure(
            GROUP,
            "age of what is to be 5 s new, from the third on",
            worst(scrape.fast_s for scrape in later),
            "s",
            AGE_MOST_S,
        ),
        Figure(
            GROUP,
            "age of anything told, from the third on",
            worst(age_s for scrape in later for age_s in scrape.ages_s.values()),
            "s",
        ),
    ]


def _of_upstream(home: World, last: Point, minutes: float) -> list[Figure]:
    asked = last.total - last.requests.get(LOGIN_PATH, 0)
    return [
        Figure(GROUP, "requests a minute", asked / minutes),
        Figure(GROUP, "requests in the busiest minute", home.watch.busiest_minute(), most=A_MINUTE),
        Figure(GROUP, "most requests in flight", last.most_in_flight, most=1),
        Figure(GROUP, "logins", last.logins, most=1),
    ]


def rendered_anew(times: int) -> list[Figure]:
    """One scrape after the other, each rendered for itself; nobody looks on."""
    with (
        Gateway() as gateway,
        proxy(gateway) as served,
        contextlib.closing(Prometheus(served.port)) as prometheus,
    ):
        list(prometheus.anew(WARM_UP))
        found = list(prometheus.anew(times))
    took_ms = [1000 * scrape.took_s for scrape in found]
    anew = len({scrape.body for scrape in found})  # how often it was asked is part of it
    return [
        Figure(GROUP, "scrapes rendered anew", anew, least=times),
        *(
            Figure(GROUP, f"... median of {name}", median(took_ms[n::2]), "ms")
            for n, name in enumerate(("OpenMetrics", "text"))
        ),
        Figure(GROUP, "... p99 of both", percentile(took_ms, 0.99), "ms", P99_OF_ALL_FACTS_MS),
        Figure(GROUP, "... that failed", _failed(found), most=0),
        Figure(GROUP, "... bytes, most", worst(len(scrape.body) for scrape in found)),
    ]


def _failed(found: list[Scrape]) -> int:
    return sum(scrape.status != 200 for scrape in found)


def first_scrape() -> list[Figure]:
    """How long a new process takes for its first scrape, and who else is kept waiting."""
    with Gateway() as gateway:
        once = []
        for _ in range(TIMES):
            with proxy(gateway) as served:
                served.known("/aggregates")
                once.append(_first(served))
    first_ms, beside_ms, before_ms = (1000 * median(took_s) for took_s in zip(*once, strict=True))
    return [
        Figure(GROUP, f"first scrape, median of {TIMES}", first_ms, "ms", FIRST_MOST_MS),
        Figure(GROUP, "slowest /aggregates meanwhile, median", beside_ms, "ms", BESIDE_MOST_MS),
        Figure(GROUP, "... and just before", before_ms, "ms"),
    ]


def _first(served: Served) -> tuple[float, float, float]:
    """Return seconds: the first scrape, the slowest GET beside it, the slowest one before."""
    with (
        contextlib.closing(Prometheus(served.port)) as prometheus,
        contextlib.closing(Prometheus(served.port)) as other,
    ):
        before_s = worst(_aggregates(other, time.monotonic() + 20 * GLANCE_S))
        scrapes: list[Scrape] = []
        thread = threading.Thread(target=lambda: scrapes.append(prometheus.scrape()))
        thread.start()
        beside_s = []
        while thread.is_alive():
            beside_s += _aggregates(other, time.monotonic() + GLANCE_S)
        thread.join()
    failed = _failed(scrapes) > 0 or not scrapes
    return NEVER if failed else scrapes[0].took_s, worst(beside_s), before_s


def _aggregates(other: Prometheus, until_s: float) -> list[float]:
    """Ask for the meters every few milliseconds until a moment, at least once."""
    took_s: list[float] = []
    while not took_s or time.monotonic() < until_s:
        answer = other.scrape(path="/aggregates")
        took_s.append(answer.took_s if answer.status == 200 else NEVER)
        time.sleep(GLANCE_S)
    return took_s
