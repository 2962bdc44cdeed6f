"""A small JSON file of ours, for nobody else to read."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .privatefile import remove_strays, write_private

FLUSH_S = 1.0
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
        self._writers: list[threading.Thread] = []
        self._writing = threading.Lock()
        self._starting = threading.Lock()
        self._is_waiting = False

    def load(self) -> Any:
        """Return the stored document, or None when there is none that can be read."""
        if self.path is None:
            return None
        remove_strays(self.path)
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

    def save(self, document: Any) -> bool:
        """Store a document; a folder that cannot be written is said once and is no failure.

        True when it is stored.
        """
        if self.path is None:
            return False
        try:
            write_private(self.path, json.dumps(document))
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
            return False
        self._complained = False
        return True

    def save_soon(self, document: Callable[[], Any], name: str) -> None:
        """Store what `document` returns by then; nobody waits for a flash card.

        While one thread writes, at most one waits: it stores the newest, however often it has
        changed. A disk that hangs for a day costs two threads.
        """
        with self._starting:
            if self._is_waiting:
                return
            thread = threading.Thread(
                target=self._save_newest, args=(document,), name=name, daemon=True
            )
            thread.start()
            self._is_waiting = True
            self._writers = [*(one for one in self._writers if one.is_alive()), thread]

    def _save_newest(self, document: Callable[[], Any]) -> None:
        with self._writing:
            # What changes from here on is for the next one.
            with self._starting:
                self._is_waiting = False
            self.save(document())

    def flush(self, within_s: float = FLUSH_S) -> None:
        """Wait for what is being stored: a process that ends halfway would leave a stray file."""
        for thread in self._writers:
            thread.join(within_s)
