"""The lane's own numbers: what it did, how long it took, what went wrong last."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from math import inf

from .errors import outcome_of

MINUTE_S = 60.0
_SMOOTHING = 0.2


@dataclass(frozen=True, slots=True)
class Traffic:
    """What was sent to an upstream since the start, never set back.

    Attributes:
        requests: By what came of them: "ok" or the class of the error, see `errors`.
        seconds: How long all of them took together.
        quarantined: Samples that were left out, by source.
    """

    requests: dict[str, int]
    seconds: float
    quarantined: dict[str, int]


class LaneMeters:
    """Counters and gauges of one lane; bounded, and changed only under the lane's lock."""

    def __init__(self) -> None:
        self.flights = 0
        self.landed = 0
        self.failed = 0
        self.failed_in_a_row = 0
        self.logins = 0
        self.mean_latency_s: float | None = None
        self.last_success_s: float | None = None
        self.last_error: Exception | None = None
        self.quarantined: Counter[str] = Counter()
        self._requests: Counter[str] = Counter()
        self._seconds = 0.0
        self._sent: deque[float] = deque()

    @property
    def traffic(self) -> Traffic:
        """A copy of the counters that are never set back."""
        return Traffic(dict(self._requests), self._seconds, dict(self.quarantined))

    def ended(self, took_s: float, error: Exception | None = None) -> None:
        """Note how one request to the upstream ended, a login included."""
        self._requests[outcome_of(error)] += 1
        self._seconds += took_s

    def clear(self) -> None:
        """Count landings and failures anew."""
        self.landed = self.failed = self.failed_in_a_row = 0

    def sent(self, now_s: float) -> None:
        """Note one request to the upstream, a login included."""
        self._sent.append(now_s)
        self._forget(now_s)

    def per_minute(self, now_s: float) -> int:
        """Count the requests of the last minute."""
        self._forget(now_s)
        return len(self._sent)

    def full_until_s(self, most: int) -> float:
        """From when the minute before has room for one more request, of so many at most."""
        return self._sent[-most] + MINUTE_S if len(self._sent) >= most else -inf

    def succeeded(self, now_s: float, took_s: float | None) -> None:
        """Note a good landing; its time counts unless the source is known to hang."""
        self.landed += 1
        self.failed_in_a_row = 0
        self.last_success_s = now_s
        if took_s is None:
            return
        mean_s = self.mean_latency_s
        self.mean_latency_s = took_s if mean_s is None else mean_s + _SMOOTHING * (took_s - mean_s)

    def erred(self, error: Exception) -> None:
        """Note a failed flight or login."""
        self.failed += 1
        self.failed_in_a_row += 1
        self.last_error = error

    def _forget(self, now_s: float) -> None:
        while self._sent and self._sent[0] <= now_s - MINUTE_S:
            self._sent.popleft()
