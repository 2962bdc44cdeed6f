"""What can be told of tokens without showing them to anybody. Pure."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pypowerwall_core.fields import mapping, number, text

REFRESH_LIVES_S = 90 * 86_400.0
"""About; nobody has published it, and a refresh gives most accounts a new one."""
_JWT_PARTS = 3


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """What is known of the tokens of an account; times in seconds since 1970.

    Attributes:
        has_access: There is an access token, ended or not.
        has_refresh: There is what a new one can be got with.
        access_ends_s: None where it is not known.
        renewed_s: When they were issued; the refresh token may be older where a refresh kept it.
        refresh_ends_s: Known of the older kind of refresh tokens only.
    """

    has_access: bool
    has_refresh: bool
    access_ends_s: float | None = None
    renewed_s: float | None = None
    refresh_ends_s: float | None = None


def facts_of(account: Mapping[str, Any]) -> TokenFacts:
    """Return what an account of the file tells of its tokens."""
    sso = mapping(account.get("sso"))
    access, refresh = text(sso.get("access_token")) or "", text(sso.get("refresh_token")) or ""
    claims, refresh_claims = claims_of(access), claims_of(refresh)
    ends_s = number(sso.get("expires_at")) or number(claims.get("exp")) or None
    lasts_s = number(sso.get("expires_in"))
    issued_s = number(refresh_claims.get("iat")) or number(claims.get("iat"))
    if issued_s is None and ends_s is not None and lasts_s is not None:
        issued_s = ends_s - lasts_s
    return TokenFacts(
        has_access=bool(access),
        has_refresh=bool(refresh),
        access_ends_s=ends_s if access else None,
        renewed_s=issued_s,
        refresh_ends_s=number(refresh_claims.get("exp")),
    )


def claims_of(token: str) -> Mapping[str, Any]:
    """Return what a token says of itself, unproven; nothing where it is no JSON web token."""
    parts = token.split(".")
    if len(parts) != _JWT_PARTS or not parts[0].startswith("ey"):
        return {}
    try:
        padded = parts[1] + "=" * (-len(parts[1]) % 4)
        return mapping(json.loads(base64.urlsafe_b64decode(padded)))
    except (ValueError, RecursionError):
        return {}


def email_of_token(token: str) -> str:
    """Return whose login an id_token tells of; "" where it does not."""
    return text(claims_of(token).get("email")) or ""
