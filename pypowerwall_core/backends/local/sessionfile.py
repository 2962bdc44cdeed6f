"""The gateway session on disk, so that a restart does not log in again.

The format is the one existing installations have: {"AuthCookie", "UserRecord"} or
{"Authorization": "Bearer ..."}. Mode 0600, replaced whole or not at all.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import tempfile
from pathlib import Path

_log = logging.getLogger(__name__)

COOKIES = ("AuthCookie", "UserRecord")
BEARER = "Authorization"


class SessionFile:
    """One file, or none (path None: the session lives in memory only)."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._complained = False

    def load(self) -> dict[str, str]:
        """Return the stored session, or {} when there is none that can be used."""
        if self._path is None:
            return {}
        try:
            return _usable(json.loads(self._path.read_text("utf-8")))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:
            _log.warning("session file %s is ignored and will be replaced: %s", self._path, error)
            return {}

    def save(self, session: dict[str, str]) -> None:
        """Store a session; a folder that cannot be written is said once and is no failure."""
        if self._path is None:
            return
        try:
            _make_folder(self._path.parent)
            _replace(self._path, json.dumps(session))
            self._complained = False
        except OSError as error:
            if not self._complained:
                _log.warning(
                    "session file %s cannot be written (%s): every restart will log in again. "
                    "Set PW_CACHE_FILE to a writable place.",
                    self._path,
                    error.strerror,
                )
            self._complained = True


def _usable(stored: object) -> dict[str, str]:
    fields = stored if isinstance(stored, dict) else {}
    texts = {key: value for key, value in fields.items() if _fits_a_header(value)}
    if BEARER in texts:
        return {BEARER: texts[BEARER]}
    # AuthCookie alone is enough for the gateway.
    if COOKIES[0] in texts:
        return {key: texts[key] for key in COOKIES if key in texts}
    raise ValueError("it holds no session")


def _fits_a_header(value: object) -> bool:
    return isinstance(value, str) and value != "" and value.isascii() and value.isprintable()


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
