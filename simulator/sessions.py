"""Who may come in: logins, tokens that expire, and the limiter that punishes loops.

A session is named by its token, as a cookie or as a bearer. The clock is given.
"""

import base64
import hmac
import json
import secrets
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final
from urllib.parse import parse_qs

from simulator.wire import Answer, error_answer, json_answer

LOGIN_WINDOW_S: Final = 60.0
# Real lock-outs are reported to last 10 to 30 minutes; a shorter one teaches as much.
LOGIN_BLOCK_S: Final = 300.0
MAX_SESSIONS: Final = 1000
_NEVER: Final = (float("-inf"), float("-inf"))
_TOKEN_BYTES: Final = 64
_REMEMBERED_ATTEMPTS: Final = 100

CUSTOMER_ROLES: Final = ("Home_Owner",)
# These need a hand on a physical switch, which nobody has here.
_SWITCHED_USERS: Final = frozenset({"installer", "engineer", "admin"})

BAD_CREDENTIALS: Final = error_answer(401, "bad credentials", "Login Error")
NEEDS_SWITCH: Final = error_answer(
    401, "roles [Provider_Engineer] require physical access", "Login Error"
)
LIMITED: Final = error_answer(429, "Api Limit reached for this endpoint", "API Limit Reached")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a login request asks."""

    username: str
    password: str
    email: str
    force_sm_off: bool


def _is_true(value: Any) -> bool:
    return str(value).lower() == "true"


def parse_login(body: bytes, content_type: str) -> Credentials | None:
    """Read a login in either encoding; unknown fields are ignored, nonsense is None."""
    fields: Any
    try:
        if content_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded":
            # clientInfo degenerates to one of its keys here, and nobody minds.
            form = parse_qs(body.decode(), keep_blank_values=True)
            fields = {name: values[-1] for name, values in form.items()}
        else:
            fields = json.loads(body)
    except ValueError:
        return None
    if not isinstance(fields, Mapping):
        return None
    return Credentials(
        username=str(fields.get("username", "")),
        password=str(fields.get("password", "")),
        email=str(fields.get("email", "")),
        force_sm_off=_is_true(fields.get("force_sm_off", False)),
    )


def token_of(cookies: str | None, authorization: str | None) -> str | None:
    """Find the token of a request: the AuthCookie alone is enough, and so is a bearer."""
    scheme, _, bearer = (authorization or "").partition(" ")
    if scheme.lower() == "bearer":
        return bearer.strip()
    try:
        morsel = SimpleCookie(cookies or "").get("AuthCookie")
    except CookieError:
        return None
    return morsel.value if morsel else None


def login_record(token: str, email: str, login_time: str) -> dict[str, Any]:
    """Describe a user who has come in."""
    return {
        "email": email,
        "firstname": "Tesla",
        "lastname": "Energy",
        "roles": list(CUSTOMER_ROLES),
        "token": token,
        "provider": "Basic",
        "loginTime": login_time,
    }


def login_reply(record: Mapping[str, Any]) -> Answer:
    """Write the reply of a login, with both cookies."""
    user_record = base64.b64encode(json.dumps(record).encode()).decode()
    cookies = (("AuthCookie", record["token"]), ("UserRecord", user_record))
    return json_answer(
        record, headers=tuple(("set-cookie", f"{name}={value}; Path=/") for name, value in cookies)
    )


def logout_reply() -> Answer:
    """Clear both cookies."""
    clear = tuple(
        ("set-cookie", f"{name}=; Path=/; Max-Age=0") for name in ("AuthCookie", "UserRecord")
    )
    return Answer(204, headers=clear)


class Sessions:
    """The gateway's memory of who is logged in, bounded; the oldest leaves first."""

    def __init__(self, ttl_s: float, monotonic: Callable[[], float]) -> None:
        self._ttl_s = ttl_s
        self.monotonic = monotonic
        self._lock = threading.Lock()
        # By token: when it was opened, and when it expires.
        self._expires: dict[str, tuple[float, float]] = {}

    def open(self) -> str:
        """Begin a session and return its token: URL-safe base64 of 64 random bytes."""
        token = base64.urlsafe_b64encode(secrets.token_bytes(_TOKEN_BYTES)).decode()
        with self._lock:
            while len(self._expires) >= MAX_SESSIONS:
                del self._expires[next(iter(self._expires))]
            now_s = self.monotonic()
            self._expires[token] = (now_s, now_s + self._ttl_s)
        return token

    def valid(self, token: str | None, up_s: float = float("inf")) -> bool:
        """Say whether a token opens doors now; no session is older than the gateway is up."""
        with self._lock:
            opened_s, expires_s = self._expires.get(token or "", _NEVER)
            now_s = self.monotonic()
            return now_s < expires_s and now_s - opened_s < up_s

    def forget(self, token: str | None) -> None:
        """End one session, if there is one."""
        if token is not None:
            with self._lock:
                self._expires.pop(token, None)

    def forget_all(self) -> None:
        """End every session, as a reboot does."""
        with self._lock:
            self._expires.clear()


class Limiter:
    """Refuses logins that come too often, and stays angry while they keep coming."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._attempts: deque[float] = deque(maxlen=_REMEMBERED_ATTEMPTS)
        self._blocked_until = float("-inf")

    def allows(self, limit: int | None) -> bool:
        """Count an attempt and say whether it may go on; no limit allows everything."""
        if limit is None:
            return True
        now_s = self._monotonic()
        with self._lock:
            self._attempts.append(now_s)
            recent = sum(now_s - attempt_s < LOGIN_WINDOW_S for attempt_s in self._attempts)
            if recent > limit or now_s < self._blocked_until:
                self._blocked_until = now_s + LOGIN_BLOCK_S
                return False
            return True


def check(credentials: Credentials, password: str, gateway_serial: str) -> Answer | None:
    """Compare a login with the truth; None when it may come in."""
    given = credentials.password.encode()
    if credentials.username in _SWITCHED_USERS and hmac.compare_digest(
        given, gateway_serial.encode()
    ):
        return NEEDS_SWITCH
    right = hmac.compare_digest(given, password.encode())
    return None if right and credentials.username == "customer" else BAD_CREDENTIALS
