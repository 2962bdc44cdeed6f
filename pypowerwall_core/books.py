"""What a commander knows, in memory and on disk, and who waits to hear of it.

Rule: the ledger is replaced under the lock, disks are written without it. A final record goes
into the log first and out of the journal then, so that a crash between the two loses nothing.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace

from .commandlog import REMEMBERED, CommandLog
from .commands import Outcome, Record, shown
from .errors import BadCommand
from .execution import Execution
from .journal import Journal
from .ledger import WAITING_MOST, Entry, Keyed, Ledger, Stage, close, hash_of_asked, hash_of_key
from .planning import awake
from .temporary import End

RECORDS_MOST = REMEMBERED
UNLOGGED_MOST = 1000
TOO_MANY = "too many commands are waiting"
_log = logging.getLogger(__name__)
Clock = Callable[[], float]


class Books:
    """The ledger, the newest records, the executions, and their files.

    Attributes:
        ledger: What is true now; a value, so it may be read at any time.
    """

    def __init__(
        self, journal: Journal, log: CommandLog, *, clock: Clock, wall_clock: Clock
    ) -> None:
        self.clock = clock
        self.wall_clock = wall_clock
        self._journal = journal
        self._log = log
        self._lock = threading.RLock()
        self._unlogged: deque[Record] = deque(maxlen=UNLOGGED_MOST)
        self._records: dict[str, Record] = {}
        self._executions: dict[str, Execution] = {}
        self.ledger = Ledger()
        self._awake()

    def _awake(self) -> None:
        logged = self._log.load()
        now_s, wall_s = self.clock(), self.wall_clock()
        awoken = awake(self._journal.load(), logged, now_s=now_s, wall_s=wall_s)
        self.ledger = awoken.ledger
        under_way = [entry.record for entry in self.ledger.entries.values()]
        self._executions = {record.id: Execution(record) for record in under_way}
        self._remember((*logged.values(), *under_way))
        for record in awoken.final:
            said = logged.get(record.id)
            changed = self._close(record)
            self._executions.pop(record.id, None)
            is_new = said is None or said.outcome is Outcome.PENDING
            self._unlogged.extend(changed if is_new else changed[1:])

    # -- asked and told from any thread ----------------------------------------------------

    def records(self, limit: int) -> list[Record]:
        """Return the newest records, newest first."""
        with self._lock:
            return list(reversed(self._records.values()))[: max(0, limit)]

    def take(self, record: Record) -> Execution:
        """Take a command into the queue, or return what became of it under the same key.

        Raises:
            BadCommand: The same key asked for something else.
        """
        key = hash_of_key(record.command.key)
        asked = Keyed(hash_of_asked(record.command), record)
        entry = Entry(record, due_s=self.clock())
        with self._lock:
            found = self._known(key, asked)
            if found is not None:
                return found
            if self.ledger.waiting >= WAITING_MOST:
                return self.refuse(record.becoming(Outcome.REJECTED, TOO_MANY))
            self.ledger = self.ledger.plus_new(entry)
            if key:
                self.ledger = self.ledger.plus_key(key, asked)
            execution = self._executions[record.id] = Execution(record)
            self._remember([record])
            return execution

    def refuse(self, record: Record) -> Execution:
        """Note a command that does not come into the queue; the worker writes it down."""
        record = replace(record, ended_s=record.at_s)
        with self._lock:
            self._remember([record])
            self._unlogged.append(record)
        return Execution(record)

    def _known(self, key: str, asked: Keyed) -> Execution | None:
        found = self.ledger.keyed(key, asked.record.at_s)
        if found is None:
            return None
        if found.asks != asked.asks:
            raise BadCommand(
                "this Idempotency-Key has asked for something else within a day",
                remedy="Send a new key with every new command.",
            )
        return self._executions.get(found.record.id) or Execution(found.record)

    # -- told by the worker ----------------------------------------------------------------

    def put(self, entry: Entry) -> None:
        """Add or replace a command under way, and let go who waits once it is settled."""
        with self._lock:
            before = self.ledger.entries.get(entry.id)
            self.ledger = self.ledger.plus(entry)
            self._remember([entry.record])
        if entry.settled and not (before and before.settled):
            self.write_down([entry.record])
            self._settle(entry.record)

    def put_end(self, end: End) -> None:
        """Add or replace an end."""
        with self._lock:
            self.ledger = self.ledger.plus_end(end)
            if end.revert is not None:
                self._remember([end.revert])

    def drop(self, entry: Entry) -> None:
        """Take out an attempt that is made again later, as those of ends are."""
        with self._lock:
            self.ledger = self.ledger.minus(entry.record)

    def finish(self, record: Record) -> None:
        """Make a record final: in memory, in the log, in the journal, and for who waits."""
        record = replace(record, ended_s=self.wall_clock())
        with self._lock:
            changed = self._close(record)
        try:
            self.write_down(changed)
            self.save()
        finally:
            self._settle(record)

    def reject_waiting(self, reason: str) -> None:
        """Reject what has not had its turn."""
        for entry in list(self.ledger.entries.values()):
            if entry.stage is Stage.QUEUED:
                self.finish(entry.record.becoming(Outcome.REJECTED, reason))
        self.catch_up()

    def save(self) -> bool:
        """Write the journal; True once it is on disk."""
        return self._journal.save(lambda: self.ledger)

    def catch_up(self) -> None:
        """Write down what nobody has had the time for."""
        while self._unlogged:
            self.write_down([self._unlogged.popleft()])
        self.save()

    def write_down(self, records: Iterable[Record]) -> None:
        """Add records to the log as they are now."""
        for record in records:
            self._log.append(record)
            _log.info("%s", _line(record))

    # -- under the lock --------------------------------------------------------------------

    def _close(self, record: Record) -> list[Record]:
        """Make a record final, and return it with those that it changes."""
        closed = close(self.ledger, record)
        self.ledger = closed.ledger
        changed = [record]
        for end in closed.needless:
            changed += self._needless(end, record)
        self._remember(changed)
        return changed

    def _needless(self, end: End, by: Record) -> list[Record]:
        changed = []
        told = f"{by.id} has decided anew"
        if (set_by := self._records.get(end.of)) is not None:
            reason = "; ".join(filter(None, (set_by.reason, f"not put back: {told}")))
            set_by = replace(set_by, reason=reason, until_s=None)
            if (entry := self.ledger.entries.get(end.of)) is not None:
                self.ledger = self.ledger.plus(replace(entry, record=set_by))
            changed.append(set_by)
        if end.revert is not None:
            revert = replace(end.revert.becoming(Outcome.REJECTED, told), ended_s=by.ended_s)
            self.ledger = self.ledger.minus(revert)
            changed.append(revert)
        return changed

    def _remember(self, records: Iterable[Record]) -> None:
        for record in records:
            self._records[record.id] = record
            if record.id in self._executions:
                self._executions[record.id].record = record
        while len(self._records) > RECORDS_MOST:
            del self._records[next(iter(self._records))]

    def _settle(self, record: Record) -> None:
        with self._lock:
            is_over = record.id not in self.ledger.entries
            execution = (
                self._executions.pop(record.id, None)
                if is_over
                else self._executions.get(record.id)
            )
        if execution is not None:
            execution.settle()


def _line(record: Record) -> str:
    changes = shown(record.command.changes).items()
    asked = ", ".join(f"{name}={value}" for name, value in changes)
    reason = f": {record.reason}" if record.reason else ""
    by = record.command.by or "nobody"
    return f"command {record.id} by {by}: {asked}: {record.outcome.value}{reason}"
