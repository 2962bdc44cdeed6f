"""On every system and at any moment, the documents and the vitals tell of one plant."""

import json
from collections.abc import Iterable
from typing import Any

import pytest

from simulator.device import Device
from simulator.documents_solar import inverter_power_w
from simulator.endpoints import find
from simulator.plant import Plant
from simulator.systems import SYSTEMS, System
from simulator.view import View
from simulator.vitals import devices
from simulator.wire import render

AGGREGATES = "/api/meters/aggregates"
STATUS = "/api/system_status"
POWERWALLS = "/api/powerwalls"
MORNING_S = 1_700_000_000.0
HOURS = (0.0, 3.1, 7.9, 19.0, 24.2)
WITH_STATUS = sorted(name for name, system in SYSTEMS.items() if system.serves(STATUS))
WITH_VITALS = sorted(name for name, system in SYSTEMS.items() if system.vitals)


def _read(system: System, view: View, path: str) -> Any:
    endpoint = find(system, path)
    assert endpoint is not None
    return json.loads(render(endpoint.read(system, view)))


def _views(name: str) -> Iterable[tuple[System, View]]:
    """Look at a plant that moves, and at one that does not."""
    now_s = 0.0
    plant = Plant(SYSTEMS[name], monotonic=lambda: now_s, wall=lambda: MORNING_S + now_s, seed=5)
    for hour in HOURS:
        now_s = hour * 3600
        yield SYSTEMS[name], plant.view()
    still = Plant(SYSTEMS[name], monotonic=lambda: 0.0, wall=lambda: 0.0, frozen=True)
    yield SYSTEMS[name], still.view()


def _of(rows: list[Device], kind: str) -> list[Device]:
    return [row for row in rows if row.kind == kind]


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_load_is_what_site_sun_and_battery_give(name: str) -> None:
    for system, view in _views(name):
        told = _read(system, view, AGGREGATES)
        watts = {meter: told[meter]["instant_power"] for meter in told}
        assert watts["load"] == watts["site"] + watts["solar"] + watts["battery"]
        assert set(watts) >= {"site", "solar", "battery", "load"}


@pytest.mark.parametrize("name", WITH_STATUS)
def test_blocks_are_the_battery(name: str) -> None:
    for system, view in _views(name):
        status = _read(system, view, STATUS)
        blocks = status["battery_blocks"]
        battery = _read(system, view, AGGREGATES)["battery"]
        working = [block for block in blocks if block["p_out"] is not None]
        assert len(working) == status["available_blocks"]
        given_w = sum(block["p_out"] for block in working)
        assert given_w == pytest.approx(battery["instant_power"], abs=len(blocks))
        full_wh, left_wh = status["nominal_full_pack_energy"], status["nominal_energy_remaining"]
        assert full_wh == sum(block["nominal_full_pack_energy"] for block in blocks)
        assert left_wh == sum(block["nominal_energy_remaining"] for block in blocks)
        level = _read(system, view, "/api/system_status/soe")["percentage"]
        assert level == pytest.approx(100 * left_wh / full_wh if full_wh else 0, abs=0.02)
        if len(working) == len(blocks):
            for block_key, key in (
                ("energy_charged", "energy_imported"),
                ("energy_discharged", "energy_exported"),
            ):
                told_wh = sum(block[block_key] for block in blocks)
                assert told_wh == pytest.approx(battery[key], abs=len(blocks))


@pytest.mark.parametrize("name", WITH_STATUS)
def test_packs_have_the_same_serials_in_the_same_order_everywhere(name: str) -> None:
    for system, view in _views(name):
        wanted = [(pack.part, pack.serial) for pack in system.packs]
        lists = [
            _read(system, view, STATUS)["battery_blocks"],
            _read(system, view, POWERWALLS)["powerwalls"],
        ]
        for rows in lists:
            told = [(row["PackagePartNumber"], row["PackageSerialNumber"]) for row in rows]
            assert told == wanted
        assert _read(system, view, POWERWALLS)["gateway_din"] == system.din
        if system.vitals:
            rows = devices(system, view)
            assert [(row.part, row.serial) for row in _of(rows, "TETHC")] == wanted
            for kind in ("TEPOD", "TEPINV"):
                parents = [row.parent for row in _of(rows, kind)]
                assert parents == [row.din for row in _of(rows, "TETHC")]


@pytest.mark.parametrize("name", WITH_VITALS)
def test_pods_and_their_inverters_are_the_blocks(name: str) -> None:
    for system, view in _views(name):
        rows = devices(system, view)
        blocks = _read(system, view, STATUS)["battery_blocks"]
        for block, pod, inverter in zip(
            blocks, _of(rows, "TEPOD"), _of(rows, "TEPINV"), strict=True
        ):
            if block["disabled_reasons"]:
                assert not pod.signals | inverter.signals
                continue
            assert pod.signals["POD_nom_energy_remaining"] == block["nominal_energy_remaining"]
            assert pod.signals["POD_nom_full_pack_energy"] == block["nominal_full_pack_energy"]
            assert inverter.signals["PINV_EnergyCharged"] == block["energy_charged"]
            assert inverter.signals["PINV_EnergyDischarged"] == block["energy_discharged"]
            assert inverter.signals["PINV_Pout"] == pytest.approx(block["p_out"] / 1000, abs=0.006)
            assert inverter.signals["PINV_Fout"] == block["f_out"]


@pytest.mark.parametrize("name", WITH_VITALS)
def test_the_grids_meter_in_the_vitals_is_the_site(name: str) -> None:
    for system, view in _views(name):
        rows = devices(system, view)
        (row,) = _of(rows, system.contactor.kind if system.contactor else "NEURIO")
        watts = sum(
            float(value)
            for key, value in row.signals.items()
            if key.endswith("InstRealPower") and not key.startswith("METER_Y")
        )
        site = _read(system, view, AGGREGATES)["site"]
        assert watts == pytest.approx(site["instant_power"])
        for prefix in ("METER_X", "METER_Z"):
            if f"{prefix}_LifetimeEnergyImport" in row.signals:
                assert row.signals[f"{prefix}_LifetimeEnergyImport"] == site["energy_imported"]
                assert row.signals[f"{prefix}_LifetimeEnergyExport"] == site["energy_exported"]


@pytest.mark.parametrize("name", ["pwplus", "solaronly", "backupswitch"])
def test_strings_are_their_inverter_and_inverters_the_sun(name: str) -> None:
    for system, view in _views(name):
        solar = _read(system, view, AGGREGATES)["solar"]
        rows = devices(system, view)
        converters = _of(rows, "PVAC")
        assert [row.serial for row in converters] == [one.serial for one in system.inverters]
        given_w = sum(float(row.signals["PVAC_Pout"]) for row in converters)
        assert given_w == pytest.approx(solar["instant_power"])
        made_wh = sum(float(row.signals["PVAC_LifetimeEnergyPV_Total"]) for row in converters)
        assert made_wh == pytest.approx(solar["energy_exported"])
        for inverter, row in zip(system.inverters, converters, strict=True):
            assert row.signals["PVAC_Pout"] == inverter_power_w(inverter, view)
            strings_w = sum(float(row.signals[f"PVAC_PVMeasuredPower_{one}"]) for one in "ABCD")
            assert strings_w == pytest.approx(max(0.0, float(row.signals["PVAC_Pout"])), abs=1e-3)
            for one in "ABCD":
                watts = float(row.signals[f"PVAC_PVMeasuredPower_{one}"])
                volts = float(row.signals[f"PVAC_PVMeasuredVoltage_{one}"])
                amperes = float(row.signals[f"PVAC_PVCurrent_{one}"])
                assert volts * amperes == pytest.approx(watts, abs=1e-3)


@pytest.mark.parametrize("name", SYSTEMS)
def test_frozen_is_the_same_for_ever(name: str) -> None:
    now_s = 0.0
    plant = Plant(SYSTEMS[name], monotonic=lambda: now_s, wall=lambda: 1e9 + now_s, frozen=True)
    first = plant.view()
    now_s = 1e6
    again = Plant(SYSTEMS[name], monotonic=lambda: 0.0, wall=lambda: 2e9, frozen=True, seed=9)
    assert plant.view() == first == again.view()
