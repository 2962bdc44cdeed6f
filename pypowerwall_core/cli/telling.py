"""What there is to say of a command, in words for a person. Pure.

What is told comes from a proxy, which may be anything that answers: every text is cleaned, and
nothing is taken to be of the kind that it should be.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, tzinfo
from typing import Any

from pypowerwall_core.commands import Outcome
from pypowerwall_core.fields import mapping, number, printable

APPLIED, PENDING = Outcome.APPLIED.value, Outcome.PENDING.value
_SAYS = {
    APPLIED: "applied",
    PENDING: "pending: it was sent and does not show yet; Tesla may take half an hour",
    Outcome.REJECTED.value: "rejected: nothing was changed",
    Outcome.UNKNOWN.value: "unknown: nothing proves what became of it; it is not sent again",
}
_APP_PCT, _RAW_PCT = "reserve_app_pct", "reserve_raw_pct"
LETTERS_MOST = 400
"""Remedies are whole sentences; what is longer is none of ours."""
_WORDS = {True: "on", False: "off", None: "not known"}


def said(told: Mapping[str, Any], zone: tzinfo | None = None) -> list[str]:
    """Return what there is to say of a command; times in a zone, None for this machine's."""
    outcome = str(told.get("outcome"))
    lines = [_SAYS.get(outcome, plain(outcome))]
    lines += [plain(str(told[name])) for name in ("reason", "remedy") if told.get(name)]
    if after := mapping(told.get("after")):
        lines.append(f"is: {listed(after)}")
    if told.get("until") and outcome != Outcome.REJECTED.value:
        before, asked = mapping(told.get("before")), mapping(told.get("requested"))
        back = listed(before, asked.keys() or before.keys())
        lines.append(f"until {moment(told['until'], zone)}, then back to {back}")
    return [f"  {line}" for line in lines]


def promised(promise: Mapping[str, Any], zone: tzinfo | None = None) -> str:
    """Return what there is to say of a temporary setting that is still to be put back."""
    back = listed(mapping(promise.get("puts_back")))
    return f"NOTE: an earlier -for ends {moment(promise.get('until'), zone)}, then back to {back}"


def listed(values: Mapping[str, Any], only: Collection[str] | None = None) -> str:
    """Return values as one text: "mode backup, reserve 30 % (raw 33.5 %)"."""
    found = [
        f"{plain(name).replace('_', ' ')} {_word(value)}"
        for name, value in values.items()
        if name not in (_APP_PCT, _RAW_PCT) and (only is None or name in only)
    ]
    if _APP_PCT in values and (only is None or _APP_PCT in only):
        found.append(_reserve(values))
    return ", ".join(found) or "what it was"


def plain(text: str) -> str:
    """Return a text as one line that steers no terminal."""
    return printable(text[:LETTERS_MOST])


def _reserve(values: Mapping[str, Any]) -> str:
    app_pct, raw_pct = number(values[_APP_PCT]), number(values.get(_RAW_PCT))
    if app_pct is None:
        return "reserve not known"
    raw = "" if raw_pct is None else f" (raw {raw_pct:g} %)"
    return f"reserve {app_pct:g} %{raw}"


def _word(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return _WORDS[value]
    return plain(str(value))


def moment(text: Any, zone: tzinfo | None = None) -> str:
    """Return a time as a clock on the wall shows it, with the zone it is in."""
    try:
        at = datetime.fromisoformat(str(text)).astimezone(zone)
    except (ValueError, OverflowError):
        return plain(str(text))
    return f"{at:%Y-%m-%d %H:%M:%S %Z}"
