"""The session on disk: private, whole or not there, and never a reason to fail."""

from __future__ import annotations

import json
import logging
import os
import stat
from pathlib import Path

import pytest

from pypowerwall_core.backends.local.sessionfile import SessionFile

COOKIES = {"AuthCookie": "abc==", "UserRecord": "def"}
BEARER = {"Authorization": "Bearer abc=="}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "session.json"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("session", [COOKIES, BEARER, {"AuthCookie": "abc=="}])
def test_a_session_comes_back_after_a_restart(path: Path, session: dict[str, str]) -> None:
    SessionFile(path).save(session)
    assert SessionFile(path).load() == session


@pytest.mark.parametrize(
    ("stored", "session"),
    [
        (COOKIES, COOKIES),
        (BEARER, BEARER),
        (COOKIES | BEARER, BEARER),
        (COOKIES | {"more": 1, "UserRecord": None}, {"AuthCookie": "abc=="}),
        (COOKIES | {"Authorization": ""}, COOKIES),
        (COOKIES | {"UserRecord": "a\r\nb"}, {"AuthCookie": "abc=="}),
    ],
)
def test_files_of_existing_installations_are_read(
    path: Path,
    stored: dict[str, object],
    session: dict[str, str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    path.write_text(json.dumps(stored))
    assert SessionFile(path).load() == session
    assert caplog.records == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"{}",
        b'"AuthCookie"',
        b"[" * 200_000,
        b"\xff\xfe",
        b'{"UserRecord": "alone"}',
        b'{"AuthCookie": 5}',
        b'{"AuthCookie": ""}',
        b'{"AuthCookie": "a\\nSet-Cookie: b"}',
        '{"Authorization": "Bearer ☀"}'.encode(),
    ],
)
def test_a_broken_file_is_ignored_with_one_line(
    path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_bytes(content)
    assert SessionFile(path).load() == {}
    (record,) = caplog.records
    assert str(path) in record.getMessage()
    assert len(record.getMessage().splitlines()) == 1


def test_a_folder_in_the_place_of_the_file_is_ignored_with_one_line(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.mkdir()
    file = SessionFile(path)
    assert file.load() == {}
    assert len(caplog.records) == 1
    file.save(COOKIES)
    file.save(COOKIES)
    assert len(caplog.records) == 2
    assert list(path.parent.iterdir()) == [path]


def test_no_file_is_no_news(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert SessionFile(path).load() == {}
    assert SessionFile(path / "a" / "b").load() == {}
    assert caplog.records == []


def test_without_a_path_nothing_is_stored(caplog: pytest.LogCaptureFixture) -> None:
    file = SessionFile(None)
    file.save(COOKIES)
    assert file.load() == {}
    assert caplog.records == []


@pytest.mark.parametrize("umask", [0o000, 0o077, 0o022])
def test_nobody_else_can_read_the_file_or_the_folders_made_for_it(
    tmp_path: Path, umask: int
) -> None:
    path = tmp_path / "a" / "b" / "session.json"
    before = os.umask(umask)
    try:
        SessionFile(path).save(COOKIES)
    finally:
        os.umask(before)
    assert (mode(path), mode(path.parent), mode(path.parent.parent)) == (0o600, 0o700, 0o700)


def test_a_file_that_others_could_read_is_closed_to_them(path: Path) -> None:
    path.write_text(json.dumps(COOKIES))
    path.chmod(0o644)
    SessionFile(path).save(BEARER)
    assert mode(path) == 0o600
    assert SessionFile(path).load() == BEARER


def test_folders_that_were_there_are_left_as_they_are(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    SessionFile(tmp_path / "session.json").save(COOKIES)
    assert mode(tmp_path) == 0o755


def test_a_full_disk_leaves_the_old_session_whole(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    file = SessionFile(path)
    file.save(COOKIES)
    monkeypatch.setattr(os, "fsync", full)
    file.save(BEARER)
    file.save(BEARER)
    assert SessionFile(path).load() == COOKIES
    assert list(path.parent.iterdir()) == [path]
    (record,) = caplog.records
    assert "No space left on device" in record.getMessage()
    assert "PW_CACHE_FILE" in record.getMessage()


def test_an_end_in_the_middle_of_writing_leaves_the_old_session_whole(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(_handle: int) -> None:
        raise KeyboardInterrupt

    SessionFile(path).save(COOKIES)
    monkeypatch.setattr(os, "fsync", ended)
    with pytest.raises(KeyboardInterrupt):
        SessionFile(path).save(BEARER)
    assert SessionFile(path).load() == COOKIES
    assert list(path.parent.iterdir()) == [path]


def test_the_new_session_is_on_the_disk_before_it_takes_the_place_of_the_old_one(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[set[tuple[str, int]]] = []
    flush = os.fsync

    def watched(handle: int) -> None:
        flush(handle)
        seen.append({(one.read_text(), mode(one)) for one in path.parent.iterdir()})

    SessionFile(path).save(COOKIES)
    monkeypatch.setattr(os, "fsync", watched)
    SessionFile(path).save(BEARER)
    assert seen == [{(json.dumps(COOKIES), 0o600), (json.dumps(BEARER), 0o600)}]
    assert SessionFile(path).load() == BEARER


def test_a_place_that_cannot_be_written_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    file = SessionFile(blocked / "folder" / "session.json")
    for _ in range(3):
        file.save(COOKIES)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "every restart will log in again" in record.getMessage()
    assert "abc" not in caplog.text


def test_a_place_that_was_written_meanwhile_is_said_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "folder"
    file = SessionFile(folder / "session.json")
    for _ in range(2):
        folder.write_text("in the way")
        file.save(COOKIES)
        folder.unlink()
        file.save(COOKIES)
        (folder / "session.json").unlink()
        folder.rmdir()
    assert len(caplog.records) == 2
