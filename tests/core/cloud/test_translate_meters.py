"""The aggregates of a gateway, out of the cloud's powers and lifetime energies."""

from __future__ import annotations

from typing import Any

import pytest
from support.cloud_documents import (
    HISTORY,
    LIVE_STATUS,
    SITE_INFO,
    SOLAR_HISTORY,
    SOLAR_INFO,
    SOLAR_LIVE,
    YEARS,
)

from pypowerwall_core.backends.cloud.translate_meters import aggregates

READ_BY_HOME_ASSISTANT = {
    "instant_power",
    "last_communication_time",
    "frequency",
    "energy_exported",
    "energy_imported",
    "instant_total_current",
    "instant_average_voltage",
}
ENERGIES = {
    "site": (3_000_000.5, 2_030_000),
    "battery": (1_780_000, 1_600_000),
    "load": (11_790_000.5, None),
    "solar": (None, 11_000_000),
}


def with_year(**fields: Any) -> dict[str, Any]:
    """A lifetime whose second year says something else."""
    return HISTORY | {"time_series": [YEARS[0], YEARS[1] | fields]}


def energies(history: Any, site_info: Any = SITE_INFO) -> dict[str, Any]:
    told = aggregates(LIVE_STATUS, site_info, history)
    return {m: (s["energy_imported"], s["energy_exported"]) for m, s in told.items()}


def test_powers_are_told_with_the_signs_of_a_gateway() -> None:
    told = aggregates(LIVE_STATUS, SITE_INFO, HISTORY)
    powers = {meter: section["instant_power"] for meter, section in told.items()}
    assert powers == {"site": -21.25, "battery": -1210, "load": 1871.25, "solar": 3102.5}
    assert powers["load"] == powers["site"] + powers["battery"] + powers["solar"]


def test_a_section_has_every_key_that_somebody_reads() -> None:
    for section in aggregates(LIVE_STATUS, None, None).values():
        assert section.keys() >= READ_BY_HOME_ASSISTANT
        assert section["last_communication_time"] == LIVE_STATUS["timestamp"]


@pytest.mark.parametrize("odd", [None, "12", True, [], float("inf")])
def test_a_power_that_is_no_number_is_null_and_the_meter_stays(odd: Any) -> None:
    told = aggregates(LIVE_STATUS | {"load_power": odd}, SITE_INFO, HISTORY)
    assert told["load"]["instant_power"] is None
    assert told["site"]["instant_power"] == -21.25


def test_nothing_is_said_of_meters_while_neither_power_nor_moment_is_told() -> None:
    assert aggregates({}, SITE_INFO, HISTORY) is None
    assert aggregates(None, SITE_INFO, HISTORY) is None
    assert aggregates({"grid_status": "Active"}, SITE_INFO, HISTORY) is None


# -- which meters there are -------------------------------------------------------------------


def test_a_solar_only_site_has_no_battery_and_says_nothing_of_grid_and_home() -> None:
    told = aggregates(SOLAR_LIVE, SOLAR_INFO, SOLAR_HISTORY)
    powers = {meter: section["instant_power"] for meter, section in told.items()}
    assert powers == {"site": None, "load": None, "solar": 2740}
    assert told["solar"]["energy_exported"] == 41_000_000
    assert told["site"]["energy_imported"] is None


def test_a_solar_only_site_with_meters_tells_of_grid_and_home() -> None:
    live = SOLAR_LIVE | {"grid_power": -900, "load_power": 1840, "battery_power": 0}
    told = aggregates(live, SOLAR_INFO, None)
    assert list(told) == ["site", "load", "solar"]
    assert told["load"]["instant_power"] == 1840


def test_a_meter_that_is_denied_is_left_out_unless_it_tells_something() -> None:
    site_info = {"components": {"solar": False, "load_meter": False, "battery": True}}
    live = LIVE_STATUS | {"solar_power": None}
    assert list(aggregates(live, site_info, None)) == ["site", "battery", "load"]
    assert "solar" in aggregates(live | {"solar_power": 0}, site_info, None)


def test_devices_in_a_sum_are_counted_only_where_somebody_counts_them() -> None:
    told = aggregates(LIVE_STATUS, SITE_INFO, None)
    assert told["battery"]["num_meters_aggregated"] == 2
    assert told["solar"]["num_meters_aggregated"] == 1
    told = aggregates(LIVE_STATUS, {"components": {"inverters": []}}, None)
    assert not any("num_meters_aggregated" in section for section in told.values())


# -- energies ---------------------------------------------------------------------------------


def test_energies_are_the_sums_of_a_lifetime() -> None:
    assert energies(HISTORY) == ENERGIES


@pytest.mark.parametrize(
    "history",
    [
        None,
        {},
        [],
        HISTORY | {"time_series": []},
        HISTORY | {"time_series": None},
        HISTORY | {"time_series": ""},
        HISTORY | {"time_series": [None]},
        HISTORY | {"time_series": [YEARS[0], {}]},
        HISTORY | {"time_series": [YEARS[0], "2026"]},
        HISTORY | {"period": "day"},
        HISTORY | {"period": None},
    ],
)
def test_energies_without_a_whole_lifetime_are_unknown_and_not_zero(history: Any) -> None:
    assert set(energies(history).values()) == {(None, None)}


def test_a_lifetime_need_not_call_itself_one() -> None:
    told = {name: value for name, value in HISTORY.items() if name != "period"}
    assert energies(told) == ENERGIES


@pytest.mark.parametrize("odd", [None, "5", True, float("nan")])
def test_a_part_that_is_unknown_makes_its_sum_unknown_and_no_other(odd: Any) -> None:
    told = energies(with_year(battery_energy_imported_from_solar=odd))
    assert told == ENERGIES | {"battery": (None, 1_600_000)}
    told = energies(with_year(grid_energy_exported_from_generator=odd))
    assert told == ENERGIES | {"site": (3_000_000.5, None)}


def test_a_site_without_a_battery_need_not_say_what_came_from_it() -> None:
    year = {"solar_energy_exported": 9, "grid_energy_exported_from_solar": 4}
    live = SOLAR_LIVE | {"grid_power": 1}
    history = SOLAR_HISTORY | {"time_series": [year]}
    assert aggregates(live, SOLAR_INFO, history)["site"]["energy_exported"] == 4
    assert aggregates(live, None, history)["site"]["energy_exported"] is None


def test_a_row_that_says_nothing_is_not_a_year_without_energy() -> None:
    """Where a site lacks every origin there is, no part of a row is asked for by name."""
    site_info = {"components": {"battery": False, "solar": False}}
    history = {"time_series": [{"grid_energy_exported_from_generator": 5}, {}]}
    told = aggregates(LIVE_STATUS, site_info, history)
    assert told["site"]["energy_exported"] is None
