"""How findings are written: a line each for people, one document for programs. Pure."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Sequence

from .finding import Finding, State, count, is_well

_WORDS = {State.OK: "ok", State.WARNING: "warn", State.FAILED: "FAIL", State.SKIPPED: "skip"}
_STYLES = {
    State.OK: "\x1b[32m",
    State.WARNING: "\x1b[1;33m",
    State.FAILED: "\x1b[1;31m",
    State.SKIPPED: "\x1b[2m",
}
_PLAIN = "\x1b[0m"
_NAME_WIDTH = 15
_INDENT = 5
_NARROW = 20


def lines(finding: Finding, *, color: bool, verbose: bool, width: int | None = None) -> list[str]:
    """Return the line of a check, and under it what to do and, if asked for, all the rest.

    With a width the remedy, which is prose, is broken into lines that fit.
    """
    word = f"{_WORDS[finding.state]:<{_INDENT - 1}}"
    shown = f"{_STYLES[finding.state]}{word}{_PLAIN}" if color else word
    told = [f"{shown} {finding.name:<{_NAME_WIDTH}} {finding.says}"]
    indent = " " * (_INDENT + _NAME_WIDTH + 1)
    if finding.remedy:
        told += _wrapped(f"{indent}-> {finding.remedy}", f"{indent}   ", width)
    if verbose:
        told += [f"{indent}   {detail}" for detail in finding.details]
    return told


def _wrapped(text: str, indent: str, width: int | None) -> list[str]:
    if width is None or width < len(indent) + _NARROW:
        return [text]
    return textwrap.wrap(text, width, subsequent_indent=indent, break_long_words=False)


def summary(findings: Sequence[Finding]) -> str:
    """Return the last line."""
    states = Counter(finding.state for finding in findings)
    failures, warnings = states[State.FAILED], states[State.WARNING]
    if not failures and not warnings:
        return "All is well."
    told = [f"{failures} failed"] if failures else []
    told += [count(warnings, "warning")] if warnings else []
    first = next((one for one in findings if one.state is State.FAILED), None)
    begin = f" Begin with: {first.name}." if first else " Data can be read."
    return f"{', '.join(told)}.{begin}"


def document(findings: Sequence[Finding]) -> str:
    """Return all as JSON."""
    told = [finding.document() for finding in findings]
    return json.dumps({"ok": is_well(findings), "findings": told}, indent=2)
