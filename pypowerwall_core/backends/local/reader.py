"""What can be read from a gateway: one row per upstream call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pypowerwall_core import payloads, plausibility
from pypowerwall_core.corrections import NO_CORRECTIONS, Corrections
from pypowerwall_core.errors import PowerwallError, Unexplained, Unwell
from pypowerwall_core.policy import TOLERATED_S, Source

from . import vitals
from .documents import ErrorInstead, any_json, json_object, meters, text_or_json
from .session import GatewaySession

FAST = 0.0
"""Marks a row that is as fresh as PW_CACHE_EXPIRE says."""
SLOW_S = 30.0
SLOWER_S = 45.0
"""Hardly ever changes; so often that a minute never passes without, even behind a slow gateway."""
SELDOM_S = 300.0
SLOW_TOLERATED_S = 44.0
"""Eleven sources then come within a minute each behind a gateway that needs 3 s."""
ON_DEMAND_S = 60.0
RAW = "raw "
"""Begins the name of a source that is not parsed."""
GOOD, ANY_GOOD = (200,), range(200, 300)
"""What is read answers 200; what acts when it is asked for, as config/completed, 202."""
ON_DEMAND_TIMEOUT_S = 2.0
"""Shorter than usual: while such a path hangs, the meters wait behind it."""


@dataclass(frozen=True, slots=True)
class Row:
    """A gateway path and how it is treated.

    Attributes:
        parse: Pure: bytes to document, raises Unwell.
        fresh_s: FAST or seconds.
        tolerated_s: See Source; None is the usual.
    """

    payload: str
    path: str
    parse: Callable[[bytes], Any] = json_object
    fresh_s: float = FAST
    tolerated_s: float | None = None
    open: bool = False
    identity: bool = False
    fingerprint: tuple[str, ...] = ()
    on_demand: bool = False
    doubts: Callable[[Any, Any], str] = plausibility.nothing


ROWS = (
    Row(
        payloads.AGGREGATES,
        "/api/meters/aggregates",
        tolerated_s=11.0,
        doubts=plausibility.meters,
    ),
    Row(payloads.SOE, "/api/system_status/soe", tolerated_s=37.0, doubts=plausibility.charge),
    Row(payloads.GRID_STATUS, "/api/system_status/grid_status", tolerated_s=37.0),
    Row(payloads.VITALS, "/api/devices/vitals", vitals.decode),
    Row(payloads.SYSTEM_STATUS, "/api/system_status", doubts=plausibility.packs),
    Row(payloads.SOLAR_POWERWALL, "/api/solar_powerwall"),
    # Each CT's own readings, as JSON null where there is no such meter.
    Row(payloads.METERS_SITE, "/api/meters/site", meters),
    Row(payloads.METERS_SOLAR, "/api/meters/solar", meters),
    Row(payloads.OPERATION, "/api/operation", fresh_s=SLOW_S),
    Row(payloads.SITEMASTER, "/api/sitemaster", fresh_s=SLOW_S),
    Row(payloads.GRID_FAULTS, "/api/system_status/grid_faults", any_json, SLOW_S),
    Row(payloads.PROBLEMS, "/api/troubleshooting/problems", fresh_s=SLOWER_S),
    # Open on every firmware; absent on Powerwall 3.
    Row(
        payloads.STATUS,
        "/api/status",
        fresh_s=SLOWER_S,
        open=True,
        identity=True,
        fingerprint=("din", "version"),
    ),
    Row(payloads.SITE_NAME, "/api/site_info/site_name", fresh_s=SLOWER_S, identity=True),
    Row(payloads.POWERWALLS, "/api/powerwalls", fresh_s=SLOWER_S),
    Row(payloads.SITE_INFO, "/api/site_info", fresh_s=SELDOM_S, identity=True),
    Row(payloads.METERS, "/api/meters", any_json, SELDOM_S),
    Row(payloads.VOLTAGE_REFERENCES, "/api/synchrometer/ct_voltage_references", any_json, SELDOM_S),
    Row(payloads.SOLARS, "/api/solars", any_json, SELDOM_S),
    Row(payloads.SOLAR_BRANDS, "/api/solars/brands", any_json, SELDOM_S),
    Row(payloads.CUSTOMER, "/api/customer", fresh_s=SELDOM_S),
    Row(payloads.REGISTRATION, "/api/customer/registration", fresh_s=SELDOM_S),
    Row(payloads.INSTALLER, "/api/installer", fresh_s=SELDOM_S),
    Row(payloads.AUTH_TOGGLE, "/api/auth/toggle/supported", fresh_s=SELDOM_S, open=True),
    # These hang past ten seconds on most gateways while the site controller runs ...
    Row(payloads.NETWORKS, "/api/networks", any_json, ON_DEMAND_S, on_demand=True),
    Row(payloads.SYSTEM_NETWORKS, "/api/system/networks", any_json, ON_DEMAND_S, on_demand=True),
    Row(payloads.METERS_READINGS, "/api/meters/readings", any_json, ON_DEMAND_S, on_demand=True),
    Row(payloads.GRID_CODES, "/api/site_info/grid_codes", any_json, ON_DEMAND_S, on_demand=True),
    # ... and this one makes the gateway look for an upgrade, and may start it.
    Row(payloads.UPDATE_STATUS, "/api/system/update/status", any_json, ON_DEMAND_S, on_demand=True),
)


PAYLOADS = {row.path: row.payload for row in ROWS}
_SITEMASTER = next(row.path for row in ROWS if row.payload == payloads.SITEMASTER)


def sources(cache_expire_s: float, cache_ttl_s: float) -> list[Source]:
    """Return the rows with the user's freshness filled in."""
    return [
        Source(
            name=row.payload,
            path=row.path,
            fresh_s=row.fresh_s or cache_expire_s,
            keep_s=cache_ttl_s,
            tolerated_s=row.tolerated_s or (SLOW_TOLERATED_S if row.fresh_s else TOLERATED_S),
            core=row.payload in payloads.CORE,
            open=row.open,
            identity=row.identity,
            fingerprint=row.fingerprint,
            on_demand=row.on_demand,
            timeout_s=ON_DEMAND_TIMEOUT_S if row.on_demand else None,
            doubts=row.doubts,
        )
        for row in ROWS
    ]


def adopted(path: str, cache_expire_s: float, cache_ttl_s: float, *, raw: bool) -> Source:
    """Return the source of a path that no row has, or of the bytes of any path.

    It is fetched only when somebody asks, as nobody knows what asking does.
    """
    return Source(
        name=f"{RAW}{path}" if raw else path,
        path=path,
        fresh_s=cache_expire_s,
        keep_s=cache_ttl_s,
        on_demand=True,
    )


def _anything(body: bytes) -> Any:
    # An empty answer says nothing; scripts have always been given None for it.
    return text_or_json(body) if body else None


class LocalUpstream:
    """A gateway as a lane sees it."""

    def __init__(
        self, name: str, session: GatewaySession, corrections: Corrections = NO_CORRECTIONS
    ) -> None:
        self.name = name
        self._session = session
        self._corrections = corrections
        self._parse = {row.payload: row.parse for row in ROWS}

    @property
    def has_session(self) -> bool:
        """Whether requests show a session; without one everything read is open to everybody."""
        return self._session.has_session

    def fetch(self, source: Source) -> Any:
        """Return the parsed document of one source, corrected as its owner wants it."""
        good = GOOD if source.name in self._parse else ANY_GOOD
        body = self._session.get(source.path, source.timeout_s, good=good)
        try:
            document = self._parsed(source.name, body)
        except ErrorInstead as error:
            raise error.quoting(self._session.masked) from None
        return self._corrections.applied(source.name, document)

    def _parsed(self, name: str, body: bytes) -> Any:
        if name.startswith(RAW):
            return body
        return self._parse.get(name, _anything)(body)

    def explain(self, error: Unexplained) -> PowerwallError:
        """Ask why the data calls fail: the site master tells, also while it is stopped."""
        sitemaster = json_object(self._session.get(_SITEMASTER))
        if sitemaster.get("running") is not False:
            return error
        return Unwell(
            "the Powerwall is stopped",
            remedy="Its site master does not run, so there is no data. Somebody stopped it, or a "
            "login did on firmware before 20.49: start it in Tesla's app or by its switch.",
        )

    def forget_session(self) -> None:
        """Show no session until the next login."""
        self._session.forget()

    def login(self) -> None:
        """Open a new session."""
        self._session.login()

    def close(self) -> None:
        """Drop all connections."""
        self._session.close()
