"""Samples that are hardly true: what to doubt in one document after another. Pure.

Gateways tell a single 0 now and then: charge 0 ten to thirty times an hour, all powers 0
at once, a lifetime counter that goes back or far ahead. One such sample ruins a day of
statistics and sets off automations. A rule compares a document with the one before and says
what is wrong, or "". Who asks keeps the earlier document for one more sample, and then
believes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

from .devices import blocks_by_pack
from .fields import mapping, number
from .payloads import HOME_METERS

COUNTERS = ("energy_imported", "energy_exported")
PACK_COUNTERS = ("energy_charged", "energy_discharged")
BACK_WH = 1.0
"""Counters are floats of the gateway's own sums: less than this is rounding."""
STEP_MOST_WH = 50_000.0
"""More than any home moves between two samples, which are minutes apart at most."""
CHARGED_RAW_PCT = 5.0
"""From at most so much, a battery may well be empty at the next sample."""


def nothing(before: Any, after: Any) -> str:  # noqa: ARG001 - a rule's signature
    """Doubt nothing."""
    return ""


def meters(before: Any, after: Any) -> str:
    """Doubt aggregates of which all powers are 0 at once, or a counter jumped."""
    was, now = _powers(before), _powers(after)
    # Fewer than three meters are not all of a home.
    if len(now) > 2 and not any(now) and any(was):  # noqa: PLR2004
        return "all powers are 0 at once"
    return _jump(_counters(before, after))


def charge(before: Any, after: Any) -> str:
    """Doubt a charge (raw percent) that jumps to 0."""
    old, new = (number(mapping(document).get("percentage")) for document in (before, after))
    if old is None or new is None or new > 0 or old <= CHARGED_RAW_PCT:
        return ""
    return f"the charge jumped from {old:.1f} % to {new:g} %"


def packs(before: Any, after: Any) -> str:
    """Doubt battery blocks of which a counter jumped."""
    earlier, later = blocks_by_pack(before), blocks_by_pack(after)
    return _jump(
        chain.from_iterable(
            _numbers(f"{serial} ", earlier[serial], later[serial], PACK_COUNTERS)
            for serial in earlier
            if serial in later
        )
    )


Pair = tuple[str, float, float]


def _powers(aggregates: Any) -> list[float]:
    told = mapping(aggregates)
    powers = (number(mapping(told.get(meter)).get("instant_power")) for meter in HOME_METERS)
    return [power_w for power_w in powers if power_w is not None]


def _counters(before: Any, after: Any) -> Iterator[Pair]:
    earlier, later = mapping(before), mapping(after)
    for meter in HOME_METERS:
        yield from _numbers(f"{meter} ", earlier.get(meter), later.get(meter), COUNTERS)


def _numbers(whose: str, before: Any, after: Any, names: tuple[str, ...]) -> Iterator[Pair]:
    """Yield what both documents have a number for: its name, then and now."""
    for name in names:
        old, new = number(mapping(before).get(name)), number(mapping(after).get(name))
        if old is not None and new is not None:
            yield whose + name, old, new


def _jump(pairs: Iterator[Pair]) -> str:
    for name, old, new in pairs:
        if old - new > BACK_WH:
            return f"{name} went back from {old:.0f} to {new:.0f} Wh"
        # From 0 or below it is the truth that comes back: a gateway that starts counts from 0.
        if new - old > STEP_MOST_WH and old > 0:
            return f"{name} jumped ahead from {old:.0f} to {new:.0f} Wh"
    return ""
