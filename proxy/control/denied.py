"""A command that is not taken up, and what its client reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import falcon

DISABLED = "Control Commands Disabled - Set PW_CONTROL_SECRET to enable"
INVALID = "Control Command Error: Invalid Request"


class Denied(falcon.HTTPError):
    """Nothing was sent.

    Attributes:
        more: What its body says besides `error`.
        counts: Whether /stats counts it as an error.
    """

    def __init__(
        self,
        error: str,
        *,
        reason: str = "",
        status: str = falcon.HTTP_400,
        more: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        counts: bool = True,
    ) -> None:
        super().__init__(
            status, title=error, description=reason or None, headers=dict(headers or {})
        )
        self.more = {**(more or {}), **({"reason": reason} if reason else {})}
        self.counts = counts


def invalid(reason: str, status: str = falcon.HTTP_400) -> Denied:
    """Return the answer to what is no request for a command."""
    return Denied(INVALID, reason=reason, status=status)
