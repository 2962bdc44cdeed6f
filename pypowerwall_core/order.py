"""Who flies next when several sources are due."""

from __future__ import annotations

from collections.abc import Sequence

from .slot import Slot

TURNS = 4
"""One flight in so many belongs to what is not core, however late the core is."""


def choose(due: Sequence[Slot], turn: int, now_s: float) -> Slot:
    """Pick the next slot to fly.

    Three turns in four go to the largest weighted lateness, in which a second of the
    core counts threefold. The fourth goes to the most late of the others, those never
    seen first, so that nothing starves behind a slow gateway's meters. Late is meant in
    seconds there: by the ratio, a source that is fresh for 30 s would wait for minutes.

    Args:
        due: At least one slot whose flight may leave now.
        turn: Counts take-offs.
        now_s: The time.
    """
    others = [slot for slot in due if not slot.source.core]
    if others and turn % TURNS == TURNS - 1:
        return max(others, key=lambda slot: (slot.memory is None, slot.overdue_s(now_s)))
    return max(due, key=lambda slot: slot.source.weight * slot.lateness(now_s))
