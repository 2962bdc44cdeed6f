"""Requests to a proxy: a whole answer or the reason why there is none, and either in time.

Nothing is taken for granted of who answers: he may be slow, send for ever, or send us elsewhere.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import requests
from urllib3.exceptions import HTTPError, LocationParseError

from pypowerwall_core.causes import causes
from pypowerwall_core.errors import Unreachable
from pypowerwall_core.version import __version__

BODY_MOST = 4 * 1024 * 1024
CA_BUNDLE = "REQUESTS_CA_BUNDLE"
_CHUNK = 64 * 1024
_FAILURES = (requests.RequestException, HTTPError, OSError, ValueError)


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer.

    Attributes:
        location: Where it sends us; we do not go, for the token is for this proxy alone.
    """

    status: int
    body: bytes
    location: str = ""


class _Session(requests.Session):
    """A session that looks at no redirect: it would read the whole body, however long."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Say that there is none."""
        del resp


class Asker:
    """Asks one address."""

    def __init__(self, url: str, ca_bundle: str = "") -> None:
        self.url = url
        self._ca_bundle = ca_bundle
        self._reads = self._session()

    def get(self, path: str, headers: Mapping[str, bytes], limit_s: float) -> Reply:
        """Ask for a document.

        Raises:
            Unreachable: There is no answer, or no whole one.
        """
        return _within(lambda: self._ask(self._reads, "GET", path, headers, limit_s), limit_s)

    def post(self, path: str, headers: Mapping[str, bytes], document: Any, limit_s: float) -> Reply:
        """Send a document, once, on a connection that nobody may have closed meanwhile.

        Raises:
            Unreachable: There is no answer, or no whole one; it may have arrived.
        """
        with self._session() as session:
            return _within(
                lambda: self._ask(session, "POST", path, headers, limit_s, document), limit_s
            )

    def close(self) -> None:
        """Close the connections."""
        self._reads.close()

    def _session(self) -> requests.Session:
        session = _Session()
        session.trust_env = False  # one on the LAN is not behind another; and no .netrc
        session.verify = self._ca_bundle or True
        session.headers["User-Agent"] = f"powerwall/{__version__}"
        session.headers["Accept-Encoding"] = "identity"
        return session

    def _ask(
        self,
        session: requests.Session,
        method: str,
        path: str,
        headers: Mapping[str, bytes],
        limit_s: float,
        document: Any = None,
    ) -> Reply:
        try:
            with session.request(
                method,
                self.url + path,
                headers=headers,
                json=document,
                timeout=limit_s,
                allow_redirects=False,
                stream=True,
            ) as answer:
                return Reply(
                    answer.status_code, _whole_body(answer), answer.headers.get("Location", "")
                )
        except _FAILURES as error:
            raise Unreachable(_reason(error, limit_s)) from error


def _within(call: Callable[[], Reply], limit_s: float) -> Reply:
    """Wait for a call, but not longer: names that do not resolve and bytes that drip are slow.

    It is made by a thread of its own, which nobody waits for; so Ctrl-C is heard at once, too.
    """
    reply: Future[Reply] = Future()

    def work() -> None:
        try:
            reply.set_result(call())
        except Exception as error:  # noqa: BLE001 - raised again by who waits
            reply.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    try:
        return reply.result(limit_s)
    except TimeoutError as error:
        raise Unreachable(_late(limit_s)) from error


def _whole_body(answer: requests.Response) -> bytes:
    body = bytearray()
    for chunk in answer.iter_content(_CHUNK):
        body += chunk
        if len(body) > BODY_MOST:
            raise Unreachable(f"an answer of more than {BODY_MOST >> 20} MB")
    return bytes(body)


# -- why there is none. Pure ----------------------------------------------------------------

_REASONS: tuple[tuple[type[BaseException], str], ...] = (
    (socket.gaierror, "its name cannot be resolved"),
    (ConnectionRefusedError, "connection refused"),
    (
        ssl.SSLCertVerificationError,
        f"its certificate is not trusted; name a file with it in {CA_BUNDLE}",
    ),
    (requests.exceptions.SSLError, "no TLS connection; is it http:// there?"),
    (requests.exceptions.InvalidURL, "that is no address"),
    (LocationParseError, "that is no address"),
    (ConnectionResetError, "connection reset; is it https:// there?"),
    (requests.ConnectionError, "the connection was closed; is it https:// there?"),
)


def _late(limit_s: float) -> str:
    return f"no whole answer within {limit_s:g} s"


def _reason(error: Exception, limit_s: float) -> str:
    """Say what went wrong without the addresses of objects that libraries print."""
    found = causes(error)
    if any(isinstance(cause, requests.Timeout | TimeoutError) for cause in found):
        return _late(limit_s)
    for kind, says in _REASONS:
        if any(isinstance(cause, kind) for cause in found):
            return says
    return f"no connection ({type(error).__name__})"
