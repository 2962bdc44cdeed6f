"""How many requests a gateway gets in a minute, whatever happened before it."""

from __future__ import annotations

from random import Random

import pytest
from support.world import FRESH_S, HOUSEHOLD, KEEP_S, World, percentile

from pypowerwall_core.backends.local.reader import sources
from pypowerwall_core.errors import Unreachable
from pypowerwall_core.slot import REQUESTS_A_MINUTE

ALL = tuple(row for row in sources(FRESH_S, KEEP_S) if not row.on_demand)
"""What somebody asks for who asks for everything."""
NAMES = tuple(row.name for row in HOUSEHOLD)


def busiest_minute(world: World) -> int:
    sent_s = [at_s for at_s, _ in world.gateway.sent]
    return max(sum(at_s <= other_s < at_s + 60 for other_s in sent_s) for at_s in sent_s)


@pytest.mark.parametrize("seed", range(8))
def test_no_minute_has_more_than_75_requests(seed: int) -> None:
    """A gateway that drops out again and again has all come due at once, each time."""
    random = Random(seed)
    world = World()
    for period_s in (2.0, 5.0, 10.0):
        world.every(period_s, *NAMES)
    for _ in range(12):
        world.run(random.uniform(10, 70))
        world.gateway.fails(Unreachable("connection refused"))
        world.run(random.uniform(1, 20))
        world.gateway.fails(None)
    assert 70 <= busiest_minute(world) <= REQUESTS_A_MINUTE


def test_who_asks_for_everything_has_it_as_fresh_as_settings_say() -> None:
    world = World(ALL)
    world.every(5.0, *(row.name for row in ALL))
    world.run(600)
    settled_s = world.begin_s + 120
    for row in ALL:
        ages_s = [ask.age_s for ask in world.seen(row.name, settled_s)]
        assert percentile(ages_s, 0.95) <= 1.1 * row.fresh_s + 1
    assert busiest_minute(world) > REQUESTS_A_MINUTE


def test_a_user_who_wants_every_second_news_has_them() -> None:
    world = World(tuple(row for row in sources(1.0, KEEP_S) if row.name in NAMES))
    world.every(1.0, *NAMES)
    world.run(600)
    ages_s = [ask.age_s for ask in world.seen("aggregates", world.begin_s + 60)]
    assert percentile(ages_s, 0.95) <= 1.5


def test_what_was_never_seen_or_is_demanded_waits_for_no_minute() -> None:
    world = World(ALL)
    world.every(2.0, *NAMES)
    world.run(600)
    for _ in range(20):
        world.lane.demand("aggregates")
        before = world.gateway.count("aggregates")
        world.run(0.3)
        assert world.gateway.count("aggregates") > before
    assert world.gateway.count(since_s=world.now_s - 60) > REQUESTS_A_MINUTE
    world.ask("solars")
    world.run(0.3)
    assert world.gateway.count("solars") == 1
