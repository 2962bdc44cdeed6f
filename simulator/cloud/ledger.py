"""The ledger of codes and tokens: who was given what, until when. Bounded; its clock is given."""

import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from simulator.cloud.tokens import (
    CODE,
    SCOPES,
    How,
    Mint,
    access_claims,
    challenge,
    id_claims,
    jwt,
)

CODE_S: Final = 300.0
REFRESH_S: Final = 90 * 86_400.0
REMEMBERED: Final = 1_000
_SIGNATURE_BYTES: Final = 256
_Key = TypeVar("_Key")
_Record = TypeVar("_Record")


class Invalid(Exception):
    """What was shown opens nothing; the text says why."""


@dataclass(frozen=True, slots=True)
class _Code:
    challenge: str
    redirect_uri: str
    expires_s: float


@dataclass(frozen=True, slots=True)
class _Refresh:
    family: int
    expires_s: float


def _keep(book: dict[_Key, _Record], key: _Key, record: _Record) -> None:
    """Write into a book that forgets its oldest."""
    while key not in book and len(book) >= REMEMBERED:
        del book[next(iter(book))]
    book[key] = record


class Ledger:
    """What the login gave, for one account."""

    def __init__(
        self,
        email: str,
        wall: Callable[[], float],
        *,
        access_ttl_s: float,
        grace_s: float,
        sso_url: Callable[[], str],
    ) -> None:
        self.email = email
        self.access_ttl_s = access_ttl_s
        self._grace_s = grace_s
        self._wall = wall
        self._sso_url = sso_url
        self._lock = threading.Lock()
        self._codes: dict[str, _Code] = {}
        self._access: dict[str, Mint] = {}
        self._refresh: dict[str, _Refresh] = {}
        self._families = 0
        self._warm: dict[int, None] = {}

    def authorize(self, code_challenge: str, redirect_uri: str) -> str:
        """Give a code to who has logged in."""
        code = f"NA_{secrets.token_hex(30)}"
        with self._lock:
            _keep(self._codes, code, _Code(code_challenge, redirect_uri, self._wall() + CODE_S))
        return code

    def redeem(self, code: str, verifier: str, redirect_uri: str, how: How) -> dict[str, Any]:
        """Give tokens for a code, once."""
        with self._lock:
            known = self._codes.pop(code, None)
        if known is None or self._wall() >= known.expires_s:
            raise Invalid("The code is unknown, used or expired")
        if known.redirect_uri != redirect_uri:
            raise Invalid("redirect_uri is not the one that the code was sent to")
        if challenge(verifier) != known.challenge:
            raise Invalid("code_verifier does not fit code_challenge")
        return self.login(how)

    def login(self, how: How | None = None) -> dict[str, Any]:
        """Give tokens to who has logged in, by this call or by an earlier one."""
        with self._lock:
            self._families += 1
            return self._tokens(how or How(CODE), self._families, self._new_refresh(self._families))

    def refresh(self, token: str, how: How, *, rotate: bool) -> dict[str, Any]:
        """Give new tokens for a refresh token, which is void from then on where it is replaced."""
        now_s = self._wall()
        with self._lock:
            known = self._refresh.get(token)
            if known is None or now_s >= known.expires_s:
                raise Invalid("The refresh_token is invalid")
            if not rotate:
                return self._tokens(how, known.family, None)
            # A second use within the grace does not lengthen it.
            until_s = min(known.expires_s, now_s + self._grace_s)
            self._refresh[token] = _Refresh(known.family, until_s)
            return self._tokens(how, known.family, self._new_refresh(known.family))

    def look_up(self, access_token: str) -> Mint | None:
        """Find how a token was come by; None for one that is unknown or over."""
        with self._lock:
            mint = self._access.get(access_token)
            return mint if mint is not None and self._wall() < mint.expires_s else None

    def is_warm(self, mint: Mint) -> bool:
        """Say whether the API has once accepted what came from the code of this family."""
        with self._lock:
            return mint.family in self._warm

    def accepted(self, mint: Mint) -> None:
        """Note that the API has accepted a token."""
        if mint.how.grant == CODE:
            with self._lock:
                _keep(self._warm, mint.family, None)

    def forget(self, access_token: str) -> None:
        """End one access token, if there is such a one; what refreshes it lives on."""
        with self._lock:
            self._access.pop(access_token, None)

    def forget_all(self) -> None:
        """End every access token."""
        with self._lock:
            self._access.clear()

    def _new_refresh(self, family: int) -> str:
        token = f"NA_{secrets.token_hex(64)}"
        _keep(self._refresh, token, _Refresh(family, self._wall() + REFRESH_S))
        return token

    def _tokens(self, how: How, family: int, refresh_token: str | None) -> dict[str, Any]:
        now_s, ttl_s, sso_url = self._wall(), self.access_ttl_s, self._sso_url()
        mint = Mint(how, family, now_s + ttl_s)
        access = _signed(access_claims(sso_url, mint, now_s, ttl_s))
        _keep(self._access, access, mint)
        replaced = {} if refresh_token is None else {"refresh_token": refresh_token}
        return {
            "access_token": access,
            **replaced,
            "id_token": _signed(id_claims(sso_url, self.email, now_s, ttl_s)),
            "expires_in": int(ttl_s),
            "token_type": "Bearer",
        }


def _signed(claims: Mapping[str, Any]) -> str:
    return jwt(claims, secrets.token_bytes(_SIGNATURE_BYTES))


def cache_entry(reply: Mapping[str, Any], sso_url: str, now_s: float) -> dict[str, Any]:
    """Write a token reply as TeslaPy keeps it: under the e-mail in `.pypowerwall.auth`."""
    sso = {
        "token_type": reply["token_type"],
        "access_token": reply["access_token"],
        "refresh_token": reply["refresh_token"],
        "id_token": reply["id_token"],
        "expires_in": reply["expires_in"],
        "expires_at": now_s + reply["expires_in"],
        "scope": list(SCOPES),
    }
    return {"url": f"{sso_url}/", "sso": sso}
