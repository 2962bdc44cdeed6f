"""What the gateway is, which of its paths answer, and whether the Powerwall runs. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pypowerwall_core.backends.local.reader import ROWS
from pypowerwall_core.errors import RateLimited

from .chart import Chart, Kind, Visit
from .finding import Finding, failed, skipped, took, warning, well
from .login import CORE, SITEMASTER, STATUS, limited

PATHS = tuple(row.path for row in ROWS if not row.on_demand)
"""What is asked: not what hangs, and not what makes the gateway look for an upgrade."""
_SERIAL_SHOWN = 3
_KIND_WORDS = {
    Kind.ANSWERS: "answers",
    Kind.NOT_SERVED: "not served",
    Kind.FORBIDDEN: "forbidden",
    Kind.LIMITED: "limited",
    Kind.SILENT: "silent",
    Kind.FAILING: "failing",
}
_AGAIN = "Run this again in some minutes; if it stays so, restart the gateway."
_FORBIDDEN = (
    "The session may not read what every customer may: is PW_PASSWORD the customer's, not the "
    "installer's? If it is, restart the gateway."
)
_CUT = (
    "Did the gateway restart just now, or does another program log out? Run this again; if it "
    "stays so, let one program alone log in."
)
_SEE_BELOW = "See `site master` below."
_NOT_SERVED = "Is PW_HOST the gateway, and not another device of the Powerwall?"


_REMEDIES = {
    Kind.FORBIDDEN: _FORBIDDEN,
    Kind.NOT_SERVED: _NOT_SERVED,
    Kind.SILENT: "The gateway is overloaded, or that path hangs: stop what else polls it and run "
    "this again in some minutes; if it stays so, restart the gateway.",
}


def masked_din(din: object) -> str:
    """Return a part number and the end of a serial: enough to tell two gateways apart."""
    if not isinstance(din, str) or not din.strip():
        return ""
    part, dashes, serial = din.strip().partition("--")
    end = (serial if dashes else part)[-_SERIAL_SHOWN:]
    return f"{part}--...{end}" if dashes else f"...{end}"


def judge(chart: Chart) -> Finding:
    """Judge firmware, DIN and paths."""
    about = _about(chart)
    asked = {path: visit for path in PATHS if (visit := chart.visit(path))}
    if chart.login.way is None:
        says = f"{about}; which paths answer is not known: there is no way in"
        return well(says) if chart.document(STATUS) else skipped("there is no way in")
    details = tuple(_line(visit) for visit in asked.values())
    facts = {
        "firmware": chart.document(STATUS).get("version"),
        "din": masked_din(chart.document(STATUS).get("din")) or None,
        "paths": {path: visit.kind.value for path, visit in asked.items()},
        "stopped": chart.stopped or None,
    }
    says = f"{about}: {_summary(list(asked.values()))}"
    if chart.stopped:
        says += f"; the rest was not asked, as {chart.stopped}"
    bad = [visit for visit in asked.values() if _is_bad(visit)]
    more: dict[str, Any] = {"details": details, "facts": facts}
    if chart.document(SITEMASTER).get("running") is False:
        return warning(f"{says}; the Powerwall is stopped", _SEE_BELOW, **more)
    if chart.session_was_cut():
        return failed(says, _CUT, **more)
    worst = next((visit for visit in bad if visit.path in CORE or _is_limited(visit)), None)
    if worst is not None:
        return failed(f"{says}; {worst.path}: {worst.says}", _remedy(worst), **more)
    if bad:
        return warning(f"{says}; {bad[0].path}: {bad[0].says}", _remedy(bad[0]), **more)
    return well(says, **more) if not chart.stopped else warning(says, _AGAIN, **more)


def _about(chart: Chart) -> str:
    """Name the gateway."""
    told = chart.document(STATUS)
    visit = chart.visit(STATUS)
    din = masked_din(told.get("din"))
    if told:
        version = str(told.get("version") or "").strip()
        return f"{version or 'no version told'}{f', DIN {din}' if din else ''}"
    if visit is not None and visit.kind is Kind.NOT_SERVED:
        return "not told, as by a Powerwall 3"
    return "not known"


def _is_bad(visit: Visit) -> bool:
    """Say whether a path should have answered: 404 and 403 are the firmware's choice elsewhere."""
    if visit.path in CORE:
        return visit.kind is not Kind.ANSWERS
    return visit.kind not in (Kind.ANSWERS, Kind.NOT_SERVED, Kind.FORBIDDEN)


def _is_limited(visit: Visit) -> bool:
    """Say whether a path has been refused for all: a 429 is about the whole gateway."""
    return visit.kind is Kind.LIMITED


def _summary(visits: Sequence[Visit]) -> str:
    """Count the paths by what they do."""
    answering = sum(visit.kind is Kind.ANSWERS for visit in visits)
    told = [f"{answering} of {len(PATHS)} paths answer"]
    for kind in (Kind.NOT_SERVED, Kind.FORBIDDEN, Kind.LIMITED, Kind.SILENT, Kind.FAILING):
        number = sum(visit.kind is kind for visit in visits)
        if number:
            told.append(f"{number} {_KIND_WORDS[kind]}")
    return ", ".join(told)


def _remedy(visit: Visit) -> str:
    match visit.error:
        case RateLimited() as error:
            return limited(error)
        case None:
            return _AGAIN
        case error:
            own = _REMEDIES.get(visit.kind)
            return own or error.remedy or _AGAIN


def _line(visit: Visit) -> str:
    words = _KIND_WORDS[visit.kind]
    why = f": {visit.says}" if visit.kind in (Kind.FAILING, Kind.SILENT, Kind.LIMITED) else ""
    return f"{words:<10}  {took(visit.took_s):>7}  {visit.path}{why}"


# -- the site master ----------------------------------------------------------------------------

_STOPPED = (
    "While its site master does not run there is no data. Somebody stopped it, or a login did on "
    "firmware before 20.49: start it in Tesla's app or by its switch."
)
_LONELY = (
    "Local reads go on. If it is not meant so, give the gateway its way to the Internet: Tesla's "
    "app, its clock and updates need it."
)


def judge_sitemaster(chart: Chart) -> Finding:
    """Judge whether the Powerwall runs, and whether it knows Tesla."""
    visit, told = chart.visit(SITEMASTER), chart.document(SITEMASTER)
    if visit is None:
        return skipped("not asked")
    if not told:
        served = "not served by this gateway" if visit.kind is Kind.NOT_SERVED else visit.says
        return skipped(served)
    running, connected = told.get("running"), told.get("connected_to_tesla")
    word = told.get("status")
    shown = f" ({word})" if isinstance(word, str) and word else ""
    facts = {"running": running, "status": word, "connected_to_tesla": connected}
    if running is False:
        return failed(f"stopped{shown}", _STOPPED, facts=facts)
    tesla = ", not connected to Tesla" if connected is False else ""
    says = f"running{shown}{', connected to Tesla' if connected is True else tesla}"
    if connected is False:
        return warning(says, _LONELY, facts=facts)
    return well(says, facts=facts)
