"""The last hour of a home as small curves, kept in memory only. Pure.

A bucket is half a minute of the clock on the wall, so that the curve of a reload is the curve
before it, moved by a place. What is shown again, however often, is one sample.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import payloads, readings
from .snapshot import Known, Snapshot

EVERY_S = 30
BUCKETS = 120
FOR_S = EVERY_S * BUCKETS
NEEDS = (payloads.AGGREGATES, payloads.SOE)
_DIGITS = 2
_Read = Callable[[Snapshot], float | None]


@dataclass(frozen=True, slots=True)
class Curve:
    """The means of one value.

    Attributes:
        buckets: Mean and number of samples, by the number of the bucket since 1970.
    """

    buckets: Mapping[int, tuple[float, int]] = field(default_factory=dict)

    def plus(self, value: float, at_s: float, now_s: float) -> Curve:
        """Return the curve after a sample; times are seconds since 1970.

        What lies ahead of now was measured before the clock was set back, and is forgotten.
        """
        last = _number(now_s)
        kept = {n: told for n, told in self.buckets.items() if last - BUCKETS < n <= last}
        number = min(_number(at_s), last)
        if number > last - BUCKETS:
            mean, count = kept.get(number, (0.0, 0))
            # No sum: two of the largest numbers a gateway can spell would make it infinite.
            kept[number] = (mean * (count / (count + 1)) + value / (count + 1), count + 1)
        return Curve(kept)

    def means(self, now_s: float) -> list[float | None]:
        """Return the means, oldest first, the running bucket last; None is a gap."""
        last = _number(now_s)
        told = (self.buckets.get(n) for n in range(last - BUCKETS + 1, last + 1))
        return [None if one is None else round(one[0], _DIGITS) for one in told]


def _number(at_s: float) -> int:
    return int(at_s // EVERY_S)


def _power(meter: str) -> _Read:
    return lambda snapshot: readings.power_w(snapshot, meter)


_LEVEL = (("battery_level_app_pct",), readings.level_app_pct)
_READ: Mapping[str, tuple[tuple[tuple[str, ...], _Read], ...]] = {
    payloads.AGGREGATES: tuple(
        (("power_w", meter), _power(meter)) for meter in payloads.HOME_METERS
    ),
    payloads.SOE: (_LEVEL,),
}
"""By payload: where each value is shown, and how it is read."""
_NOTHING = Curve()


@dataclass(frozen=True, slots=True)
class Recent:
    """All curves of one home.

    Attributes:
        curves: By where they are shown.
        seen: The newest document that was taken in, by payload: who told it, and its version.
    """

    curves: Mapping[tuple[str, ...], Curve] = field(default_factory=dict)
    seen: Mapping[str, tuple[str, int]] = field(default_factory=dict)

    def saw(self, snapshot: Snapshot) -> Recent:
        """Return the curves after a look; themselves where it shows nothing new."""
        curves, seen = dict(self.curves), dict(self.seen)
        for payload, rows in _READ.items():
            entry = snapshot.entries.get(payload)
            if not isinstance(entry, Known) or seen.get(payload) == (entry.source, entry.version):
                continue
            seen[payload] = (entry.source, entry.version)
            for where, read in rows:
                value = read(snapshot)
                if value is not None:
                    at_s = snapshot.at_s - entry.age_s
                    curve = curves.get(where, _NOTHING)
                    curves[where] = curve.plus(value, at_s, snapshot.at_s)
        return self if seen == self.seen else Recent(curves, seen)

    def shown(self, now_s: float) -> dict[str, Any]:
        """Return the curves as facts are nested: each has all its buckets, known or not."""
        tree: dict[str, Any] = {}
        for where in (where for rows in _READ.values() for where, _ in rows):
            branch = tree
            for name in where[:-1]:
                branch = branch.setdefault(name, {})
            branch[where[-1]] = self.curves.get(where, _NOTHING).means(now_s)
        return tree
