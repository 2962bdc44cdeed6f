"""One fault from before to after, told second by second: the material of the plot."""

from __future__ import annotations

import time
from typing import Any

from rig import say
from samples import Sample, between, of_household
from world import World, world

CALM_S = 30.0
FAULT_S = 45.0
AFTER_S = 45.0
STEADY_S = 35.0
"""The rarest client has asked twice by then: how often is known, and nobody waits any more."""


def timeline(fault: str = "silent") -> dict[str, Any]:
    """Run the household through a fault; times count from the start of the picture."""
    with world("--household") as home:
        home.warm_up()
        time.sleep(STEADY_S)
        began_s = time.monotonic()
        say(f"a household, calm for {CALM_S:g} s, then {fault} for {FAULT_S:g} s ...")
        time.sleep(CALM_S)
        home.gateway.break_it(fault)
        broken_s = time.monotonic()
        time.sleep(FAULT_S)
        home.gateway.mend()
        mended_s = time.monotonic()
        time.sleep(AFTER_S)
        ended_s = time.monotonic()
        home.load.stop()
        return _told(home, fault, (began_s, broken_s, mended_s, ended_s))


def _told(home: World, fault: str, marks_s: tuple[float, float, float, float]) -> dict[str, Any]:
    began_s, broken_s, mended_s, ended_s = marks_s
    samples = between(of_household(home.load.samples), began_s, ended_s)
    points = [p for p in home.watch.points if began_s - 1 <= p.at_s <= ended_s]
    asked = [(p.at_s - began_s, p.total - points[0].total) for p in points]
    return {
        "fault": fault,
        "broken_s": broken_s - began_s,
        "mended_s": mended_s - began_s,
        "ended_s": ended_s - began_s,
        "answers": [[s.at_s - began_s, 1000 * s.took_s, s.path, s.status] for s in samples],
        "ages": [_age(s, began_s) for s in samples if s.metered],
        "requests": asked,
        "state": [[p.at_s - began_s, (p.lane or {}).get("state")] for p in points],
    }


def _age(sample: Sample, began_s: float) -> tuple[float, float | None]:
    return sample.ends_s - began_s, sample.true_age_s
