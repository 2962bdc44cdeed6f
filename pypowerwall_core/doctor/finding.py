"""What a check found, for people and for programs. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

ALL_WELL = 0
SOMETHING_FAILED = 1
SETTINGS_WRONG = 2
"""Nothing was tried: what is wrong is written in the settings."""
SETTINGS = "settings"


class State(StrEnum):
    """How it is."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one check.

    Attributes:
        says: One line.
        remedy: What to do, in a sentence or some; "" when there is nothing to do.
        details: More lines, for who wants to know all.
        facts: The same for programs; numbers have units in their names.
        name: Of the check; whoever runs it fills it in.
    """

    state: State
    says: str
    remedy: str = ""
    details: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""

    def document(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "name": self.name,
            "state": self.state.value,
            "says": self.says,
            "remedy": self.remedy,
            "details": list(self.details),
            "facts": dict(self.facts),
        }


def well(says: str, **more: Any) -> Finding:
    """Return a finding that all is as it should be."""
    return Finding(State.OK, says, **more)


def warning(says: str, remedy: str, **more: Any) -> Finding:
    """Return a finding of what works, but not as it should."""
    return Finding(State.WARNING, says, remedy, **more)


def failed(says: str, remedy: str, **more: Any) -> Finding:
    """Return a finding of what does not work."""
    return Finding(State.FAILED, says, remedy, **more)


def skipped(why: str) -> Finding:
    """Return the finding of a check that was not made, or that had nothing to look at."""
    return Finding(State.SKIPPED, why)


def is_well(findings: Sequence[Finding]) -> bool:
    """Say whether nothing failed."""
    return all(finding.state is not State.FAILED for finding in findings)


def exit_code(findings: Sequence[Finding]) -> int:
    """Return how the command ends: 0 also with warnings, 2 when the settings are to blame."""
    if is_well(findings):
        return ALL_WELL
    wrong = any(one.name == SETTINGS and one.state is State.FAILED for one in findings)
    return SETTINGS_WRONG if wrong else SOMETHING_FAILED


# -- words that several checks need -----------------------------------------------------------


def took(seconds: float) -> str:
    """Write how long something took."""
    if seconds < _A_MS:
        return "under 1 ms"
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


_A_MS = 0.001
_UNITS = ((1.9 * 86400, 86400, "days"), (1.9 * 3600, 3600, "h"), (1.9 * 60, 60, "min"), (0, 1, "s"))


def span(seconds: float) -> str:
    """Write a time of any length, roughly."""
    _, unit, word = next(row for row in _UNITS if seconds >= row[0])
    return f"{seconds / unit:.0f} {word}"


def count(number: int, what: str) -> str:
    """Write a number of things."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
