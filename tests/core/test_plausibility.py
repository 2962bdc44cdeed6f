"""What is doubted in one document after another, and what is not."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.anyjson import JSON

from pypowerwall_core import plausibility
from pypowerwall_core.payloads import HOME_METERS

RULES = (plausibility.nothing, plausibility.meters, plausibility.charge, plausibility.packs)
MILLION = 1_000_000.0


def aggregates(*powers: Any, wh: Any = MILLION, **more: Any) -> dict[str, Any]:
    return {
        meter: {"instant_power": power, "energy_imported": wh, "energy_exported": wh}
        for meter, power in zip(HOME_METERS, powers, strict=False)
    } | more


def block(serial: str | None, charged: Any, discharged: Any = 0.0) -> dict[str, Any]:
    return {
        "PackageSerialNumber": serial,
        "energy_charged": charged,
        "energy_discharged": discharged,
    }


def blocks(*packs: dict[str, Any]) -> dict[str, Any]:
    return {"battery_blocks": list(packs)}


LIVELY = aggregates(-900.0, 400.0, 1500.0, 2000.0)
SILENT = aggregates(0, 0.0, -0.0, 0)


def test_all_powers_zero_at_once_are_doubted() -> None:
    assert plausibility.meters(LIVELY, SILENT) == "all powers are 0 at once"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(SILENT, SILENT, id="nothing ran before either"),
        pytest.param(SILENT, LIVELY, id="they come back"),
        pytest.param(LIVELY, aggregates(0, 0, 0, 1), id="one watt is left"),
        pytest.param(aggregates(5, 5), aggregates(0, 0), id="two meters are not a home"),
        pytest.param(LIVELY, aggregates(0, 0), id="half of the meters are missing"),
        pytest.param(aggregates(9, 0, 9), aggregates(0, 0, 0, 500), id="a meter that is new runs"),
        pytest.param(LIVELY, aggregates(*4 * [None]), id="told as nothing"),
        pytest.param(LIVELY, aggregates(*4 * [False]), id="no numbers"),
        pytest.param(None, SILENT, id="nothing before"),
        pytest.param(LIVELY, None, id="nothing now"),
    ],
)
def test_other_powers_are_believed(before: Any, after: Any) -> None:
    assert plausibility.meters(before, after) == ""


def test_three_meters_are_a_home() -> None:
    assert plausibility.meters(aggregates(-900, 400, 1500), aggregates(0, 0, 0)) != ""


@pytest.mark.parametrize(
    ("old", "new", "doubted"),
    [
        (MILLION, MILLION, False),
        (MILLION, MILLION + 5, False),
        (MILLION, MILLION - 1.0, False),
        (MILLION, MILLION - 1.01, True),
        (MILLION, 0, True),
        (MILLION, -5.0, True),
        (MILLION, MILLION + plausibility.STEP_MOST_WH, False),
        (MILLION, MILLION + plausibility.STEP_MOST_WH + 1, True),
        (0, 0, False),
        (0, MILLION, False),
        (-5.0, MILLION, False),
        (0.5, MILLION, True),
        (MILLION, None, False),
        (None, MILLION, False),
        (MILLION, "5", False),
        (True, False, False),
    ],
)
@pytest.mark.parametrize("counter", plausibility.COUNTERS)
def test_a_meters_counter_neither_goes_back_nor_leaps(
    counter: str, old: Any, new: Any, doubted: Any
) -> None:
    before, after = copy.deepcopy(LIVELY), copy.deepcopy(LIVELY)
    before["load"][counter], after["load"][counter] = old, new
    assert bool(plausibility.meters(before, after)) is doubted


def test_a_doubt_names_the_counter_and_both_values() -> None:
    after = aggregates(1, 1, 1, 1, solar=LIVELY["solar"] | {"energy_exported": 400.4})
    assert plausibility.meters(LIVELY, after) == (
        "solar energy_exported went back from 1000000 to 400 Wh"
    )
    assert plausibility.meters(after, LIVELY) == (
        "solar energy_exported jumped ahead from 400 to 1000000 Wh"
    )


@pytest.mark.parametrize(
    ("old", "new", "doubted"),
    [
        (60.0, 0, True),
        (60.0, 0.0, True),
        (60.0, -1, True),
        (5.01, 0, True),
        (5.0, 0, False),
        (60.0, 0.01, False),
        (60.0, 5, False),
        (0, 60.0, False),
        (60.0, None, False),
        (60.0, False, False),
        (None, 0, False),
    ],
)
def test_a_charge_does_not_jump_to_zero(old: Any, new: Any, doubted: Any) -> None:
    assert bool(plausibility.charge({"percentage": old}, {"percentage": new})) is doubted


def test_a_doubt_of_the_charge_says_what_it_was() -> None:
    reason = plausibility.charge({"percentage": 61.27}, {"percentage": 0})
    assert reason == "the charge jumped from 61.3 % to 0 %"


def test_a_packs_counter_is_compared_with_its_own_wherever_its_block_stands() -> None:
    before = blocks(block("A", 9e6), block("B", 10.0))
    assert plausibility.packs(before, blocks(block("B", 11.0), block("A", 9e6 + 5))) == ""
    assert plausibility.packs(before, blocks(block("B", 9.5), block("A", 8e6))) == (
        "A energy_charged went back from 9000000 to 8000000 Wh"
    )


def test_of_several_packs_that_went_back_the_first_is_named() -> None:
    before = blocks(*(block(serial, 9e6) for serial in "EBDAC"))
    after = blocks(*(block(serial, 8e6) for serial in "ABCDE"))
    assert plausibility.packs(before, after).startswith("E ")


def test_packs_that_come_and_go_are_no_doubt() -> None:
    both = blocks(block("A", 9e6), block("B", 10.0))
    one = blocks(block("A", 9e6))
    assert plausibility.packs(both, one) == ""
    assert plausibility.packs(one, both) == ""
    assert plausibility.packs(one, blocks(block("C", 0.0))) == ""


@pytest.mark.parametrize("rule", RULES)
@given(before=JSON, after=JSON)
def test_a_rule_survives_any_two_documents(rule: Any, before: Any, after: Any) -> None:
    assert isinstance(rule(before, after), str)


FIELDS = st.dictionaries(
    st.sampled_from(("instant_power", *plausibility.COUNTERS, *plausibility.PACK_COUNTERS)), JSON
)
METERS = st.dictionaries(st.sampled_from(HOME_METERS), FIELDS | JSON)
PACKS = st.fixed_dictionaries(
    {"battery_blocks": st.lists(st.fixed_dictionaries({"PackageSerialNumber": JSON}) | JSON)}
)


@given(before=METERS | PACKS, after=METERS | PACKS)
@example(before={"site": {"energy_imported": -18014398509481044}}, after={})  # no float is this
def test_a_rule_survives_hostile_fields_and_changes_nothing(before: Any, after: Any) -> None:
    copies = copy.deepcopy((before, after))
    for rule in RULES:
        assert isinstance(rule(before, after), str)
        assert rule(before, before) == ""
    assert (before, after) == copies
