"""`powerwall set`: everything is understood first, and what became of it is the exit code."""

from __future__ import annotations

import argparse
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.anyjson import JSON
from support.fakehome import ANSWERS, FakeHome, FakeKeeper, FakeSleep, promise

from pypowerwall_core.cli.carrying import hold, over, put_back_now, settled
from pypowerwall_core.cli.main import main
from pypowerwall_core.cli.set import add_arguments, carry_out
from pypowerwall_core.cli.telling import listed, moment, promised, said
from pypowerwall_core.cli.wishes import WISHES, Wanted, understood
from pypowerwall_core.commands import GRID_CHARGING, GRID_EXPORT, MODE, RESERVE, Command
from pypowerwall_core.errors import BadCommand, LogInAgain, NotServed, Unreachable

Captured = pytest.CaptureFixture[str]
PENDING: dict[str, Any] = {"outcome": "pending"}
REJECTED: dict[str, Any] = {"outcome": "rejected", "reason": "no", "remedy": "Ask."}


def parsed(*typed: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(typed)


def ran(home: FakeHome, *typed: str) -> int:
    """Run the command as it is typed, on a home that does not have to be opened."""
    arguments = parsed("-wait", "0", *typed)
    given = {wish.name: getattr(arguments, wish.name) for wish in WISHES}
    words = {name: word for name, word in given.items() if word is not None}
    return carry_out(home, arguments, understood(words, arguments.for_))


@pytest.fixture
def lines() -> list[str]:
    return []


# -- what was typed -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "word", "changes"),
    [
        ("mode", "BACKUP", {MODE: "backup"}),
        ("mode", "Self_Consumption", {MODE: "self_consumption"}),
        ("reserve", "0", {RESERVE: 0.0}),
        ("reserve", "33.3", {RESERVE: 33.3}),
        ("gridcharging", "On", {GRID_CHARGING: True}),
        ("gridcharging", "off", {GRID_CHARGING: False}),
        ("gridexport", "PV_only", {GRID_EXPORT: "pv_only"}),
    ],
)
def test_words_are_taken_in_any_case(option: str, word: str, changes: dict[str, Any]) -> None:
    (step,) = understood({option: word}, None).steps
    assert step.changes == changes


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (
            ["-mode", "x"],
            "Invalid Mode [x] - must be one of self_consumption, backup, or autonomous",
        ),
        (["-reserve", "101"], "Invalid Reserve [101] - must be a number from 0 to 100"),
        (["-reserve", "-5"], "Invalid Reserve [-5] - must be a number from 0 to 100"),
        (["-reserve", "1e1"], "Invalid Reserve [1e1] - must be a number from 0 to 100"),
        (["-reserve="], "Invalid Reserve [] - must be a number from 0 to 100"),
        (["-gridcharging", "2"], "Invalid Grid Charging Mode [2] - must be on or off"),
        (
            ["-gridexport", "all"],
            "Invalid Grid Export Mode [all] - must be battery_ok, pv_only, or never",
        ),
        (
            ["-reserve", "20", "-for", "2x"],
            "Invalid Time [2x] - must be a time such as 90min, 2h or 1d, at most 31 days",
        ),
        (["-for", "2h"], "-for goes with something to set"),
        (["-resume", "-for", "2h"], "-for goes with something to set"),
        # Whatever else is right, nothing is done; no gateway is even looked for.
        (
            ["-mode", "backup", "-reserve", "20", "-gridexport", "x"],
            "Invalid Grid Export Mode [x] - must be battery_ok, pv_only, or never",
        ),
    ],
)
def test_a_wrong_word_is_one_line_before_anything_is_opened(
    typed: list[str], says: str, capsys: Captured
) -> None:
    assert main(["set", *typed]) == 1
    assert capsys.readouterr() == (f"ERROR: {says}\n", "")


def test_nothing_to_set_prints_how_to_on_the_standard_output(capsys: Captured) -> None:
    assert main(["set"]) == 1
    told = capsys.readouterr()
    assert told.out.startswith("usage: ")
    assert "exit codes: 0 applied, 3 " in told.out
    assert told.err == ""


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (["-wait", "soon"], "argument -wait/--wait: 'soon' is not a number of seconds"),
        (["-wait", "nan"], "'nan' is not"),
        (["-wait", "-1"], "'-1' is not"),
        (["-wait", "inf"], "'inf' is not"),
        (["-reserve"], "argument -reserve/--reserve: expected one argument"),
        (["-current", "-reserve", "5"], "not allowed with argument -current"),
        (["-dance"], "unrecognized arguments: -dance"),
    ],
)
def test_wrong_usage_is_told_and_exit_code_2(typed: list[str], says: str, capsys: Captured) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["set", *typed])
    assert ended.value.code == 2
    assert says in capsys.readouterr().err


def test_nobody_stays_for_a_proxy(capsys: Captured) -> None:
    assert main(["set", "-resume", "-proxy", "http://127.0.0.1:9"]) == 2
    assert "a proxy puts back by itself" in capsys.readouterr().err


def test_mode_and_reserve_are_one_write_after_what_only_some_homes_can_be_told() -> None:
    wanted = understood(
        {"mode": "backup", "reserve": "80", "gridcharging": "on", "gridexport": "never"}, "2h"
    )
    assert [step.changes for step in wanted.steps] == [
        {GRID_CHARGING: True},
        {GRID_EXPORT: "never"},
        {MODE: "backup", RESERVE: 80.0},
    ]
    assert wanted.steps[2].says == (
        "Setting Powerwall Mode to backup",
        "Setting Powerwall Reserve to 80",
    )
    assert wanted.for_s == 7200


# -- carried out ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "code", "says"),
    [
        ("applied", 0, "  applied"),
        ("pending", 3, "  pending: it was sent and does not show yet; Tesla may take half an hour"),
        ("rejected", 1, "  rejected: nothing was changed"),
        ("unknown", 1, "  unknown: nothing proves what became of it; it is not sent again"),
        ("APPLIED", 1, "  APPLIED"),
        (["applied"], 1, "  ['applied']"),
        (None, 1, "  None"),
    ],
)
def test_only_what_is_applied_succeeds(
    outcome: Any, code: int, says: str, capsys: Captured
) -> None:
    home = FakeHome(becomes=[{"outcome": outcome}])
    assert ran(home, "-reserve", "30") == code
    assert says in capsys.readouterr().out.splitlines()
    assert home.sent == [{RESERVE: 30.0}]
    assert home.is_closed


def test_nothing_follows_what_is_not_applied(capsys: Captured) -> None:
    home = FakeHome(becomes=[REJECTED])
    assert ran(home, "-gridexport", "never", "-reserve", "30") == 1
    assert home.sent == [{GRID_EXPORT: "never"}]
    assert "Reserve" not in capsys.readouterr().out


def test_what_cannot_be_changed_here_is_told_with_what_to_do(capsys: Captured) -> None:
    home = FakeHome(becomes=[BadCommand("grid_export cannot be changed here", remedy="Pray.")])
    assert ran(home, "-gridexport", "never", "-reserve", "30") == 1
    out = capsys.readouterr().out
    assert out.endswith("ERROR: grid_export cannot be changed here. Pray.\n")
    assert len(home.changed) == 1


def test_the_present_charge_is_a_reserve_in_the_apps_percent(capsys: Captured) -> None:
    home = FakeHome()
    assert ran(home, "-current", "-mode", "backup") == 0
    assert home.sent == [{MODE: "backup", RESERVE: 47.37}]
    assert "Setting Powerwall Reserve to Current Charge Level 47.37\n" in capsys.readouterr().out


@pytest.mark.parametrize("level", [None, "50", [50], True])
def test_a_charge_that_is_not_known_is_kept_by_nobody(level: Any) -> None:
    home = FakeHome({**ANSWERS, "level": level}, why="gateway: down")
    with pytest.raises(BadCommand, match=r"does not tell its charge\. gateway: down"):
        ran(home, "-current")
    assert home.changed == []
    assert home.is_closed


def test_a_proxy_is_told_for_how_long_and_nobody_stays(capsys: Captured) -> None:
    home = FakeHome()
    assert ran(home, "-reserve", "30", "-for", "90min") == 0
    assert [command.for_s for command in home.changed] == [5400]
    assert "Stays" not in capsys.readouterr().out


def test_ctrl_c_says_that_what_was_sent_is_not_taken_back(capsys: Captured) -> None:
    home = FakeHome(becomes=[KeyboardInterrupt()])
    with pytest.raises(KeyboardInterrupt):
        ran(home, "-reserve", "30")
    assert "Interrupted. What was sent is not taken back" in capsys.readouterr().out
    assert home.is_closed


# -- looked at again ------------------------------------------------------------------------


def looked(home: FakeHome, wait_s: float = 60.0) -> tuple[dict[str, Any], float]:
    sleep = FakeSleep()
    told = settled(home, {"id": "c1", **PENDING}, wait_s, clock=sleep.clock, sleep=sleep)
    return dict(told), sleep.now_s


def test_a_pending_command_is_looked_at_until_it_ends() -> None:
    others: dict[str, Any] = {"id": "c2", "outcome": "rejected"}
    log: list[Any] = [[others, {"id": "c1", **PENDING}], [], [{"id": "c1", "outcome": "applied"}]]
    assert looked(FakeHome(log=log)) == ({"id": "c1", "outcome": "applied"}, 3.0)


def test_a_command_that_stays_pending_is_looked_at_as_long_as_is_wished() -> None:
    assert looked(FakeHome(log=[[{"id": "c1", **PENDING}]]), 5.0) == ({"id": "c1", **PENDING}, 5.0)


def test_a_short_trouble_does_not_end_the_look() -> None:
    log: list[Any] = [Unreachable("away"), [{"id": "c1", "outcome": "applied"}]]
    assert looked(FakeHome(log=log)) == ({"id": "c1", "outcome": "applied"}, 2.0)


@pytest.mark.parametrize("error", [LogInAgain("it wants a token"), NotServed("it wants a token")])
def test_who_may_not_look_does_not_wait_for_nothing(error: Exception) -> None:
    told, waited_s = looked(FakeHome(log=[error]))
    assert waited_s == 1.0
    assert told["outcome"] == "pending"
    assert said(told)[-1] == "  What becomes of it cannot be seen from here: it wants a token"


# -- for a time -----------------------------------------------------------------------------

WAS, IS = {RESERVE: 20.0}, {RESERVE: 80.0}
END = promise(WAS, IS)
ENDED = {"id": "r1", "outcome": "applied", "reverts": "c1", "ended": "x"}


def test_somebody_stays_until_the_old_values_are_back(lines: list[str]) -> None:
    sleep = FakeSleep()
    older = {"id": "r0", "outcome": "rejected", "reverts": "c0", "ended": "x"}
    keeper = FakeKeeper(ends=[[END], [END], [END], []], log=[[ENDED, older]])
    assert hold(keeper, {"r0"}, lines.append, sleep=sleep) == 0
    assert sleep.now_s == 2.0
    assert lines == [
        "Stays until the old values are back; Ctrl-C puts them back now.",
        "The end of -for:",
        "  applied",
    ]


def test_what_keeps_them_from_being_put_back_is_said_once(lines: list[str]) -> None:
    trouble = promise(WAS, IS, trouble="connection refused")
    keeper = FakeKeeper(ends=[[END], [trouble], [trouble], [trouble], []], log=[[ENDED]])
    assert hold(keeper, (), lines.append, sleep=FakeSleep()) == 0
    assert lines[1:-2] == ["  not yet put back: connection refused; tries again"]


def test_what_is_not_put_back_in_the_end_is_a_failure(lines: list[str]) -> None:
    keeper = FakeKeeper(log=[[{**REJECTED, "id": "r1", "reverts": "c1"}]])
    assert hold(keeper, (), lines.append, sleep=FakeSleep()) == 1
    assert lines[-2:] == ["  no", "  Ask."]


def test_nothing_to_stay_for_is_said(lines: list[str]) -> None:
    assert hold(FakeKeeper(), (), lines.append, sleep=FakeSleep()) == 0
    assert lines == ["Nothing waits to be put back."]


def test_only_what_is_over_has_been_told_of_before() -> None:
    half_way = {"id": "r2", "outcome": "pending", "reverts": "c1", "ended": None}
    assert over(FakeKeeper(log=[[ENDED, half_way]])) == {"r1"}
    assert over(None) == set()


@pytest.mark.parametrize(
    ("now", "sent"),
    [
        (80.0, [{RESERVE: 20.0}]),
        (80.5, [{RESERVE: 20.0}]),  # as a gateway rounds
        (20.0, [{RESERVE: 20.0}]),  # it does not show yet, and may still come
        (None, [{RESERVE: 20.0}]),
        (50.0, []),
    ],
)
def test_ctrl_c_puts_back_what_nobody_has_changed_meanwhile(
    now: float | None, sent: list[Any], lines: list[str]
) -> None:
    keeper = FakeKeeper(ends=[[END]], now={RESERVE: now})
    assert put_back_now(keeper, 0, lines.append, sleep=FakeSleep()) == 130
    assert keeper.sent == sent
    assert lines[0].startswith("Puts the old values back" if sent else "Nothing is put back now")


def test_ctrl_c_before_anything_was_set_says_so(lines: list[str]) -> None:
    keeper = FakeKeeper()
    assert put_back_now(keeper, 0, lines.append, sleep=FakeSleep()) == 130
    assert lines == ["Interrupted. Nothing waits to be put back."]
    assert keeper.sent == []


@pytest.mark.parametrize("becomes", [REJECTED, PENDING, Unreachable("away", remedy="Wait.")])
def test_ctrl_c_that_could_not_put_back_is_a_failure(becomes: Any, lines: list[str]) -> None:
    keeper = FakeKeeper(ends=[[END]], becomes=[becomes])
    assert put_back_now(keeper, 0, lines.append, sleep=FakeSleep()) == 1
    assert len(lines) >= 2


def test_each_of_several_is_put_back_though_one_of_them_fails(lines: list[str]) -> None:
    ends = [END, promise({MODE: "backup"}, {MODE: "autonomous"})]
    becomes: list[Any] = [Unreachable("away"), {"outcome": "applied"}]
    keeper = FakeKeeper(ends=[ends], becomes=becomes)
    assert put_back_now(keeper, 0, lines.append, sleep=FakeSleep()) == 1
    assert keeper.sent == [{RESERVE: 20.0}, {MODE: "backup"}]


def test_ctrl_c_while_it_is_being_sent_puts_back_and_says_what_is_left(capsys: Captured) -> None:
    becomes: list[Any] = [KeyboardInterrupt(), {"outcome": "applied"}]
    keeper = FakeKeeper(ends=[[], [END]], now={RESERVE: 80.0}, becomes=becomes)
    assert ran(keeper, "-reserve", "80", "-for", "2h") == 130
    assert keeper.sent == [{RESERVE: 80.0}, {RESERVE: 20.0}]
    assert capsys.readouterr().out.endswith("`powerwall set -resume` sees to it.\n")
    assert keeper.is_closed


def test_a_second_ctrl_c_leaves_and_says_what_is_left(capsys: Captured) -> None:
    keeper = FakeKeeper(ends=[[], [END]], now={RESERVE: 80.0}, becomes=[KeyboardInterrupt()])
    with pytest.raises(KeyboardInterrupt):
        ran(keeper, "-reserve", "80", "-for", "2h")
    assert capsys.readouterr().out.endswith("`powerwall set -resume` sees to it.\n")
    assert keeper.is_closed


def test_a_later_one_that_fails_does_not_leave_an_earlier_one_set(capsys: Captured) -> None:
    becomes: list[Any] = [{"outcome": "applied"}, BadCommand("no")]
    keeper = FakeKeeper(ends=[[], [END], []], becomes=becomes, log=[[], [ENDED]])
    assert ran(keeper, "-gridexport", "never", "-reserve", "80", "-for", "2h") == 1
    out = capsys.readouterr().out
    assert out.index("ERROR: no") < out.index("Stays until the old values are back")
    assert "The end of -for:" in out


@contextmanager
def handled(number: signal.Signals, how: signal.Handlers) -> Iterator[None]:
    before = signal.signal(number, how)
    try:
        yield
        assert signal.getsignal(number) is how
    finally:
        signal.signal(number, before)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_ending_the_process_is_ctrl_c_to_who_stays(number: signal.Signals) -> None:
    class Ended(FakeKeeper):
        def change(self, command: Command) -> dict[str, Any]:
            if not self.changed:
                self.changed.append(command)
                os.kill(os.getpid(), number)
            return super().change(command)

    keeper = Ended(ends=[[END]], now={RESERVE: 80.0})
    with handled(number, signal.SIG_DFL):
        assert ran(keeper, "-reserve", "80", "-for", "2h") == 130
    assert keeper.sent[-1] == {RESERVE: 20.0}


def test_what_nohup_ignores_stays_ignored() -> None:
    class Ended(FakeKeeper):
        def change(self, command: Command) -> dict[str, Any]:
            os.kill(os.getpid(), signal.SIGHUP)
            return super().change(command)

    with handled(signal.SIGHUP, signal.SIG_IGN):
        assert ran(Ended(), "-reserve", "80", "-for", "2h") == 0


def test_what_an_earlier_one_has_left_is_told_and_not_waited_for(capsys: Captured) -> None:
    keeper = FakeKeeper(ends=[[END]])
    assert ran(keeper, "-mode", "backup") == 0
    notes = capsys.readouterr().out.splitlines()[1:3]
    assert notes[0].startswith("NOTE: an earlier -for ends 2026-11-21 ")
    assert notes[0].endswith(", then back to reserve 20 % (raw 24 %)")
    assert notes[1].endswith("with -resume it stays until then")


# -- what is told ---------------------------------------------------------------------------


def test_a_record_is_told_in_words() -> None:
    told = {
        "outcome": "applied",
        "reason": "",
        "requested": {"reserve_app_pct": 30.0, "reserve_raw_pct": 33.5},
        "before": {"mode": "backup", "reserve_app_pct": 20.0, "reserve_raw_pct": 24.0},
        "after": {"mode": "backup", "reserve_app_pct": 30.0, "reserve_raw_pct": 33.5},
        "until": "2026-11-21T16:30:00+02:00",
    }
    assert said(told, UTC) == [
        "  applied",
        "  is: mode backup, reserve 30 % (raw 33.5 %)",
        "  until 2026-11-21 14:30:00 UTC, then back to reserve 20 % (raw 24 %)",
    ]


def test_a_remedy_is_told_to_its_end_and_what_was_not_set_has_no_end() -> None:
    remedy = "Firmware from about 1.50 lets customers change nothing through the gateway. " * 3
    told = {"outcome": "rejected", "remedy": remedy, "until": "2026-11-21T16:30:00+02:00"}
    assert said(told, UTC) == ["  rejected: nothing was changed", f"  {remedy}"]
    assert len(said({"outcome": "x" * 1000}, UTC)[0]) < 500


def test_values_are_told_as_people_say_them() -> None:
    assert listed({"grid_charging": True, "mode": None}) == "grid charging on, mode not known"
    assert listed({"reserve_app_pct": None, "reserve_raw_pct": None}) == "reserve not known"
    assert listed({}) == "what it was"


@pytest.mark.parametrize("text", ["soon", None, 5, ["x"], "9999-12-31T23:59:59-23:59"])
def test_a_time_that_is_none_is_told_as_it_is(text: Any) -> None:
    assert moment(text, UTC) == str(text)


FIELDS = (
    *("id", "outcome", "reason", "remedy", "requested", "before", "after", "until"),
    *("puts_back", "reserve_app_pct", "reserve_raw_pct", "mode"),
)
RECORDS = st.dictionaries(
    st.sampled_from(FIELDS), JSON | st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=3)
)


@settings(max_examples=40)
@given(RECORDS)
def test_whatever_a_record_holds_is_told_in_lines_that_can_be_printed(told: dict[str, Any]) -> None:
    for line in [*said(told, UTC), promised(told, UTC)]:
        assert line.isprintable()


def test_nothing_wanted_is_nothing_sent() -> None:
    home = FakeHome()
    assert carry_out(home, parsed(), Wanted()) == 0
    assert home.changed == []
