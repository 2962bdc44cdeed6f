"""Sources that hang, and documents that a write has overtaken."""

from __future__ import annotations

import pytest
from support.world import CORE, World, percentile, source

from pypowerwall_core.errors import RateLimited, Unreachable
from pypowerwall_core.failures import LaneState
from pypowerwall_core.policy import Freshness
from pypowerwall_core.slot import Slot
from pypowerwall_core.tower import Tower

NETWORKS = source("networks", fresh_s=60.0, on_demand=True, timeout_s=3.0)
ROWS = (*map(source, CORE), NETWORKS)


def test_what_is_fetched_on_demand_is_never_fetched_ahead() -> None:
    world = World(ROWS)
    world.every(5.0, *CORE)
    world.every(20.0, "networks", until_s=world.now_s + 200)
    world.run(3600)
    # Asked every 20 s, fresh for a minute: one request a minute, and none afterwards.
    assert 3 <= world.gateway.counts()["networks"] <= 4


def hanging(world: World, hang_s: float = 6.0) -> None:
    def hang() -> Exception:
        world.advance(world.now_s + hang_s)
        return Unreachable("no answer within 3 s")

    world.gateway.trouble["networks"] = hang


def test_a_hanging_path_keeps_its_trouble_to_itself() -> None:
    world = World(ROWS)
    hanging(world)
    world.every(5.0, *CORE)
    world.every(5.0, "networks")
    world.run(3600)
    assert world.lane.view().condition.up
    assert world.lane.view().mean_latency_s == pytest.approx(0.05)
    assert world.gateway.counts()["networks"] <= 8
    ages_s = [ask.age_s for ask in world.seen("soe", world.begin_s + 60)]
    assert percentile(ages_s, 0.95) <= 6.0


def test_it_keeps_it_to_itself_even_when_nothing_else_is_known() -> None:
    world = World(ROWS)
    hanging(world)
    world.ask("networks")
    world.run(10)
    assert world.lane.view().condition.up
    assert world.ask("soe")[0].waits


def test_slow_paths_get_a_fifth_of_the_lanes_time_at_most() -> None:
    slow = [source(f"slow{n}", fresh_s=1.0, on_demand=True, timeout_s=10.0) for n in range(4)]
    world = World([*map(source, CORE), *slow])
    world.every(5.0, *CORE)
    world.every(1.0, *(row.name for row in slow))
    for row in slow:
        world.gateway.trouble[row.name] = lambda: world.advance(world.now_s + 4.0)
    world.run(3600)
    flown = sum(count for name, count in world.gateway.counts().items() if "slow" in name)
    assert flown * 4.05 <= 3600 * 0.21
    assert flown >= 100


def test_a_429_on_such_a_path_still_rests_the_lane() -> None:
    world = World(ROWS)
    world.gateway.fails(RateLimited("HTTP 429"), "networks")
    world.ask("networks")
    world.run(2)
    assert world.lane.view().condition.state is LaneState.LIMITED


def test_after_a_write_the_old_document_is_not_shown_and_a_new_one_is_fetched() -> None:
    world = World()
    world.every(5.0, "operation")
    world.run(50)
    assert world.seen("operation")[-1].value is Freshness.FRESH
    sent = world.gateway.counts()["operation"]
    world.lane.expire(["operation"])
    assert world.ask("operation")[0].value is Freshness.NEVER
    world.run(1)
    assert world.gateway.counts()["operation"] == sent + 1
    assert world.ask("operation")[0].value is Freshness.FRESH


def test_a_flight_that_left_before_a_write_does_not_bring_the_old_value_back() -> None:
    world = World()
    replies = iter(["before", "after"])

    def answer() -> None:
        reply = next(replies)
        if reply == "before":
            world.lane.expire(["operation"])  # the write lands while this flight is out
        world.gateway.documents["operation"] = {"reserve": reply}

    world.gateway.trouble["operation"] = answer
    world.ask("operation")
    world.run(0.06)
    slots, flights = world.lane.ask(["operation"])
    assert slots["operation"].memory is None
    assert flights
    world.run(1)
    memory = world.lane.ask(["operation"])[0]["operation"].memory
    assert memory is not None
    assert memory.document == {"reserve": "after"}


def test_versions_go_on_after_a_write_so_that_no_rendered_body_is_mistaken() -> None:
    world = World()
    world.ask("operation")
    world.run(1)
    first = world.lane.ask(["operation"])[0]["operation"].memory
    world.lane.expire(["operation"])
    world.ask("operation")
    world.run(1)
    second = world.lane.ask(["operation"])[0]["operation"].memory
    assert first is not None
    assert second is not None
    assert second.version > first.version


def test_with_a_pool_too_only_one_such_path_is_in_the_air() -> None:
    rows = [source(name) for name in CORE]
    slow = [source(name, on_demand=True) for name in ("networks", "grid_codes", "readings")]
    tower = Tower([*rows, *slow], max_in_flight=4)
    for row in rows:
        tower.ask(row.name, 0.0)
        slot = tower.next(0.0)
        assert isinstance(slot, Slot)
        tower.landed(tower.take_off(slot, 0.0), {}, 0.0)
        tower._ready_s = 0.0
    for row in slow:
        tower.ask(row.name, 1.0)
    flown = []
    while isinstance(slot := tower.next(1.0), Slot):
        flown.append(slot.source.name)
        tower.take_off(slot, 1.0)
    assert len(flown) == 1
