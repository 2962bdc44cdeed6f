"""The one customer session at a gateway: what its answers mean, and the login.

Rule: nothing here decides when to log in or to try again; the lane does.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from pypowerwall_core.errors import (
    LOGIN_ADVICE,
    BadCredentials,
    Busy,
    LogInAgain,
    NotPermitted,
    NotServed,
    PowerwallError,
    RateLimited,
    Refused,
    Unexplained,
    Unwell,
)
from pypowerwall_core.redact import Secrets
from pypowerwall_core.retryafter import retry_after_s

from .documents import UNWELL, Masked, quoted
from .sessionfile import BEARER, COOKIES, SessionFile
from .transport import Answer, Transport

LOGIN_PATH = "/api/login/Basic"
_REFUSED = (
    "The login works, but it may read nothing: PW_PASSWORD must be the customer's password, "
    "not the installer's; if it is, restart the gateway."
)
_ROLE = (
    "Firmware from about 1.50 lets customers change nothing through the gateway itself: "
    "configure control through Tesla's cloud."
)
_NO_GATEWAY = "Is PW_HOST a Powerwall gateway? One that is starting answers like this, too."
_BUSY = "The gateway is updating or being set up; if it stays so for a day, restart it."


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are to the gateway.

    Attributes:
        auth_mode: "cookie" or "token"; equivalent to the gateway.
    """

    password: str | None = field(repr=False)
    email: str = ""
    timezone: str = ""
    auth_mode: str = "cookie"


class GatewaySession:
    """Reads with a session, when there is one."""

    def __init__(
        self,
        transport: Transport,
        credentials: Credentials,
        file: SessionFile,
        secrets: Secrets,
    ) -> None:
        self._transport = transport
        self._credentials = credentials
        self._file = file
        self._secrets = secrets
        self._lock = threading.Lock()
        self._session: dict[str, str] | None = None

    def get(
        self, path: str, timeout_s: float | None = None, *, good: Collection[int] = (200,)
    ) -> bytes:
        """Return the body of a successful GET; timeout_s None is PW_TIMEOUT.

        Raises:
            PowerwallError: Named by what to do, see `errors`.
        """
        answer = self._transport.request("GET", path, headers=self._headers(), timeout_s=timeout_s)
        if answer.status not in good:
            raise refusal(answer, self.masked)
        return answer.body

    def post(self, path: str, document: Any) -> bytes:
        """Send a document on a new connection, once, and return the body of the answer.

        Raises:
            NotSent: There was no connection.
            LogInAgain: 401, so nothing was carried out.
            NotPermitted: 403. That it is the role, a read just before must have proven.
            Refused: Another 4xx: the gateway read it and said no.
            PowerwallError: It may or may not have been carried out.
        """
        answer = self._transport.request(
            "POST", path, headers=self._headers(), json=document, fresh=True
        )
        if not 200 <= answer.status < 300:  # noqa: PLR2004 - the good statuses
            raise write_refusal(answer, self.masked)
        return answer.body

    def login(self) -> None:
        """Open a new session and store it.

        Raises:
            BadCredentials: No password is set, or the gateway refuses it.
            PowerwallError: The gateway cannot answer just now.
        """
        with self._lock:
            if self._credentials.password is None:
                raise BadCredentials("the gateway wants a login", remedy=LOGIN_ADVICE)
            answer = self._transport.request("POST", LOGIN_PATH, headers={}, json=self._form())
            session = _session_of(answer, self._credentials.auth_mode, self.masked)
            self._adopt(session)
            self._file.save(session)

    @property
    def has_session(self) -> bool:
        """Whether requests show a session, a new or an expired one."""
        return bool(self._session)

    def shown(self) -> dict[str, str]:
        """Return what shows the session: cookies, or the header that bears the token."""
        return dict(self._session or {})

    def forget(self) -> None:
        """Show no session until the next login; the file keeps it."""
        self._session = {}

    def close(self) -> None:
        """Drop the connections; the session stays valid."""
        self._transport.close()

    def _form(self) -> dict[str, object]:
        # force_sm_off is left out for ever: true stops the Powerwall, and on firmware 1.15
        # a login stops it even so, which is why the lane never logs in unasked.
        return {
            "username": "customer",
            "password": self._credentials.password,
            "email": self._credentials.email,
            "clientInfo": {"timezone": self._credentials.timezone},
        }

    def masked(self, text: str) -> str:
        """Take our secrets out of a text: what a gateway says is shown on pages."""
        return self._secrets.masked(text)

    def _headers(self) -> dict[str, str]:
        if self._session is None:
            with self._lock:
                if self._session is None:
                    self._adopt(self._file.load())
        session = self._session or {}
        if BEARER in session:
            return {BEARER: session[BEARER]}
        if not session:
            return {}
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in session.items())}

    def _adopt(self, session: dict[str, str]) -> None:
        for value in session.values():
            self._secrets.hide_token(value)
            self._secrets.hide_token(value.removeprefix("Bearer "))
        self._session = session


def refusal(answer: Answer, masked: Masked) -> PowerwallError:
    """Name an unsuccessful answer to a read by what the caller should do."""
    said = _reason(answer.body, masked)
    status = f"HTTP {answer.status}{f': {said}' if said else ''}"
    match answer.status:
        case 401 | 403:
            return LogInAgain(status, remedy=_REFUSED)
        case 404:
            return NotServed(status, remedy=_NO_GATEWAY)
        case 429:
            return RateLimited(status, retry_after_s=retry_after_s(answer.headers))
        case 502 if not answer.body:
            return Unexplained(
                "HTTP 502 with an empty body: the gateway is starting, or the Powerwall is stopped",
                remedy="Wait a few minutes; if it stays so, look whether the Powerwall is switched "
                "on and running in Tesla's app.",
            )
        case 503:
            return Busy(status, remedy=_BUSY)
        case _:
            return Unwell(status, remedy=UNWELL)


def write_refusal(answer: Answer, masked: Masked) -> PowerwallError:
    """Name an unsuccessful answer to a write by what the caller should do."""
    error = refusal(answer, masked)
    match answer.status:
        case 403:
            return NotPermitted(str(error), remedy=_ROLE)
        case 401 | 404 | 429:
            return error
        case status if 400 <= status < 500:  # noqa: PLR2004 - refused by who read it
            return Refused(str(error))
        case _:
            return error


def _session_of(answer: Answer, auth_mode: str, masked: Masked) -> dict[str, str]:
    match answer.status:
        case 200:
            return _tokens(answer, auth_mode)
        case 401 | 403:
            said = _reason(answer.body, masked) or f"HTTP {answer.status}"
            raise BadCredentials(f"the login was refused: {said}", remedy=LOGIN_ADVICE)
        case 404:
            raise Unwell("no gateway login here (HTTP 404)", remedy=_NO_GATEWAY)
        case _:
            raise refusal(answer, masked)


def _tokens(answer: Answer, auth_mode: str) -> dict[str, str]:
    cookies = {name: answer.cookies[name] for name in COOKIES if answer.cookies.get(name)}
    token = _field(answer.body, "token")
    if auth_mode == "cookie" and COOKIES[0] in cookies:
        return cookies
    if token:
        return {BEARER: f"Bearer {token}"}
    if cookies:
        return cookies
    raise Unwell("the gateway answered the login without a session", remedy=UNWELL)


def _field(body: bytes, name: str) -> str:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    value = document.get(name) if isinstance(document, dict) else None
    return value if isinstance(value, str) else ""


def _reason(body: bytes, masked: Masked) -> str:
    """The gateway's own words, masked as they are read: JSON can spell a secret otherwise."""
    words = [_field(body, "message"), _field(body, "error")]
    return " - ".join(quoted(word, masked) for word in words if word)
