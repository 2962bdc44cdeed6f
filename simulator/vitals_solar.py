"""Tesla's solar inverters in the vitals: converter, safety board and nameplate. Pure."""

from collections.abc import Iterator

from simulator.device import Device, Signals
from simulator.documents_solar import inverter_power_w, string_current_a, string_power_w
from simulator.system import Inverter, System
from simulator.view import View


def _converter(inverter: Inverter, view: View) -> Signals:
    power_w = inverter_power_w(inverter, view)
    strings = inverter.strings
    return {
        "PVAC_Fout": view.frequency_hz,
        "PVAC_GridState": view.grid.inverter_grid,
        "PVAC_InvState": "INV_Grid_Connected",
        "PVAC_Iout": round(power_w / view.voltage_v, 2),
        "PVAC_LifetimeEnergyPV_Total": view.solar.exported_wh * inverter.share,
        **{f"PVAC_PVCurrent_{one.name}": string_current_a(one, power_w) for one in strings},
        **{f"PVAC_PVMeasuredPower_{one.name}": string_power_w(one, power_w) for one in strings},
        **{f"PVAC_PVMeasuredVoltage_{one.name}": one.voltage_v for one in strings},
        "PVAC_Pout": power_w,
        **{f"PVAC_PvState_{one.name}": one.state for one in strings},
        "PVAC_Qout": 0.0,
        "PVAC_State": "PVAC_Active",
        "PVAC_VHvMinusChassisDC": -210.0,
        "PVAC_VL1Ground": round(view.house_v / 2, 1),
        "PVAC_VL2Ground": round(view.house_v / 2, 1),
        "PVAC_Vout": round(view.house_v, 1),
        "PVI-PowerStatusSetpoint": "on",
    }


def _safety(inverter: Inverter, view: View) -> Signals:
    return {
        "PVS_EnableOutput": True,
        "PVS_SelfTestState": "PVS_SelfTestOff",
        "PVS_State": "PVS_Active",
        **{f"PVS_String{one.name}_Connected": one.connected for one in inverter.strings},
        "PVS_vLL": round(view.house_v, 1),
    }


def _parent(system: System, number: int) -> str:
    """A Powerwall+ holds its inverter; one on its own is the gateway's."""
    if number < len(system.packs):
        pack = system.packs[number]
        return f"TETHC--{pack.part}--{pack.serial}"
    return f"STSTSM--{system.din}"


def solar_devices(system: System, view: View) -> Iterator[Device]:
    """Write a converter and its safety board for each inverter."""
    for number, inverter in enumerate(system.inverters):
        converter = Device(
            kind="PVAC",
            part=inverter.part,
            serial=inverter.serial,
            parent=_parent(system, number),
            firmware=system.part_version,
            ecu_type=296,
            signals=_converter(inverter, view),
            alerts=("PVAC_a042_mppt_curve_scan_completed",),
            heard_s=view.now_s,
        )
        yield converter
        yield Device(
            kind="PVS",
            part=inverter.part,
            serial=inverter.serial,
            parent=converter.din,
            # A board of its own, with firmware of its own.
            firmware=system.git_hash[-14:],
            ecu_type=297,
            signals=_safety(inverter, view),
            alerts=("PVS_a060_MciClose",),
            heard_s=view.now_s,
        )


def nameplates(system: System, view: View) -> Iterator[Device]:
    """Write what holds each inverter's nameplate: its part number is a part of the serial."""
    for inverter in system.inverters:
        yield Device(
            kind="TESLA",
            serial=f"{inverter.part}--{inverter.serial}",
            parent=f"STSTSM--{system.din}",
            nameplate_w=inverter.nameplate_w,
            heard_s=view.now_s,
        )
