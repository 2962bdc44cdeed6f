"""/api/solar_powerwall: what a Powerwall+ says of its strings once vitals are gone. Pure."""

from typing import Any, Final

from simulator.system import Inverter, SolarString, System
from simulator.view import View
from simulator.wire import stamp

# The bits of the two alert words, in order; the position is the number in the key.
_PVAC_ALERTS: Final = """
inv_L1_HW_overcurrent inv_L2_HW_overcurrent inv_HVBus_HW_overvoltage
pv_HW_CMPSS_OC_STGA pv_HW_CMPSS_OC_STGB pv_HW_CMPSS_OC_STGC pv_HW_CMPSS_OC_STGD
inv_HVBus_undervoltage SwAppBoot inv_AC_overvoltage inv_AC_undervoltage inv_AC_overfrequency
inv_AC_underfrequency PVS_disabled_relay pv_HW_Allegro_OC_STGA pv_HW_Allegro_OC_STGB
pv_HW_Allegro_OC_STGC pv_HW_Allegro_OC_STGD ambient_overtemperature dsp_overtemperature
dcac_heatsink_overtemperature mppt_heatsink_overtemperature unused PVACrx_Command_mia
PVS_Status_mia inv_AC_peak_overvoltage inv_K1_relay_welded inv_K2_relay_welded pump_faulted
fan_faulted VFCheck_OV VFCheck_UV VFCheck_OF VFCheck_UF VFCheck_RoCoF inv_lost_iL_control
PVS_processor_nERROR inv_failed_xcap_precharge inv_HVBus_SW_overvoltage
pump_correction_saturated excess_PV_clamp_triggered mppt_curve_scan_completed
fan_speed_mismatch_detected fan_deadband_toggled
"""

_PVS_ALERTS: Final = """
WatchdogReset SW_App_Boot V12vOutOfBounds V1v5OutOfBounds VAfdRefOutOfBounds GfOvercurrent300
UNUSED_7 UNUSED_8 GfOvercurrent030 PvIsolationTotal PvIsolationStringA PvIsolationStringB
PvIsolationStringC PvIsolationStringD SelfTestGroundFault ESMFault MciStringA MciStringB
MciStringC MciStringD RapidShutdown Mci1SignalLevel Mci2SignalLevel Mci3SignalLevel
Mci4SignalLevel Mci1PvVoltage Mci2PvVoltage systemInitFailed PvArcFault VDcOv Mci3PvVoltage
Mci4PvVoltage dataException PeImpedance PvArcDetected PvArcLockout PvArcFaultData1
PvArcFault_SelfTest SelfTestRelayFault LEDIrrationalFault MciPowerSwitch MciPowerFault
InactiveUnsafePvStrings FaultStatePvStringSafety RelayCoilIrrationalFault
RelayCoilIrrationalLockout AcSensorIrrationalFault DcSensorIrrationalFault
arcSignalMibspiHealth RelayCoilIrrationalWarning DcBusShortCircuitDetected
PvArcFault_PreSelfTest PvArcFaultData2 PvArcFaultData3 PvArcFaultData4
PvIsolation24HrLockout DisabledDuringSelftest MciOpenOnFault MciOpen MciClose
SelfTestRelayFaultLockout arcSoftLockout sbsComplete_info
"""


def alert_keys(prefix: str, names: str) -> list[str]:
    """Number the alerts of one word."""
    return [f"{prefix}_a{number:03}_{name}" for number, name in enumerate(names.split(), 1)]


def inverter_power_w(inverter: Inverter, view: View) -> float:
    """What one inverter gives of the site's solar power."""
    return view.solar.power_w * inverter.share


def string_power_w(string: SolarString, inverter_w: float) -> float:
    """What one string gives of the inverter's power."""
    return round(max(0.0, inverter_w) * string.share, 6)


def string_current_a(string: SolarString, inverter_w: float) -> float:
    """The current of one string."""
    if not string.connected:
        return 0.0
    return round(string_power_w(string, inverter_w) / string.voltage_v, 6)


def _string(number: int, string: SolarString, inverter_w: float) -> dict[str, Any]:
    return {
        "string_id": number,
        "connected": string.connected,
        "measured_voltage": string.voltage_v,
        "current": string_current_a(string, inverter_w),
        "measured_power": string_power_w(string, inverter_w),
    }


def _pvac(inverter: Inverter, view: View) -> dict[str, Any]:
    power_w = inverter_power_w(inverter, view)
    return {
        "state": "PVAC_Active",
        "disabled": False,
        "disabled_reasons": [],
        "grid_state": view.grid.inverter_grid,
        "inv_state": "INV_Grid_Connected",
        "v_out": view.house_v,
        "f_out": view.frequency_hz,
        "p_out": round(power_w),
        "q_out": 0,
        "i_out": round(power_w / view.voltage_v, 2),
        "string_vitals": [
            _string(number, string, power_w) for number, string in enumerate(inverter.strings, 1)
        ],
    }


def _alerts(keys: list[str], raised: set[str], at: str, **extra: int) -> dict[str, Any]:
    mask = sum(1 << index for index, key in enumerate(keys) if key in raised)
    return {
        "LastRxTime": at,
        "ReceivedMuxBitmask": mask,
        **extra,
        **{key: key in raised for key in keys},
    }


_PVAC_KEYS: Final = alert_keys("PVAC", _PVAC_ALERTS)
_PVS_KEYS: Final = alert_keys("PVS", _PVS_ALERTS)


def solar_powerwall(system: System, view: View) -> Any:
    """GET /api/solar_powerwall: it has room for one inverter, and tells of the first."""
    if not system.inverters:
        return {}
    at = stamp(view.now_s, view.utc_offset_s)
    scanned = {"PVAC_a042_mppt_curve_scan_completed"}
    return {
        "pvac_status": _pvac(system.inverters[0], view),
        "pvs_status": {
            "state": "PVS_Active",
            "disabled": False,
            "enable_output": True,
            "v_ll": view.house_v,
            "self_test_state": "PVS_SelfTestOff",
        },
        "pv_power_limit": 230.4,
        "power_status_setpoint": "on",
        "pvac_alerts": _alerts(_PVAC_KEYS, scanned, at, PVAC_alertMatrixIndex=0),
        "pvs_alerts": _alerts(_PVS_KEYS, {"PVS_a060_MciClose"}, at),
    }
