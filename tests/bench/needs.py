"""What the household needs of the gateway, by the proxy's own tables."""

from __future__ import annotations

from clients import HOUSEHOLD

from proxy import routes
from pypowerwall_core.backends.local.reader import ROWS, SELDOM_S
from pypowerwall_core.payloads import STANDS_IN_FOR

LOGIN_PATH = "/api/login/Basic"
FETCHED_WITHIN_S = 60.0


def needed() -> dict[str, float]:
    """Gateway paths that the household's GETs need, and for how long each may go without."""
    asked = {path for client in HOUSEHOLD for path in client.paths}
    rows = [row for row in (*routes.VIEWS, *routes.LIVE) if row.path in asked]
    payloads = {
        name for row in rows for name in row.needs if STANDS_IN_FOR.get(name) not in row.needs
    }
    return {
        row.path: FETCHED_WITHIN_S + (row.fresh_s if row.fresh_s >= SELDOM_S else 0.0)
        for row in ROWS
        if row.payload in payloads
    }
