"""The gateway session on disk, so that a restart does not log in again.

The format is the one existing installations have: {"AuthCookie", "UserRecord"} or
{"Authorization": "Bearer ..."}.
"""

from __future__ import annotations

from pathlib import Path

from pypowerwall_core.statefile import StateFile

COOKIES = ("AuthCookie", "UserRecord")
BEARER = "Authorization"


class SessionFile:
    """One file, or none (path None: the session lives in memory only)."""

    def __init__(self, path: Path | None) -> None:
        self._file = StateFile(
            path, what="session file", otherwise="every restart will log in again"
        )

    def load(self) -> dict[str, str]:
        """Return the stored session, or {} when there is none that can be used."""
        stored = self._file.load()
        session = _usable(stored)
        if stored is not None and not session:
            self._file.ignore("it holds no session")
        return session

    def save(self, session: dict[str, str]) -> None:
        """Store a session; a folder that cannot be written is said once and is no failure."""
        self._file.save(session)


def _usable(stored: object) -> dict[str, str]:
    fields = stored if isinstance(stored, dict) else {}
    texts = {key: value for key, value in fields.items() if _fits_a_header(value)}
    if BEARER in texts:
        return {BEARER: texts[BEARER]}
    # AuthCookie alone is enough for the gateway.
    if COOKIES[0] in texts:
        return {key: texts[key] for key in COOKIES if key in texts}
    return {}


def _fits_a_header(value: object) -> bool:
    return isinstance(value, str) and value != "" and value.isascii() and value.isprintable()
