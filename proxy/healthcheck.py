"""`powerwall healthcheck`: ask the proxy on this machine whether it answers."""

from __future__ import annotations

import contextlib
import http.client
import ssl
from ipaddress import ip_address

from .settings import Settings
from .tls import own_file

LIMIT_S = 5.0
OK = 200


def why_unhealthy(settings: Settings) -> str | None:
    """Return None when a proxy with these settings answers, else what is wrong."""
    connection = _connection(settings)
    try:
        connection.request("GET", "/healthz")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return str(error) or type(error).__name__
    finally:
        connection.close()
    return None if status == OK else f"HTTP {status}"


def _connection(settings: Settings) -> http.client.HTTPConnection:
    host = settings.bind_address or "127.0.0.1"
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared
    if not settings.serves_tls:
        return http.client.HTTPConnection(host, settings.port, timeout=LIMIT_S)
    context = _trusting_itself() if _is_loopback(host) else _trusting(settings)
    return http.client.HTTPSConnection(host, settings.port, timeout=LIMIT_S, context=context)


def _trusting_itself() -> ssl.SSLContext:
    """Accept any certificate: it is this machine that answers, and nothing secret is sent.

    Not the one on disk only: a renewed one is there before the proxy has read it.
    """
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _trusting(settings: Settings) -> ssl.SSLContext:
    """Accept what any client would, and our own certificate.

    Names are not compared: the address that is bound need not be one that a certificate names.
    """
    context = ssl.create_default_context()
    context.check_hostname = False
    with contextlib.suppress(OSError):  # then the handshake will say what is wrong
        context.load_verify_locations(settings.tls_cert or own_file(settings))
    return context


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
