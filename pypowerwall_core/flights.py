"""What a tower keeps records of: flights, and the condition of the air."""

from __future__ import annotations

from dataclasses import dataclass

from .failures import PAUSES_S, LaneRests, LaneState
from .policy import Source
from .slot import PROBING_S

JITTER = 0.2
"""Taken off a pause, never added: fresh data is promised half a minute after an outage."""


@dataclass(frozen=True, slots=True)
class Condition:
    """How the upstream as a whole is doing, and until when it is left alone."""

    state: LaneState = LaneState.UP
    since_s: float = 0.0
    until_s: float = 0.0
    strikes: int = 0
    error: Exception | None = None

    @property
    def up(self) -> bool:
        """Whether flights leave freely."""
        return self.state is LaneState.UP

    def after(
        self, verdict: LaneRests, error: Exception, took_off_s: float, now_s: float, luck: float
    ) -> Condition:
        """Return the condition after a failure that has everything rest.

        Pauses that grow count from the take-off of the flight that failed: one that hung for
        its time-out has been a pause already, and the promised half minute includes it.
        The flight that failed left at `took_off_s`; `luck`, 0 to 1, is for the jitter.
        """
        until_s = now_s + verdict.for_s
        if verdict.jitter:
            for_s = verdict.for_s * (1 - JITTER * luck)
            until_s = max(took_off_s + for_s, now_s + min(for_s, PAUSES_S[0]))
        return Condition(
            verdict.state,
            since_s=now_s if self.up else self.since_s,
            until_s=until_s,
            strikes=self.strikes + 1 if self.state is verdict.state else 1,
            error=error,
        )

    def doubtful(self, source: Source, now_s: float) -> bool:
        """Whether the lane rests or probes, so that waiting is likely to be in vain.

        A failure long ago says nothing about now: the one curl of the day may wait.
        """
        return self._holds_back(source) and now_s < self.until_s + PROBING_S

    def grounds(self, source: Source, now_s: float) -> bool:
        """Whether this source may not fly."""
        return self._holds_back(source) and now_s < self.until_s

    def _holds_back(self, source: Source) -> bool:
        """Whether this trouble is the source's, too. A wrong password leaves the open paths."""
        spared = self.state is LaneState.WRONG_PASSWORD and source.open
        return not self.up and not spared


@dataclass(frozen=True, slots=True)
class Flight:
    """One request under way."""

    source: Source
    took_off_s: float
    core_ok_s: float | None
    generation: int
    again: bool = False


@dataclass(frozen=True, slots=True)
class Hold:
    """Nothing may leave before `until_s`; None: not before something happens."""

    until_s: float | None = None
