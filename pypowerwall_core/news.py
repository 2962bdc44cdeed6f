"""What the log says about a lane: each cause once, with a remedy, and when it is over.

A day-long outage must not bury its own beginning (users asked "how many errors are
normal?"): the same line is written at most three times an hour, whatever flaps.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from .errors import PowerwallError, RetryLater
from .failures import PathRests, PathState
from .flights import Condition
from .slot import Slot

MINUTE_S = 60.0
HOUR_S = 3600.0
PER_HOUR = 3
PASSING = "passing"
"""Name of the logger, below a lane's own, of trouble that ends by itself."""


@dataclass(frozen=True, slots=True)
class Item:
    """One line for the log.

    Attributes:
        key: What it is about; lines with the same key count together.
        passing: It ends without anybody's help: the upstream is away or unwell, or was.
    """

    key: tuple[str, ...]
    level: int
    text: str
    passing: bool


class News:
    """A log that has heard it before."""

    def __init__(self, log: logging.Logger, clock: Callable[[], float]) -> None:
        self._log = log
        self._clock = clock
        self._told: dict[tuple[str, ...], list[float]] = {}

    def tell(self, item: Item | None) -> None:
        """Write a line unless it was written three times within the hour."""
        if item is None:
            return
        now_s = self._clock()
        told = [at_s for at_s in self._told.get(item.key, ()) if now_s - at_s < HOUR_S]
        if len(told) < PER_HOUR:
            last = len(told) == PER_HOUR - 1
            log = self._log.getChild(PASSING) if item.passing else self._log
            log.log(item.level, "%s%s", item.text, " (not repeated for an hour)" if last else "")
            told.append(now_s)
        self._told[item.key] = told

    def bug(self, where: str, error: Exception) -> None:
        """Write the traceback of an error that is ours, not the upstream's."""
        if isinstance(error, PowerwallError):
            return
        key = (where, "bug", type(error).__name__, *_place(error))
        if key not in self._told:
            self._told[key] = [self._clock()]
            self._log.error("%s: this is a bug in powerwall-proxy", where, exc_info=error)


def lane_news(name: str, before: Condition, after: Condition, now_s: float) -> Item | None:
    """Compare two conditions of a lane: trouble, another trouble, or its end."""
    if after.up:
        if before.up:
            return None
        text = f"{name}: answers again after {duration(now_s - before.since_s)}"
        return Item((name, "up"), logging.INFO, text, isinstance(before.error, RetryLater))
    if before.state is after.state and str(before.error) == str(after.error):
        return None
    text = f"{name}: {after.state.value}: {after.error}{_remedy(after.error)}"
    key = (name, after.state.value, type(after.error).__name__)
    return Item(key, logging.WARNING, text, isinstance(after.error, RetryLater))


def path_news(name: str, slot: Slot, verdict: PathRests, error: Exception) -> Item | None:
    """Say that one path rests, unless it has rested for the same reason before."""
    if slot.rest is not None and slot.rest.state is verdict.state:
        return None
    source = slot.source
    again = f"asked again in {duration(verdict.for_s)}"
    # What looks like a role may be a session that has just expired; the next login shows it.
    again += " or after the next login" if verdict.state is PathState.ROLE else ""
    text = f"{name}: {source.path} {verdict.state.value} ({error}), {again}"
    level = logging.INFO if verdict.state.is_absence else logging.WARNING
    key = (name, source.name, verdict.state.value)
    return Item(key, level, text, isinstance(error, RetryLater))


def doubt_news(name: str, before: Slot, after: Slot) -> Item | None:
    """Say that a sample was left out."""
    if after.doubt is None or not after.doubt.pending or after.doubt == before.doubt:
        return None
    text = f"{name}: {after.source.path}: one sample is left out: {after.doubt.reason}"
    return Item((name, after.source.name, "doubt"), logging.INFO, text, passing=True)


def path_is_back(name: str, slot: Slot) -> Item | None:
    """Say that a path answers after a rest that was worth a warning."""
    if slot.rest is None or slot.rest.state.is_absence:
        return None
    text = f"{name}: {slot.source.path} answers again"
    return Item((name, slot.source.name, "up"), logging.INFO, text, passing=True)


def duration(seconds: float) -> str:
    """Say a time span as people do: 42 s, 3 min, 5 h."""
    if seconds < 2 * MINUTE_S:
        return f"{seconds:.0f} s"
    return f"{seconds / MINUTE_S:.0f} min" if seconds < 2 * HOUR_S else f"{seconds / HOUR_S:.0f} h"


def _place(error: Exception) -> tuple[str, ...]:
    """Return where an error was raised: two bugs of one kind are two."""
    frames = traceback.extract_tb(error.__traceback__)
    return (frames[-1].filename, str(frames[-1].lineno)) if frames else ()


def _remedy(error: Exception | None) -> str:
    remedy = error.remedy if isinstance(error, PowerwallError) else ""
    return f". {remedy}" if remedy else ""
