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
        self._settings: dict[str, None] = {}
        self._tokens: dict[str, None] = {}
        self._longest_first: tuple[str, ...] = ()

    def hide(self, secret: str | None) -> None:
        """Remember a secret that somebody set; it is never forgotten."""
        self._remember(self._settings, secret)

    def hide_token(self, token: str | None) -> None:
        """Remember a secret that an upstream issued, until many newer ones came."""
        self._remember(self._tokens, token)

    def masked(self, text: str) -> str:
        """Return a text without any secret, the longest replaced first."""
        for secret in self._longest_first:
            text = text.replace(secret, MASK)
        return text

    def _remember(self, known: dict[str, None], secret: str | None) -> None:
        if secret is None or len(secret) < SHORTEST:
            return
        with self._lock:
            known.pop(secret, None)
            known[secret] = None
            while len(self._tokens) > MOST:
                del self._tokens[next(iter(self._tokens))]
            everything = self._settings | self._tokens
            self._longest_first = tuple(sorted(everything, key=len, reverse=True))


class RedactingFilter(logging.Filter):
    """Replaces secrets in a record's message and traceback."""

    def __init__(self, secrets: Secrets) -> None:
        super().__init__()
        self._secrets = secrets

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask the record in place; it is always kept."""
        record.msg = self._secrets.masked(_message(record))
        record.args = None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = self._secrets.masked(record.exc_text)
        if record.stack_info:
            record.stack_info = self._secrets.masked(record.stack_info)
        return True


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - a filter that raises would break whoever logs
        return f"{record.msg} (its arguments do not fit)"
