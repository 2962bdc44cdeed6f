"""Looking starts nothing and waits for nothing, and looking again and again is interest."""

from __future__ import annotations

import threading
import time
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from support.world import CORE, FRESH_S, KEEP_S, World, percentile, source

from pypowerwall_core import catalog
from pypowerwall_core.backends.local.reader import sources
from pypowerwall_core.claims import plain
from pypowerwall_core.errors import NotServed, Unreachable
from pypowerwall_core.lane import Lane
from pypowerwall_core.policy import BURST_S, LATELY_MOST_S, Freshness, Source
from pypowerwall_core.site import Reader, Site
from pypowerwall_core.snapshot import Absent, Known, Snapshot, Unknown

HOUR_S = 3600.0
HOME = tuple(row for row in sources(FRESH_S, KEEP_S) if row.name in catalog.NEEDS)
NEEDS = tuple(row.name for row in HOME)
"""What facts are made of, as far as a gateway tells it."""


def scraped(period_s: float, *, looks: int = 200, **world: Any) -> World:
    """A home that somebody looks at again and again, and that nobody asks."""
    home = World(HOME, **world)
    home.every(period_s, *NEEDS, looks=True)
    home.run(looks * period_s)
    return home


def settled(home: World, period_s: float) -> list[Any]:
    return [look for look in home.asks if look.at_s > home.begin_s + 10 * period_s]


# -- it starts nothing ------------------------------------------------------------------------


def test_one_look_sends_nothing() -> None:
    world = World(HOME)
    assert {look.value for look in world.look(*NEEDS)} == {Freshness.NEVER}
    world.run(24 * HOUR_S)
    assert world.gateway.sent == []


def test_looks_within_a_moment_are_one() -> None:
    world = World(HOME)
    for _ in range(20):
        world.look(*NEEDS)
        world.run(BURST_S / 25)
    world.run(HOUR_S)
    assert world.gateway.sent == []


def test_looking_wishes_for_no_flight_and_leaves_no_future() -> None:
    world = World(HOME)
    for _ in range(5):
        world.look(*NEEDS)
        slots = world.lane._tower.slots.values()
        assert [slot.source.name for slot in slots if slot.wanted_s is not None] == []
        world.advance(world.now_s + 15.0)
    assert world.lane.ask([])[1] == []


def test_a_look_finds_what_others_have_fetched() -> None:
    world = World(HOME)
    world.ask("soe")
    world.run(1.0)
    (look,) = world.look("soe")
    assert (look.value, look.document) == (Freshness.FRESH, {"n": 1})
    world.run(HOUR_S)
    assert world.gateway.counts() == {"soe": 1}


def test_looking_makes_no_client_wait_longer() -> None:
    alone, watched = World(HOME, latency_s=1.0), World(HOME, latency_s=1.0)
    watched.every(15.0, "soe", looks=True)
    for world in (alone, watched):
        world.every(15.0, "soe")
        world.run(600.0)
    waits = [[ask.waits for ask in world.seen("soe")] for world in (alone, watched)]
    assert sum(waits[1]) <= sum(waits[0])
    assert watched.gateway.counts() == alone.gateway.counts()


def test_what_is_fetched_on_demand_is_not_fetched_for_a_look() -> None:
    world = World([*map(source, CORE), source("networks", on_demand=True)])
    world.every(15.0, "networks", looks=True)
    world.run(HOUR_S)
    assert world.gateway.sent == []


# -- and is interest --------------------------------------------------------------------------


def test_the_second_look_has_it_fetched_and_the_third_finds_it_fresh() -> None:
    world = World(HOME)
    seen = []
    for _ in range(3):
        seen.append({look.value for look in world.look(*NEEDS)})
        world.run(15.0)
    assert seen == [{Freshness.NEVER}, {Freshness.NEVER}, {Freshness.FRESH}]


def test_a_home_that_is_only_scraped_every_15_seconds_is_fresh_at_one_request_per_scrape() -> None:
    home = scraped(15.0, looks=240)
    looks = settled(home, 15.0)
    assert {look.value for look in looks} == {Freshness.FRESH}
    assert percentile([look.age_s for look in looks if look.name == "aggregates"], 0.95) <= 3.0
    counts = home.gateway.counts()
    assert set(counts) == set(NEEDS)
    for row in HOME:
        # What stays new for longer is not fetched more often than it grows old.
        assert counts[row.name] == pytest.approx(HOUR_S / max(15.0, row.fresh_s), abs=2), row.name
    assert home.gateway.logins == []


@pytest.mark.parametrize("period_s", [5.0, 15.7, 29.0, 31.0, 60.0, 100.0, 120.0])
def test_at_other_periods_it_costs_no_more_than_one_request_per_look(period_s: float) -> None:
    home = scraped(period_s)
    assert max(home.gateway.counts().values()) <= 200
    shown = Counter(look.value for look in settled(home, period_s))
    assert set(shown) <= {Freshness.FRESH, Freshness.STALE}
    assert shown[Freshness.STALE] <= 0.1 * shown.total()
    ages_s = [look.age_s for look in settled(home, period_s) if look.name == "aggregates"]
    assert max(ages_s) <= FRESH_S + 1.0


@pytest.mark.parametrize("period_s", [LATELY_MOST_S + 1, 130.0, 180.0, 300.0, HOUR_S])
def test_a_rare_look_costs_one_request_at_most_and_then_the_gateway_is_left_alone(
    period_s: float,
) -> None:
    home = scraped(period_s, looks=50)
    assert max(home.gateway.counts().values()) <= 50
    looked_s = sorted({look.at_s for look in home.asks})
    for name in NEEDS:
        at_s = [at_s for at_s, one in home.gateway.sent if one == name]
        per_look = Counter(max(i for i, one in enumerate(looked_s) if one <= t) for t in at_s)
        assert max(per_look.values()) == 1
    last_s = [max(t for t in looked_s if t <= at_s) for at_s, _ in home.gateway.sent]
    late_s = [sent[0] - last for sent, last in zip(home.gateway.sent, last_s, strict=True)]
    assert max(late_s) <= LATELY_MOST_S


@pytest.mark.parametrize("period_s", [5.0, 15.0, 60.0, 300.0])
def test_two_minutes_after_the_last_look_there_are_no_requests(period_s: float) -> None:
    home = World(HOME)
    leaves_s = home.now_s + 10 * period_s
    home.every(period_s, *NEEDS, looks=True, until_s=leaves_s)
    home.run(10 * period_s + 6 * HOUR_S)
    assert home.gateway.count(since_s=leaves_s + LATELY_MOST_S) == 0


def test_a_hundred_who_look_cost_what_one_costs() -> None:
    few, many = World(HOME), World(HOME)
    for world, clients in ((few, 1), (many, 100)):
        for _ in range(clients):
            world.every(15.0, "soe", "aggregates", looks=True)
        world.run(600.0)
    assert many.gateway.counts() == few.gateway.counts()


@pytest.mark.parametrize("latency_s", [1.0, 2.0, 3.0])
def test_behind_a_slow_gateway_looking_starves_nothing(latency_s: float) -> None:
    home = scraped(15.0, looks=240, latency_s=latency_s)
    assert {look.value for look in settled(home, 15.0)} <= {Freshness.FRESH, Freshness.STALE}
    assert home.gateway.most_in_flight == 1
    for row in HOME:
        at_s = [at_s for at_s, name in home.gateway.sent if name == row.name]
        assert max(b - a for a, b in pairwise(at_s)) <= max(65.0, row.fresh_s + 30.0), row.name


@pytest.mark.parametrize("latency_s", [3.0, 5.0, 8.0])
def test_where_all_cannot_be_served_who_looks_gets_as_much_as_who_asks(latency_s: float) -> None:
    """Nobody's wish is counted for a look: what was never there must not wait for ever."""
    looked, asked = World(HOME, latency_s=latency_s), World(HOME, latency_s=latency_s)
    for world in (looked, asked):
        world.every(15.0, *NEEDS, looks=world is looked)
        world.run(HOUR_S)
    for name, count in asked.gateway.counts().items():
        assert looked.gateway.counts()[name] == pytest.approx(count, abs=3, rel=0.05), name
    first_s = {name: at_s for at_s, name in reversed(looked.gateway.sent)}
    assert max(first_s.values()) <= looked.begin_s + 30.0 * latency_s


# -- in trouble -------------------------------------------------------------------------------


def test_while_the_gateway_is_away_looking_costs_only_the_probes() -> None:
    asked, looked = World(HOME), World(HOME)
    for world in (asked, looked):
        world.every(15.0, *NEEDS, looks=world is looked)
        world.run(300.0)
        world.gateway.fails(Unreachable("connection refused"))
        world.run(HOUR_S)
    assert looked.gateway.count(since_s=10_300.0) <= asked.gateway.count(since_s=10_300.0) + 5
    assert {look.value for look in looked.asks[-len(NEEDS) :]} <= {
        Freshness.EXPIRED,
        Freshness.STALE,  # what hardly ever changes
    }
    looked.gateway.fails(None)
    looked.run(60.0)
    assert {look.value for look in looked.look(*NEEDS)} == {Freshness.FRESH}


def test_one_login_is_enough_for_who_only_looks() -> None:
    world = World(HOME)
    world.gateway.has_session = False
    world.every(15.0, *NEEDS, looks=True)
    world.run(HOUR_S)
    assert len(world.gateway.logins) == 1
    assert {look.value for look in world.look(*NEEDS)} == {Freshness.FRESH}


def test_before_anything_else_the_core_is_asked() -> None:
    world = World(HOME)
    world.every(15.0, "vitals", "system_status", looks=True)
    world.run(60.0)
    assert world.gateway.sent[0][1] in CORE


# -- the site ---------------------------------------------------------------------------------


def site_of(world: World) -> Site:
    reader = Reader(world.lane, plain({row.name: row.name for row in HOME}))
    return Site([reader], clock=lambda: world.now_s, wall_clock=lambda: 1.7e9 + world.now_s)


def looked(world: World, site: Site, times: int = 4) -> Snapshot:
    for _ in range(times):
        snapshot = site.look(NEEDS)
        world.run(15.0)
    return snapshot


def test_a_look_at_a_site_says_what_is_known_and_sends_nothing() -> None:
    world = World(HOME)
    snapshot = site_of(world).look(NEEDS)
    assert set(snapshot.entries) == set(NEEDS) - {"solar_powerwall"}
    assert set(map(type, snapshot.entries.values())) == {Unknown}
    world.run(HOUR_S)
    assert world.gateway.sent == []


def test_what_stands_in_is_looked_at_only_where_it_is_needed() -> None:
    world = World(HOME)
    snapshot = looked(world, site_of(world))
    assert "solar_powerwall" not in snapshot.entries
    assert world.gateway.counts()["solar_powerwall"] == 0
    assert all(isinstance(entry, Known) for entry in snapshot.entries.values())


def test_where_vitals_are_not_served_what_stands_in_is_kept_fresh_too() -> None:
    world = World(HOME)
    world.gateway.fails(NotServed("HTTP 404"), "vitals")
    snapshot = looked(world, site_of(world), times=6)
    assert isinstance(snapshot.entries["vitals"], Absent)
    assert isinstance(snapshot.entries["solar_powerwall"], Known)
    assert not any(entry.late for entry in snapshot.known)


def test_a_look_at_other_payloads_keeps_the_grid_where_it_was() -> None:
    world = World(HOME)
    world.gateway.documents["grid_status"] = {"grid_status": "SystemGridConnected"}
    site = site_of(world)
    grid = looked(world, site).grid
    assert grid.state == "on_grid"
    world.run(HOUR_S)
    assert site.look(["soe"]).grid == grid
    assert site.ask(["soe"]).snapshot.grid == grid
    assert site.look(["grid_status"]).grid.state == "unknown"


def test_what_is_twice_as_old_as_it_should_be_is_late() -> None:
    world = World(HOME)
    site = site_of(world)
    looked(world, site)
    ages = {}
    for _ in range(30):
        entry = site.look(["soe"]).entries["soe"]
        if isinstance(entry, Known):
            ages[entry.age_s] = entry.late
        world.gateway.fails(Unreachable("connection refused"))
        world.run(1.0)
    assert {late for age_s, late in ages.items() if age_s <= 2 * FRESH_S} == {False}
    assert {late for age_s, late in ages.items() if age_s > 2 * FRESH_S} == {True}


# -- threads ----------------------------------------------------------------------------------


class Answering:
    """An upstream that answers at once."""

    name, has_session = "gateway", True

    def __init__(self) -> None:
        self.fetched: list[str] = []
        self.came = threading.Event()

    def fetch(self, source: Source) -> Any:
        self.fetched.append(source.name)
        if source.name == "soe":
            self.came.set()
        return {}

    def close(self) -> None:
        self.came.set()


def test_the_second_look_wakes_a_worker_that_sleeps_for_ever() -> None:
    upstream, now_s = Answering(), [100.0]
    lane = Lane(upstream, map(source, CORE), clock=lambda: now_s[0])  # type: ignore[arg-type]
    lane.start()
    try:
        lane.look(["soe"])
        ends_s = time.monotonic() + 10
        while not lane._sleepers_until_s and time.monotonic() < ends_s:
            time.sleep(0.001)
        assert upstream.fetched == []
        now_s[0] += 15.0
        lane.look(["soe"])
        assert upstream.came.wait(10)
    finally:
        lane.stop()


def test_many_threads_may_look_at_once() -> None:
    world, going = World(HOME), threading.Barrier(8)
    seen: list[int] = []

    def client() -> None:
        going.wait()
        seen.extend(len(world.lane.look(NEEDS)) for _ in range(200))

    threads = [threading.Thread(target=client) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [len(NEEDS)] * 1600
