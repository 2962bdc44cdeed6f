"""What is known of each fact: its value, how old it is, who says so. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from .catalog.fact import Fact, Kind, Labels, Value
from .snapshot import NOT_YET, Entry, Held, Known, Snapshot, Unknown

OURS = "proxy"
"""The source of what the proxy knows itself."""
ALONE = "asked for only where this fact is read by itself"
HELD = "held: the gateway's own counter has gone back a little"


class State(Enum):
    """How good a value is."""

    FRESH = "fresh"
    STALE = "stale"
    UNKNOWN = "unknown"
    NOT_SERVED = "not_served"


@dataclass(frozen=True, slots=True)
class Reading:
    """One fact, for one place in its dimensions.

    Attributes:
        labels: In the order of the fact's dimensions; empty for a fact without any, and for
            one of which nothing is known.
        value: In the fact's unit; None while unknown.
        age_s: Of the oldest document it was read from, None where there is no value.
        source: Who told it, "" where nobody did.
        detail: What one should know about it, or "".
    """

    fact: Fact
    labels: Labels
    value: Value
    state: State
    age_s: float | None = None
    source: str = ""
    detail: str = ""


def readings(fact: Fact, snapshot: Snapshot) -> Iterator[Reading]:
    """Yield what is known of a fact: at least one reading, which may say that nothing is."""
    entries = [entry for need in fact.needs if (entry := snapshot.entries.get(need))]
    told = [entry for entry in entries if isinstance(entry, Known)]
    detail = next((entry.doubt for entry in told if entry.doubt), "") or _why(entries)
    if fact.alone and not entries:
        detail = ALONE
    samples = fact.read(snapshot)
    unknown = any(isinstance(entry, Unknown) for entry in entries)
    absent = State.UNKNOWN if unknown or not entries else State.NOT_SERVED
    state, age_s, source = _origin(told)
    for labels, value in samples.items():
        if value is None:
            missing = State.UNKNOWN if told else absent
            yield Reading(fact, labels, fact.unknown, missing, detail=detail)
        else:
            more = _held(detail) if isinstance(value, Held) else detail
            yield Reading(fact, labels, value, state, age_s, source, more)
    expected = [labels for labels in fact.members(snapshot) if labels not in samples]
    if fact.kind is Kind.SET and told:
        return  # it has no members now
    for labels in expected or ([] if samples else [()]):
        yield Reading(fact, labels, fact.unknown, absent, detail=detail)


def _why(entries: list[Entry]) -> str:
    """Say why nothing is known, where there is more to say than that nothing was answered."""
    reasons = (entry.reason for entry in entries if isinstance(entry, Unknown))
    return next((reason for reason in reasons if reason != NOT_YET), "")


def _origin(told: list[Known]) -> tuple[State, float, str]:
    """Say how good the values of a fact are, how old, and whose: the same for all of them."""
    if not told:
        return State.FRESH, 0.0, OURS
    late = any(entry.late for entry in told)
    age_s = max(entry.age_s for entry in told)
    source = " ".join(dict.fromkeys(entry.source for entry in told))
    return State.STALE if late else State.FRESH, age_s, source


def _held(detail: str) -> str:
    return f"{HELD}; {detail}" if detail else HELD
