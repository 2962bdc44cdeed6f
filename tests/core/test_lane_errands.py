"""A commander's errands and demands: one road, one at a time, nothing lost and nothing late."""

from __future__ import annotations

from typing import Any

import pytest
from support.world import World

from pypowerwall_core.errors import (
    LogInAgain,
    NotSent,
    NotServed,
    PowerwallError,
    RateLimited,
    Unreachable,
)

OPERATION = "operation"


def world(**more: Any) -> World:
    """A household that reads everything every five seconds, settled."""
    world = World(**more)
    world.every(5.0, "aggregates", "soe", "grid_status", OPERATION)
    world.run(20.0)
    return world


def call(world: World, answer: Any = b"{}") -> Any:
    """A call that takes as long as the gateway does, and is seen like a request."""

    def made() -> Any:
        world.gateway.sent.append((world.now_s, "errand"))
        world.gateway._pass_time()
        if isinstance(answer, Exception):
            raise answer
        return answer

    return made


def test_a_demand_is_answered_by_a_flight_that_leaves_afterwards() -> None:
    home = world()
    home.gateway.documents[OPERATION] = {"backup_reserve_percent": 33}
    asked_s = home.now_s
    demand = home.lane.demand(OPERATION)
    home.run(1.0)
    assert demand.result(0) == {"backup_reserve_percent": 33}
    assert home.gateway.count(OPERATION, since_s=asked_s) == 1


def test_a_demand_for_what_is_not_served_says_so_each_time() -> None:
    home = World()
    home.every(5.0, "aggregates", "soe", "grid_status")
    home.gateway.trouble[OPERATION] = lambda: NotServed("HTTP 404")
    home.run(5.0)
    for _ in range(2):
        demand = home.lane.demand(OPERATION)
        home.run(1.0)
        with pytest.raises(NotServed):
            demand.result(0)


def test_a_flight_in_the_air_does_not_answer_a_demand() -> None:
    home = world()
    futures: list[Any] = []
    home.gateway.latency_s = 1.0
    home.at(home.now_s + 0.5, lambda: futures.append(home.lane.demand(OPERATION)))
    first = home.lane.demand(OPERATION)
    home.run(5.0)
    taken = [at_s for at_s, name in home.gateway.sent if name == OPERATION]
    assert first.result(0) != futures[0].result(0)
    assert taken[-1] - taken[-2] > 0.5


def test_a_demand_goes_before_all_that_is_due() -> None:
    home = world(latency_s=3.0)
    home.run(60.0)
    home.lane.demand(OPERATION)
    already = len(home.gateway.sent)
    home.run(8.0)
    names = [name for _, name in home.gateway.sent[already:]]
    assert OPERATION in names[:2]


def test_a_demand_learns_why_there_is_no_answer() -> None:
    home = world()
    home.gateway.fails(Unreachable("connection refused"))
    demand = home.lane.demand(OPERATION)
    home.run(1.0)
    with pytest.raises(Unreachable, match="refused"):
        demand.result(0)


def test_a_demand_of_a_resting_lane_fails_at_once_and_sends_nothing() -> None:
    home = world()
    home.gateway.fails(RateLimited("HTTP 429", retry_after_s=600))
    home.run(10.0)
    asked_s = home.now_s
    demand = home.lane.demand(OPERATION)
    with pytest.raises(RateLimited):
        demand.result(0)
    home.run(10.0)
    assert home.gateway.count(since_s=asked_s) == 0


def test_a_demand_logs_in_where_that_is_needed() -> None:
    home = world()
    home.gateway.trouble[OPERATION] = lambda: (
        None if home.gateway.session else LogInAgain("HTTP 401")
    )
    demand = home.lane.demand(OPERATION)
    home.run(2.0)
    assert demand.result(0) is not None
    assert len(home.gateway.logins) == 1


def test_a_call_is_made_once_between_flights_with_the_usual_breath() -> None:
    home = world()
    errand = home.lane.errand(call(home))
    asked_s = home.now_s
    home.run(2.0)
    assert errand.result(0) == b"{}"
    assert home.gateway.count("errand", since_s=asked_s) == 1
    assert home.gateway.most_in_flight == 1


def test_a_flight_that_left_before_a_write_does_not_bring_the_old_value_back() -> None:
    home = world(max_in_flight=2)
    home.gateway.latency_s = 2.0
    before = home.lane._tower.slots[OPERATION].memory
    home.at(home.now_s + 1.0, lambda: home.lane._tower.touch([OPERATION]))  # while it flies
    home.lane.demand(OPERATION)
    home.lane.step()
    assert before is not None
    assert home.lane._tower.slots[OPERATION].memory is before


def test_what_a_call_touches_is_shown_until_it_is_read_back() -> None:
    home = world()
    home.lane.errand(call(home), [OPERATION])
    home.run(0.5)
    assert home.lane._tower.slots[OPERATION].memory is not None


def test_readers_keep_their_figures_while_calls_wait() -> None:
    home = world()
    for _ in range(5):
        home.lane.errand(call(home))
    home.run(30.0)
    ages = [ask.age_s or 0.0 for ask in home.seen("aggregates", since_s=home.begin_s + 20)]
    assert max(ages) < 6.0
    assert not any(ask.waits for ask in home.asks[8:])


def test_a_call_does_not_leave_while_the_lane_rests() -> None:
    home = world()
    home.gateway.fails(Unreachable("connection refused"))
    home.run(10.0)
    errand = home.lane.errand(call(home))
    home.run(0.2)
    with pytest.raises(NotSent):
        errand.result(0)
    assert home.gateway.count("errand") == 0


def test_calls_that_still_wait_when_the_lane_fails_are_not_sent_later() -> None:
    home = world()
    home.gateway.fails(Unreachable("connection refused"))
    home.run(0.0)
    errand = home.lane.errand(call(home, Unreachable("reset")))
    waiting = home.lane.errand(call(home))
    home.lane.demand("soe")
    home.lane.withdraw(errand)
    home.run(0.5)
    home.gateway.fails(None)
    home.run(60.0)
    assert waiting.done()
    assert home.gateway.count("errand") <= 1


def test_a_call_can_be_taken_back_until_it_is_made() -> None:
    home = world()
    errand = home.lane.errand(call(home))
    assert home.lane.withdraw(errand)
    assert not home.lane.withdraw(errand)
    home.run(5.0)
    assert home.gateway.count("errand") == 0


def test_a_rate_limited_call_rests_the_lane() -> None:
    home = world()
    errand = home.lane.errand(call(home, RateLimited("HTTP 429", retry_after_s=120)))
    home.run(1.0)
    with pytest.raises(RateLimited):
        errand.result(0)
    asked_s = home.now_s
    home.run(100.0)
    assert home.gateway.count(since_s=asked_s) == 0
    home.run(60.0)
    assert home.gateway.count(since_s=asked_s) > 0


def test_a_failed_call_is_not_a_failed_flight() -> None:
    home = world()
    home.lane.errand(call(home, Unreachable("reset")))
    home.run(1.0)
    assert home.lane.view().condition.up


def test_a_commander_may_log_in_once_a_minute() -> None:
    home = world()
    first = home.lane.log_in()
    home.run(1.0)
    assert first.result(0) is None
    second = home.lane.log_in()
    with pytest.raises(LogInAgain):
        second.result(0)
    assert len(home.gateway.logins) == 1


def test_stopping_lets_everybody_go() -> None:
    home = world()
    futures = [home.lane.demand(OPERATION), home.lane.errand(call(home))]
    home.lane.stop()
    for future in (*futures, home.lane.demand(OPERATION), home.lane.errand(call(home))):
        with pytest.raises(PowerwallError):
            future.result(0)
