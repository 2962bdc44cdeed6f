"""Raw percent and app percent, there and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pypowerwall_core.scales import app_from_raw, raw_from_app

APP = st.floats(0, 100)


@pytest.mark.parametrize(
    ("app_pct", "raw_pct"),
    [(5, 10), (16, 20), (16, 20.6), (20, 24), (21, 24.6), (30, 33), (100, 100)],
)
def test_the_pairs_that_people_measured_fit(app_pct: float, raw_pct: float) -> None:
    assert raw_from_app(app_pct) == pytest.approx(raw_pct, abs=0.5001)
    assert app_from_raw(raw_pct) == pytest.approx(app_pct, abs=0.53)


@pytest.mark.parametrize(
    ("raw_pct", "app_pct"), [(5.0, 0.0), (24.0, 20.0), (52.5, 50.0), (100.0, 100.0)]
)
def test_round_figures_read_as_round_figures(raw_pct: float, app_pct: float) -> None:
    assert app_from_raw(raw_pct) == app_pct
    assert raw_from_app(app_pct) == raw_pct


def test_a_reserve_of_20_is_20_to_the_last_digit() -> None:
    assert str(app_from_raw(24)) == "20.0"


@pytest.mark.parametrize(
    ("raw_pct", "app_pct"),
    [(4.9, 0.0), (3, 0.0), (0, 0.0), (-7, 0.0), (100.4, 100.0), (250, 100.0)],
)
def test_the_app_shows_nothing_below_0_and_nothing_above_100(
    raw_pct: float, app_pct: float
) -> None:
    assert app_from_raw(raw_pct) == app_pct


@given(APP)
def test_there_and_back_is_the_same(app_pct: float) -> None:
    assert app_from_raw(raw_from_app(app_pct)) == pytest.approx(app_pct, abs=1e-9)


@given(st.floats(5, 100))
def test_back_and_there_is_the_same(raw_pct: float) -> None:
    assert raw_from_app(app_from_raw(raw_pct)) == pytest.approx(raw_pct, abs=1e-9)


@given(APP)
def test_every_setting_of_the_app_is_one_of_the_gateway(app_pct: float) -> None:
    assert 5.0 <= raw_from_app(app_pct) <= 100.0


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**99), 10**99))
def test_any_level_is_one_that_the_app_can_show(raw_pct: float) -> None:
    assert 0.0 <= app_from_raw(raw_pct) <= 100.0


@given(st.floats(-10, 110), st.floats(-10, 110))
def test_more_charge_is_never_shown_as_less(one: float, two: float) -> None:
    low, high = sorted((one, two))
    assert app_from_raw(low) <= app_from_raw(high)
