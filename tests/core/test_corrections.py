"""Corrections at the boundary: what is shown, and that nothing else is touched."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pypowerwall_core import payloads
from pypowerwall_core.corrections import Corrections

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
POWERS = JSON | st.dictionaries(st.just("instant_power"), JSON)


def meters(**powers_w: Any) -> dict[str, Any]:
    return {meter: {"instant_power": w, "other": 1} for meter, w in powers_w.items()}


@pytest.mark.parametrize(
    ("grid_w", "threshold_w", "shown_w"),
    [(59, 60, 0), (-60, 60, 0), (60.1, 60, 60.1), (-61, 60, -61), (3, 0, 3), (0, 60, 0)],
)
def test_a_small_grid_power_is_shown_as_nothing(
    grid_w: float, threshold_w: float, shown_w: float
) -> None:
    given_ = meters(site=grid_w, load=500)
    shown = Corrections(site_zero_threshold_w=threshold_w).applied(payloads.AGGREGATES, given_)
    assert shown == meters(site=shown_w, load=500)


def test_what_a_sleeping_inverter_draws_counts_as_home() -> None:
    given_ = meters(solar=-12.5, load=500.0, site=512.5)
    shown = Corrections(negative_solar=False).applied(payloads.AGGREGATES, given_)
    assert shown == meters(solar=0, load=512.5, site=512.5)


@pytest.mark.parametrize("solar_w", [0, 5, 5000.5])
def test_solar_that_brings_something_is_left_alone(solar_w: float) -> None:
    given_ = meters(solar=solar_w, load=500.0)
    assert Corrections(negative_solar=False).applied(payloads.AGGREGATES, given_) == given_


def test_by_default_nothing_is_corrected() -> None:
    given_ = meters(solar=-12.5, load=500.0, site=1)
    assert Corrections().applied(payloads.AGGREGATES, given_) is given_


def test_an_unknown_load_stays_unknown() -> None:
    given_ = meters(solar=-12.5, load=None)
    shown = Corrections(negative_solar=False).applied(payloads.AGGREGATES, given_)
    assert shown == meters(solar=0, load=None)


def test_only_the_aggregates_are_corrected() -> None:
    given_ = meters(solar=-12.5, site=1)
    corrections = Corrections(negative_solar=False, site_zero_threshold_w=60)
    assert corrections.applied(payloads.METERS_SITE, given_) is given_


@given(st.dictionaries(st.sampled_from(["site", "solar", "load", "x"]), POWERS) | JSON)
def test_any_document_survives_and_is_not_changed(document: Any) -> None:
    before = copy.deepcopy(document)
    Corrections(negative_solar=False, site_zero_threshold_w=60).applied(
        payloads.AGGREGATES, document
    )
    assert document == before
