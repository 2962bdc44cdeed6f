"""What a tower keeps records of: flights, and the condition of the air."""

from __future__ import annotations

from dataclasses import dataclass

from .failures import LaneState
from .policy import Source
from .slot import PROBING_S


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
