"""A home that Tesla's cloud tells of: how fast, how kind, also when a token ends; then silence."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from clients import METRICS
from conditions import Condition, Stretch, of_age, of_clients, of_facts, of_load, recovered
from figures import Figure
from rig import Child, Gateway, Load, proxy
from samples import between, of_household
from usage import pressure_s
from watch import Watch
from world import GLANCE_S, WARM_UP_MOST_S, World

GROUP, SILENT = "cloud", "cloud, silent"
LATENCY_S = 0.3
A_MINUTE = 8
TIMES = 2
"""So long is what is judged: some sources come once a minute, and a token costs two requests."""
A_MINUTE_AT_FIRST = 16
"""Everything is asked for once then."""
MEMORY_MB = 85
AGE_MOST_S = 20
"""Live data is to be 15 s new."""
SOURCES = ("live_status", "site_status", "site_info", "backup_time_remaining", "calendar_history")


class Cloud(Gateway):
    """The simulated cloud and its control port; an account of it is left in a folder."""

    def __init__(self, folder: Path, latency_s: float = LATENCY_S) -> None:
        ports = ("--port", "0", "--control-port", "0")
        about = ("--latency", str(latency_s), "--write-auth", str(folder))
        Child.__init__(self, "-m", "simulator", "--cloud", *ports, *about)
        self._settings = dict(word.split("=", 1) for word in self.first_line().split())
        self._come_in()

    @property
    def settings(self) -> dict[str, str]:
        """What makes a proxy read it."""
        return self._settings

    def end_tokens(self) -> None:
        """Have every access token end now."""
        self.control("POST", "/sessions/expire")


@dataclass(frozen=True, slots=True)
class Household:
    """The processes, and the cloud by what only it can do."""

    cloud: Cloud
    world: World

    def warm_up(self) -> float:
        """Wait until all that the household needs was asked for once, and scraped."""
        began_s = time.monotonic()
        while (took_s := time.monotonic() - began_s) < WARM_UP_MOST_S:
            paths = " ".join(self.world.watch.look().requests)
            scraped = any(sample.path == METRICS for sample in list(self.world.load.samples))
            if scraped and all(name in paths for name in SOURCES):
                time.sleep(LATENCY_S + 0.5)  # the last one lands
                break
            time.sleep(GLANCE_S)
        return took_s

    def live(self, seconds: float, *, token_ends: bool = False) -> Stretch:
        """Let time pass, and the token end in the middle of it."""
        since_s = time.monotonic()
        if token_ends:
            time.sleep(seconds / 2)
            self.cloud.end_tokens()
        time.sleep(max(0.0, since_s + seconds - time.monotonic()))
        self.world.watch.look()
        return Stretch(since_s, time.monotonic())


@contextlib.contextmanager
def household() -> Iterator[Household]:
    """All processes, warm."""
    with (
        tempfile.TemporaryDirectory(prefix="powerwall-bench-") as folder,
        Cloud(Path(folder) / "auth") as cloud,
        proxy(cloud) as served,
        Watch(cloud, served) as watch,
        Load(served.port, "--household") as people,
    ):
        yield Household(cloud, World(cloud, served, watch, people, LATENCY_S))


def cloud(seconds: float) -> list[Figure]:
    """In good order with a token that ends in the middle, then silent, then mended."""
    with household() as home:
        world, warm_s = home.world, home.warm_up()
        before, pressed_s = world.watch.usage(), pressure_s() or 0.0
        well = home.live(TIMES * seconds, token_ends=True)
        after = world.watch.usage()
        counted, lane = home.cloud.counters(), world.watch.last().lane or {}
        home.cloud.break_it("silent")
        silence = home.live(seconds)
        recovery = recovered(world, Condition(SILENT, "... and silent", fault="silent"))
        silent_mb = world.watch.usage().pss_mb
        busy_s = (pressure_s() or 0.0) - pressed_s
        world.load.stop()
    cpu_s = (after.cpu_s - before.cpu_s) * 60 / well.lasted_s
    return [
        *_of_clients(GROUP, world, well, healthy=True),
        *of_age(GROUP, between(world.load.samples, well.since_s, well.until_s), AGE_MOST_S),
        *_of_upstream(world, well),
        Figure(GROUP, "refreshes of the token", counted["refreshes"], least=1, most=1),
        Figure(GROUP, "most requests in flight", counted["most_in_flight"], most=1),
        Figure(GROUP, "flights that failed", lane.get("failed", 0), most=0),
        Figure(GROUP, "memory (PSS)", after.pss_mb, "MB", MEMORY_MB),
        Figure(GROUP, "memory, as the only Python of the machine", after.alone_mb, "MB"),
        Figure(GROUP, "CPU per minute", cpu_s, "s"),
        Figure(GROUP, "warm-up", warm_s, "s", WARM_UP_MOST_S),
        *_of_clients(SILENT, world, silence, healthy=False),
        _a_minute(SILENT, world, silence, A_MINUTE),
        *recovery,
        Figure(SILENT, "memory (PSS)", silent_mb, "MB", MEMORY_MB),
        *of_load(GROUP, world, Stretch(well.since_s, silence.until_s), busy_s),
    ]


def _of_clients(group: str, world: World, stretch: Stretch, *, healthy: bool) -> list[Figure]:
    samples = between(world.load.samples, stretch.since_s, stretch.until_s)
    return [
        *of_clients(group, of_household(samples)),
        *of_facts(group, samples, healthy=healthy),
    ]


def _of_upstream(world: World, stretch: Stretch) -> list[Figure]:
    busiest = world.watch.busiest_minute(stretch.until_s)
    return [
        _a_minute(GROUP, world, stretch, A_MINUTE),
        Figure(GROUP, "requests in the busiest minute", busiest, most=A_MINUTE_AT_FIRST),
    ]


def _a_minute(group: str, world: World, stretch: Stretch, most: float) -> Figure:
    asked = world.watch.requests(stretch.since_s, stretch.until_s)
    return Figure(group, "requests a minute", asked * 60 / stretch.lasted_s, most=most)
