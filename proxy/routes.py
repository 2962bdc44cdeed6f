"""The routes: an endpoint is one function, one row and one line of HELP.md.

Paths match byte for byte. Rows under VIEWS are pure shapes of what is known and their
bodies are remembered; rows under LIVE tell of this moment and are rendered each time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pypowerwall_core import payloads
from pypowerwall_core.snapshot import Snapshot

from . import introspect
from .desk import Desk
from .views import meters, system
from .views.documents import as_is


@dataclass(frozen=True, slots=True)
class View:
    """A shape of what is known.

    Attributes:
        render: Pure; returns None when nothing is known, which is answered as `null`.
        needs: The payloads it reads; asking for it keeps them fresh.
        indent: Blanks per level, where clients have always seen an indented body.
    """

    path: str
    render: Callable[[Snapshot], Any]
    needs: tuple[str, ...]
    indent: int | None = None


@dataclass(frozen=True, slots=True)
class Live:
    """An account of this moment; asks nothing of the gateway beyond its needs."""

    path: str
    render: Callable[[Desk, Snapshot], Any]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A file of the page."""

    path: str
    file: str
    content_type: str


def _as_is(path: str, payload: str, indent: int | None = None) -> View:
    return View(path, as_is(payload), (payload,), indent)


VIEWS = (
    _as_is("/aggregates", payloads.AGGREGATES),
    _as_is("/api/meters/aggregates", payloads.AGGREGATES),
    _as_is("/soe", payloads.SOE),
    View("/api/system_status/soe", meters.soe_app, (payloads.SOE,)),
    _as_is("/api/system_status/grid_status", payloads.GRID_STATUS),
    _as_is("/vitals", payloads.VITALS, indent=4),
    _as_is("/api/solar_powerwall", payloads.SOLAR_POWERWALL),
    View("/version", system.version, (payloads.STATUS,)),
    _as_is("/api/networks", payloads.NETWORKS),
    _as_is("/api/system/networks", payloads.SYSTEM_NETWORKS),
    _as_is("/api/meters/readings", payloads.METERS_READINGS),
    _as_is("/api/site_info/grid_codes", payloads.GRID_CODES),
    _as_is("/api/system/update/status", payloads.UPDATE_STATUS),
)
LIVE = (
    Live("/stats", introspect.stats, (payloads.SITE_NAME,)),
    Live("/health", introspect.health),
    Live("/healthz", introspect.healthz),
)
PAGES = (
    Page("/", "index.html", "text/html; charset=utf-8"),
    Page("/page.css", "page.css", "text/css; charset=utf-8"),
    Page("/page.js", "page.js", "text/javascript; charset=utf-8"),
)
