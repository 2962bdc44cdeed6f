"""The files users already have: read as they are, written whole, and others' part in them kept."""

from __future__ import annotations

import json
import logging
import os
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.anyjson import JSON

from pypowerwall_core.backends.cloud.files import (
    AUTH_FILE,
    FILE_MOST,
    SITE_FILE,
    TokenFile,
    expires_at_s,
    store_site,
    stored_site,
    token,
)
from pypowerwall_core.errors import BadSetting

MINE, YOURS = "me@example.com", "you@example.com"
OLD = {"url": "https://auth.tesla.com/", "sso": {"access_token": "old", "refresh_token": "r1"}}
NEW = {"url": "https://auth.tesla.com/", "sso": {"access_token": "new", "refresh_token": "r2"}}
OTHER = {"url": "https://auth.tesla.cn/", "sso": {"access_token": "theirs", "more": [1, None]}}


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def file(tmp_path: Path) -> TokenFile:
    return TokenFile(tmp_path)


def write(file: TokenFile, document: Any) -> None:
    file.path.write_text(document if isinstance(document, str) else json.dumps(document))


# -- tokens ---------------------------------------------------------------------------------


def test_no_file_is_no_account_and_no_folder_is_made(tmp_path: Path) -> None:
    assert TokenFile(tmp_path / "a" / "b").load() == {}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["", " \n", "{}"])
def test_an_empty_file_holds_no_account(file: TokenFile, content: str) -> None:
    file.path.write_text(content)
    assert file.load() == {}


def test_the_first_account_comes_first(file: TokenFile) -> None:
    write(file, {YOURS: OTHER, MINE: OLD})
    assert list(file.load()) == [YOURS, MINE]
    file.save(MINE, NEW)
    assert list(file.load()) == [YOURS, MINE]


def test_what_is_saved_is_private_and_its_folder_too(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "er"
    TokenFile(folder).save(MINE, NEW)
    assert TokenFile(folder).load() == {MINE: NEW}
    assert stat.S_IMODE((folder / AUTH_FILE).stat().st_mode) == 0o600
    assert [stat.S_IMODE(p.stat().st_mode) for p in (folder, folder.parent)] == [0o700] * 2


def test_a_file_that_others_could_read_is_closed_to_them(file: TokenFile) -> None:
    write(file, {MINE: OLD})
    file.path.chmod(0o644)
    assert file.is_open_to_others()
    file.save(MINE, NEW)
    assert not file.is_open_to_others()
    assert not TokenFile(file.path / "no such folder").is_open_to_others()


def test_other_accounts_stay_as_they_are(file: TokenFile) -> None:
    write(file, {YOURS: OTHER, MINE: OLD, "odd": "no account", "number": 5})
    file.save(MINE, NEW)
    kept = json.loads(file.path.read_text())
    assert (kept[YOURS], kept[MINE]) == (OTHER, NEW)


def test_what_another_program_wrote_meanwhile_is_kept(file: TokenFile) -> None:
    write(file, {MINE: OLD})
    file.load()
    write(file, {MINE: OLD, YOURS: OTHER})
    file.save(MINE, NEW)
    assert file.load() == {MINE: NEW, YOURS: OTHER}


@pytest.mark.parametrize("step", range(7))
def test_a_kill_between_any_two_steps_leaves_the_old_or_the_new(
    file: TokenFile, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Tried before and after each call that touches the disk."""
    write(file, {MINE: OLD, YOURS: OTHER})
    at, calls = step, iter(range(99))

    def dies(call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*what: Any, **named: Any) -> Any:
            if next(calls) == at:
                raise Killed
            result = call(*what, **named)
            if next(calls) == at:
                raise Killed
            return result

        return wrapped

    monkeypatch.setattr("tempfile.mkstemp", dies(tempfile.mkstemp))
    monkeypatch.setattr("os.fsync", dies(os.fsync))
    monkeypatch.setattr(Path, "replace", dies(Path.replace))
    try:
        file.save(MINE, NEW)
    except Killed:
        pass
    else:
        assert step == 6
    monkeypatch.undo()
    assert file.load() in ({MINE: OLD, YOURS: OTHER}, {MINE: NEW, YOURS: OTHER})
    assert (file.load()[MINE] == NEW) == (step >= 5)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{", "it is no JSON"),
        (b'{"a": ', "it is no JSON"),
        (b"\xff\xfe\x00", "it is no JSON"),
        (b"[" * 200_000, "it is no JSON"),
        (b'{"a": "' + b"x" * FILE_MOST + b'"}', "it is no JSON"),
        (b"[]", "holds no accounts"),
        (b"null", "holds no accounts"),
        (b'"text"', "holds no accounts"),
    ],
)
def test_a_file_that_is_something_else_is_told_in_one_line_and_not_quoted(
    file: TokenFile, content: bytes, says: str
) -> None:
    file.path.write_bytes(content)
    with pytest.raises(BadSetting, match=says) as info:
        file.load()
    assert str(file.path) in str(info.value)
    assert "powerwall setup" in str(info.value)
    assert len(str(info.value)) < len(str(file.path)) + 100


def test_a_folder_in_its_place_is_told(file: TokenFile) -> None:
    file.path.mkdir()
    with pytest.raises(BadSetting, match="directory"):
        file.load()
    with pytest.raises(OSError, match="directory"):
        file.save(MINE, NEW)
    assert list(file.path.parent.iterdir()) == [file.path]


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_a_file_that_may_not_be_read_is_told(file: TokenFile) -> None:
    write(file, {MINE: OLD})
    file.path.chmod(0)
    with pytest.raises(BadSetting, match="denied"):
        file.load()


def test_new_tokens_are_worth_more_than_a_broken_file(
    file: TokenFile, caplog: pytest.LogCaptureFixture
) -> None:
    write(file, "{")
    file.save(MINE, NEW)
    assert file.load() == {MINE: NEW}
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "it is replaced" in record.getMessage()


@pytest.mark.parametrize(
    "document",
    [
        {"version": 1, "name": "another program"},
        {"access_token": "a", "refresh_token": "r"},
        {"tokens": {"access": "a"}, "expires": 5},
        ["a", 1],
        "text",
        5,
    ],
)
def test_what_another_program_keeps_under_our_name_is_left_alone(
    file: TokenFile, document: Any
) -> None:
    write(file, json.dumps(document, indent=3))
    before = file.path.read_bytes()
    with pytest.raises(BadSetting, match="holds no accounts; move it away"):
        file.load()
    with pytest.raises(FileExistsError, match="another program's"):
        file.save(MINE, NEW)
    assert file.path.read_bytes() == before
    assert list(file.path.parent.iterdir()) == [file.path]


def test_beside_an_account_everything_is_kept_to_the_letter_and_only_accounts_are_told(
    file: TokenFile,
) -> None:
    others = {"version": 3, "note": None, "plugin": {"a": [1]}, YOURS: OTHER, "x@y": {}}
    write(file, others)
    assert list(file.load()) == [YOURS, "x@y"]
    file.save(MINE, NEW)
    assert json.loads(file.path.read_text()) == {**others, MINE: NEW}


# -- what a kill leaves -----------------------------------------------------------------------


def left_behind(file: TokenFile, name: str, *, age_s: float = 3600.0, mode: int = 0o600) -> Path:
    path = file.path.with_name(name)
    path.write_text("tokens")
    path.chmod(mode)
    at_s = time.time() - age_s
    os.utime(path, (at_s, at_s))
    return path


def test_what_killed_writers_left_is_gone_after_the_next_save(file: TokenFile) -> None:
    code = (
        "import os, sys; from pathlib import Path\n"
        "from pypowerwall_core.backends.cloud.files import TokenFile\n"
        "os.fsync = lambda _: os._exit(9)\n"
        "TokenFile(Path(sys.argv[1])).save('me@example.com', {'sso': {}})"
    )
    command = [sys.executable, "-c", code, str(file.path.parent)]
    assert subprocess.run(command, check=False).returncode == 9  # noqa: S603 - our own program
    (stray,) = file.path.parent.iterdir()
    file.save(MINE, NEW)
    assert stray.exists()  # whoever writes it may still be at it
    os.utime(stray, (1.0, 1.0))
    file.save(MINE, NEW)
    assert list(file.path.parent.iterdir()) == [file.path]


@pytest.mark.parametrize(
    ("name", "about"),
    [
        (f"{AUTH_FILE}.original", {}),
        (f"{AUTH_FILE}.20261121", {}),
        (f"{AUTH_FILE}.tmp", {}),
        (f"{AUTH_FILE}.abcdefgh.tmp.bak", {}),
        (f"{AUTH_FILE}.ABCDEFGH.tmp", {}),
        (f"{AUTH_FILE}.abcdefg.tmp", {}),
        (f"x{AUTH_FILE}.abcdefgh.tmp", {}),
        (f"{AUTH_FILE}.abcdefgh.tmp", {"mode": 0o644}),
        (f"{AUTH_FILE}.abcdefgh.tmp", {"age_s": 30.0}),
        (f"{AUTH_FILE}.abcdefgh.tmp", {"age_s": -3600.0}),
    ],
)
def test_copies_that_people_made_and_writers_at_work_are_left_alone(
    file: TokenFile, name: str, about: dict[str, Any]
) -> None:
    kept = left_behind(file, name, **about)
    gone = left_behind(file, f"{SITE_FILE}.ab_de0gh.tmp")
    file.path.with_name(f"{AUTH_FILE}.zzzzzzzz.tmp").symlink_to(kept)
    file.path.with_name(f"{AUTH_FILE}.yyyyyyyy.tmp").mkdir()
    file.tidy()
    assert kept.read_text() == "tokens"
    assert not gone.exists()
    assert len(list(file.path.parent.iterdir())) == 3


@given(JSON)
def test_whatever_an_account_is_its_tokens_can_be_shown_or_are_none(document: Any) -> None:
    account = {"sso": document}
    assert expires_at_s(account) >= 0.0
    assert expires_at_s(account) + 60.0 < 1e12
    assert token(account, "access_token").isascii()


@pytest.mark.parametrize(
    ("written", "ends_s"),
    [
        (1_700_000_000, 1_700_000_000.0),
        (1_700_000_000.5, 1_700_000_000.5),
        (0, 0.0),
        (-5, 0.0),
        (None, 0.0),
        ("1700000000", 0.0),
        (True, 0.0),
        (float("nan"), 0.0),
        (float("inf"), 0.0),
        (10**400, 0.0),
        (1_700_000_000_000, 0.0),
    ],
)
def test_when_a_token_ends_is_a_time_or_now(written: Any, ends_s: float) -> None:
    assert expires_at_s({"sso": {"expires_at": written}}) == ends_s


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("ey.a-b_c", "ey.a-b_c"),
        (" NA_1\n", "NA_1"),
        ("NA_1\r\nX: y", ""),
        ("a b", ""),
        ("☀", ""),
        ("", ""),
        (None, ""),
        (5, ""),
    ],
)
def test_only_what_a_header_can_carry_is_a_token(written: Any, shown: str) -> None:
    assert token({"sso": {"access_token": written}}, "access_token") == shown


@pytest.mark.parametrize("account", [{}, {"sso": None}, {"sso": []}, {"sso": "text"}])
def test_an_account_without_tokens_has_none(account: dict[str, Any]) -> None:
    assert (token(account, "refresh_token"), expires_at_s(account)) == ("", 0.0)


# -- the site -------------------------------------------------------------------------------


def test_a_site_is_read_as_it_was_stored(tmp_path: Path) -> None:
    store_site(tmp_path / "new", 2_252_100_000_000_101)
    assert stored_site(tmp_path / "new") == 2_252_100_000_000_101
    assert stat.S_IMODE((tmp_path / "new" / SITE_FILE).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("content", "site"),
    [
        (b"123", 123),
        (b" 123\r\n", 123),
        (b"", None),
        (b"-5", None),
        (b"12.5", None),
        (b"site", None),
        ("١٢".encode(), None),
        (b"\xff", None),
        (b"1 " + b"x" * 10_000_000, None),
    ],
)
def test_a_site_is_a_number_or_none(tmp_path: Path, content: bytes, site: int | None) -> None:
    (tmp_path / SITE_FILE).write_bytes(content)
    assert stored_site(tmp_path) == site


def test_without_a_file_no_site_was_chosen(tmp_path: Path) -> None:
    assert stored_site(tmp_path) is None
    (tmp_path / SITE_FILE).mkdir()
    assert stored_site(tmp_path) is None


@given(st.integers(0, 10**19))
def test_every_number_of_a_site_comes_back(
    tmp_path_factory: pytest.TempPathFactory, site: int
) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / SITE_FILE).write_text(f"{site}")
    assert stored_site(folder) == site
