"""What the answers of Tesla's servers mean, named by what to do about them. Pure.

Errors are shown on open pages, and Tesla, or a box in between, may say what it was sent: whatever
quotes an answer has to be given what takes our secrets out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import requests

from pypowerwall_core.backends.local.documents import ErrorInstead, Masked, any_json, quoted
from pypowerwall_core.errors import (
    Forbidden,
    LogInAgain,
    NotPermitted,
    NotSent,
    NotServed,
    PowerwallError,
    RateLimited,
    Refused,
    Unreachable,
    Unwell,
)
from pypowerwall_core.fields import text
from pypowerwall_core.retryafter import retry_after_s

from .files import token
from .http2 import NOT_TRUSTED, NotConnected

SETUP = "Run `powerwall setup` and log in to Tesla again."
GRANT_LASTS_S = 28_800
"""How long Tesla's tokens last, where an answer does not say it."""
_FORBIDDEN = (
    "Tesla's servers refuse this account's token. Trying again makes it worse: run `powerwall "
    "setup` and log in anew, or reach the gateway on the home network with PW_HOST."
)
_NO_SUCH_SETTING = "This site has no such setting: it has no battery, or Tesla has replaced it."
_TESLA = "Tesla's servers are not well; this ends by itself."
_LIMITED = "Find what else uses this Tesla account, or raise PW_CACHE_EXPIRE."
_INTERNET = "Check that this machine reaches the internet."
_CERTIFICATE = (
    "Check the clock of this machine, and what sits between it and the internet: a proxy that "
    "opens TLS needs its authority in PW_CLOUD_CA."
)
"""Small computers without a clock of their own wake up in the past."""
_GRANTS = (200, 400, 401)
"""How a login answers: with tokens, or with why there are none."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What the library reads of an answer of the login."""

    text: str
    status_code: int


def refusal(answer: requests.Response, masked: Masked) -> PowerwallError:
    """Name an unsuccessful answer to a read by what the caller should do."""
    status = f"HTTP {answer.status_code}{_said(answer, masked)}"
    match answer.status_code:
        case 401:
            return LogInAgain(status, remedy=SETUP, ended=True)
        case 403:
            return Forbidden(status, remedy=_FORBIDDEN)
        case 404:
            return NotServed(status)
        case 429:
            after_s = retry_after_s(answer.headers)
            return RateLimited(status, retry_after_s=after_s, remedy=_LIMITED)
        case _:
            return Unwell(status, remedy=_TESLA)


def write_refusal(answer: requests.Response, masked: Masked) -> PowerwallError:
    """Name an unsuccessful answer to a write by what the caller should do."""
    error = refusal(answer, masked)
    match answer.status_code:
        case 403:
            return NotPermitted(f"{error}", remedy=_FORBIDDEN)
        case 404:
            return Refused(f"{error}", remedy=_NO_SUCH_SETTING)
        # Of 408 it is not known who was too slow: the home may have been, after it took it.
        case 401 | 408 | 429:
            return error
        case status if 400 <= status < 500:  # noqa: PLR2004 - refused by who read it
            return Refused(f"{error}")
        case _:
            return error


def grant_answer(answer: requests.Response, masked: Masked) -> Grant:
    """Return an answer of the login that the library can read: tokens, or why there are none.

    The library forgets the status of any other: a 429 or a 503 with an error in its JSON would
    look like a refresh token that nobody takes any more, and somebody would log in anew for it.
    And it throws tokens away, refresh token used up, where their scope is not the one it asked
    for, or asks for new ones at once where nothing says how long they last.

    Raises:
        PowerwallError: Named by what to do, see `errors`.
    """
    if answer.status_code not in _GRANTS:
        raise refusal(answer, masked)
    try:
        document = json.loads(answer.content)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise Unwell("the login answers no document", remedy=_TESLA)
    if answer.ok:
        if not text(document.get("access_token")):
            raise Unwell("the login answers no token", remedy=_TESLA)
        lasts_s = document.get("expires_in")
        if not isinstance(lasts_s, int) or lasts_s <= 0:
            document["expires_in"] = GRANT_LASTS_S
        if not token({"sso": document}, "refresh_token"):
            document.pop("refresh_token", None)  # the one that was shown is kept only then
        document.pop("scope", None)
        document.pop("expires_at", None)  # by a clock that is not ours
    return Grant(json.dumps(document), answer.status_code)


def unwrapped(answer: requests.Response, masked: Masked) -> Any:
    """Return the document under `response`; null there is no document.

    Raises:
        Unwell: There is none, or no JSON.
    """
    try:
        envelope = any_json(answer.content)
        document = envelope.get("response") if isinstance(envelope, dict) else None
        if isinstance(document, str) and document.lstrip()[:1] in ("{", "["):
            document = any_json(document.encode())  # tariff_rate is JSON inside a text at times
    except ErrorInstead as error:
        raise Unwell(f"{error.quoting(masked)}", remedy=_TESLA) from None
    except Unwell as error:  # whose advice is about a gateway
        raise Unwell(f"{error}", remedy=_TESLA) from None
    if document is None:
        raise Unwell("an answer without a document", remedy=_TESLA)
    return document


def unreachable(error: requests.RequestException, masked: Masked) -> Unreachable:
    """Name that there is no answer to a read.

    What is no HTTP is quoted by the library that could not read it.
    """
    elsewhere = isinstance(error, requests.TooManyRedirects)
    said = "they name another address, which is not followed" if elsewhere else f"{error}"
    remedy = _CERTIFICATE if said.startswith(NOT_TRUSTED) else _INTERNET
    return Unreachable(f"Tesla's servers: {quoted(said, masked)}", remedy=remedy)


def write_unreachable(error: requests.RequestException, masked: Masked) -> PowerwallError:
    """Name that there is no answer to a write: whether it can have been carried out."""
    named = unreachable(error, masked)
    if isinstance(error, NotConnected):
        return NotSent(f"{named}", remedy=named.remedy)
    return named


def _said(answer: requests.Response, masked: Masked) -> str:
    try:
        document = json.loads(answer.content)
    except (ValueError, RecursionError):
        words = "" if answer.content.lstrip().startswith(b"<") else answer.text
        return f": {quoted(words, masked)}" if words.strip() else ""
    said = document
    if isinstance(document, dict):
        said = document.get("error") or document.get("message")
    return f": {quoted(str(said), masked)}" if said else ""
