"""What a commander must not forget, as one value: commands under way, ends, keys. Pure.

Rule: a ledger is replaced, never changed, so that whatever is written to disk was true at one
moment.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from .commands import Command, Outcome, Record
from .temporary import End

WAITING_MOST = 16
KEYS_MOST = 1000
KEY_KEPT_S = 86400.0
ENDS_MOST = 64


class Stage(Enum):
    """How far a command has come."""

    QUEUED = "queued"
    READING = "reading"
    """Its turn has come; nothing was sent."""
    SENDING = "sending"
    """It may have been sent."""
    SENT = "sent"
    """It was sent, and is watched."""


LEFT = (Stage.SENDING, Stage.SENT)


@dataclass(frozen=True, slots=True)
class Entry:
    """A command under way.

    Attributes:
        turn: Its place in the order of all commands, also over restarts.
        due_s: When it is to be looked after, on the monotonic clock; not kept on disk.
        since_s: When it was sent, on the same clock.
        sent_at_s: When it was sent, seconds since 1970.
        lost: Why nobody knows whether it was carried out; "" where the upstream has taken it.
        overtakes: It was so when it was sent, to overtake an earlier write that does not show
            yet.
        patience_s: How long after it was sent it is watched.
        settled: Who waits for a first answer has it.
        note: What its end is to say besides.
    """

    record: Record
    stage: Stage = Stage.QUEUED
    turn: int = 0
    due_s: float = 0.0
    since_s: float = 0.0
    sent_at_s: float | None = None
    lost: str = ""
    overtakes: bool = False
    patience_s: float = 0.0
    settled: bool = False
    note: str = ""

    @property
    def id(self) -> str:
        """The record's name."""
        return self.record.id

    def touches(self, knobs: Collection[str]) -> bool:
        """Whether it changes one of some knobs."""
        return not self.record.command.changes.keys().isdisjoint(knobs)


@dataclass(frozen=True, slots=True)
class Keyed:
    """What an Idempotency-Key stands for.

    Attributes:
        asks: The hash of what was asked for under it.
    """

    asks: str
    record: Record


@dataclass(frozen=True, slots=True)
class Ledger:
    """Everything that must survive a restart.

    Attributes:
        entries: By record, in the order they came.
        ends: By the record of the temporary setting.
        keys: By hash.
        turns: How many commands there have been.
    """

    entries: Mapping[str, Entry] = field(default_factory=dict)
    ends: Mapping[str, End] = field(default_factory=dict)
    keys: Mapping[str, Keyed] = field(default_factory=dict)
    turns: int = 0

    # -- what there is ---------------------------------------------------------------------

    @property
    def waiting(self) -> int:
        """How many commands wait for their turn."""
        return sum(entry.stage is Stage.QUEUED for entry in self.entries.values())

    def others(self, record: Record, knobs: Collection[str]) -> Iterator[Entry]:
        """Commands on some knobs that have left, or may have, besides one."""
        for entry in self.entries.values():
            if entry.id != record.id and entry.stage in LEFT and entry.touches(knobs):
                yield entry

    def waits(self, end: End) -> bool:
        """Whether an end waits for a command on its knobs: it may make the end needless."""
        return any(
            entry.id != end.of and entry.touches(end.back) for entry in self.entries.values()
        )

    def keyed(self, key: str, wall_s: float) -> Keyed | None:
        """Return what a key stands for, for a day."""
        found = self.keys.get(key)
        return found if found and abs(wall_s - found.record.at_s) < KEY_KEPT_S else None

    # -- what it becomes -------------------------------------------------------------------

    def plus(self, entry: Entry) -> Ledger:
        """Add or replace a command."""
        return replace(self, entries={**self.entries, entry.id: entry})

    def plus_new(self, entry: Entry) -> Ledger:
        """Add a command as the last one of all."""
        turns = self.turns + 1
        return replace(self.plus(replace(entry, turn=turns)), turns=turns)

    def plus_end(self, end: End) -> Ledger:
        """Add or replace an end."""
        return replace(self, ends={**self.ends, end.of: end})

    def plus_key(self, key: str, row: Keyed) -> Ledger:
        """Remember a key; of too many, and of those that are a day old, only the newest stay."""
        kept = [one for one in self.keys.items() if self.keyed(one[0], row.record.at_s)]
        return replace(self, keys={**dict(kept[-(KEYS_MOST - 1) :]), key: row})

    def minus_end(self, of: str) -> Ledger:
        """Drop an end."""
        return replace(self, ends={name: end for name, end in self.ends.items() if name != of})

    def minus(self, record: Record) -> Ledger:
        """Drop a command whose record is final."""
        entries = {name: entry for name, entry in self.entries.items() if name != record.id}
        # After a day a key may stand for another command by now.
        keys = {
            key: replace(row, record=record) if row.record.id == record.id else row
            for key, row in self.keys.items()
        }
        return replace(self, entries=entries, keys=keys)


@dataclass(frozen=True, slots=True)
class Closed:
    """A ledger after a record has become final.

    Attributes:
        needless: Ends that were dropped because somebody has decided anew.
    """

    ledger: Ledger
    needless: tuple[End, ...] = ()


def close(ledger: Ledger, record: Record) -> Closed:
    """Take a final record out of the ledger, and with it what it makes needless."""
    entry = ledger.entries.get(record.id)
    ledger = ledger.minus(record)
    if record.reverts:
        return Closed(ledger.minus_end(record.reverts))
    own = ledger.ends.get(record.id)
    if record.outcome is Outcome.REJECTED:
        return Closed(ledger.minus_end(record.id))
    if record.outcome is not Outcome.APPLIED or entry is None:
        return Closed(ledger)
    if own is not None:
        ledger = ledger.plus_end(replace(own, proven=True))
    return _decided_anew(ledger, entry)


def _decided_anew(ledger: Ledger, by: Entry) -> Closed:
    needless: list[End] = []
    for end in [end for end in ledger.ends.values() if end.turn < by.turn]:
        left = end.without(by.record.command.changes.keys())
        if left is None:
            needless.append(end)
            ledger = ledger.minus_end(end.of)
        else:
            ledger = ledger.plus_end(left)
    return Closed(ledger, tuple(needless))


def hash_of_key(key: str) -> str:
    """Return what is kept of an Idempotency-Key: it may hold anything, secrets too."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest() if key else ""


def hash_of_asked(command: Command) -> str:
    """Return what tells one request from another under the same key."""
    asked = json.dumps([sorted(command.changes.items()), command.for_s])
    return hashlib.sha256(asked.encode()).hexdigest()
