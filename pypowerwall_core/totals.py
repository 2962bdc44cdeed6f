"""Lifetime energies that never dip.

A counter that loses a little and goes on (firmware corrects itself, a proxy restarted in the
meantime) would be read as a new counter by Prometheus and Home Assistant, and its whole life
be counted as the energy of a minute. What was shown stays until the gateway's own counter has
passed it. A counter that loses a tenth, or more than a home uses in days, has begun anew (a
meter was replaced), and is shown as it is: readers know what that means, and holding it would
hide the energies of months.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from math import inf
from pathlib import Path
from typing import Any

from . import payloads
from .devices import blocks_by_pack
from .fields import mapping, number
from .plausibility import COUNTERS, PACK_COUNTERS, STEP_MOST_WH
from .snapshot import Entry, Known, Totals, counter_key
from .statefile import StateFile

BEGUN_ANEW = 0.9
"""A counter below this share of what was shown is another one."""
Counters = dict[str, float]


def settle(shown: Mapping[str, float], told: Mapping[str, float]) -> Counters:
    """Return what to show after the gateway has told some counters, Wh. Pure."""
    return {**shown, **{name: _next(shown.get(name), wh) for name, wh in told.items()}}


def told(payload: str, document: Any) -> Counters:
    """Return the counters in a document, Wh. A negative one counts nothing."""
    counters = _OF.get(payload)
    return {} if counters is None else {k: wh for k, wh in counters(document) if wh >= 0}


def _next(shown_wh: float | None, told_wh: float) -> float:
    if shown_wh is None or told_wh >= shown_wh:
        return told_wh
    has_begun_anew = told_wh < max(BEGUN_ANEW * shown_wh, shown_wh - STEP_MOST_WH)
    return told_wh if has_begun_anew else shown_wh


def _of_meters(document: Any) -> Iterator[tuple[str, float]]:
    for meter in payloads.HOME_METERS:
        yield from _of(meter, mapping(document).get(meter), COUNTERS)


def _of_packs(document: Any) -> Iterator[tuple[str, float]]:
    for serial, block in blocks_by_pack(document).items():
        yield from _of(serial, block, PACK_COUNTERS)


def _of(whose: str, fields: Any, names: tuple[str, ...]) -> Iterator[tuple[str, float]]:
    for name in names:
        wh = number(mapping(fields).get(name))
        if wh is not None:
            yield counter_key(whose, name), wh


_OF = {payloads.AGGREGATES: _of_meters, payloads.SYSTEM_STATUS: _of_packs}


class Bookkeeper:
    """The energies shown of one home; those that are held survive a restart."""

    def __init__(self, path: Path | None = None) -> None:
        self._file = StateFile(
            path, what="energy file", otherwise="energies that are held may dip after a restart"
        )
        self._held = _energies(self._file.load())
        self._totals = Totals(dict(self._held))
        self._seen: dict[str, int] = {}
        self._told: Counters = {}
        self._settling = threading.Lock()

    def settle(self, entries: Mapping[str, Entry]) -> Totals:
        """Take in what the gateway has told, and say what to show."""
        with self._settling:
            news = [
                payload for payload in _OF.keys() & entries.keys() if self._is_new(payload, entries)
            ]
            for payload in news:
                self._take_in(payload, entries[payload])
            changed = bool(news) and self._hold()
            shown = self._totals
        if changed:
            self._file.save_soon(lambda: self._held, "energies")
        return shown

    def _is_new(self, payload: str, entries: Mapping[str, Entry]) -> bool:
        entry = entries[payload]
        return isinstance(entry, Known) and self._seen.get(payload) != entry.version

    def _take_in(self, payload: str, entry: Entry) -> None:
        if isinstance(entry, Known):
            self._seen[payload] = entry.version
            counters = told(payload, entry.document)
            self._told |= counters
            self._totals = Totals(settle(self._totals.shown_wh, counters))

    def _hold(self) -> bool:
        """Note which counters show more than the gateway tells; whether others do than before."""
        shown = self._totals.shown_wh.items()
        held = {name: wh for name, wh in shown if wh > self._told.get(name, -1.0)}
        changed, self._held = held != self._held, held
        return changed

    def flush(self) -> None:
        """Wait until what is to be remembered is stored."""
        self._file.flush()


def _energies(stored: Any) -> Counters:
    """Return what of a stored document can be an energy: JSON of ours may say NaN."""
    numbers = ((name, number(value)) for name, value in mapping(stored).items())
    return {name: wh for name, wh in numbers if wh is not None and 0 <= wh < inf}
