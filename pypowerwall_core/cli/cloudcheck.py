"""`powerwall setup -check`: whether cloud mode would work now, found out with few requests.

A request with each token that lasts. A new one is asked for only where cloud mode itself would
have to, for the account that it uses, and not where it could not be stored: who loses a refresh
token has to log in anew.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pypowerwall_core.backends.cloud.choice import EnergySite, choose, email_of, sites_of
from pypowerwall_core.backends.cloud.files import Account, TokenFile, stored_site
from pypowerwall_core.backends.cloud.reach import Reach, checked_authorities, reach
from pypowerwall_core.backends.cloud.reader import PRODUCTS_PATH
from pypowerwall_core.backends.cloud.regions import login_of
from pypowerwall_core.backends.cloud.session import CloudSession
from pypowerwall_core.backends.cloud.storing import uninterrupted, unwritable
from pypowerwall_core.backends.cloud.tokenfacts import TokenFacts, facts_of
from pypowerwall_core.errors import (
    BadCredentials,
    BadSetting,
    Forbidden,
    LogInAgain,
    PowerwallError,
    RateLimited,
    outcome_of,
)
from pypowerwall_core.redact import Secrets
from pypowerwall_core.settings.cloud import CloudSettings

from .cloudwords import DATA, LOGIN, in_words

NOT_ASKED = "not_asked"
_PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """The file of the tokens.

    Attributes:
        mode: Its permissions; None without it.
        trouble: Why nothing can be read from it, or written into its folder; "" where it can.
    """

    path: Path
    mode: int | None = None
    open_to_others: bool = False
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class AccountReport:
    """An account in the file.

    Attributes:
        in_use: Cloud mode would use it.
        refreshed: A new access token was asked for, and stored.
        request: How the one request ended: ok, not_asked, or outcome_of its error.
        trouble: Why it is not ok; "" where there is no reason.
        sites: What the account has.
    """

    email: str
    in_use: bool
    facts: TokenFacts
    refreshed: bool = False
    request: str = NOT_ASKED
    trouble: str = ""
    remedy: str = ""
    sites: tuple[EnergySite, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """All that was found.

    Attributes:
        now_s: When, seconds since 1970.
        site: What cloud mode would show; None where that is not known.
        site_by: What chose it.
        troubles: What else keeps cloud mode from working.
    """

    now_s: float
    file: StoredFile
    servers: Mapping[str, Reach] = field(default_factory=dict)
    accounts: tuple[AccountReport, ...] = ()
    site: EnergySite | None = None
    site_by: str = ""
    troubles: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def works(self) -> bool:
        """Whether cloud mode would work."""
        return self.site is not None and not self.troubles


def examine(
    settings: CloudSettings,
    secrets: Secrets,
    *,
    environ: Mapping[str, str] = os.environ,
    clock: Callable[[], float] = time.time,
) -> Report:
    """Look at the file, reach the servers, and ask for the sites of the accounts.

    Raises:
        BadSetting: PW_CLOUD_CA cannot be read.
    """
    tokens = TokenFile(settings.folder)
    accounts, file = _file(tokens)
    troubles = [file.trouble] if file.trouble else []
    used = ""
    try:
        used = "" if file.trouble else email_of(settings.email, accounts)
    except BadSetting as error:
        troubles.append(f"{error}")
    servers = _reached(settings, accounts.get(used, {}))
    reports = tuple(_examined(_Subjects(settings, secrets, tokens, clock), accounts, used))
    site, site_by, trouble = _site(settings, reports)
    return Report(
        clock(),
        file,
        servers,
        reports,
        site,
        site_by,
        tuple([*troubles, trouble] if trouble else troubles),
        tuple(_notes(file, servers, environ)),
    )


def _file(tokens: TokenFile) -> tuple[dict[str, Account], StoredFile]:
    mode: int | None = None
    try:
        with contextlib.suppress(OSError):
            mode = tokens.path.stat().st_mode & 0o777
        accounts, trouble = tokens.load(), ""
    except BadSetting as error:
        accounts, trouble = {}, f"{error}"
    return accounts, StoredFile(tokens.path, mode, tokens.is_open_to_others(), trouble)


def _reached(settings: CloudSettings, account: Account) -> dict[str, Reach]:
    url = str(account.get("url") or "")
    servers = settings.servers(url)
    checked_authorities(servers.ca_file)
    return {
        name: reach(address, ca_file=servers.ca_file, timeout_s=settings.timeout_s)
        for name, address in (
            (LOGIN, servers.sso or login_of(url)),
            (DATA, servers.api),
        )
    }


@dataclass(frozen=True, slots=True)
class _Subjects:
    """What the accounts are examined with."""

    settings: CloudSettings
    secrets: Secrets
    tokens: TokenFile
    clock: Callable[[], float]

    def session(self, email: str, account: Account) -> CloudSession:
        servers = self.settings.servers(str(account.get("url") or ""))
        return CloudSession(
            email, self.tokens, servers, self.secrets, self.settings.timeout_s, self.clock
        )


def _examined(
    subjects: _Subjects, accounts: Mapping[str, Account], used: str
) -> Iterator[AccountReport]:
    """Examine one after the other, the one in use first; who is told to go away stops asking."""
    is_refused = False
    for email in sorted(accounts, key=lambda one: one != used):
        account = accounts[email]
        if is_refused:
            yield AccountReport(email, in_use=False, facts=facts_of(account))
            continue
        report, error = _asked(subjects, email, account, in_use=email == used)
        is_refused = isinstance(error, RateLimited | Forbidden)
        yield report


def _asked(
    subjects: _Subjects, email: str, account: Account, *, in_use: bool
) -> tuple[AccountReport, PowerwallError | None]:
    session = subjects.session(email, account)
    asking = _Asking(session, subjects.settings.folder, may_refresh=in_use)
    error: PowerwallError | None = None
    sites: list[EnergySite] = []
    try:
        sites = sites_of(asking.products())
    except PowerwallError as raised:
        error = raised
    finally:
        session.close()
    said = error and in_words(error, asking.at)
    facts = facts_of(subjects.tokens.load().get(email, account))
    request = outcome_of(error) if asking.has_asked or error is None else NOT_ASKED
    return AccountReport(
        email,
        in_use,
        facts,
        asking.has_refreshed,
        request,
        subjects.secrets.masked(f"{said}") if said else "",
        said.remedy if said else "",
        tuple(sites),
    ), error


@dataclass(slots=True)
class _Asking:
    """The one request of an account, and at most one refresh before it.

    Attributes:
        at: Who was asked last: the login or the data.
    """

    session: CloudSession
    folder: Path
    may_refresh: bool
    at: str = DATA
    has_asked: bool = False
    has_refreshed: bool = False

    def products(self) -> object:
        """Return the products of the account."""
        if not self.session.has_session:
            self._refresh("its token has ended")
        try:
            return self._products()
        except LogInAgain:
            if self.has_refreshed:
                raise
            self._refresh("Tesla does not take its token any more, before its time (HTTP 401)")
            return self._products()

    def _products(self) -> object:
        self.at, self.has_asked = DATA, True
        return self.session.get(PRODUCTS_PATH)

    def _refresh(self, why: str) -> None:
        if not self.may_refresh:
            raise BadCredentials(f"{why}; it gets a new one when it is used")
        if (reason := unwritable(self.folder)) is not None:
            raise BadCredentials(
                f"{why}, and a new one could not be stored: {reason}",
                remedy="Make PW_AUTH_PATH writable; until then nothing is asked for.",
            )
        self.at, self.has_asked = LOGIN, True
        with uninterrupted():
            self.session.login()
        self.has_refreshed = True


def _site(
    settings: CloudSettings, reports: tuple[AccountReport, ...]
) -> tuple[EnergySite | None, str, str]:
    """Return the site cloud mode would show, what chose it, and what keeps it from showing."""
    used = next((one for one in reports if one.in_use), None)
    if used is None or used.request != "ok":
        return None, "", ""
    wanted, stored = settings.site_id, stored_site(settings.folder)
    by = "PW_SITEID" if wanted else ".pypowerwall.site" if stored is not None else "default"
    try:
        return choose(used.sites, wanted, stored), by, ""
    except BadSetting as error:
        return None, by, f"{error}"


def _notes(
    file: StoredFile, servers: Mapping[str, Reach], environ: Mapping[str, str]
) -> Iterator[str]:
    if file.open_to_others:
        yield f"others on this machine can read the tokens: chmod 600 {file.path}"
    if file.mode is not None and (reason := unwritable(file.path.parent)) is not None:
        yield (
            f"new tokens cannot be stored in {file.path.parent}: {reason}. Tesla gives them every "
            "8 hours, and wants a new login when they are lost"
        )
    if any(seen.http == "HTTP/1.1" for seen in servers.values()):
        yield "HTTP/2 is not spoken on the way; Tesla refuses tokens asked for by HTTP/1.1"
    for name in _PROXIES:
        if environ.get(name):
            yield f"{name} is set, and not used: Tesla is asked directly"
