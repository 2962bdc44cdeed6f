"""The grid as one state machine: on_grid, islanding, islanded, reconnecting, unknown. Pure.

The gateway's own words are those of /api/system_status/grid_status. A dark microgrid and a
Powerwall that waits for somebody are islanded too: the grid is not there.
"""

from __future__ import annotations

from dataclasses import dataclass

from .fields import mapping, text
from .snapshot import Entry, Grid, Known

UNKNOWN = "unknown"
STATE_OF = {
    "SystemGridConnected": "on_grid",
    "SystemTransitionToIsland": "islanding",
    "SystemIslandedReady": "islanding",
    "SystemIslandedActive": "islanded",
    "SystemMicroGridFaulted": "islanded",
    "SystemWaitForUser": "islanded",
    "SystemTransitionToGrid": "reconnecting",
}
_NEVER = Grid()
STATES = (*dict.fromkeys(STATE_OF.values()), UNKNOWN)


def state_of(word: str | None) -> str:
    """Return the state a word of the gateway stands for; a new word is unknown."""
    return STATE_OF.get(word or "", UNKNOWN)


@dataclass(frozen=True, slots=True)
class Watch:
    """What was seen of the grid, and since when, seconds since 1970.

    A spell in which nothing was known does not begin a state anew: it goes on where the state
    after it is the one before.

    Attributes:
        last: The last state that was known.
        unknown_since_s: Since when nothing is known, None while something is.
    """

    last: Grid = _NEVER
    unknown_since_s: float | None = None

    @property
    def grid(self) -> Grid:
        """The state now."""
        if self.unknown_since_s is not None:
            return Grid(UNKNOWN, self.unknown_since_s)
        return self.last

    def saw(self, entry: Entry | None, at_s: float) -> Watch:
        """Return the watch after a look; None is no look."""
        if entry is None:
            return self
        if not isinstance(entry, Known):
            return self._saw(UNKNOWN, at_s)
        word = text(mapping(entry.document).get("grid_status"))
        return self._saw(state_of(word), at_s - entry.age_s)

    def _saw(self, state: str, at_s: float) -> Watch:
        if state == UNKNOWN:
            return self if self.unknown_since_s is not None else Watch(self.last, at_s)
        if state == self.last.state:
            return self if self.unknown_since_s is None else Watch(self.last)
        return Watch(Grid(state, at_s))
