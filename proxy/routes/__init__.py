"""The routes: an endpoint is one function, one row and one line of HELP.md.

Paths match byte for byte. Rows under VIEWS are pure shapes of what is known and their
bodies are remembered; rows under LIVE tell of this moment and are rendered each time;
CONTROLS are commands.
"""

from __future__ import annotations

from proxy import control, helppage, introspect
from proxy.rows import HTML_TYPE, Live, Page, Row
from pypowerwall_core import payloads

from .api import API
from .house import HOUSE
from .off import OFF
from .pw import PW

VIEWS = (*HOUSE, *API, *PW, *OFF)
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
)
CONTROLS = tuple(
    Live(f"/control/{action}", says, answer)
    for action, says, answer in (
        (
            "reserve",
            "Charge kept for an outage. Commands are not served: says so, `POST` too.",
            control.read,
        ),
        ("mode", "How the batteries are used. The same.", control.read),
        ("grid_charging", "Whether the grid may charge them. The same.", control.read),
        ("grid_export", "What may be exported. The same.", control.read),
        (
            "max_backup",
            "Backup ahead of a storm, which only newer transports have. The same.",
            control.read_max_backup,
        ),
    )
)
PAGES = (
    Page("/", "A page with live values.", "index.html", HTML_TYPE),
    Page("/page.css", "Its style.", "page.css", "text/css; charset=utf-8"),
    Page("/page.js", "Its script.", "page.js", "text/javascript; charset=utf-8"),
)
ROUTES: tuple[Row, ...] = (*VIEWS, *LIVE, *CONTROLS, *PAGES)
