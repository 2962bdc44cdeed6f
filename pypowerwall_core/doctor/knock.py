"""How to get in: with what is stored, with nothing, and only then with one login."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pypowerwall_core.backends.local.session import LOGIN_PATH
from pypowerwall_core.errors import BadCredentials, PowerwallError
from pypowerwall_core.scanning import NO_RIGHTS

from .chart import Chart, Kind, LoginSeen, Visit, Way
from .login import PROBES, STATUS, roles_of
from .tls import is_of_gateway
from .visitor import Visitor

TEDAPI = "/tedapi/din"
"""A Powerwall 3 refuses it in words of its own."""


def knock(
    visitor: Visitor, chart: Chart, masked: Callable[[str], str], *, has_password: bool
) -> LoginSeen:
    """Try to get in and tell how it went."""
    visitor.ask(STATUS)
    if stranger := _stranger(visitor, chart):
        return LoginSeen(stranger=stranger)
    seen = _enter(visitor, chart, has_password=has_password)
    roles = roles_of(visitor.gateway.shown()) if seen.way else ()
    return replace(seen, roles=tuple(masked(role)[:40] for role in roles))


def _stranger(visitor: Visitor, chart: Chart) -> str:
    """Say why what answers is taken for no gateway; "" when it may be one.

    Nothing else may be sent the password: without PW_HOST_CERT anybody can answer.
    """
    told = chart.document(STATUS)
    if any(isinstance(told.get(name), str) for name in ("din", "version")):
        return ""
    if chart.handshake.is_pinned or is_of_gateway(chart.handshake.certificate):
        return ""
    visit = chart.visit(STATUS)
    if visit is None or visit.kind is Kind.SILENT:
        return ""
    if visit.kind is Kind.NOT_SERVED and _is_powerwall_3(visitor.ask(TEDAPI)):
        return ""
    said = visit.says or "no DIN and no version"
    return f"{STATUS} says {said}, and the certificate is not of a gateway"


def _is_powerwall_3(visit: Visit | None) -> bool:
    return visit is not None and NO_RIGHTS.decode() in visit.says


def _enter(visitor: Visitor, chart: Chart, *, has_password: bool) -> LoginSeen:
    first = _probe(visitor)
    shown = visitor.gateway.has_session
    if first is None or first.kind is not Kind.FORBIDDEN:
        return _outcome(first, chart, Way.STORED if shown else Way.OPEN, LoginSeen())
    seen = LoginSeen(had_expired=shown)
    if shown:
        # Without any session, before a login: it would stop firmware that reads are open on.
        visitor.new_session(visitor.gateway.forget)
        again = visitor.ask(first.path)
        if again is None or again.kind is not Kind.FORBIDDEN:
            return _outcome(again, chart, Way.OPEN, seen)
    try:
        visitor.new_session(visitor.gateway.login)
    except PowerwallError as error:
        sent = 0 if isinstance(error, BadCredentials) and not has_password else 1
        return replace(seen, error=error, path=LOGIN_PATH, logins=sent)
    return _outcome(visitor.ask(first.path), chart, Way.NEW, replace(seen, logins=1))


def _probe(visitor: Visitor) -> Visit | None:
    """Ask until a path tells whether we may read; else return what the last one said."""
    visit = None
    for path in PROBES:
        asked = visitor.ask(path)
        if asked is None:
            break
        visit = asked
        if visit.kind in (Kind.ANSWERS, Kind.FORBIDDEN):
            break
    return visit


def _outcome(visit: Visit | None, chart: Chart, way: Way, seen: LoginSeen) -> LoginSeen:
    if visit is not None and visit.kind is Kind.ANSWERS:
        return replace(seen, way=way)
    visit = visit or chart.visits[-1]  # it is what has stopped us
    return replace(seen, error=visit.error or PowerwallError(chart.stopped), path=visit.path)
