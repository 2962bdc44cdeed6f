"""Carries out what a commander has decided: one job at a time, each at most one write.

Rule: what may have been sent is in the journal before it is sent, and nothing but the end of a
temporary setting is ever sent again.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from math import isfinite

from . import temporary, watching
from .books import Books
from .commands import Outcome, Record, Value, is_as_requested
from .controller import Controller
from .errors import NotPermitted, NotSent, PowerwallError, Refused
from .ledger import LEFT, Entry, Stage
from .planning import advice, controller_for, plan
from .temporary import End, Move

NOT_REMEMBERED = "a temporary setting could not be remembered; nothing was sent"
WRITABLE = "Set PW_CACHE_FILE to a writable place."
BUG = "a bug in powerwall-proxy"
IS_SO = "is so already; nothing was sent"
NOBODY = "nothing here can read or change it any more"
_log = logging.getLogger(__name__)
Found = dict[str, Value | None]


def new_id() -> str:
    """Return the name of a new record."""
    return secrets.token_hex(6)


class Chores:
    """The jobs of a commander. Everything here may block, and runs in one thread."""

    def __init__(self, controllers: Sequence[Controller], books: Books) -> None:
        self._controllers = tuple(controllers)
        self._books = books

    # -- a command -------------------------------------------------------------------------

    def execute(self, entry: Entry) -> None:
        """Carry out a command whose turn has come."""
        books = self._books
        books.put(replace(entry, stage=Stage.READING))
        controller = controller_for(self._controllers, entry.record.command.changes)
        record = replace(entry.record, controller=controller.name if controller else "")
        found = self._read(controller, watching.knobs_of(record.command))
        if isinstance(found, PowerwallError) or controller is None:
            error = found if isinstance(found, PowerwallError) else NotSent(NOBODY)
            reason = f"nothing was sent, for it cannot be read just now: {error}"
            remedy = advice(self._controllers, controller, record, error)
            books.finish(record.becoming(Outcome.REJECTED, reason, remedy=remedy))
            return
        now_s, wall_s = books.clock(), books.wall_clock()
        made = plan(books.ledger, record, found, now_s=now_s, wall_s=wall_s)
        if made.end is not None:
            books.put_end(made.end)
        is_final = made.record.outcome is not Outcome.PENDING
        stage = Stage.READING if is_final else Stage.SENDING
        sending = replace(
            entry,
            record=made.record,
            stage=stage,
            sent_at_s=wall_s,
            overtakes=is_as_requested(entry.record.command.changes, found),
        )
        books.put(sending)
        # Written ahead of being sent.
        if not self._is_safe(made.end):
            rejected = replace(record, before=found)
            books.finish(rejected.becoming(Outcome.REJECTED, NOT_REMEMBERED, remedy=WRITABLE))
        elif is_final:
            books.finish(made.record)
        else:
            self._write(sending, controller, made.send, found)

    def _is_safe(self, end: End | None) -> bool:
        """Write the journal; without it only what need not be put back goes on."""
        return self._books.save() or end is None

    def _write(
        self, entry: Entry, controller: Controller, changes: Mapping[str, Value], before: Found
    ) -> None:
        lost = ""
        try:
            controller.write(changes, before)
        except (NotSent, Refused) as error:
            forbidden = isinstance(error, NotPermitted)
            remedy = advice(self._controllers, controller, entry.record, error)
            record = replace(entry.record, forbidden=forbidden, remedy=remedy)
            self._ended(entry, record.becoming(Outcome.REJECTED, str(error)))
            return
        except Exception as error:  # noqa: BLE001 - it may have left, whatever was raised
            lost = str(_named(error))
        self._supersede(entry)
        self._books.put(watching.sent(entry, self._books.clock(), self._books.wall_clock(), lost))

    def _supersede(self, entry: Entry) -> None:
        """End the watches over what has just been overwritten."""
        knobs = entry.record.command.changes.keys()
        books = self._books
        for older in list(books.ledger.others(entry.record, knobs)):
            end = books.ledger.ends.get(older.record.reverts)
            if end is None:
                told = f"superseded by {entry.id}"
                books.finish(older.record.becoming(Outcome.UNKNOWN, told))
            else:
                # It waits, and goes on where this one turns out not to be applied.
                books.drop(older)
                books.put_end(replace(end, due_s=books.clock(), revert=older.record))

    # -- reading back ----------------------------------------------------------------------

    def look(self, entry: Entry) -> None:
        """Read back what was sent."""
        name = entry.record.controller
        its = [one for one in self._controllers if one.name == name] or self._controllers
        command = entry.record.command
        controller = controller_for(its, command.changes)
        found = self._read(controller, watching.knobs_of(command))
        if entry.id not in self._books.ledger.entries:
            return  # this very reading has proven it
        judged = watching.judge(entry, found, self._books.clock())
        if judged.record.outcome is Outcome.PENDING:
            self._books.put(judged)
        else:
            self._ended(judged, judged.record)

    def _read(
        self, controller: Controller | None, knobs: Collection[str]
    ) -> Found | PowerwallError:
        """Return what is set now, and tell every watch of it."""
        if controller is None:
            return NotSent(NOBODY)
        try:
            told = controller.read(knobs)
            found = {name: _sane(told.get(name)) for name in knobs}
        except Exception as error:  # noqa: BLE001 - a bug in reading is no reason to stop watching
            return _named(error)
        for entry in list(watching.proven(self._books.ledger, found)):
            judged = watching.judge(entry, found, self._books.clock())
            self._ended(judged, judged.record)
        return found

    # -- the end of a temporary setting ----------------------------------------------------

    def put_back(self, end: End) -> None:
        """Put back what a temporary setting has changed, or try to."""
        books = self._books
        record = end.revert or temporary.revert_of(end, new_id(), books.wall_clock())
        controller = controller_for(self._controllers, end.back)
        found = self._read(controller, watching.knobs_of(record.command))
        left = books.ledger.ends.get(end.of)
        if left is None:
            return  # this very reading has shown that somebody has decided anew
        if isinstance(found, PowerwallError) or controller is None:
            self._later(left, record, found if isinstance(found, PowerwallError) else NotSent(""))
            return
        move = temporary.decide(left, found, books.wall_clock())
        record = replace(record, before=found, after=found, controller=controller.name)
        if move.untold:
            self._later(left, record, NotSent(_untold(move, found)))
        elif move.send:
            command = replace(record.command, changes=move.send)
            self._send_back(replace(record, command=command, after=None), controller, move)
        else:
            outcome = Outcome.REJECTED if move.left else Outcome.APPLIED
            books.finish(record.becoming(outcome, move.note or IS_SO))

    def _send_back(self, record: Record, controller: Controller, move: Move) -> None:
        books = self._books
        wall_s = books.wall_clock()
        before = dict(record.before or {})
        entry = Entry(
            record,
            Stage.SENDING,
            sent_at_s=wall_s,
            note=move.note,
            overtakes=is_as_requested(move.send, before),
        )
        end = books.ledger.ends[record.reverts]
        books.put_end(replace(end, revert=entry.record))
        books.put(entry)
        books.save()
        along = watching.sent_along(books.ledger, record, before)
        self._write(entry, controller, {**along, **move.send}, before)

    def _ended(self, entry: Entry, record: Record) -> None:
        """Make a record final, unless it has to be tried again."""
        end = self._books.ledger.ends.get(record.reverts)
        if end is None or record.outcome is Outcome.APPLIED:
            self._books.finish(record)
            return
        self._books.drop(entry)
        self._later(end, record, PowerwallError(record.reason, remedy=record.remedy))

    def _later(self, end: End, record: Record, error: PowerwallError) -> None:
        """Try again after a pause, for ever, and say why once."""
        trouble, books = str(error), self._books
        revert = replace(
            record.becoming(Outcome.PENDING, f"not put back yet: {trouble}", remedy=error.remedy),
            forbidden=False,
        )
        end_ = end.failed(trouble, error.remedy, books.clock())
        books.put_end(replace(end_, revert=revert))
        if trouble != end.trouble:
            books.save()
            books.write_down([revert])
            _log.warning(
                "the temporary setting of command %s is not put back yet, and will be tried "
                "again until it is: %s%s",
                end.of,
                trouble,
                f". {error.remedy}" if error.remedy else "",
            )

    # -- bugs of ours ----------------------------------------------------------------------

    def rescue(self, job: Entry | End) -> None:
        """End what a bug has interrupted, so that everything else goes on."""
        if isinstance(job, End):
            end = self._books.ledger.ends.get(job.of)
            if end is not None:
                self._books.put_end(end.failed(BUG, "", self._books.clock()))
        for entry in list(self._books.ledger.entries.values()):
            if _is_of(entry, job):
                self._give_up(entry)

    def _give_up(self, entry: Entry) -> None:
        has_left = entry.stage in LEFT
        outcome = Outcome.UNKNOWN if has_left else Outcome.REJECTED
        reason = f"{'it may have been sent' if has_left else 'nothing was sent'}: {BUG}"
        self._ended(entry, entry.record.becoming(outcome, reason))


def _is_of(entry: Entry, job: Entry | End) -> bool:
    """Whether a command under way is this job, or the attempt to put this end back."""
    if isinstance(job, End):
        return entry.record.reverts == job.of
    return entry.id == job.id


def _untold(move: Move, found: Found) -> str:
    knobs = " and ".join(move.untold)
    if any(found.get(name) is None for name in move.untold):
        return f"{knobs} cannot be read"
    return (
        f"{knobs} was changed by somebody before the setting could be seen, and it may still come"
    )


def _sane(value: Value | None) -> Value | None:
    """Return a value that JSON can hold."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if isfinite(value) else None
    return value


def _named(error: Exception) -> PowerwallError:
    """Return an error that can be told; what is a bug of ours is logged as one."""
    if isinstance(error, PowerwallError):
        return error
    _log.error("commands: this is a bug in powerwall-proxy", exc_info=error)
    return PowerwallError(f"{BUG}: {type(error).__name__}")
