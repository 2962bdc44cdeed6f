"""A setting for a time ends, whatever happens meanwhile."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from support.controllers import HOUR_S, LOST, NOON_S, Home

from pypowerwall_core.commands import ISLAND, MODE, RESERVE, Outcome, Record, Value
from pypowerwall_core.errors import NotPermitted, NotSent, Refused, Unreachable, Unwell
from pypowerwall_core.temporary import RETRY_S, End, Move, decide

MINUTE_S = 60.0
DAY_S = 24 * HOUR_S


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def sent(home: Home) -> list[Value | None]:
    return [changes.get(RESERVE) for changes in home.gateway.sent]


def last(home: Home) -> Record:
    return home.commander.records(1)[0]


def trouble(home: Home) -> dict[str, Any]:
    (end,) = home.commander.temporary()
    return end


# -- how it should be -----------------------------------------------------------------------


def test_what_was_before_is_put_back(home: Home) -> None:
    asked = home.ask(reserve=80, mode="backup", for_s=2 * HOUR_S)
    home.run(2 * HOUR_S - 1)
    assert home.gateway.set_to[RESERVE] == 80.0
    assert asked.record.outcome is Outcome.APPLIED
    assert asked.record.until_s == NOON_S + 2 * HOUR_S
    home.run(2)
    assert home.gateway.set_to == {RESERVE: 20.0, MODE: "self_consumption", ISLAND: "on"}
    record = last(home)
    assert record.outcome is Outcome.APPLIED
    assert (record.reverts, record.command.by) == (
        asked.record.id,
        f"end of {asked.record.id}",
    )
    assert home.commander.temporary() == []


def test_what_will_be_put_back_is_told(home: Home) -> None:
    asked = home.ask(reserve=80, for_s=HOUR_S)
    home.run(1)
    assert home.commander.temporary() == [
        {
            "id": asked.record.id,
            "set": {"reserve_app_pct": 80.0, "reserve_raw_pct": 81.0},
            "puts_back": {"reserve_app_pct": 20.0, "reserve_raw_pct": 24.0},
            "until": "2023-11-14T23:13:20+00:00",
            "next_attempt": "2023-11-14T23:13:20+00:00",
            "attempts": 0,
            "trouble": None,
            "remedy": None,
            "revert": None,
        }
    ]


def test_a_temporary_setting_that_changes_nothing_has_no_end(home: Home) -> None:
    asked = home.ask(reserve=20, for_s=HOUR_S)
    home.run(2 * HOUR_S)
    assert asked.record.reason.endswith("there is nothing to put back")
    assert asked.record.until_s is None
    assert home.gateway.sent == []


@pytest.mark.parametrize("error", [NotSent("no"), NotPermitted("no"), Refused("no")])
def test_what_was_not_set_is_not_put_back(home: Home, error: Exception) -> None:
    home.gateway.write_errors = [error]
    home.ask(reserve=80, for_s=HOUR_S)
    home.run(1)
    assert home.commander.temporary() == []
    home.run(2 * HOUR_S)
    assert sent(home) == [80.0]


def test_what_cannot_be_read_could_not_be_put_back(home: Home) -> None:
    home.gateway.set_to[RESERVE] = None
    asked = home.ask(reserve=80, for_s=HOUR_S)
    home.run(1)
    assert asked.record.outcome is Outcome.REJECTED
    assert "could not be put back" in asked.record.reason
    assert home.gateway.sent == []


def test_a_mode_of_the_gateways_own_is_put_back_too(home: Home) -> None:
    home.gateway.set_to[MODE] = "site_control"
    home.ask(mode="backup", for_s=HOUR_S)
    home.run(HOUR_S + 1)
    assert home.gateway.set_to[MODE] == "site_control"


# -- restarts -------------------------------------------------------------------------------


def test_it_ends_after_a_restart(home: Home) -> None:
    home.ask(reserve=80, for_s=2 * HOUR_S)
    home.run(10)
    home.restart(off_s=HOUR_S)
    home.run(HOUR_S - 11)
    assert home.reserve == 80.0
    home.run(2)
    assert home.reserve == 20.0


def test_what_should_have_ended_while_the_proxy_was_off_ends_at_once(home: Home) -> None:
    home.ask(reserve=80, for_s=2 * HOUR_S)
    home.run(10)
    home.restart(off_s=5 * DAY_S)
    home.run(1)
    assert home.reserve == 20.0
    assert sent(home) == [80.0, 20.0]


def test_a_clock_that_is_set_does_not_move_an_end_of_this_process(home: Home) -> None:
    home.ask(reserve=80, for_s=2 * HOUR_S)
    home.run(HOUR_S)
    for jump_s in (DAY_S, -2 * DAY_S):
        home.clock.wall_s += jump_s
        home.run(MINUTE_S)
        assert home.reserve == 80.0
    home.run(HOUR_S)
    assert home.reserve == 20.0


def test_after_a_restart_the_wall_clock_counts_when_it_is_set_right(home: Home) -> None:
    home.ask(reserve=80, for_s=2 * HOUR_S)
    home.run(10)
    home.clock.wall_s -= HOUR_S  # a host without a battery, after a power cut
    home.restart()
    home.run(10)
    home.clock.wall_s += 4 * HOUR_S
    home.run(1)
    assert home.reserve == 20.0


def test_after_a_restart_nothing_lasts_longer_than_it_was_to_last(home: Home) -> None:
    home.ask(reserve=80, for_s=2 * HOUR_S)
    home.run(10)
    home.clock.wall_s = 0.0
    home.restart()
    home.run(2 * HOUR_S + 1)
    assert home.reserve == 20.0


# -- somebody else --------------------------------------------------------------------------


def test_what_somebody_has_changed_meanwhile_is_left_alone(home: Home) -> None:
    home.ask(reserve=80, for_s=HOUR_S)
    home.run(1)
    home.gateway.set_to[RESERVE] = 50.0
    home.run(HOUR_S)
    assert home.reserve == 50.0
    assert last(home).outcome is Outcome.REJECTED
    assert last(home).reason == "reserve was changed meanwhile and is left alone"
    assert home.commander.temporary() == []
    assert home.log().load()[last(home).id].reason == last(home).reason


def test_what_somebody_has_put_back_already_is_not_sent(home: Home) -> None:
    home.ask(reserve=80, for_s=HOUR_S)
    home.run(1)
    home.gateway.set_to[RESERVE] = 20.0
    home.run(HOUR_S)
    assert sent(home) == [80.0]
    assert last(home).outcome is Outcome.APPLIED


def test_of_two_knobs_only_the_one_that_nobody_changed_is_put_back(home: Home) -> None:
    home.ask(reserve=80, mode="backup", for_s=HOUR_S)
    home.run(1)
    home.gateway.set_to[MODE] = "autonomous"
    home.run(HOUR_S)
    assert (home.gateway.set_to[RESERVE], home.gateway.set_to[MODE]) == (20.0, "autonomous")
    assert last(home).outcome is Outcome.APPLIED
    assert last(home).reason == "mode was changed meanwhile and is left alone"


def test_a_reserve_that_the_gateway_has_rounded_is_put_back_all_the_same(home: Home) -> None:
    asked = home.ask(reserve=33, for_s=HOUR_S)
    home.commander.step()
    home.gateway._take_effect()
    home.gateway.set_to[RESERVE] = 32.6316  # raw 36, where 36.35 was sent
    home.run(10)
    assert asked.record.outcome is Outcome.PENDING
    home.run(2 * HOUR_S)
    assert home.reserve == 20.0


# -- writes that do not show ----------------------------------------------------------------


def test_a_setting_that_shows_only_after_its_end_is_overtaken(home: Home) -> None:
    """The old value reads as if nothing had happened, and the temporary one is still to come."""
    home.gateway.late_s = HOUR_S / 2
    home.ask(reserve=80, for_s=MINUTE_S)
    home.run(2 * MINUTE_S)
    assert sent(home) == [80.0, 20.0]
    home.run(2 * HOUR_S)
    assert home.reserve == 20.0
    assert home.commander.temporary() == []
    assert sent(home) == [80.0, 20.0]


@pytest.mark.parametrize("has_effect", [True, False])
def test_an_unknown_setting_ends_too(home: Home, *, has_effect: bool) -> None:
    if has_effect:
        home.gateway.answers_lost = 1
        home.gateway.read_errors = [None] + [LOST] * 4
    else:
        home.gateway.write_errors = [LOST]
    asked = home.ask(reserve=80, for_s=HOUR_S)
    home.run(30)
    assert asked.record.outcome is Outcome.UNKNOWN
    home.run(HOUR_S)
    assert home.reserve == 20.0
    assert home.commander.temporary() == []


# -- it keeps trying ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error", [NotSent("refused"), NotPermitted("403", remedy="Do this."), Unwell("500"), LOST]
)
def test_what_cannot_be_put_back_is_tried_until_it_can(home: Home, error: Exception) -> None:
    asked = home.ask(reserve=80, for_s=HOUR_S)
    home.run(1)
    home.gateway.write_errors = [error] * 8
    home.run(HOUR_S + DAY_S)
    assert home.reserve == 20.0
    assert sent(home) == [80.0] + [20.0] * 9
    assert home.commander.temporary() == []
    assert (last(home).outcome, last(home).reverts) == (Outcome.APPLIED, asked.record.id)
    assert not last(home).forbidden


def test_it_waits_longer_each_time_and_then_a_quarter_of_an_hour(home: Home) -> None:
    home.ask(reserve=80, for_s=HOUR_S)
    home.run(HOUR_S - 1)
    home.gateway.still = Unreachable("no route")
    home.run(1)
    reads = home.gateway.reads
    pauses = [*RETRY_S, RETRY_S[-1], RETRY_S[-1]]
    assert pauses == [60, 120, 300, 600, 900, 900, 900]
    for pause_s in pauses:
        home.run(pause_s - 1)
        assert home.gateway.reads == reads
        home.run(1)
        reads += 1
        assert home.gateway.reads == reads


def test_why_it_is_not_put_back_is_said_once_per_cause(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    asked = home.ask(reserve=80, for_s=HOUR_S)
    home.run(1)
    home.gateway.still = Unreachable("no route", remedy="Look at the cable.")
    with caplog.at_level(logging.WARNING):
        home.run(10 * HOUR_S)
        assert len(caplog.records) == 1
        assert f"command {asked.record.id} is not put back yet" in caplog.text
        assert "no route. Look at the cable." in caplog.text
        home.gateway.still = Unwell("HTTP 500")
        home.run(10 * HOUR_S)
        assert len(caplog.records) == 2
    told = trouble(home)
    assert (told["trouble"], told["remedy"]) == ("HTTP 500", None)
    assert told["attempts"] > 50
    assert told["next_attempt"] > told["until"]
    assert told["revert"] == last(home).id
    assert last(home).outcome is Outcome.PENDING
    assert last(home).reason == "not put back yet: HTTP 500"
    assert len(home.log_path.read_text().splitlines()) == 3
    home.gateway.still = None
    home.run(15 * MINUTE_S)
    assert (home.reserve, last(home).outcome) == (20.0, Outcome.APPLIED)


def test_it_keeps_trying_after_a_restart_under_the_same_name(home: Home) -> None:
    home.ask(reserve=80, for_s=HOUR_S)
    home.run(1)
    home.gateway.still = Unreachable("no route")
    home.run(2 * HOUR_S)
    revert = last(home)
    home.restart()
    home.run(2 * MINUTE_S)
    home.gateway.still = None
    home.run(10 * MINUTE_S)
    assert (home.reserve, last(home).id) == (20.0, revert.id)
    assert last(home).outcome is Outcome.APPLIED


def test_a_value_that_is_not_told_just_now_is_asked_for_again(home: Home) -> None:
    home.ask(grid="off", for_s=HOUR_S)
    home.run(1)
    home.gateway.set_to[ISLAND] = None  # in between
    home.run(HOUR_S)
    assert trouble(home)["trouble"] == "grid cannot be read"
    home.gateway.set_to[ISLAND] = "off"
    home.run(5 * MINUTE_S)
    assert home.gateway.set_to[ISLAND] == "on"


def test_a_revert_that_never_shows_is_sent_again_only_after_reading_that_it_is_not_there(
    home: Home,
) -> None:
    home.ask(reserve=80, for_s=HOUR_S)
    home.run(1)
    home.gateway.late_s = None
    home.run(HOUR_S + 40 * MINUTE_S)
    assert sent(home) == [80.0, 20.0]
    home.run(10 * MINUTE_S)
    assert sent(home) == [80.0, 20.0, 20.0]


def test_a_lost_revert_that_was_carried_out_is_not_sent_again(home: Home) -> None:
    home.ask(reserve=80, for_s=HOUR_S)
    home.run(1)
    home.gateway.answers_lost = 1
    home.run(DAY_S)
    assert sent(home) == [80.0, 20.0]
    assert last(home).outcome is Outcome.APPLIED


def test_without_the_controller_it_waits_for_it(home: Home) -> None:
    home.ask(reserve=80, for_s=HOUR_S)
    home.run(1)
    home.controllers.clear()
    home.restart()
    home.run(2 * HOUR_S)
    assert "nothing here" in trouble(home)["trouble"]
    home.controllers.append(home.gateway)
    home.restart()
    home.run(1)
    assert home.reserve == 20.0


@pytest.mark.parametrize("where", ["put_back", "_write", "_later"])
def test_a_bug_while_putting_back_is_no_end_of_it(
    home: Home, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, where: str
) -> None:
    def oops(*_: Any) -> None:
        raise ZeroDivisionError

    home.ask(reserve=80, for_s=HOUR_S)
    home.run(1)
    with monkeypatch.context() as patched:
        patched.setattr(home.commander._chores, where, oops)
        if where == "_later":
            home.gateway.read_errors = [LOST]
        home.run(HOUR_S)
    assert "this is a bug" in caplog.text
    assert "a bug in powerwall-proxy" in trouble(home)["trouble"]
    home.run(HOUR_S)
    assert home.reserve == 20.0
    assert last(home).outcome is Outcome.APPLIED


# -- somebody decides anew ------------------------------------------------------------------


def test_a_new_command_for_good_drops_the_end(home: Home) -> None:
    first = home.ask(reserve=80, for_s=HOUR_S)
    home.run(1)
    second = home.ask(reserve=50)
    home.run(1)
    assert home.commander.temporary() == []
    told = home.record(first.record.id)
    assert told.reason == f"not put back: {second.record.id} has decided anew"
    assert told.until_s is None
    assert home.log().load()[first.record.id].reason == told.reason
    home.run(2 * HOUR_S)
    assert sent(home) == [80.0, 50.0]


def test_keeping_for_good_what_was_set_for_a_time_sends_nothing(home: Home) -> None:
    home.ask(reserve=80, for_s=HOUR_S)
    home.run(1)
    home.ask(reserve=80)
    home.run(2 * HOUR_S)
    assert (home.reserve, sent(home)) == (80.0, [80.0])
    assert home.commander.temporary() == []


def test_a_new_command_on_one_knob_leaves_the_end_of_the_other(home: Home) -> None:
    home.ask(reserve=80, mode="backup", for_s=HOUR_S)
    home.run(1)
    home.ask(mode="autonomous")
    home.run(2 * HOUR_S)
    assert (home.gateway.set_to[RESERVE], home.gateway.set_to[MODE]) == (20.0, "autonomous")


def test_a_new_temporary_setting_keeps_the_original_value(home: Home) -> None:
    first = home.ask(reserve=80, for_s=HOUR_S)
    home.run(MINUTE_S)
    second = home.ask(reserve=90, for_s=2 * HOUR_S)
    home.run(MINUTE_S)
    assert [end["id"] for end in home.commander.temporary()] == [second.record.id]
    assert "has decided anew" in home.record(first.record.id).reason
    home.run(HOUR_S)
    assert home.reserve == 90.0
    home.run(HOUR_S)
    assert home.reserve == 20.0


def test_the_same_for_longer_moves_the_end_and_sends_nothing(home: Home) -> None:
    home.ask(reserve=80, for_s=HOUR_S)
    home.run(HOUR_S / 2)
    again = home.ask(reserve=80, for_s=HOUR_S)
    home.run(HOUR_S - 1)
    assert again.record.until_s == NOON_S + 1.5 * HOUR_S
    assert (home.reserve, sent(home)) == (80.0, [80.0])
    home.run(2)
    assert (home.reserve, sent(home)) == (20.0, [80.0, 20.0])


def test_what_somebody_else_has_set_since_is_the_original(home: Home) -> None:
    home.ask(reserve=80, for_s=HOUR_S)
    home.run(1)
    home.gateway.set_to[RESERVE] = 50.0
    home.ask(reserve=90, for_s=2 * HOUR_S)
    home.run(3 * HOUR_S)
    assert home.reserve == 50.0


@pytest.mark.parametrize("error", [NotSent("no"), LOST])
@pytest.mark.parametrize("for_s", [None, 2 * HOUR_S])
def test_a_new_command_that_came_to_nothing_leaves_the_end(
    home: Home, error: Exception, for_s: float | None
) -> None:
    home.ask(reserve=80, for_s=HOUR_S)
    home.run(1)
    home.gateway.write_errors = [error]
    home.ask(reserve=90, for_s=for_s)
    home.run(HOUR_S)
    assert home.reserve == 20.0
    home.run(3 * HOUR_S)
    assert home.reserve == 20.0
    assert home.commander.temporary() == []


def test_an_end_waits_while_a_new_command_on_its_knob_is_under_way(home: Home) -> None:
    home.ask(reserve=80, for_s=HOUR_S)
    home.run(HOUR_S - 10)
    home.gateway.late_s = 20 * MINUTE_S
    home.ask(reserve=50)
    home.run(10 * MINUTE_S)
    assert sent(home) == [80.0, 50.0]
    home.run(HOUR_S)
    assert (home.reserve, sent(home)) == (50.0, [80.0, 50.0])
    assert home.commander.temporary() == []


def test_a_new_command_ends_what_could_not_be_put_back(home: Home) -> None:
    home.ask(reserve=80, for_s=HOUR_S)
    home.run(1)
    home.gateway.write_errors = [NotSent("no")] * 3
    home.run(HOUR_S + 4 * MINUTE_S)
    revert = last(home)
    assert revert.outcome is Outcome.PENDING
    new = home.ask(reserve=70)
    home.run(DAY_S)
    assert home.reserve == 70.0
    told = home.record(revert.id)
    assert (told.outcome, told.reason) == (
        Outcome.REJECTED,
        f"{new.record.id} has decided anew",
    )


def test_a_new_command_overtakes_a_revert_that_does_not_show_yet(home: Home) -> None:
    home.ask(reserve=80, for_s=HOUR_S)
    home.run(1)
    home.gateway.late_s = 10 * MINUTE_S
    home.run(HOUR_S + 10)
    new = home.ask(reserve=70)
    home.run(DAY_S)
    assert (home.reserve, new.record.outcome) == (70.0, Outcome.APPLIED)
    assert home.commander.temporary() == []
    assert sent(home) == [80.0, 20.0, 70.0]


def test_the_grid_comes_back_even_where_islanding_is_not_allowed_any_more(home: Home) -> None:
    home.ask(grid="off", for_s=HOUR_S)
    home.run(1)
    home.allows_islanding = False
    home.restart()
    home.run(HOUR_S)
    assert home.gateway.set_to[ISLAND] == "on"


# -- decisions ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "proven", "age_s", "move"),
    [
        (80.0, True, 60, Move({RESERVE: 20.0})),
        (80.5, True, 60, Move({RESERVE: 20.0})),
        (81.0, True, 60, Move(left=(RESERVE,))),
        (20.0, True, 60, Move()),
        (20.5, True, 60, Move(left=(RESERVE,))),
        (None, True, 60, Move(untold=(RESERVE,))),
        # Never read back, and it may still take effect ...
        (80.0, False, 60, Move({RESERVE: 20.0})),
        (20.0, False, 60, Move({RESERVE: 20.0})),
        (50.0, False, 60, Move(untold=(RESERVE,))),
        # ... and it can no more.
        (80.0, False, 3600, Move({RESERVE: 20.0})),
        (20.0, False, 3600, Move()),
        (50.0, False, 3600, Move(left=(RESERVE,))),
    ],
)
def test_only_what_is_as_it_was_left_is_put_back(
    found: float | None, age_s: float, move: Move, *, proven: bool
) -> None:
    end = End("a", {RESERVE: 80.0}, {RESERVE: 20.0}, 1, 60.0, 60.0, proven=proven)
    assert decide(end, {RESERVE: found}, age_s) == move
