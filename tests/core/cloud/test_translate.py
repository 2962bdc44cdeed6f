"""What a gateway would have said, out of what Tesla's cloud says: charge, grid, site."""

from __future__ import annotations

from typing import Any

import pytest
from support.cloud_documents import (
    BATTERY_SITE,
    DIN,
    LIVE_STATUS,
    PACKS,
    SITE_INFO,
    SITE_STATUS,
    SITES,
    SOLAR_INFO,
    SOLAR_LIVE,
    SOLAR_SITE,
    changed,
    snapshot,
    translated,
    without,
)

from pypowerwall_core.backends.cloud.sites import has_battery
from pypowerwall_core.backends.cloud.translate import (
    grid_charging,
    grid_export,
    grid_status,
    sitemaster,
    soe,
    system_status,
    vitals,
)
from pypowerwall_core.backends.cloud.translate_site import powerwalls, solars, status
from pypowerwall_core.catalog import CATALOG
from pypowerwall_core.claims import NOT_SERVED
from pypowerwall_core.knowledge import State, readings

LOST = {"energy_left": 0, "total_pack_energy": 1}
OFF_GRID = ("off_grid", "off_grid_intentional", "off_grid_unintentional")


def info(**parts: Any) -> dict[str, Any]:
    """The site with other components."""
    return SITE_INFO | {"components": SITE_INFO["components"] | parts}


def live(**fields: Any) -> dict[str, Any]:
    return LIVE_STATUS | fields


# -- charge and energy ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("app_pct", "raw_pct"), [(0, 5.0), (20, 24.0), (64.5, 66.275), (80, 81.0), (100, 100.0)]
)
def test_charge_is_told_in_the_percent_of_a_gateway(app_pct: float, raw_pct: float) -> None:
    told = soe(live(percentage_charged=app_pct), SITE_STATUS, SITE_INFO)
    assert told == {"percentage": pytest.approx(raw_pct)}


@pytest.mark.parametrize("odd", [None, "64.5", True, [], {}, float("nan"), float("inf")])
def test_charge_that_is_no_number_is_unknown_and_not_five_percent(odd: Any) -> None:
    assert soe(live(percentage_charged=odd), {}, SITE_INFO) is None


def test_charge_and_energies_are_of_site_status_where_live_status_tells_none() -> None:
    bare = {"grid_status": "Active"}
    assert soe(bare, SITE_STATUS, SITE_INFO) == {"percentage": pytest.approx(66.275)}
    told = system_status(bare, SITE_STATUS, SITE_INFO)
    assert told["nominal_full_pack_energy"] == 26988


@pytest.mark.parametrize(
    ("live_status", "site_status"),
    [(live(**LOST, percentage_charged=0), SITE_STATUS), (LIVE_STATUS, SITE_STATUS | LOST)],
)
def test_a_gateway_that_tesla_has_lost_is_unknown_and_not_empty(
    live_status: Any, site_status: Any
) -> None:
    assert soe(live_status, site_status, SITE_INFO) is None
    told = system_status(live_status, site_status, SITE_INFO)
    assert told["nominal_energy_remaining"] is None
    assert told["nominal_full_pack_energy"] is None
    assert told["max_charge_power"] == 10000


def test_an_empty_battery_in_touch_is_empty() -> None:
    empty = live(energy_left=0, percentage_charged=0)
    assert soe(empty, None, SITE_INFO) == {"percentage": 5.0}
    assert system_status(empty, None, SITE_INFO)["nominal_energy_remaining"] == 0


def test_nobody_is_said_to_run_who_is_out_of_touch() -> None:
    assert sitemaster(LIVE_STATUS) is not None
    assert sitemaster(live(**LOST)) is None
    assert sitemaster(None) is None


# -- the grid ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("grid", "island", "word"),
    [
        ("Active", "on_grid", "SystemGridConnected"),
        ("Active", "island_status_unknown", "SystemGridConnected"),
        ("Active", None, "SystemGridConnected"),
        ("Inactive", "on_grid", "SystemIslandedActive"),
        ("Inactive", None, "SystemIslandedActive"),
        *(
            (grid, island, "SystemIslandedActive")
            for grid in ("Active", "", 7)
            for island in OFF_GRID
        ),
        ("Unknown", "on_grid", None),
        ("Unknown", "island_status_unknown", None),
        ("", "", None),
        ("Down", None, None),
        (None, None, None),
        (True, ["off_grid"], None),
    ],
)
def test_the_grid_is_up_down_or_unknown(grid: Any, island: Any, word: str | None) -> None:
    told = live(grid_status=grid, island_status=island)
    assert grid_status(told, SITE_INFO)["grid_status"] == word
    assert grid_status(told, None)["grid_status"] == word
    assert system_status(told, SITE_STATUS, SITE_INFO)["system_island_state"] == word


@pytest.mark.parametrize("grid", ["Unknown", "Inactive", "", None])
@pytest.mark.parametrize("island", [*OFF_GRID, "island_status_unknown", None])
def test_a_site_without_a_battery_is_never_off_the_grid(grid: Any, island: Any) -> None:
    told = SOLAR_LIVE | {"grid_status": grid, "island_status": island}
    assert grid_status(told, SOLAR_INFO) == {"grid_status": None, "grid_services_active": False}
    with_a_gateway = SOLAR_INFO | {"id": DIN}
    assert next(iter(vitals(told, with_a_gateway).values()))["alerts"] == []


def test_a_site_without_a_battery_is_on_the_grid_where_tesla_says_so() -> None:
    told = SOLAR_LIVE | {"grid_status": "Active"}
    assert grid_status(told, SOLAR_INFO)["grid_status"] == "SystemGridConnected"


@pytest.mark.parametrize(("told", "shown"), [(True, True), (False, False), (1, None), (None, None)])
def test_grid_services_are_on_off_or_unknown(told: Any, shown: Any) -> None:
    assert grid_status(live(grid_services_active=told), None)["grid_services_active"] is shown


@pytest.mark.parametrize(
    ("fields", "alerts"),
    [
        ({}, ["SystemConnectedToGrid"]),
        ({"island_status": "off_grid_intentional"}, ["ScheduledIslandContactorOpen"]),
        ({"island_status": "off_grid_unintentional"}, ["UnscheduledIslandContactorOpen"]),
        ({"island_status": "off_grid"}, ["UnscheduledIslandContactorOpen"]),
        ({"grid_status": "Inactive"}, []),
        ({"grid_status": "Unknown"}, []),
    ],
)
def test_the_alert_of_the_system_is_what_the_grid_does(
    fields: dict[str, Any], alerts: list[str]
) -> None:
    assert vitals(live(**fields), SITE_INFO)[f"STSTSM--{DIN}"]["alerts"] == alerts


@pytest.mark.parametrize(
    ("home", "state"), [("solar only", State.NOT_SERVED), ("nothing", State.UNKNOWN)]
)
def test_without_a_battery_there_is_no_time_it_would_last(home: str, state: State) -> None:
    """Also where the call fails that would have told it: what the site is tells enough."""
    (fact,) = [fact for fact in CATALOG if fact.name == "time_remaining_h"]
    (told,) = readings(fact, snapshot(SITES[home], fact.asks))
    assert told.state is state


# -- what a site is ---------------------------------------------------------------------------


def test_vitals_are_the_gateway_by_its_own_numbers_and_nothing_simulated() -> None:
    assert vitals(LIVE_STATUS, SITE_INFO) == {
        f"STSTSM--{DIN}": {
            "partNumber": "1232100-00-E",
            "serialNumber": "TG1210140005QT",
            "firmwareVersion": "23.28.2 27626f98",
            "teslaEnergyEcuAttributes": {"ecuType": 207},
            "alerts": ["SystemConnectedToGrid"],
        }
    }


@pytest.mark.parametrize("odd", [None, "", "STE20180417-00012", "--", "a--", "--b", "a--b--c", 7])
def test_what_is_no_din_is_shown_as_none(odd: Any) -> None:
    site_info = info(gateways=[]) | {"id": odd}
    assert status(site_info)["din"] is None
    assert vitals(LIVE_STATUS, site_info) is None


def test_one_gateway_speaks_for_its_site_and_of_several_none_does() -> None:
    bare = {k: v for k, v in SITE_INFO.items() if k not in ("id", "version")}
    told = status(bare)
    assert (told["din"], told["version"]) == (DIN, "23.28.2 27626f98")
    gateway = SITE_INFO["components"]["gateways"][0]
    told = status(bare | info(gateways=[gateway, gateway]) | {"id": None, "version": None})
    assert (told["din"], told["version"]) == (None, None)


def test_powerwalls_are_told_by_their_own_serials_and_none_is_made_up() -> None:
    packs = powerwalls(SITE_INFO)["powerwalls"]
    assert [pack["PackageSerialNumber"] for pack in packs] == list(PACKS)
    assert powerwalls(info(batteries=None))["powerwalls"] == []
    assert powerwalls(SOLAR_INFO) == {"powerwalls": [], "gateway_din": None}
    assert powerwalls({}) is None


def test_solar_inverters_are_those_the_site_has() -> None:
    assert [one["model"] for one in solars(SITE_INFO)] == ["Tesla Solar Inverter"]
    assert solars(info(inverters=[])) == []
    assert solars(SOLAR_INFO) is None


@pytest.mark.parametrize(
    ("site_info", "site_status", "battery"),
    [
        (SITE_INFO, None, True),
        (SOLAR_INFO, None, False),
        (info(battery=False), SITE_STATUS, False),
        (info(battery=None), None, True),
        (info(battery=None) | {"battery_count": 0}, None, False),
        ({}, SITE_STATUS, True),
        (None, {"resource_type": "solar"}, False),
        ({"components": {"battery": "no"}}, {"resource_type": "wall_connector"}, None),
        (None, None, None),
    ],
)
def test_whether_there_is_a_battery_is_told_or_unknown(
    site_info: Any, site_status: Any, battery: Any
) -> None:
    assert has_battery(site_info, site_status) is battery


def test_what_a_solar_only_site_has_not_is_not_served_and_the_rest_is() -> None:
    told = translated(SOLAR_SITE)
    gone = {payload for payload, document in told.items() if document is NOT_SERVED}
    assert gone == {
        "soe",
        "system_status",
        "operation",
        "time_remaining",
        "vitals",
        "grid_rules",
    }
    assert {payload for payload, document in told.items() if document is None} == {"solars"}
    assert soe(None, None, SOLAR_INFO) is NOT_SERVED


def test_before_a_solar_only_site_is_known_as_one_its_charge_is_unknown() -> None:
    assert soe(SOLAR_LIVE, None, None) is None


# -- operation --------------------------------------------------------------------------------


def test_a_reserve_that_is_missing_leaves_the_mode_and_the_other_way_round() -> None:
    no_reserve = translated(without(BATTERY_SITE, "site_info", "backup_reserve_percent"))
    assert no_reserve["operation"] == {
        "real_mode": "self_consumption",
        "backup_reserve_percent": None,
    }
    no_mode = translated(changed(BATTERY_SITE, "site_info", default_real_mode=3))
    assert no_mode["operation"] == {"real_mode": None, "backup_reserve_percent": 24.0}


FORBIDDEN = "disallow_charge_from_grid_with_solar_installed"


@pytest.mark.parametrize(
    ("site_info", "allowed"),
    [
        (SITE_INFO, True),
        (info(**{FORBIDDEN: True}), False),
        (info(**{FORBIDDEN: False}), True),
        (info(**{FORBIDDEN: None}), None),
        (info(**{FORBIDDEN: "true"}), None),
        (SOLAR_INFO, None),
        ({"battery_count": 2}, None),
        ({}, None),
        (None, None),
    ],
)
def test_the_grid_may_charge_unless_it_is_told_that_it_may_not(
    site_info: Any, allowed: Any
) -> None:
    assert grid_charging(site_info) is allowed


@pytest.mark.parametrize(
    ("site_info", "rule"),
    [
        (SITE_INFO, "pv_only"),
        (info(customer_preferred_export_rule="never"), "never"),
        (info(customer_preferred_export_rule=None), None),
        (SOLAR_INFO | {"components": {"battery": False}}, None),
        (None, None),
    ],
)
def test_a_rule_for_selling_is_told_or_unknown(site_info: Any, rule: str | None) -> None:
    assert grid_export(site_info) == rule
