"""What can be read from Tesla's cloud about one site: one row per call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pypowerwall_core import payloads
from pypowerwall_core.claims import Claim, plain
from pypowerwall_core.errors import (
    BadSetting,
    NotServed,
    NotSetUp,
    PowerwallError,
    Unexplained,
    Unwell,
)
from pypowerwall_core.policy import Source

from . import claims
from .choice import EnergySite, choose, sites_of
from .session import CloudSession

PRODUCTS_PATH = "/api/1/products"
SITE_PATH = "/api/1/energy_sites/{id}/{call}"
LIVE_S = 15.0
LIVE_LEAST_S = 5.0
"""Tesla's own data is renewed every few ten seconds; asking more often brings nothing."""
SITE_S = 60.0
SLOW_S = 300.0
SLOWER_S = 900.0
SELDOM_S = 3600.0
KEEP_S = 300.0
"""The cloud is some minutes behind anyway."""
LANGUAGE = {"language": "en"}
LIFETIME = {"kind": "energy", "period": "lifetime"}


@dataclass(frozen=True, slots=True)
class Row:
    """A call and how it is treated.

    Attributes:
        call: Behind the site's path; "" for the products of the account.
    """

    name: str
    call: str
    fresh_s: float
    params: Mapping[str, str] = field(default_factory=dict)
    core: bool = False
    identity: bool = False
    on_demand: bool = False


ROWS = (
    Row(claims.LIVE_STATUS, "live_status", LIVE_S, LANGUAGE, core=True),
    Row(claims.SITE_STATUS, "site_status", SITE_S, LANGUAGE),
    Row(claims.SITE_INFO, "site_info", SITE_S, LANGUAGE, identity=True),
    Row(claims.BACKUP_TIME, "backup_time_remaining", SLOW_S),
    Row(claims.HISTORY, "calendar_history", SLOWER_S, LIFETIME),
    Row(claims.TARIFF, "tariff_rate", SELDOM_S, on_demand=True),
    Row(claims.PRODUCTS, "", SELDOM_S, identity=True),
)
_OWN = {
    payloads.CLOUD_BATTERY: claims.SITE_STATUS,
    payloads.CLOUD_POWER: claims.LIVE_STATUS,
    payloads.CLOUD_CONFIG: claims.SITE_INFO,
    payloads.CLOUD_TARIFF: claims.TARIFF,
}
_ROWS = {row.name: row for row in ROWS}


def sources(live_s: float = LIVE_S, keep_s: float = KEEP_S) -> list[Source]:
    """Return the rows with the user's freshness filled in."""
    return [
        Source(
            name=row.name,
            path=row.call or PRODUCTS_PATH,
            fresh_s=max(LIVE_LEAST_S, live_s) if row.core else row.fresh_s,
            keep_s=keep_s,
            core=row.core,
            identity=row.identity,
            on_demand=row.on_demand,
        )
        for row in ROWS
    ]


def claimed() -> dict[str, Claim]:
    """Return the payloads that the cloud can give."""
    return {**claims.CLAIMS, **plain(_OWN)}


class CloudUpstream:
    """One site of an account as a lane sees it."""

    def __init__(
        self, session: CloudSession, *, wanted: str = "", stored: Callable[[], int | None]
    ) -> None:
        self.name = f"Tesla account {_masked(session.email)}"
        self._session = session
        self._wanted = wanted
        self._stored = stored
        self._site: EnergySite | None = None
        self._is_listed = False
        self._is_refused = False
        self._refused_site: int | None = None

    @property
    def has_session(self) -> bool:
        """Whether a token was shown for an answer: nothing is asked without one.

        The session would say no for one that ends just after its last answer, and what is not
        of the core would then rest for an hour beside "a core that is open to everybody".
        """
        return True

    @property
    def site(self) -> EnergySite | None:
        """The site, once it is known."""
        return self._site

    def fetch(self, source: Source) -> Any:
        """Return the document of one source: what is under `response`."""
        row = _ROWS[source.name]
        if not row.call:
            return self._session.get(PRODUCTS_PATH)
        path = SITE_PATH.format(id=self.chosen().id, call=row.call)
        try:
            document = self._session.get(path, row.params)
        except NotServed:
            self._is_listed = False  # a gateway that was replaced has another number
            raise
        if not isinstance(document, dict):
            raise Unwell(f"{row.call} answers something else than a document")
        return document

    def chosen(self) -> EnergySite:
        """Return the site that is asked, which the account is asked for once, and after a 404.

        Raises:
            NotSetUp: The account does not have what is wanted, or has it no more.
        """
        if self._site is None or not self._is_listed:
            sites = sites_of(self._session.get(PRODUCTS_PATH))
            # One that has gone is an error as well: the next best would be another home.
            stored = self._stored()
            before = stored or (self._site.id if self._site else None)
            try:
                self._site = choose(sites, self._wanted, before)
            except BadSetting as error:
                self._is_refused, self._refused_site = True, stored
                raise NotSetUp(f"{error}") from error
            self._is_listed, self._is_refused = True, False
        return self._site

    def is_mended(self) -> bool:
        """Whether a person has logged in anew, or chosen another site; told once of each."""
        has_tokens = self._session.has_news()
        return self._is_chosen_anew() or has_tokens

    def _is_chosen_anew(self) -> bool:
        if not self._is_refused or (stored := self._stored()) == self._refused_site:
            return False
        self._refused_site = stored
        return True

    def explain(self, error: Unexplained) -> PowerwallError:
        """Return the error: nobody else would know more."""
        return error

    def forget_session(self) -> None:
        """Show no token until the next login."""
        self._session.forget()

    def login(self) -> None:
        """Refresh the token."""
        self._session.login()

    def close(self) -> None:
        """Drop all connections."""
        self._session.close()


def _masked(email: str) -> str:
    """Return an address as logs may show it: e-mail addresses are nobody else's business."""
    name, _, domain = email.partition("@")
    return f"{name[:1]}***@{domain}" if domain else "***"
