"""Who reads the live stream, and the one task that looks for them all while there is anybody.

Rule: everything here happens on the event loop. A look puts an event into every inbox at once;
readers are then woken a few at a time, so that five hundred of them are no pause for others.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from proxy.desk import Desk
from proxy.state import moment, rows
from pypowerwall_core.catalog import CATALOG, NEEDS
from pypowerwall_core.snapshot import Entry, Known, Snapshot, Unknown

from .broadcast import Broadcast
from .differ import Key, Row
from .frames import RETRY

WOKEN_TOGETHER = 16
_DIMENSIONS = {fact.name: fact.by for fact in CATALOG}
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """How often things happen, seconds.

    Attributes:
        heartbeat_s: After so long without an event a comment says that the stream lives.
        look_s: Between two looks at most: what grows old is no news, and only what is looked at
            again and again is kept fresh.
        apart_s: ... and at least: documents come in swarms.
        state_s: A state is no older when it is sent; till then one does for all who come.
    """

    heartbeat_s: float = 15.0
    look_s: float = 1.0
    apart_s: float = 0.25
    state_s: float = 1.0


class Reader:
    """One open stream: yields frames until it is ended, or its client has gone."""

    def __init__(
        self, take: Callable[[], bytes | None], leave: Callable[[Reader], None], first: bytes
    ) -> None:
        self._take = take
        self._leave = leave
        self._first: bytes | None = first
        self._stirred = asyncio.Event()
        self._has_ended = False

    def __aiter__(self) -> Reader:
        """Yield frames by itself."""
        return self

    async def __anext__(self) -> bytes:
        """Wait for a frame."""
        if self._first is not None:
            first, self._first = self._first, None
            return first
        while not self._has_ended:
            self._stirred.clear()
            if (frame := self._take()) is not None:
                return frame
            await self._stirred.wait()
        raise StopAsyncIteration

    def stir(self) -> None:
        """Have it look for a frame."""
        self._stirred.set()

    def end(self) -> None:
        """End the stream after the frame that is being sent."""
        if not self._has_ended:
            self._has_ended = True
            self._leave(self)
            self._stirred.set()

    async def close(self) -> None:
        """End it as Falcon does when nothing more can be sent."""
        self.end()


class Streams:
    """All open streams of a desk."""

    def __init__(self, desk: Desk, pace: Pace | None = None) -> None:
        self._desk = desk
        self._pace = pace or Pace()
        self._broadcast = Broadcast(secrets.token_hex(4), _key)
        self._identity: object = None
        self._looked_s = self._rendered_s = self._sent_s = float("-inf")
        self._readers: dict[Reader, None] = {}
        self._asleep: list[Reader] = []
        self._task: asyncio.Task[None] | None = None
        self._has_ended = False

    @property
    def is_full(self) -> bool:
        """Whether no more readers are taken."""
        return self._has_ended or len(self._readers) >= self._desk.settings.max_streams

    def open(self, last_event_id: str | None) -> Reader:
        """Take a reader who may have read up to an event of this process."""
        self._look()
        inbox = self._broadcast.enter(last_event_id)

        def take() -> bytes | None:
            if inbox.behind:
                self._renew()
            return self._broadcast.take(inbox)

        def leave(reader: Reader) -> None:
            self._broadcast.leave(inbox)
            self._leave(reader)

        reader = Reader(take, leave, RETRY)
        self._readers[reader] = None
        self._desk.streams.open = len(self._readers)
        if self._task is None:
            self._task = asyncio.create_task(self._look_on())
        return reader

    def end(self) -> None:
        """End all streams, and take no more."""
        self._has_ended = True
        self._end_all()

    def _end_all(self) -> None:
        for reader in list(self._readers):
            reader.end()

    def _leave(self, reader: Reader) -> None:
        self._readers.pop(reader, None)
        self._desk.streams.open = len(self._readers)
        if not self._readers and self._task is not None:
            self._task.cancel()
            self._task = None

    # -- looking --------------------------------------------------------------------------

    async def _look_on(self) -> None:
        """Look until nobody reads any more, which cancels this."""
        loop, news = asyncio.get_running_loop(), asyncio.Event()

        def flown() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(news.set)

        self._desk.site.listen(flown)
        try:
            while True:
                self._look()
                self._beat()
                await self._wake()
                await self._pause(news)
        except Exception:  # noqa: BLE001 - a bug of ours: see below
            _log.exception("unexpected error while looking for streams, this is a bug")
            self._end_all()  # they come again; else they would wait at a dead stream
        finally:
            self._desk.site.unlisten(flown)

    def _look(self) -> None:
        """See whether anything has changed; nothing is rendered where nothing has."""
        now_s = asyncio.get_running_loop().time()
        if now_s - self._looked_s < self._pace.apart_s:
            return
        self._looked_s = now_s
        snapshot = self._desk.site.look(NEEDS)
        if _identity(snapshot) != self._identity:
            self._render(snapshot, now_s)

    def _renew(self) -> None:
        """Render once more where only ages have changed, for who is sent everything."""
        now_s = asyncio.get_running_loop().time()
        if now_s - self._rendered_s >= self._pace.state_s:
            self._render(self._desk.site.look(NEEDS), now_s)

    def _render(self, snapshot: Snapshot, now_s: float) -> None:
        self._identity, self._rendered_s = _identity(snapshot), now_s
        if self._broadcast.saw(rows(self._desk, snapshot), moment(snapshot)):
            self._sent(now_s)
            self._desk.streams.dropped = self._broadcast.dropped

    def _beat(self) -> None:
        now_s = asyncio.get_running_loop().time()
        if now_s - self._sent_s >= self._pace.heartbeat_s:
            self._broadcast.beat()
            self._sent(now_s)

    def _sent(self, now_s: float) -> None:
        self._sent_s = now_s
        self._asleep = list(self._readers)

    async def _wake(self) -> None:
        asleep, self._asleep = self._asleep, []
        for n, reader in enumerate(asleep, 1):
            reader.stir()
            if n % WOKEN_TOGETHER == 0:
                await asyncio.sleep(0)

    async def _pause(self, news: asyncio.Event) -> None:
        """Wait for news, but neither for long nor for too short."""
        pace = self._pace
        await asyncio.sleep(pace.apart_s)
        beats_s = self._sent_s + pace.heartbeat_s - asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(max(0.0, min(pace.look_s - pace.apart_s, beats_s))):
                await news.wait()
        except TimeoutError:
            return
        news.clear()


def _key(row: Row) -> Key:
    fact = row["fact"]
    return (fact, *(row[name] for name in _DIMENSIONS[fact] if name in row))


def _identity(snapshot: Snapshot) -> object:
    """Return what rows depend on, but for their ages: equal means that none has changed."""
    entries = tuple((name, _of_entry(entry)) for name, entry in snapshot.entries.items())
    return (snapshot.numbers, snapshot.grid, entries)


def _of_entry(entry: Entry) -> object:
    if isinstance(entry, Known):
        # A doubt begins with its age.
        return (entry.version, entry.late, entry.source, entry.doubt.partition(": ")[2])
    return (type(entry), entry.reason, isinstance(entry, Unknown) and entry.failing)
