"""Getting tokens: the address a person logs in at, and what its code is exchanged for.

Nothing here stores them, and nothing is tried twice: since June 2026 whoever repeats a refused
login is refused for longer.
"""

from __future__ import annotations

import base64
import hashlib
import secrets as randomness
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlencode

import requests
import teslapy
from oauthlib.oauth2 import OAuth2Error

from pypowerwall_core.backends.local.documents import quoted
from pypowerwall_core.errors import BadCredentials, Unreachable, Unwell
from pypowerwall_core.redact import Secrets

from .answers import grant_answer
from .http2 import Http2Adapter, take_road

AUTHORIZE = "oauth2/v3/authorize"
CALLBACK = "tesla://auth/callback"


class CodeRefused(BadCredentials):
    """The code is used up, too old, or not of this attempt: another one may be taken."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to log in.

    Attributes:
        verifier: Proves that who exchanges the code is who asked for it (PKCE, RFC 7636).
        state: Comes back with the code.
    """

    verifier: str = field(repr=False)
    state: str

    @classmethod
    def new(cls) -> Attempt:
        """Return one that nobody can guess."""
        return cls(randomness.token_urlsafe(32), randomness.token_urlsafe(24))

    @property
    def challenge(self) -> str:
        """What may be shown of the verifier."""
        digest = hashlib.sha256(self.verifier.encode("ascii")).digest()
        return base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")


@dataclass(frozen=True, slots=True)
class LoginDesk:
    """A login of Tesla's.

    Attributes:
        sso: Its address, with a slash.
        secrets: Told every token, so that no line shows one.
    """

    sso: str
    ca_file: str | None
    timeout_s: float
    secrets: Secrets

    def address(self, attempt: Attempt, email: str) -> str:
        """Return the address to open; it holds no secret, and nothing is sent for it."""
        with self._opened() as tesla:
            # The library's own way asks Tesla first, as nobody, for what the browser asks anyway.
            query = {
                "response_type": "code",
                "client_id": tesla.client_id,
                "redirect_uri": tesla.redirect_uri,
                "scope": " ".join(tesla.scope),
                "state": attempt.state,
                "code_challenge": attempt.challenge,
                "code_challenge_method": "S256",
                "login_hint": email,
            }
        return f"{self.sso}{AUTHORIZE}?{urlencode(query)}"

    def exchange(self, code: str, attempt: Attempt) -> dict[str, Any]:
        """Return an account as its file has it, for a code that is used up by this.

        Raises:
            CodeRefused: Tesla does not take it.
            PowerwallError: Tesla gives no tokens just now.
        """
        self.secrets.hide_token(code)
        self.secrets.hide_token(attempt.verifier)
        with self._opened() as tesla:
            # State was checked when it was pasted. Only the code is read of this.
            answer = f"{CALLBACK}?{urlencode({'code': code})}"
            return self._account(
                lambda: tesla.fetch_token(
                    authorization_response=answer, code_verifier=attempt.verifier
                )
            )

    def refresh(self, refresh_token: str) -> dict[str, Any]:
        """Return an account as its file has it, for a refresh token, which may be void then.

        Raises:
            CodeRefused: Tesla does not take it.
            PowerwallError: Tesla gives no tokens just now.
        """
        self.secrets.hide_token(refresh_token)
        with self._opened() as tesla:
            account = self._account(lambda: tesla.refresh_token(refresh_token=refresh_token))
        account["sso"].setdefault("refresh_token", refresh_token)
        return account

    def _opened(self) -> teslapy.Tesla:
        tesla = teslapy.Tesla(
            "nobody",
            timeout=self.timeout_s,
            cache_loader=dict,
            cache_dumper=_stored_elsewhere,
            sso_base_url=self.sso,
        )
        take_road(tesla, Http2Adapter(timeout_s=self.timeout_s, ca_file=self.ca_file))
        for kind in ("access_token_response", "refresh_token_response"):
            granted = partial(grant_answer, masked=self.secrets.masked)
            tesla.register_compliance_hook(kind, granted)
        return tesla

    def _account(self, grant: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
        try:
            tokens = dict(grant())
        except OAuth2Error as error:
            raise CodeRefused(quoted(f"{error}", self.secrets.masked)) from None
        except requests.RequestException as error:
            raise Unreachable(quoted(f"{error}", self.secrets.masked)) from None
        except ValueError as error:
            raise Unwell(quoted(f"{error}", self.secrets.masked)) from None
        for name in ("access_token", "refresh_token", "id_token"):
            self.secrets.hide_token(tokens.get(name))
        return {"url": self.sso, "sso": tokens}


def _stored_elsewhere(_: Mapping[str, Any]) -> None:
    """Take the tokens nowhere: whose they are is known only when they are here."""
