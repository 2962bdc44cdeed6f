"""What a row of the catalog is: one fact of a home, described once for every way out. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from pypowerwall_core.fields import number
from pypowerwall_core.payloads import HOME_METERS
from pypowerwall_core.snapshot import Snapshot

Value = float | str | None
Labels = tuple[str, ...]
Samples = Mapping[Labels, Value]


class Kind(Enum):
    """How a value behaves; the word is shown at /api/v1/state."""

    GAUGE = "gauge"
    """A number that goes up and down."""
    COUNTER = "counter"
    """A lifetime counter of the gateway's own; see `totals` for why it never dips."""
    FLAG = "flag"
    """1 or 0."""
    STATE = "state"
    """One of a few words."""
    TEXT = "text"
    """Any text."""
    SET = "set"
    """1 for each member there is."""


class Unit(Enum):
    """A unit: as people write it, as Prometheus names its base unit, and how many of those it is.

    Prometheus wants base units (joules, seconds, ratios): prometheus.io, naming.
    """

    NONE = ("", "", 1.0)
    WATT = ("W", "watts", 1.0)
    VAR = ("var", "vars", 1.0)
    VOLT_AMPERE = ("VA", "volt_amperes", 1.0)
    WATT_HOUR = ("Wh", "joules", 3600.0)
    VOLT = ("V", "volts", 1.0)
    AMPERE = ("A", "amperes", 1.0)
    HERTZ = ("Hz", "hertz", 1.0)
    CELSIUS = ("°C", "celsius", 1.0)
    PERCENT = ("%", "ratio", 0.01)
    HOUR = ("h", "seconds", 3600.0)
    SECOND = ("s", "seconds", 1.0)
    MOMENT = ("s since 1970", "timestamp_seconds", 1.0)

    def __init__(self, symbol: str, base: str, times: float) -> None:
        self.symbol = symbol
        self.base = base
        self.times = times


def no_members(snapshot: Snapshot) -> Iterable[Labels]:  # noqa: ARG001 - a row's signature
    """Expect nothing: who has none is not told of it."""
    return ()


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact.

    Attributes:
        name: With its unit: power_w.
        says: One sentence for people.
        needs: The payloads it is read from; one that stands in for another comes after it.
        read: Returns its values by labels, () where it has no dimension. None is a value that
            was told as nothing; what the documents do not have is left out.
        by: The names of its dimensions, in the order of the labels.
        members: The labels that are expected; those without a value are shown as unknown.
        metric: Its name for Prometheus without prefix and unit; `name` without unit if empty.
        constant: More labels for Prometheus, which tell apart facts that share a metric.
        states: The words of a STATE that are known of.
        unknown: What is shown while nothing is known.
        also: More payloads to ask for: they tell the order in which packs are numbered.
        alone: Its payload is asked for by nobody else: only who reads this fact pays for it.
    """

    name: str
    says: str
    needs: tuple[str, ...]
    read: Callable[[Snapshot], Samples]
    kind: Kind = Kind.GAUGE
    unit: Unit = Unit.NONE
    by: tuple[str, ...] = ()
    members: Callable[[Snapshot], Iterable[Labels]] = no_members
    metric: str = ""
    constant: tuple[tuple[str, str], ...] = ()
    states: tuple[str, ...] = ()
    unknown: Value = None
    also: tuple[str, ...] = ()
    alone: bool = False

    @property
    def asks(self) -> tuple[str, ...]:
        """The payloads to ask for."""
        return (*self.needs, *self.also)


def single(read: Callable[[Snapshot], Value]) -> Callable[[Snapshot], Samples]:
    """Return the reader of a fact without dimensions from one that returns None for unknown."""
    return lambda snapshot: {(): read(snapshot)}


def lifetime_wh(snapshot: Snapshot, key: str, told: Any) -> Value:
    """Return what is shown of a lifetime counter; None for one that makes no sense."""
    wh = number(told)
    return None if wh is None or wh < 0 else snapshot.totals.of(key, wh)


def meters(snapshot: Snapshot) -> Iterable[Labels]:  # noqa: ARG001 - members of any home
    """The four meters every home is told by."""
    return tuple((meter,) for meter in HOME_METERS)


def packs(snapshot: Snapshot) -> Iterable[Labels]:
    """The packs that have a number."""
    return tuple((f"PW{n}",) for n, _ in enumerate(snapshot.numbers.packs, 1))
