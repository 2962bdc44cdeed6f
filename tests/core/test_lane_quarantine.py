"""A sample that is hardly true is left out once: what clients see, and when it is asked again."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.doubtful import EMPTY, FULL, a_home, quarantined, sent, shown, tells, until_doubted
from support.world import FRESH_S, HOUSEHOLD, World

from pypowerwall_core.errors import Unreachable
from pypowerwall_core.payloads import HOME_METERS
from pypowerwall_core.policy import Freshness

# -- one bad sample ---------------------------------------------------------------------------


def test_one_empty_battery_is_never_shown() -> None:
    world = a_home()
    tells(world, "soe", EMPTY, FULL)
    begins_s = world.now_s
    world.run(60.0)
    assert EMPTY not in shown(world, begins_s)
    assert {ask.value for ask in world.seen("soe", begins_s)} <= {Freshness.FRESH, Freshness.STALE}
    assert quarantined(world) == {"soe": 1}


def test_the_next_request_for_it_leaves_a_period_later_and_the_others_do_not_notice() -> None:
    world = a_home()
    tells(world, "soe", EMPTY, FULL)
    landed_s = until_doubted(world)
    world.every(0.3, "soe", "grid_status")  # many clients do not hurry it
    world.run(60.0)
    again = sent(world, landed_s)
    assert FRESH_S <= again[0] - landed_s < FRESH_S + 0.5
    assert max(b - a for a, b in pairwise(sent(world, landed_s, "grid_status"))) < FRESH_S + 1


@pytest.mark.parametrize("period_s", [5.0, 45.0, 110.0])
def test_no_client_waits_for_it_meanwhile(period_s: float) -> None:
    world = a_home(period_s=period_s)
    tells(world, "soe", EMPTY, FULL)
    landed_s = until_doubted(world)
    while world.now_s < landed_s + FRESH_S:
        (ask,) = world.ask("soe")
        assert (ask.waits, ask.document) == (False, FULL)
        world.run(0.2)


def test_the_second_sample_is_believed_whatever_it_says() -> None:
    world = a_home()
    tells(world, "soe", EMPTY)
    begins_s = world.now_s
    world.run(60.0)
    seen = shown(world, begins_s)
    assert seen[-1] == EMPTY
    assert seen == sorted(seen, key=lambda document: document == EMPTY)
    assert quarantined(world) == {"soe": 1}


def test_another_kind_of_nonsense_is_believed_as_well_the_second_time() -> None:
    world = a_home()
    lively = {meter: {"instant_power": 5, "energy_imported": 1e6} for meter in ("site", "load")}
    back = {meter: fields | {"energy_imported": 9e5} for meter, fields in lively.items()}
    further = {meter: fields | {"energy_imported": 8e5} for meter, fields in lively.items()}
    tells(world, "aggregates", lively)
    world.run(60.0)
    tells(world, "aggregates", back, further)
    world.run(60.0)
    assert world.ask("aggregates")[0].document == further
    # The documents of a world are not meters, so the first real ones were believed.
    assert quarantined(world) == {"aggregates": 1}


def test_after_a_believed_one_doubting_begins_anew() -> None:
    world = a_home()
    tells(world, "soe", EMPTY, EMPTY, FULL, EMPTY, FULL)
    begins_s = world.now_s
    world.run(60.0)
    assert quarantined(world) == {"soe": 2}
    changes = [b for a, b in pairwise(shown(world, begins_s)) if a != b]
    assert changes == [EMPTY, FULL]


@given(st.lists(st.booleans(), min_size=1, max_size=12))
def test_only_what_is_told_twice_in_a_row_is_shown(empties: list[bool]) -> None:
    world = a_home()
    tells(world, "soe", *(EMPTY if empty else FULL for empty in empties), FULL)
    begins_s = world.now_s
    world.run(FRESH_S * (2 * len(empties) + 4))
    twice = any(a and b for a, b in pairwise(empties))
    assert (EMPTY in shown(world, begins_s)) is twice
    assert shown(world, begins_s)[-1] == FULL
    assert min(b - a for a, b in pairwise(sent(world, begins_s))) >= FRESH_S - 0.1


# -- only while there is something else to show -----------------------------------------------


def test_the_first_sample_of_all_is_believed() -> None:
    world = World()
    tells(world, "soe", EMPTY, FULL)
    world.ask("soe")
    world.run(1.0)
    assert world.ask("soe")[0].document == EMPTY
    world.run(FRESH_S)
    world.ask("soe")
    world.run(1.0)
    assert world.ask("soe")[0].document == FULL
    assert quarantined(world) == {}


def test_the_truth_after_a_gateway_that_began_with_zeros_is_not_doubted() -> None:
    zero = dict.fromkeys(("instant_power", "energy_imported", "energy_exported"), 0)
    true = {"instant_power": 900.0, "energy_imported": 4e6, "energy_exported": 7e6}
    world = World()
    tells(
        world,
        "aggregates",
        *2 * [dict.fromkeys(HOME_METERS, zero)],
        dict.fromkeys(HOME_METERS, true),
    )
    world.every(5.0, "aggregates")
    world.run(60.0)
    assert quarantined(world) == {}


def test_after_an_outage_in_which_the_memory_has_expired_a_sample_is_believed() -> None:
    world = a_home()
    world.gateway.fails(Unreachable("connection refused"))
    tells(world, "soe", Unreachable("connection refused"))
    world.run(300.0)
    world.gateway.fails(None)
    tells(world, "soe", EMPTY)
    world.run(60.0)
    assert world.ask("soe")[0].document == EMPTY
    assert quarantined(world) == {}


@pytest.mark.parametrize("fresh_s", [5.0, 30.0])
@pytest.mark.parametrize("outage_s", range(10, 150, 10))
def test_a_gateway_that_says_zero_as_it_starts_leaves_no_gap(
    outage_s: float, fresh_s: float
) -> None:
    """However long it was away: what is left out was replaced by something that is shown."""
    world = a_home(fresh_s=fresh_s)
    world.gateway.fails(Unreachable("connection refused"))
    tells(world, "soe", Unreachable("connection refused"))
    world.run(outage_s)
    world.gateway.fails(None)
    tells(world, "soe", EMPTY, FULL)
    while sent(world, world.begin_s)[-1] < world.now_s - 1:
        world.run(0.2)
    back_s = world.now_s
    world.every(1.0, "soe")
    world.run(90.0)
    if quarantined(world):
        assert Freshness.EXPIRED not in {ask.value for ask in world.seen("soe", back_s + 1)}
        assert EMPTY not in shown(world, back_s)
    assert world.ask("soe")[0].document == FULL


@pytest.mark.parametrize("latency_s", [1.0, 2.0, 3.0, 5.0])
def test_behind_a_slow_gateway_the_charge_is_guarded_too(latency_s: float) -> None:
    world = World(latency_s=latency_s)
    tells(world, "soe", FULL)
    world.every(5.0, *(row.name for row in HOUSEHOLD))
    world.run(600.0)
    for _ in range(5):
        tells(world, "soe", EMPTY, FULL)
        begins_s = world.now_s
        world.run(300.0)
        assert EMPTY not in shown(world, begins_s)
        unknown = {Freshness.EXPIRED, Freshness.NEVER}
        assert not unknown & {ask.value for ask in world.seen("soe", begins_s)}
    assert quarantined(world) == {"soe": 5}


@pytest.mark.parametrize("period_s", [10.0, 45.0, 110.0, 130.0])
def test_who_comes_rarely_is_guarded_too(period_s: float) -> None:
    world = a_home(period_s=period_s)
    tells(world, "soe", EMPTY, FULL)
    begins_s = world.now_s
    world.run(6 * period_s)
    assert quarantined(world) == {"soe": 1}
    assert EMPTY not in shown(world, begins_s)
    assert world.seen("soe")[-1].document == FULL


def test_it_costs_who_comes_rarely_one_request_more() -> None:
    world = a_home(period_s=45.0)
    world.run(450.0)
    begins_s = world.now_s
    world.run(450.0)
    usual = len(sent(world, begins_s))
    tells(world, "soe", EMPTY, FULL)
    begins_s = world.now_s
    world.run(450.0)
    assert usual <= len(sent(world, begins_s)) <= usual + 1


def test_who_comes_every_ten_minutes_reads_what_the_gateway_says() -> None:
    world = a_home(period_s=600.0)
    tells(world, "soe", EMPTY)
    world.run(1230.0)
    assert world.seen("soe")[-1].document == EMPTY
    assert quarantined(world) == {}
