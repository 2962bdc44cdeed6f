"""The past, as the model tells it."""

from typing import Any

import pytest

from simulator.cloud.history import KINDS, PERIODS, calendar_history, flows
from simulator.plant import Powers


def ask(person: Any, kind: str, period: str = "day", more: str = "") -> Any:
    return person.site(f"calendar_history?kind={kind}&period={period}{more}")


def test_the_powers_of_today_balance_and_end_with_the_present(owner: Any) -> None:
    told = ask(owner, "power").response
    assert (told["period"], told["serial_number"]) == ("day", "TG122000000001")
    series = told["time_series"]
    # Thirteen hours of five minutes, and what there is of the next five.
    assert len(series) == 13 * 12 + 1
    assert series[0]["timestamp"] == "2024-06-15T00:00:00-07:00"
    assert series[1]["timestamp"] == "2024-06-15T00:05:00-07:00"
    assert (series[-1]["solar_power"], series[-1]["grid_power"]) == (3000, -300)
    assert set(series[0]) == {
        "timestamp",
        "solar_power",
        "battery_power",
        "grid_power",
        "grid_services_power",
        "generator_power",
    }


def test_the_charge_comes_every_quarter_of_an_hour(owner: Any) -> None:
    series = ask(owner, "soe").response["time_series"]
    assert len(series) == 13 * 4 + 1
    assert all(0 <= row["soe"] <= 100 for row in series)
    assert series[-1]["soe"] == 47
    assert len({row["soe"] for row in series}) > 5


@pytest.mark.parametrize(
    ("period", "entries", "first"),
    [
        ("day", 14, "2024-06-15T00:00:00-07:00"),
        ("week", 7, "2024-06-09T00:00:00-07:00"),
        ("month", 15, "2024-06-01T00:00:00-07:00"),
        ("year", 6, "2024-01-01T00:00:00-07:00"),
        ("lifetime", 3, "2022-01-01T00:00:00-07:00"),
    ],
)
def test_energies_have_entries_by_period(owner: Any, period: str, entries: int, first: str) -> None:
    series = ask(owner, "energy", period).response["time_series"]
    assert (len(series), series[0]["timestamp"]) == (entries, first)
    for row in series:
        used = [row[f"consumer_energy_imported_from_{one}"] for one in ("solar", "battery", "grid")]
        bought = row["grid_energy_imported"]
        assert bought == pytest.approx(used[2] + row["battery_energy_imported_from_grid"], abs=1e-6)
        assert sum(used) > 0


def test_a_week_of_energies_is_the_sum_of_its_days(owner: Any) -> None:
    day = "&start_date=2024-06-14T00:00:00-07:00&end_date=2024-06-15T00:00:00-07:00"
    (row,) = ask(owner, "energy", "week", day).response["time_series"]
    hours = ask(owner, "energy", "day", day).response["time_series"]
    assert len(hours) == 24
    assert sum(one["solar_energy_exported"] for one in hours) == pytest.approx(
        row["solar_energy_exported"], rel=0.01
    )


def test_self_consumption_is_a_share_of_the_house(owner: Any) -> None:
    series = ask(owner, "self_consumption", "week").response["time_series"]
    assert len(series) == 7
    assert all(0 < row["solar"] <= 100 and 0 <= row["battery"] <= 100 for row in series)
    assert all(row["solar"] + row["battery"] <= 100 + 1e-9 for row in series)


def test_there_was_one_outage(owner: Any) -> None:
    week = ask(owner, "backup", "week").response
    assert (week["total_events"], week["events"][0]["duration"]) == (1, 642_000)
    assert ask(owner, "backup", "day").response["events"] == []


@pytest.mark.parametrize("kind", ["time_of_use_energy", "savings"])
def test_what_needs_a_plan_is_an_empty_text(owner: Any, kind: str) -> None:
    assert ask(owner, kind).response == ""


@pytest.mark.parametrize(
    "query",
    [
        "kind=nonsense",
        "",
        "kind=power&period=decade",
        "kind=power&start_date=yesterday",
        "kind=power&start_date=2024-06-15T00:00:00",
        "kind=power&end_date=2024-06-15",
    ],
)
def test_nonsense_is_400(owner: Any, query: str) -> None:
    reply = owner.site(f"calendar_history?{query}")
    assert (reply.status, reply.document["error"]) == (400, "invalid_request")
    assert reply.document["error_description"]


@pytest.mark.parametrize(
    ("from_date", "to_date"),
    [
        ("0001-01-01T00:00:00Z", "0001-01-02T00:00:00Z"),
        ("9999-12-31T00:00:00Z", ""),
        ("9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00"),
        ("2024-06-15T00:00:00 09:00", "2024-06-15T00:00:01+09:00"),
    ],
)
def test_every_kind_takes_any_dates(cloud: Any, from_date: str, to_date: str) -> None:
    site = cloud.sites[0]
    home = site.home()
    for kind in KINDS:
        for period in PERIODS:
            query = {"kind": kind, "period": period, "start_date": from_date, "end_date": to_date}
            told = calendar_history(home, site.weather, query)
            assert not told or len(told.get("time_series", "")) <= 1


def test_the_past_is_the_same_every_time(owner: Any) -> None:
    assert ask(owner, "power").body == ask(owner, "power").body
    older = owner.site("history?kind=power&period=day")
    assert older.body == ask(owner, "power").body


@pytest.mark.parametrize(
    "powers",
    [
        Powers(3000, -1500, -300, 1200),
        Powers(0, 1000, 200, 1200),
        Powers(-3, -500, 1703, 1200),
        Powers(100, 2000, -900, 1200),
        Powers(0, 0, 0, 0),
    ],
)
def test_what_is_made_is_what_is_used(powers: Powers) -> None:
    told = flows(powers)
    out = ["grid_energy_exported_from_solar", "grid_energy_exported_from_battery"]
    used = [f"consumer_energy_imported_from_{one}" for one in ("grid", "solar", "battery")]
    assert all(value >= 0 for value in told.values())
    assert sum(told[name] for name in used) == powers.load_w
    assert sum(told[name] for name in out) == pytest.approx(max(0, -powers.site_w), abs=5)
