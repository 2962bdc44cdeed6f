"""How the gateway lets us in, and what it lets us do. Pure."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

from pypowerwall_core import payloads
from pypowerwall_core.backends.local.reader import ROWS
from pypowerwall_core.errors import (
    LOGIN_ADVICE,
    BadCredentials,
    LogInAgain,
    PowerwallError,
    RateLimited,
    Unreachable,
)

from .chart import Chart, Kind, LoginSeen, Way
from .finding import Finding, failed, span, warning, well

_PATHS = {row.payload: row.path for row in ROWS}
STATUS = _PATHS[payloads.STATUS]
SITEMASTER = _PATHS[payloads.SITEMASTER]
AGGREGATES = _PATHS[payloads.AGGREGATES]
SOE = _PATHS[payloads.SOE]
GRID_STATUS = _PATHS[payloads.GRID_STATUS]
CORE = (AGGREGATES, SOE, GRID_STATUS)
PROBES = (AGGREGATES, SITEMASTER, SOE)
"""What proves a session, in this order: the second answers while the Powerwall is stopped."""
CUSTOMERS_WRITE_BEFORE = (1, 50)

_ONCE = (
    " It was tried once. Do not try often: the gateway locks everybody out for a while. Firmware "
    "updates have put back an earlier password."
)
_ODD = " What is set has quotes or blanks around it: write it without."
_LIMITED = (
    "Too many logins, or too many requests. Stop everything that asks the gateway (other proxies, "
    "Home Assistant, apps that log in), wait {wait}, then let one program ask it and the others "
    "ask that one."
)
_STRANGER = (
    "Is PW_HOST the gateway? `powerwall scan` finds it. If it is, restart it. The password was not "
    "sent."
)
_HANGS = (
    "The gateway is overloaded or hangs, or the way to it loses much: stop what polls it and wait "
    "some minutes; if it stays so, restart it."
)
_AGAIN = "Wait some minutes and run this again; if it stays so, restart the gateway."
_FILE = "Set PW_CACHE_FILE, or PW_AUTH_PATH, to a place that can be written."
_NOTHING_TO_READ = (
    "PW_PASSWORD must be the customer's password, not the installer's; if it is, restart the "
    "gateway."
)


def judge(chart: Chart) -> Finding:
    """Judge how it went to get in."""
    seen = chart.login
    facts = {
        "way": seen.way.value if seen.way else None,
        "logins": seen.logins,
        "stored_session_refused": seen.had_expired,
        "session_file": chart.settings.session_file,
    }
    if seen.stranger:
        return failed(f"no Powerwall gateway answers: {seen.stranger}", _STRANGER, facts=facts)
    if seen.way is None:
        says, remedy = _refused(seen, chart)
        return failed(says, remedy, facts=facts)
    says = _got_in(seen, chart.settings.session_file)
    if unwritten := _unwritten(seen):
        return warning(f"{says}; {'; '.join(unwritten)}", _FILE, details=seen.notes, facts=facts)
    return well(says, details=seen.notes, facts=facts)


def _got_in(seen: LoginSeen, file: str) -> str:
    stops = " (one can stop firmware before 20.49)"
    expired = "; the stored session is no longer valid" if seen.had_expired else ""
    match seen.way:
        case Way.STORED:
            return f"the session stored in {file} works: no login was sent, no password tried"
        case Way.OPEN:
            return f"reads need no login, so none was sent{stops}{expired}"
        case _:
            stored = "" if _unwritten(seen) else f"; the session is stored in {file}"
            return f"logged in once{stored}{expired}"


def _unwritten(seen: LoginSeen) -> list[str]:
    """Return what the log says of a file that cannot be written; what is ignored is replaced."""
    return [note for note in seen.notes if "cannot be written" in note]


def _refused(seen: LoginSeen, chart: Chart) -> tuple[str, str]:
    error = seen.error or PowerwallError("no path answered")
    match error:
        case BadCredentials() if not seen.logins:
            return "the gateway wants a login, and PW_PASSWORD is not set", LOGIN_ADVICE
        case BadCredentials():
            odd = _ODD if chart.settings.has_odd_password else ""
            return str(error), (error.remedy or LOGIN_ADVICE) + odd + _ONCE
        case RateLimited():
            return f"the gateway limits requests: {error}", limited(error)
        case LogInAgain():
            says = f"the login works, but nothing may be read ({error})"
            return says, _NOTHING_TO_READ
        case Unreachable():
            return f"connected, but {seen.path} gets no answer: {error}", _HANGS
        case _:
            return f"{seen.path}: {error}", error.remedy or _AGAIN


def limited(error: RateLimited) -> str:
    """Say what to do about a 429."""
    wait = "10 to 30 minutes"
    if error.retry_after_s is not None:
        wait = f"{span(error.retry_after_s)}, as it asks, or 30 minutes if that does not help"
    return _LIMITED.format(wait=wait)


# -- the role -----------------------------------------------------------------------------------

_MAY_NOT = (
    "may change nothing here: firmware from about 1.50 refuses POST /api/operation to customers"
)
_MAY = "may change mode and reserve here (firmware before 1.50)"
_CUSTOMER = "Home_Owner"


def roles_of(session: Mapping[str, str]) -> tuple[str, ...]:
    """Read the roles out of a session's own record; a bearer token tells none."""
    record = session.get("UserRecord", "")
    try:
        padded = record + "=" * (-len(record) % 4)
        told = json.loads(base64.b64decode(padded.translate(_URL_SAFE), validate=True))
    except (ValueError, RecursionError):
        return ()
    roles = told.get("roles") if isinstance(told, dict) else None
    return tuple(role for role in roles if isinstance(role, str)) if isinstance(roles, list) else ()


_URL_SAFE = str.maketrans("-_", "+/")


def release(version: Any) -> tuple[int, int] | None:
    """Read the first two numbers of a firmware text: 23.44.3-msa 1a2b3c4d is (23, 44)."""
    found = re.match(r"\s*(\d{1,4})\.(\d{1,4})", version) if isinstance(version, str) else None
    return (int(found[1]), int(found[2])) if found else None


def judge_role(chart: Chart) -> Finding:
    """Judge what the session may do, without trying to change anything."""
    seen = chart.login
    told = release(chart.document(STATUS).get("version"))
    may_write = told is not None and told < CUSTOMERS_WRITE_BEFORE
    forbidden = [path for path in CORE if _is_forbidden(chart, path)]
    reads = f"may not read {', '.join(forbidden)}" if forbidden else "may read"
    who = ", ".join(seen.roles) or "customer"
    says = f"anybody {reads}; a customer" if seen.way is Way.OPEN else f"{who} {reads} and"
    says += f" {_MAY if may_write else _MAY_NOT}"
    facts = {
        "roles": list(seen.roles),
        "core_forbidden": forbidden,
        "may_write": may_write,
    }
    if forbidden or (seen.roles and _CUSTOMER not in seen.roles):
        return warning(says, _NOTHING_TO_READ, facts=facts)
    return well(says, facts=facts)


def _is_forbidden(chart: Chart, path: str) -> bool:
    visit = chart.visit(path)
    return visit is not None and visit.kind is Kind.FORBIDDEN
