"""Who may do what: read, see settings, make the proxy do something."""

from __future__ import annotations

import hmac
import os
import socket
from collections.abc import Container
from ipaddress import ip_address

from falcon.asgi import Request

_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")
"""A front end on this machine speaks for anybody."""


_HOME_ENDINGS = (".local", ".lan", ".home.arpa")
_THIS_MACHINE = socket.gethostname().lower()


def may_act(request: Request, token: str) -> bool:
    """Whether a request comes from this machine or shows the control token."""
    return _is_local(request) or _knows(request, token)


def may_read(request: Request, token: str) -> bool:
    """Whether a request shows the read token, where there is one."""
    return not token or _knows(request, token)


def is_asked_by_our_name(request: Request, more: Container[str]) -> bool:
    """Whether a browser means this machine.

    A web page from elsewhere can have its own name resolve to our address (DNS rebinding) and
    then read us as itself. It cannot choose an address, a name without a dot, or a name that
    only home networks have.
    """
    named = (request.get_header("Host") or "").lower()
    bracketed = named.startswith("[")
    host = named[1:].partition("]")[0] if bracketed else named.partition(":")[0].rstrip(".")
    return (
        "." not in host
        or _is_address(host)
        or host.endswith(_HOME_ENDINGS)
        or host == _THIS_MACHINE
        or host in more
    )


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_local(request: Request) -> bool:
    if any(request.get_header(name) for name in _FORWARDED):
        return False
    if request.get_header("Sec-Fetch-Site") == "cross-site":
        return False  # a page from elsewhere, in a browser on this machine
    # Not Falcon's remote_addr: it says 127.0.0.1 where there is no address.
    host = next(iter(request.scope.get("client") or ()), "")
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _knows(request: Request, token: str) -> bool:
    """Whether a token is shown, as a bearer or in the query, whatever else is shown beside it."""
    if not token:
        return False
    scheme, _, bearer = (request.get_header("Authorization") or "").partition(" ")
    shown = [value.encode() for value in request.get_param_as_list("token") or ()]
    if scheme.lower() == "bearer":
        shown.append(bearer.strip().encode("latin-1", "replace"))
    wanted = os.fsencode(token)
    return any([hmac.compare_digest(one, wanted) for one in shown])  # noqa: C419 - all, always
