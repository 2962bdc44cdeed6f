"""GET /api/v1/commands: what was asked for, what became of it, and what will be put back."""

from __future__ import annotations

from typing import Any

from falcon.asgi import Request

from proxy.desk import Desk
from pypowerwall_core.snapshot import Snapshot

from .denied import invalid
from .tokens import shows_token

SHOWN = 50
SHOWN_MOST = 200


def everybodys(desk: Desk, snapshot: Snapshot) -> Any:  # noqa: ARG001 - a row's signature
    """Return the newest commands as anybody may read them."""
    return _history(desk, SHOWN, with_addresses=False)


def asked(desk: Desk, request: Request) -> Any:
    """Return as many as are asked for; who asked for them is told to who may command.

    Raises:
        Denied: `limit` is none.
    """
    text = request.get_param("limit") or str(SHOWN)
    limit = int(text) if text.isascii() and text.isdigit() and len(text) <= len("200") else 0
    if not 0 < limit <= SHOWN_MOST:
        raise invalid(f"limit is a number from 1 to {SHOWN_MOST}")
    return _history(desk, limit, with_addresses=shows_token(desk, request))


def _history(desk: Desk, limit: int, *, with_addresses: bool) -> dict[str, Any]:
    commander = desk.site.commander
    if commander is None:
        return {"commands": [], "temporary": []}
    hidden = {} if with_addresses else {"by": None}
    return {
        "commands": [record.document() | hidden for record in commander.records(limit)],
        "temporary": commander.temporary(),
    }
