"""Records as they are kept: exactly in the journal, as clients see them in the log. Pure.

What is read back may have been cut off, edited, or written by another version: whatever is
not a record raises ValueError, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from math import isfinite
from typing import Any

from .commands import KNOBS, LONGEST_S, NAMES, Command, Outcome, Record, Value

TIME_MOST_S = 32503680000.0
"""The year 3000: a later time is none of ours."""


def record_json(record: Record) -> dict[str, Any]:
    """Return a record as the journal keeps it: everything but the client's key."""
    command = record.command
    return {
        "id": record.id,
        "at_s": record.at_s,
        "changes": dict(command.changes),
        "for_s": command.for_s,
        "by": command.by,
        "confirmed": command.confirmed,
        "outcome": record.outcome.value,
        "reason": record.reason,
        "remedy": record.remedy,
        "controller": record.controller,
        "before": None if record.before is None else dict(record.before),
        "after": None if record.after is None else dict(record.after),
        "forbidden": record.forbidden,
        "until_s": record.until_s,
        "ended_s": record.ended_s,
        "reverts": record.reverts,
    }


def record_of(document: Any) -> Record:
    """Read a record of the journal.

    Raises:
        ValueError: It is none.
    """
    row = row_of(document)
    command = Command(
        values_of(row.get("changes")),
        for_s=number_of(row.get("for_s"), LONGEST_S),
        by=text_of(row.get("by")),
        confirmed=row.get("confirmed") is True,
    )
    return Record(
        name_of(row.get("id")),
        time_of(row.get("at_s")),
        command,
        Outcome(row.get("outcome")),
        text_of(row.get("reason")),
        text_of(row.get("remedy")),
        text_of(row.get("controller")),
        _read(row.get("before")),
        _read(row.get("after")),
        row.get("forbidden") is True,
        number_of(row.get("until_s"), TIME_MOST_S),
        number_of(row.get("ended_s"), TIME_MOST_S),
        text_of(row.get("reverts")),
    )


def record_of_line(document: Any) -> Record:
    """Read a line of the log: what clients saw, which is less than the record was.

    Raises:
        ValueError: It is none.
    """
    row = row_of(document)
    at_s = _when(row.get("at"))
    if at_s is None:
        raise ValueError("a record has a time")
    return Record(
        name_of(row.get("id")),
        at_s,
        Command(values_of(_unshown(row.get("requested"))), by=text_of(row.get("by"))),
        Outcome(row.get("outcome")),
        text_of(row.get("reason")),
        text_of(row.get("remedy")),
        text_of(row.get("controller") or ""),
        _read(_unshown(row.get("before"))),
        _read(_unshown(row.get("after"))),
        until_s=_when(row.get("until")),
        ended_s=_when(row.get("ended")),
        reverts=text_of(row.get("reverts") or ""),
    )


def row_of(document: Any) -> Mapping[str, Any]:
    """Return a JSON object; ValueError where it is none."""
    if not isinstance(document, Mapping):
        raise ValueError("not an object")  # noqa: TRY004 - what is stored is a value
    return document


def values_of(document: Any) -> dict[str, Value]:
    """Return values of knobs, at least one."""
    found = {name: value for name, value in (_read(document) or {}).items() if value is not None}
    if not found or len(found) != len(document):
        raise ValueError("no values")
    return found


def text_of(value: Any) -> str:
    """Return a text."""
    if not isinstance(value, str):
        raise ValueError("not a text")  # noqa: TRY004 - what is stored is a value
    return value


def name_of(value: Any) -> str:
    """Return a text that is not empty."""
    if not text_of(value):
        raise ValueError("no name")
    return text_of(value)


def number_of(value: Any, most: float) -> float | None:
    """Return a number from 0 to a bound, or None for null."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise ValueError("not a number")
    return float(value)


def time_of(value: Any) -> float:
    """Return seconds since 1970."""
    found = number_of(value, TIME_MOST_S)
    if found is None:
        raise ValueError("no time")
    return found


def _read(document: Any) -> dict[str, Value | None] | None:
    """Return what was read: knobs we know, and values a gateway may have told."""
    if document is None:
        return None
    row = row_of(document)
    if not row.keys() <= KNOBS.keys():
        raise ValueError("not our knobs")
    return {name: _value(value) for name, value in row.items()}


def _value(value: Any) -> Value | None:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | float) and abs(value) <= TIME_MOST_S and isfinite(value):
        return float(value)
    raise ValueError("not a value")


def _unshown(document: Any) -> dict[str, Any] | None:
    if document is None:
        return None
    row = row_of(document)
    return {knob: row[name] for name, knob in NAMES.items() if name in row}


def _when(value: Any) -> float | None:
    return None if value is None else datetime.fromisoformat(text_of(value)).timestamp()
