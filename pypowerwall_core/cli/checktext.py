"""What `powerwall setup -check` found, as text and as JSON. Pure; tokens are in neither."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from pypowerwall_core.backends.cloud.choice import EnergySite
from pypowerwall_core.backends.cloud.reach import Reach
from pypowerwall_core.backends.cloud.tokenfacts import REFRESH_LIVES_S, TokenFacts
from pypowerwall_core.fields import printable

from .cloudcheck import NOT_ASKED, AccountReport, Report, StoredFile
from .cloudwords import span

_GOOD, _POOR, _PLAIN = "\x1b[1;32m", "\x1b[1;31m", "\x1b[0m"
_INDENT = 10
SOON_S = 10 * 86_400.0
"""A login that ends so soon is worth a word."""


def text(report: Report, *, color: bool, shows_email: bool) -> str:
    """Return it for a person.

    Args:
        report: What was found.
        color: The verdict is green or red.
        shows_email: Who reads this sits at a terminal, and may see whose account it is.
    """
    lines = [*_file(report.file)]
    lines += [_row(name, _server(seen)) for name, seen in report.servers.items()]
    for account in report.accounts:
        lines += ["", *_account(account, report, shows_email=shows_email)]
    lines += ["", *(f"note: {note}" for note in report.notes)] if report.notes else []
    style = (_GOOD if report.works else _POOR) if color else ""
    verdict = "Cloud mode works." if report.works else "Cloud mode does not work."
    end = _PLAIN if color else ""
    return "\n".join([*lines, "", *report.troubles, f"{style}{verdict}{end}"])


def _row(name: str, says: str) -> str:
    return f"{name:{_INDENT}}{says}"


def _file(file: StoredFile) -> Iterator[str]:
    absent = "not readable" if file.trouble else "missing"
    mode = absent if file.mode is None else f"mode {file.mode:04o}"
    yield _row("tokens", f"{file.path} ({mode})")


def _server(seen: Reach) -> str:
    if (trouble := seen.trouble) is not None:
        return f"{seen.host} cannot be reached: {trouble.says}. {trouble.remedy}"
    return f"{seen.host}: {seen.http}, {seen.tls}, {1000 * (seen.latency_s or 0):.0f} ms"


def _account(account: AccountReport, report: Report, *, shows_email: bool) -> Iterator[str]:
    email = account.email if shows_email else masked(account.email)
    yield _row("account", f"{printable(email)}{' (in use)' if account.in_use else ''}")
    yield _row("  refresh", _refresh(account.facts, report.now_s))
    yield _row("  access", _access(account, report.now_s))
    yield _row("  request", _request(account))
    for site in account.sites:
        is_chosen = account.in_use and site == report.site
        yield _row("  site", f"{_site(site)}{f', chosen by {report.site_by}' if is_chosen else ''}")
    if account.request == "ok" and not account.sites:
        yield _row("  site", "none")


def _refresh(facts: TokenFacts, now_s: float) -> str:
    if not facts.has_refresh:
        return "token missing: run `powerwall setup` again before the access token ends"
    ends_s = _refresh_ends_s(facts)
    if facts.renewed_s is None or ends_s is None:
        return "token stored, its age is not known"
    age = f"token renewed {span(max(0, now_s - facts.renewed_s))} ago"
    if ends_s <= now_s:
        return f"{age}, and has probably ended: run `powerwall setup` again"
    soon = ": log in again before" if ends_s - now_s < SOON_S else ""
    about = "" if facts.refresh_ends_s else "about "
    return f"{age}, ends in {about}{span(ends_s - now_s)} unless it is used{soon}"


def _refresh_ends_s(facts: TokenFacts) -> float | None:
    if facts.refresh_ends_s is not None or facts.renewed_s is None:
        return facts.refresh_ends_s
    return facts.renewed_s + REFRESH_LIVES_S


def _access(account: AccountReport, now_s: float) -> str:
    facts = account.facts
    if not facts.has_access:
        return "token missing: one is asked for before use"
    if facts.access_ends_s is None:
        return "token stored, its end is not known: another is asked for before use"
    left_s = facts.access_ends_s - now_s
    ends = f"ends in {span(left_s)}" if left_s > 0 else f"ended {span(-left_s)} ago"
    return f"token {ends}{' (just renewed: the one before had ended)' * account.refreshed}"


def _request(account: AccountReport) -> str:
    if account.request == "ok":
        return "Tesla answers"
    if account.request == NOT_ASKED:
        return f"none was made{f': {printable(account.trouble)}' if account.trouble else ''}"
    return printable(f"failed: {account.trouble}. {account.remedy}".rstrip())


def _site(site: EnergySite) -> str:
    return printable(str(site))


def masked(email: str) -> str:
    """Return an address as files and strangers may see it."""
    name, _, domain = email.partition("@")
    return f"{name[:1]}***@{domain}" if domain else "***"


# -- JSON ----------------------------------------------------------------------------------


def document(report: Report) -> str:
    """Return it for programs; times are ISO 8601, what is not known is null."""
    return json.dumps(
        {
            "works": report.works,
            "at": _moment(report.now_s),
            "file": _file_document(report.file),
            "servers": {name: _server_document(seen) for name, seen in report.servers.items()},
            "accounts": [_account_document(one, report.now_s) for one in report.accounts],
            "site": None if report.site is None else _site_document(report.site),
            "site_chosen_by": report.site_by or None,
            "troubles": [_without_emails(one, report) for one in report.troubles],
            "notes": list(report.notes),
        },
        indent=2,
    )


def _without_emails(text: str, report: Report) -> str:
    for account in report.accounts:
        text = text.replace(account.email, masked(account.email))
    return text


def _file_document(file: StoredFile) -> dict[str, Any]:
    return {
        "path": str(file.path),
        "mode": None if file.mode is None else f"{file.mode:04o}",
        "open_to_others": file.open_to_others,
        "trouble": file.trouble or None,
    }


def _server_document(seen: Reach) -> dict[str, Any]:
    trouble = seen.trouble
    return {
        "host": seen.host,
        "reachable": trouble is None,
        "http": seen.http or None,
        "tls": seen.tls or None,
        "latency_ms": None if seen.latency_s is None else round(1000 * seen.latency_s, 1),
        "trouble": None if trouble is None else trouble.says,
        "remedy": None if trouble is None else trouble.remedy,
    }


def _account_document(account: AccountReport, now_s: float) -> dict[str, Any]:
    facts = account.facts
    return {
        "email": masked(account.email),
        "in_use": account.in_use,
        "refresh_token": {
            "stored": facts.has_refresh,
            "renewed_at": _moment(facts.renewed_s),
            "age_s": _since(facts.renewed_s, now_s),
            "ends_at": _moment(facts.refresh_ends_s),
        },
        "access_token": {
            "stored": facts.has_access,
            "ends_at": _moment(facts.access_ends_s),
            "ends_in_s": _since(now_s, facts.access_ends_s),
        },
        "refreshed": account.refreshed,
        "request": account.request,
        "trouble": account.trouble or None,
        "remedy": account.remedy or None,
        "sites": [_site_document(site) for site in account.sites],
    }


def _site_document(site: EnergySite) -> dict[str, Any]:
    return {"id": site.id, "name": site.name, "kind": site.kind}


def _since(begin_s: float | None, end_s: float | None) -> int | None:
    return None if begin_s is None or end_s is None else round(end_s - begin_s)


def _moment(at_s: float | None) -> str | None:
    if at_s is None:
        return None
    try:
        return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return None
