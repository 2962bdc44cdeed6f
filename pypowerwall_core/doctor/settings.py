"""Which settings are in force, where each came from, and what is odd about them. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping

from pypowerwall_core.errors import LOGIN_ADVICE
from pypowerwall_core.fields import printable
from pypowerwall_core.settings.layers import DEFAULT, Survey
from pypowerwall_core.settings.row import FILE_SUFFIX
from pypowerwall_core.settings.table import GATEWAY_ROWS, session_file

from .chart import SettingsSeen
from .finding import Finding, count, failed, warning, well

_NEAR = 0.85
"""PW_PASWORD is nearer to PW_PASSWORD, all names of the proxy are farther from each other."""
_PREFIX = "PW_"
_QUOTES = "\"'"

_NO_HOST = "Set PW_HOST to the gateway's address, or give -host: `powerwall scan` finds gateways."
_CORRECT = "Correct it where it is written; `powerwall config check` prints all settings."
_BARE_HOST = "Write the address alone, as 192.168.1.50: no https:// before it, no path behind it."
_PEM = "Unset PW_HOST_CERT and save the gateway's certificate: `powerwall doctor -save-cert FILE`."
_QUOTED = "Write PW_PASSWORD without quotes and blanks around it: env files of Docker pass them on."


def see(
    found: Survey, strangers: tuple[str, ...], masked: Callable[[str], str], trouble: str = ""
) -> SettingsSeen:
    """Return what a survey of the settings came to, without its secrets.

    Args:
        found: Nothing but what GATEWAY_ROWS names.
        strangers: As `likely_typos` returns them.
        masked: Takes secrets out of a text.
        trouble: Why they cannot be used although each is right.
    """
    values = found.values
    rows = tuple(
        (row.name, _clean(row.shown(values[row.field]), masked), found.origins[row.name])
        for row in GATEWAY_ROWS
        if row.field in values
    )
    password = values.get("password") or ""
    told = [printable(masked(line)) for line in (*found.errors, trouble) if line]
    notes = [printable(masked(line)) for line in (*found.notes, *strangers)]
    file = (
        session_file(values.get("cache_file"), values["auth_path"])
        if "auth_path" in values
        else None
    )
    return SettingsSeen(
        host=values.get("host"),
        rows=rows,
        errors=tuple(told),
        notes=tuple(notes),
        has_password=bool(password),
        has_odd_password=password != password.strip().strip(_QUOTES),
        session_file=str(_clean(str(file or ""), masked)),
        timeout_s=values.get("timeout_s", 5.0),
    )


def _clean(value: object, masked: Callable[[str], str]) -> object:
    return printable(masked(value)) if isinstance(value, str) else value


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "(not set)" if value in (None, "") else str(value)


def likely_typos(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Name variables that look like one of ours, and are none: other programs have theirs."""
    known = [row.name for row in GATEWAY_ROWS]
    known += [row.name + FILE_SUFFIX for row in GATEWAY_ROWS if row.secret]
    told = []
    for name in environ:
        if name in known or not name.upper().startswith(_PREFIX):
            continue
        near = difflib.get_close_matches(name.upper(), known, n=1, cutoff=_NEAR)
        if near and not environ.get(near[0]):
            told.append(f"{name} is no setting; did you mean {near[0]}?")
    return tuple(told)


def judge(seen: SettingsSeen) -> Finding:
    """Judge the settings."""
    details = tuple(f"{name} {_text(shown)} ({origin})" for name, shown, origin in seen.rows)
    facts = {
        "settings": {name: {"value": shown, "from": origin} for name, shown, origin in seen.rows},
        "errors": list(seen.errors),
        "notes": list(seen.notes),
    }
    if seen.errors:
        more = len(seen.errors) - 1
        says = seen.errors[0] + (f" (and {count(more, 'more error')})" if more else "")
        told = (*seen.errors[1:], *seen.notes, *details)
        return failed(says, _remedy(seen.errors[0]), details=told, facts=facts)
    if seen.host is None:
        says = "; ".join(("PW_HOST: no gateway is named", *seen.notes))
        return failed(says, _NO_HOST, details=details, facts=facts)
    remarks = [
        (remark, remedy)
        for is_so, remark, remedy in (
            (bool(seen.notes), "; ".join(seen.notes), "Set that right, or remove it."),
            (not seen.has_password, "PW_PASSWORD is not set", LOGIN_ADVICE),
            (seen.has_odd_password, "PW_PASSWORD has quotes or blanks around it", _QUOTED),
        )
        if is_so
    ]
    says = "; ".join([*_given(seen), *(remark for remark, _ in remarks)])
    if not remarks:
        return well(says, details=details, facts=facts)
    return warning(says, " ".join(remedy for _, remedy in remarks), details=details, facts=facts)


def _remedy(error: str) -> str:
    if "PW_HOST_CERT" in error:
        return _PEM
    return _BARE_HOST if "://" in error else _CORRECT


def _given(seen: SettingsSeen) -> list[str]:
    """Name what somebody has set; what is at its default needs no words."""
    return [
        f"{name} {_text(shown)} ({origin})"
        for name, shown, origin in seen.rows
        if origin != DEFAULT
    ]
