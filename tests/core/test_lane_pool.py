"""More than one request at a time (PW_MAX_IN_FLIGHT): what others in the air may not undo."""

from __future__ import annotations

from support.world import CORE, HOUSEHOLD, source

from pypowerwall_core.errors import RateLimited, Unreachable
from pypowerwall_core.failures import LaneState
from pypowerwall_core.flights import Flight, Hold
from pypowerwall_core.slot import Slot
from pypowerwall_core.tower import Tower

OPERATION = "operation"


def departure(tower: Tower, now_s: float) -> Flight:
    slot = tower.next(now_s)
    assert isinstance(slot, Slot)
    return tower.take_off(slot, now_s)


def settled(*sources: object, most: int = 2) -> Tower:
    """A tower whose core has answered, so that anything may fly."""
    tower = Tower(sources or HOUSEHOLD, max_in_flight=most)  # type: ignore[arg-type]
    tower.ask("soe", 0.0)
    tower.landed(departure(tower, 0.0), {"percentage": 50}, 0.0)
    return tower


def test_a_limit_holds_though_another_flight_lands_well_just_after_it() -> None:
    tower = settled()
    for name in ("aggregates", "grid_status"):
        tower.ask(name, 10.0)
    limited, well = departure(tower, 10.0), departure(tower, 10.0)
    tower.failed(limited, RateLimited("HTTP 429", retry_after_s=600.0), 10.1)
    tower.landed(well, {"n": 1}, 10.2)
    assert (tower.condition.state, tower.condition.until_s) == (LaneState.LIMITED, 610.1)
    tower.ask("soe", 611.0)
    tower.landed(departure(tower, 611.0), {"percentage": 50}, 611.1)
    assert tower.condition.up


def test_an_outage_ends_with_the_flight_that_lands_well_during_it() -> None:
    tower = settled()
    for name in ("aggregates", "grid_status"):
        tower.ask(name, 10.0)
    lost, well = departure(tower, 10.0), departure(tower, 10.0)
    tower.failed(lost, Unreachable("reset"), 10.1)
    tower.landed(well, {"n": 1}, 10.2)
    assert tower.condition.up


def test_a_second_path_that_hangs_waits_for_the_first_without_a_time() -> None:
    slow = [source(name, on_demand=True) for name in ("networks", "readings")]
    tower = settled(*map(source, CORE), *slow)
    for row in slow:
        tower.ask(row.name, 200.0)
    departure(tower, 200.0)
    assert tower.next(200.0) == Hold()


def test_what_is_demanded_of_a_flight_yet_to_come_outlives_a_rest() -> None:
    """A read-back of a command: the flight in the air left before the write."""
    tower = settled()
    for name in (OPERATION, "aggregates"):
        tower.ask(name, 10.0)
    flights = [departure(tower, 10.0), departure(tower, 10.0)]
    of = {flight.source.name: flight for flight in flights}
    tower.demand(OPERATION)
    tower.failed(of["aggregates"], Unreachable("reset"), 10.1)
    tower.landed(of[OPERATION], {"real_mode": "backup"}, 10.2)
    assert tower.slots[OPERATION].demanded
