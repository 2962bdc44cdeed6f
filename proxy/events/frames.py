"""Frames of Server-Sent Events (WHATWG HTML, 9.2), and those that a reader has not taken. Pure."""

from __future__ import annotations

import json
from collections import deque
from typing import Any

RETRY = b"retry: 3000\n\n"
HEARTBEAT = b": heartbeat\n\n"
FRAMES_MOST = 16
"""A reader that leaves more of them is told all anew; it never was in a hurry."""
_DIGITS_MOST = 15


def frame(event: str, boot: str, n: int, document: Any) -> bytes:
    """Spell one event; JSON in ASCII has no line break that could end it early."""
    data = json.dumps(document, separators=(",", ":"), allow_nan=False)
    return f"event: {event}\nid: {boot}-{n}\ndata: {data}\n\n".encode("ascii")


def number_of(event_id: str | None, boot: str) -> int | None:
    """Return the number in an id of this process; None for all else a client may send."""
    told, _, number = (event_id or "").rpartition("-")
    is_number = number.isascii() and number.isdecimal() and len(number) <= _DIGITS_MOST
    return int(number) if told == boot and is_number else None


class Inbox:
    """What one reader has not taken yet: a few frames, or the need of all anew.

    Attributes:
        behind: It has to be given a state next; nothing that happens meanwhile is kept.
    """

    __slots__ = ("_frames", "behind")

    def __init__(self) -> None:
        self.behind = True
        self._frames: deque[bytes] = deque()

    def begin(self, first: bytes) -> None:
        """Start with a frame that makes a state needless."""
        self.behind = False
        self._frames.append(first)

    def put(self, event: bytes) -> int:
        """Add a frame; return how many were dropped."""
        if self.behind:
            return 0
        if len(self._frames) < FRAMES_MOST:
            self._frames.append(event)
            return 0
        dropped = len(self._frames) + 1
        self._frames.clear()
        self.behind = True
        return dropped

    def put_if_empty(self, comment: bytes) -> None:
        """Add a frame that only tells of life, where nothing else does."""
        if not self.behind and not self._frames:
            self._frames.append(comment)

    def take(self) -> bytes | None:
        """Take the oldest frame."""
        return self._frames.popleft() if self._frames else None
