"""A small JSON file of ours: 0600 from its first moment, replaced whole or not at all."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import tempfile
from pathlib import Path
from typing import Any

_log = logging.getLogger(__name__)


class StateFile:
    """One file, or none (path None: what it would hold lives in memory only).

    Attributes:
        what: What a log line calls it.
        otherwise: What follows when it cannot be written.
    """

    def __init__(self, path: Path | None, *, what: str, otherwise: str) -> None:
        self.path = path
        self.what = what
        self.otherwise = otherwise
        self._complained = False

    def load(self) -> Any:
        """Return the stored document, or None when there is none that can be read."""
        if self.path is None:
            return None
        try:
            document = json.loads(self.path.read_text("utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            self.ignore(error)
            return None
        if document is None:
            self.ignore("it is empty")
        return document

    def ignore(self, reason: object) -> None:
        """Say that what is stored is of no use."""
        _log.warning("%s %s is ignored and will be replaced: %s", self.what, self.path, reason)

    def save(self, document: Any) -> None:
        """Store a document; a folder that cannot be written is said once and is no failure."""
        if self.path is None:
            return
        try:
            _make_folder(self.path.parent)
            _replace(self.path, json.dumps(document))
            self._complained = False
        except OSError as error:
            if not self._complained:
                _log.warning(
                    "%s %s cannot be written (%s): %s. Set PW_CACHE_FILE to a writable place.",
                    self.what,
                    self.path,
                    error.strerror,
                    self.otherwise,
                )
            self._complained = True


def _make_folder(folder: Path) -> None:
    """Make what is missing; mkdir's own `parents` would leave the upper ones open to all."""
    for missing in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)


def _replace(path: Path, text: str) -> None:
    # mkstemp makes the file 0600 from its first moment.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
