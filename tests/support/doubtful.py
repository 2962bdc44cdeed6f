"""A home whose gateway says something that is hardly true: one sample after another, as told."""

from __future__ import annotations

from typing import Any

from pypowerwall_core.backends.local.reader import sources
from pypowerwall_core.slot import Slot

from .world import FRESH_S, KEEP_S, World

FULL, EMPTY = {"percentage": 60.0}, {"percentage": 0}
STATUS = ("aggregates", "soe", "grid_status", "system_status")


def tells(world: World, name: str, *samples: Any) -> None:
    """Have the next flights for a source bring these, one after another; the last one stays."""
    left = list(samples)

    def next_one() -> Exception | None:
        sample = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(sample, Exception):
            return sample
        world.gateway.documents[name] = sample
        return None

    world.gateway.trouble[name] = next_one


def a_home(*, period_s: float = 5.0, fresh_s: float = FRESH_S) -> World:
    """A household that has been watched for a while: all is warm, the battery at 60 %."""
    world = World(row for row in sources(fresh_s, KEEP_S) if row.name in STATUS)
    tells(world, "soe", FULL)
    world.every(period_s, *STATUS)
    world.run(max(120.0, 4 * period_s))
    return world


def slot(world: World, name: str = "soe") -> Slot:
    return world.lane._tower.slots[name]


def sent(world: World, since_s: float, name: str = "soe") -> list[float]:
    return [at_s for at_s, one in world.gateway.sent if one == name and at_s >= since_s]


def shown(world: World, since_s: float, name: str = "soe") -> list[Any]:
    return [ask.document for ask in world.seen(name, since_s)]


def quarantined(world: World) -> dict[str, int]:
    return {name: n for name, n in world.lane.view().traffic.quarantined.items() if n}


def until_doubted(world: World, name: str = "soe") -> float:
    """Let the next sample of a source come and be left out; return when it landed."""
    while not (doubt := slot(world, name).doubt) or not doubt.pending:
        world.run(0.5)
    return doubt.at_s
