"""Whether a server of Tesla's can be reached, and how: a connection and its TLS, no request."""

from __future__ import annotations

import errno
import socket
import ssl
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from pypowerwall_core.errors import BadSetting

from .http2 import tls_context
from .regions import host_of

_HTTP = {"h2": "HTTP/2", "http/1.1": "HTTP/1.1", None: "HTTP/1.1"}
_NO_NETWORK = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL}


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there is no connection.

    Attributes:
        kind: One word.
        says: What is wrong, as the end of a sentence that names the server.
        remedy: What to do.
    """

    kind: str
    says: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Reach:
    """What a connection to a server was like.

    Attributes:
        http: HTTP/2 or HTTP/1.1, whichever the server chose; "" without a connection.
        tls: TLSv1.3; "" without a connection.
        latency_s: Until its TLS was ready.
    """

    url: str
    http: str = ""
    tls: str = ""
    latency_s: float | None = None
    trouble: Trouble | None = None

    @property
    def host(self) -> str:
        """HOST, or HOST:PORT."""
        return host_of(self.url)


def checked_authorities(ca_file: str | None) -> None:
    """Read the authorities that are trusted.

    Raises:
        BadSetting: They cannot be read.
    """
    try:
        tls_context(ca_file)
    except OSError as error:
        is_no_pem = isinstance(error, ssl.SSLError)
        reason = "it is no PEM file of certificates" if is_no_pem else error.strerror
        raise BadSetting(f"PW_CLOUD_CA: {ca_file} cannot be read: {reason}") from error


def reach(url: str, *, ca_file: str | None, timeout_s: float) -> Reach:
    """Connect, shake hands, and hang up; raises nothing of the network."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    context = tls_context(ca_file)
    context.set_alpn_protocols(["h2", "http/1.1"])
    begun_s = time.monotonic()
    try:
        with (
            socket.create_connection((host, parts.port or 443), timeout_s) as raw,
            context.wrap_socket(raw, server_hostname=host) as line,
        ):
            latency_s = time.monotonic() - begun_s
            http = _HTTP.get(line.selected_alpn_protocol(), "HTTP/1.1")
            return Reach(url, http, line.version() or "", latency_s)
    except (OSError, UnicodeError) as error:
        return Reach(url, trouble=trouble_of(error, timeout_s))


def trouble_of(error: Exception, timeout_s: float) -> Trouble:
    """Say in a person's words why there is no connection."""
    if isinstance(error, ssl.SSLCertVerificationError):
        says = f"its certificate is not trusted: {getattr(error, 'verify_message', 'unknown')}"
        return Trouble("certificate", says, _REMEDIES["certificate"])
    if isinstance(error, ssl.SSLError):
        says = f"no TLS 1.3 with it: {getattr(error, 'reason', '') or 'broken off'}"
        return Trouble("tls", says, _REMEDIES["tls"])
    kind, says = _kind(error)
    return Trouble(kind, says.format(timeout_s), _REMEDIES[kind])


def _kind(error: Exception) -> tuple[str, str]:
    if isinstance(error, OSError) and error.errno in _NO_NETWORK:
        return "offline", "there is no way to it"
    return next((row[1:] for row in _KINDS if isinstance(error, row[0])), _BROKEN)


_KINDS: tuple[tuple[type[Exception], str, str], ...] = (
    (socket.gaierror, "dns", "its name cannot be resolved"),
    (UnicodeError, "dns", "its name cannot be resolved"),
    (TimeoutError, "silent", "no answer within {:g} s"),
    (ConnectionRefusedError, "refused", "it takes no connection"),
)
_BROKEN = ("broken", "the connection was broken off")
_FIREWALL = "Look for a firewall or a proxy on the way."
_REMEDIES = {
    "dns": "Check that this machine reaches the internet, and its DNS server.",
    "offline": "Check the internet connection of this machine.",
    "silent": "Check the internet connection and the firewall; PW_TIMEOUT waits longer.",
    "refused": _FIREWALL,
    "broken": _FIREWALL,
    "tls": _FIREWALL,
    "certificate": "Check the clock of this machine, and what sits between it and the internet: a "
    "proxy that opens TLS needs its authority in PW_CLOUD_CA.",
}
