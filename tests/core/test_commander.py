"""A commander tells what became of a command: applied, pending, rejected or unknown."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.controllers import HOUR_S, LOST, FakeClock, FakeController, Home

from pypowerwall_core.commander import Commander
from pypowerwall_core.commandlog import CommandLog
from pypowerwall_core.commands import (
    GRID_CHARGING,
    ISLAND,
    MODE,
    RESERVE,
    Command,
    Outcome,
    Record,
)
from pypowerwall_core.errors import (
    BadCommand,
    LogInAgain,
    NotPermitted,
    NotSent,
    NotServed,
    Refused,
    Unreachable,
    Unwell,
)
from pypowerwall_core.journal import Journal
from pypowerwall_core.ledger import KEYS_MOST, WAITING_MOST, Keyed, Ledger, hash_of_key
from pypowerwall_core.planning import VIA_CLOUD

MINUTE_S = 60.0
REMEDY = "Configure cloud control."


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


# -- applied --------------------------------------------------------------------------------


def test_applied_is_what_was_read_back(home: Home) -> None:
    asked = home.ask(reserve=50)
    assert asked.record.outcome is Outcome.PENDING
    home.run(1)
    record = asked.settled.result(0)
    assert (record.outcome, record.reason) == (Outcome.APPLIED, "")
    assert record.before == {RESERVE: 20.0, MODE: "self_consumption"}
    assert record.after == {RESERVE: 50.0, MODE: "self_consumption"}
    assert (record.controller, record.command.by) == ("gateway", "192.0.2.7")
    assert home.gateway.sent == [{RESERVE: 50.0}]
    assert home.gateway.befores == [record.before]
    assert asked.record == record == home.commander.records()[0]
    assert record.ended_s is not None


def test_reserve_and_mode_are_one_write(home: Home) -> None:
    asked = home.ask(reserve=0, mode="backup")
    home.run(1)
    assert asked.record.outcome is Outcome.APPLIED
    assert home.gateway.sent == [{RESERVE: 0.0, MODE: "backup"}]


def test_what_is_so_already_is_not_sent(home: Home) -> None:
    asked = home.ask(reserve=20.004)
    home.run()
    assert asked.record.outcome is Outcome.APPLIED
    assert asked.record.reason == "was so already; nothing was sent"
    assert asked.record.after == asked.record.before
    assert home.gateway.sent == []


def test_what_is_so_already_is_sent_while_an_earlier_write_may_still_change_it(
    home: Home,
) -> None:
    home.gateway.late_s = HOUR_S / 2
    home.ask(reserve=50)
    home.run(2 * MINUTE_S)
    again = home.ask(reserve=20)
    home.run(10)
    assert [sent[RESERVE] for sent in home.gateway.sent] == [50.0, 20.0]
    assert again.settled.result(0).outcome is Outcome.PENDING
    assert again.record.reason == "sent; it reads as before, but an earlier command may still show"
    home.run(HOUR_S / 2 + MINUTE_S)
    assert again.record.outcome is Outcome.APPLIED


def test_what_overtakes_a_write_that_never_shows_is_applied_when_that_one_cannot_show_any_more(
    home: Home,
) -> None:
    home.gateway.late_s = None
    home.ask(reserve=50)
    home.run(10)
    again = home.ask(reserve=20)
    home.run(44 * MINUTE_S)
    assert again.record.outcome is Outcome.PENDING
    home.run(2 * MINUTE_S)
    assert again.record.outcome is Outcome.APPLIED


def test_what_overtakes_and_is_lost_is_unknown(home: Home) -> None:
    home.gateway.late_s = None
    home.ask(reserve=50)
    home.run(10)
    home.gateway.write_errors = [LOST]
    again = home.ask(reserve=20)
    home.run(10)
    assert again.record.outcome is Outcome.UNKNOWN
    assert "it reads as requested, but it did so before" in again.record.reason


def test_a_client_is_answered_only_when_the_read_back_is_done(home: Home) -> None:
    asked = home.ask(reserve=50)
    home.run(0.1)
    assert not asked.settled.done()
    assert asked.record.outcome is Outcome.PENDING
    assert not asked.settled.cancel()


# -- pending --------------------------------------------------------------------------------


def test_pending_is_told_after_four_seconds_and_applied_half_an_hour_later(home: Home) -> None:
    home.gateway.late_s = HOUR_S / 2
    asked = home.ask(reserve=50)
    home.run(3.9)
    assert not asked.settled.done()
    home.run(0.2)
    told = asked.settled.result(0)
    assert told.outcome is Outcome.PENDING
    assert told.after == told.before
    assert told.ended_s is None
    home.run(HOUR_S / 2 - 10)
    assert asked.record.outcome is Outcome.PENDING
    home.run(2 * MINUTE_S)
    assert asked.record.outcome is Outcome.APPLIED
    assert len(home.gateway.sent) == 1


def test_what_never_shows_is_unknown_after_45_minutes(home: Home) -> None:
    home.gateway.late_s = None
    asked = home.ask(reserve=50)
    home.run(44 * MINUTE_S)
    assert asked.record.outcome is Outcome.PENDING
    home.run(2 * MINUTE_S)
    assert asked.record.outcome is Outcome.UNKNOWN
    assert asked.record.reason == "sent; it does not read as requested 45 min later"
    assert len(home.gateway.sent) == 1


def test_a_watch_looks_often_at_first_and_once_a_minute_then(home: Home) -> None:
    home.gateway.late_s = None
    home.ask(reserve=50)
    reads = []
    for seconds in (0.1, 0.2, 0.8, 1, 2, 6, 20, 30, 60, 60):
        home.run(seconds)
        reads.append(home.gateway.reads)
    assert reads == [1, 2, 3, 4, 5, 6, 7, 7, 8, 9]


def test_a_watch_outlives_an_outage(home: Home) -> None:
    asked = home.ask(reserve=50)
    home.run(0.1)
    home.gateway.still = Unreachable("no route")
    home.run(20 * MINUTE_S)
    assert asked.record.outcome is Outcome.PENDING
    assert asked.record.reason == "sent; it cannot be read back yet: no route"
    assert asked.settled.result(0).outcome is Outcome.PENDING
    home.gateway.still = None
    home.run(MINUTE_S)
    assert asked.record.outcome is Outcome.APPLIED


def test_an_outage_that_outlives_the_watch_leaves_it_unknown(home: Home) -> None:
    asked = home.ask(reserve=50)
    home.run(0.1)
    home.gateway.still = Unreachable("no route")
    home.run(50 * MINUTE_S)
    assert asked.record.outcome is Outcome.UNKNOWN
    assert "cannot be read back: no route" in asked.record.reason


def test_what_is_read_for_one_command_proves_another(home: Home) -> None:
    home.gateway.late_s = 100.0
    first = home.ask(reserve=50)
    home.run(95)
    home.gateway.still = None
    home.clock.advance(6)
    reads = home.gateway.reads
    second = home.ask(mode="self_consumption")
    home.commander.step()
    assert home.gateway.reads == reads + 1
    assert second.record.outcome is Outcome.APPLIED
    assert first.record.outcome is Outcome.APPLIED


# -- rejected -------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [Unreachable("no route"), LogInAgain("403"), NotServed("404")])
def test_without_a_reading_nothing_is_sent(home: Home, error: Exception) -> None:
    home.gateway.read_errors = [error]
    asked = home.ask(reserve=50)
    home.run()
    record = asked.settled.result(0)
    assert record.outcome is Outcome.REJECTED
    assert str(error) in record.reason
    assert "nothing was sent" in record.reason
    assert home.gateway.sent == []


def test_a_role_that_may_not_is_rejected_with_what_to_do(home: Home) -> None:
    home.gateway.write_errors = [NotPermitted("HTTP 403", remedy=REMEDY)]
    asked = home.ask(reserve=50)
    home.run(HOUR_S)
    record = asked.record
    assert (record.outcome, record.forbidden) == (Outcome.REJECTED, True)
    assert (record.reason, record.remedy) == ("HTTP 403", REMEDY)
    assert len(home.gateway.sent) == 1


@pytest.mark.parametrize("error", [NotSent("connection refused"), Refused("HTTP 400")])
def test_what_did_not_leave_or_was_refused_is_rejected(home: Home, error: Exception) -> None:
    home.gateway.write_errors = [error]
    asked = home.ask(reserve=50)
    home.run(HOUR_S)
    record = asked.record
    assert (record.outcome, record.forbidden) == (Outcome.REJECTED, False)
    assert record.reason == str(error)
    assert len(home.gateway.sent) == 1
    assert home.gateway.reads == 1


# -- lost answers ---------------------------------------------------------------------------


def test_a_lost_answer_to_a_write_that_was_carried_out_is_applied(home: Home) -> None:
    home.gateway.answers_lost = 1
    asked = home.ask(reserve=50)
    home.run(HOUR_S)
    assert asked.record.outcome is Outcome.APPLIED
    assert str(LOST) in asked.record.reason
    assert len(home.gateway.sent) == 1


@pytest.mark.parametrize("error", [LOST, Unwell("HTTP 500"), NotServed("HTTP 404")])
def test_a_lost_answer_to_a_write_without_effect_is_unknown_and_never_sent_again(
    home: Home, error: Exception
) -> None:
    home.gateway.write_errors = [error]
    asked = home.ask(reserve=50)
    home.run(3)
    assert asked.record.outcome is Outcome.PENDING
    home.run(2)
    record = asked.settled.result(0)
    assert record.outcome is Outcome.UNKNOWN
    assert str(error) in record.reason
    assert record.after == record.before
    home.run(2 * HOUR_S)
    assert len(home.gateway.sent) == 1


def test_a_lost_answer_and_no_way_to_read_back_is_unknown(home: Home) -> None:
    home.gateway.write_errors = [LOST]
    home.gateway.read_errors = [None] + [LOST] * 9
    asked = home.ask(reserve=50)
    home.run(10)
    assert asked.record.outcome is Outcome.UNKNOWN
    assert asked.record.after is None


# -- one after the other --------------------------------------------------------------------


def test_a_later_write_of_the_same_knob_ends_the_watch(home: Home) -> None:
    home.gateway.late_s = None
    first = home.ask(reserve=50)
    home.run(10)
    home.gateway.late_s = 0.0
    second = home.ask(reserve=60)
    home.run(1)
    assert first.record.outcome is Outcome.UNKNOWN
    assert first.record.reason == f"superseded by {second.record.id}"
    assert second.record.outcome is Outcome.APPLIED


def test_a_command_that_did_not_leave_supersedes_nothing(home: Home) -> None:
    home.gateway.late_s = 100.0
    first = home.ask(reserve=50)
    home.run(10)
    home.gateway.write_errors = [NotSent("connection refused")]
    home.ask(reserve=60)
    home.run(10 * MINUTE_S)
    assert first.record.outcome is Outcome.APPLIED


def test_a_later_write_of_the_other_half_does_not_undo_the_first(home: Home) -> None:
    """One write holds mode and reserve; what was read is still the old mode."""
    home.gateway.late_s = 600.0
    mode = home.ask(mode="backup")
    home.run(10)
    reserve = home.ask(reserve=50)
    home.run(HOUR_S)
    assert home.gateway.sent == [{MODE: "backup"}, {MODE: "backup", RESERVE: 50.0}]
    assert mode.record.outcome is reserve.record.outcome is Outcome.APPLIED
    assert reserve.record.command.changes == {RESERVE: 50.0}


@pytest.mark.parametrize("trouble", ["lost", "changed"])
def test_what_was_lost_or_changed_by_somebody_is_not_sent_along(home: Home, trouble: str) -> None:
    home.gateway.late_s = None
    if trouble == "lost":
        home.gateway.write_errors = [LOST]
    home.ask(mode="backup")
    home.run(1)
    if trouble == "changed":
        home.gateway.set_to[MODE] = "autonomous"
    home.ask(reserve=50)
    home.run(1)
    assert home.gateway.sent == [{MODE: "backup"}, {RESERVE: 50.0}]


def test_commands_are_carried_out_in_their_order_one_at_a_time(home: Home) -> None:
    asked = [home.ask(reserve=value) for value in (30, 40, 50)]
    home.run(5)
    assert [sent[RESERVE] for sent in home.gateway.sent] == [30.0, 40.0, 50.0]
    # Each reading for the next one was also the read-back of the one before.
    assert all(one.record.outcome is Outcome.APPLIED for one in asked)


def test_too_many_waiting_commands_are_rejected(home: Home) -> None:
    asked = [home.ask(reserve=n) for n in range(WAITING_MOST)]
    refused = home.ask(reserve=99, key="later")
    record = refused.settled.result(0)
    assert (record.outcome, record.reason) == (
        Outcome.REJECTED,
        "too many commands are waiting",
    )
    home.run(10)
    assert all(one.record.outcome is not Outcome.REJECTED for one in asked)
    # It was not carried out, so its key stands for nothing yet.
    assert home.ask(reserve=99, key="later").record.outcome is Outcome.PENDING
    assert [r.id for r in home.log().load().values()].count(record.id) == 1


# -- Idempotency-Key ------------------------------------------------------------------------


def test_the_same_key_is_the_same_execution(home: Home) -> None:
    first = home.ask(reserve=50, key="k")
    assert home.ask(reserve=50.0, key="k") is first
    home.run(1)
    again = home.ask(reserve=50, key="k")
    assert again.settled.result(0) == first.record
    home.run(1)
    assert len(home.gateway.sent) == 1
    assert len(home.commander.records()) == 1


@pytest.mark.parametrize("error", [None, LOST, NotSent("no"), NotPermitted("no")])
def test_the_same_key_is_the_first_answer_after_a_restart_too(
    home: Home, error: Exception | None
) -> None:
    home.gateway.write_errors = [error]
    first = home.ask(reserve=50, key="k", for_s=HOUR_S)
    home.run(10)
    home.restart(off_s=MINUTE_S)
    again = home.ask(reserve=50, key="k", for_s=HOUR_S).settled.result(0)
    assert (again.id, again.outcome) == (first.record.id, first.record.outcome)
    assert (again.reason, again.forbidden) == (first.record.reason, first.record.forbidden)
    assert again.ended_s == first.record.ended_s
    home.run(MINUTE_S)
    assert len(home.gateway.sent) == 1


@pytest.mark.parametrize(
    "other", [{"reserve": 51}, {"reserve": 50, "for_s": 60.0}, {"mode": "backup"}]
)
def test_the_same_key_for_something_else_is_no_command(home: Home, other: Any) -> None:
    home.ask(reserve=50, key="k")
    with pytest.raises(BadCommand, match="something else"):
        home.ask(key="k", **other)
    home.run(1)
    home.restart()
    with pytest.raises(BadCommand, match="something else"):
        home.ask(key="k", **other)


def test_a_key_is_forgotten_after_a_day(home: Home) -> None:
    home.ask(reserve=50, key="k")
    home.run(24 * HOUR_S + 1)
    assert home.ask(reserve=60, key="k").record.outcome is Outcome.PENDING


def test_keys_are_kept_as_hashes(home: Home) -> None:
    home.ask(reserve=50, key="a secret")
    home.run(1)
    assert hash_of_key("a secret") in home.journal_path.read_text()
    assert "secret" not in home.journal_path.read_text() + home.log_path.read_text()


def test_keys_are_not_kept_without_end() -> None:
    ledger = Ledger()
    for n in range(KEYS_MOST + 5):
        record = Record(str(n), 1.7e9 + n, Command({RESERVE: 50.0}))
        ledger = ledger.plus_key(hash_of_key(str(n)), Keyed("asks", record))
    assert len(ledger.keys) == KEYS_MOST
    assert ledger.keyed(hash_of_key("4"), 1.7e9) is None
    assert ledger.keyed(hash_of_key("5"), 1.7e9) is not None
    later = Record("x", 1.7e9 + 90000, Command({RESERVE: 50.0}))
    assert list(ledger.plus_key("x", Keyed("asks", later)).keys) == ["x"]


# -- what needs no upstream -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, "changes one of"),
        ({RESERVE: 50.0, ISLAND: "off"}, "may be changed together"),
        ({GRID_CHARGING: True}, "cannot be changed here"),
        ({RESERVE: 101.0}, "from 0 to 100"),
        ({MODE: "of"}, "the mode is one of"),
        ({"other": 1.0}, "nothing that can be set"),
    ],
)
def test_what_cannot_be_carried_out_here_is_no_command(home: Home, changes: Any, says: str) -> None:
    with pytest.raises(BadCommand, match=says):
        home.commander.submit(Command(changes))
    assert home.commander.records() == []


def test_what_can_be_changed_here_is_said(home: Home) -> None:
    with pytest.raises(BadCommand) as bad:
        home.ask(grid_charging=True)
    assert bad.value.remedy.endswith("are set up: reserve, mode, grid.")
    home.controllers = []
    home.restart()
    with pytest.raises(BadCommand) as bad:
        home.ask(reserve=50)
    assert bad.value.remedy.endswith("nothing.")


def test_islanding_is_off_unless_it_is_allowed(home: Home) -> None:
    home.allows_islanding = False
    home.restart()
    for confirmed in (True, False):
        command = Command({ISLAND: "off"}, confirmed=confirmed)
        record = home.commander.submit(command).settled.result(0)
        assert (record.outcome, record.forbidden) == (Outcome.REJECTED, True)
        assert "PW_ALLOW_ISLANDING" in record.remedy
    home.run(1)
    assert home.gateway.reads == 0
    assert len(home.log().load()) == 2


def test_islanding_has_to_be_confirmed(home: Home) -> None:
    with pytest.raises(BadCommand, match="confirmed") as bad:
        home.commander.submit(Command({ISLAND: "off"}))
    assert bad.value.remedy == "Send confirm=yes with it."


def test_islanding_is_read_back_from_the_grid(home: Home) -> None:
    off = home.ask(grid="off")
    home.run(1)
    assert off.record.outcome is Outcome.APPLIED
    assert off.record.after == {ISLAND: "off"}
    on = home.ask(grid="on")
    home.run(1)
    assert on.record.outcome is Outcome.APPLIED


def test_a_home_may_leave_the_grid_for_a_time_but_not_join_it_for_a_time(home: Home) -> None:
    with pytest.raises(BadCommand, match="off the grid"):
        home.ask(grid="on", for_s=HOUR_S)
    home.ask(grid="off", for_s=HOUR_S)
    home.run(HOUR_S + 1)
    assert home.gateway.sent == [{ISLAND: "off"}, {ISLAND: "on"}]


# -- which controller -----------------------------------------------------------------------


def test_the_first_controller_that_can_takes_a_command_and_never_both(home: Home) -> None:
    cloud = FakeController(home.clock, frozenset({RESERVE, MODE, GRID_CHARGING}), "cloud")
    home.controllers.append(cloud)
    home.restart()
    home.gateway.write_errors = [NotPermitted("HTTP 403")]
    first = home.ask(reserve=50)
    home.run(1)
    assert (first.record.outcome, first.record.controller) == (Outcome.REJECTED, "gateway")
    home.gateway.read_errors = [Unreachable("no route")]
    home.ask(reserve=50)
    home.run(1)
    assert cloud.sent == []
    cloud.set_to[GRID_CHARGING] = False
    other = home.ask(grid_charging=True)
    home.run(1)
    assert (other.record.outcome, other.record.controller) == (Outcome.APPLIED, "cloud")
    assert len(home.gateway.sent) == 1


@pytest.mark.parametrize(
    ("read", "write", "is_told"),
    [
        (NotServed("/api/operation: not served"), None, True),
        (None, NotPermitted("HTTP 403", remedy=REMEDY), True),
        (None, NotSent("connection refused", remedy=REMEDY), False),
        (Unreachable("no route", remedy=REMEDY), None, False),
    ],
)
def test_who_is_refused_by_the_gateway_hears_of_the_account_that_could(
    home: Home, read: Exception | None, write: Exception | None, *, is_told: bool
) -> None:
    home.controllers.append(FakeController(home.clock, name="cloud"))
    home.restart()
    home.gateway.read_errors, home.gateway.write_errors = [read], [write]
    asked = home.ask(reserve=50)
    home.run(1)
    assert asked.record.outcome is Outcome.REJECTED
    assert asked.record.remedy == (VIA_CLOUD if is_told else REMEDY)


def test_a_write_is_read_back_where_it_was_sent(home: Home) -> None:
    cloud = FakeController(home.clock, name="cloud", late_s=600.0)
    home.controllers.insert(0, cloud)
    home.restart()
    asked = home.ask(reserve=50)
    home.run(10)
    home.controllers.reverse()
    home.restart()
    home.run(HOUR_S)
    assert (asked.record.controller, home.gateway.reads) == ("cloud", 0)
    assert home.record(asked.record.id).outcome is Outcome.APPLIED


# -- bugs and threads -----------------------------------------------------------------------


def test_a_bug_in_a_write_is_a_lost_answer(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    home.gateway.write_errors = [KeyError("oops")]
    asked = home.ask(reserve=50)
    home.run(10)
    assert asked.record.outcome is Outcome.UNKNOWN
    assert "a bug in powerwall-proxy: KeyError" in asked.record.reason
    assert "this is a bug" in caplog.text
    last = home.ask(reserve=60)
    home.run(1)
    assert last.record.outcome is Outcome.APPLIED


def test_a_bug_in_a_reading_sends_nothing(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    home.gateway.read_errors = [ZeroDivisionError("oops")]
    asked = home.ask(reserve=50)
    home.run(1)
    assert asked.record.outcome is Outcome.REJECTED
    assert "this is a bug" in caplog.text


@pytest.mark.parametrize(
    ("where", "outcome"),
    [("execute", Outcome.REJECTED), ("_write", Outcome.UNKNOWN), ("look", Outcome.UNKNOWN)],
)
def test_a_bug_of_its_own_ends_in_the_record(
    home: Home,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    where: str,
    outcome: Outcome,
) -> None:
    def oops(*_: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(home.commander._chores, where, oops)
        asked = home.ask(reserve=50, for_s=HOUR_S)
        home.run(1)
    assert asked.settled.result(0).outcome is outcome
    assert "a bug in powerwall-proxy" in asked.record.reason
    assert "this is a bug" in caplog.text
    home.run(2 * HOUR_S)
    assert home.reserve == 20.0
    assert home.commander.temporary() == []


def test_a_value_that_json_cannot_hold_is_no_value(home: Home) -> None:
    home.gateway.set_to[RESERVE] = float("nan")
    asked = home.ask(reserve=50)
    home.run(1)
    assert asked.record.before == {RESERVE: None, MODE: "self_consumption"}
    assert asked.record.outcome is Outcome.APPLIED
    assert home.log().load()[asked.record.id].before == asked.record.before


def test_records_are_the_last_200_newest_first(home: Home) -> None:
    home.allows_islanding = False
    home.restart()
    ids = [home.ask(grid="off").record.id for _ in range(210)]
    home.run(1)
    assert [record.id for record in home.commander.records()] == ids[:9:-1]
    assert len(home.commander.records(3)) == 3
    assert home.commander.records(-1) == []
    home.restart()
    assert [record.id for record in home.commander.records()] == ids[:9:-1]


def test_every_outcome_is_one_line_of_the_log(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    home.gateway.late_s = 60.0
    with caplog.at_level(logging.INFO, "pypowerwall_core.books"):
        asked = home.ask(reserve=50)
        home.run(HOUR_S)
    said = f"command {asked.record.id} by 192.0.2.7: reserve_app_pct=50.0, reserve_raw_pct=52.5: "
    pending = "pending: sent; it does not read as requested yet"
    assert [r.getMessage() for r in caplog.records] == [said + pending, said + "applied"]


class Telling(Journal):
    """A journal that says when it has been written with two commands in it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.has_two = threading.Event()

    def save(self, ledger: Callable[[], Ledger]) -> bool:
        is_saved = super().save(ledger)
        if len(ledger().entries) == 2:
            self.has_two.set()
        return is_saved


class Hanging:
    """A commander with its threads, whose first write hangs until it may go on."""

    def __init__(self, journal: Telling, log: Path) -> None:
        self.hangs, self.goes_on = threading.Event(), threading.Event()
        self.gateway = FakeController(FakeClock(), during_write=self._hang)
        self.commander = Commander([self.gateway], journal, CommandLog(log))
        self.commander.start()
        self.first = self.commander.submit(Command({RESERVE: 50.0}))
        assert self.hangs.wait(10)

    def _hang(self) -> None:
        self.hangs.set()
        assert self.goes_on.wait(10)


def test_nobody_waits_while_the_upstream_is_slow(tmp_path: Path) -> None:
    """With its threads: a command is taken and kept while another one hangs."""
    journal = Telling(tmp_path / "journal")
    hanging = Hanging(journal, tmp_path / "log")
    commander, first = hanging.commander, hanging.first
    second = commander.submit(Command({MODE: "backup"}, key="k"))
    assert commander.submit(Command({MODE: "backup"}, key="k")) is second
    assert journal.has_two.wait(10)
    hanging.goes_on.set()
    assert first.settled.result(10).outcome is Outcome.APPLIED
    assert second.settled.result(10).outcome is Outcome.APPLIED
    commander.stop()
    assert hanging.gateway.sent == [{RESERVE: 50.0}, {MODE: "backup"}]


def test_a_bug_in_keeping_does_not_end_the_keeping(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    saved = threading.Semaphore(0)

    class Torn(Telling):
        bugs = 1

        def save(self, ledger: Callable[[], Ledger]) -> bool:
            if threading.current_thread().name == "commands-journal" and self.bugs:
                self.bugs = 0
                saved.release()
                raise ZeroDivisionError
            return super().save(ledger)

    journal = Torn(tmp_path / "journal")
    hanging = Hanging(journal, tmp_path / "log")
    assert saved.acquire(timeout=10)
    hanging.commander.submit(Command({MODE: "backup"}))
    assert journal.has_two.wait(10)
    hanging.goes_on.set()
    hanging.commander.stop()
    assert "this is a bug" in caplog.text


def test_what_has_not_had_its_turn_when_the_proxy_stops_is_rejected(home: Home) -> None:
    waiting = home.ask(reserve=50)
    home.commander.stop()
    assert waiting.settled.result(0).outcome is Outcome.REJECTED
    assert "being stopped" in waiting.record.reason
    assert home.ask(reserve=50).settled.result(0).outcome is Outcome.REJECTED
    home.restart()
    home.run(HOUR_S)
    assert home.gateway.sent == []


def test_it_starts_and_stops_with_nothing_to_do(home: Home) -> None:
    home.commander.start()
    home.commander.stop()
    assert not any(t.name.startswith("commands") for t in threading.enumerate())


def test_without_a_file_commands_go_on_and_temporary_settings_do_not(tmp_path: Path) -> None:
    class Forgetful(Home):
        def journal(self) -> Journal:
            return Journal(None)

    home = Forgetful(tmp_path)
    plain = home.ask(reserve=50)
    home.run(1)
    assert plain.record.outcome is Outcome.APPLIED
    asked = home.ask(reserve=60, for_s=HOUR_S)
    home.run(1)
    assert asked.record.outcome is Outcome.REJECTED
    assert "could not be remembered" in asked.record.reason
    assert len(home.gateway.sent) == 1
