"""One home: an ordered list of readers, and what they know together.

A process may hold several Sites; nothing here is global.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

from .claims import NOT_SERVED, Claim, Made, as_it_is
from .commander import Commander
from .failures import PathState
from .grid import Watch
from .lane import Lane
from .numbering import Numbering
from .payloads import GRID_STATUS, STANDS_IN_FOR
from .policy import Freshness, Patience
from .recent import NEEDS as RECENT_NEEDS
from .recent import Recent
from .slot import Doubt, Slot
from .snapshot import Absent, Entry, Grid, Known, Snapshot, Unknown
from .totals import Bookkeeper

LATE = 2.0
"""Times its freshness: older is late, as when the gateway is slow or away."""
DOUBT_TOLD_S = 3600.0
_FAILING = (PathState.FAILING, PathState.BUSY)


@dataclass(frozen=True, slots=True)
class Reader:
    """A lane and the payloads it can give.

    Attributes:
        name: What facts call their source.
    """

    lane: Lane
    claims: Mapping[str, Claim]
    name: str = "gateway"
    made: Made = field(default_factory=Made)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known now, and the flights that may soon bring better.

    Attributes:
        at_s: When it was asked, on the site's clock.
    """

    snapshot: Snapshot
    flights: tuple[Future[None], ...]
    at_s: float


_CONSTANT = Known(None, 0, age_s=0.0, ttl_s=3600.0, source="constant")
_Ask = Callable[[Reader, list[str]], dict[str, Slot]]


class Site:
    """The readers of one home; for each payload the first that claims it.

    Attributes:
        recent: The last hour as curves; a value, so it may be read at any time.
    """

    def __init__(
        self,
        readers: Iterable[Reader] = (),
        *,
        name: str = "home",
        trouble: str = "",
        numbering: Numbering | None = None,
        bookkeeper: Bookkeeper | None = None,
        commander: Commander | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self.readers = tuple(readers)
        self.name = name
        self.trouble = trouble
        self.commander = commander
        self.tesla_site_id: Callable[[], int | None] = lambda: None
        self._numbering = numbering or Numbering()
        self._bookkeeper = bookkeeper or Bookkeeper()
        self._watch = Watch()
        self._watching = threading.Lock()
        self._clock = clock
        self._wall_clock = wall_clock
        self._listeners: tuple[Callable[[], None], ...] = ()
        self._remembering = threading.Lock()
        self.recent = Recent()
        for reader in self.readers:
            reader.lane.listen(self._flown)

    def start(self) -> None:
        """Let the lanes fly, and commands be carried out."""
        for reader in self.readers:
            reader.lane.start()
        if self.commander is not None:
            self.commander.start()

    def stop(self) -> None:
        """End the lanes, and then the commander, who may be waiting for one of them.

        What it was doing is in its journal, and goes on after the next start.
        """
        for reader in self.readers:
            reader.lane.stop()
        if self.commander is not None:
            self.commander.stop()
        self._numbering.flush()
        self._bookkeeper.flush()

    def listen(self, call: Callable[[], None]) -> None:
        """Have something called after every flight, by a worker of a lane: it must not block."""
        with self._remembering:
            self._listeners = (*self._listeners, call)

    def unlisten(self, call: Callable[[], None]) -> None:
        """Call it no more."""
        with self._remembering:
            self._listeners = tuple(one for one in self._listeners if one != call)

    def _flown(self) -> None:
        """Take in what a flight has brought, whoever looks or does not, and tell who listens.

        Not at looks: a client that reads the charge only would leave the powers out that the
        lane keeps fresh for another who comes every minute.
        """
        with self._remembering:  # one after the other: an older look would be another sample
            self.recent = self.recent.saw(self.peek(RECENT_NEEDS))
        for call in self._listeners:
            call()

    def now_s(self) -> float:
        """The time on the clock that ages are measured by."""
        return self._clock()

    def ask(self, needs: Collection[str], patience: Patience = Patience.NEWS) -> Asked:
        """Say what is known of some payloads and note that somebody wants them.

        Never blocks and never sends anything itself. A caller with time to spare waits
        for the flights, then asks again: what stands in for a payload that turned out
        not to be served is asked for only then.
        """
        flights: list[Future[None]] = []

        def ask(reader: Reader, sources: list[str]) -> dict[str, Slot]:
            slots, waits = reader.lane.ask(sources, patience)
            flights.extend(waits)
            return slots

        snapshot = self._snapshot(needs, ask)
        return Asked(snapshot, tuple(flights), self._clock())

    def look(self, needs: Collection[str]) -> Snapshot:
        """Say what is known of some payloads, for a reader who neither waits nor starts anything.

        Looking again and again is interest all the same, and keeps them fresh.
        """
        return self._snapshot(needs, lambda reader, sources: reader.lane.look(sources))

    def peek(self, needs: Collection[str]) -> Snapshot:
        """Say what is known of some payloads to who has asked for them, and waited."""
        return self._snapshot(needs, lambda reader, sources: reader.lane.peek(sources))

    def _snapshot(self, needs: Collection[str], ask: _Ask) -> Snapshot:
        entries: dict[str, Entry] = {}
        waiting = set(needs)
        for reader in self.readers:
            mine = [name for name in needs if name in waiting and name in reader.claims]
            told = self._of_reader(reader, mine, ask)
            entries |= told
            # What one does not have, the next may.
            waiting -= {name for name in mine if not isinstance(told.get(name), Absent)}
        for name in waiting - entries.keys():
            entries[name] = Unknown(self.trouble) if self.trouble else Absent()
        ordered = {name: entries[name] for name in needs if name in entries}
        at_s = self._wall_clock()
        return Snapshot(
            ordered,
            at_s,
            self._numbering.settle(ordered),
            self._bookkeeper.settle(ordered),
            self._watch_grid(ordered, at_s),
        )

    def _of_reader(self, reader: Reader, names: list[str], ask: _Ask) -> dict[str, Entry]:
        first = [name for name in names if STANDS_IN_FOR.get(name) not in names]
        entries = self._of_lane(reader, first, ask)
        second = [
            name
            for name in names
            if name not in first and isinstance(entries.get(STANDS_IN_FOR[name]), Absent)
        ]
        return entries | self._of_lane(reader, second, ask) if second else entries

    def _of_lane(self, reader: Reader, names: list[str], ask: _Ask) -> dict[str, Entry]:
        claims = {name: reader.claims[name] for name in names}
        sources = list(dict.fromkeys(one for claim in claims.values() for one in claim.sources))
        slots = ask(reader, sources)
        now_s = self._clock()
        told = {name: _entry(slot, reader.name, now_s) for name, slot in slots.items()}
        return {name: _made(name, claim, told, reader.made) for name, claim in claims.items()}

    def _watch_grid(self, entries: Mapping[str, Entry], at_s: float) -> Grid:
        with self._watching:
            self._watch = self._watch.saw(entries.get(GRID_STATUS), at_s)
            return self._watch.grid


def _entry(slot: Slot, source: str, now_s: float) -> Entry:
    if slot.memory is not None and slot.freshness(now_s) in (Freshness.FRESH, Freshness.STALE):
        age_s, fresh_s = slot.memory.age_s(now_s), slot.source.fresh_s
        return Known(
            slot.memory.document,
            slot.memory.version,
            age_s,
            ttl_s=fresh_s - age_s,
            late=age_s > LATE * fresh_s,
            source=source,
            doubt=_doubt(slot.doubt, now_s),
        )
    if slot.absent():
        return Absent(slot.rest.state.value if slot.rest else "")
    return Unknown(failing=slot.rest is not None and slot.rest.state in _FAILING)


def _made(payload: str, claim: Claim, told: Mapping[str, Entry], made: Made) -> Entry:
    """Say what is known of a payload by what is known of its sources."""
    main = told[claim.sources[0]] if claim.sources else _CONSTANT
    if claim.derive is as_it_is:
        return main
    known = {n: (e.document, e.version) for n, e in told.items() if isinstance(e, Known)}
    document, version = made.of(payload, claim, known)
    if document is NOT_SERVED:
        return Absent()
    if not isinstance(main, Known):
        return main
    if document is None:
        return Unknown()
    source = _CONSTANT.source if claim.constant else main.source
    return replace(main, document=document, version=version, source=source)


def _doubt(doubt: Doubt | None, now_s: float) -> str:
    if doubt is None or now_s - doubt.at_s > DOUBT_TOLD_S:
        return ""
    when = f"{now_s - doubt.at_s:.0f} s ago"
    kept = "; the one before is shown" if doubt.pending else ""
    return f"a sample was left out {when}: {doubt.reason}{kept}"
