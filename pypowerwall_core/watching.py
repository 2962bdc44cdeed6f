"""When a write is read back, and what a reading proves. Pure: the time is given."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from .commands import (
    KNOBS,
    SHOWS_WITHIN_S,
    TOGETHER,
    Command,
    Outcome,
    Record,
    Value,
    is_as_requested,
)
from .errors import PowerwallError
from .ledger import Entry, Ledger, Stage
from .temporary import End, near

FIRST_ROUND_S = (0.2, 1.0, 2.0, 4.0)
ROUND_OVER_S = FIRST_ROUND_S[-1]
READ_BACK_S = (*FIRST_ROUND_S, 10.0, 30.0)
THEN_EVERY_S = 60.0
SLACK_S = 0.01
"""Clocks do not count exactly: what comes as much too early is on time."""
MINUTE_S = 60.0
SENT = "sent; it does not read as requested yet"
OVERTAKES = "sent; it reads as before, but an earlier command may still show"
RESTARTED = "the proxy was restarted while it was being sent"


def knobs_of(command: Command) -> tuple[str, ...]:
    """Return what is read for a command: reserve and mode together, as a write holds both."""
    changes = set(command.changes)
    return tuple(sorted(changes | TOGETHER if changes & TOGETHER else changes))


def sent(entry: Entry, now_s: float, wall_s: float, lost: str) -> Entry:
    """Return a command that has just left, to be read back soon."""
    patience_s = ROUND_OVER_S if lost else SHOWS_WITHIN_S
    entry = replace(entry, lost=lost)
    return replace(
        entry,
        record=entry.record.becoming(Outcome.PENDING, _pending(entry)),
        stage=Stage.SENT,
        since_s=now_s,
        sent_at_s=wall_s,
        due_s=now_s + FIRST_ROUND_S[0],
        patience_s=patience_s,
    )


def awoken(entry: Entry, now_s: float, wall_s: float) -> Entry:
    """Return a command that had left, or may have, as it is after a restart: read back at once.

    What puts something back may be sent again, so it is not worth half an hour of waiting.
    """
    is_lost = entry.stage is Stage.SENDING or entry.lost
    age_s = 0.0 if entry.sent_at_s is None else max(0.0, wall_s - entry.sent_at_s)
    lost = entry.lost or (RESTARTED if is_lost else "")
    patience_s = ROUND_OVER_S if is_lost and entry.record.reverts else SHOWS_WITHIN_S
    entry = replace(entry, lost=lost)
    return replace(
        entry,
        record=entry.record.becoming(Outcome.PENDING, _pending(entry)),
        stage=Stage.SENT,
        since_s=now_s - age_s,
        due_s=now_s,
        patience_s=patience_s,
    )


def judge(entry: Entry, found: Mapping[str, Value | None] | PowerwallError, now_s: float) -> Entry:
    """Return a watched command after a reading, or after a failure to read.

    Its record is final, or it says when it is to be read again.
    """
    trouble = str(found) if isinstance(found, PowerwallError) else ""
    if not isinstance(found, PowerwallError):
        entry = _seen(entry, found)
        if proves(entry, found):
            return _applied(entry)
    record = entry.record
    age_s = now_s - entry.since_s + SLACK_S
    if age_s >= entry.patience_s:
        if entry.overtakes and not entry.lost and not trouble:
            return _applied(entry)
        reason = _given_up(entry, trouble, age_s)
        return replace(entry, record=record.becoming(Outcome.UNKNOWN, reason))
    record = record.becoming(Outcome.PENDING, _pending(entry, trouble))
    is_over = entry.settled or age_s >= ROUND_OVER_S
    due_s = entry.since_s + min(_next_s(age_s), entry.patience_s)
    return replace(entry, record=record, due_s=due_s, settled=is_over)


def _seen(entry: Entry, found: Mapping[str, Value | None]) -> Entry:
    """Return a command after a reading. What was so before and is not now is a change to see."""
    record = replace(entry.record, after=found)
    changes = record.command.changes.items()
    told = [(name, wanted, found.get(name)) for name, wanted in changes]
    is_other = any(
        value is not None and not KNOBS[name].same(wanted, value) for name, wanted, value in told
    )
    return replace(entry, record=record, overtakes=entry.overtakes and not is_other)


def proves(entry: Entry, found: Mapping[str, Value | None]) -> bool:
    """Whether a reading shows that a write was carried out.

    What was so before, and was sent to overtake an earlier write that does not show yet, is not
    proven by reading the same again: the earlier one may still come.
    """
    return is_as_requested(entry.record.command.changes, found) and not entry.overtakes


def _applied(entry: Entry) -> Entry:
    how = f"no answer to it ({entry.lost}), but it reads as requested" if entry.lost else ""
    reason = "; ".join(filter(None, (how, entry.note)))
    return replace(entry, record=entry.record.becoming(Outcome.APPLIED, reason))


def _next_s(age_s: float) -> float:
    return next((at_s for at_s in READ_BACK_S if at_s > age_s), age_s + THEN_EVERY_S)


def _pending(entry: Entry, trouble: str = "") -> str:
    if trouble:
        return f"sent; it cannot be read back yet: {trouble}"
    if entry.lost:
        return f"it may have been sent: {entry.lost}"
    return OVERTAKES if entry.overtakes else SENT


def _given_up(entry: Entry, trouble: str, age_s: float) -> str:
    how = f"sent, but without an answer ({entry.lost})" if entry.lost else "sent"
    unproven = "it does not read as requested"
    if is_as_requested(entry.record.command.changes, entry.record.after or {}):
        unproven = "it reads as requested, but it did so before"
    seen = f"it cannot be read back: {trouble}" if trouble else unproven
    when = f" {age_s / MINUTE_S:.0f} min later" if age_s >= MINUTE_S else ""
    return f"{how}; {seen}{when}"


def proven(ledger: Ledger, found: Mapping[str, Value | None]) -> Iterator[Entry]:
    """Commands that a reading for somebody else shows to be applied."""
    for entry in ledger.entries.values():
        changes = entry.record.command.changes
        is_read = entry.stage is Stage.SENT and changes.keys() <= found.keys()
        if is_read and proves(entry, found):
            yield entry


def sent_along(
    ledger: Ledger, record: Record, before: Mapping[str, Value | None]
) -> dict[str, Value]:
    """Return what a write sends besides its own changes.

    A write of the reserve holds the mode too, and the other way round. Where a write of the
    other one was taken but does not show yet, sending what is read would undo it.
    """
    changes = record.command.changes
    if changes.keys().isdisjoint(TOGETHER):
        return {}
    others = TOGETHER - changes.keys()
    found = on_their_way(ledger, record, others, before)
    for end in ledger.ends.values():
        # What is being put back is not to be set once more by the way.
        if end.revert is not None:
            found |= {name: end.back[name] for name in others if _is_over(end, name, before)}
    return found


def on_their_way(
    ledger: Ledger, record: Record, knobs: Collection[str], now: Mapping[str, Value | None]
) -> dict[str, Value]:
    """Return what some knobs will be set to by writes that were taken and do not show yet."""
    newest: dict[str, Entry] = {}
    for entry in ledger.others(record, knobs):
        newest |= dict.fromkeys(entry.record.command.changes.keys() & set(knobs), entry)
    return {
        name: entry.record.command.changes[name]
        for name, entry in newest.items()
        if entry.stage is Stage.SENT and not entry.lost and _is_as_before(entry, name, now)
    }


def _is_over(end: End, name: str, now: Mapping[str, Value | None]) -> bool:
    value = now.get(name)
    return name in end.back and value is not None and near(name, end.wanted[name], value)


def _is_as_before(entry: Entry, name: str, now: Mapping[str, Value | None]) -> bool:
    """Whether nobody else has changed a knob since a write of it was sent."""
    then = (entry.record.before or {}).get(name)
    return then is not None and then == now.get(name)
