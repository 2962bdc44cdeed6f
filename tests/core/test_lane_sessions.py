"""Logins, roles and missing paths over hours: what the gateway gets to see."""

from __future__ import annotations

import logging
from itertools import pairwise

import pytest
from support.world import CORE, HOUSEHOLD, World

from pypowerwall_core.errors import (
    BadCredentials,
    LogInAgain,
    NotServed,
    RateLimited,
    Unreachable,
)
from pypowerwall_core.failures import LaneState
from pypowerwall_core.flights import Hold
from pypowerwall_core.policy import Freshness
from pypowerwall_core.tower import Tower

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S
CALM_S = 15.0
"""A client for days on end: every 5 s are a hundred thousand flights that show no more."""
TELEGRAF = ("aggregates", "soe", "grid_status", "vitals", "system_status", "operation")


def locked(world: World, *names: str) -> None:
    """These paths want a session that nobody has yet."""
    for name in names:
        world.gateway.trouble[name] = lambda: (
            None if world.gateway.session else LogInAgain("HTTP 403")
        )


def test_a_gateway_that_answers_without_a_session_never_sees_a_login() -> None:
    world = World()
    world.every(CALM_S, *TELEGRAF)
    world.run(DAY_S / 4)
    assert world.gateway.logins == []


def test_a_first_refusal_leads_to_one_login() -> None:
    world = World()
    locked(world, *TELEGRAF)
    world.every(5.0, *TELEGRAF)
    world.run(HOUR_S)
    assert len(world.gateway.logins) == 1
    assert world.seen("vitals")[-1].age_s <= 6.0


def test_an_expired_session_is_renewed_and_nobody_notices() -> None:
    world = World()
    locked(world, *TELEGRAF)
    world.every(CALM_S, *TELEGRAF)
    world.run(HOUR_S)
    for _ in range(24):
        world.gateway.session = False
        world.run(HOUR_S)
    assert len(world.gateway.logins) == 25
    steady = [ask for ask in world.asks if ask.at_s > world.begin_s + 60]
    assert all(ask.value in (Freshness.FRESH, Freshness.STALE) for ask in steady)
    assert not any(ask.waits for ask in steady)


def test_a_session_that_expires_all_the_time_costs_one_login_a_minute_at_most() -> None:
    world = World()

    def hopeless() -> Exception | None:
        return None if world.now_s % 10 < 2 else LogInAgain("HTTP 401")

    world.gateway.trouble["*"] = hopeless
    world.every(5.0, *TELEGRAF)
    world.run(HOUR_S)
    gaps_s = [b - a for a, b in pairwise(world.gateway.logins)]
    assert min(gaps_s) >= 60.0


def test_a_path_that_our_role_may_not_read_costs_no_login() -> None:
    world = World()
    world.gateway.trouble["operation"] = lambda: LogInAgain("HTTP 403")
    world.every(CALM_S, *TELEGRAF)
    world.run(DAY_S)
    assert world.gateway.logins == []
    assert 24 <= world.gateway.counts()["operation"] <= 26
    assert world.seen("operation")[-1].absent
    assert not any(ask.waits for ask in world.seen("operation", world.begin_s + 60))


def test_what_looked_like_a_role_just_before_the_session_expired_is_asked_again() -> None:
    world = World()
    locked(world, *TELEGRAF)
    world.gateway.session = True
    world.every(5.0, "aggregates", "soe", "grid_status")
    world.run(102)
    world.gateway.session = False
    world.every(5.0, "vitals")
    world.run(1)
    assert world.seen("vitals")[0].waits
    assert world.ask("vitals")[0].absent
    world.run(60)
    assert len(world.gateway.logins) == 1
    assert world.seen("vitals")[-1].age_s <= 6.0


def test_a_wrong_password_is_tried_ever_more_rarely(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    world = World()
    locked(world, *TELEGRAF)
    world.gateway.login_trouble = lambda: BadCredentials("bad credentials", remedy="The label.")
    world.every(5.0, *TELEGRAF, "status")
    world.run(DAY_S)
    logins_s = world.gateway.logins
    gaps_s = [b - a for a, b in pairwise(logins_s)]
    assert [round(gap_s / 60) for gap_s in gaps_s[:5]] == [1, 5, 15, 30, 30]
    assert len(logins_s) <= 51
    # One probe leads to each login; beside it, only the open /api/status is asked.
    assert sum(world.gateway.counts()[name] for name in TELEGRAF) <= len(logins_s)
    assert world.seen("status")[-1].value is Freshness.FRESH
    assert not any(ask.waits for ask in world.asks if ask.at_s > world.begin_s + 10)
    assert caplog.text.count("bad credentials") == 1
    assert "The label." in caplog.text


def test_a_corrected_password_heals_at_the_next_try() -> None:
    world = World()
    locked(world, *TELEGRAF)
    world.gateway.login_trouble = lambda: BadCredentials("bad credentials")
    world.every(5.0, *TELEGRAF)
    world.run(300)
    world.gateway.login_trouble = lambda: None
    world.run(300)
    assert world.lane.view().condition.up
    assert world.seen("aggregates")[-1].age_s <= 6.0


def test_trouble_with_the_open_path_does_not_shorten_the_pauses() -> None:
    world = World()
    locked(world, *TELEGRAF)
    world.gateway.login_trouble = lambda: BadCredentials("bad credentials")
    world.gateway.trouble["status"] = lambda: Unreachable("reset")
    world.every(5.0, *TELEGRAF, "status")
    world.run(DAY_S / 2)
    assert len(world.gateway.logins) <= 27


def test_logged_in_but_refused_everywhere_pauses_like_a_wrong_password() -> None:
    world = World()
    for name in TELEGRAF:
        world.gateway.trouble[name] = lambda: LogInAgain("HTTP 403")
    world.every(5.0, *TELEGRAF)
    world.run(DAY_S)
    assert world.lane.view().condition.state is LaneState.REFUSED
    assert len(world.gateway.logins) <= 51
    assert len(world.gateway.sent) <= 200


def test_one_core_path_refused_after_a_login_is_no_reason_to_stop_the_others() -> None:
    world = World()
    world.gateway.trouble["aggregates"] = lambda: LogInAgain("HTTP 403")
    world.ask("aggregates")
    world.every(5.0, "aggregates")
    world.run(120)
    assert world.lane.view().condition.up
    assert {"soe", "grid_status"} <= set(world.gateway.counts())
    assert len(world.gateway.logins) <= 2


def test_refusals_are_added_up_only_while_the_session_has_proven_nothing() -> None:
    world = World()
    world.every(5.0, *TELEGRAF)
    for name in CORE:
        world.run(200)
        world.gateway.trouble[name] = lambda: LogInAgain("HTTP 403")
        world.run(200)
        world.gateway.trouble.clear()
        world.run(60)
    assert world.lane.view().condition.up
    assert world.seen("aggregates")[-1].age_s <= 6.0


def test_nobody_waits_for_a_missing_path_even_when_it_is_asked_again() -> None:
    world = World()
    world.gateway.trouble["vitals"] = lambda: NotServed("HTTP 404")
    world.ask("aggregates")
    world.run(5)
    assert world.ask("vitals")[0].waits
    world.run(2 * HOUR_S)
    (ask,) = world.ask("vitals")
    assert ask.absent
    assert not ask.waits
    world.run(5)
    assert world.gateway.counts()["vitals"] == 2


def test_429_rests_the_whole_lane_for_as_long_as_it_says() -> None:
    world = World()
    world.every(5.0, *TELEGRAF)
    world.run(60)
    world.gateway.fails(RateLimited("HTTP 429", retry_after_s=120.0), "vitals")
    world.run(6)
    begun_s = world.gateway.sent[-1][0]
    world.gateway.fails(None, "vitals")
    world.run(300)
    assert world.gateway.count(since_s=begun_s + 1, until_s=begun_s + 120) == 0
    assert world.gateway.sent[-1][0] > begun_s + 120
    assert world.seen("aggregates")[-1].age_s <= 6.0


def test_429_at_the_login_counts_as_well() -> None:
    world = World()
    locked(world, *TELEGRAF)
    world.gateway.login_trouble = lambda: RateLimited("HTTP 429")
    world.every(5.0, *TELEGRAF)
    world.run(HOUR_S)
    assert len(world.gateway.logins) <= 12
    assert len(world.gateway.sent) <= 12


def test_vitals_that_firmware_took_away_cost_a_request_a_day_and_no_login() -> None:
    world = World()
    world.gateway.trouble["vitals"] = lambda: NotServed("HTTP 404")
    world.every(CALM_S, *TELEGRAF)
    world.run(2.5 * DAY_S)
    assert world.gateway.logins == []
    assert world.gateway.counts()["vitals"] <= 4
    assert world.seen("vitals")[-1].absent


def test_a_path_that_vanishes_is_given_three_minutes() -> None:
    world = World()
    world.every(CALM_S, *TELEGRAF)
    world.run(60)
    world.gateway.trouble["vitals"] = lambda: NotServed("HTTP 404")
    gone_s = world.now_s
    world.run(150)
    assert not world.seen("vitals")[-1].absent
    world.run(120)
    assert world.seen("vitals")[-1].absent
    world.run(DAY_S)
    assert world.gateway.count("vitals", since_s=gone_s) <= 7
    assert world.gateway.logins == []


@pytest.mark.parametrize("change", ["firmware", "gateway", "outage"])
def test_what_was_missing_is_asked_again_after(change: str) -> None:
    world = World()
    world.gateway.documents["status"] = {"version": "23.36", "din": "A"}
    world.gateway.trouble["vitals"] = lambda: NotServed("HTTP 404")
    world.every(5.0, *TELEGRAF, "status")
    world.run(600)
    asked = world.gateway.counts()["vitals"]
    del world.gateway.trouble["vitals"]
    if change == "outage":
        world.gateway.fails(Unreachable("refused"))
        world.run(30)
        world.gateway.fails(None)
    else:
        field = "version" if change == "firmware" else "din"
        world.gateway.documents["status"] |= {field: "new"}
    world.run(120)
    assert asked == 1
    assert world.seen("vitals")[-1].age_s <= 6.0


def test_a_web_server_that_is_no_gateway_is_told_from_missing_paths() -> None:
    world = World()
    world.gateway.fails(NotServed("HTTP 404"))
    world.every(5.0, *TELEGRAF)
    world.run(600)
    assert world.lane.view().condition.state is LaneState.DOWN
    world.gateway.fails(None)
    world.run(60)
    assert world.seen("aggregates")[-1].age_s <= 6.0


def test_the_core_is_probed_in_turn() -> None:
    world = World()
    world.gateway.fails(Unreachable("refused"))
    world.every(5.0, *TELEGRAF)
    world.run(HOUR_S)
    assert set(world.gateway.counts()) == set(CORE)


# -- gateways that are open to everybody --------------------------------------------------------


def open_world() -> World:
    """Firmware before 20.49: the core needs no session, the rest does."""
    world = World()
    world.gateway.has_session, world.gateway.core_is_open = False, True
    world.gateway.fails(LogInAgain("HTTP 403"), "operation", "vitals", "system_status")
    return world


def test_where_the_core_is_open_nobody_ever_logs_in() -> None:
    """A login stops the Powerwall on firmware 1.15."""
    world = open_world()
    world.every(5.0, *CORE, "vitals", "operation")
    world.run(3 * HOUR_S)
    assert world.gateway.logins == []
    assert all(ask.absent for ask in world.seen("operation", world.begin_s + 10))
    assert world.gateway.count("operation") <= 4


@pytest.mark.parametrize("name", ["operation", "vitals"])
def test_the_core_is_asked_before_anything_that_could_end_in_a_login(name: str) -> None:
    world = open_world()
    world.ask(name)
    world.run(10.0)
    assert [sent for _, sent in world.gateway.sent] == ["aggregates", name]
    assert world.gateway.logins == []


def test_the_answer_holds_for_as_long_as_it_takes() -> None:
    world = open_world()
    world.ask("operation")
    world.run(10 * HOUR_S)
    world.ask("operation", "system_status")
    world.run(60.0)
    assert world.gateway.logins == []


def test_a_core_that_closes_is_logged_in_to() -> None:
    """An update to firmware 20.49 while we watch."""
    world = open_world()
    world.every(5.0, *CORE)
    world.run(60.0)
    world.gateway.core_is_open = False
    world.run(10.0)
    assert len(world.gateway.logins) == 1


def test_an_open_path_is_read_alone() -> None:
    world = open_world()
    world.ask("status")
    world.run(10.0)
    assert world.gateway.counts() == {"status": 1}


@pytest.mark.parametrize("core_asked", [True, False])
def test_a_session_of_old_is_no_reason_to_log_in_anew(core_asked: bool) -> None:  # noqa: FBT001
    """Who migrates brings a session file; on such firmware its token has expired long ago."""
    world = open_world()
    world.gateway.has_session = True
    if core_asked:
        world.every(5.0, *CORE)
        world.run(60.0)
    world.gateway.fails(None, "operation")
    world.ask("operation")
    world.run(60.0)
    world.gateway.fails(LogInAgain("HTTP 403"), "operation")
    for _ in range(5):
        world.ask("operation", "vitals")
        world.run(120.0)
    assert world.gateway.logins == []


def test_what_cannot_be_found_out_is_not_risked() -> None:
    world = open_world()
    world.gateway.has_session = True
    world.ask("aggregates")
    world.run(120.0)
    world.gateway.fails(Unreachable("silent"), *CORE)
    world.ask("operation")
    world.run(2.0)
    assert world.gateway.logins == []


def test_a_limit_met_on_the_way_to_find_out_rests_everything() -> None:
    world = open_world()
    world.gateway.has_session = True
    world.ask("aggregates")
    world.run(120.0)
    world.gateway.fails(RateLimited("HTTP 429", retry_after_s=600.0), *CORE)
    world.ask("operation")
    world.run(2.0)
    assert world.lane.view().condition.state is LaneState.LIMITED
    asked_s = world.now_s
    world.every(5.0, *TELEGRAF)
    world.run(590.0)
    assert world.gateway.count(since_s=asked_s) == 0


def test_what_looks_like_a_role_is_said_to_be_asked_again_after_a_login(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    world = World()
    world.gateway.trouble["operation"] = lambda: LogInAgain("HTTP 403")
    world.every(5.0, *TELEGRAF)
    world.run(60.0)
    assert "asked again in 60 min or after the next login" in caplog.text


def test_with_a_pool_too_the_core_is_asked_before_anything_else() -> None:
    """What would fly fourth waits until the core has answered."""
    tower = Tower(HOUSEHOLD, max_in_flight=4)
    for row in HOUSEHOLD:
        tower.ask(row.name, 0.0)
    flown = []
    while not isinstance(slot := tower.next(0.0), Hold):
        flown.append(slot.source.name)
        tower.take_off(slot, 0.0)
    assert set(flown) <= {*CORE, "status"}
