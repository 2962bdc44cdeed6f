"""Stories with a plot of their own: paths that hang, a firmware update, one bad sample."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulator.gateway import Simulator

from .forked import Forked
from .outage import (
    BUDGET_S,
    FRESH_S,
    GATEWAY_PATHS,
    KEPT_LONG_S,
    LIMIT_S,
    settle,
    store_session,
    told,
)
from .served import PASSWORD, Reply, Served, until
from .trouble import AGGREGATES, CORE, SOE, VITALS

FAULTS = ("hanging", "firmware_update")
HANGING = (
    "/api/networks",
    "/api/meters/readings",
    "/api/system/networks",
    "/api/site_info/grid_codes",
)
LONG_S = 30
"""PW_TIMEOUT: who waited so long for a hanging path would let the meters grow old."""
NEW_RELEASE = "24.12.0"
SCALE = 0.02
"""Six and a half minutes take eight seconds."""


class Plot(ABC):
    """A story that is lived in its own way."""

    name: str
    is_long = True

    @abstractmethod
    def live(self, folder: Path) -> Any:
        """Live it; what happened is judged later."""


def _settings(sim: Simulator, timeout_s: float) -> dict[str, str]:
    return {
        "PW_HOST": sim.address,
        "PW_PASSWORD": PASSWORD,
        "PW_CACHE_EXPIRE": str(FRESH_S),
        "PW_CACHE_TTL": str(KEPT_LONG_S),
        "PW_TIMEOUT": str(timeout_s),
        "PW_CLIENT_BUDGET": str(BUDGET_S),
    }


class _Watch:
    """A proxy that is watched, and all that it answered."""

    def __init__(self, proxy: Served) -> None:
        self.proxy = proxy
        self.replies: dict[str, list[Reply]] = {}

    def look(self, *paths: str) -> list[Reply]:
        found = [self.proxy.get(path) for path in paths]
        for path, reply in zip(paths, found, strict=True):
            self.replies.setdefault(path, []).append(reply)
        return found

    @property
    def lane(self) -> dict[str, Any]:
        (lane,) = self.proxy.get("/health").document["lanes"]
        return dict(lane)

    def fresh(self, *paths: str) -> None:
        """Look until each was seen fresh once."""
        away = set(paths)

        def missing() -> Collection[str]:
            away.difference_update(
                path for path, reply in zip(paths, self.look(*paths), strict=True) if reply.fresh
            )
            return away

        settle(missing)


# -- paths that hang --------------------------------------------------------------------------


@dataclass(slots=True)
class Hung:
    """What happened while a path hung.

    Attributes:
        unasked: Requests for the hanging paths before a client asked for one.
        asked: The same while a client did ...
        asked_after: ... and when all was over, the other path having been read.
        spared: What the path read that nobody had asked for meanwhile, and what the gateway
            says of it.
    """

    replies: dict[str, list[Reply]]
    warm: dict[str, Any]
    unasked: dict[str, int]
    asked: dict[str, int]
    asked_after: dict[str, int]
    lane: dict[str, Any]
    lane_after: dict[str, Any]
    spared: tuple[Any, Any]
    seen: dict[str, Any]
    lasted_s: float


@dataclass(frozen=True, slots=True)
class Hanging(Plot):
    """One of two paths is asked for while both hang, the other one only afterwards."""

    asked: str
    spared: str

    @property
    def name(self) -> str:
        return f"hanging, {self.asked}"

    def live(self, folder: Path) -> Hung:
        with Simulator(frozen=True, password=PASSWORD) as sim:
            store_session(sim, folder / "auth")
            sim.faults.start("hanging")
            with Forked(folder, **_settings(sim, LONG_S)) as proxy:
                return self._watch(sim, _Watch(proxy))

    def _watch(self, sim: Simulator, watch: _Watch) -> Hung:
        watch.fresh(*CORE)
        unasked = _hanging_requests(sim)
        began_s = time.monotonic()
        settle(lambda: self._not_yet_at_rest(watch))
        watch.fresh(*CORE)
        asked, lane = _hanging_requests(sim), watch.lane
        lasted_s = time.monotonic() - began_s
        sim.faults.stop()
        spared = until(lambda: watch.look(self.spared)[0].document, LIMIT_S)
        watch.look(self.asked)
        return Hung(
            replies=watch.replies,
            warm={path: told(sim, GATEWAY_PATHS[path]) for path in CORE},
            unasked=unasked,
            asked=asked,
            asked_after=_hanging_requests(sim),
            lane=lane,
            lane_after=watch.lane,
            spared=(spared, told(sim, self.spared)),
            seen=sim.counters.snapshot(),
            lasted_s=lasted_s,
        )

    def _not_yet_at_rest(self, watch: _Watch) -> list[str]:
        watch.look(self.asked, *CORE)
        return [] if self.asked in watch.lane["resting_paths"] else [f"rest of {self.asked}"]


def _hanging_requests(sim: Simulator) -> dict[str, int]:
    """How often each was asked for; those that this gateway lacks are counted as one."""
    requests = sim.counters.snapshot()["requests"]
    return {path: requests.get(path, 0) for path in (*HANGING[:2], "other")}


# -- a firmware update ------------------------------------------------------------------------


@dataclass(slots=True)
class Updated:
    """What happened while the gateway updated itself.

    Attributes:
        states: What /health called the lane, each once, in order.
        version: What /version read in the end.
    """

    replies: dict[str, list[Reply]]
    warm: dict[str, bytes]
    states: list[str]
    version: Any
    lane: dict[str, Any]
    seen: dict[str, Any]
    log: str
    lasted_s: float


class FirmwareUpdate(Plot):
    """Downloads, is gone, answers 502, is back with another version and without vitals."""

    name = "firmware_update"

    def live(self, folder: Path) -> Updated:
        with Simulator(frozen=True, password=PASSWORD) as sim:
            store_session(sim, folder / "auth")
            with Forked(folder, **_settings(sim, 1)) as proxy:
                return self._watch(sim, _Watch(proxy))

    def _watch(self, sim: Simulator, watch: _Watch) -> Updated:
        watch.fresh(*CORE, VITALS)
        warm = {path: replies[-1].body for path, replies in watch.replies.items()}
        log_begins = len(watch.proxy.log)
        sim.counters.reset()
        began_s = time.monotonic()
        sim.faults.start("firmware_update", scale=SCALE, release=NEW_RELEASE)
        states: list[str] = []
        settle(lambda: self._still_updating(sim, watch, states))
        watch.fresh(*CORE)
        # Not asked before: it is good for a minute, which is longer than this story.
        version = watch.proxy.known("/version", LIMIT_S).document
        return Updated(
            replies=watch.replies,
            warm=warm,
            states=states,
            version=version,
            lane=watch.lane,
            seen=sim.counters.snapshot(),
            log=watch.proxy.log[log_begins:],
            lasted_s=time.monotonic() - began_s,
        )

    def _still_updating(self, sim: Simulator, watch: _Watch, states: list[str]) -> list[str]:
        watch.look(*CORE, VITALS)
        lane = watch.lane
        if states[-1:] != [lane["state"]]:
            states.append(lane["state"])
        waits = [] if sim._hub.desk.view().running and len(states) > 2 else ["boot"]
        return waits if GATEWAY_PATHS[VITALS] in lane["resting_paths"] else [*waits, VITALS]


# -- one bad sample ---------------------------------------------------------------------------


@dataclass(slots=True)
class Sampled:
    """What happened around one answer that was hardly true.

    Attributes:
        bad: What that answer said.
        asked: How often the gateway was asked for the document, that answer included.
    """

    replies: list[Reply]
    warm: Any
    bad: Any
    asked: int
    lane: dict[str, Any]
    seen: dict[str, Any]
    log: str
    lasted_s: float


@dataclass(frozen=True, slots=True)
class OneSample(Plot):
    """One answer of one path is hardly true; those before and after are good."""

    fault: str
    route: str
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return " ".join((self.fault, *map(str, self.options.values()), "once", self.route))

    @property
    def path(self) -> str:
        return GATEWAY_PATHS.get(self.route, self.route)

    def live(self, folder: Path) -> Sampled:
        with Simulator(frozen=True, password=PASSWORD) as sim:
            store_session(sim, folder / "auth")
            bad = self._bad(sim)
            with Forked(folder, **_settings(sim, 1)) as proxy:
                return self._watch(sim, _Watch(proxy), bad)

    def _bad(self, sim: Simulator) -> Any:
        """Look what the answer will say; nobody else reads it yet."""
        sim.faults.start(self.fault, self.path, **self.options)
        bad = told(sim, self.path)
        sim.faults.stop()
        return bad

    def _watch(self, sim: Simulator, watch: _Watch, bad: Any) -> Sampled:
        watch.fresh(self.route)
        warm = told(sim, self.path)
        log_begins = len(watch.proxy.log)
        watch.replies.clear()
        sim.counters.reset()
        began_s = time.monotonic()
        sim.faults.start(self.fault, self.path, 1, **self.options)
        settle(lambda: self._not_yet_over(sim, watch))
        seen = sim.counters.snapshot()
        return Sampled(
            replies=watch.replies[self.route],
            warm=warm,
            bad=bad,
            asked=seen["requests"][self.path],
            lane=watch.lane,
            seen=seen,
            log=watch.proxy.log[log_begins:],
            lasted_s=time.monotonic() - began_s,
        )

    def _not_yet_over(self, sim: Simulator, watch: _Watch) -> list[str]:
        """Look on until a good answer or two have come after the bad one, and are fresh."""
        (reply,) = watch.look(self.route)
        waits = [row["name"] for row in sim.faults.listing() if row["active"]]
        if sim.counters.snapshot()["requests"].get(self.path, 0) < 3:
            waits.append("good answers")
        return waits if reply.fresh else [*waits, self.route]


PLOTS = (
    Hanging("/api/networks", "/api/meters/readings"),
    Hanging("/api/meters/readings", "/api/networks"),
    FirmwareUpdate(),
    OneSample("zeros", AGGREGATES),
    OneSample("zeros", SOE),
    OneSample("wrong_counters", AGGREGATES, {"how": "back"}),
    OneSample("wrong_counters", AGGREGATES, {"how": "back", "meter": "solar", "wh": 20}),
    OneSample("wrong_counters", AGGREGATES, {"how": "reset"}),
    OneSample("wrong_counters", "/api/system_status", {"how": "back"}),
)
