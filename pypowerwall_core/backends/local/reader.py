"""What can be read from a gateway: one row per upstream call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pypowerwall_core import payloads
from pypowerwall_core.policy import Source

from . import vitals
from .documents import json_object
from .session import GatewaySession

FAST = 0.0
"""Marks a row that is as fresh as PW_CACHE_EXPIRE says."""


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
        return self._parse[source.name](self._session.get(source.path))

    def login(self) -> None:
        """Open a new session."""
        self._session.login()

    def close(self) -> None:
        """Drop all connections."""
        self._session.close()
