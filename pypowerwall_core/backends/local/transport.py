"""HTTPS to a gateway: its odd TLS, one total deadline, a cap on the body.

`requests` bounds each read, not the whole call: a peer that drips bytes could hold one
for ever. A watchdog shuts the socket when the deadline passes.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import socket
import ssl
import threading
from dataclasses import dataclass
from typing import Any, Self

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from pypowerwall_core.causes import causes
from pypowerwall_core.errors import NotSent, Unreachable, Unwell

from .address import Address

BODY_MOST = 4 * 1024 * 1024
CHUNK = 64 * 1024
DEADLINES = 2
"""The total deadline is so many times PW_TIMEOUT."""

_FAILURES = (requests.RequestException, HTTPError, OSError)


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP answer."""

    status: int
    headers: requests.structures.CaseInsensitiveDict[str]
    body: bytes
    cookies: dict[str, str]


class _Call:
    """One request under way and the watchdog that ends it."""

    def __init__(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        json: Any,
        timeout_s: float,
        *,
        alone: bool,
    ) -> None:
        self.method = method
        self.path = path
        self.headers = headers
        self.json = json
        self.timeout_s = timeout_s
        self.alone = alone
        self.ended: Unreachable | None = None
        self.reused = False
        self.sent = False
        # Not the connection: it forgets the socket of an answer that ends with it.
        self.sock: socket.socket | None = None
        deadline_s = DEADLINES * timeout_s
        late = Unreachable(f"no complete answer within {deadline_s:g} s", remedy=_SLOW)
        self._watchdog = threading.Timer(deadline_s, self.cut, [late])
        self._watchdog.daemon = True

    def __enter__(self) -> Self:
        self._watchdog.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._watchdog.cancel()

    def cut(self, why: Unreachable) -> None:
        """Shut the socket under the call, whatever it waits for."""
        self.ended = why
        if self.sock is not None:
            # Not SSLSocket.shutdown: it would drop the TLS state under the reading thread.
            with contextlib.suppress(OSError):  # closed meanwhile: the call is over
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

    def check(self) -> None:
        """Go no further after the cut: a shut socket reads like the end of an answer."""
        if self.ended is not None:
            raise TimeoutError("cut")


class Transport:
    """Connections to one gateway."""

    def __init__(
        self,
        address: Address,
        *,
        timeout_s: float = 5.0,
        pool_maxsize: int = 15,
        fingerprint: bytes | None = None,
        body_most: int = BODY_MOST,
    ) -> None:
        self.address = address
        self._timeout_s = timeout_s
        self._body_most = body_most
        self._keep_alive = pool_maxsize > 0
        self._calls = threading.local()
        self._under_way: set[_Call] = set()
        self._session = _Session()
        self._session.trust_env = False  # no proxy, no .netrc between us and the gateway
        self._session.verify = False
        self._session.mount("https://", _Adapter(self, max(1, pool_maxsize), fingerprint))

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str],
        json: Any = None,
        timeout_s: float | None = None,
        fresh: bool = False,
    ) -> Answer:
        """Send one request and read the whole answer; `fresh` does so on a new connection.

        Raises:
            NotSent: A fresh request did not leave: there was no connection.
            Unreachable: No answer, or not a whole one within twice the timeout.
            Unwell: The body is larger than `body_most`, 4 MB by default.
        """
        alone = fresh or not self._keep_alive
        with _Call(method, path, headers, json, timeout_s or self._timeout_s, alone=alone) as call:
            self._calls.now = call
            self._under_way.add(call)
            if alone:
                self.drop_idle()
            try:
                answer = self._ask(call)
                call.check()
            except _FAILURES as error:
                why = self._explained(error, call)
                if fresh and not call.sent:
                    raise NotSent(str(why), remedy=why.remedy) from error
                raise why from error
            else:
                return answer
            finally:
                self._under_way.discard(call)
                if not self._keep_alive:
                    # Nobody has to follow `Connection: close`, or to say that it does: a
                    # connection that seems alive would be used again as the gateway closes it.
                    self.drop_idle()

    def drop_idle(self) -> None:
        """Close the connections that nobody uses; those under way stay."""
        self._session.close()

    def close(self) -> None:
        """Cut every call under way and drop all connections; new calls open new ones."""
        for call in tuple(self._under_way):
            call.cut(Unreachable("closed before the answer came"))
        self._session.close()

    def current_call(self) -> _Call | None:
        """The call this thread is making."""
        return getattr(self._calls, "now", None)

    def _ask(self, call: _Call) -> Answer:
        try:
            return self._send(call)
        except _FAILURES as error:
            if not _saw_nothing(call, error):
                raise
        return self._send(call)

    def _send(self, call: _Call) -> Answer:
        closing = {} if self._keep_alive else {"Connection": "close"}
        with self._session.request(
            call.method,
            self.address.url + call.path,
            headers=call.headers | closing | {"Accept-Encoding": "identity"},
            json=call.json,
            timeout=call.timeout_s,
            allow_redirects=False,
            stream=True,
        ) as answer:
            cookies = {cookie.name: cookie.value or "" for cookie in answer.cookies}
            self._session.cookies.clear()  # we send our own, see session
            body = _whole_body(answer, self._body_most)
            return Answer(answer.status_code, answer.headers, body, cookies)

    def _explained(self, error: Exception, call: _Call) -> Unreachable:
        # Names are resolved anew, and no half-dead socket is used again.
        self._session.close()
        if call.ended is not None:
            return call.ended
        for kinds, text, remedy in _EXPLANATIONS:
            if _caused_by(error, kinds):
                return Unreachable(text.format(self.address.host, call.timeout_s), remedy=remedy)
        return Unreachable(f"connection failed ({type(error).__name__})", remedy=_ADDRESS)


_ADDRESS = "Check PW_HOST, the cable or Wi-Fi of the gateway, and that its web page opens."
_SLOW = "The gateway is overloaded or its network is bad: look for other programs that poll it."
_DROPPED = (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError, ssl.SSLZeroReturnError)
_EXPLANATIONS: tuple[tuple[tuple[type[BaseException], ...], str, str], ...] = (
    ((socket.gaierror,), "the name {0} cannot be resolved", _ADDRESS),
    ((ConnectionRefusedError,), "connection refused", _ADDRESS),
    (_DROPPED, "connection reset", _ADDRESS),
    ((ssl.SSLError,), "TLS handshake failed", "Check that PW_HOST is a Powerwall gateway."),
    (
        (TimeoutError, requests.Timeout, urllib3.exceptions.TimeoutError),
        "no answer within {1:g} s",
        _ADDRESS,
    ),
    (
        (urllib3.exceptions.IncompleteRead, urllib3.exceptions.ProtocolError),
        "the answer broke off",
        _SLOW,
    ),
)


class _Session(requests.Session):
    """A session that looks at no redirect: it would read the whole body, and parse the target."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Say that there is none."""
        del resp


class _Connection(HTTPSConnection):
    """A connection that tells its call where the socket is and checks the certificate."""

    transport: Transport
    fingerprint: bytes | None = None
    used = False

    def connect(self) -> None:
        self.used = False
        super().connect()
        # The gateway signs its own certificate, so urllib3 would warn of every connection.
        # Trust is decided here: PW_HOST_CERT pins it; without it any is accepted.
        self.is_verified = True
        if self.fingerprint is not None:
            self._check_certificate(self.fingerprint)

    def request(self, *args: Any, **kwargs: Any) -> None:
        call = self.transport.current_call()
        if call is not None:
            if self.used and call.alone:  # another call gave it back meanwhile
                self.close()
                self.connect()
            call.sock, call.reused = self.sock, self.used
            call.check()  # after the line above: the watchdog may have found no socket to shut
            call.sent = True
        self.used = True
        super().request(*args, **kwargs)

    def _check_certificate(self, fingerprint: bytes) -> None:
        shown = (
            self.sock.getpeercert(binary_form=True)
            if isinstance(self.sock, ssl.SSLSocket)
            else None
        )
        if not hmac.compare_digest(hashlib.sha256(shown or b"").digest(), fingerprint):
            self.close()
            raise Unreachable(
                "the gateway's certificate is not the one in PW_HOST_CERT",
                remedy="If the gateway was replaced, reset or updated, export its certificate "
                "again; otherwise something stands between it and this computer.",
            )


class _Adapter(HTTPAdapter):
    """Mounts our connections into requests."""

    def __init__(self, transport: Transport, pool_maxsize: int, fingerprint: bytes | None) -> None:
        connection = type(
            "_BoundConnection",
            (_Connection,),
            {"transport": transport, "fingerprint": fingerprint},
        )
        self._pool = type("_BoundPool", (HTTPSConnectionPool,), {"ConnectionCls": connection})
        self._server_name = transport.address.server_name
        super().__init__(pool_connections=1, pool_maxsize=pool_maxsize, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if self._server_name is not None:
            kwargs["server_hostname"] = self._server_name
        super().init_poolmanager(*args, ssl_context=context, assert_hostname=False, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"https": self._pool}

    def close(self) -> None:
        """Close idle connections now; urllib3 waits until no remembered error holds the pool."""
        pools = self.poolmanager.pools
        for pool in filter(None, map(pools.get, pools.keys())):
            pool.close()
        super().close()


def _whole_body(answer: requests.Response, most: int) -> bytes:
    body = bytearray()
    for chunk in answer.iter_content(CHUNK):
        body += chunk
        if len(body) > most:
            raise Unwell(f"an answer of more than {most / 2**20:g} MB")
    return bytes(body)


def _caused_by(error: BaseException, kinds: tuple[type[BaseException], ...]) -> bool:
    return any(isinstance(cause, kinds) for cause in causes(error))


def _saw_nothing(call: _Call, error: BaseException) -> bool:
    """Whether the gateway has seen nothing of a call, and it may be made again."""
    if call.ended is not None:
        return False
    if not call.sent:  # another call has closed the pool under it
        return _caused_by(error, (urllib3.exceptions.ClosedPoolError,))
    # The gateway closed an idle connection as we used it.
    return call.method == "GET" and call.reused and _was_dropped(error)


def _was_dropped(error: BaseException) -> bool:
    """Whether the peer closed the connection before it answered anything.

    A body that breaks off is another kind of error to requests.
    """
    return isinstance(error, requests.ConnectionError) and _caused_by(error, _DROPPED)
