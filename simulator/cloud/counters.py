"""What the cloud was asked, and how: by method, by HTTP version, and for which tokens."""

from collections import Counter
from collections.abc import Collection
from typing import Any

from simulator.counters import Counters


class CloudCounters(Counters):
    """Counts beside the paths what a cloud can tell of its clients.

    A login is a code that was exchanged for tokens.
    """

    def __init__(self, paths: Collection[str]) -> None:
        self._calls: Counter[str] = Counter()
        self._versions: Counter[str] = Counter()
        self._tls: Counter[str] = Counter()
        self._refreshes: Counter[bool] = Counter()
        super().__init__(paths)

    def reset(self) -> None:
        """Start again from nothing, but for what is in flight at this moment."""
        super().reset()
        with self._lock:
            for one in (self._calls, self._versions, self._tls, self._refreshes):
                one.clear()

    def called(self, method: str, path: str, http: str, tls: str) -> None:
        """Count how a request came."""
        with self._lock:
            self._calls[f"{method} {self._named(path)}"] += 1
            self._versions[f"HTTP/{http}"] += 1
            self._tls[tls] += 1

    def refreshed(self, *, accepted: bool) -> None:
        """Count a refresh by its outcome."""
        with self._lock:
            self._refreshes[accepted] += 1

    def snapshot(self) -> dict[str, Any]:
        """All numbers; those of this class are a moment younger than the others."""
        document = super().snapshot()
        with self._lock:
            return {
                **document,
                "calls": dict(self._calls),
                "http": dict(self._versions),
                "tls": dict(self._tls),
                "refreshes": self._refreshes[True],
                "refreshes_refused": self._refreshes[False],
            }
