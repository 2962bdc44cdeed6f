"""A running proxy, asked over HTTP, so that no second session is opened at the gateway."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self
from urllib.parse import SplitResult, urlsplit
from uuid import uuid4

from pypowerwall_core.backends.local.documents import ErrorInstead, any_json, text_or_json
from pypowerwall_core.commands import Command, shown
from pypowerwall_core.debug import SECRETS
from pypowerwall_core.errors import (
    BadCommand,
    BadSetting,
    LogInAgain,
    NotSent,
    NotServed,
    PowerwallError,
    Unreachable,
    Unwell,
)
from pypowerwall_core.failures import LaneState
from pypowerwall_core.fields import mapping, sequence, text
from pypowerwall_core.settings.tokens import Tokens, read_tokens

from .asking import CA_BUNDLE, Asker, Reply
from .home import Told
from .telling import plain

READ_WITHIN_S = 10.0
CHANGE_WITHIN_S = 40.0
"""PW_CONTROL_WAIT is 30 s at most."""
COMMANDS = "/api/v1/commands"
_ALIVE = "/healthz"
_FIELDS = {
    "get_mode": "mode",
    "get_reserve": "reserve",
    "get_time_remaining": "time_remaining",
    "get_grid_charging": "grid_charging",
    "get_grid_export": "grid_export",
    "site_id": "siteid",
}
_ROUTES = {"site_id": "/stats"}
"""What is no call of the library, and has no route at /pw/."""
_WHOLE = ("power", "grid_status", "temps")
"""Routes whose document is the answer; the others hold it under a name."""
_NO_PROXY = "is it a powerwall proxy?"
_WHY = {
    HTTPStatus.UNAUTHORIZED.value: "it wants a token: set {} as it is set where it runs",
    HTTPStatus.FORBIDDEN.value: "something in front of it lets us not pass",
    HTTPStatus.NOT_FOUND.value: _NO_PROXY,
    HTTPStatus.METHOD_NOT_ALLOWED.value: _NO_PROXY,
    HTTPStatus.MISDIRECTED_REQUEST.value: "not under this name: see PW_ALLOWED_HOSTS",
    HTTPStatus.TOO_MANY_REQUESTS.value: "too many wrong tokens, or too many requests: wait",
}
_KINDS: Mapping[int, type[PowerwallError]] = {
    HTTPStatus.UNAUTHORIZED.value: LogInAgain,
    HTTPStatus.FORBIDDEN.value: LogInAgain,
    HTTPStatus.NOT_FOUND.value: NotServed,
    HTTPStatus.METHOD_NOT_ALLOWED.value: NotServed,
}
_READ_TOKEN, _CONTROL_SECRET = "PW_READ_TOKEN", "PW_CONTROL_SECRET"
_log = logging.getLogger(__name__)


class Proxied:
    """A proxy; see Home."""

    mode = "proxy"
    keeper = None

    def __init__(self, asker: Asker, tokens: Tokens) -> None:
        self._asker = asker
        self._tokens = tokens
        self._trouble = ""
        self._is_given_up = False
        self._is_reached = False

    @classmethod
    def of(cls, url: str, environ: Mapping[str, str], flags: Mapping[str, str]) -> Self:
        """Open the proxy at a URL.

        Raises:
            BadSetting: It is no URL, or a token cannot be read, or cannot be sent.
        """
        parts = _split(url)
        tokens = read_tokens(environ, flags)
        pairs = ((_READ_TOKEN, tokens.read_token), (_CONTROL_SECRET, tokens.control_secret))
        for name, token in pairs:
            if token != token.strip() or not token.isprintable():
                raise BadSetting(f"{name}: has blanks at an end, or letters that cannot be sent")
            SECRETS.hide(token)
        ca_bundle = environ.get(CA_BUNDLE, "")
        if ca_bundle and not Path(ca_bundle).exists():
            raise BadSetting(f"{CA_BUNDLE}: there is no {ca_bundle!r}")
        return cls(Asker(parts.geturl().rstrip("/"), ca_bundle), tokens)

    # -- reading ---------------------------------------------------------------------------

    def ask(self, call: str) -> Any:
        """Return what the route of a call answers.

        Whoever does not answer one is not asked for the others: each would take its time, and
        ten wrong tokens close the door for a minute.
        """
        if self._is_given_up:
            return None
        try:
            document = self._read(_ROUTES.get(call, f"/pw/{call}"))
        except PowerwallError as error:
            if call in _ROUTES:  # it may be closed where the others are not
                return None
            self._trouble = self._trouble or str(error)
            self._is_given_up = not isinstance(error, NotServed)
            return None
        return document if call in _WHOLE else mapping(document).get(_FIELDS.get(call, call))

    def trouble(self) -> str:
        """Say why the proxy, or its gateway, does not tell; "" where there is no reason."""
        if self._trouble:
            return self._trouble
        try:
            lanes = sequence(mapping(self._read("/health")).get("lanes"))
        except PowerwallError as error:
            return str(error)
        # Of a lane that is up, the last error may be one of months ago.
        for lane in (one for one in map(mapping, lanes) if one.get("state") != LaneState.UP.value):
            if said := [lane[name] for name in ("last_error", "remedy") if lane.get(name)]:
                return ". ".join(_line(words).rstrip(".") for words in said)
        return ""

    def records(self) -> list[Told]:
        """Return what the proxy remembers."""
        document = mapping(self._read(COMMANDS))
        return [mapping(one) for one in sequence(document.get("commands"))]

    def _read(self, path: str) -> Any:
        """Return the document of a route.

        Raises:
            PowerwallError: There is none.
        """
        url = self._asker.url
        try:
            reply = self._asker.get(path, _bearer(self._tokens.read_token), READ_WITHIN_S)
        except Unreachable as error:
            _log.debug("GET %s%s: %s", url, path, error)
            raise Unreachable(f"{url} cannot be asked: {error}") from error
        _log.debug("GET %s%s: %d, %d bytes", url, path, reply.status, len(reply.body))
        if reply.status != HTTPStatus.OK:
            kind = _KINDS.get(reply.status, Unwell)
            raise kind(f"{url} answers {reply.status}: {_why(reply, _READ_TOKEN)}")
        try:
            return any_json(reply.body)
        except Unwell as error:
            told = error.quoting(SECRETS.masked) if isinstance(error, ErrorInstead) else error
            raise NotServed(f"{url} answers {path} with {told}: {_NO_PROXY}") from error

    # -- changing --------------------------------------------------------------------------

    def change(self, command: Command) -> Told:
        """Send it to the proxy, which carries it out.

        Raises:
            NotSent: The proxy cannot be reached.
            BadCommand: The proxy does not understand it, or does not let us.
            Unreachable: There is no answer, so nobody can say what became of it.
        """
        self._reach()
        wish = {name: value for name, value in shown(command.changes).items() if "raw" not in name}
        body = wish | ({"for": command.for_s} if command.for_s else {})
        headers = _bearer(self._tokens.control_secret) | {
            "Idempotency-Key": uuid4().hex.encode("ascii")
        }
        url = self._asker.url
        _log.debug("POST %s%s: %s", url, COMMANDS, body)
        try:
            reply = self._asker.post(COMMANDS, headers, body, CHANGE_WITHIN_S)
        except Unreachable as error:
            raise _untold(url, str(error)) from error
        _log.debug("POST %s%s: %d, %d bytes", url, COMMANDS, reply.status, len(reply.body))
        document = mapping(text_or_json(reply.body))
        if isinstance(document.get("outcome"), str):
            lines = {
                name: _line(document[name]) for name in ("reason", "remedy") if name in document
            }
            return {**document, **lines}
        raise _refused(url, reply, document)

    def _reach(self) -> None:
        """See that somebody listens before a command leaves: then surely nothing was sent."""
        if self._is_reached:
            return
        url = self._asker.url
        try:
            reply = self._asker.get(_ALIVE, {}, READ_WITHIN_S)
        except Unreachable as error:
            raise NotSent(f"{url} cannot be asked: {error}; nothing was sent") from error
        if reply.location:
            raise NotSent(f"{url} {_elsewhere(reply)}; nothing was sent")
        self._is_reached = True

    def close(self) -> None:
        """Close the connections."""
        self._asker.close()


# -- what is typed, and what is answered. Pure ----------------------------------------------


def _split(url: str) -> SplitResult:
    """Read the address of a proxy; without a scheme it is http.

    Raises:
        BadSetting: It is none, or says more than that.
    """
    # What is typed is not repeated: it may hold a password.
    wrong = BadSetting("-proxy: is not http://HOST:PORT or https://HOST:PORT")
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        is_port = parts.port is None or parts.port > 0
    except ValueError as error:
        raise wrong from error
    is_plain = not (parts.query or parts.fragment or "@" in parts.netloc) and url.isprintable()
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not (host and is_port and is_plain) or " " in url:
        raise wrong
    return parts


def _bearer(token: str) -> dict[str, bytes]:
    # In UTF-8, as curl and browsers send it; the proxy compares bytes.
    return {"Authorization": f"Bearer {token}".encode()} if token else {}


def _line(said: Any) -> str:
    """Return what somebody says as one line that is safe to print, without our tokens."""
    return plain(SECRETS.masked(str(said)))


def _elsewhere(reply: Reply) -> str:
    return f"sends us to {_line(reply.location)}; if that is the proxy, give its URL"


def _why(reply: Reply, token: str) -> str:
    if reply.location:
        return f"it {_elsewhere(reply)}"
    return _WHY.get(reply.status, _NO_PROXY).format(token)


def _untold(url: str, why: str) -> Unreachable:
    return Unreachable(
        f"{url} does not say what became of it: {why}",
        remedy=f"Look at {url}{COMMANDS} before you try again.",
    )


def _refused(url: str, reply: Reply, document: Mapping[str, Any]) -> PowerwallError:
    """Return what an answer means that is no record of a command."""
    said = next(
        (document[name] for name in ("reason", "detail", "error") if document.get(name)), ""
    )
    is_refusal = HTTPStatus.MULTIPLE_CHOICES <= reply.status < HTTPStatus.INTERNAL_SERVER_ERROR
    if not is_refusal:
        return _untold(url, f"it answers {reply.status}{_line(said) and f': {_line(said)}'}")
    why = _why(reply, _CONTROL_SECRET)
    return BadCommand(
        f"the proxy refuses ({reply.status}): {_line(said) if text(said) else why}",
        remedy=_line(document.get("remedy") or "") or (why if text(said) else ""),
    )
