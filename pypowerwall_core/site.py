"""One home: an ordered list of readers, and what they know together.

A process may hold several Sites; nothing here is global.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass

from .failures import PathState
from .lane import Lane
from .numbering import Numbering
from .payloads import STANDS_IN_FOR
from .policy import Freshness
from .slot import Slot
from .snapshot import Absent, Entry, Known, Snapshot, Unknown

_FAILING = (PathState.FAILING, PathState.BUSY)


@dataclass(frozen=True, slots=True)
class Reader:
    """A lane and the payloads it can give, each by the source that brings it."""

    lane: Lane
    claims: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known now, and the flights that may soon bring better.

    Attributes:
        at_s: When it was asked, on the site's clock.
    """

    snapshot: Snapshot
    flights: tuple[Future[None], ...]
    at_s: float


class Site:
    """The readers of one home; for each payload the first that claims it."""

    def __init__(
        self,
        readers: Iterable[Reader] = (),
        *,
        trouble: str = "",
        numbering: Numbering | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self.readers = tuple(readers)
        self.trouble = trouble
        self._numbering = numbering or Numbering()
        self._clock = clock
        self._wall_clock = wall_clock

    def start(self) -> None:
        """Let the lanes fly."""
        for reader in self.readers:
            reader.lane.start()

    def stop(self) -> None:
        """End the lanes."""
        for reader in self.readers:
            reader.lane.stop()

    def now_s(self) -> float:
        """The time on the clock that ages are measured by."""
        return self._clock()

    def ask(self, needs: Collection[str]) -> Asked:
        """Say what is known of some payloads and note that somebody wants them.

        Never blocks and never sends anything itself. A caller with time to spare waits
        for the flights, then asks again: what stands in for a payload that turned out
        not to be served is asked for only then.
        """
        flights: list[Future[None]] = []
        entries: dict[str, Entry] = {}
        waiting = set(needs)
        for reader in self.readers:
            mine = [name for name in needs if name in waiting and name in reader.claims]
            waiting -= set(mine)
            entries |= self._ask_reader(reader, mine, flights)
        for name in waiting:
            entries[name] = Unknown(self.trouble) if self.trouble else Absent()
        ordered = {name: entries[name] for name in needs if name in entries}
        snapshot = Snapshot(ordered, self._wall_clock(), self._numbering.settle(ordered))
        return Asked(snapshot, tuple(flights), self._clock())

    def _ask_reader(
        self, reader: Reader, names: list[str], flights: list[Future[None]]
    ) -> dict[str, Entry]:
        first = [name for name in names if STANDS_IN_FOR.get(name) not in names]
        entries = self._ask_lane(reader, first, flights)
        second = [
            name
            for name in names
            if name not in first and isinstance(entries.get(STANDS_IN_FOR[name]), Absent)
        ]
        return entries | self._ask_lane(reader, second, flights) if second else entries

    def _ask_lane(
        self, reader: Reader, names: list[str], flights: list[Future[None]]
    ) -> dict[str, Entry]:
        slots, waits = reader.lane.ask([reader.claims[name] for name in names])
        flights += waits
        now_s = self._clock()
        return {name: _entry(slots[reader.claims[name]], now_s) for name in names}


def _entry(slot: Slot, now_s: float) -> Entry:
    if slot.memory is not None and slot.freshness(now_s) in (Freshness.FRESH, Freshness.STALE):
        age_s = slot.memory.age_s(now_s)
        ttl_s = slot.source.fresh_s - age_s
        return Known(slot.memory.document, slot.memory.version, age_s, ttl_s)
    if slot.absent():
        return Absent(slot.rest.state.value if slot.rest else "")
    return Unknown(failing=slot.rest is not None and slot.rest.state in _FAILING)
