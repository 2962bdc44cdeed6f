"""Takes commands and sees to it that what is told of them is true.

One thread does one thing at a time: carry out a command, read back what was sent, put back a
temporary setting. What comes next and what becomes of it is decided by pure functions of the
ledger and the time (planning, watching, temporary), so that tests live through days of it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from .books import RECORDS_MOST, Books
from .chores import Chores, new_id
from .commandlog import CommandLog
from .commands import ISLAND, KNOBS, Command, Outcome, Record, Value, together
from .controller import Controller
from .errors import BadCommand
from .execution import Execution
from .journal import Journal
from .ledger import Entry, Ledger, Stage
from .planning import controller_for
from .temporary import End

LOOK_AGAIN_S = 60.0
"""The wall clock may be set while the worker sleeps."""
STOP_S = 5.0
STOPPING = "the proxy is being stopped; nothing was sent"
__all__ = ["Commander", "Execution"]
_log = logging.getLogger(__name__)


class Commander:
    """The only one that changes a home."""

    def __init__(
        self,
        controllers: Sequence[Controller],
        journal: Journal,
        log: CommandLog,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        allows_islanding: bool = False,
    ) -> None:
        self._controllers = tuple(controllers)
        self._books = Books(journal, log, clock=clock, wall_clock=wall_clock)
        self._chores = Chores(self._controllers, self._books)
        self._clock = clock
        self._wall_clock = wall_clock
        self._allows_islanding = allows_islanding
        self._asked = threading.Event()
        self._unsaved = threading.Event()
        self._stops = False
        self._threads: list[threading.Thread] = []

    # -- for clients -----------------------------------------------------------------------

    def submit(self, command: Command) -> Execution:
        """Take a command; never blocks.

        Raises:
            BadCommand: It cannot be understood, or nothing here can carry it out.
        """
        command = self._checked(command)
        record = Record(new_id(), self._wall_clock(), command, reason="waits for its turn")
        if ISLAND in command.changes and not self._allows_islanding:
            record = record.becoming(Outcome.REJECTED, "islanding is switched off", forbidden=True)
            refused = replace(record, remedy="Set PW_ALLOW_ISLANDING=yes to allow it.")
            execution = self._books.refuse(refused)
        elif self._stops:
            execution = self._books.refuse(record.becoming(Outcome.REJECTED, STOPPING))
        else:
            execution = self._books.take(record)
        self._wake()
        return execution

    def read(self, knob: str) -> Value | None:
        """Return what one knob is set to now, asked of who can turn it; None where nobody can.

        Raises:
            PowerwallError: It cannot be read just now.
        """
        controller = controller_for(self._controllers, [knob])
        return None if controller is None else controller.read([knob]).get(knob)

    def records(self, limit: int = RECORDS_MOST) -> list[Record]:
        """Return the newest records, newest first."""
        return self._books.records(limit)

    def temporary(self) -> list[dict[str, Any]]:
        """Return the temporary settings that wait for their end, as clients see them."""
        now_s, wall_s = self._clock(), self._wall_clock()
        return [end.document(now_s, wall_s) for end in self._books.ledger.ends.values()]

    def _checked(self, command: Command) -> Command:
        together(command.changes)
        knobs = command.changes
        if unknown := knobs.keys() - KNOBS.keys():
            raise BadCommand(f"{', '.join(sorted(unknown))} is nothing that can be set")
        if controller_for(self._controllers, knobs) is None:
            claims = {name for one in self._controllers for name in one.claims}
            known = ", ".join(name for name in KNOBS if name in claims) or "nothing"
            raise BadCommand(
                f"{' and '.join(knobs)} cannot be changed here",
                remedy=f"What can be changed with the connections that are set up: {known}.",
            )
        changes = {name: KNOBS[name].parse(value) for name, value in knobs.items()}
        command = replace(command, changes=changes)
        if ISLAND in changes and self._allows_islanding:
            _check_islanding(command)
        return command

    # -- the worker ------------------------------------------------------------------------

    def step(self) -> float | None:
        """Do the one thing that is due, if any; return when the next is, on the clock."""
        job = self._next()
        if job is not None and job[0] <= self._clock():
            self._do(job[1])
        self._books.catch_up()
        job = self._next()
        return job[0] if job else None

    def _next(self) -> tuple[float, Entry | End] | None:
        jobs = timetable(self._books.ledger, self._clock(), self._wall_clock())
        return min(jobs, key=lambda job: job[0], default=None)

    def _do(self, job: Entry | End) -> None:
        try:
            if isinstance(job, End):
                self._chores.put_back(job)
            elif job.stage is Stage.QUEUED:
                self._chores.execute(job)
            else:
                self._chores.look(job)
        except Exception:  # noqa: BLE001 - a bug ends in the record, and the thread lives
            _log.exception("commands: this is a bug in powerwall-proxy")
            self._chores.rescue(job)

    def start(self) -> None:
        """Let the worker run, and beside it who keeps the journal while the worker is busy."""
        for work, name in ((self._run, "commands"), (self._keep, "commands-journal")):
            thread = threading.Thread(target=work, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """End the worker after what it is doing; what has not had its turn is rejected."""
        self._stops = True
        self._wake()
        for thread in self._threads:
            if thread is not threading.current_thread():  # see Lane.stop
                thread.join(STOP_S)
        if not any(thread.is_alive() for thread in self._threads):
            self._books.reject_waiting(STOPPING)

    def _wake(self) -> None:
        self._asked.set()
        self._unsaved.set()

    def _run(self) -> None:
        while not self._stops:
            self._asked.clear()
            try:
                due_s = self.step()
            except Exception:  # noqa: BLE001 - commands of tomorrow are none the worse for it
                _log.exception("commands: this is a bug in powerwall-proxy")
                due_s = self._clock() + LOOK_AGAIN_S
            wait_s = LOOK_AGAIN_S if due_s is None else due_s - self._clock()
            if wait_s > 0 and not self._stops:
                self._asked.wait(min(wait_s, LOOK_AGAIN_S))

    def _keep(self) -> None:
        """Remember what waits, so that a restart can tell what became of it."""
        while not self._stops:
            self._unsaved.wait()
            self._unsaved.clear()
            try:
                self._books.save()
            except Exception:  # noqa: BLE001 - what comes after it is to be remembered
                _log.exception("commands: this is a bug in powerwall-proxy")


def timetable(ledger: Ledger, now_s: float, wall_s: float) -> Iterator[tuple[float, Entry | End]]:
    """Everything that is to be done, with when it is due on the clock. Pure."""
    for entry in ledger.entries.values():
        yield entry.due_s, entry
    for end in ledger.ends.values():
        if not ledger.waits(end):
            yield end.is_due_s(now_s, wall_s), end


def _check_islanding(command: Command) -> None:
    if not command.confirmed:
        raise BadCommand(
            "this may leave the home without power, so it has to be confirmed",
            remedy="Send confirm=yes with it.",
        )
    if command.for_s is not None and command.changes[ISLAND] == "on":
        raise BadCommand("connecting to the grid for a time only would end off the grid")
