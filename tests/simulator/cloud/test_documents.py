"""What the cloud tells of the home, against the gateway's plant and the facts' figures."""

import json
from dataclasses import replace
from typing import Any

import pytest

from simulator.cloud import CloudSimulator
from simulator.cloud.call import split_site
from simulator.gateway import Simulator
from simulator.recorded import Recording
from simulator.systems import SYSTEMS

FLAGS = {
    "go_off_grid_test_banner_enabled",
    "storm_mode_enabled",
    "powerwall_onboarding_settings_set",
    "powerwall_tesla_electric_interested_in",
    "vpp_tour_enabled",
    "sync_grid_alert_enabled",
    "breaker_alert_enabled",
}
LIVE = {
    "solar_power",
    "energy_left",
    "total_pack_energy",
    "percentage_charged",
    "backup_capable",
    "battery_power",
    "load_power",
    "grid_status",
    "grid_services_active",
    "grid_power",
    "grid_services_power",
    "generator_power",
    "island_status",
    "storm_mode_active",
    "timestamp",
    "wall_connectors",
}


def test_the_twin_of_the_frozen_gateway(owner: Any) -> None:
    live = owner.site("live_status").response
    assert set(live) == LIVE
    figures = {name: live[name] for name in LIVE if name.endswith("_power")}
    assert figures == {
        "solar_power": 3000,
        "battery_power": -1500,
        "grid_power": -300,
        "load_power": 1200,
        "generator_power": 0,
        "grid_services_power": 0,
    }
    assert (live["energy_left"], live["total_pack_energy"]) == (14000, 28000)
    assert live["percentage_charged"] == pytest.approx(47.3684, abs=1e-4)
    assert (live["grid_status"], live["island_status"]) == ("Active", "on_grid")
    assert live["timestamp"] == "2024-06-15T13:00:00-07:00"
    info = owner.site("site_info").response
    assert (info["backup_reserve_percent"], info["default_real_mode"]) == (20, "self_consumption")
    assert (info["nameplate_power"], info["nameplate_energy"]) == (10800, 27000)
    assert info["battery_count"] == len(info["components"]["batteries"]) == 2
    assert info["id"] == "1232100-00-E--TG122000000001"
    assert info["installation_time_zone"] == "America/Los_Angeles"
    hours = owner.site("backup_time_remaining").response["time_remaining_hours"]
    assert hours == pytest.approx(14000 / 1200)


def test_products_mix_cars_wall_connectors_and_sites(owner: Any, cloud: Any) -> None:
    document = owner.ask("/api/1/products").document
    assert document["count"] == len(document["response"]) == 3
    car, connector, site = document["response"]
    assert {"vehicle_id", "vin"} <= car.keys()
    assert "energy_site_id" not in car
    assert connector["resource_type"] == "wall_connector"
    assert (site["resource_type"], site["energy_site_id"]) == ("battery", cloud.site_id)
    assert site.keys() >= FLAGS | {"id", "gateway_id", "asset_site_id", "warp_site_number"}
    assert (site["battery_type"], site["components"]["battery"]) == ("ac_powerwall", True)


def test_site_status_tells_the_battery(owner: Any) -> None:
    status = owner.site("site_status?language=en").response
    assert status.keys() >= FLAGS | {"gateway_id", "energy_left", "total_pack_energy"}
    assert (status["resource_type"], status["site_name"]) == ("battery", "Home")
    assert status["percentage_charged"] == pytest.approx(47.3684, abs=1e-4)


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_system_has_a_cloud_that_agrees_with_itself(
    start_cloud: Any, meet: Any, system: str
) -> None:
    cloud = start_cloud(system=system, frozen=True)
    person = meet(cloud)
    person.login()
    live = person.site("live_status").response
    info = person.site("site_info").response
    product = person.ask("/api/1/products").response[-1]
    battery = bool(SYSTEMS[system].packs)
    assert product["resource_type"] == ("battery" if battery else "solar")
    assert info["components"]["battery"] == battery
    assert info["version"] == SYSTEMS[system].version.strip()
    assert len(info["components"]["inverters"]) == len(SYSTEMS[system].inverters)
    if battery:
        sum_w = live["grid_power"] + live["battery_power"] + live["solar_power"]
        assert live["load_power"] == sum_w
        status = person.site("site_status").response
        shared = ("energy_left", "total_pack_energy", "percentage_charged", "battery_power")
        assert [live[name] for name in shared] == [status[name] for name in shared]
        assert [live[name] for name in shared] == [product[name] for name in shared]


def test_one_plant_is_one_home_for_gateway_and_cloud(
    start: Any, connect: Any, start_cloud: Any, meet: Any, clock: Any
) -> None:
    clocks = {"monotonic": clock.monotonic, "wall": clock.wall}
    gateway: Simulator = start(session_ttl_s=float("inf"), **clocks)
    cloud: CloudSimulator = start_cloud(plant=gateway.plant, access_ttl_s=1e9, **clocks)
    client, person = connect(gateway), meet(cloud)
    client.login()
    person.login()
    for _ in range(3):
        clock.advance(3600.0)
        meters = client.ask("/api/meters/aggregates").document
        live = person.site("live_status").response
        assert live["grid_power"] == meters["site"]["instant_power"]
        assert live["battery_power"] == meters["battery"]["instant_power"]
        assert live["load_power"] == meters["load"]["instant_power"]
        assert live["solar_power"] == meters["solar"]["instant_power"]
        raw = client.ask("/api/system_status/soe").document["percentage"]
        assert live["percentage_charged"] == pytest.approx(raw / 0.95 - 5 / 0.95)
    person.write("backup", backup_reserve_percent=20)
    person.write("operation", default_real_mode="backup")
    told = client.ask("/api/operation").document
    assert (told["real_mode"], told["backup_reserve_percent"]) == ("backup", 24)


def test_two_sites_have_numbers_of_their_own(start_cloud: Any, meet: Any) -> None:
    cloud = start_cloud(sites="two", frozen=True)
    person = meet(cloud)
    person.login()
    sites = [one for one in person.ask("/api/1/products").response if "site_name" in one]
    assert [site["site_name"] for site in sites] == ["Home", "Cabin"]
    first, second = [site["energy_site_id"] for site in sites]
    assert first != second
    assert sites[0]["gateway_id"] != sites[1]["gateway_id"]
    infos = [person.site("site_info", number).response for number in (first, second)]
    assert infos[0]["nameplate_energy"] != infos[1]["nameplate_energy"]
    path = f"/api/1/energy_sites/{second}/backup"
    person.ask(path, "POST", json.dumps({"backup_reserve_percent": 55}).encode())
    infos = [person.site("site_info", number).response for number in (first, second)]
    assert [info["backup_reserve_percent"] for info in infos] == [20, 55]


def test_two_moving_sites_have_weather_of_their_own(
    start_cloud: Any, meet: Any, clock: Any
) -> None:
    cloud = start_cloud(sites="two", wall=clock.wall, monotonic=clock.monotonic)
    person = meet(cloud)
    person.login()
    loads = [
        person.site("live_status", one.identity.site_id).response["load_power"]
        for one in cloud.sites
    ]
    assert loads[0] != loads[1]


def test_a_solar_account_has_next_to_nothing_to_tell(start_cloud: Any, meet: Any) -> None:
    cloud = start_cloud(sites="solar-only", frozen=True)
    person = meet(cloud)
    person.login()
    live = person.site("live_status").response
    assert live == {
        "solar_power": 3000,
        "grid_status": "Unknown",
        "grid_services_active": False,
        "timestamp": "2024-06-15T13:00:00-07:00",
    }
    car, site = person.ask("/api/1/products").response
    assert ("vin" in car, site["resource_type"]) == (True, "solar")
    assert {"energy_left", "site_name"}.isdisjoint(site)
    info = person.site("site_info").response
    assert {"backup_reserve_percent", "default_real_mode"}.isdisjoint(info)
    assert person.site("backup_time_remaining").response == {}
    assert person.write("backup", backup_reserve_percent=50).status == 404
    assert person.write("site_name", site_name="Roof").status == 200


def test_what_no_account_can_be_is_said() -> None:
    with pytest.raises(ValueError, match="one of one, two, solar-only"):
        CloudSimulator(sites="three")
    with pytest.raises(ValueError, match="no system"):
        CloudSimulator(system="pw9")
    with pytest.raises(ValueError, match="a recording has no plant"):
        CloudSimulator(system=replace(SYSTEMS["pw2"], recording=Recording({})))


@pytest.mark.parametrize(
    "path",
    [
        "/api/1/energy_sites/1/live_status",
        "/api/1/energy_sites/x/live_status",
        "/api/1/energy_sites/-1/live_status",
        "/api/1/energy_sites/99999999999999999999999/live_status",
        "/api/1/energy_sites/",
        "/api/1/powerwalls/PWR1/status",
        "/api/1/nothing",
    ],
)
def test_what_is_not_there_is_404(owner: Any, path: str) -> None:
    reply = owner.ask(path)
    assert (reply.status, reply.response) == (404, None)


def test_a_site_s_number_has_digits_that_everybody_reads() -> None:
    assert split_site("/api/1/energy_sites/12/live_status") == (12, "live_status")
    assert split_site("/api/1/energy_sites/²/live_status") is None


def test_names_that_no_site_has_are_404(owner: Any) -> None:
    assert owner.site("nothing").status == 404
    assert owner.write("nothing").status == 404
    assert owner.site("backup").status == 404
    assert owner.write("live_status").status == 404


def test_the_tariff_is_one_price_until_another_is_entered(owner: Any) -> None:
    tariff = owner.site("tariff_rate").response
    assert tariff["utility"] == "Pacific Gas and Electric Company"
    assert owner.site("site_info").response["tariff_content"] == tariff


def test_the_present_moves_on(start_cloud: Any, meet: Any, clock: Any) -> None:
    cloud = start_cloud(wall=clock.wall, monotonic=clock.monotonic)
    person = meet(cloud)
    person.login()
    before = person.site("live_status").response
    clock.advance(60.0)
    after = person.site("live_status").response
    assert after["timestamp"] > before["timestamp"]
    assert after["load_power"] != before["load_power"]
