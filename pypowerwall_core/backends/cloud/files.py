"""The files users already have: Tesla's tokens, and which site of an account is meant.

`.pypowerwall.auth` maps e-mail addresses to {"url": the login's server, "sso": the tokens};
`.pypowerwall.site` is the number of a site. Other programs read and write them too.
"""

from __future__ import annotations

import errno
import json
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pypowerwall_core.errors import BadSetting
from pypowerwall_core.fields import mapping, number, text
from pypowerwall_core.privatefile import remove_strays, write_private

AUTH_FILE = ".pypowerwall.auth"
SITE_FILE = ".pypowerwall.site"
FILE_MOST = 2**20
SITE_MOST = 100
_OTHERS = 0o077
_TIME_MOST_S = 1e11
"""Later is a time in other units, or none."""
_TOKEN = re.compile(r"[!-~]+")
_log = logging.getLogger(__name__)

Account = dict[str, Any]
Stamp = tuple[int, int, int] | None
"""Of a file, None without one."""


class SomebodyElses(BadSetting):
    """The file is JSON in good order, and none of Tesla's tokens: another program's."""


class TokenFile:
    """The tokens of one folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / AUTH_FILE

    def load(self) -> dict[str, Account]:
        """Return what is stored for each e-mail address; empty without a file.

        Raises:
            BadSetting: It cannot be read, or is something else.
        """
        written = self._read()
        return {email: dict(entry) for email, entry in written.items() if _is_account(email, entry)}

    def save(self, email: str, account: Mapping[str, Any]) -> None:
        """Store one account; all else stays as it is, whoever has written it meanwhile.

        The file is replaced whole, 0600: a refresh token is valid once, and half a file would
        lock its owner out.

        Raises:
            OSError: It cannot be written, or is another program's; what was there before is
                untouched.
        """
        try:
            stored = self._read()
        except SomebodyElses as error:
            raise FileExistsError(errno.EEXIST, "it is another program's", self.path) from error
        except BadSetting as error:
            _log.warning("%s: it is replaced", error)
            stored = {}
        write_private(self.path, json.dumps({**stored, email: dict(account)}))

    def tidy(self) -> None:
        """Remove what a killed writer of these files left: whole tokens, under another name."""
        for name in (AUTH_FILE, SITE_FILE):
            remove_strays(self.path.with_name(name))

    def stamp(self) -> Stamp:
        """Return what differs once somebody has written it: time, length and place on the disk."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self) -> dict[str, Any]:
        try:
            with self.path.open("rb") as file:
                written = file.read(FILE_MOST)
            # Nothing is what an interrupted write of other programs leaves.
            document = json.loads(written) if written.strip() else {}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:
            raise BadSetting(
                f"{self.path} cannot be read: {_reason(error)}; run `powerwall setup` again"
            ) from error
        if document == {}:
            return {}
        if isinstance(document, dict) and any(_is_account(*entry) for entry in document.items()):
            return document
        kind = SomebodyElses if document else BadSetting
        raise kind(f"{self.path} holds no accounts; move it away and run `powerwall setup`")

    def is_open_to_others(self) -> bool:
        """Whether others on this machine can read the tokens."""
        try:
            return bool(self.path.stat().st_mode & _OTHERS)
        except OSError:
            return False


def _is_account(email: str, entry: Any) -> bool:
    return isinstance(entry, dict) and ("sso" in entry or "@" in email)


def expires_at_s(account: Mapping[str, Any]) -> float:
    """Return when an access token ends, seconds since 1970; 0 means: refresh before use."""
    ends_s = number(mapping(account.get("sso")).get("expires_at"))
    return float(ends_s) if ends_s is not None and 0 < ends_s < _TIME_MOST_S else 0.0


def token(account: Mapping[str, Any], name: str) -> str:
    """Return access_token or refresh_token, "" without one that could be shown to Tesla.

    A line break from pasting must not reach a header: the library's complaint shows all of it.
    """
    written = (text(mapping(account.get("sso")).get(name)) or "").strip()
    return written if _TOKEN.fullmatch(written) else ""


def stored_site(folder: Path) -> int | None:
    """Return the site that was chosen when the account was set up, None where none was."""
    try:
        with (folder / SITE_FILE).open("rb") as file:
            written = file.read(SITE_MOST).strip()
    except OSError:
        return None
    return int(written) if written.isdigit() else None


def store_site(folder: Path, site_id: int) -> None:
    """Remember a site.

    Raises:
        OSError: It cannot be written.
    """
    write_private(folder / SITE_FILE, f"{site_id}")


def _reason(error: Exception) -> object:
    return error.strerror if isinstance(error, OSError) else "it is no JSON"
