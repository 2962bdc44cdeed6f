"""Who may do what: read, see settings, make the proxy do something."""

from __future__ import annotations

import hmac
import os
import socket
from collections.abc import Container, Iterable
from ipaddress import ip_address

from falcon.asgi import Request

OPEN_PATHS = ("/healthz",)
"""What is read without a token, besides the files of the page."""
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")
"""A front end on this machine speaks for anybody."""


_HOME_ENDINGS = (".local", ".lan", ".home.arpa")
_THIS_MACHINE = socket.gethostname().lower()


def may_read(request: Request, token: str) -> bool:
    """Whether a request shows the read token, where there is one."""
    return not token or is_one_of(token, shown(request))


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


def is_local(request: Request) -> bool:
    """Whether a request comes from this machine, and from nobody behind it."""
    if any(request.get_header(name) for name in _FORWARDED):
        return False
    if request.get_header("Sec-Fetch-Site") == "cross-site":
        return False  # a page from elsewhere, in a browser on this machine
    try:
        address = ip_address(address_of(request))
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def address_of(request: Request) -> str:
    """Return the address a request comes from, "" where there is none."""
    # Not Falcon's remote_addr: it says 127.0.0.1 where there is no address. And kept, because
    # the specification lets it be an iterator.
    client = request.scope["client"] = tuple(request.scope.get("client") or ())
    return str(next(iter(client), ""))


def shown(request: Request) -> list[bytes]:
    """Return the tokens of a read, as a bearer or in the query, whatever stands beside them."""
    asked = request.get_param_as_list("token") or ()
    return [*(value.encode() for value in asked), *bearers(request)]


def bearers(request: Request) -> list[bytes]:
    """Return the token of the Authorization header, if that is what it holds."""
    scheme, _, bearer = (request.get_header("Authorization") or "").partition(" ")
    is_bearer = scheme.lower() == "bearer"
    # No more than HTTP's own: in Latin-1 the last byte of "à" is a space too.
    return [bearer.strip(" \t").encode("latin-1", "replace")] if is_bearer else []


def is_one_of(token: str, tokens: Iterable[bytes]) -> bool:
    """Whether a token is among those that are shown, in constant time; "" is no token."""
    wanted = os.fsencode(token)
    matches = [hmac.compare_digest(one, wanted) for one in tokens]  # all, always
    return bool(token) and any(matches)
