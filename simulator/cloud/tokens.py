"""Tokens: how one looks, how it was come by, and who is refused for that. Pure."""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from simulator.cloud.call import HTTP_2

CLIENT_ID: Final = "ownerapi"
SCOPES: Final = ("openid", "email", "offline_access")
OWNER_AUDIENCE: Final = "https://owner-api.teslamotors.com/"
CODE: Final = "code"
REFRESH: Final = "refresh"
TLS_1_3: Final = "TLSv1.3"

_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def unpadded(data: bytes) -> str:
    """Write bytes in the base64 of URLs, without the padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def challenge(verifier: str) -> str | None:
    """Hash a PKCE verifier as S256 does; None for what is no verifier."""
    if not _VERIFIER.fullmatch(verifier):
        return None
    return unpadded(hashlib.sha256(verifier.encode()).digest())


@dataclass(frozen=True, slots=True)
class How:
    """How a token was come by: what was shown for it, and over which HTTP and TLS."""

    grant: str
    http: str = HTTP_2
    tls: str = TLS_1_3

    @property
    def mark(self) -> str:
        """What shows of it in the token: as opaque as Tesla's x-enc, which differs by client."""
        return unpadded(hashlib.sha256(f"{self.http} {self.tls}".encode()).digest()[:12])


@dataclass(frozen=True, slots=True)
class Mint:
    """An access token's record; a family is a login and all that was refreshed from it."""

    how: How
    family: int
    expires_s: float


# What people found out in June 2026, each contradicting another: a switch each.
RULES: Final[Mapping[str, Callable[[Mint, bool], bool]]] = {
    "require_h2": lambda mint, _warm: mint.how.http != HTTP_2,
    "require_tls13": lambda mint, _warm: mint.how.tls != TLS_1_3,
    "refuse_cold_refresh": lambda mint, warm: mint.how.grant == REFRESH and not warm,
    "refuse_all_refreshed": lambda mint, _warm: mint.how.grant == REFRESH,
}


def refused(mint: Mint, *, warm: bool, switched_on: Callable[[str], bool]) -> bool:
    """Say whether the API refuses a token that the login gave in good order.

    Args:
        mint: How it was come by.
        warm: The API has once accepted a token of this family that came from a code.
        switched_on: Whether a rule is in force.
    """
    return any(switched_on(name) and rule(mint, warm) for name, rule in RULES.items())


def jwt(claims: Mapping[str, Any], signature: bytes) -> str:
    """Write claims as a JSON web token; who trusts it asks the ledger, not the signature."""
    header = {"alg": "RS256", "typ": "JWT", "kid": "simulated"}
    parts = (json.dumps(part, separators=(",", ":")).encode() for part in (header, claims))
    return ".".join([*map(unpadded, parts), unpadded(signature)])


def access_claims(sso_url: str, mint: Mint, now_s: float, ttl_s: float) -> dict[str, Any]:
    """Say what an access token says of itself."""
    return {
        "iss": f"{sso_url}/oauth2/v3",
        "azp": CLIENT_ID,
        "sub": "00000000-0000-4000-8000-000000000001",
        "aud": [OWNER_AUDIENCE, f"{sso_url}/oauth2/v3/userinfo"],
        "scp": list(SCOPES),
        "amr": [],
        "iat": int(now_s),
        "exp": int(now_s + ttl_s),
        "x-enc": mint.how.mark,
    }


def id_claims(sso_url: str, email: str, now_s: float, ttl_s: float) -> dict[str, Any]:
    """Say who logged in."""
    return {
        "iss": f"{sso_url}/oauth2/v3",
        "aud": CLIENT_ID,
        "sub": "00000000-0000-4000-8000-000000000001",
        "iat": int(now_s),
        "exp": int(now_s + ttl_s),
        "email": email,
    }
