"""What is known at one moment: the only thing views are given.

Absence is a value: a payload is Known, Unknown (not now) or Absent (not here).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Known:
    """A document, how old it is and for how long it counts as new (negative: stale)."""

    document: Any
    version: int
    age_s: float
    ttl_s: float


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing is known just now.

    Attributes:
        failing: It was asked for, and failed so that it is left alone for a while.
    """

    reason: str = "not answered yet"
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


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Payload names to entries.

    Attributes:
        entries: One entry per payload asked for.
        at_s: When it was taken, seconds since 1970.
        numbers: Which number each pack and each solar inverter has.
    """

    entries: Mapping[str, Entry]
    at_s: float
    numbers: Numbers = Numbers()

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
