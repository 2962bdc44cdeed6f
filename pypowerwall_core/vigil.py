"""Looks out, while a lane rests for a person to act, for whether the person has.

Such rests last up to half an hour, and who has just logged in anew does not wait so long: people
restarted the proxy, or logged in again and again, which Tesla counts. What is looked at is ours,
a file; the upstream hears nothing of it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from math import inf

from .failures import LaneState
from .flights import Hold
from .tower import Tower

GLANCE_S = 2.0
GRACES_S = (5.0, 15.0, 60.0)
"""After the first rest that was ended so, the second ...: programs may write a file in a loop."""
_FOR_A_PERSON = (LaneState.NOT_SET_UP, LaneState.REFUSED)
_log = logging.getLogger(__name__)


class Vigil:
    """What one lane looks out for: nothing at all while it is in order.

    Args:
        is_mended: Asks nobody; True once for each thing that a person has done. None where
            there is nothing to look at.
    """

    def __init__(self, name: str, tower: Tower, is_mended: Callable[[], bool] | None) -> None:
        self._name = name
        self._tower = tower
        self._is_mended = is_mended
        self._next_s = -inf
        self._ended = 0

    def glance(self, now_s: float) -> bool:
        """Whether the person has acted, for who holds no lock: a disk may be slow."""
        if self._is_mended is None or not self._is_on(now_s) or now_s < self._next_s:
            return False
        self._next_s = now_s + GLANCE_S
        return self._is_mended()

    def end_rest(self, now_s: float) -> None:
        """Let the next flight leave when somebody wants it; who calls holds the lane's lock."""
        tower = self._tower
        if not self._is_on(now_s):
            return
        _log.info("%s: its files have changed, so it is tried again", self._name)
        self._next_s = now_s + GRACES_S[min(self._ended, len(GRACES_S) - 1)]
        self._ended += 1
        tower.condition = replace(tower.condition, until_s=now_s)
        # What is stored now has not been tried by any login yet, nor on any path.
        tower.evidence.login_tried_s = None
        tower.slots.update({name: slot.cleared() for name, slot in tower.slots.items()})

    def shortened(self, hold: Hold, now_s: float) -> Hold:
        """Return until when the lane holds if it is to look in between."""
        if self._is_mended is None or not self._is_on(now_s):
            return hold
        until_s = inf if hold.until_s is None else hold.until_s
        return Hold(min(until_s, max(self._next_s, now_s)))

    def _is_on(self, now_s: float) -> bool:
        condition = self._tower.condition
        if condition.up:
            self._ended = 0
        return condition.state in _FOR_A_PERSON and now_s < condition.until_s
