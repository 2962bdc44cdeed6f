"""The fields that dashboards read out of what Telegraf stores, on every kind of system."""

from __future__ import annotations

import pytest
from support.golden import stored
from support.telegraf import fields

METERS = {
    f"{meter}_{field}"
    for meter in ("load", "solar", "battery", "site")
    for field in ("instant_power", "instant_total_current", "instant_average_voltage")
}
STRING = {"Current", "Power", "Voltage"}
ISLAND = {f"ISLAND_{kind}_{side}" for kind in ("FreqL1", "VL1N") for side in ("Load", "Main")}
OUTPUTS = {f"{letter}_out" for letter in "pqvfi"}
SPLITS = {"PINV_Fout", "PINV_VSplit1", "PINV_VSplit2"}
ENERGIES = {"POD_nom_energy_remaining", "POD_nom_full_pack_energy"}
TOTALS = {"nominal_full_pack_energy", "nominal_energy_remaining", "backup_reserve_percent"}
PACKS = {
    "pw2": 2,
    "novitals": 2,
    "pwplus": 2,
    "backupswitch": 1,
    "threephase": 3,
    "disabledpack": 2,
}
VITALS = [name for name in PACKS if name not in ("novitals", "disabledpack")]


def stored_fields(system: str, path: str) -> dict[str, float]:
    return fields(stored(system)[path]["body"])


def of_packs(system: str, names: set[str]) -> set[str]:
    return {f"PW{n}_{name}" for n in range(1, PACKS[system] + 1) for name in names}


@pytest.mark.parametrize("system", [*PACKS, "pw3", "solaronly", "old"])
def test_meters_and_level_are_numbers_everywhere(system: str) -> None:
    assert set(stored_fields(system, "/aggregates")) >= METERS
    assert set(stored_fields(system, "/soe")) == {"percentage"}


@pytest.mark.parametrize("system", PACKS)
def test_every_pack_has_its_block_in_freq_and_pod(system: str) -> None:
    working = of_packs(system, OUTPUTS | {"PINV_Fout"})
    if system == "disabledpack":  # the first one says nothing any more
        working = {name for name in working if not name.startswith("PW1_")}
    assert set(stored_fields(system, "/freq")) >= working | {"grid_status"}
    assert set(stored_fields(system, "/pod")) >= of_packs(system, ENERGIES) | TOTALS


@pytest.mark.parametrize("system", VITALS)
def test_vitals_bring_temperatures_splits_and_the_island(system: str) -> None:
    assert set(stored_fields(system, "/temps/pw")) == of_packs(system, {"temp"})
    freq = set(stored_fields(system, "/freq"))
    assert freq >= of_packs(system, SPLITS) | ISLAND
    meter = "METER_Z_" if system == "backupswitch" else "METER_X_"
    assert any(name.startswith(meter) for name in freq)


def test_a_backup_switch_has_the_fields_dashboards_know_it_by() -> None:
    freq = set(stored_fields("backupswitch", "/freq"))
    assert freq >= {"METER_Z_VL1G", "METER_Z_VL2G", "METER_Z_CTA_I", "METER_Z_CTB_I"}


@pytest.mark.parametrize(
    ("system", "names"),
    [
        ("novitals", ("A", "B", "C", "D")),
        ("pwplus", ("A", "B", "C", "D", "A1", "B1", "C1", "D1")),
        ("solaronly", ("A", "B", "C", "D")),
        ("pw2", ()),
    ],
)
def test_strings_are_numbers_by_the_names_of_their_inverters(
    system: str, names: tuple[str, ...]
) -> None:
    expected = {f"{name}_{field}" for name in names for field in STRING}
    assert set(stored_fields(system, "/strings")) == expected


@pytest.mark.parametrize("system", [*PACKS, "pw3", "solaronly", "old"])
def test_alerts_are_ones(system: str) -> None:
    alerts = stored_fields(system, "/alerts/pw")
    assert alerts
    assert set(alerts.values()) == {1.0}


@pytest.mark.parametrize("path", ["/soe", "/strings", "/temps/pw", "/freq", "/pod", "/alerts/pw"])
def test_of_nothing_telegraf_stores_nothing(path: str) -> None:
    assert stored_fields("nothing", path) == {}
