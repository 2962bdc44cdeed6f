"""What can be read from a gateway: one row per upstream call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pypowerwall_core import payloads
from pypowerwall_core.policy import Source

from . import vitals
from .documents import any_json, json_object
from .session import GatewaySession

FAST = 0.0
"""Marks a row that is as fresh as PW_CACHE_EXPIRE says."""
ON_DEMAND_S = 60.0
ON_DEMAND_TIMEOUT_S = 2.0
"""Shorter than usual: while such a path hangs, the meters wait behind it."""


@dataclass(frozen=True, slots=True)
class Row:
    """A gateway path and how it is treated.

    Attributes:
        parse: Pure: bytes to document, raises Unwell.
        fresh_s: FAST or seconds.
    """

    payload: str
    path: str
    parse: Callable[[bytes], Any] = json_object
    fresh_s: float = FAST
    open: bool = False
    identity: bool = False
    fingerprint: tuple[str, ...] = ()
    on_demand: bool = False


ROWS = (
    Row(payloads.AGGREGATES, "/api/meters/aggregates"),
    Row(payloads.SOE, "/api/system_status/soe"),
    Row(payloads.GRID_STATUS, "/api/system_status/grid_status"),
    Row(payloads.VITALS, "/api/devices/vitals", parse=vitals.decode),
    Row(payloads.SOLAR_POWERWALL, "/api/solar_powerwall"),
    # Open on every firmware; absent on Powerwall 3.
    Row(
        payloads.STATUS,
        "/api/status",
        fresh_s=60.0,
        open=True,
        identity=True,
        fingerprint=("din", "version"),
    ),
    Row(payloads.SITE_NAME, "/api/site_info/site_name", fresh_s=300.0, identity=True),
    # These hang past ten seconds on most gateways while the site controller runs ...
    Row(payloads.NETWORKS, "/api/networks", any_json, ON_DEMAND_S, on_demand=True),
    Row(payloads.SYSTEM_NETWORKS, "/api/system/networks", any_json, ON_DEMAND_S, on_demand=True),
    Row(payloads.METERS_READINGS, "/api/meters/readings", any_json, ON_DEMAND_S, on_demand=True),
    Row(payloads.GRID_CODES, "/api/site_info/grid_codes", any_json, ON_DEMAND_S, on_demand=True),
    # ... and this one makes the gateway look for an upgrade, and may start it.
    Row(payloads.UPDATE_STATUS, "/api/system/update/status", any_json, ON_DEMAND_S, on_demand=True),
)


def sources(cache_expire_s: float, cache_ttl_s: float) -> list[Source]:
    """Return the rows with the user's freshness filled in."""
    return [
        Source(
            name=row.payload,
            path=row.path,
            fresh_s=row.fresh_s or cache_expire_s,
            keep_s=cache_ttl_s,
            core=row.payload in payloads.CORE,
            open=row.open,
            identity=row.identity,
            fingerprint=row.fingerprint,
            on_demand=row.on_demand,
            timeout_s=ON_DEMAND_TIMEOUT_S if row.on_demand else None,
        )
        for row in ROWS
    ]


class LocalUpstream:
    """A gateway as a lane sees it."""

    def __init__(self, name: str, session: GatewaySession) -> None:
        self.name = name
        self._session = session
        self._parse = {row.payload: row.parse for row in ROWS}

    def fetch(self, source: Source) -> Any:
        """Return the parsed document of one source."""
        return self._parse[source.name](self._session.get(source.path, source.timeout_s))

    def login(self) -> None:
        """Open a new session."""
        self._session.login()

    def close(self) -> None:
        """Drop all connections."""
        self._session.close()
