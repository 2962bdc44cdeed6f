"""A sample that is left out proves what any good one proves; writes, threads and news of it."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import wait
from dataclasses import replace
from typing import Any

import pytest
from support.doubtful import (
    EMPTY,
    FULL,
    a_home,
    quarantined,
    sent,
    shown,
    slot,
    tells,
    until_doubted,
)
from support.world import CORE, FRESH_S, HOUSEHOLD, World

from pypowerwall_core.claims import plain
from pypowerwall_core.errors import LogInAgain, Unreachable, Unwell
from pypowerwall_core.lane import Lane
from pypowerwall_core.news import doubt_news
from pypowerwall_core.policy import Freshness, Source
from pypowerwall_core.site import Reader, Site
from pypowerwall_core.slot import Slot
from pypowerwall_core.snapshot import Known

# -- it is no failure -------------------------------------------------------------------------


def test_a_sample_that_is_left_out_is_a_good_landing() -> None:
    world = a_home()
    before = world.lane.view()
    tells(world, "soe", EMPTY, FULL)
    landed_s = until_doubted(world)
    view = world.lane.view()
    assert (view.failed, view.last_error) == (before.failed, None)
    assert view.landed == view.flights
    assert view.condition.up
    assert view.core_well is True
    assert world.lane._tower.evidence.core_ok_s["soe"] == pytest.approx(landed_s, abs=0.06)
    assert slot(world).strikes == 0
    assert view.traffic.requests == {"ok": len(world.gateway.sent)}


def test_it_ends_an_outage(caplog: pytest.LogCaptureFixture) -> None:
    world = a_home()
    for name in CORE:
        tells(world, name, Unreachable("connection refused"))
    world.run(15.0)
    assert not world.lane.view().condition.up
    assert world.lane.view().core_well is False
    tells(world, "soe", EMPTY, FULL)
    with caplog.at_level(logging.INFO):
        until_doubted(world)
    assert any("answers again" in one.getMessage() for one in caplog.records)


def test_it_ends_the_rest_of_its_path() -> None:
    world = a_home()
    tells(world, "soe", *3 * [Unwell("HTTP 500")], EMPTY, FULL)
    until_doubted(world)
    assert slot(world).rest is None
    world.run(2 * FRESH_S)
    assert world.ask("soe")[0].value is Freshness.FRESH


def test_it_proves_a_session_after_a_login() -> None:
    world = a_home()
    tells(world, "soe", LogInAgain("HTTP 403"), EMPTY, FULL)
    until_doubted(world)
    assert len(world.gateway.logins) == 1
    assert world.lane._tower.evidence.session_proven_s is not None
    world.run(60.0)
    assert len(world.gateway.logins) == 1
    assert world.ask("soe")[0].document == FULL


def test_a_failure_after_it_counts_as_one_and_the_next_sample_is_believed() -> None:
    world = a_home()
    tells(world, "soe", EMPTY, Unwell("HTTP 500"), EMPTY)
    begins_s = world.now_s
    world.run(20.0)
    assert world.lane.view().failed == 1
    assert quarantined(world) == {"soe": 1}
    assert shown(world, begins_s)[-1] == EMPTY


# -- writes, commands and threads -------------------------------------------------------------


def test_after_a_write_what_was_doubted_is_asked_for_at_once() -> None:
    world = a_home()
    tells(world, "soe", EMPTY, FULL)
    until_doubted(world)
    world.lane.expire(["soe"])
    (ask,) = world.ask("soe")
    assert (ask.document, ask.waits) == (None, True)
    world.run(1.0)
    assert world.ask("soe")[0].document == FULL


def test_a_flight_that_left_before_a_write_is_not_judged() -> None:
    world = a_home()
    tells(world, "soe", FULL)
    told = world.gateway.trouble["soe"]

    def overtaken() -> Exception | None:
        world.lane.expire(["soe"])
        world.gateway.trouble["soe"] = told
        world.gateway.documents["soe"] = EMPTY
        return None

    world.gateway.trouble["soe"] = overtaken
    world.run(FRESH_S + 1.0)
    assert quarantined(world) == {}
    assert world.ask("soe")[0].document == FULL


def test_what_is_demanded_does_not_wait_for_the_period() -> None:
    world = a_home()
    tells(world, "soe", EMPTY, FULL)
    landed_s = until_doubted(world)
    future = world.lane.demand("soe")
    world.run(1.0)
    assert future.result(timeout=0) == FULL
    assert sent(world, landed_s)[0] - landed_s < 1.0


class Gateway:
    """An upstream that says 60 % once, and 0 % when it is let go."""

    name, has_session = "gateway", True

    def __init__(self) -> None:
        self.fetched = 0
        self.let_go = threading.Event()

    def fetch(self, source: Source) -> Any:  # noqa: ARG002 - an upstream's signature
        self.fetched += 1
        if self.fetched == 1:
            return FULL
        assert self.let_go.wait(10)
        return EMPTY

    def close(self) -> None:
        self.let_go.set()


def test_clients_on_threads_that_waited_for_it_are_let_go() -> None:
    gateway = Gateway()
    row = next(row for row in HOUSEHOLD if row.name == "soe")
    lane = Lane(gateway, [replace(row, fresh_s=0.2)])
    lane.start()
    try:
        wait(lane.ask(["soe"])[1], timeout=10)
        flights = []
        while not flights:
            flights = lane.ask(["soe"])[1]
        gateway.let_go.set()
        done, late = wait(flights, timeout=10)
        assert (len(done), late) == (1, set())
        memory = lane.ask(["soe"])[0]["soe"].memory
        assert memory is not None
        assert memory.document == FULL
    finally:
        lane.stop()


# -- what is told of it -----------------------------------------------------------------------


def a_site(world: World) -> Site:
    reader = Reader(world.lane, plain({row.name: row.name for row in HOUSEHOLD}))
    return Site([reader], clock=lambda: world.now_s, wall_clock=lambda: world.now_s)


def doubt(site: Site) -> str:
    entry = site.look(["soe"]).entries["soe"]
    assert isinstance(entry, Known)
    return entry.doubt


def test_a_doubt_is_told_with_its_age_for_an_hour() -> None:
    world, reason = a_home(), "the charge jumped from 60.0 % to 0 %"
    site = a_site(world)
    assert doubt(site) == ""
    tells(world, "soe", EMPTY, FULL)
    landed_s = until_doubted(world)
    world.run(landed_s + 3.0 - world.now_s)
    assert doubt(site) == f"a sample was left out 3 s ago: {reason}; the one before is shown"
    world.run(landed_s + 60.0 - world.now_s)
    assert doubt(site) == f"a sample was left out 60 s ago: {reason}"
    world.run(landed_s + 3599.0 - world.now_s)
    assert reason in doubt(site)
    world.run(2.0)
    assert doubt(site) == ""


def test_it_is_counted_by_source_and_never_set_back() -> None:
    world = a_home()
    tells(world, "soe", EMPTY, FULL)
    world.run(30.0)
    world.lane.clear_counters()
    assert quarantined(world) == {"soe": 1}
    tells(world, "soe", EMPTY, FULL)
    world.run(30.0)
    assert quarantined(world) == {"soe": 2}


def test_the_log_says_it_once_for_each_and_three_times_an_hour(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = a_home()
    with caplog.at_level(logging.INFO):
        for _ in range(6):
            tells(world, "soe", EMPTY, FULL)
            world.run(30.0)
    lines = [one.getMessage() for one in caplog.records if "left out" in one.getMessage()]
    assert quarantined(world) == {"soe": 6}
    assert len(lines) == 3
    assert lines[0].endswith(
        "/api/system_status/soe: one sample is left out: the charge jumped from 60.0 % to 0 %"
    )
    assert {one.levelno for one in caplog.records if "left out" in one.getMessage()} == {
        logging.INFO
    }


def test_what_was_told_of_a_doubt_is_no_news_while_it_is_pending() -> None:
    row = next(row for row in HOUSEHOLD if row.name == "soe")
    before = Slot(row).landed(FULL, 1, 0.0)
    after = before.quarantined("why", 5.0)
    assert doubt_news("gateway", before, after) is not None
    assert doubt_news("gateway", after, after.touched().outlived()) is None
    assert doubt_news("gateway", after, after.landed(FULL, 2, 11.0)) is None
    again = after.quarantined("why", 99.0)
    assert doubt_news("gateway", after, again) is not None
