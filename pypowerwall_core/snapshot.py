"""What is known at one moment: the only thing views are given.

Absence is a value: a payload is Known, Unknown (not now) or Absent (not here).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

NOT_YET = "not answered yet"


@dataclass(frozen=True, slots=True)
class Known:
    """A document, how old it is and for how long it counts as new (negative: stale).

    Attributes:
        late: It is older than a gateway in good health lets it become.
        source: Who told it.
        doubt: What made a sample after it, or lately before it, be left out.
    """

    document: Any
    version: int
    age_s: float
    ttl_s: float
    late: bool = False
    source: str = "gateway"
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing is known just now.

    Attributes:
        failing: It was asked for, and failed so that it is left alone for a while.
    """

    reason: str = NOT_YET
    failing: bool = False


@dataclass(frozen=True, slots=True)
class Absent:
    """This upstream, or our role on it, does not have such a thing."""

    reason: str = "not served here"


Entry = Known | Unknown | Absent


@dataclass(frozen=True, slots=True)
class Numbers:
    """Serials in the order of their numbers: PWn is the n-th pack."""

    packs: tuple[str, ...] = ()
    inverters: tuple[str, ...] = ()


class Held(float):
    """A lifetime counter shown as it was: the gateway tells less for now."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Totals:
    """Lifetime energies as they are shown, Wh; see `totals`."""

    shown_wh: Mapping[str, float] = field(default_factory=dict)

    def of(self, counter: str, told_wh: float) -> float:
        """What to show of a counter for which the gateway tells so much."""
        shown_wh = self.shown_wh.get(counter, told_wh)
        return told_wh if shown_wh <= told_wh else Held(shown_wh)


def counter_key(whose: str, counter: str) -> str:
    """Name one lifetime counter: of a meter, or of a pack by its serial."""
    return f"{whose} {counter}"


@dataclass(frozen=True, slots=True)
class Grid:
    """The state of the grid, and since when it is so, seconds since 1970; see `grid`."""

    state: str = "unknown"
    since_s: float | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Payload names to entries.

    Attributes:
        entries: One entry per payload asked for.
        at_s: When it was taken, seconds since 1970.
        numbers: Which number each pack and each solar inverter has.
        totals: What lifetime energies are shown as.
        grid: What the grid does, as far as it was watched.
    """

    entries: Mapping[str, Entry]
    at_s: float
    numbers: Numbers = Numbers()
    totals: Totals = Totals()
    grid: Grid = Grid()

    def document(self, payload: str) -> Any:
        """Return a payload's document, or None when it is not known."""
        entry = self.entries.get(payload)
        return entry.document if isinstance(entry, Known) else None

    @property
    def known(self) -> list[Known]:
        """The entries that have a document."""
        return [entry for entry in self.entries.values() if isinstance(entry, Known)]

    @property
    def identity(self) -> tuple[object, ...]:
        """What a rendered body depends on, nothing else: equal means the same body."""
        versions = (
            entry.version if isinstance(entry, Known) else type(entry)
            for entry in self.entries.values()
        )
        return (self.numbers, *versions)
