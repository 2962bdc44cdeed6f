"""Shapes of packs, strings and alerts, from small documents that are easy to read."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.views import batteries, devices, meters, pw
from pypowerwall_core import alerts, readings, shapes, solar
from pypowerwall_core.numbering import settle
from pypowerwall_core.snapshot import Absent, Entry, Known, Numbers, Snapshot, Unknown

GATEWAY = "STSTSM--1232100-00-E--GW"


def pack(serial: str, **fields: Any) -> dict[str, Any]:
    """A thermal controller with its pod and inverter, in the gateway's order."""
    thermal = f"TETHC--3012170-05-B--{serial}"
    module = f"1081100-13-V--module of {serial}"
    return {
        thermal: {"componentParentDin": GATEWAY, "THC_AmbientTemp": fields.get("temp")},
        f"TEPOD--{module}": {"componentParentDin": thermal, **fields.get("pod", {})},
        f"TEPINV--{module}": {"componentParentDin": thermal, **fields.get("inverter", {})},
    }


def block(serial: str | None, **fields: Any) -> dict[str, Any]:
    return {"PackagePartNumber": "3012170-05-B", "PackageSerialNumber": serial, **fields}


def snapshot(known: Numbers = Numbers(), /, **documents: Any) -> Snapshot:  # noqa: B008 - frozen
    entries: dict[str, Entry] = {
        name: value if isinstance(value, Absent | Unknown) else Known(value, 1, 0.0, 5.0)
        for name, value in documents.items()
    }
    return Snapshot(entries, 1.7e9, settle(known, entries).shown)


def of_status(*blocks: Any, **more: Any) -> dict[str, Any]:
    return {"battery_blocks": list(blocks), **more}


# -- numbers --------------------------------------------------------------------------------


def test_pwn_is_the_same_pack_in_every_shape_whatever_order_documents_come_in() -> None:
    vitals = pack("B", temp=20.5, inverter={"PINV_Fout": 60.1}) | pack("A", temp=30.5)
    status = of_status(block("A", f_out=59.9, p_out=1), block("B", f_out=60.0, p_out=2))
    seen = snapshot(vitals=vitals, system_status=status)
    assert batteries.temps_pw(seen) == {"PW1_temp": 20.5, "PW2_temp": 30.5}
    freq = batteries.freq(seen)
    assert (freq["PW1_PackageSerialNumber"], freq["PW1_p_out"], freq["PW1_PINV_Fout"]) == (
        "B",
        2,
        60.1,
    )
    assert (freq["PW2_PackageSerialNumber"], freq["PW2_p_out"]) == ("A", 1)
    pod = batteries.pod(seen)
    assert (pod["PW1_PackageSerialNumber"], pod["PW2_PackageSerialNumber"]) == ("B", "A")
    assert pod["PW1_name"] == "TEPOD--1081100-13-V--module of B"


def test_pwn_is_the_same_pack_while_vitals_are_away_and_when_one_pack_is_missing() -> None:
    known = Numbers(("B", "A"))
    status = of_status(block("A", p_out=1), block("B", p_out=2))
    away = snapshot(known, vitals=Unknown(), system_status=status)
    assert batteries.freq(away)["PW1_p_out"] == 2
    assert batteries.pod(away)["PW2_PackageSerialNumber"] == "A"
    assert batteries.temps_pw(away) == {}
    alone = snapshot(known, vitals=pack("A", temp=30.5), system_status=status)
    assert batteries.temps_pw(alone) == {"PW2_temp": 30.5}


def test_an_expansion_is_a_pack_of_its_own() -> None:
    vitals = pack("B") | {
        "TEPOD--1--X": {
            "componentParentDin": "TETHC--3012170-05-B--B",
            "POD_nom_full_pack_energy": 9.0,
        }
    }
    pod = batteries.pod(snapshot(vitals=vitals, system_status=of_status(block("B"))))
    assert pod["PW2_name"] == "TEPOD--1--X"
    assert pod["PW2_POD_nom_full_pack_energy"] == 9.0
    assert "PW2_PackageSerialNumber" not in pod


# -- /freq ----------------------------------------------------------------------------------

FREQ_OF_BLOCK = [
    "name",
    "PINV_Fout",
    "PINV_VSplit1",
    "PINV_VSplit2",
    "PackagePartNumber",
    "PackageSerialNumber",
    "p_out",
    "q_out",
    "v_out",
    "f_out",
    "i_out",
]


def test_freq_of_a_pack_without_vitals_has_every_key() -> None:
    freq = batteries.freq(snapshot(vitals=Absent(), system_status=of_status(block("B", f_out=60))))
    assert list(freq) == [*(f"PW1_{name}" for name in FREQ_OF_BLOCK), "grid_status"]
    assert freq["PW1_PINV_Fout"] == freq["PW1_f_out"] == 60
    assert freq["PW1_name"] is None


def test_freq_of_a_pack_without_its_block_has_what_vitals_tell() -> None:
    inverter = {"PINV_Fout": 60.0, "PINV_VSplit1": 120.1, "PINV_VSplit2": 120.2, "PINV_Pout": 1.5}
    freq = batteries.freq(snapshot(vitals=pack("B", inverter=inverter), system_status=Unknown()))
    assert freq == {
        "PW1_name": "TEPINV--1081100-13-V--module of B",
        "PW1_PINV_Fout": 60.0,
        "PW1_PINV_VSplit1": 120.1,
        "PW1_PINV_VSplit2": 120.2,
        "grid_status": None,
    }


@pytest.mark.parametrize("kind", ["TESYNC", "TEMSA"])
def test_island_and_meters_keep_their_names_and_types(kind: str) -> None:
    signals = {"ISLAND_VL1N_Main": 121.5, "METER_Z_CTA_I": 3, "ISLAND_GridConnected": True}
    vitals = {f"{kind}--1--S": {**signals, "SYNC_ExternallyPowered": False, "partNumber": "1"}}
    assert batteries.freq(snapshot(vitals=vitals)) == {**signals, "grid_status": None}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("SystemGridConnected", 1),
        ("SystemIslandedActive", 0),
        ("SystemMicroGridFaulted", 0),
        ("SystemWaitForUser", 0),
        ("SystemTransitionToGrid", -1),
        ("SystemTransitionToIsland", -1),
        ("SystemIslandedReady", -1),
        ("SomethingNew", None),
        (None, None),
    ],
)
def test_the_grid_as_a_number(text: str | None, number: int | None) -> None:
    freq = batteries.freq(snapshot(grid_status={"grid_status": text}))
    assert freq == {"grid_status": number}


# -- /pod -----------------------------------------------------------------------------------

POD_KEYS = [
    "name",
    "POD_ActiveHeating",
    "POD_ChargeComplete",
    "POD_ChargeRequest",
    "POD_DischargeComplete",
    "POD_PermanentlyFaulted",
    "POD_PersistentlyFaulted",
    "POD_enable_line",
    "POD_available_charge_power",
    "POD_available_dischg_power",
    "POD_nom_energy_remaining",
    "POD_nom_energy_to_be_charged",
    "POD_nom_full_pack_energy",
    "PackagePartNumber",
    "PackageSerialNumber",
    "pinv_state",
    "pinv_grid_state",
    "p_out",
    "q_out",
    "v_out",
    "f_out",
    "i_out",
    "energy_charged",
    "energy_discharged",
    "off_grid",
    "vf_mode",
    "wobble_detected",
    "charge_power_clamped",
    "backup_ready",
    "OpSeqState",
    "version",
]
TAIL = [
    "nominal_full_pack_energy",
    "nominal_energy_remaining",
    "time_remaining_hours",
    "backup_reserve_percent",
]


def test_pod_of_a_pack_without_vitals_has_every_key_and_flags_as_numbers() -> None:
    one = block("B", nominal_energy_remaining=5, nominal_full_pack_energy=9, backup_ready=True)
    one |= {"off_grid": False}
    pod = batteries.pod(snapshot(vitals=Absent(), system_status=of_status(one)))
    assert list(pod) == [*(f"PW1_{name}" for name in POD_KEYS), *TAIL]
    assert pod["PW1_POD_nom_energy_remaining"] == 5
    assert pod["PW1_POD_nom_full_pack_energy"] == 9
    assert pod["PW1_POD_ActiveHeating"] is None
    assert (pod["PW1_backup_ready"], pod["PW1_off_grid"]) == (1, 0)
    assert type(pod["PW1_backup_ready"]) is int


def test_pod_of_vitals_replaces_what_the_block_says() -> None:
    signals = {"POD_ActiveHeating": False, "POD_enable_line": True, "POD_nom_energy_remaining": 7.5}
    one = block("B", nominal_energy_remaining=5)
    seen = snapshot(vitals=pack("B", pod=signals), system_status=of_status(one))
    pod = batteries.pod(seen)
    assert (pod["PW1_POD_ActiveHeating"], pod["PW1_POD_enable_line"]) == (0, 1)
    assert pod["PW1_POD_nom_energy_remaining"] == 7.5


def test_a_dead_pod_tells_nothing_and_nothing_is_invented_for_it() -> None:
    one = block("B", nominal_full_pack_energy=14714, p_out=None, pinv_state="")
    pod = batteries.pod(snapshot(vitals=pack("B"), system_status=of_status(one)))
    assert pod["PW1_POD_PermanentlyFaulted"] is None
    assert pod["PW1_POD_nom_full_pack_energy"] == 14714
    assert pod["PW1_p_out"] is None
    assert pod["PW1_pinv_state"] == ""


@pytest.mark.parametrize(
    ("left_wh", "load_w", "hours"),
    [(10_000, 2000, 5.0), (0, 2000, 0.0), (10_000, 0, None), (10_000, -5, None), (None, 5, None)],
)
def test_the_hours_left_at_the_present_load(
    left_wh: float | None, load_w: float, hours: float | None
) -> None:
    seen = snapshot(
        system_status={"nominal_energy_remaining": left_wh, "nominal_full_pack_energy": 27000},
        aggregates={"load": {"instant_power": load_w}},
        operation={"backup_reserve_percent": 24},
    )
    pod = batteries.pod(seen)
    assert pod["time_remaining_hours"] == hours
    assert pod["backup_reserve_percent"] == 20.0
    assert pod["nominal_full_pack_energy"] == 27000


# -- /strings -------------------------------------------------------------------------------


def inverter(serial: str, *letters: str) -> dict[str, Any]:
    measured = {}
    for letter in letters:
        measured |= {
            f"PVAC_PVMeasuredVoltage_{letter}": 250.5,
            f"PVAC_PVCurrent_{letter}": 2.5,
            f"PVAC_PVMeasuredPower_{letter}": 626.0,
            f"PVAC_PvState_{letter}": "PV_Active",
        }
    return {
        f"PVAC--1538100-00-F--{serial}": measured,
        f"PVS--1538100-00-F--{serial}": {
            f"PVS_String{letter}_Connected": True for letter in letters
        },
    }


STRING = {
    "Connected": True,
    "Current": 2.5,
    "Power": 626.0,
    "State": "PV_Active",
    "Voltage": 250.5,
}


def test_strings_of_two_inverters_are_told_apart() -> None:
    vitals = inverter("Y", *"ABCD") | inverter("X", *"AB")
    assert solar.strings(snapshot(vitals=vitals)) == dict.fromkeys(
        ("A", "B", "C", "D", "A1", "B1"), STRING
    )


def test_a_string_keeps_its_name_while_the_other_inverter_is_away() -> None:
    seen = snapshot(Numbers((), ("Y", "X")), vitals=inverter("X", *"AB"))
    assert list(solar.strings(seen)) == ["A1", "B1"]


def test_without_vitals_strings_come_from_solar_powerwall_and_have_no_state() -> None:
    measured = {"connected": True, "measured_voltage": 250.5, "current": 2.5, "measured_power": 626}
    document = {"pvac_status": {"string_vitals": [measured] * 6}}
    strings = solar.strings(snapshot(vitals=Absent(), solar_powerwall=document))
    assert list(strings) == ["A", "B", "C", "D", "A1", "B1"]
    assert strings["A"] == {"Connected": True, "Current": 2.5, "Power": 626, "Voltage": 250.5}


# -- alerts ---------------------------------------------------------------------------------


def test_alerts_are_those_of_all_devices_and_the_grid_each_once_in_order() -> None:
    vitals = {
        "a": {"alerts": ["Zeta", "GridCodesWrite", "GridCodesWrite"]},
        "b": {"alerts": ["Alpha"]},
    }
    seen = snapshot(vitals=vitals, grid_status={"grid_status": "SystemGridConnected"})
    names = ["Alpha", "GridCodesWrite", "SystemConnectedToGrid", "Zeta"]
    assert alerts.alerts(seen) == names
    assert devices.alerts_pw(seen) == dict.fromkeys(names, 1)


def test_grid_services_stand_beside_the_state_of_the_grid() -> None:
    grid = {"grid_status": "SystemIslandedActive", "grid_services_active": True}
    assert alerts.alerts(snapshot(vitals=Unknown(), grid_status=grid)) == [
        "GridServicesActive",
        "SystemIslandedActive",
    ]


def test_without_vitals_alerts_are_those_that_the_inverter_raises() -> None:
    document = {
        "pvac_alerts": {"LastRxTime": "2026", "ReceivedMuxBitmask": 1, "PVAC_a001_x": True},
        "pvs_alerts": {"PVS_a001_y": False, "PVS_a002_z": True, "PVS_a003_w": "true"},
    }
    seen = snapshot(vitals=Absent(), solar_powerwall=document)
    assert alerts.alerts(seen) == ["PVAC_a001_x", "PVS_a002_z"]


# -- /csv -----------------------------------------------------------------------------------


def test_csv_has_two_decimals_and_the_raw_level() -> None:
    powers = {"site": -23.456, "load": 1182.5, "solar": -10, "battery": 1200}
    seen = snapshot(
        aggregates={meter: {"instant_power": w} for meter, w in powers.items()},
        soe={"percentage": 24},
    )
    assert meters.csv(seen) == "-23.46,1182.50,-10.00,1200.00,24.00\n"
    assert meters.headed(meters.CSV_HEADER, meters.csv)(seen) == (
        "Grid,Home,Solar,Battery,BatteryLevel\n-23.46,1182.50,-10.00,1200.00,24.00\n"
    )


def test_csv_leaves_empty_what_is_unknown() -> None:
    seen = snapshot(aggregates={"load": {"instant_power": 5}}, soe=Unknown())
    assert meters.csv(seen) == ",5.00,,,\n"
    assert meters.csv(snapshot(aggregates=Unknown(), soe=Unknown())) is None


def test_csv_v2_tells_an_outage_from_a_gateway_that_is_away() -> None:
    known = {
        "aggregates": {"load": {"instant_power": 5}},
        "soe": {"percentage": 24},
        "grid_status": {"grid_status": "SystemIslandedActive"},
        "operation": {"backup_reserve_percent": 55.349999999},
    }
    assert meters.csv_v2(snapshot(**known)) == ",5.00,,,24.00,0,53\n"
    away = known | {"grid_status": Unknown(), "operation": Unknown()}
    assert meters.csv_v2(snapshot(**away)) == ",5.00,,,24.00,,\n"
    nothing = dict.fromkeys(known, Unknown())
    assert meters.csv_v2(snapshot(**nothing)) is None
    grid = nothing | {"grid_status": {"grid_status": "SystemGridConnected"}}
    assert meters.csv_v2(snapshot(**grid)) is None


# -- /json and /pw/* ------------------------------------------------------------------------


def test_the_summary_has_its_keys_in_order_and_null_for_what_is_unknown() -> None:
    keys = [
        "grid",
        "home",
        "solar",
        "battery",
        "soe",
        "grid_status",
        "reserve",
        "time_remaining_hours",
        "full_pack_energy",
        "energy_remaining",
        "strings",
    ]
    nothing = meters.summary(snapshot(aggregates=Unknown()))
    assert list(nothing) == keys
    assert nothing == dict.fromkeys(keys) | {"strings": {}}
    grid = {"grid_status": "SystemTransitionToGrid"}
    assert meters.summary(snapshot(grid_status=grid))["grid_status"] == 0


def test_battery_blocks_by_serial_with_what_their_packs_say() -> None:
    vitals = pack("B", temp=20.5) | pack("X", temp=30.5)
    seen = snapshot(vitals=vitals, system_status=of_status(block("B", p_out=1)))
    assert shapes.battery_blocks(seen) == {
        "B": {
            "PackagePartNumber": "3012170-05-B",
            "p_out": 1,
            "THC_State": None,
            "temperature": 20.5,
        },
        "X": {"THC_State": None, "temperature": 30.5},
    }
    assert shapes.battery_blocks(snapshot(system_status=Unknown())) is None


def test_verbose_strings_are_the_inverters_own_words() -> None:
    vitals = inverter("Y", "A")
    vitals["PVAC--1538100-00-F--Y"] |= {"PVAC_Pout": 600.0, "PVAC_Fout": 60.0}
    assert shapes.verbose_strings(snapshot(vitals=vitals)) == {
        "PVAC--1538100-00-F--Y": {
            "PVAC_PVMeasuredVoltage_A": 250.5,
            "PVAC_PVCurrent_A": 2.5,
            "PVAC_PVMeasuredPower_A": 626.0,
            "PVAC_PvState_A": "PV_Active",
            "PVAC_Pout": 600.0,
            "PVS_StringA_Connected": True,
        }
    }
    assert shapes.verbose_strings(snapshot(vitals=Unknown())) == {}


@pytest.mark.parametrize(
    ("operation", "mode"),
    [
        ({"real_mode": "backup"}, "backup"),
        ({"mode": "self_consumption"}, "self_consumption"),
        ({"real_mode": 5}, None),
        ({}, None),
    ],
)
def test_the_mode_by_either_name(operation: Any, mode: str | None) -> None:
    assert pw.fact("mode", readings.mode)(snapshot(operation=operation)) == {"mode": mode}
