"""What the gateway was asked: the numbers a test of kindness reads.

Memory is bounded: paths the gateway does not know are counted together.
"""

import threading
from collections import Counter
from collections.abc import Collection
from typing import Any, Final

OTHER: Final = "other"


class Counters:
    """Counts requests by path, logins, connections, and the most requests at once."""

    def __init__(self, paths: Collection[str]) -> None:
        self._paths = frozenset(paths)
        self._lock = threading.Lock()
        self._in_flight = 0
        self.reset()

    def reset(self) -> None:
        """Start again from nothing, but for what is in flight at this moment."""
        with self._lock:
            self._requests: Counter[str] = Counter()
            self._totals: Counter[str] = Counter()
            self._most_in_flight = self._in_flight

    def connected(self) -> None:
        """Count a TCP connection."""
        with self._lock:
            self._totals["connections"] += 1

    def began(self, path: str) -> None:
        """Count a request as it arrives."""
        with self._lock:
            self._requests[path if path in self._paths else OTHER] += 1
            self._in_flight += 1
            self._most_in_flight = max(self._most_in_flight, self._in_flight)

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
                "total": self._requests.total(),
                "logins": self._totals["logins"],
                "logins_refused": self._totals["logins_refused"],
                "most_in_flight": self._most_in_flight,
                "in_flight": self._in_flight,
                "connections": self._totals["connections"],
            }
