"""Faults with a story of their own; and the law that no fault is without one."""

import pytest
from support.oddities import ODDITIES
from support.outage import PROMPT_S, YOUNG_S
from support.special import (
    CORE,
    FAULTS,
    NEW_RELEASE,
    PLOTS,
    FirmwareUpdate,
    Hanging,
    Hung,
    Plot,
    Updated,
)
from support.trouble import VITALS
from support.troubles import LANE, PATHS, UNNOTICED
from support.troubles_samples import SAMPLES
from support.troubles_writes import WRITES

from simulator import faults

ON_DEMAND_REST_S = 60.0
TROUBLES = (*LANE, *PATHS, *UNNOTICED, *ODDITIES, *SAMPLES, *WRITES)


def _each(kind: type[Plot]) -> pytest.MarkDecorator:
    plots = [plot for plot in PLOTS if isinstance(plot, kind)]
    return pytest.mark.parametrize("plot", plots, ids=lambda plot: plot.name)


def test_every_fault_of_the_simulator_has_a_story() -> None:
    told = {trouble.fault for trouble in TROUBLES} | {*FAULTS}
    assert told == set(faults.FAULTS)


def test_every_row_of_the_facts_has_a_fault_and_every_story_a_name() -> None:
    rows = {number for fault in faults.FAULTS.values() for number in fault.rows}
    assert rows == {*range(1, 42), 58, 59, 60}
    names = [story.name for story in (*TROUBLES, *PLOTS)]
    assert len(names) == len(set(names))


# -- paths that hang --------------------------------------------------------------------------


@_each(Hanging)
def test_who_asks_for_a_hanging_path_gets_null_in_time(plot: Hanging, lived: Hung) -> None:
    for reply in lived.replies[plot.asked]:
        assert reply.status == 200
        assert reply.body == b"null"
        assert reply.took_s < PROMPT_S


@_each(Hanging)
def test_the_meters_stay_fresh_beside_a_hanging_path(plot: Hanging, lived: Hung) -> None:
    for path in CORE:
        replies = lived.replies[path]
        assert all(reply.document == lived.warm[path] for reply in replies)
        assert max(reply.age_s or 0 for reply in replies) < YOUNG_S
        assert max(reply.took_s for reply in replies) < PROMPT_S
        assert any(reply.fresh for reply in replies)
    assert lived.lane["state"] == lived.lane_after["state"] == "up"
    assert set(lived.lane["resting_paths"]) == {plot.asked}


@_each(Hanging)
def test_a_hanging_path_is_asked_only_when_a_client_asks(plot: Hanging, lived: Hung) -> None:
    assert set(lived.unasked.values()) == {0}
    assert lived.asked == {**lived.unasked, plot.asked: 1}
    assert lived.asked_after == {**lived.asked, plot.spared: 1}
    assert lived.seen["most_in_flight"] == 1
    assert lived.seen["logins"] + lived.seen["logins_refused"] == 0


@_each(Hanging)
def test_a_path_that_hung_rests_for_a_minute_and_its_neighbours_do_not(
    plot: Hanging, lived: Hung
) -> None:
    rest = lived.lane["resting_paths"][plot.asked]
    assert rest["state"] == "failing"
    assert ON_DEMAND_REST_S - lived.lasted_s - 0.1 <= rest["for_s"] <= ON_DEMAND_REST_S
    document, gateway_says = lived.spared
    assert document == gateway_says


# -- a firmware update ------------------------------------------------------------------------


@_each(FirmwareUpdate)
def test_values_outlast_an_update(lived: Updated) -> None:
    for path in (*CORE, VITALS):
        allowed = {lived.warm[path]} if path in CORE else {lived.warm[path], b"null"}
        assert {reply.body for reply in lived.replies[path]} <= allowed
        assert {reply.status for reply in lived.replies[path]} == {200}
        assert max(reply.took_s for reply in lived.replies[path]) < PROMPT_S
    assert all(lived.replies[path][-1].age_s is not None for path in CORE)


@_each(FirmwareUpdate)
def test_an_update_is_an_outage_that_ends(lived: Updated) -> None:
    assert lived.states[0] == "up"
    assert lived.states[-1] == "up"
    assert set(lived.states) == {"up", "down"}
    assert "answers again after" in lived.log
    assert "Traceback" not in lived.log


@_each(FirmwareUpdate)
def test_the_new_firmware_is_known_and_has_no_vitals(lived: Updated) -> None:
    assert lived.version["version"].startswith(f"{NEW_RELEASE} ")
    assert lived.version["vint"] == 241200
    assert lived.lane["state"] == "up"
    rests = lived.lane["resting_paths"]
    assert {path: rest["state"] for path, rest in rests.items()} == {
        "/api/devices/vitals": "404, was served before"
    }


@_each(FirmwareUpdate)
def test_an_update_costs_the_gateway_one_login(lived: Updated) -> None:
    assert lived.seen["logins"] == 1
    assert lived.seen["logins_refused"] == 0
    assert lived.seen["most_in_flight"] <= 1
    each = 4 + lived.lasted_s
    assert max(lived.seen["requests"].values()) <= each
