"""Writes a small file of ours: replaced whole or not at all, private from its first moment."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import tempfile
import time
from pathlib import Path

_END, _PRIVATE = ".tmp", 0o600
STRAY_S = 60.0
"""Nobody takes so long for a small file: who began it was killed."""


def write_private(path: Path, text: str) -> None:
    """Replace a file that nobody else may read; its folder is made where it is missing.

    What a writer of it left who was killed is removed: one who starts anew within a minute finds
    it too young, so looking once at the start is not enough.

    Raises:
        OSError: It cannot be written; what was there before is untouched.
    """
    make_private_folder(path.parent)
    remove_strays(path)
    replace_whole(path, text, _PRIVATE)


def replace_whole(path: Path, text: str, mode: int) -> None:
    """Replace a file, whole or not at all, in a folder that is there.

    Raises:
        OSError: It cannot be written; what was there before is untouched.
    """
    # mkstemp makes the file 0600 from its first moment.
    handle, name = tempfile.mkstemp(_END, f"{path.name}.", path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            if mode != _PRIVATE:
                os.fchmod(file.fileno(), mode)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def make_private_folder(folder: Path) -> None:
    """Make what is missing; mkdir's own `parents` would leave the upper ones open to all."""
    for missing in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)


def remove_strays(path: Path) -> None:
    """Remove what writers of this file left behind who were killed: it may hold secrets.

    Only what write_private would have made, so that no copy by somebody else is taken for it.
    """
    ours = re.compile(rf"{re.escape(path.name)}\.[a-z0-9_]{{8}}{re.escape(_END)}")
    with contextlib.suppress(OSError), os.scandir(path.parent) as found:
        for entry in found:
            if ours.fullmatch(entry.name) and _is_stray(entry.stat(follow_symlinks=False)):
                Path(entry.path).unlink()


def _is_stray(found: os.stat_result) -> bool:
    is_ours = found.st_mode == stat.S_IFREG | _PRIVATE and found.st_uid == os.geteuid()
    return is_ours and time.time() - found.st_mtime > STRAY_S
