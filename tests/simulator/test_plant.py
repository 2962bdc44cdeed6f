"""The plant's laws."""

import itertools
import math
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.plant import TICK_S, Plant, balance, battery_power_w, sunshine
from simulator.systems import SYSTEMS
from simulator.view import Meter, View

PW2 = SYSTEMS["pw2"]
SYSTEM_NAMES = st.sampled_from(sorted(SYSTEMS))
GAPS_S = st.lists(st.one_of(st.floats(0.0, 5.0), st.floats(5.0, 90_000.0)), min_size=1, max_size=6)


class _Clock:
    def __init__(self, wall_s: float) -> None:
        self.elapsed_s = 0.0
        self.began_s = wall_s

    def monotonic(self) -> float:
        return self.elapsed_s

    def wall(self) -> float:
        return self.began_s + self.elapsed_s


def _plant(clock: _Clock, name: str = "pw2", **options: Any) -> Plant:
    return Plant(SYSTEMS[name], monotonic=clock.monotonic, wall=clock.wall, **options)


def _views(name: str, seed: int, began_s: float, gaps_s: list[float]) -> list[View]:
    clock = _Clock(began_s)
    plant = _plant(clock, name, seed=seed)
    views = [plant.view()]
    for gap_s in gaps_s:
        clock.elapsed_s += gap_s
        views.append(plant.view())
    return views


def _meters(view: View) -> list[Meter]:
    return [view.site, view.battery, view.load, view.solar]


RUNS = st.builds(_views, SYSTEM_NAMES, st.integers(0, 2**32), st.floats(1.6e9, 1.9e9), GAPS_S)


@settings(max_examples=40)
@given(RUNS)
def test_load_is_site_plus_solar_plus_battery_to_the_last_bit(views: list[View]) -> None:
    for view in views:
        total_w = view.site.power_w + view.solar.power_w + view.battery.power_w
        assert total_w == view.load.power_w


@settings(max_examples=40)
@given(RUNS)
def test_energies_never_decrease_and_the_level_stays_within_its_scale(views: list[View]) -> None:
    for before, after in itertools.pairwise(views):
        for old, new in zip(_meters(before), _meters(after), strict=True):
            assert new.exported_wh >= old.exported_wh
            assert new.imported_wh >= old.imported_wh
        assert 0.0 <= after.soe_percent <= 100.0
        packs_w = sum(pack.power_w for pack in after.packs)
        # A third of something is not exact.
        assert math.isclose(packs_w, after.battery.power_w, abs_tol=1e-9)
        assert after.load.power_w > 0


@settings(max_examples=40)
@given(RUNS)
def test_energies_balance_as_powers_do(views: list[View]) -> None:
    def used(view: View) -> float:
        given_wh = view.solar.exported_wh + view.battery.exported_wh + view.site.imported_wh
        taken_wh = view.solar.imported_wh + view.battery.imported_wh + view.site.exported_wh
        return given_wh - taken_wh - view.load.imported_wh

    assert abs(used(views[-1]) - used(views[0])) < 0.01


@given(st.floats(-20_000, 20_000), st.floats(0, 100))
def test_the_battery_keeps_its_limits_and_never_worsens_the_balance(
    deficit_w: float, soe_percent: float
) -> None:
    power_w = battery_power_w(deficit_w, soe_percent, PW2.reserve_percent, PW2)
    assert -PW2.max_charge_w <= power_w <= PW2.nameplate_w
    assert power_w * deficit_w >= 0
    assert abs(power_w) <= abs(deficit_w)


def test_the_battery_stops_at_its_reserve_and_when_full() -> None:
    assert battery_power_w(3000.0, 24.0, 24.0, PW2) == 0
    assert battery_power_w(3000.0, 50.0, 24.0, PW2) == 3000
    assert battery_power_w(-3000.0, 100.0, 24.0, PW2) == 0
    assert battery_power_w(-9000.0, 99.0, 24.0, PW2) == -2000


def test_what_the_battery_cannot_take_goes_to_the_grid() -> None:
    powers = balance(5000.0, 1000.0, 100.0, 24.0, PW2)
    assert (powers.battery_w, powers.site_w) == (0.0, -4000.0)


def test_the_sun_shines_by_day() -> None:
    assert [sunshine(hour) for hour in (0.0, 5.9, 18.1, 23.9)] == [0.0] * 4
    assert sunshine(12.0) == 1.0


def test_at_night_the_inverter_draws_a_few_watts() -> None:
    midnight_s = 1_699_920_000.0
    for view in _views("pw2", 1, midnight_s, [60.0] * 30):
        assert -5.0 <= view.solar.power_w <= 0.0


def test_the_same_seed_and_clock_give_the_same_plant() -> None:
    assert _views("pw2", 7, 1.7e9, [1.0, 60.0]) == _views("pw2", 7, 1.7e9, [1.0, 60.0])
    assert _views("pw2", 7, 1.7e9, [1.0]) != _views("pw2", 8, 1.7e9, [1.0])


def test_values_move_with_the_tick_and_not_before() -> None:
    clock = _Clock(1.7e9)
    plant = _plant(clock)
    first = plant.view()
    clock.elapsed_s = TICK_S * 0.9
    assert plant.view() is first
    clock.elapsed_s = TICK_S
    second = plant.view()
    assert second.load.power_w != first.load.power_w
    assert second.now_s - first.now_s == TICK_S


def test_a_clock_that_stands_still_or_jumps_back_harms_nothing() -> None:
    clock = _Clock(1.7e9)
    plant = _plant(clock)
    clock.elapsed_s = 10.0
    before = plant.view()
    clock.began_s -= 7200.0
    clock.elapsed_s = 20.0
    after = plant.view()
    assert after.load.imported_wh > before.load.imported_wh
    assert after.now_s < before.now_s


def test_frozen_is_frozen_and_has_the_agreed_figures() -> None:
    clock = _Clock(1.8e9)
    plant = _plant(clock, frozen=True, seed=3)
    view = plant.view()
    clock.elapsed_s = 1e6
    assert plant.view() == view == _plant(_Clock(0.0), frozen=True).view()
    powers = [meter.power_w for meter in _meters(view)]
    assert powers == [-300.0, -1500.0, 1200.0, 3000.0]
    assert (view.soe_percent, view.frequency_hz, view.voltage_v) == (50.0, 60.01, 243.0)
    assert view.solar.exported_wh == 26_000_000
    assert (view.battery.imported_wh, view.battery.exported_wh) == (15_000_000, 12_950_000)
    assert (view.site.imported_wh, view.site.exported_wh) == (6_800_000, 4_300_000)
    assert view.load.imported_wh == 26_450_000
    assert sorted((pack.full_wh, pack.remaining_wh) for pack in view.packs) == [
        (13_900, 6_950),
        (14_100, 7_050),
    ]
    assert [pack.power_w for pack in view.packs] == [-750, -750]
    assert sorted(pack.ambient_c for pack in view.packs) == [20.9, 21.4]
