"""Outages as a lane lives through them, with a clock that only tests move."""

from __future__ import annotations

import logging

import pytest
from support.world import World, percentile, source

from pypowerwall_core.errors import Unreachable, Unwell
from pypowerwall_core.failures import LaneState
from pypowerwall_core.policy import Freshness

HOUR_S = 3600.0
TELEGRAF = ("aggregates", "soe", "grid_status", "vitals", "system_status", "operation")


def test_an_outage_is_probed_gently_and_nobody_waits() -> None:
    world = World()
    world.every(5.0, *TELEGRAF)
    world.run(120)
    world.gateway.fails(Unreachable("connection refused"))
    gone_s = world.now_s
    world.run(HOUR_S)
    after = [ask for ask in world.asks if ask.at_s > gone_s + 10]
    assert not any(ask.waits for ask in after)
    for minute in range(1, 60):
        start_s = gone_s + 60 * minute
        assert world.gateway.count(since_s=start_s, until_s=start_s + 60) <= 3
    assert world.gateway.count(since_s=gone_s, until_s=gone_s + 60) <= 12


def test_what_is_remembered_is_shown_while_it_may_be_kept_and_not_longer() -> None:
    world = World()
    world.every(5.0, *TELEGRAF)
    world.run(120)
    world.gateway.fails(Unreachable("connection refused"))
    gone_s = world.now_s
    world.run(600)
    for ask in world.seen("aggregates", gone_s):
        assert (ask.value is Freshness.EXPIRED) == (ask.age_s > 30.0)
    assert world.seen("aggregates")[-1].value is Freshness.EXPIRED


@pytest.mark.parametrize("outage_s", [3.0, 40.0, HOUR_S, 24 * HOUR_S])
def test_after_an_outage_fresh_data_is_there_within_half_a_minute(outage_s: float) -> None:
    world = World()
    world.every(5.0, *TELEGRAF)
    world.run(120)
    world.gateway.fails(Unreachable("connection refused"))
    world.run(outage_s)
    world.gateway.fails(None)
    back_s = world.now_s
    world.run(120)
    fresh = [a.at_s for a in world.seen("aggregates", back_s) if a.age_s < a.at_s - back_s]
    assert min(fresh) - back_s <= 30.0 + 5.0  # half a minute, seen at the next poll
    assert world.lane.view().condition.up


def test_a_day_long_outage_writes_a_handful_of_lines(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    world = World()
    world.every(5.0, *TELEGRAF)
    world.run(120)
    world.gateway.fails(Unreachable("connection refused", remedy="Look at the cable."))
    world.run(24 * HOUR_S)
    world.gateway.fails(None)
    world.run(120)
    assert 2 <= len(caplog.records) <= 10
    assert "connection refused. Look at the cable." in caplog.text
    assert "answers again after 24 h" in caplog.text


def test_a_flapping_gateway_does_not_fill_the_disk(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    world = World()
    world.every(5.0, *TELEGRAF)
    for _ in range(12 * 24):
        world.gateway.fails(Unreachable("connection reset"))
        world.run(100)
        world.gateway.fails(None)
        world.run(200)
    assert len(caplog.records) < 24 * 8


def test_the_one_curl_long_after_an_outage_may_wait() -> None:
    world = World()
    world.gateway.fails(Unreachable("connection refused"))
    world.ask("aggregates")
    world.run(5)
    world.ask("aggregates")
    world.run(HOUR_S)
    world.gateway.fails(None)
    (ask,) = world.ask("aggregates")
    assert ask.waits
    world.run(5)
    assert world.ask("aggregates")[0].value is Freshness.FRESH


def test_a_lone_client_during_an_outage_starts_one_probe_at_most() -> None:
    world = World()
    world.gateway.fails(Unreachable("connection refused"))
    world.ask("aggregates")
    world.run(0.5)
    world.ask("aggregates")
    world.run(HOUR_S)
    assert len(world.gateway.sent) == 2


def test_nobody_waits_for_an_ill_path_while_it_is_tried_again() -> None:
    world = World()
    world.every(5.0, "aggregates")
    world.gateway.fails(Unwell("HTTP 500"), "vitals")
    world.run(20)
    world.ask("vitals")
    world.run(70)
    assert not world.ask("vitals")[0].waits
    world.run(600)
    assert world.ask("vitals")[0].waits is False
    world.run(1300)
    assert world.ask("vitals")[0].waits


def test_one_ill_path_rests_alone() -> None:
    world = World()
    world.every(5.0, *TELEGRAF)
    world.run(60)
    world.gateway.fails(Unwell("HTTP 500"), "vitals")
    ill_s = world.now_s
    world.run(10)
    assert world.lane.view().rests == {"/api/devices/vitals": ("failing", pytest.approx(55, abs=6))}
    world.run(2 * HOUR_S)
    assert world.gateway.count("vitals", since_s=ill_s) <= 2 + 12
    assert world.lane.view().condition.up
    assert world.seen("aggregates")[-1].age_s <= 6.0
    world.gateway.fails(None, "vitals")
    world.run(660)
    assert world.seen("vitals")[-1].age_s <= 6.0


def test_one_ill_path_of_the_core_does_not_take_the_others_along() -> None:
    world = World()
    world.every(5.0, *TELEGRAF)
    world.run(60)
    world.gateway.fails(Unwell("HTTP 500"), "aggregates")
    ill_s = world.now_s
    world.run(HOUR_S)
    assert world.gateway.count("aggregates", since_s=ill_s + 120) <= 125
    ages_s = [ask.age_s for ask in world.seen("soe", ill_s + 120)]
    assert percentile(ages_s, 0.95) <= 7.0


def test_a_bug_of_ours_ends_the_flight_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    world.every(5.0, *TELEGRAF)
    world.run(60)
    world.gateway.fails(ZeroDivisionError("ours"), "vitals")
    world.run(HOUR_S)
    assert world.lane.view().condition.up
    assert world.seen("soe")[-1].age_s <= 6.0
    assert caplog.text.count("this is a bug in powerwall-proxy") == 1


def test_another_bug_of_the_same_kind_is_told_as_well(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    world.every(5.0, *TELEGRAF)

    def divides() -> Exception | None:
        raise ZeroDivisionError("ours, too")

    world.gateway.fails(ZeroDivisionError("ours"), "vitals")
    world.run(60)
    world.gateway.trouble["vitals"] = divides
    world.run(HOUR_S)
    assert caplog.text.count("this is a bug in powerwall-proxy") == 2


def test_a_lane_tells_of_itself() -> None:
    world = World()
    world.every(5.0, *TELEGRAF)
    world.run(300)
    view = world.lane.view()
    assert view.requests_per_minute == pytest.approx(62, abs=8)
    assert view.mean_latency_s == pytest.approx(0.05)
    assert view.in_flight == 0
    assert view.next_due_s is not None
    assert view.last_error is None
    assert view.rests == {}
    world.gateway.fails(Unreachable("connection refused", remedy="Look."))
    world.run(300)
    view = world.lane.view()
    assert view.condition.state is LaneState.DOWN
    assert view.last_error == "connection refused"
    assert view.remedy == "Look."
    assert 0 < view.resting_for_s <= 28.0


def test_more_in_flight_only_when_asked_for() -> None:
    world = World([source("a"), source("b")], max_in_flight=2)
    assert len(world.lane._threads) == 2


class Trap(dict[str, str]):
    def get(self, *_: object) -> str:
        raise ZeroDivisionError("ours")


def test_a_bug_in_the_landing_itself_does_not_wedge_the_lane() -> None:
    world = World()
    world.gateway.documents["status"] = Trap()
    (ask,) = world.ask("status")
    assert ask.waits
    with pytest.raises(ZeroDivisionError):
        world.lane.step()
    assert world.lane.view().in_flight == 0
    world.every(5.0, "aggregates")
    world.run(60)
    assert world.seen("aggregates")[-1].age_s <= 6.0


@pytest.mark.parametrize("hang_s", [0.0, 5.0, 10.0])
def test_fresh_within_half_a_minute_even_when_every_probe_hangs_for_its_time(
    hang_s: float,
) -> None:
    world = World()
    world.every(1.0, "aggregates")
    world.run(30)

    def hang() -> Exception:
        world.advance(world.now_s + hang_s)
        return Unreachable("no answer")

    world.gateway.trouble["*"] = hang
    gone_s = world.now_s
    world.run(600)
    assert world.gateway.count(since_s=gone_s, until_s=gone_s + 60) <= 12
    # The worst moment to mend: just after a probe has left.
    sent = len(world.gateway.sent)
    while len(world.gateway.sent) == sent:
        world.lane.step()
        world.advance(world.now_s + 0.1)
    left_s = world.gateway.sent[-1][0]
    world.gateway.fails(None)
    world.run(60)
    fresh = [a.at_s for a in world.seen("aggregates", left_s) if a.age_s < a.at_s - left_s]
    assert min(fresh) - left_s <= 30.0
