"""Nothing is lost and nothing is sent twice, wherever the process ends."""

from __future__ import annotations

import json
import logging
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.controllers import HOUR_S, LOST, NOON_S, Crash, Home

from pypowerwall_core.commands import MODE, RESERVE, SHOWS_WITHIN_S, Command, Outcome, Record
from pypowerwall_core.errors import BadCommand, NotPermitted, NotSent
from pypowerwall_core.journal import Journal, ledger_json, ledger_of
from pypowerwall_core.ledger import Entry, Keyed, Ledger, Stage
from pypowerwall_core.temporary import End

DAY_S = 24 * HOUR_S
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
RECORD = Record(
    "a",
    NOON_S + 0.123456,
    Command({RESERVE: 33.3333333, MODE: "backup"}, for_s=60.0, by="192.0.2.7", confirmed=True),
    Outcome.PENDING,
    "because",
    "do this",
    "gateway",
    {RESERVE: None, MODE: "scheduler"},
    {RESERVE: 20.0, MODE: None},
    forbidden=True,
    until_s=NOON_S,
    ended_s=NOON_S + 1,
    reverts="b",
)
FULL = Ledger(
    {
        stage.value: Entry(
            Record(stage.value, NOON_S, Command({RESERVE: 50.0})),
            stage,
            3,
            sent_at_s=NOON_S,
            lost="silence",
            overtakes=True,
            note="a note",
        )
        for stage in Stage
    }
    | {"a": Entry(RECORD)},
    {
        "a": End("a", {RESERVE: 80.0}, {RESERVE: 20.0}, 1, NOON_S + 60, 60.0),
        "c": End("c", {MODE: "backup"}, {MODE: "x"}, 2, NOON_S, 1.0, proven=True, revert=RECORD),
    },
    {"k": Keyed("asks", RECORD)},
    turns=7,
)


def ids(document: Any) -> list[str]:
    return [row["record"]["id"] for row in document["commands"]]


# -- the file -------------------------------------------------------------------------------


def test_a_ledger_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "new" / "session.commands"
    assert Journal(path).save(lambda: FULL)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert Journal(path).load() == FULL
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_clients_key_is_not_in_it(tmp_path: Path) -> None:
    command = Command({RESERVE: 50.0}, key="a secret")
    ledger = Ledger({"a": Entry(Record("a", NOON_S, command))})
    assert "secret" not in json.dumps(ledger_json(ledger))
    home = Home(tmp_path)
    home.gateway.late_s = None
    home.ask(reserve=50, key="a secret")
    home.run(10)
    assert "secret" not in home.journal_path.read_text()


def test_nothing_is_written_where_nothing_was_commanded(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.run(HOUR_S)
    assert list(tmp_path.iterdir()) == []


def test_what_is_the_same_is_not_written_again(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.gateway.late_s = None
    home.ask(reserve=50)
    home.run(60)
    written = home.journal_path.stat().st_mtime_ns, home.journal_path.stat().st_ino
    home.run(20 * 60)
    assert (home.journal_path.stat().st_mtime_ns, home.journal_path.stat().st_ino) == written


@pytest.mark.parametrize("stored", ["", "null", "[]", "{", "5", '"x"', "{}", '{"commands": [5]}'])
def test_a_broken_file_is_said_once_and_kept_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, stored: str
) -> None:
    home = Home(tmp_path)
    home.journal_path.write_text(stored)
    home.restart()
    assert len([r for r in caplog.records if r.levelno >= logging.WARNING]) == 1
    aside = home.journal_path.with_name("session.commands.broken")
    assert aside.read_text() == stored
    asked = home.ask(reserve=50, for_s=HOUR_S)
    home.run(2 * HOUR_S)
    assert asked.record.outcome is Outcome.APPLIED
    assert home.reserve == 20.0
    assert home.journal().load() == Ledger(turns=1)


def test_one_broken_row_spoils_no_other(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "journal"
    document = ledger_json(FULL)
    document["commands"][0]["stage"] = "somewhere"
    document["ends"][0]["back"] = {}
    path.write_text(json.dumps(document))
    ledger = Journal(path).load()
    assert ids(ledger_json(ledger)) == ids(ledger_json(FULL))[1:]
    assert list(ledger.ends) == ["c"]
    assert "left out" in caplog.text
    assert path.with_name("journal.broken").exists()


@given(JSON)
def test_whatever_is_stored_is_a_ledger_or_left_out(document: Any) -> None:
    left_out: list[str] = []
    assert ledger_of(document, left_out.append) == Ledger()
    assert left_out


@given(st.data())
def test_whatever_is_damaged_in_it_is_left_out(data: st.DataObject) -> None:
    document = json.loads(json.dumps(ledger_json(FULL)))
    where: Any = document
    while isinstance(where, dict | list) and where:
        keys = list(where) if isinstance(where, dict) else list(range(len(where)))
        key = data.draw(st.sampled_from(keys))
        if data.draw(st.booleans()) or not isinstance(where[key], dict | list):
            where[key] = data.draw(JSON)
            break
        where = where[key]
    ledger = ledger_of(document, lambda _: None)
    for entry in ledger.entries.values():
        json.dumps(entry.record.document(), allow_nan=False)
    for end in ledger.ends.values():
        json.dumps(end.document(0.0, NOON_S), allow_nan=False)


def test_a_folder_that_cannot_be_written_stops_temporary_settings_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    home = Home(tmp_path / "file")
    with caplog.at_level(logging.WARNING):
        for n in range(3):
            plain = home.ask(reserve=50 + n)
            home.run(1)
            assert plain.record.outcome is Outcome.APPLIED
            timed = home.ask(reserve=80, for_s=HOUR_S)
            home.run(1)
            assert timed.record.outcome is Outcome.REJECTED
            assert "could not be remembered" in timed.record.reason
    told = [r.getMessage() for r in caplog.records if "cannot be written" in r.getMessage()]
    assert [text.split(" /")[0] for text in told] == ["command journal", "command log"]
    assert [sent[RESERVE] for sent in home.gateway.sent] == [50.0, 51.0, 52.0]
    assert home.commander.temporary() == []


# -- SIGKILL --------------------------------------------------------------------------------


def test_what_waited_when_the_process_ended_is_rejected(tmp_path: Path) -> None:
    home = Home(tmp_path)
    asked = home.ask(reserve=50, key="k")
    home.commander._books.save()
    home.restart()
    assert home.record(asked.record.id).outcome is Outcome.REJECTED
    home.run(HOUR_S)
    record = home.ask(reserve=50, key="k").settled.result(0)
    assert record.reason == "the proxy was restarted before it was sent"
    assert home.gateway.sent == []
    assert home.log().load()[asked.record.id].outcome is Outcome.REJECTED


@pytest.mark.parametrize(
    ("late_s", "outcome"), [(0.0, "applied"), (1200.0, "applied"), (None, "unknown")]
)
def test_what_was_being_sent_when_the_process_ended_is_watched(
    tmp_path: Path, late_s: float | None, outcome: str
) -> None:
    home = Home(tmp_path)
    home.gateway.late_s = late_s
    asked = home.ask(reserve=50, key="k")
    fuse_at(home, lambda: bool(home.gateway.sent))
    home.restart(off_s=60.0)
    again = home.ask(reserve=50, key="k")
    assert (again.record.id, again.record.outcome) == (asked.record.id, Outcome.PENDING)
    home.run(HOUR_S)
    assert again.record.outcome.value == outcome
    assert again.settled.done()
    assert len(home.gateway.sent) == 1


def test_a_watch_goes_on_after_a_restart(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.gateway.late_s = HOUR_S / 2
    asked = home.ask(reserve=50)
    home.run(600)
    home.restart(off_s=60.0)
    assert home.record(asked.record.id).outcome is Outcome.PENDING
    reads = home.gateway.reads
    home.run(1)
    assert home.gateway.reads == reads + 1
    home.run(HOUR_S / 2)
    assert home.record(asked.record.id).outcome is Outcome.APPLIED
    assert len(home.gateway.sent) == 1


def test_a_watch_that_ended_while_the_proxy_was_off_is_read_once_more(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.gateway.late_s = HOUR_S / 2
    first = home.ask(reserve=50)
    home.run(10)
    home.restart(off_s=DAY_S)
    home.run()
    assert home.record(first.record.id).outcome is Outcome.APPLIED
    home.gateway.late_s = None
    second = home.ask(reserve=60)
    home.run(10)
    home.restart(off_s=DAY_S)
    home.run()
    assert home.record(second.record.id).outcome is Outcome.UNKNOWN


def test_what_the_log_shows_as_pending_and_nobody_remembers_is_unknown(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.gateway.late_s = None
    asked = home.ask(reserve=50)
    home.run(10)
    home.journal_path.unlink()
    home.restart()
    record = home.record(asked.record.id)
    assert record.outcome is Outcome.UNKNOWN
    assert "nothing was remembered" in record.reason
    home.run(1)
    assert home.log().load()[record.id].outcome is Outcome.UNKNOWN


def fuse_at(home: Home, where: Callable[[], bool]) -> None:
    """End the process at the first step after something has become true."""

    def tick() -> None:
        if where():
            home.gateway.tick = home.tick
            raise Crash

    home.gateway.tick = tick
    with pytest.raises(Crash):
        home.run(1)


def logged(home: Home) -> dict[str, Outcome]:
    lines = home.log_path.read_text().splitlines() if home.log_path.exists() else []
    return {row["id"]: Outcome(row["outcome"]) for row in map(json.loads, lines)}


class Watched(Home):
    """Sees at every write who sends it, and that it was on disk before."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.writes: Counter[str] = Counter()
        self.keyed: dict[str, Record] = {}
        self.counted = 0
        self.mode_s = -DAY_S
        self.gateway.during_write = self.look

    def look(self) -> None:
        ledger = self.commander._books.ledger
        (entry,) = [e for e in ledger.entries.values() if e.stage is Stage.SENDING]
        stored = json.loads(self.journal_path.read_text())
        (row,) = [r for r in stored["commands"] if r["record"]["id"] == entry.id]
        assert row["stage"] == "sending"
        if entry.record.command.for_s is not None:
            assert entry.id in [end["of"] for end in stored["ends"]]
        if not entry.record.reverts:
            self.writes[entry.id] += 1
            assert self.writes[entry.id] == 1

    def count(self) -> int:
        """Count on: no value is sent twice, for what is read back tells only values apart."""
        self.counted += 1
        return self.counted

    def ask_mode(self, value: str, for_s: float) -> None:
        """Ask for a mode, but not while another one may still show: there are too few."""
        if self.clock.now_s - self.mode_s > SHOWS_WITHIN_S:
            self.mode_s = self.clock.now_s + for_s
            self.ask(mode=value, for_s=for_s)

    def again(self, value: int, key: str) -> None:
        """Ask under a key that has stood for something, and stands for it still."""
        first = self.keyed.get(key)
        try:
            record = self.ask(reserve=value, for_s=HOUR_S, key=key).record
        except BadCommand:
            assert first is not None
            return
        self.keyed[key] = record
        is_known = first is not None and self.clock.wall_s - first.at_s < DAY_S
        if is_known and first is not None and first.id in self.writes:
            assert record.id == first.id

    def settle_down(self) -> None:
        """Let everything work again, for days."""
        self.fuse, self.gateway.still, self.gateway.late_s = None, None, 0.0
        self.gateway.read_errors, self.gateway.write_errors = [], []
        self.gateway.answers_lost = 0
        self.run(3 * DAY_S)
        assert self.commander.temporary() == []
        assert self.commander._books.ledger.entries == {}
        records = self.commander.records()
        assert {r.id for r in records if r.outcome is Outcome.PENDING} == set()
        assert {r.id: r.outcome for r in records} == logged(self)


TROUBLES: dict[str, Callable[[Home], None]] = {
    "none": lambda _: None,
    "lost": lambda home: setattr(home.gateway, "answers_lost", 1),
    "no effect": lambda home: home.gateway.write_errors.append(LOST),
    "not sent": lambda home: home.gateway.write_errors.append(NotSent("no")),
    "late": lambda home: setattr(home.gateway, "late_s", 100.0),
    "end fails": lambda home: home.gateway.write_errors.extend([None, NotSent("no"), LOST]),
}


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("for_s", [None, 60.0, 2 * HOUR_S])
def test_wherever_the_process_ends_nothing_is_lost_and_nothing_sent_twice(
    tmp_path: Path, trouble: str, for_s: float | None
) -> None:
    """Every step that reaches a disk or the gateway is once the last one."""
    for fuse in range(1000):
        home = Watched(tmp_path / str(fuse))
        TROUBLES[trouble](home)
        home.fuse = fuse
        try:
            home.ask(reserve=80, for_s=for_s, key="k")
            home.run(3 * HOUR_S)
        except Crash:
            home.restart(off_s=5.0)
            # Without a trace of it, it was not sent; the client asks again.
            asked = home.ask(reserve=80, for_s=for_s, key="k")
            home.run(3 * HOUR_S)
            home.settle_down()
            assert home.commander._books.take(asked.record).record.id == asked.record.id
            assert sum(home.writes.values()) <= 1
            assert home.reserve == 20.0 or for_s is None
        else:
            assert fuse > 5
            return
    pytest.fail("it never ends")


ACTIONS = st.one_of(
    st.tuples(st.just("for good")),
    st.tuples(st.just("for a time"), st.integers(10, 7200)),
    st.tuples(st.just("mode"), st.sampled_from(["backup", "autonomous"]), st.integers(10, 7200)),
    st.tuples(st.just("wait"), st.integers(0, 4000)),
    st.tuples(st.just("crash at"), st.integers(0, 25)),
    st.tuples(st.just("restart"), st.integers(0, 90000)),
    st.tuples(st.just("read fails"), st.integers(1, 5)),
    st.tuples(st.just("write fails"), st.sampled_from([LOST, NotSent("no"), NotPermitted("403")])),
    st.tuples(st.just("answer lost")),
    st.tuples(st.just("somebody"), st.integers(22, 28)),
    st.tuples(st.just("again"), st.integers(58, 59), st.sampled_from("xy")),
    st.tuples(st.just("late"), st.sampled_from([0.0, 3.0, 1800.0])),
)


ACTS: dict[str, Callable[..., Any]] = {
    "for good": lambda home: home.ask(reserve=30 + home.count() % 20),
    "for a time": lambda home, span_s: home.ask(reserve=60 + home.count() % 40, for_s=span_s),
    "mode": lambda home, value, span_s: home.ask_mode(value, span_s),
    "wait": lambda home, seconds: home.run(seconds),
    "crash at": lambda home, step: setattr(home, "fuse", step),
    "restart": lambda home, seconds: home.restart(off_s=seconds),
    "read fails": lambda home, times: home.gateway.read_errors.extend([LOST] * times),
    "write fails": lambda home, error: home.gateway.write_errors.append(error),
    "answer lost": lambda home: setattr(home.gateway, "answers_lost", 1),
    "somebody": lambda home, value: home.gateway.set_to.update({RESERVE: float(value)}),
    "again": lambda home, value, key: home.again(value, key),
    "late": lambda home, seconds: setattr(home.gateway, "late_s", seconds),
}


@settings(max_examples=150, deadline=None)
@given(st.lists(ACTIONS, max_size=14))
def test_whatever_happens_no_temporary_setting_stays_and_nothing_is_sent_twice(
    actions: list[tuple[Any, ...]],
) -> None:
    with tempfile.TemporaryDirectory() as name:
        home = Watched(Path(name))
        for action in actions:
            try:
                ACTS[action[0]](home, *action[1:])
            except Crash:
                home.restart()
        home.fuse = None
        home.settle_down()
        # As it was, as somebody set it, or as a command for good.
        assert isinstance(home.reserve, float)
        assert 20 <= home.reserve <= 50
        assert home.gateway.set_to[MODE] == "self_consumption"
