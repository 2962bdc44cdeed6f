"""The road to Tesla's servers: HTTP/2 over TLS 1.3, for a `requests` session that asks for it.

Since June 2026 the Owner API refuses tokens that were asked for over HTTP/1.1; teslapy 2.9.2
speaks nothing else. Mounted into its session, this speaks HTTP/2 where the server does.
"""

from __future__ import annotations

import contextlib
import io
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any

import certifi
import httpcore
import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse

from pypowerwall_core.errors import Unwell

BODY_MOST = 4 * 2**20
KEEP_ALIVE_S = 60.0
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "proxy-connection", "transfer-encoding"})
"""These have no place in HTTP/2 (RFC 9113, 8.2.2)."""
_READS = ("GET", "HEAD")
_NO_CONNECTION = (httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.PoolTimeout)
NOT_TRUSTED = "the certificate is not trusted"
_TOO_MUCH = "an answer of more than 4 MB"
Headers = list[tuple[bytes, bytes]]


def tls_context(ca_file: str | None = None) -> ssl.SSLContext:
    """Return the TLS that Tesla wants: 1.3, and its certificate checked.

    Raises:
        OSError: The file of authorities cannot be read.
    """
    context = ssl.create_default_context(cafile=ca_file or certifi.where())
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context


class NotConnected(requests.ConnectionError):
    """There was no connection, so nothing was sent."""


def take_road(session: requests.Session, road: Http2Adapter) -> None:
    """Have a session send by this adapter, and neither elsewhere nor otherwise.

    Redirects, plain HTTP, and what an environment says of proxies or passwords could take
    tokens to somebody else.
    """
    session.trust_env = False
    session.max_redirects = 0
    session.adapters.clear()
    session.mount("https://", road)


class Http2Adapter(HTTPAdapter):
    """Sends the requests of a session, each within one deadline and with a bounded answer."""

    def __init__(self, *, timeout_s: float, ca_file: str | None = None) -> None:
        self._timeout_s = timeout_s
        self._backend = _Backend()
        self._pool = httpcore.ConnectionPool(
            tls_context(ca_file),
            max_connections=2,  # the login's server, and the data's
            keepalive_expiry=KEEP_ALIVE_S,
            http2=True,
            network_backend=self._backend,
        )
        super().__init__()

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """Send one request and return its whole answer.

        Raises:
            NotConnected: Nothing was sent.
            requests.RequestException: There is no answer: the connection, the time, the protocol.
            Unwell: It is larger than 4 MB.
        """
        self._backend.ends_s = time.monotonic() + 2 * self._timeout_s
        try:
            return self._send(request)
        except _NO_CONNECTION as error:
            raise NotConnected(_reason(error)) from error
        except httpcore.TimeoutException as error:
            raise requests.Timeout(f"no answer within {self._timeout_s:g} s") from error
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            raise requests.ConnectionError(_reason(error)) from error

    def _send(self, request: requests.PreparedRequest) -> requests.Response:
        """Send a read by a connection that is there, and once more where that one was dead.

        Servers close what is idle, which HTTP/2 shows only to who uses it. A write leaves on a
        new connection, as it must not be lost in between.
        """
        if request.method not in _READS:
            self._pool.close()
        made = self._backend.made
        try:
            return self._answer(request)
        except (httpcore.NetworkError, httpcore.ProtocolError):
            if request.method not in _READS or self._backend.made != made:
                raise
            self._pool.close()
            return self._answer(request)

    def _answer(self, request: requests.PreparedRequest) -> requests.Response:
        within = dict.fromkeys(("connect", "read", "write", "pool"), self._timeout_s)
        with self._pool.stream(
            f"{request.method}",
            f"{request.url}",
            headers=_headers(request.headers),
            content=None if request.body is None else _bytes(request.body),
            extensions={"timeout": within},
        ) as answer:
            body = _whole(answer.iter_stream())
        headers = HTTPHeaderDict(
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.headers
        )
        body = _unpacked(body, headers)
        raw = HTTPResponse(io.BytesIO(body), headers, answer.status, preload_content=False)
        return self.build_response(request, raw)

    def close(self) -> None:
        """Drop the connections."""
        self._pool.close()
        super().close()


def _headers(headers: Mapping[str, str | bytes]) -> Headers:
    return [
        (_bytes(name), _bytes(value))
        for name, value in headers.items()
        if name.lower() not in _HOP_BY_HOP
    ]


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("latin-1", "replace")


def _whole(chunks: Iterable[bytes]) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > BODY_MOST:
            raise Unwell(_TOO_MUCH)
    return bytes(body)


def _unpacked(body: bytes, headers: HTTPHeaderDict) -> bytes:
    """Return what was compressed as it is, and have the headers say so; 4 MB of it at most."""
    packed = HTTPResponse(io.BytesIO(body), headers, preload_content=False)
    try:
        whole = packed.read(BODY_MOST + 1, decode_content=True)
    except urllib3.exceptions.HTTPError as error:
        raise requests.exceptions.ContentDecodingError("it cannot be unpacked") from error
    if len(whole) > BODY_MOST:
        raise Unwell(_TOO_MUCH)
    headers.discard("Content-Encoding")
    headers.discard("Content-Length")
    return whole


def _reason(error: Exception) -> str:
    """Say what went wrong in few words; OpenSSL's own are for programmers."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"{NOT_TRUSTED}: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            return f"TLS handshake failed: {cause.reason}"
        cause = cause.__cause__ or cause.__context__
    words = error.args[0] if error.args else ""
    # HTTP/2's goodbye is an object of the library's, and no words.
    said = f"{words}" if isinstance(words, str | Exception) else ""
    return said or "the connection was closed"


class _Backend(httpcore.NetworkBackend):
    """Sockets that give up when the request's time is over, however slowly bytes drip.

    Attributes:
        ends_s: When that is, on the monotonic clock; one for each thread.
        made: How many connections were opened.
    """

    def __init__(self) -> None:
        self.made = 0
        self._sockets = httpcore.SyncBackend()
        self._now = threading.local()

    @property
    def ends_s(self) -> float:
        """When the request of this thread has to be over."""
        return float(getattr(self._now, "ends_s", 0.0))

    @ends_s.setter
    def ends_s(self, at_s: float) -> None:
        self._now.ends_s = at_s

    def within_s(
        self, timeout_s: float | None, late: type[Exception] = httpcore.ReadTimeout
    ) -> float:
        """Return how long one more call may take.

        Raises:
            httpcore.TimeoutException: The time is over; `late` says which.
        """
        left_s = self.ends_s - time.monotonic()
        if left_s <= 0:
            raise late
        return left_s if timeout_s is None else min(timeout_s, left_s)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to one of its addresses; each is given what time is left, not a time of its own.

        Raises:
            httpcore.ConnectError: None answers, or the host has none.
        """
        self.made += 1
        error: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in _addresses(host, port):
            within_s = self.within_s(timeout, httpcore.ConnectTimeout)
            try:
                stream = self._sockets.connect_tcp(
                    address, port, within_s, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as silent:
                error = silent
            else:
                return _Stream(stream, self)
        raise error


def _addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise httpcore.ConnectError(f"{host}: {error.strerror or error}") from error
    return list(dict.fromkeys(f"{address[0]}" for *_, address in found))


class _Stream(httpcore.NetworkStream):
    """One of its sockets."""

    def __init__(self, stream: httpcore.NetworkStream, backend: _Backend) -> None:
        self._stream = stream
        self._backend = backend

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what there is."""
        return self._stream.read(max_bytes, self._backend.within_s(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of it."""
        self._stream.write(buffer, self._backend.within_s(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        """Close it, and wake who reads from it: without that a stop would wait for Tesla."""
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self._stream.get_extra_info("socket"), socket.SHUT_RDWR)
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Speak TLS from now on."""
        within_s = self._backend.within_s(timeout, httpcore.ConnectTimeout)
        stream = self._stream.start_tls(ssl_context, server_hostname, within_s)
        return _Stream(stream, self._backend)

    def get_extra_info(self, info: str) -> Any:
        """Tell of the socket or its TLS."""
        return self._stream.get_extra_info(info)
