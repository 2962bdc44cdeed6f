"""What every reader of a stream is to be sent next. Pure: it is given rows, and keeps bytes.

Rule: an event is spelled once, and the same bytes lie in all inboxes, in the order of their
numbers. A reader that has applied what it took has the rows of the last look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .differ import Change, Differ, Key, Row
from .frames import HEARTBEAT, Inbox, frame, number_of


class Broadcast:
    """The events of one process.

    Attributes:
        dropped: How many frames slow readers have lost.
    """

    def __init__(self, boot: str, key_of: Callable[[Row], Key]) -> None:
        self.dropped = 0
        self._boot = boot
        self._differ = Differ(key_of)
        self._about: Mapping[str, Any] = {}
        self._inboxes: dict[Inbox, None] = {}
        self._state: bytes | None = None

    def saw(self, rows: Iterable[Row], about: Mapping[str, Any]) -> bool:
        """Take in a look, and when it was; return whether there is an event for all."""
        change = self._differ.saw(rows)
        self._about, self._state = about, None
        if change is None:
            return False
        event = self._spelled(change)
        self.dropped += sum(inbox.put(event) for inbox in self._inboxes)
        return True

    def beat(self) -> None:
        """Tell all who have nothing to read that the stream lives."""
        for inbox in self._inboxes:
            inbox.put_if_empty(HEARTBEAT)

    def enter(self, last_event_id: str | None = None) -> Inbox:
        """Take a reader who may have read up to an event of this process."""
        inbox = Inbox()
        n = number_of(last_event_id, self._boot)
        missed = None if n is None else self._differ.since(n)
        if missed is not None:
            inbox.begin(self._spelled(missed))
        self._inboxes[inbox] = None
        return inbox

    def leave(self, inbox: Inbox) -> None:
        """Forget a reader."""
        self._inboxes.pop(inbox, None)

    def take(self, inbox: Inbox) -> bytes | None:
        """Return what a reader is sent next: all rows of the last look where it is behind."""
        if not inbox.behind:
            return inbox.take()
        inbox.behind = False
        if self._state is None:
            document = {**self._about, "rows": self._differ.rows}
            self._state = frame("state", self._boot, self._differ.n, document)
        return self._state

    def _spelled(self, change: Change) -> bytes:
        document = {**self._about, "rows": change.rows, "gone": change.gone}
        return frame("change", self._boot, change.n, document)
