"""What a lane counts of its requests: each once, by what came of it, and for ever."""

from __future__ import annotations

import pytest
from support.world import CORE, HOUSEHOLD, World

from pypowerwall_core import errors
from pypowerwall_core.errors import (
    BadCredentials,
    LogInAgain,
    NotServed,
    PowerwallError,
    RateLimited,
    RetryLater,
    Unexplained,
    Unreachable,
    Unwell,
    outcome_of,
)
from pypowerwall_core.meters import LaneMeters, Traffic

HOUR_S = 3600.0


def family(kind: type[PowerwallError]) -> list[type[PowerwallError]]:
    return [kind, *(one for child in kind.__subclasses__() for one in family(child))]


def traffic(world: World) -> Traffic:
    return world.lane.view().traffic


def all_sent(world: World) -> int:
    return len(world.gateway.sent) + len(world.gateway.logins)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (None, "ok"),
        (Unreachable("x"), "unreachable"),
        (RetryLater("x"), "retry_later"),
        (RateLimited("x"), "rate_limited"),
        (LogInAgain("x"), "log_in_again"),
        (BadCredentials("x"), "bad_credentials"),
        (NotServed("x"), "not_served"),
        (Unwell("x"), "unwell"),
        (ValueError("x"), "bug"),
        (OSError("x"), "bug"),
    ],
)
def test_an_outcome_is_one_word(error: Exception | None, outcome: str) -> None:
    assert outcome_of(error) == outcome


def test_every_error_has_an_outcome_of_its_own() -> None:
    kinds = [kind for kind in family(PowerwallError) if kind.__module__ == errors.__name__]
    outcomes = [outcome_of(kind.__new__(kind)) for kind in kinds]
    assert len(set(outcomes)) == len(kinds)
    assert all(one.replace("_", "").islower() for one in outcomes)
    assert not {"ok", "bug"} & set(outcomes)


def test_before_the_first_request_nothing_is_counted() -> None:
    guarded = ("aggregates", "soe", "system_status")
    assert traffic(World()) == Traffic({}, 0.0, dict.fromkeys(guarded, 0))


def test_every_request_is_counted_once_and_takes_its_time() -> None:
    world = World(latency_s=0.25)
    world.every(5.0, *CORE, "vitals")
    world.run(600.0)
    assert traffic(world).requests == {"ok": all_sent(world)}
    assert traffic(world).seconds == pytest.approx(0.25 * all_sent(world))


def test_failures_are_counted_by_their_kind() -> None:
    world = World()
    world.gateway.fails(NotServed("HTTP 404"), "vitals")
    world.gateway.fails(Unwell("HTTP 500"), "operation")
    world.gateway.fails(KeyError("ours"), "problems")
    world.every(5.0, *CORE, "vitals", "operation", "problems")
    world.run(600.0)
    counts = world.gateway.counts()
    expected = {
        "ok": sum(counts[name] for name in CORE),
        "not_served": counts["vitals"],
        "unwell": counts["operation"],
        "bug": counts["problems"],
    }
    assert traffic(world).requests == expected


def test_an_outage_is_counted_as_what_it_is() -> None:
    world = World()
    world.every(5.0, *CORE)
    world.run(60.0)
    ok = traffic(world).requests["ok"]
    world.gateway.fails(Unreachable("connection refused"))
    world.run(600.0)
    assert traffic(world).requests == {"ok": ok, "unreachable": all_sent(world) - ok}


def test_logins_and_the_flights_before_and_after_are_one_request_each() -> None:
    world = World()
    world.gateway.has_session = False
    world.every(5.0, *CORE)
    world.run(60.0)
    assert len(world.gateway.logins) == 1
    assert traffic(world).requests == {"log_in_again": 1, "ok": all_sent(world) - 1}


def test_a_login_that_is_refused_is_counted_as_that() -> None:
    world = World()
    world.gateway.has_session = False
    world.gateway.login_trouble = lambda: BadCredentials("HTTP 401")
    world.every(5.0, *CORE)
    world.run(HOUR_S)
    requests = traffic(world).requests
    assert requests["bad_credentials"] == len(world.gateway.logins) > 0
    assert requests == {
        "bad_credentials": len(world.gateway.logins),
        "log_in_again": len(world.gateway.sent),
    }


def test_a_probe_without_a_session_is_counted_too() -> None:
    """An old session is shown; before a login the core is asked whether it needs one at all."""
    world = World()
    world.gateway.core_is_open = True
    world.ask("aggregates")
    world.run(120.0)
    world.gateway.fails(LogInAgain("HTTP 403"), "operation")
    world.ask("operation")
    world.run(60.0)
    assert [name for _, name in world.gateway.sent] == ["aggregates", "operation", "aggregates"]
    assert not world.gateway.has_session
    assert traffic(world).requests == {"ok": 2, "log_in_again": 1}


def test_a_request_for_the_reason_is_counted_too() -> None:
    world = World()
    world.gateway.fails(Unexplained("HTTP 502"))
    world.gateway.reason = lambda: Unwell("the Powerwall is stopped")
    world.every(5.0, *CORE)
    world.run(600.0)
    reasons = world.gateway.counts()["reason"]
    assert reasons > 0
    assert traffic(world).requests == {
        "ok": reasons,
        "unexplained": all_sent(world) - reasons,
    }


def test_what_is_counted_is_never_set_back() -> None:
    world = World()
    world.every(5.0, *(row.name for row in HOUSEHOLD))
    world.run(60.0)
    before = traffic(world)
    world.lane.clear_counters()
    assert traffic(world) == before
    assert world.lane.view().landed == 0
    world.run(60.0)
    assert traffic(world).requests["ok"] == all_sent(world) > before.requests["ok"]


def test_what_was_read_does_not_go_on_counting() -> None:
    meters = LaneMeters()
    meters.ended(1.5)
    before = meters.traffic
    meters.ended(2.0, Unreachable("x"))
    meters.quarantined["soe"] += 1
    assert before == Traffic({"ok": 1}, 1.5, {})
    assert meters.traffic == Traffic({"ok": 1, "unreachable": 1}, 3.5, {"soe": 1})


def test_whether_the_core_is_well_is_what_its_last_flight_brought() -> None:
    world = World()
    seen = [world.lane.view().core_well]
    world.every(5.0, *CORE, "vitals")
    world.run(30.0)
    seen.append(world.lane.view().core_well)
    world.gateway.fails(Unwell("HTTP 500"), "vitals")
    world.run(30.0)
    seen.append(world.lane.view().core_well)
    world.gateway.fails(Unreachable("connection refused"))
    world.run(30.0)
    seen.append(world.lane.view().core_well)
    world.gateway.fails(None)
    world.run(60.0)
    seen.append(world.lane.view().core_well)
    assert seen == [None, True, True, False, True]


def test_of_the_core_a_lane_says_how_old_it_is_and_who_wants_it() -> None:
    world = World()
    assert {core.name for core in world.lane.view().core} == set(CORE)
    assert {(core.age_s, core.wanted, core.absent) for core in world.lane.view().core} == {
        (None, False, False)
    }
    world.every(15.0, "soe", looks=True)
    world.run(50.0)
    (soe,) = (core for core in world.lane.view().core if core.name == "soe")
    assert soe.wanted
    assert soe.age_s is not None
    assert soe.age_s < 15.0
    assert soe.keep_s == 3 * 37.0  # it works, so it may take its time
    world.gateway.fails(Unreachable("refused"))
    world.run(20.0)
    (soe,) = (core for core in world.lane.view().core if core.name == "soe")
    assert soe.keep_s == 30.0
