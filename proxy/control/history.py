"""GET /api/v1/commands: what was asked for, what became of it, and what will be put back."""

from __future__ import annotations

from typing import Any

from falcon.asgi import Request

from proxy.desk import Desk

from .denied import invalid
from .tokens import shows_token

SHOWN = 50
SHOWN_MOST = 200


def asked(desk: Desk, request: Request) -> Any:
    """Return as many as are asked for; who asked for them is told to who may command.

    Raises:
        Denied: `limit` is none.
    """
    text = request.get_param("limit") or str(SHOWN)
    limit = int(text) if text.isascii() and text.isdigit() and len(text) <= len("200") else 0
    if not 0 < limit <= SHOWN_MOST:
        raise invalid(f"limit is a number from 1 to {SHOWN_MOST}")
    commander = desk.site.commander
    if commander is None:
        return {"commands": [], "temporary": []}
    hidden = {} if shows_token(desk, request) else {"by": None}
    return {
        "commands": [record.document() | hidden for record in commander.records(limit)],
        "temporary": commander.temporary(),
    }
