"""Commands: what can be changed, what a command asks for, and what became of it. Pure.

A row of KNOBS is one thing that can be set. Percentages are the app's scale here, as in every
command of ours; documents of the gateway are raw. What is shown carries both.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from . import readings
from .errors import BadCommand
from .scales import raw_from_app

Value = float | str | bool
MODES, EXPORTS = readings.MODES, readings.EXPORTS
GRID = ("off", "on")
SENT_DECIMALS = 4
SHOWN_DECIMALS = 2
RESERVE_SAME_PCT = 0.01
LONGEST_S = 31 * 86400.0
SHOWS_WITHIN_S = 45 * 60.0
"""Changes may show half an hour later and more; after this, a write has come to nothing."""
NUMBER_MOST = 1e9
_DIGITS = re.compile(r"\d{1,3}(\.\d{1,9})?", re.ASCII)
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|m|h|d)?", re.ASCII)
_SECONDS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0, None: 1.0}
_FLAGS = {"true": True, "on": True, "yes": True, "false": False, "off": False, "no": False}


class Outcome(Enum):
    """What became of a command."""

    APPLIED = "applied"
    """Read back as requested."""
    PENDING = "pending"
    """Sent, or about to be; not yet read back as requested."""
    REJECTED = "rejected"
    """Nothing was changed."""
    UNKNOWN = "unknown"
    """Sent, and nothing proves what became of it. Never sent again by itself."""


@dataclass(frozen=True, slots=True)
class Knob:
    """One thing that can be set.

    Attributes:
        says: One sentence for people.
        parse: What a person or a program wrote, to a value; raises BadCommand.
        same: Whether what is read back is what was requested.
        shown: A value as it is shown, by name.
    """

    name: str
    says: str
    parse: Callable[[Any], Value]
    same: Callable[[Value, Value], bool]
    shown: Callable[[Value | None], dict[str, Any]]


def parse_reserve(value: Any) -> float:
    """Read an app percentage, 0 to 100."""
    number = _number(value)
    if number is None or not 0 <= number <= 100:  # noqa: PLR2004 - percent
        raise BadCommand("the reserve is a number from 0 to 100, as Tesla's app shows it")
    return number


def _number(value: Any) -> float | None:
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # Compared before it is converted: JSON has whole numbers that no float can hold.
    return float(value) + 0.0 if abs(value) <= NUMBER_MOST else None


def _one_of(words: tuple[str, ...], what: str) -> Callable[[Any], str]:
    def parse(value: Any) -> str:
        if isinstance(value, str) and value.lower() in words:
            return value.lower()
        raise BadCommand(f"{what} is one of {', '.join(words)}")

    return parse


def parse_flag(value: Any, what: str = "grid charging") -> bool:
    """Read true or false, as JSON or as a word."""
    word = value.lower() if isinstance(value, str) else ""
    found = value if isinstance(value, bool) else _FLAGS.get(word)
    if found is None:
        raise BadCommand(f"{what} is true or false")
    return found


def _same_reserve(wanted: Value, found: Value) -> bool:
    return (
        isinstance(wanted, int | float)
        and isinstance(found, int | float)
        and abs(wanted - found) <= RESERVE_SAME_PCT
    )


def _equal(wanted: Value, found: Value) -> bool:
    return wanted == found


def _show_reserve(value: Value | None) -> dict[str, Any]:
    if not isinstance(value, int | float):
        return {"reserve_app_pct": None, "reserve_raw_pct": None}
    raw = raw_from_app(value)
    return {
        "reserve_app_pct": round(value, SHOWN_DECIMALS),
        "reserve_raw_pct": round(raw, SHOWN_DECIMALS),
    }


def _show(name: str) -> Callable[[Value | None], dict[str, Any]]:
    return lambda value: {name: value}


RESERVE, MODE, GRID_CHARGING, GRID_EXPORT, ISLAND = (
    "reserve",
    "mode",
    "grid_charging",
    "grid_export",
    "grid",
)
KNOBS = {
    knob.name: knob
    for knob in (
        Knob(
            RESERVE,
            "Charge kept for an outage, app percent, 0 to 100.",
            parse_reserve,
            _same_reserve,
            _show_reserve,
        ),
        Knob(
            MODE,
            "How the battery is used: self_consumption, backup or autonomous.",
            _one_of(MODES, "the mode"),
            _equal,
            _show(MODE),
        ),
        Knob(
            GRID_CHARGING,
            "Whether the grid may charge the battery.",
            parse_flag,
            _equal,
            _show(GRID_CHARGING),
        ),
        Knob(
            GRID_EXPORT,
            "What may be exported: battery_ok, pv_only or never.",
            _one_of(EXPORTS, "the export rule"),
            _equal,
            _show(GRID_EXPORT),
        ),
        Knob(
            ISLAND,
            "off leaves the grid, on connects to it again; needs confirm=yes.",
            _one_of(GRID, "the grid"),
            _equal,
            _show(ISLAND),
        ),
    )
}
NAMES = {"reserve_app_pct": RESERVE, **{name: name for name in KNOBS}}
"""What a command may call each knob; the reserve also says its scale."""
TOGETHER = frozenset({RESERVE, MODE})
"""These may be changed by one write; others one by one."""


def parse_span_s(value: Any) -> float:
    """Read how long a temporary setting lasts: 7200, "90min", "2h", "1d"."""
    told = _SPAN.fullmatch(value.strip().lower()) if isinstance(value, str) else None
    number = float(told[1]) * _SECONDS[told[2]] if told else None
    seconds = _number(value) if number is None else number
    if seconds is None or not 0 < seconds <= LONGEST_S:
        raise BadCommand("for is a time such as 90min, 2h or 1d, at most 31 days")
    return seconds


@dataclass(frozen=True, slots=True)
class Command:
    """What is to be changed, by one write.

    Attributes:
        changes: Values by knob.
        for_s: Put the old values back after so long; None leaves them.
        key: The client's Idempotency-Key, or "".
        by: Who asked: an address, or the command whose end this is.
        confirmed: The client has confirmed what could leave a home without power.
    """

    changes: Mapping[str, Value]
    for_s: float | None = None
    key: str = ""
    by: str = ""
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """What became of a command; a line of the log.

    Attributes:
        at_s: When it was asked for, seconds since 1970.
        before: What was set before, None while not read.
        after: What was last read back, None while not read.
        forbidden: It was rejected because our role, or a setting, does not allow it.
        until_s: When a temporary setting ends.
        ended_s: When the outcome was final.
        reverts: The record whose temporary setting this one ends.
    """

    id: str
    at_s: float
    command: Command
    outcome: Outcome = Outcome.PENDING
    reason: str = ""
    remedy: str = ""
    controller: str = ""
    before: Mapping[str, Value | None] | None = None
    after: Mapping[str, Value | None] | None = None
    forbidden: bool = False
    until_s: float | None = None
    ended_s: float | None = None
    reverts: str = ""

    @property
    def values(self) -> dict[str, Value | None]:
        """What is set as far as it is known: as read back once applied, else as requested."""
        read_back = (self.after or {}) if self.outcome is Outcome.APPLIED else {}
        return {**(self.before or {}), **self.command.changes, **read_back}

    def document(self) -> dict[str, Any]:
        """Return it as clients and the log read it: both scales, times as text."""
        return {
            "id": self.id,
            "at": iso(self.at_s),
            "outcome": self.outcome.value,
            "reason": self.reason,
            "remedy": self.remedy,
            "controller": self.controller or None,
            "requested": shown(self.command.changes),
            "before": None if self.before is None else shown(self.before),
            "after": None if self.after is None else shown(self.after),
            "by": self.command.by,
            "until": iso(self.until_s),
            "ended": iso(self.ended_s),
            "reverts": self.reverts or None,
        }

    def becoming(self, outcome: Outcome, reason: str = "", **more: Any) -> Record:
        """Return the record with another outcome."""
        return replace(self, outcome=outcome, reason=reason, **more)


def together(changes: Mapping[str, Value]) -> None:
    """Refuse what cannot be changed by one write.

    Raises:
        BadCommand: There is nothing to change, or too much at once.
    """
    if not changes:
        raise BadCommand(f"a command changes one of {', '.join(NAMES)}")
    if len(changes) > 1 and not changes.keys() <= TOGETHER:
        raise BadCommand(
            "reserve and mode may be changed together, everything else by a command of its own"
        )


def parse_command(document: Any, *, key: str = "", by: str = "") -> Command:
    """Read a command as JSON says it: knobs by their names, `for` and `confirm`.

    Raises:
        BadCommand: It says something else, or nothing.
    """
    if not isinstance(document, Mapping):
        raise BadCommand("a command is a JSON object")
    if unknown := [name for name in document if name not in (*NAMES, "for", "confirm")]:
        # As it was written, but not at any length: it goes back into an answer.
        raise BadCommand(
            f"{str(unknown[0])[:40]!r} is not known; known are {', '.join(NAMES)}, for and confirm"
        )
    given = [(knob, document[name]) for name, knob in NAMES.items() if name in document]
    changes = {knob: KNOBS[knob].parse(value) for knob, value in given}
    if len(changes) < len(given):
        raise BadCommand("reserve and reserve_app_pct are the same; send one of them")
    together(changes)
    for_s = None if document.get("for") is None else parse_span_s(document["for"])
    confirmed = parse_flag(document.get("confirm", False), "confirm")
    return Command(changes, for_s=for_s, key=key, by=by, confirmed=confirmed)


def shown(values: Mapping[str, Value | None]) -> dict[str, Any]:
    """Return values as they are shown."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        found |= KNOBS[name].shown(value)
    return found


def is_as_requested(changes: Mapping[str, Value], found: Mapping[str, Value | None]) -> bool:
    """Whether everything reads as requested."""
    return all(
        (value := found.get(name)) is not None and KNOBS[name].same(wanted, value)
        for name, wanted in changes.items()
    )


def iso(at_s: float | None) -> str | None:
    """Return a time as records show it."""
    return None if at_s is None else datetime.fromtimestamp(at_s, UTC).isoformat(timespec="seconds")
