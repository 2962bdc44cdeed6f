"""One line per outcome, kept for whoever asks later what was done to a home."""

from __future__ import annotations

import json
import logging
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.controllers import NOON_S, Home

from pypowerwall_core import commandlog
from pypowerwall_core.commandlog import REMEMBERED, CommandLog
from pypowerwall_core.commands import (
    EXPORTS,
    GRID_CHARGING,
    GRID_EXPORT,
    ISLAND,
    MODE,
    MODES,
    RESERVE,
    Command,
    Outcome,
    Record,
)
from pypowerwall_core.stored import record_json, record_of, record_of_line

TEXT = st.text(max_size=20)
VALUES = {
    RESERVE: st.integers(0, 10000).map(lambda n: n / 100),
    MODE: st.sampled_from(MODES),
    GRID_CHARGING: st.booleans(),
    GRID_EXPORT: st.sampled_from(EXPORTS),
    ISLAND: st.sampled_from(["off", "on"]),
}
TIMES = st.integers(0, 4_000_000_000).map(float)
READ = st.none() | st.fixed_dictionaries(
    {}, optional={name: st.none() | value for name, value in VALUES.items()}
)
RECORDS = st.builds(
    Record,
    st.text(min_size=1, max_size=20),
    TIMES,
    st.builds(
        Command,
        st.fixed_dictionaries({}, optional=VALUES).filter(bool),
        by=TEXT,
    ),
    st.sampled_from(Outcome),
    TEXT,
    TEXT,
    TEXT,
    READ,
    READ,
    until_s=st.none() | TIMES,
    ended_s=st.none() | TIMES,
    reverts=TEXT,
)


def record(n: int, outcome: Outcome = Outcome.APPLIED) -> Record:
    return Record(f"r{n}", NOON_S + n, Command({RESERVE: float(n % 100)}, by="x"), outcome)


@pytest.fixture
def log(tmp_path: Path) -> CommandLog:
    return CommandLog(tmp_path / "new" / "session.commands.log")


def path_of(log: CommandLog) -> Path:
    assert log.path is not None
    return log.path


def test_a_record_is_a_line_that_nobody_else_reads(log: CommandLog) -> None:
    log.append(record(1))
    log.append(record(2))
    lines = path_of(log).read_text("ascii").splitlines()
    assert [json.loads(line) for line in lines] == [record(1).document(), record(2).document()]
    assert stat.S_IMODE(path_of(log).stat().st_mode) == 0o600
    assert stat.S_IMODE(path_of(log).parent.stat().st_mode) == 0o700


def test_a_file_that_others_could_read_is_closed_to_them(log: CommandLog) -> None:
    path_of(log).parent.mkdir()
    path_of(log).touch(0o644)
    log.append(record(1))
    assert stat.S_IMODE(path_of(log).stat().st_mode) == 0o600


def test_the_last_line_of_a_record_counts(log: CommandLog) -> None:
    log.append(record(1, Outcome.PENDING))
    log.append(record(2))
    log.append(record(1))
    assert list(log.load().values()) == [record(1), record(2)]


def test_of_many_the_newest_are_loaded(log: CommandLog) -> None:
    path_of(log).parent.mkdir()
    lines = [json.dumps(record(n).document()) for n in range(REMEMBERED + 50)]
    path_of(log).write_text("\n".join(lines) + "\n")
    assert list(log.load()) == [f"r{n}" for n in range(50, REMEMBERED + 50)]


def test_it_is_rotated_and_two_old_ones_are_kept(
    log: CommandLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = len(json.dumps(record(1).document())) + 1
    monkeypatch.setattr(commandlog, "SIZE_MOST", 3 * size + 20)
    for n in range(1, 10):
        log.append(record(n))
    log.append(record(1))
    folder = path_of(log).parent
    names = [path_of(log).name + end for end in ("", ".1", ".2")]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert [len((folder / name).read_text().splitlines()) for name in names] == [1, 3, 3]
    assert all(stat.S_IMODE((folder / name).stat().st_mode) == 0o600 for name in names)
    assert list(log.load()) == ["r4", "r5", "r6", "r7", "r8", "r9", "r1"]


def test_a_line_that_a_crash_has_cut_off_spoils_no_other(log: CommandLog) -> None:
    log.append(record(1))
    whole = path_of(log).read_text()
    path_of(log).write_text(whole + whole[:100])
    log.append(record(2))
    assert list(log.load()) == ["r1", "r2"]
    assert len(path_of(log).read_text().splitlines()) == 3


@pytest.mark.parametrize(
    "stored",
    [b"", b"\0" * 5000, b"\xff\n{}\n[]\n5\n", b'{"id": 5}\n', b"[" * 100000, b'"' + b"x" * 100000],
)
def test_what_is_no_record_is_left_out(log: CommandLog, stored: bytes) -> None:
    path_of(log).parent.mkdir()
    path_of(log).write_bytes(stored)
    assert log.load() == {}
    log.append(record(1))
    assert list(log.load()) == ["r1"]


def test_a_folder_that_cannot_be_written_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    log = CommandLog(tmp_path / "file" / "log")
    with caplog.at_level(logging.WARNING):
        log.append(record(1))
        log.append(record(2))
    assert len(caplog.records) == 1
    assert "Set PW_CACHE_FILE" in caplog.text
    assert log.load() == {}


def test_without_a_path_nothing_is_kept() -> None:
    log = CommandLog(None)
    log.append(record(1))
    assert log.load() == {}


def test_a_link_is_not_followed(log: CommandLog, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("mine\n")
    path_of(log).parent.mkdir()
    path_of(log).symlink_to(other)
    log.append(record(1))
    assert other.read_text() == "mine\n"


@pytest.mark.parametrize("values", [{"mode": 5}, {"reserve_app_pct": "x"}])
def test_values_are_those_of_the_line(values: Any) -> None:
    """A gateway's words are its own; what is no JSON value is none."""
    line = record(1).document() | {"before": values}
    assert record_of_line(line).before is not None


@given(RECORDS)
def test_a_line_tells_what_clients_saw(given: Record) -> None:
    line = json.loads(json.dumps(given.document()))
    assert record_of_line(line).document() == line
    assert record_of(json.loads(json.dumps(record_json(given)))) == given


@given(RECORDS, st.data())
def test_a_damaged_line_is_a_record_or_none(given: Record, data: st.DataObject) -> None:
    line = given.document()
    name = data.draw(st.sampled_from(sorted(line)))
    line[name] = data.draw(
        st.none() | st.booleans() | st.integers() | st.floats() | TEXT | st.lists(TEXT)
    )
    found = None
    try:
        found = record_of_line(line)
    except (ValueError, OverflowError):
        return
    json.dumps(found.document(), allow_nan=False)


def test_a_command_from_end_to_end(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.gateway.late_s = 60.0
    asked = home.ask(reserve=33.3333, for_s=3600.0)
    home.run(7200)
    lines = [json.loads(line) for line in home.log_path.read_text().splitlines()]
    told = [(line["id"] == asked.record.id, line["outcome"], line["by"]) for line in lines]
    revert = f"end of {asked.record.id}"
    assert told == [
        (True, "pending", "192.0.2.7"),
        (True, "applied", "192.0.2.7"),
        (False, "pending", revert),
        (False, "applied", revert),
    ]
    assert lines[1] == asked.record.document()
    assert replace(asked.record, ended_s=None).document()["ended"] is None
