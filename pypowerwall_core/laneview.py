"""What a lane says of itself."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import PowerwallError
from .flights import Condition
from .meters import Traffic
from .policy import Freshness, keep_s
from .slot import Slot
from .tower import Tower


@dataclass(frozen=True, slots=True)
class CoreView:
    """What a lane says of one core source.

    Attributes:
        age_s: None while nothing is remembered.
        keep_s: How old it may be shown at most, as things stand.
        wanted: Somebody asked for it lately.
        waited_for: A client asked for something newer than there is.
        absent: The upstream has no such thing.
    """

    name: str
    age_s: float | None
    keep_s: float
    wanted: bool
    waited_for: bool
    absent: bool

    @classmethod
    def of(cls, slot: Slot, now_s: float) -> CoreView:
        """Describe a slot."""
        return cls(
            name=slot.source.name,
            age_s=None if slot.memory is None else slot.memory.age_s(now_s),
            keep_s=keep_s(slot.source, slot.interest, if_error=slot.in_trouble),
            wanted=slot.interest.lately(now_s),
            waited_for=slot.wanted_s is not None,
            absent=slot.absent(),
        )


@dataclass(frozen=True, slots=True)
class LaneView:
    """What a lane says of itself, for /stats, /health and people.

    Attributes:
        remembered: Age in seconds of every document in memory, and whether it is too old to show,
            by the upstream's path.
        documents: The ages alone, by the name of the source.
        rests: Paths that are left alone, why, and for how many more seconds.
        traffic: What was sent since the start.
        core: The sources that prove that the upstream works.
        core_well: Whether the last flight for one of them succeeded; None before the first.
    """

    name: str
    condition: Condition
    resting_for_s: float
    next_due_s: float | None
    requests_per_minute: int
    mean_latency_s: float | None
    in_flight: int
    flights: int
    landed: int
    failed: int
    failed_in_a_row: int
    logins: int
    last_success_ago_s: float | None
    last_error: str | None
    remedy: str | None
    remembered: dict[str, tuple[float, bool]]
    documents: dict[str, float]
    rests: dict[str, tuple[str, float]]
    traffic: Traffic
    core: tuple[CoreView, ...]
    core_well: bool | None

    @classmethod
    def of(cls, name: str, tower: Tower, now_s: float) -> LaneView:
        """Describe a tower; who calls holds its lock."""
        meters, error = tower.meters, tower.meters.last_error
        shown = [tower.shown(source) for source in tower.slots]
        due = (tower.due_at_s(source, now_s) for source in tower.slots)
        next_s = min((at_s for at_s in due if at_s is not None), default=None)
        last_s = meters.last_success_s
        return cls(
            name=name,
            condition=tower.condition,
            resting_for_s=max(0.0, tower.condition.until_s - now_s),
            next_due_s=None if next_s is None else max(0.0, next_s - now_s),
            requests_per_minute=meters.per_minute(now_s),
            mean_latency_s=meters.mean_latency_s,
            in_flight=len(tower.flights),
            flights=meters.flights,
            landed=meters.landed,
            failed=meters.failed,
            failed_in_a_row=meters.failed_in_a_row,
            logins=meters.logins,
            last_success_ago_s=None if last_s is None else now_s - last_s,
            last_error=None if error is None else str(error),
            remedy=error.remedy or None if isinstance(error, PowerwallError) else None,
            remembered={
                slot.source.path: _remembered(slot, now_s) for slot in shown if slot.memory
            },
            documents={
                slot.source.name: _remembered(slot, now_s)[0] for slot in shown if slot.memory
            },
            rests={
                slot.source.path: (slot.rest.state.value, max(0.0, slot.rest.until_s - now_s))
                for slot in shown
                if slot.rest is not None
            },
            traffic=meters.traffic,
            core=tuple(CoreView.of(slot, now_s) for slot in shown if slot.source.core),
            core_well=tower.evidence.core_well,
        )


def _remembered(slot: Slot, now_s: float) -> tuple[float, bool]:
    age_s = 0.0 if slot.memory is None else slot.memory.age_s(now_s)
    return age_s, slot.freshness(now_s) is Freshness.EXPIRED
