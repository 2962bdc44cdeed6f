"""What a person wants `powerwall set` to change: from words to writes. Pure.

Everything is understood before anything is sent. Mode and reserve go in one write. Before it
goes what only some homes can be told, one write each: a home that cannot refuses it while
nothing has been changed yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import chain

from pypowerwall_core.commands import (
    GRID_CHARGING,
    GRID_EXPORT,
    KNOBS,
    MODE,
    RESERVE,
    SHOWN_DECIMALS,
    TOGETHER,
    Value,
    parse_span_s,
)
from pypowerwall_core.errors import BadCommand
from pypowerwall_core.fields import number
from pypowerwall_core.scales import app_from_raw


@dataclass(frozen=True, slots=True)
class Wish:
    """One thing that can be changed.

    Attributes:
        name: The option.
        title: What it is called before the value.
        must: What a value has to be.
    """

    name: str
    knob: str
    title: str
    must: str

    @property
    def kind(self) -> str:
        """What a wrong value is called."""
        return self.title.removeprefix("Powerwall ")


WISHES = (
    Wish("mode", MODE, "Powerwall Mode", "one of self_consumption, backup, or autonomous"),
    Wish("reserve", RESERVE, "Powerwall Reserve", "a number from 0 to 100"),
    Wish("gridcharging", GRID_CHARGING, "Grid Charging Mode", "on or off"),
    Wish("gridexport", GRID_EXPORT, "Grid Export Mode", "battery_ok, pv_only, or never"),
)
_TIME = "a time such as 90min, 2h or 1d, at most 31 days"


@dataclass(frozen=True, slots=True)
class Step:
    """One write.

    Attributes:
        changes: Values by knob.
        says: What is said before it is sent, one line each.
    """

    changes: Mapping[str, Value]
    says: tuple[str, ...]

    def plus(self, other: Step) -> Step:
        """Return one write of both."""
        return Step({**self.changes, **other.changes}, (*self.says, *other.says))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was typed, understood.

    Attributes:
        steps: In the order in which they are sent.
        for_s: How long they are to last; None is for ever.
    """

    steps: tuple[Step, ...] = ()
    for_s: float | None = None

    def plus(self, step: Step) -> Wanted:
        """Return it with one thing more."""
        return replace(self, steps=grouped((*self.steps, step)))


def understood(typed: Mapping[str, str], for_: str | None) -> Wanted:
    """Return what was typed, options by name.

    Raises:
        BadCommand: A value cannot be.
    """
    steps = [_step(wish, typed[wish.name]) for wish in WISHES if wish.name in typed]
    try:
        for_s = None if for_ is None else parse_span_s(for_)
    except BadCommand as error:
        raise BadCommand(f"Invalid Time [{for_}] - must be {_TIME}") from error
    return Wanted(grouped(steps), for_s)


def _step(wish: Wish, word: str) -> Step:
    try:
        value = KNOBS[wish.knob].parse(word)
    except BadCommand as error:
        raise BadCommand(f"Invalid {wish.kind} [{word}] - must be {wish.must}") from error
    return Step({wish.knob: value}, (f"Setting {wish.title} to {_shown(value)}",))


def _shown(value: Value) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else value


def of_charge(raw_pct: object) -> Step | None:
    """Return what keeps the present charge in reserve; None where it is not known."""
    if number(raw_pct) is None:
        return None
    pct = round(app_from_raw(raw_pct), SHOWN_DECIMALS)  # type: ignore[arg-type]  # a number
    line = f"Setting Powerwall Reserve to Current Charge Level {pct:g}"
    return Step({RESERVE: pct}, (line,))


def grouped(steps: Iterable[Step]) -> tuple[Step, ...]:
    """Put together what one write can change, after what only some homes can be told."""
    steps = tuple(steps)
    alone = [step for step in steps if not step.changes.keys() <= TOGETHER]
    joined = [step for step in steps if step.changes.keys() <= TOGETHER]
    if joined:
        changes = {name: value for step in joined for name, value in step.changes.items()}
        alone.append(Step(changes, tuple(chain.from_iterable(step.says for step in joined))))
    return tuple(alone)
