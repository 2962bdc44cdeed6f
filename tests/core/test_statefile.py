"""Small files of ours: nothing is left lying about, and a disk that hangs costs two threads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from itertools import count
from pathlib import Path

import pytest

from pypowerwall_core.statefile import StateFile

PLENTY_S = 10.0
KILLED = 9
KILLED_WRITER = (
    "import os, sys; from pathlib import Path\n"
    "from pypowerwall_core.backends.local.sessionfile import SessionFile\n"
    f"os.fsync = lambda _: os._exit({KILLED})\n"
    "SessionFile(Path(sys.argv[1])).save({'AuthCookie': 'abc=='})"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".powerwall"


def file_at(path: Path | None) -> StateFile:
    return StateFile(path, what="file", otherwise="it is forgotten")


# -- what a power cut leaves ------------------------------------------------------------------


def killed_in_the_middle_of_writing(path: Path) -> Path:
    command = [sys.executable, "-c", KILLED_WRITER, str(path)]
    assert subprocess.run(command, check=False).returncode == KILLED  # noqa: S603 - our own program
    (stray,) = path.parent.iterdir()
    return stray


def test_the_next_start_removes_what_a_power_cut_left(path: Path) -> None:
    stray = killed_in_the_middle_of_writing(path)
    assert "abc==" in stray.read_text()
    assert file_at(path).load() is None
    assert stray.exists()  # whoever writes it may still be at it
    os.utime(stray, (1.0, 1.0))
    assert file_at(path).load() is None
    assert not stray.exists()


def test_who_started_too_early_to_know_it_for_a_stray_removes_it_when_writing(path: Path) -> None:
    stray = killed_in_the_middle_of_writing(path)
    file = file_at(path)
    file.load()
    os.utime(stray, (1.0, 1.0))
    assert file.save({"a": 1})
    assert list(path.parent.iterdir()) == [path]


def test_a_file_leaves_those_of_its_neighbours_alone(path: Path) -> None:
    others = [
        path.with_name(name)
        for name in (".powerwall.commands", ".powerwall.commands.abcdefgh.tmp", ".other.tmp")
    ]
    for other in others:
        other.write_text("{}")
        other.chmod(0o600)
        os.utime(other, (1.0, 1.0))
    file_at(path).load()
    assert all(other.exists() for other in others)


# -- a disk that hangs ------------------------------------------------------------------------


class Hanging:
    """What is to be stored, on a disk that does not answer until it is released."""

    def __init__(self) -> None:
        self.newest = 0
        self.asked = 0
        self.hangs = threading.Event()
        self.goes_on = threading.Event()

    def document(self) -> int:
        self.asked += 1
        newest = self.newest
        self.hangs.set()
        assert self.goes_on.wait(PLENTY_S)
        return newest


def writers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "hanging"]


def test_changes_while_a_disk_hangs_start_one_more_thread_and_no_third(path: Path) -> None:
    file, hanging = file_at(path), Hanging()
    file.save_soon(hanging.document, "hanging")
    assert hanging.hangs.wait(PLENTY_S)
    for hanging.newest in range(1, 51):
        file.save_soon(hanging.document, "hanging")
    waiting = len(writers())
    hanging.goes_on.set()
    file.flush(PLENTY_S)
    assert waiting == 2
    assert json.loads(path.read_text()) == 50, "the one that waited stores the newest"
    assert hanging.asked == 2


def test_a_change_after_the_last_was_stored_is_stored_as_well(path: Path) -> None:
    file, numbers = file_at(path), count()
    for n in range(5):
        file.save_soon(numbers.__next__, "hanging")
        file.flush(PLENTY_S)
        assert json.loads(path.read_text()) == n


def test_a_bug_in_what_is_stored_does_not_end_the_storing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raised: list[str] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: raised.append(str(args.exc_value)))

    def bug() -> int:
        raise ValueError("bug")

    file = file_at(path)
    file.save_soon(bug, "hanging")
    file.flush(PLENTY_S)
    file.save_soon(lambda: 7, "hanging")
    file.flush(PLENTY_S)
    assert (raised, json.loads(path.read_text())) == (["bug"], 7)
