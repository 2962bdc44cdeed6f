"""The two ways to log in to Tesla: with a browser, and with tokens of another login."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pypowerwall_core.backends.cloud.files import Account, TokenFile, expires_at_s
from pypowerwall_core.backends.cloud.login import Attempt, CodeRefused, LoginDesk
from pypowerwall_core.backends.cloud.pasted import (
    ACCESS,
    REFRESH,
    Code,
    Complaint,
    judge_last,
    judge_token,
)
from pypowerwall_core.backends.cloud.reader import PRODUCTS_PATH
from pypowerwall_core.backends.cloud.regions import REGIONS, host_of
from pypowerwall_core.backends.cloud.session import EARLY_S, CloudSession, Servers
from pypowerwall_core.backends.cloud.storing import uninterrupted
from pypowerwall_core.backends.cloud.tokenfacts import claims_of
from pypowerwall_core.errors import LogInAgain, PowerwallError
from pypowerwall_core.fields import number
from pypowerwall_core.redact import Secrets

from .cloudwords import DATA, LOGIN, in_words
from .person import TRIES, Person

EXCHANGES = 3
"""Codes that Tesla may refuse in a row before it is left alone."""
ACCESS_LIVES_S = 28_800.0
"""What an access token gets that does not say when it ends."""
_HOW = """
Log in to Tesla, with a browser on any machine:

1. Open this address:

{address}

2. Log in there. Tesla then sends the browser to an address that begins with
   tesla://auth/callback. If the browser wants to open an app for it, refuse. The page may
   stay as it is, be empty, or say that it was not found: that is right.
3. Copy that address. Where the browser does not show it, press F12 before the last click:
   it stands in the Console or under Network.
"""
_PASTE = "Paste it here within a few minutes (it is not shown): "
_TOKENS = """
Paste the tokens of a login that was made elsewhere, as by `powerwall setup` on another
machine or by an app that shows them. They are not shown.
"""


@dataclass(frozen=True, slots=True)
class Signing:
    """Gets the tokens of one account, and has them stored at once.

    Attributes:
        email: Whose account is meant.
        servers: All of them named.
        store: Takes an account as its file has it; returns whose it is.
    """

    person: Person
    email: str
    servers: Servers
    secrets: Secrets
    timeout_s: float
    clock: Callable[[], float]
    store: Callable[[Account], str]

    def with_browser(self) -> str:
        """Have a person log in; return whose account it is.

        Raises:
            PowerwallError: There are no tokens; its remedy is for the person.
        """
        for _ in range(EXCHANGES):
            attempt = Attempt.new()
            address = self._desk(self.servers.sso).address(attempt, self.email)
            self.person.say(_HOW.format(address=address))
            code = self._code(attempt)
            try:
                with uninterrupted():
                    return self.store(self._desk(self._issuer(code)).exchange(code.code, attempt))
            except CodeRefused as error:
                self.person.say(
                    f"Tesla does not take this code: {self.secrets.masked(str(error))}. A code is "
                    "good once and for a few minutes. Here is a new address."
                )
            except PowerwallError as error:
                raise in_words(error, LOGIN) from None
        raise PowerwallError(
            f"Tesla refused {EXCHANGES} codes in a row", remedy="Try again in an hour."
        )

    def _code(self, attempt: Attempt) -> Code:
        known = {host_of(region.sso) for region in REGIONS.values()}
        hosts, pasted = {host_of(self.servers.sso), *known}, list[str]()
        for _ in range(TRIES):
            pasted.append(self.person.ask_unseen(_PASTE))
            found = judge_last(pasted, attempt.state, hosts)
            if isinstance(found, Code):
                return found
            self.person.say(found.says)
        raise PowerwallError("no address of a finished login was pasted")

    def _issuer(self, code: Code) -> str:
        """Return who gave a code: Tesla sends people of China to their own login."""
        tesla = {host_of(region.sso): region.sso for region in REGIONS.values()}
        if self.servers.sso not in tesla.values():
            return self.servers.sso
        return tesla.get(host_of(code.issuer), self.servers.sso)

    # -- tokens of another login -----------------------------------------------------------

    def with_tokens(self) -> str:
        """Take tokens over that somebody pastes; return whose account they are of.

        Raises:
            PowerwallError: They are not good; its remedy is for the person.
        """
        self.person.say(_TOKENS)
        refresh = self._token(REFRESH, "Refresh token: ")
        access = self._token(ACCESS, "Access token, or nothing: ")
        account = self._pasted(refresh, access)
        if access and self._is_taken(account):
            return self.store(account)
        self.person.say("Tesla is asked for a new access token.")
        try:
            with uninterrupted():
                return self.store(self._desk(self.servers.sso).refresh(refresh))
        except CodeRefused as error:
            raise PowerwallError(
                f"Tesla does not take this refresh token: {self.secrets.masked(str(error))}",
                remedy="It has ended, was used by another program, or is of another region "
                "(-region). Log in anew and paste both tokens; nothing was stored.",
            ) from None
        except PowerwallError as error:
            raise in_words(error, LOGIN) from None

    def _token(self, kind: str, question: str) -> str:
        for _ in range(TRIES):
            token = judge_token(self.person.ask_unseen(question), kind)
            if isinstance(token, Complaint):
                self.person.say(token.says)
            elif token or kind == ACCESS:
                self.secrets.hide_token(token)
                return token
            else:
                self.person.say("Nothing was pasted, and without a refresh token it ends today.")
        raise PowerwallError(f"no {kind} token was pasted")

    def _pasted(self, refresh: str, access: str) -> Account:
        now_s = self.clock()
        ends_s = number(claims_of(access).get("exp")) or now_s + ACCESS_LIVES_S
        tokens = {
            "token_type": "Bearer",
            "access_token": access,
            "refresh_token": refresh,
            "expires_at": ends_s,
            "expires_in": max(0, int(ends_s - now_s)),
        }
        return {"url": self.servers.sso, "sso": tokens}

    def _is_taken(self, account: Account) -> bool:
        """Whether Tesla gives data for an access token; before that nothing is stored."""
        if expires_at_s(account) - EARLY_S <= self.clock():
            self.person.say("This access token has ended.")
            return False
        held = _Held(self.email, account)
        session = CloudSession(
            self.email, held, self.servers, self.secrets, self.timeout_s, self.clock
        )
        try:
            session.get(PRODUCTS_PATH)
        except LogInAgain:
            self.person.say("Tesla does not take this access token any more.")
            return False
        except PowerwallError as error:
            said = in_words(error, DATA)
            raise PowerwallError(f"nothing was stored: {said}", remedy=said.remedy) from error
        finally:
            session.close()
        return True

    def _desk(self, sso: str) -> LoginDesk:
        return LoginDesk(sso, self.servers.ca_file, self.timeout_s, self.secrets)


class _Held(TokenFile):
    """Tokens that nobody has proven yet: in memory only."""

    def __init__(self, email: str, account: Account) -> None:
        super().__init__(Path())
        self._accounts = {email: account}

    def load(self) -> dict[str, Account]:
        """Return them."""
        return self._accounts

    def save(self, email: str, account: Mapping[str, Any]) -> None:
        """Hold others instead."""
        self._accounts = {**self._accounts, email: dict(account)}
