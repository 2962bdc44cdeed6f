"""Samples that are hardly true, as a client sees them: for good, or in one answer."""

from typing import Any

import pytest

CORE = "/api/meters/aggregates"
SITE = "/api/meters/site"
SOE = "/api/system_status/soe"
SYSTEM = "/api/system_status"
METERS = ("site", "battery", "load", "solar")
ENERGIES = ("energy_exported", "energy_imported")
PACK_ENERGIES = ("energy_charged", "energy_discharged")
PACK_SIGNALS = ("PINV_EnergyCharged", "PINV_EnergyDischarged")


def _powers(client: Any) -> list[float]:
    document = client.ask(CORE).document
    return [document[meter]["instant_power"] for meter in METERS]


def _charge(client: Any) -> float:
    percent: float = client.ask(SOE).document["percentage"]
    return percent


def _counters(client: Any, meter: str) -> tuple[float, float]:
    row = client.ask(CORE).document[meter]
    return row["energy_exported"], row["energy_imported"]


def _blocks(client: Any) -> list[tuple[float, ...]]:
    blocks = client.ask(SYSTEM).document["battery_blocks"]
    return [tuple(block[name] for name in PACK_ENERGIES) for block in blocks]


def _active(sim: Any) -> list[str]:
    return [row["name"] for row in sim.faults.listing() if row["active"]]


# -- zeros ------------------------------------------------------------------------------------

HEALTHY_W, STILL_W = [-300, -1500, 1200, 3000], [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("what", "powers", "charge"),
    [("both", STILL_W, 0), ("powers", STILL_W, 50), ("charge", HEALTHY_W, 0)],
)
def test_powers_and_charge_may_be_zeros(
    sim: Any, client: Any, what: str, powers: list[float], charge: float
) -> None:
    healthy = (_powers(client), _charge(client))
    sim.faults.start("zeros", what=what)
    assert (_powers(client), _charge(client)) == (powers, charge)
    sim.faults.stop()
    assert (_powers(client), _charge(client)) == healthy == (HEALTHY_W, 50)


def test_zeros_of_power_leave_the_counters_and_other_documents_as_they_are(
    sim: Any, client: Any
) -> None:
    status, counters = client.ask(SYSTEM).body, [_counters(client, meter) for meter in METERS]
    sim.faults.start("zeros")
    assert [_counters(client, meter) for meter in METERS] == counters
    assert client.ask(SYSTEM).body == status
    apparent = [row["instant_apparent_power"] for row in client.ask(CORE).document.values()]
    assert apparent == STILL_W


def test_a_zero_may_be_one_answer_of_either_document(sim: Any, client: Any) -> None:
    sim.faults.start("zeros", count=1)
    assert [_charge(client), _charge(client)] == [0, 50]
    assert _powers(client) == HEALTHY_W
    assert _active(sim) == []


def test_a_zero_may_be_one_answer_of_each_document(sim: Any, client: Any) -> None:
    for path in (CORE, SOE):
        sim.faults.start("zeros", path=path, count=1)
    assert [_powers(client), _powers(client)] == [STILL_W, HEALTHY_W]
    assert [_charge(client), _charge(client)] == [0, 50]


def test_an_answer_that_zeros_are_not_about_is_no_stroke(sim: Any, client: Any) -> None:
    sim.faults.start("zeros", what="charge", count=1)
    assert _powers(client) == HEALTHY_W
    client.ask(SYSTEM)
    assert [_charge(client), _charge(client)] == [0, 50]


def test_a_refused_request_is_no_stroke_of_a_sample(sim: Any, guest: Any) -> None:
    sim.faults.start("zeros", path=SOE, count=1)
    assert guest.ask(SOE).status == 403
    guest.login()
    assert [_charge(guest), _charge(guest)] == [0, 50]


# -- counters ---------------------------------------------------------------------------------


def test_counters_may_be_negative_or_jump_on_one_meter_or_all(sim: Any, client: Any) -> None:
    sim.faults.start("wrong_counters")
    for meter in METERS:
        assert max(_counters(client, meter)) < 0
    sim.faults.start("wrong_counters", how="jump", wh=-7e6, meter="site")
    assert _counters(client, "site") == (4_300_000 - 7e6, 6_800_000 - 7e6)
    assert _counters(client, "load") == (0, 26_450_000)
    sim.faults.start("wrong_counters", how="jump", meter="site")
    assert _counters(client, "site") == (5_300_000, 7_800_000)


def test_counters_may_begin_again(moving: Any, connect: Any, clock: Any) -> None:
    client = connect(moving)
    client.login()
    moving.faults.start("wrong_counters", how="reset")
    assert {_counters(client, meter) for meter in METERS} == {(0, 0)}
    assert {*_blocks(client)} == {(0, 0)}
    clock.advance(3600)
    assert _counters(client, "load")[1] > 0
    moving.faults.stop()
    assert _counters(client, "load")[1] > 26_450_000


@pytest.mark.parametrize(("options", "step_wh"), [({}, 500), ({"wh": 20}, 20), ({"wh": 7e6}, 7e6)])
def test_all_counters_may_go_back(
    sim: Any, client: Any, options: dict[str, Any], step_wh: float
) -> None:
    before = {meter: _counters(client, meter) for meter in METERS}
    packs = _blocks(client)
    sim.faults.start("wrong_counters", how="back", **options)
    for meter, counters in before.items():
        assert _counters(client, meter) == tuple(wh - step_wh for wh in counters)
    assert _blocks(client) == [tuple(wh - step_wh for wh in pack) for pack in packs]


def test_counters_go_back_once_in_one_answer_and_are_good_again(
    moving: Any, connect: Any, clock: Any
) -> None:
    client = connect(moving)
    client.login()
    moving.faults.start("wrong_counters", how="back", path=CORE, count=1)
    clock.advance(1)
    bad = _counters(client, "load")[1]
    clock.advance(1)
    good = _counters(client, "load")[1]
    assert 499 < good - bad < 502
    assert _active(moving) == []


def test_one_meter_goes_back_and_no_other_counter_does(sim: Any, client: Any, signals: Any) -> None:
    packs, site = _blocks(client), client.ask(SITE).body
    sim.faults.start("wrong_counters", how="back", meter="solar", count=1)
    assert (_blocks(client), client.ask(SITE).body) == (packs, site), "no stroke either"
    assert signals(client, "TEPINV")["PINV_EnergyCharged"] == packs[0][0]
    document = client.ask(CORE).document
    assert [document["solar"][name] for name in ENERGIES] == [26_000_000 - 500, -500]
    assert document["site"]["energy_imported"] == 6_800_000
    assert _counters(client, "solar") == (26_000_000, 0)


def test_every_document_that_tells_a_counter_tells_the_same(
    sim: Any, client: Any, signals: Any
) -> None:
    sim.faults.start("wrong_counters", how="back")
    (site,) = client.ask(SITE).document
    told = tuple(site["Cached_readings"][name] for name in ENERGIES)
    assert told == _counters(client, "site") == (4_300_000 - 500, 6_800_000 - 500)
    inverter = signals(client, "TEPINV")
    assert tuple(inverter[name] for name in PACK_SIGNALS) == _blocks(client)[0]


def test_a_pack_that_measures_nothing_counts_nothing(sim: Any, client: Any) -> None:
    healthy = _blocks(client)
    sim.faults.start("disabled_pack", pack=1)
    sim.faults.start("wrong_counters", how="back", meter="battery", path=SYSTEM, count=1)
    assert _blocks(client) == [(None, None), tuple(wh - 500 for wh in healthy[1])]
    assert _blocks(client)[1] == healthy[1]
