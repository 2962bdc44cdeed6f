"""How quickly the gateway answers, what time it has, and who else asks it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from statistics import median
from typing import Any

from pypowerwall_core.backends.local.address import parse_address
from pypowerwall_core.errors import BadSetting, RateLimited

from .chart import Chart, Kind, ProxySeen, Visit
from .finding import Finding, count, skipped, span, took, warning, well
from .login import AGGREGATES

SLOW_S = 1.0
SKEW_S = 60.0
JUMPY = 5.0
"""So many times as long for the same request is more than its own mood."""
_HALF_A_SECOND = 0.5
_UNSET_YEAR = 2000

_SLOW = (
    "The gateway or the way to it is slow: prefer a cable to Wi-Fi, look for other programs that "
    "poll it, and ask it less: PW_CACHE_EXPIRE=15."
)
_SHORT = " Give it time: PW_TIMEOUT={timeout:.0f}."
_NO_ANSWER = "nothing was answered"


def judge_latency(chart: Chart) -> Finding:
    """Judge how long answers took."""
    answers = [visit for visit in chart.visits if visit.kind is Kind.ANSWERS]
    # Refusals are quick everywhere; they count only where there is nothing else.
    times = answers or [one for one in chart.visits if one.kind is not Kind.SILENT]
    if not times:
        return skipped(_NO_ANSWER)
    middle_s = median(visit.took_s for visit in times)
    slowest = max(times, key=lambda visit: visit.took_s)
    silent = sum(visit.kind is Kind.SILENT for visit in chart.visits)
    says = f"median {took(middle_s)}, slowest {took(slowest.took_s)} ({slowest.path}), "
    says += count(len(times), "answer") + (f"; {silent} did not come" if silent else "")
    facts = {
        "median_s": round(middle_s, 3),
        "slowest_s": round(slowest.took_s, 3),
        "slowest_path": slowest.path,
        "answers": len(times),
        "silent": silent,
    }
    if middle_s <= SLOW_S and not silent:
        return well(says, facts=facts)
    near = slowest.took_s > chart.settings.timeout_s / 2 or silent
    patience = _SHORT.format(timeout=max(10.0, 2 * chart.settings.timeout_s)) if near else ""
    return warning(says, _SLOW + patience, facts=facts)


# -- clocks -------------------------------------------------------------------------------------

_CLOCK = (
    "See first whether this machine's clock is right (`date -u`). If it is, the gateway's is not: "
    "it takes the time from the Internet, so look whether it is connected."
)
_METERS = (
    "The gateway has lost that meter for a while: look at its power and its cable or radio; if it "
    "stays so, restart the gateway."
)


def judge_clock(chart: Chart) -> Finding:
    """Judge the gateway's clock against ours, and its meters' against its own."""
    dated = [visit for visit in chart.visits if visit.date_s is not None]
    if not dated:
        return skipped("the gateway tells no time" if chart.visits else _NO_ANSWER)
    skew_s = median(_ahead_s(visit) for visit in dated)
    late = _late_meters(chart.visit(AGGREGATES))
    facts = {"gateway_ahead_s": round(skew_s), "meters_late_s": late}
    if abs(skew_s) > SKEW_S:
        way = "ahead of" if skew_s > 0 else "behind"
        says = f"the gateway's clock is {span(abs(skew_s))} {way} this machine's"
        return warning(says, _CLOCK, facts=facts)
    if late:
        told = ", ".join(f"{meter} {span(late_s)} ago" for meter, late_s in late.items())
        return warning(f"meters were last heard of long ago: {told}", _METERS, facts=facts)
    return well(f"the gateway's clock agrees within {max(1, round(abs(skew_s)))} s", facts=facts)


def _ahead_s(visit: Visit) -> float:
    # A date has whole seconds: on the average the true time is half a second later.
    return (visit.date_s or 0.0) + _HALF_A_SECOND - (visit.at_s - visit.took_s / 2)


def _late_meters(visit: Visit | None) -> dict[str, int]:
    """Return the meters that were heard of long before the gateway answered, and how long."""
    if visit is None or visit.date_s is None or not isinstance(visit.document, Mapping):
        return {}
    late = {}
    for name, meter in visit.document.items():
        heard_s = _heard_s(meter)
        # Nobody measures the load; what was never heard of is not late but absent.
        if name != "load" and heard_s is not None and visit.date_s - heard_s > SKEW_S:
            late[str(name)] = round(visit.date_s - heard_s)
    return late


def _heard_s(meter: Any) -> float | None:
    text = meter.get("last_communication_time") if isinstance(meter, Mapping) else None
    try:
        at = datetime.fromisoformat(text) if isinstance(text, str) else None
        if at is None or at.year < _UNSET_YEAR:
            return None
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


# -- who else -----------------------------------------------------------------------------------

_ONE = (
    "Let one program ask the gateway, this proxy, and all others ask that one: Home Assistant, "
    "Telegraf, evcc, homebridge. Close Tesla's own pages of the gateway, too."
)


def judge_pollers(chart: Chart) -> Finding:
    """Judge whether somebody else polls the gateway: suspected only, and for a reason."""
    reasons = _reasons(chart)
    proxy = chart.proxy
    facts = {"reasons": reasons, "proxy": proxy and {"port": proxy.port, "name": proxy.name}}
    here = _here(proxy, chart) if proxy else ""
    if reasons:
        says = f"suspected, because {' and '.join(reasons)}{f'; {here}' if here else ''}"
        return warning(says, _ONE, facts=facts)
    if here:
        return well(f"{here}{'; nothing points to more' if chart.visits else ''}", facts=facts)
    if not chart.visits:
        return skipped(_NO_ANSWER)
    return well("nothing points to one", facts=facts)


def _here(proxy: ProxySeen, chart: Chart) -> str:
    if not proxy.host:
        whom = "may poll this gateway"
    elif _same(proxy.host, chart):
        whom = "polls this gateway, so let everything else ask it"
    else:
        whom = f"polls {proxy.host}"
    return f"{proxy.name} at localhost:{proxy.port} {whom}"


def _same(host: str, chart: Chart) -> bool:
    try:
        told = parse_address(host)
    except BadSetting:
        return False
    known = {chart.address.host, *chart.resolved.addresses}
    return told.host in known and told.port == chart.address.port


def _reasons(chart: Chart) -> list[str]:
    errors = [chart.login.error, *(visit.error for visit in chart.visits)]
    limited = any(isinstance(error, RateLimited) for error in errors)
    found = {
        "the gateway limits requests (429)": limited,
        "a session that worked was refused moments later": chart.session_was_cut(),
    }
    reasons = [reason for reason, is_so in found.items() if is_so]
    meters = [one for one in chart.visits if one.path == AGGREGATES]
    times = [one.took_s for one in meters if one.kind is not Kind.SILENT]
    if times and max(times) > max(SLOW_S, JUMPY * min(times)):
        same = f"the same request took {took(min(times))} once and {took(max(times))} another time"
        reasons.append(same)
    return reasons
