"""The log of commands: one JSON line per outcome, rotated, for nobody else to read."""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections import deque
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from .commands import Record
from .privatefile import make_private_folder
from .stored import record_of_line

SIZE_MOST = 1_000_000
OLD = 2
REMEMBERED = 200
_log = logging.getLogger(__name__)


class CommandLog:
    """One file and two old ones, or none (path None)."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._complained = False

    def append(self, record: Record) -> None:
        """Add a line; a folder that cannot be written is said once and is no failure."""
        if self.path is None:
            return
        line = json.dumps(record.document(), allow_nan=False) + "\n"
        try:
            self._rotate(len(line))
            _append(self.path, line)
            self._complained = False
        except OSError as error:
            if not self._complained:
                _log.warning(
                    "command log %s cannot be written (%s): commands are remembered in memory "
                    "only. Set PW_CACHE_FILE to a writable place.",
                    self.path,
                    error.strerror,
                )
            self._complained = True

    def load(self) -> dict[str, Record]:
        """Return the newest records by name, oldest first, each as its last line tells it."""
        lines = deque(self._lines(), maxlen=2 * REMEMBERED)
        found: dict[str, Record] = {}
        for line in lines:
            # A line may have been cut off by a crash.
            with contextlib.suppress(ValueError, OverflowError, RecursionError):
                record = record_of_line(json.loads(line))
                found[record.id] = record
        return dict(list(found.items())[-REMEMBERED:])

    def _lines(self) -> Iterator[bytes]:
        if self.path is None:
            return
        for path in (*reversed(_old(self.path)), self.path):
            with contextlib.suppress(OSError), path.open("rb") as file:
                # Not by lines: a file of somebody else's may be one line of any length.
                yield from file.read(2 * SIZE_MOST).splitlines()

    def _rotate(self, more: int) -> None:
        assert self.path is not None  # noqa: S101 - append has seen it
        try:
            size = self.path.stat().st_size
        except FileNotFoundError:
            return
        if size + more <= SIZE_MOST:
            return
        paths = [self.path, *_old(self.path)]
        for newer, older in reversed(list(pairwise(paths))):
            with contextlib.suppress(FileNotFoundError):
                newer.replace(older)


def _old(path: Path) -> list[Path]:
    return [path.with_name(f"{path.name}.{n + 1}") for n in range(OLD)]


def _append(path: Path, line: str) -> None:
    make_private_folder(path.parent)
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "ab") as file:
        os.fchmod(handle, 0o600)
        # What a crash has cut off ends here, and spoils no other line.
        is_torn = file.tell() > 0 and os.pread(handle, 1, file.tell() - 1) != b"\n"
        file.write((b"\n" if is_torn else b"") + line.encode("ascii"))
        file.flush()
        os.fsync(handle)
