"""The household for an hour while the gateway fails at random: does anything wear out?"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median

import household
from conditions import CPU_S, MEMORY_MB, P99_MS, of_age, of_facts, of_failures, slowest
from figures import NEVER, Figure, percentile, slope, table, worst
from mishaps import CALM_S, Mishap, draw
from rig import ROOT, exits, say
from samples import Sample, between, of_household
from usage import Usage
from world import World, world

MINUTES = 60.0
GROUP = "soak"
JSON_FILE = ROOT / "build" / "soak.json"
GRACE_S = 15.0
"""How long fresh data is waited for beyond its bound, to tell late from never."""
SETTLE_SHARE, SETTLE_MOST_S = 0.2, 300.0
SLOPE_MB_AN_HOUR = 2
SLOPE_NEEDS_S = 1200.0
"""In less time the noise of one measurement looks like megabytes an hour."""
BUDGET_MS = 2750
SLOW_MS = 250
THREADS_MORE, DESCRIPTORS_MORE = 1, 4
GLANCE_S = 0.2
DEAF = {"refusing", "unreachable"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one mishap was like."""

    mishap: Mishap
    began_s: float
    ended_s: float
    fresh_within_s: float
    fresh_after_s: float
    requests: int
    flights: int
    read: list[Sample]

    @property
    def met(self) -> bool:
        return self.fresh_after_s <= self.fresh_within_s

    def line(self) -> str:
        words = {"hit": 0, "fwd=stale": 0, "fwd=miss": 0}
        for sample in self.read:
            words[sample.cache] = words.get(sample.cache, 0) + 1
        oldest = worst(s.true_age_s for s in self.read if s.true_age_s is not None)
        saw = f"gateway saw {self.requests}" if self.mishap.fault not in DEAF else "nobody listened"
        fresh = "never" if self.fresh_after_s == NEVER else f"{self.fresh_after_s:.1f} s"
        read = f"{words['hit']} fresh, {words['fwd=stale']} old, {words['fwd=miss']} null"
        verdict = "ok" if self.met else "MISSED"
        return (
            f"{self.mishap.name:34} {self.mishap.lasts_s:5.1f} s | "
            f"meters read: {read}, oldest {oldest:.0f} s | {saw}, lane sent {self.flights} | "
            f"fresh after {fresh} (<= {self.fresh_within_s:.0f} s) {verdict}"
        )


def suffer(home: World, mishap: Mishap) -> Outcome:
    """Break the gateway, mend it, and wait for what is fresh."""
    home.watch.look()
    began_s = time.monotonic()
    if mishap.ends_sessions:
        home.gateway.control("POST", "/sessions/expire")
    home.gateway.break_it(mishap.fault, mishap.query)
    time.sleep(mishap.lasts_s)
    lane = home.watch.look().lane
    home.gateway.mend()
    ended_s = time.monotonic()
    most_s = mishap.fresh_within_s(lane)
    fresh_s = _fresh_s(home, mishap, ended_s, most_s + GRACE_S)
    return Outcome(
        mishap,
        began_s,
        ended_s,
        most_s,
        fresh_s - ended_s,
        home.watch.requests(began_s, ended_s),
        home.watch.flights(began_s, ended_s),
        [s for s in between(list(home.load.samples), began_s, ended_s) if s.metered],
    )


def _fresh_s(home: World, mishap: Mishap, ended_s: float, most_s: float) -> float:
    """When clients read what was measured after the end, or when a lonely path was fetched."""
    if mishap.path is None:
        fresh = home.fresh_after(ended_s, most_s)
        return NEVER if fresh is None else fresh.ends_s
    while (now_s := time.monotonic()) < ended_s + most_s:
        fetched_s = home.watch.fetched_at_s(mishap.path, ended_s + 0.5, now_s)
        if fetched_s:
            return fetched_s[0]
        time.sleep(GLANCE_S)
    return NEVER


def endure(home: World, minutes: float, random: Random) -> list[Outcome]:
    """Calm and mishap in turn until the time is up."""
    faults = [row["name"] for row in home.gateway.control("GET", "/faults")]
    ends_s, outcomes = time.monotonic() + 60 * minutes, []
    while True:
        time.sleep(min(random.uniform(*CALM_S), max(0.0, ends_s - time.monotonic())))
        mishap = draw(random, faults)
        if time.monotonic() + mishap.lasts_s > ends_s:
            return outcomes
        outcomes.append(suffer(home, mishap))
        say(f"{time.strftime('%H:%M:%S')} {outcomes[-1].line()}")


def judged(home: World, outcomes: list[Outcome], since_s: float, until_s: float) -> list[Figure]:
    samples = between(of_household(home.load.samples), since_s, until_s)
    took_ms = [1000 * sample.took_s for sample in samples]
    over = sum(ms > SLOW_MS for ms in took_ms)
    calm = [s for s in samples if not any(o.began_s <= s.at_s < _over_s(o) for o in outcomes)]
    late = sum(not outcome.met for outcome in outcomes)
    kept = [o for o in outcomes if o.fresh_after_s != NEVER]
    return [
        Figure(GROUP, "mishaps", len(outcomes)),
        Figure(GROUP, "mishaps after which fresh data came late", late, most=0),
        Figure(GROUP, "longest until fresh", worst(o.fresh_after_s for o in kept), "s"),
        Figure(GROUP, "GETs of the household", len(samples), least=1),
        Figure(GROUP, "p99", percentile(took_ms, 0.99), "ms", P99_MS),
        slowest(GROUP, samples, BUDGET_MS),
        Figure(GROUP, f"GETs over {SLOW_MS} ms", over),
        *of_facts(GROUP, samples, healthy=False),
        *of_failures(GROUP, samples),
        *of_age("soak, calm", calm, 6),
        *of_wear(home, since_s, until_s),
    ]


def _slow(home: World, since_s: float) -> list[str]:
    """A line for every GET over 250 ms: who waited, when, and with what result."""
    return [
        f"slow: {sample.who} waited {1000 * sample.took_s:.0f} ms for {sample.path} "
        f"after {sample.at_s - since_s:.1f} s: {sample.status} {sample.cache}".rstrip()
        for sample in of_household(home.load.samples)
        if sample.at_s >= since_s and 1000 * sample.took_s > SLOW_MS
    ]


def _over_s(outcome: Outcome) -> float:
    """Until when a mishap shows: its data came, and a moment for the other clients."""
    return outcome.ended_s + min(outcome.fresh_after_s, outcome.fresh_within_s + GRACE_S) + 10


def of_wear(home: World, since_s: float, until_s: float) -> list[Figure]:
    """Memory, threads, descriptors and CPU over time; logins and in flight over all."""
    settled_s = since_s + min(SETTLE_MOST_S, SETTLE_SHARE * (until_s - since_s))
    seen = [(at_s, one) for at_s, one in home.watch.usages if settled_s <= at_s <= until_s]
    hourly = slope([((at_s - settled_s) / 3600, one.pss_mb) for at_s, one in seen])
    first, last = _ends([one for _, one in seen])
    long_enough = until_s - settled_s >= SLOPE_NEEDS_S
    minutes = (seen[-1][0] - seen[0][0]) / 60 or 1.0
    cpu_s = (seen[-1][1].cpu_s - seen[0][1].cpu_s) / minutes
    point = home.watch.last()
    return [
        Figure(GROUP, "memory (PSS), most", worst(one.pss_mb for _, one in seen), "MB", MEMORY_MB),
        Figure(
            GROUP, "memory, growth an hour", hourly, "MB", SLOPE_MB_AN_HOUR if long_enough else None
        ),
        Figure(GROUP, "more threads at the end", _more(first, last, "threads"), most=THREADS_MORE),
        Figure(
            GROUP,
            "more descriptors at the end",
            _more(first, last, "descriptors"),
            most=DESCRIPTORS_MORE,
        ),
        Figure(GROUP, "CPU per minute", cpu_s, "s", CPU_S),
        Figure(GROUP, "most requests in flight", point.most_in_flight, most=1),
        Figure(GROUP, "requests in the busiest minute", home.watch.busiest_minute(), most=75),
        Figure(GROUP, "logins in all", point.logins),
    ]


def _ends(seen: list[Usage]) -> tuple[list[Usage], list[Usage]]:
    quarter = max(1, len(seen) // 4)
    return seen[:quarter], seen[-quarter:]


def _more(first: list[Usage], last: list[Usage], name: str) -> float:
    return median(getattr(u, name) for u in last) - median(getattr(u, name) for u in first)


def main() -> int:
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=MINUTES)
    parser.add_argument("--seed", type=int, default=1, help="another seed, other mishaps")
    parser.add_argument("--latency", type=float, default=0.05, help="of the gateway, in seconds")
    parser.add_argument("--json", type=Path, default=JSON_FILE, metavar="FILE")
    said = parser.parse_args()
    with world("--household", latency_s=said.latency) as home:
        home.warm_up()
        say(f"{said.minutes:g} minutes, seed {said.seed} ...")
        since_s = time.monotonic()
        outcomes = endure(home, said.minutes, Random(said.seed))
        home.load.stop()
        figures = judged(home, outcomes, since_s, time.monotonic())
    made_of = ", ".join(f"{times} {path}" for path, times in home.watch.made_of().items())
    say(f"busiest minute: {made_of}")
    for slow in _slow(home, since_s):
        say(slow)
    say("\n" + table(figures))
    household.store(figures, said.json)
    say(f"also in {said.json}")
    return 0 if all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(exits(main))
