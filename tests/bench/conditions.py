"""The household in five conditions of the gateway, with a crowd, and with idlers attached."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from clients import METRICS, READY, STATE
from figures import NEVER, Figure, percentile, worst
from needs import needed
from rig import Load
from samples import TIMED_OUT, UNANSWERED, Sample, between, of_household
from usage import pressure_s
from world import WARM_UP_MOST_S, World, world

P99_MS = 25
P99_OF_ALL_FACTS_MS = 20
SLOWEST_MS = 250
A_MINUTE = 75
A_MINUTE_IN_TROUBLE = 12
MEMORY_MB = 70
CPU_S = 1
FRESH_WITHIN_S = 30
WATCHED_S = 0.5


@dataclass(frozen=True, slots=True)
class Condition:
    """How the gateway is, who is there beside the household, and how old meters may be."""

    name: str
    what: str
    latency_s: float = 0.05
    fault: str | None = None
    age_most_s: float | None = None
    guests: tuple[str, ...] = ()


CONDITIONS = (
    Condition("0.05 s", "the gateway answers after 0.05 s", age_most_s=6),
    Condition("0.5 s", "... after 0.5 s", latency_s=0.5, age_most_s=7),
    Condition("3 s", "... after 3 s", latency_s=3, age_most_s=20),
    Condition("silent", "... takes requests and says nothing", fault="silent"),
    Condition("refusing", "... refuses connections", fault="refusing"),
    Condition("crowd", "100 more clients", age_most_s=6, guests=("--crowd", "100")),
    Condition(
        "idlers",
        "1,000 idle sockets and 50 slow senders",
        age_most_s=6,
        guests=("--idle", "1000", "--loris", "50"),
    ),
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """The time that is judged."""

    since_s: float
    until_s: float

    @property
    def lasted_s(self) -> float:
        return self.until_s - self.since_s


def run(condition: Condition, seconds: float) -> list[Figure]:
    """Warm up, measure, and mend what is broken; guests come from a process of their own."""
    with (
        world("--household", latency_s=condition.latency_s, fault=condition.fault) as home,
        Load(home.proxy.port, *condition.guests) as guests,
    ):
        figures = _judged(home, condition, seconds)
        guests.stop()
    if not condition.guests:
        return figures
    return [*figures, *of_guests(condition.name, guests)]


def _judged(home: World, condition: Condition, seconds: float) -> list[Figure]:
    warm_s = home.warm_up()
    before, pressed_s = home.watch.usage(), pressure_s()
    since_s = time.monotonic()
    time.sleep(seconds)
    stretch = Stretch(since_s, time.monotonic())
    home.watch.look()
    after, pressed_after_s = home.watch.usage(), pressure_s()
    group = condition.name
    recovery = recovered(home, condition) if condition.fault is not None else []
    home.load.stop()
    samples = between(home.load.samples, stretch.since_s, stretch.until_s)
    cpu_s = (after.cpu_s - before.cpu_s) * 60 / stretch.lasted_s
    crowded = condition.guests != ()
    busy = 0.0 if pressed_s is None or pressed_after_s is None else pressed_after_s - pressed_s
    return [
        *of_clients(group, of_household(samples)),
        *of_facts(group, samples, healthy=condition.fault is None),
        *(of_age(group, samples, condition.age_most_s) if condition.age_most_s else []),
        *of_upstream(group, home, stretch, condition),
        *recovery,
        Figure(group, "memory (PSS)", after.pss_mb, "MB", None if crowded else MEMORY_MB),
        Figure(group, "memory, as the only Python of the machine", after.alone_mb, "MB"),
        Figure(group, "CPU per minute", cpu_s, "s", None if crowded else CPU_S),
        Figure(group, "warm-up", warm_s, "s", WARM_UP_MOST_S),
        *of_load(group, home, stretch, busy),
    ]


def of_clients(group: str, samples: Sequence[Sample]) -> list[Figure]:
    """What every GET of the household was like."""
    took_ms = [1000 * sample.took_s for sample in samples]
    return [
        Figure(group, "GETs of the household", len(samples), least=1),
        Figure(group, "median", percentile(took_ms, 0.5), "ms"),
        Figure(group, "p99", percentile(took_ms, 0.99), "ms", P99_MS),
        slowest(group, samples, SLOWEST_MS),
        *of_failures(group, samples),
    ]


def slowest(group: str, samples: Sequence[Sample], most_ms: float) -> Figure:
    """The slowest answer, by name."""
    worst_of_all = max(samples, key=lambda sample: sample.took_s, default=None)
    if worst_of_all is None:
        return Figure(group, "slowest", NEVER, "ms", most_ms)
    return Figure(
        group, f"slowest ({worst_of_all.path})", 1000 * worst_of_all.took_s, "ms", most_ms
    )


def of_failures(group: str, samples: Sequence[Sample]) -> list[Figure]:
    """Time-outs, cut connections, server errors; 404 is an answer, and so is "not ready"."""
    return [
        Figure(group, "client time-outs", sum(s.status == TIMED_OUT for s in samples), most=0),
        Figure(group, "cut connections", sum(s.status == UNANSWERED for s in samples), most=0),
        Figure(group, "5xx", sum(_is_error(s) for s in samples), most=0),
        Figure(group, "404 (not built yet)", sum(s.status == 404 for s in samples)),
    ]


def _is_error(sample: Sample) -> bool:
    return sample.status >= 500 and (sample.path, sample.status) != (READY, 503)


def of_facts(group: str, samples: Sequence[Sample], *, healthy: bool) -> list[Figure]:
    """What it took to tell every fact, and whether the probe was content."""
    not_ready = sum(s.path == READY and s.status == 503 for s in samples)
    return [
        *(of_path(group, path, samples) for path in (METRICS, STATE)),
        Figure(group, f"{READY} said no", not_ready, most=0 if healthy else None),
    ]


def of_path(group: str, path: str, samples: Sequence[Sample]) -> Figure:
    """The p99 of a route that tells every fact."""
    took_ms = [1000 * sample.took_s for sample in samples if sample.path == path]
    name = f"p99 of {path} ({len(took_ms)} times)"
    return Figure(group, name, percentile(took_ms, 0.99), "ms", P99_OF_ALL_FACTS_MS)


def of_age(group: str, samples: Sequence[Sample], most_s: float) -> list[Figure]:
    """How old the meters were when read: by their own clock, and by the Age header."""
    metered = [sample for sample in samples if sample.metered]
    true_s = [NEVER if s.true_age_s is None else s.true_age_s for s in metered]
    told_s = [NEVER if s.age_s is None else float(s.age_s) for s in metered]
    return [
        Figure(
            group, "age of meters by their own clock, p95", percentile(true_s, 0.95), "s", most_s
        ),
        Figure(
            group, "age of meters by the Age header, p95", percentile(told_s, 0.95), "s", most_s
        ),
        Figure(group, "oldest meters read", worst(true_s), "s"),
    ]


def of_upstream(group: str, home: World, stretch: Stretch, condition: Condition) -> list[Figure]:
    """How kind the proxy was, by the gateway's own counters."""
    watch, last = home.watch, home.watch.at(stretch.until_s)
    trouble = condition.fault is not None
    deaf = condition.fault == "refusing"  # nobody listens, so the lane has to tell
    minute = watch.busiest_minute(stretch.until_s, by_lane=deaf)
    told = "by the lane" if deaf else "by the gateway"
    return [
        Figure(group, "most requests in flight", last.most_in_flight, most=1),
        Figure(group, "logins", last.logins, most=1),
        Figure(
            group,
            f"requests in the busiest minute, {told}",
            minute,
            most=A_MINUTE_IN_TROUBLE if trouble else A_MINUTE,
        ),
        *([] if trouble else of_sources(group, home, stretch)),
    ]


def of_sources(group: str, home: World, stretch: Stretch) -> list[Figure]:
    """How long each needed source went without a fetch."""
    figures = []
    for path, within_s in sorted(needed().items()):
        gap_s = home.watch.longest_gap_s(path, stretch.since_s, stretch.until_s)
        most_s = within_s + WATCHED_S
        figures.append(Figure(group, f"longest without {path}", gap_s, "s", most_s))
    return figures


def recovered(home: World, condition: Condition) -> list[Figure]:
    """Mend the gateway; see how soon the household reads what was measured afterwards."""
    home.gateway.mend()
    mended_s = time.monotonic()
    fresh = home.fresh_after(mended_s, FRESH_WITHIN_S + 15)
    took_s = NEVER if fresh is None else fresh.ends_s - mended_s
    name = "fresh meters after the fault ended"
    return [Figure(condition.name, name, took_s, "s", FRESH_WITHIN_S)]


def of_load(group: str, home: World, stretch: Stretch, busy_s: float) -> list[Figure]:
    """What measuring cost, and how much others had of this machine."""
    account = home.load.account
    stalls = sum(stretch.since_s <= at_s < stretch.until_s for at_s, _ in account["stalls"])
    return [
        Figure(group, "(load generator: own lateness, p99)", 1000 * account["lag_p99_s"], "ms"),
        Figure(group, "(load generator: stalls over 10 ms)", stalls),
        Figure(group, "(load generator: CPU in all)", account["cpu_s"], "s"),
        Figure(
            group,
            "(machine: time something waited for a CPU)",
            busy_s / stretch.lasted_s * 100,
            "%",
        ),
    ]


def of_guests(group: str, guests: Load) -> list[Figure]:
    """What the others were: sockets that stayed, answers to the crowd."""
    took_ms = [1000 * sample.took_s for sample in guests.samples]
    answered = [Figure(group, "p99 of the guests' own GETs", percentile(took_ms, 0.99), "ms")]
    attached = Figure(group, "idle sockets attached at the end", guests.account["attached"])
    return [*(answered if took_ms else []), attached]
