"""Names, connections and handshakes: what each does within its time, whatever is there."""

from __future__ import annotations

import contextlib
import errno
import os
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from .chart import Attempt, Handshake, NoName, Resolved, TlsTrouble, Trouble

ARP = Path("/proc/net/arp")
STRANGE_NAME = "doctor.powerwall.invalid"
_HELD = 0x2

_NO_NAME = {
    socket.EAI_NONAME: NoName.UNKNOWN,
    socket.EAI_NODATA: NoName.UNKNOWN,
    socket.EAI_AGAIN: NoName.NO_SERVER,
}
_TROUBLES = {
    errno.ECONNREFUSED: Trouble.REFUSED,
    errno.ETIMEDOUT: Trouble.TIMEOUT,
    errno.EHOSTUNREACH: Trouble.UNREACHABLE,
    errno.EHOSTDOWN: Trouble.UNREACHABLE,
    errno.ENETUNREACH: Trouble.NO_ROUTE,
    errno.ENETDOWN: Trouble.NO_ROUTE,
    errno.EADDRNOTAVAIL: Trouble.NO_ROUTE,
    errno.EAFNOSUPPORT: Trouble.NO_ROUTE,
    errno.ECONNRESET: Trouble.RESET,
    errno.EPERM: Trouble.OWN,
    errno.EACCES: Trouble.OWN,
    errno.EMFILE: Trouble.OWN,
    errno.ENFILE: Trouble.OWN,
    errno.ENOBUFS: Trouble.OWN,
    errno.ENOMEM: Trouble.OWN,
}
_NOT_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD", "PACKET_LENGTH", "UNKNOWN_PROTOCOL")
_INCOMPATIBLE = (
    "PROTOCOL_VERSION",
    "UNSUPPORTED_PROTOCOL",
    "NO_PROTOCOLS",
    "HANDSHAKE_FAILURE",
    "NO_SHARED_CIPHER",
    "KEY_TOO_SMALL",
    "LEGACY",
)

Seen = TypeVar("Seen")


def within(limit_s: float, look: Callable[[], Seen], late: Seen) -> Seen:
    """Return what somebody sees in time, or `late`; nobody waits for who goes on looking."""
    box: queue.SimpleQueue[Seen] = queue.SimpleQueue()
    threading.Thread(target=lambda: box.put(look()), name="doctor", daemon=True).start()
    try:
        return box.get(timeout=limit_s)
    except queue.Empty:
        return late


Resolver = Callable[[str, int], tuple[str, ...]]


def resolve(host: str, port: int, limit_s: float, *, resolver: Resolver | None = None) -> Resolved:
    """Look a name up, in a thread: a resolver knows no limit of time."""
    lookup = resolver or addresses
    began_s = time.monotonic()

    def look() -> Resolved:
        try:
            return Resolved(lookup(host, port))
        except socket.gaierror as error:
            why = _NO_NAME.get(error.errno or 0, NoName.OTHER)
            return Resolved(why=why, text=error.strerror or "")
        except (OSError, UnicodeError) as error:
            return Resolved(why=NoName.OTHER, text=type(error).__name__)

    found = within(limit_s, look, Resolved(why=NoName.LATE))
    took_s = time.monotonic() - began_s
    return Resolved(found.addresses, took_s, found.why, found.text)


def addresses(host: str, port: int) -> tuple[str, ...]:
    """Ask the system, as every connection does."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(_text(row[4]) for row in found))


def _text(sockaddr: tuple[object, ...]) -> str:
    ip, *rest = sockaddr
    zone = rest[2] if len(rest) > 2 else 0  # noqa: PLR2004 - only IPv6 has four
    return f"{ip}%{zone}" if zone and "%" not in str(ip) else str(ip)


def connect(ip: str, port: int, limit_s: float) -> tuple[Attempt, socket.socket | None]:
    """Try to connect; the socket is the caller's to close."""
    began_s = time.monotonic()
    try:
        sock = socket.create_connection((ip, port), limit_s)
    except OSError as error:
        took_s = time.monotonic() - began_s
        trouble = _trouble(error)
        text = os.strerror(error.errno) if error.errno else type(error).__name__
        far = trouble not in (Trouble.REFUSED, Trouble.OWN)
        source = _source(ip, port) if far else ""
        return Attempt(ip, took_s, trouble, text, source, neighbour(ip) if far else None), None
    return Attempt(ip, time.monotonic() - began_s), sock


def _trouble(error: OSError) -> Trouble:
    if isinstance(error, TimeoutError):
        return Trouble.TIMEOUT
    return _TROUBLES.get(error.errno or 0, Trouble.OTHER)


def _source(ip: str, port: int) -> str:
    """Tell which address of this machine leads there; nothing is sent."""
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as asked:
        asked.connect((ip, port))
        return str(asked.getsockname()[0])
    return ""


def neighbour(ip: str, table: Path = ARP) -> bool | None:
    """Tell whether a device of the local network holds an address, by the kernel's own table."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in table.read_text("ascii").splitlines()[1:]:
            fields = line.split()
            if fields[0] == ip:
                return bool(int(fields[2], 16) & _HELD)
    return None


# -- TLS ----------------------------------------------------------------------------------------


def shake(
    sock: socket.socket, server_name: str | None, limit_s: float
) -> tuple[Handshake, bytes | None]:
    """Shake hands as every request does, and return the certificate's bytes too."""
    began_s = time.monotonic()
    try:
        # Nothing is verified: gateways sign their own certificates; tls.py says whose it is.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        sock.settimeout(limit_s)  # of the whole handshake: ssl counts it down
        with context.wrap_socket(sock, server_hostname=server_name) as secured:
            took_s = time.monotonic() - began_s
            cipher = secured.cipher()
            seen = Handshake(
                server_name,
                took_s,
                version=secured.version() or "",
                cipher=cipher[0] if cipher else "",
            )
            return seen, secured.getpeercert(binary_form=True)
    except (OSError, ValueError) as error:
        took_s = time.monotonic() - began_s
        return Handshake(server_name, took_s, tls_trouble(error), _words(error)), None


def tls_trouble(error: Exception) -> TlsTrouble:
    """Name what went wrong with a handshake."""
    if isinstance(error, TimeoutError):
        return TlsTrouble.STALLED
    reason = _reason(error)
    if any(word in reason for word in _INCOMPATIBLE):
        return TlsTrouble.INCOMPATIBLE
    if any(word in reason for word in _NOT_TLS):
        return TlsTrouble.NOT_TLS
    # A connection that is gone by now gives a socket without a handshake: a ValueError later.
    dropped = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError, ValueError)
    if isinstance(error, dropped) or "ALERT" in reason or "UNRECOGNIZED_NAME" in reason:
        return TlsTrouble.ABORTED
    return TlsTrouble.OTHER


_PLAIN_WORDS = {
    TlsTrouble.STALLED: "no answer",
    TlsTrouble.ABORTED: "connection closed",
    TlsTrouble.NOT_TLS: "no TLS",
    TlsTrouble.INCOMPATIBLE: "nothing in common",
    TlsTrouble.OTHER: "reason unknown",
}


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", "") or "").upper()


def _words(error: Exception) -> str:
    # What OpenSSL has no name for would be one of Python's, which tells a person nothing.
    return _reason(error).replace("_", " ").lower() or _PLAIN_WORDS[tls_trouble(error)]


def refuses(ip: str, port: int, limit_s: float) -> bool | None:
    """Tell whether a server name that no gateway has is refused; None when nobody can tell."""
    _, sock = connect(ip, port, limit_s)
    if sock is None:
        return None
    with sock:
        seen, _ = shake(sock, STRANGE_NAME, limit_s)
    return {None: False, TlsTrouble.ABORTED: True}.get(seen.trouble)
