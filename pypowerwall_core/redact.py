"""Keeps secrets out of the log: the one filter every record passes.

It learns passwords when settings are read and session tokens when they are issued, so
that no careless line, traceback or library can print one.
"""

from __future__ import annotations

import logging
import threading

MASK = "***"
SHORTEST = 3
"""Shorter texts would blank out half of every line and hide nothing worth hiding."""
MOST = 64
"""Session tokens change daily at most; the oldest are forgotten."""


class Secrets:
    """The texts that must never be written."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, None] = {}

    def hide(self, secret: str | None) -> None:
        """Remember a secret."""
        if secret is None or len(secret) < SHORTEST:
            return
        with self._lock:
            self._known.pop(secret, None)
            self._known[secret] = None
            while len(self._known) > MOST:
                del self._known[next(iter(self._known))]

    def masked(self, text: str) -> str:
        """Return a text without any secret, the longest replaced first."""
        for secret in sorted(self._known, key=len, reverse=True):
            text = text.replace(secret, MASK)
        return text


class RedactingFilter(logging.Filter):
    """Replaces secrets in a record's message and traceback."""

    def __init__(self, secrets: Secrets) -> None:
        super().__init__()
        self._secrets = secrets

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask the record in place; it is always kept."""
        record.msg = self._secrets.masked(record.getMessage())
        record.args = None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = self._secrets.masked(record.exc_text)
        return True
