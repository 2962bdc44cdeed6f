"""The battery's documents: charge, grid, system status, powerwalls. Pure."""

import json
from typing import Any, Final

from simulator.grid import GridFault
from simulator.system import PACK_W, Pack, System
from simulator.view import PackView, View
from simulator.wire import NEVER, stamp

# Both figures are per pack, as the pods report them.
_POD_DISCHARGE_W: Final = 12_000
_POD_CHARGE_W: Final = 7_000
_CHECKS: Final = (
    "CAN connectivity",
    "Enable switch",
    "Internal communications",
    "Firmware up-to-date",
)
_UPDATE_CHECKS: Final = (
    "Powerwall firmware",
    "Battery firmware",
    "Inverter firmware",
    "Grid code",
)
_CANNOT: Final = "Cannot perform this action with site controller running"


def soe(_system: System, view: View) -> Any:
    """GET /api/system_status/soe, on the raw scale: what is left of what the blocks could hold."""
    there = [seen for seen in view.packs if not seen.lost]
    full_wh = sum(seen.full_wh for seen in there)
    left_wh = sum(seen.remaining_wh for seen in there if seen.works)
    return {"percentage": 100 * left_wh / full_wh if full_wh else 0.0}


def grid_status(system: System, view: View) -> Any:
    """GET /api/system_status/grid_status."""
    return {"grid_status": _grid_state(system, view), "grid_services_active": False}


def _grid_state(system: System, view: View) -> str:
    return system.island_state or view.grid_status


def _grid_fault(system: System, fault: GridFault) -> dict[str, Any]:
    decoded = [
        {"name": "PINV_alertID", "value": fault.alert},
        {"name": "PINV_alertType", "value": "Warning"},
        {"name": fault.signal, "value": fault.value, "units": fault.units},
    ]
    return {
        "timestamp": int(fault.at_s * 1000),
        "alert_name": fault.alert,
        "alert_is_fault": False,
        "decoded_alert": json.dumps(decoded, separators=(",", ":")),
        # Beyond 2**53: readers that take it for a double lose its end.
        "alert_raw": 432_374_469_357_469_697,
        "git_hash": system.part_version,
        "site_uid": system.din,
        "ecu_type": "TEPINV",
        "ecu_package_part_number": system.packs[0].module_part,
        "ecu_package_serial_number": system.packs[0].module_serial,
    }


def grid_faults(system: System, view: View) -> Any:
    """GET /api/system_status/grid_faults: the packs' inverters note them."""
    if not system.packs:
        return []
    return [_grid_fault(system, fault) for fault in view.grid_faults]


def _disabled_block(system: System, pack: Pack, seen: PackView) -> dict[str, Any]:
    """A pack that is there and does not work: nulls for what it measures, no states."""
    measured = ("p_out", "q_out", "v_out", "f_out", "i_out", "energy_charged", "energy_discharged")
    flags = ("off_grid", "vf_mode", "wobble_detected", "charge_power_clamped", "backup_ready")
    return {
        "Type": "",
        "PackagePartNumber": pack.part,
        "PackageSerialNumber": pack.serial,
        "disabled_reasons": [seen.disabled],
        "pinv_state": "",
        "pinv_grid_state": "",
        "nominal_energy_remaining": 0,
        "nominal_full_pack_energy": round(seen.full_wh),
        **dict.fromkeys(measured),
        **dict.fromkeys(flags, False),
        "OpSeqState": "Standby",
        "version": system.part_version,
    }


def _block(system: System, pack: Pack, seen: PackView, view: View) -> dict[str, Any]:
    if seen.disabled:
        return _disabled_block(system, pack, seen)
    grid = view.grid
    return {
        "Type": "",
        "PackagePartNumber": pack.part,
        "PackageSerialNumber": pack.serial,
        "disabled_reasons": [],
        "pinv_state": grid.inverter,
        "pinv_grid_state": grid.inverter_grid,
        "nominal_energy_remaining": round(seen.remaining_wh),
        "nominal_full_pack_energy": round(seen.full_wh),
        "p_out": round(seen.power_w),
        "q_out": 30,
        "v_out": view.house_v,
        "f_out": view.frequency_hz,
        # Never power over voltage: 1990 W at 243.7 V once read 40.9 A.
        "i_out": round(abs(seen.power_w) / 48.6, 1),
        "energy_charged": round(seen.charged_wh),
        "energy_discharged": round(seen.discharged_wh),
        "off_grid": grid.island,
        "vf_mode": grid.island,
        "wobble_detected": False,
        "charge_power_clamped": False,
        "backup_ready": True,
        "OpSeqState": "Active",
        "version": system.part_version,
    }


def _limits(system: System, packs: int) -> dict[str, Any]:
    """What the inverters and pods of the packs that work allow."""
    usable_w = PACK_W * packs
    return {
        "max_charge_power": min(system.max_charge_w, usable_w),
        "max_discharge_power": min(system.nameplate_w, usable_w),
        "max_apparent_power": min(system.nameplate_w, usable_w),
        "instantaneous_max_discharge_power": _POD_DISCHARGE_W * packs,
        "instantaneous_max_charge_power": _POD_CHARGE_W * packs,
        "instantaneous_max_apparent_power": usable_w,
        "hardware_capability_charge_power": 0,
        "hardware_capability_discharge_power": 0,
    }


def _blocks(system: System, view: View) -> list[dict[str, Any]]:
    return [
        _block(system, pack, seen, view)
        for pack, seen in zip(system.packs, view.packs, strict=True)
        if not seen.lost
    ]


def system_status(system: System, view: View) -> Any:
    """GET /api/system_status."""
    blocks = _blocks(system, view)
    working = sum(seen.works for seen in view.packs)
    limit_w = view.solar.power_w + 909.5 if system.inverters else -1.0
    return {
        "command_source": "Configuration",
        "battery_target_power": view.battery.power_w,
        "battery_target_reactive_power": 0,
        "nominal_full_pack_energy": sum(block["nominal_full_pack_energy"] for block in blocks),
        "nominal_energy_remaining": sum(block["nominal_energy_remaining"] for block in blocks),
        "max_power_energy_remaining": 0,
        "max_power_energy_to_be_charged": 0,
        **_limits(system, working),
        "grid_services_power": 0,
        "system_island_state": _grid_state(system, view),
        "available_blocks": working,
        "available_charger_blocks": 0,
        "battery_blocks": blocks,
        "ffr_power_availability_high": system.nameplate_w,
        "ffr_power_availability_low": system.nameplate_w,
        "load_charge_constraint": 0,
        "max_sustained_ramp_rate": 250 * system.nameplate_w,
        "grid_faults": grid_faults(system, view),
        "can_reboot": "Yes" if view.running else "",
        "smart_inv_delta_p": 0,
        "smart_inv_delta_q": 0,
        "last_toggle_timestamp": stamp(view.boot_s, view.utc_offset_s),
        "solar_real_power_limit": limit_w,
        "score": 10_000,
        "blocks_controlled": working,
        "primary": True,
        "auxiliary_load": 0,
        "all_enable_lines_high": True,
        "inverter_nominal_usable_power": PACK_W * working,
        "expected_energy_remaining": 0,
    }


def _diagnostic(name: str, category: str, checks: tuple[str, ...]) -> dict[str, Any]:
    """A diagnostic that has not run: normal while the site controller does."""
    return {
        "name": name,
        "category": category,
        "disruptive": False,
        "inputs": None,
        "checks": [
            {
                "name": check,
                "status": "not_run",
                "start_time": NEVER,
                "end_time": NEVER,
                "message": _CANNOT,
                "results": {},
                "debug": {},
                "checks": None,
            }
            for check in checks
        ],
        "alert": False,
    }


def _diagnostics() -> dict[str, Any]:
    return {
        "updating": False,
        "commissioning_diagnostic": _diagnostic("Commissioning", "InternalComms", _CHECKS),
        "update_diagnostic": _diagnostic("Firmware Update", "InternalComms", _UPDATE_CHECKS),
    }


def powerwalls_status(_system: System, _view: View) -> Any:
    """GET /api/powerwalls/status: the flags alone."""
    return {
        "enumerating": False,
        "updating": False,
        "checking_if_offgrid": False,
        "running_phase_detection": False,
        "phase_detection_last_error": "no phase information",
        "bubble_shedding": False,
        "on_grid_check_error": "on grid check not run",
        "grid_qualifying": False,
        "grid_code_validating": False,
        "phase_detection_not_available": False,
    }


def powerwalls(system: System, view: View) -> Any:
    """GET /api/powerwalls."""
    kind = "SolarPowerwall" if system.inverters else "ACPW"
    switch = "" if system.contactor is None else system.contactor.kind
    return {
        **powerwalls_status(system, view),
        "powerwalls": [
            {
                "Type": "",
                "PackagePartNumber": pack.part,
                "PackageSerialNumber": pack.serial,
                "type": kind,
                # Normal while running, whatever it sounds like.
                "grid_state": "Grid_Uncompliant",
                "grid_reconnection_time_seconds": 0,
                "under_phase_detection": False,
                **_diagnostics(),
                "bc_type": None,
                "in_config": True,
            }
            for pack in system.packs
        ],
        "gateway_din": system.din,
        "sync": _diagnostics() if switch == "TESYNC" else None,
        "msa": _diagnostics() if switch == "TEMSA" else None,
        "states": None,
    }


def phase_usages(_system: System, _view: View) -> Any:
    """GET /api/powerwalls/phase_usages, which usually fails."""
    return {
        "code": 500,
        "error": "no phase information",
        "message": "Failed getting phase detection information",
    }
