"""A controller without a gateway, a clock that is set by hand, and a commander between them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pypowerwall_core.commander import Commander
from pypowerwall_core.commandlog import CommandLog
from pypowerwall_core.commands import ISLAND, MODE, RESERVE, TOGETHER, Command, Record, Value
from pypowerwall_core.errors import Unreachable
from pypowerwall_core.execution import Execution
from pypowerwall_core.journal import Journal, ledger_json
from pypowerwall_core.ledger import Ledger

HOUR_S = 3600.0
NOON_S = 1_700_000_000.0
AT_FIRST: Mapping[str, Value | None] = {RESERVE: 20.0, MODE: "self_consumption", ISLAND: "on"}
LOST = Unreachable("the gateway fell silent")


class Crash(BaseException):
    """The process ends here."""


@dataclass
class FakeClock:
    """Both clocks of a host."""

    now_s: float = 1000.0
    wall_s: float = NOON_S

    def monotonic(self) -> float:
        return self.now_s

    def wall(self) -> float:
        return self.wall_s

    def advance(self, seconds: float) -> None:
        self.now_s += seconds
        self.wall_s += seconds


@dataclass
class FakeController:
    """A gateway as a commander sees it.

    `late_s`: how long a write takes to show; None: it never does.
    `read_errors`, `write_errors`: what the next calls raise, in their order; None goes well.
    `still`: what every further read raises.
    `answers_lost`: so many writes are carried out, and their answers do not come back.
    `tick`: called after every reading, and before and after every write.
    What comes late comes in the order it was sent. Reserve and mode are one document.
    """

    clock: FakeClock
    claims: frozenset[str] = frozenset({RESERVE, MODE, ISLAND})
    name: str = "gateway"
    late_s: float | None = 0.0
    set_to: dict[str, Value | None] = field(default_factory=lambda: dict(AT_FIRST))
    read_errors: list[Exception | None] = field(default_factory=list)
    write_errors: list[Exception | None] = field(default_factory=list)
    still: Exception | None = None
    answers_lost: int = 0
    reads: int = 0
    sent: list[dict[str, Value]] = field(default_factory=list)
    befores: list[Mapping[str, Value | None]] = field(default_factory=list)
    during_write: Callable[[], None] = lambda: None
    tick: Callable[[], None] = lambda: None
    _coming: list[tuple[float, dict[str, Value | None]]] = field(default_factory=list)

    def read(self, knobs: Collection[str]) -> dict[str, Value | None]:
        self.reads += 1
        error = self.read_errors.pop(0) if self.read_errors else self.still
        if error is not None:
            raise error
        self._take_effect()
        self.tick()
        return {knob: self.set_to.get(knob) for knob in knobs}

    def write(self, changes: Mapping[str, Value], before: Mapping[str, Value | None]) -> None:
        self.tick()
        self.befores.append(dict(before))
        self.sent.append(dict(changes))
        self.during_write()
        error = self.write_errors.pop(0) if self.write_errors else None
        if error is not None:
            raise error
        if self.late_s is not None:
            latest_s = max((at_s for at_s, _ in self._coming), default=0.0)
            at_s = max(latest_s, self.clock.now_s + self.late_s)
            along = TOGETHER if changes.keys() & TOGETHER else frozenset()
            kept = {name: value for name, value in before.items() if name in along}
            self._coming.append((at_s, {**kept, **changes}))
        self.tick()
        if self.answers_lost:
            self.answers_lost -= 1
            raise LOST

    def _take_effect(self) -> None:
        due = [one for one in self._coming if one[0] <= self.clock.now_s]
        self._coming = [one for one in self._coming if one[0] > self.clock.now_s]
        for _, changes in due:
            self.set_to |= changes


class CrashingJournal(Journal):
    """A journal whose process may end before and after it is written."""

    def __init__(self, path: Path, tick: Callable[[], None]) -> None:
        super().__init__(path)
        self.tick = tick

    def save(self, ledger: Callable[[], Ledger]) -> bool:
        is_new = ledger_json(ledger()) != self._document
        if is_new:
            self.tick()
        is_saved = super().save(ledger)
        if is_new:
            self.tick()
        return is_saved


class CrashingLog(CommandLog):
    """A log whose process may end before and after a line."""

    def __init__(self, path: Path, tick: Callable[[], None]) -> None:
        super().__init__(path)
        self.tick = tick

    def append(self, record: Record) -> None:
        self.tick()
        super().append(record)
        self.tick()


@dataclass
class Home:
    """A commander over files and a fake controller; `restart` is what SIGKILL leaves.

    `fuse`: the process ends at so manyth step that reaches a disk or the gateway.
    """

    folder: Path
    clock: FakeClock = field(default_factory=FakeClock)
    allows_islanding: bool = True
    fuse: int | None = None
    gateway: FakeController = field(init=False)
    controllers: list[Any] = field(init=False)
    commander: Commander = field(init=False)

    def __post_init__(self) -> None:
        self.gateway = FakeController(self.clock, tick=self.tick)
        self.controllers = [self.gateway]
        self.restart()

    @property
    def journal_path(self) -> Path:
        return self.folder / "session.commands"

    @property
    def log_path(self) -> Path:
        return self.folder / "session.commands.log"

    def restart(self, *, off_s: float = 0.0) -> None:
        """Begin anew over what is on disk."""
        self.clock.advance(off_s)
        self.commander = Commander(
            self.controllers,
            self.journal(),
            self.log(),
            clock=self.clock.monotonic,
            wall_clock=self.clock.wall,
            allows_islanding=self.allows_islanding,
        )

    def journal(self) -> Journal:
        return CrashingJournal(self.journal_path, self.tick)

    def log(self) -> CommandLog:
        return CrashingLog(self.log_path, self.tick)

    def tick(self) -> None:
        """Come one step nearer to the end of the process, if it is to end."""
        if self.fuse is not None:
            self.fuse -= 1
            if self.fuse < 0:
                self.fuse = None
                raise Crash

    def ask(self, *, key: str = "", for_s: float | None = None, **changes: Value) -> Execution:
        """Give a command."""
        command = Command(changes, for_s=for_s, key=key, by="192.0.2.7", confirmed=True)
        return self.commander.submit(command)

    def run(self, seconds: float = 0.0) -> None:
        """Let time pass, and everything happen that is due meanwhile."""
        end_s = self.clock.now_s + seconds
        while (due_s := self.commander.step()) is not None and due_s <= end_s:
            self.clock.advance(max(0.0, due_s - self.clock.now_s))
        self.clock.advance(end_s - self.clock.now_s)

    def record(self, id_: str) -> Record:
        """Return a record as it is known now."""
        return next(record for record in self.commander.records() if record.id == id_)

    @property
    def reserve(self) -> Value | None:
        """What the gateway has stored."""
        self.gateway._take_effect()
        return self.gateway.set_to[RESERVE]
