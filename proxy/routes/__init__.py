"""The routes: an endpoint is one function, one row and one line of HELP.md.

Paths match byte for byte. Rows under VIEWS are pure shapes of what is known and their
bodies are remembered; rows under LIVE tell of this moment and are rendered each time;
CONTROLS are what commands change; COMMANDS say what POST does at some of these paths.
"""

from __future__ import annotations

from proxy import helppage, introspect
from proxy.rows import HTML_TYPE, Family, Live, Row
from pypowerwall_core import payloads
from pypowerwall_core.errors import BadSetting

from .about import about
from .api import API
from .cloud import CLOUD
from .commands import COMMANDS, CONTROLS, HISTORY
from .house import HOUSE
from .off import OFF
from .pages import ASSETS, DOCUMENTS, PAGES
from .pw import PW
from .v1 import FAMILIES, SCRAPES, STREAMS, V1

VIEWS = (*HOUSE, *API, *PW, *CLOUD, *OFF)
LIVE = (
    Live(
        "/stats",
        "How the proxy is doing: counters per route, settings (no secrets), and under `lanes` the "
        "road to the gateway.",
        introspect.stats,
        (payloads.SITE_NAME,),
        shows_settings=True,
    ),
    Live(
        "/stats/clear",
        "The same after setting `gets`, `errors` and `uri` to nothing; for this machine itself, "
        "or with the control token (`?token=` or `Authorization: Bearer`).",
        introspect.stats,
        (payloads.SITE_NAME,),
        acts=introspect.clear,
        shows_settings=True,
    ),
    Live(
        "/health",
        "The connection to the gateway. Always 200; asks the gateway nothing.",
        introspect.health,
        shows_settings=True,
    ),
    Live(
        "/health/reset",
        "Sets the counters of `/health` to nothing; for whom `/stats/clear` is.",
        introspect.health_reset,
        acts=introspect.reset,
        shows_settings=True,
    ),
    Live(
        "/healthz",
        '`{"status": "ok"}` while this process lives, whatever the gateway does. For container '
        "health checks.",
        introspect.healthz,
    ),
    Live(
        "/help",
        "These routes and `/stats` as a page.",
        helppage.of(lambda: ROUTES),
        (payloads.SITE_NAME,),
        content_type=HTML_TYPE,
        shows_settings=True,
    ),
    *V1,
    *HISTORY,
)
ABOUT = about(lambda: (*ROUTES, *COMMANDS))
__all__ = [
    "ABOUT",
    "COMMANDS",
    "CONTROLS",
    "FAMILIES",
    "LIVE",
    "PAGES",
    "PATHS",
    "ROUTES",
    "SCRAPES",
    "STREAMS",
    "VIEWS",
    "check_base_path",
]
_LISTED: tuple[tuple[Row, ...], ...] = (
    (*VIEWS, *LIVE, *FAMILIES),
    (*SCRAPES, *STREAMS, *ABOUT),
    (*CONTROLS, *DOCUMENTS, ASSETS),
)
ROUTES: tuple[Row, ...] = tuple(row for rows in _LISTED for row in rows)
PATHS: tuple[str, ...] = tuple(
    served.path
    for row in ROUTES
    for served in (row.members.values() if isinstance(row, Family) else (row,))
)
"""Every path that is served, byte for byte."""


def check_base_path(base_path: str) -> None:
    """Make sure that no route is hidden by PROXY_BASE_URL.

    Raises:
        BadSetting: It begins like one.
    """
    first = base_path.split("/")[1]
    if first and first in {row.path.split("/")[1] for row in ROUTES}:
        raise BadSetting(f"PROXY_BASE_URL: {base_path!r} begins like a route of the proxy itself")
