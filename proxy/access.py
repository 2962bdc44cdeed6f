"""Who may make the proxy do something: this machine itself, or who knows the control token."""

from __future__ import annotations

import hmac
from ipaddress import ip_address

from falcon.asgi import Request

_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")
"""A front end on this machine speaks for anybody."""


def may_act(request: Request, token: str) -> bool:
    """Whether a request comes from this machine or shows the token."""
    return _is_local(request) or _knows(request, token)


def _is_local(request: Request) -> bool:
    if any(request.get_header(name) for name in _FORWARDED):
        return False
    # Not Falcon's remote_addr: it says 127.0.0.1 where there is no address.
    host = next(iter(request.scope.get("client") or ()), "")
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _knows(request: Request, token: str) -> bool:
    if not token:
        return False
    shown = (request.get_header("Authorization") or "").removeprefix("Bearer ")
    if not shown:
        shown = request.get_param("token") or ""
    return hmac.compare_digest(shown.encode(), token.encode())
