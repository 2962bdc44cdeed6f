"""A home for commands at a terminal: it tells what it was given, and becomes what a test says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pypowerwall_core.commands import KNOBS, Command, Value, shown

Told = dict[str, Any]
ANSWERS: Mapping[str, Any] = {
    "site_name": "Home",
    "din": "1232100-00-E--TG122000000001",
    "version": "23.36.4 3f8a51c2",
    "get_mode": "self_consumption",
    "get_reserve": 20.0,
    "level": 50,
    "grid_status": {"grid_status": "SystemGridConnected"},
    "power": {"site": -300, "solar": 3000, "battery": -1500, "load": 1200},
    "get_time_remaining": 11.666666666666666,
    "get_grid_charging": None,
    "get_grid_export": None,
    "site_id": None,
    "temps": {"TETHC--2012170-25-E--TG121000000001": 21.4},
}
"""What the calls of a home return."""


@dataclass
class FakeHome:
    """A home that goes on by itself, like a proxy's.

    Attributes:
        becomes: What becomes of each command, in order; the last of them of all others.
        log: The records it tells when it is asked for them, the next one each time.
    """

    answers: Mapping[str, Any] = field(default_factory=lambda: dict(ANSWERS))
    why: str = ""
    mode: str = "proxy"
    keeper: FakeKeeper | None = None
    becomes: list[Told | BaseException] = field(default_factory=lambda: [{"outcome": "applied"}])
    log: list[list[Told] | Exception] = field(default_factory=list)
    changed: list[Command] = field(default_factory=list)
    is_closed: bool = False

    def ask(self, call: str) -> Any:
        return self.answers[call]

    def trouble(self) -> str:
        return self.why

    def change(self, command: Command) -> Told:
        self.changed.append(command)
        told = self.becomes[min(len(self.changed), len(self.becomes)) - 1]
        if isinstance(told, BaseException):
            raise told
        return {"id": f"c{len(self.changed)}", **told}

    def records(self) -> list[Told]:
        found = self.log[0] if self.log else []
        if len(self.log) > 1:
            self.log = self.log[1:]
        if isinstance(found, Exception):
            raise found
        return found

    def close(self) -> None:
        self.is_closed = True

    @property
    def sent(self) -> list[dict[str, Value]]:
        return [dict(command.changes) for command in self.changed]


@dataclass
class FakeKeeper(FakeHome):
    """A home that puts back only while somebody stays; it is its own keeper.

    Attributes:
        ends: The promises that are left, told of from now on the next one each time.
        now: What is set now.
    """

    mode: str = "local"
    ends: list[list[Told]] = field(default_factory=lambda: [[]])
    now: dict[str, Value | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.keeper = self

    def promises(self) -> list[Told]:
        found = self.ends[0]
        if len(self.ends) > 1:
            self.ends = self.ends[1:]
        return found

    def setting(self, knob: str) -> Value | None:
        return self.now.get(knob)


def promise(was: Mapping[str, Value], is_: Mapping[str, Value], trouble: str = "") -> Told:
    """A temporary setting that waits for its end, as a commander tells of it."""
    assert was.keys() | is_.keys() <= KNOBS.keys()
    return {
        "id": "c1",
        "set": shown(is_),
        "puts_back": shown(was),
        "until": "2026-11-21T16:00:00+00:00",
        "trouble": trouble or None,
        "revert": None,
    }


@dataclass
class FakeSleep:
    """Time that passes only where somebody sleeps, and what happens meanwhile."""

    now_s: float = 0.0
    meanwhile: Callable[[], object] = lambda: None

    def __call__(self, seconds: float) -> None:
        self.now_s += seconds
        self.meanwhile()

    def clock(self) -> float:
        return self.now_s
