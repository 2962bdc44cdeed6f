"""What goes wrong in the plant, as a client sees it."""

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

CORE = "/api/meters/aggregates"
SYSTEM = "/api/system_status"
METERS = ("site", "battery", "load", "solar")


def _powers(client: Any) -> dict[str, float]:
    document = client.ask(CORE).document
    return {meter: document[meter]["instant_power"] for meter in METERS}


def _heard(client: Any, meter: str) -> datetime:
    return datetime.fromisoformat(client.ask(CORE).document[meter]["last_communication_time"])


def _balanced(powers: dict[str, float]) -> bool:
    return powers["load"] == powers["site"] + powers["solar"] + powers["battery"]


@pytest.mark.parametrize("offset_s", [-86_400, 7200, 1e9])
def test_a_clock_may_jump_without_a_reboot(sim: Any, client: Any, offset_s: float) -> None:
    heard, status = _heard(client, "site"), client.ask("/api/status").document
    sim.faults.start("clock", offset_s=offset_s)
    assert _heard(client, "site") - heard == timedelta(seconds=offset_s)
    reply = client.ask("/api/status")
    told = parsedate_to_datetime(reply.headers["date"])
    assert told.timestamp() == int(heard.timestamp() + offset_s)
    assert reply.document["up_time_seconds"] == status["up_time_seconds"]
    assert reply.document["start_time"].endswith(" +0800")


def test_a_summer_time_moves_the_zone_and_not_the_moment(sim: Any, client: Any) -> None:
    heard = _heard(client, "site")
    sim.faults.start("clock", offset_s=0, dst=True)
    summer = _heard(client, "site")
    assert summer == heard
    assert summer.utcoffset() == timedelta(hours=-6)


@pytest.mark.parametrize("meter", METERS)
def test_a_stale_meter_stands_still_while_the_others_go_on(
    moving: Any, connect: Any, clock: Any, meter: str
) -> None:
    client = connect(moving)
    client.login()
    moving.faults.start("stale_meter", meter=meter)
    first, heard = _powers(client), _heard(client, meter)
    clock.advance(60)
    second = _powers(client)
    assert second[meter] == first[meter]
    assert _heard(client, meter) == heard
    assert _balanced(second)
    others = [other for other in METERS if other not in (meter, "load")]
    assert all((second[other] == first[other]) == (meter == "load") for other in others)
    moving.faults.stop()
    assert _heard(client, meter) - heard >= timedelta(seconds=60)


def test_a_stale_solar_meter_is_told_in_vitals(
    sim: Any, client: Any, vitals: Any, alerts: Any
) -> None:
    heard = _heard(client, "solar")
    sim.faults.start("stale_meter", seconds=900)
    assert heard - _heard(client, "solar") == timedelta(seconds=900)
    entry = vitals(client)["NEURIO--VAH2100AB0001"]
    assert entry.device.device.lastCommunicationTime.seconds == int(heard.timestamp()) - 900
    assert "SolarMeterComms" in alerts(client)


@pytest.mark.parametrize("pack", [1, 2, 9])
def test_a_disabled_pack_is_nulls_and_the_other_does_all_the_work(
    sim: Any, client: Any, vitals: Any, alerts: Any, pack: int
) -> None:
    healthy = client.ask(SYSTEM).document["battery_blocks"]
    sim.faults.start("disabled_pack", pack=pack)
    document = client.ask(SYSTEM).document
    index = min(pack, 2) - 1
    block, other = document["battery_blocks"][index], document["battery_blocks"][1 - index]
    assert block.keys() == healthy[index].keys()
    assert block["disabled_reasons"] == ["DisabledExcessiveVoltageDrop"]
    nulls = {key for key, value in block.items() if value is None}
    measured = {"p_out", "q_out", "v_out", "f_out", "i_out", "energy_charged", "energy_discharged"}
    assert nulls == measured
    assert (block["pinv_state"], block["pinv_grid_state"], block["backup_ready"]) == ("", "", False)
    assert (block["nominal_energy_remaining"], block["OpSeqState"]) == (0, "Standby")
    assert block["nominal_full_pack_energy"] == healthy[index]["nominal_full_pack_energy"]
    assert other["p_out"] == -1500
    assert document["available_blocks"] == 1
    assert document["nominal_energy_remaining"] == other["nominal_energy_remaining"]
    assert {"BatteryFault", "BatteryDisabled", "ExcessiveVoltageDrop"} <= alerts(client)
    assert any(alert.startswith("POD_f029") for alert in alerts(client, "TEPOD"))
    silent = [din for din, entry in vitals(client).items() if not entry.vitals]
    assert {din.partition("--")[0] for din in silent} == {"TEPOD", "TEPINV", "TESLA"}
    assert len(silent) == 3


def test_a_missing_pack_is_one_block_less_and_long_unheard_of(
    sim: Any, client: Any, vitals: Any, alerts: Any
) -> None:
    healthy = client.ask(SYSTEM).document
    sim.faults.start("missing_pack", pack=2, seconds=3600)
    document = client.ask(SYSTEM).document
    (block,) = document["battery_blocks"]
    assert block["PackageSerialNumber"] == healthy["battery_blocks"][0]["PackageSerialNumber"]
    assert (block["p_out"], document["available_blocks"]) == (-1500, 1)
    assert document["nominal_full_pack_energy"] == 14_100
    assert "BatteryFault" in alerts(client)
    times = {
        din: entry.device.device.lastCommunicationTime.seconds
        for din, entry in vitals(client).items()
    }
    newest = max(times.values())
    assert {din for din, at in times.items() if at == newest - 3600} == {
        "TEPOD--1081100-10-U--T21A0000001",
        "TEPINV--1081100-10-U--T21A0000001",
    }
    assert len(client.ask("/api/powerwalls").document["powerwalls"]) == 2


def test_both_packs_may_fail_in_their_own_way(sim: Any, client: Any) -> None:
    sim.faults.start("missing_pack", pack=1)
    sim.faults.start("disabled_pack", pack=2)
    document = client.ask(SYSTEM).document
    assert [block["p_out"] for block in document["battery_blocks"]] == [None]
    assert (document["available_blocks"], document["nominal_energy_remaining"]) == (0, 0)


def test_solar_may_be_negative_and_the_grid_makes_it_up(sim: Any, client: Any) -> None:
    sim.faults.start("negative_solar", watts=5)
    powers = _powers(client)
    assert powers == {"site": 2705, "battery": -1500, "load": 1200, "solar": -5}
    assert _balanced(powers)


def test_the_load_goes_negative_while_the_solar_meter_drops_out(
    start: Any, connect: Any, clock: Any, alerts: Any
) -> None:
    sim = start(frozen=True, monotonic=clock.monotonic, wall=clock.wall)
    client = connect(sim)
    client.login()
    sim.faults.start("negative_load", every_s=300, lasts_s=20)
    seen = []
    for wait_s in (0, 19, 2, 278, 2):
        clock.advance(wait_s)
        seen.append((_powers(client)["load"], "SolarMeterComms" in alerts(client)))
    dropped, well = (-1800, True), (1200, False)
    assert seen == [dropped, dropped, well, well, dropped]
    sim.faults.start("negative_load", every_s=0)
    clock.advance(250)
    assert _powers(client)["load"] == -1800
