"""Hours of a lane's life with a clock that only tests move."""

from __future__ import annotations

from itertools import pairwise

import pytest
from support.world import CORE, FRESH_S, HOUSEHOLD, KEEP_S, World, percentile

from pypowerwall_core.errors import Unreachable, Unwell
from pypowerwall_core.policy import Freshness, Patience

HOUR_S = 3600.0
TELEGRAF = ("aggregates", "soe", "grid_status", "vitals", "system_status", "operation")


def test_without_clients_the_gateway_is_left_alone() -> None:
    world = World()
    world.run(24 * HOUR_S)
    assert world.gateway.sent == []


def test_one_curl_costs_one_request() -> None:
    world = World()
    (ask,) = world.ask("aggregates")
    assert ask.value is Freshness.NEVER
    assert ask.waits
    world.run(HOUR_S)
    assert world.gateway.counts() == {"aggregates": 1}
    assert world.gateway.logins == []


def test_a_client_every_five_seconds_always_reads_fresh_data() -> None:
    world = World()
    world.every(5.0, *TELEGRAF)
    world.run(HOUR_S)
    steady = [ask for ask in world.asks if ask.at_s > world.begin_s + 60]
    assert not any(ask.waits for ask in steady)
    meters = [ask.age_s for ask in steady if ask.name == "aggregates"]
    assert percentile(meters, 0.95) <= 6.0
    per_minute = len(world.gateway.sent) / 60
    assert per_minute <= 75
    assert world.gateway.counts()["operation"] <= 2 * 60 + 5


def test_a_client_every_45_seconds_costs_one_request_per_45_seconds() -> None:
    world = World()
    world.every(45.0, *TELEGRAF)
    world.run(2 * HOUR_S)
    asks = 2 * HOUR_S / 45
    for name in TELEGRAF:
        assert world.gateway.counts()[name] == pytest.approx(asks, abs=3)
    late = [ask.age_s for ask in world.seen("aggregates", world.begin_s + 200)]
    assert max(late) <= 5.0


@pytest.mark.parametrize("period_s", [0.3, 2.0, 5.0, 20.0, 45.0, 110.0])
def test_two_minutes_after_the_last_client_there_are_no_requests(period_s: float) -> None:
    world = World()
    leaves_s = world.now_s + 1000
    world.every(period_s, *TELEGRAF, until_s=leaves_s)
    world.run(3 * HOUR_S)
    assert world.gateway.count(since_s=leaves_s + 120) == 0


def test_a_hundred_clients_cost_what_one_costs() -> None:
    few, many = World(), World()
    few.every(2.0, "aggregates", "soe")
    for _ in range(100):
        many.every(2.0, "aggregates", "soe")
    few.run(600)
    many.run(600)
    assert many.gateway.counts() == few.gateway.counts()


def test_twenty_clients_at_once_share_one_flight() -> None:
    world = World()
    asks = [world.ask("aggregates") for _ in range(20)]
    world.run(10)
    assert all(ask[0].waits for ask in asks)
    assert world.gateway.counts() == {"aggregates": 1}


def test_there_is_never_more_than_one_request_in_flight() -> None:
    world = World(latency_s=3.0)
    world.every(5.0, *TELEGRAF)
    world.every(2.0, "aggregates", "soe")
    world.run(HOUR_S)
    assert world.gateway.most_in_flight == 1


@pytest.mark.parametrize("latency_s", [3.0, 3.05, 3.1])
def test_a_slow_gateway_starves_nothing(latency_s: float) -> None:
    world = World(latency_s=latency_s)
    world.every(5.0, *(row.name for row in HOUSEHOLD))
    world.every(2.0, "aggregates", "soe", "grid_status")
    world.run(HOUR_S)
    for row in HOUSEHOLD:
        at_s = [at_s for at_s, name in world.gateway.sent if name == row.name]
        gaps_s = [b - a for a, b in pairwise(at_s)]
        assert max(gaps_s) <= 60.0, row.name
        assert at_s[0] <= world.begin_s + 60, row.name
    ages_s = [ask.age_s for ask in world.seen("aggregates", world.begin_s + 60)]
    assert percentile(ages_s, 0.95) <= 20.0


@pytest.mark.parametrize("latency_s", [2.0, 3.0, 4.0, 5.0])
def test_a_gateway_that_is_slow_and_well_never_reads_as_unknown(latency_s: float) -> None:
    world = World(latency_s=latency_s)
    world.every(5.0, *(row.name for row in HOUSEHOLD))
    world.run(HOUR_S)
    late = [ask for ask in world.asks if ask.at_s > world.begin_s + 120]
    assert {ask.value for ask in late} <= {Freshness.FRESH, Freshness.STALE}
    assert not any(ask.waits for ask in late)


def test_in_trouble_what_is_remembered_is_shown_for_as_long_as_the_user_says() -> None:
    world = World()
    world.every(5.0, *CORE, "vitals")
    world.run(60.0)
    world.gateway.fails(Unreachable("connection refused"))
    world.run(KEEP_S + FRESH_S)
    assert {ask.value for ask in world.asks[-4:]} == {Freshness.EXPIRED}


def test_one_path_in_trouble_is_shown_for_no_longer_either() -> None:
    world = World()
    world.every(5.0, *CORE, "vitals")
    world.run(60.0)
    world.gateway.fails(Unwell("HTTP 500"), "vitals")
    world.run(KEEP_S + 2 * FRESH_S)
    assert world.seen("vitals")[-1].value is Freshness.EXPIRED
    assert world.seen("soe")[-1].value is Freshness.FRESH


def test_at_the_start_too_a_slow_gateways_meters_do_not_wait_for_everything_else() -> None:
    """A login first, then eleven sources that nobody has seen yet."""
    world = World(latency_s=3.02)
    world.gateway.has_session = False
    world.every(5.0, *(row.name for row in HOUSEHOLD))
    world.run(120.0)
    ages_s = [ask.age_s for ask in world.seen("aggregates", world.begin_s + 45)]
    assert percentile(ages_s, 0.95) <= 20.0
    assert {name for _, name in world.gateway.sent} == {row.name for row in HOUSEHOLD}


def test_where_all_cannot_be_served_everything_comes_more_rarely_in_proportion() -> None:
    """Eight seconds for an answer: six requests a minute are all there are."""
    world = World(latency_s=8.0)
    world.every(5.0, *(row.name for row in HOUSEHOLD))
    world.run(HOUR_S)
    gaps_s = {
        row.name: HOUR_S / world.gateway.count(row.name) / row.tolerated_s for row in HOUSEHOLD
    }
    assert max(gaps_s.values()) <= 1.5 * min(gaps_s.values())


def test_slow_answers_make_the_lane_gentler() -> None:
    def shares(latency_s: float) -> float:
        world = World(latency_s=latency_s)
        world.every(1.0, *TELEGRAF)
        world.run(600)
        return len(world.gateway.sent) * latency_s / 600

    assert shares(4.0) <= 0.84  # a fifth of the latency to breathe
    assert World(latency_s=0.05).lane.view().mean_latency_s is None


def test_nobody_waits_once_the_data_is_remembered() -> None:
    world = World(latency_s=0.5)
    world.every(5.0, *TELEGRAF)
    world.run(600)
    assert not any(ask.waits for ask in world.asks if ask.at_s > world.begin_s + 60)


def test_a_returning_client_waits_for_news_rather_than_read_something_old() -> None:
    world = World()
    world.ask("aggregates")
    world.run(20)
    (ask,) = world.ask("aggregates")
    assert ask.value is Freshness.STALE
    assert ask.waits


@pytest.mark.parametrize(
    ("away_s", "value"), [(20, Freshness.STALE), (60, Freshness.STALE), (1000, Freshness.EXPIRED)]
)
def test_who_is_told_the_age_waits_only_where_there_is_nothing_to_show(
    away_s: float, value: Freshness
) -> None:
    world = World()
    world.ask("aggregates")
    world.run(away_s)
    (ask,) = world.ask("aggregates", patience=Patience.ANYTHING)
    assert ask.value is value
    assert ask.waits is (value is Freshness.EXPIRED)


def test_a_returning_client_does_not_wait_for_a_slow_gateway() -> None:
    world = World(latency_s=3.0)
    world.ask("aggregates")
    world.run(20)
    (ask,) = world.ask("aggregates")
    assert ask.value is Freshness.STALE
    assert not ask.waits
