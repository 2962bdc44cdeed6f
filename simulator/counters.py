"""What the gateway was asked: the numbers a test of kindness reads.

Memory is bounded: paths the gateway does not know are counted together.
"""

import json
import threading
from collections import Counter, deque
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

OTHER: Final = "other"
WRITES_MOST: Final = 50
BODY_MOST: Final = 4_096


@dataclass(frozen=True, slots=True)
class Write:
    """A request for a change, as it arrived: what became of it is told by what is read.

    Attributes:
        first: No other request came before it on its connection.
    """

    method: str
    path: str
    body: str
    first: bool

    @property
    def document(self) -> Any:
        """The body as JSON; None where it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


class Counters:
    """Counts requests by path, logins, connections, and the most requests at once.

    Requests for a change are counted by their method, too, and the last of them are kept.
    """

    def __init__(self, paths: Collection[str]) -> None:
        self._paths = frozenset(paths)
        self._lock = threading.Lock()
        self._in_flight = 0
        self.reset()

    def reset(self) -> None:
        """Start again from nothing, but for what is in flight at this moment."""
        with self._lock:
            self._requests: Counter[str] = Counter()
            self._writes: Counter[str] = Counter()
            self._last_writes: deque[Write] = deque(maxlen=WRITES_MOST)
            self._totals: Counter[str] = Counter()
            self._most_in_flight = self._in_flight

    def connected(self) -> None:
        """Count a TCP connection."""
        with self._lock:
            self._totals["connections"] += 1

    def began(self, path: str) -> None:
        """Count a request as it arrives."""
        with self._lock:
            self._requests[self._named(path)] += 1
            self._in_flight += 1
            self._most_in_flight = max(self._most_in_flight, self._in_flight)

    def wrote(self, method: str, path: str, body: bytes, *, first: bool) -> None:
        """Count a request for a change as it arrives, and keep it."""
        text = body[:BODY_MOST].decode("utf-8", "replace")
        with self._lock:
            write = Write(method, self._named(path), text, first)
            self._writes[f"{method} {write.path}"] += 1
            self._last_writes.append(write)

    def _named(self, path: str) -> str:
        return path if path in self._paths else OTHER

    @property
    def writes(self) -> list[Write]:
        """The last requests for a change, the oldest first."""
        with self._lock:
            return list(self._last_writes)

    def ended(self) -> None:
        """Note that a request was answered, or given up."""
        with self._lock:
            self._in_flight -= 1

    def login(self, *, accepted: bool) -> None:
        """Count a login by its outcome."""
        with self._lock:
            self._totals["logins" if accepted else "logins_refused"] += 1

    def snapshot(self) -> dict[str, Any]:
        """All numbers, as one consistent document."""
        with self._lock:
            return {
                "requests": dict(self._requests),
                "writes": dict(self._writes),
                "total": self._requests.total(),
                "logins": self._totals["logins"],
                "logins_refused": self._totals["logins_refused"],
                "most_in_flight": self._most_in_flight,
                "in_flight": self._in_flight,
                "connections": self._totals["connections"],
            }
