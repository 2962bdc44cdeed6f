"""Meters and what they read: aggregates, site and solar meters, CTs. Pure."""

from typing import Any, Final

from simulator.plant import Meter, View
from simulator.systems import System
from simulator.wire import NEVER, stamp

_CT_TIMEOUT_NS: Final = 1_500_000_000
# A Tesla inverter reports for itself, without a CT, and is asked more often.
_INVERTER_TIMEOUT_NS: Final = 1_000_000_000
_RUNNING: Final = "run sitemanager flag enabled, sitemanager process is running"
_SPLIT_PHASE: Final = {"ct1": "Phase1", "ct2": "Phase2", "ct3": "Phase1"}


def _reading(view: View, meter: Meter, frequency_hz: float, timeout_ns: int) -> dict[str, Any]:
    """The fields every meter has, in the gateway's order."""
    return {
        "last_communication_time": stamp(
            view.now_s if meter.heard_s is None else meter.heard_s, view.utc_offset_s
        ),
        "instant_power": meter.power_w,
        "instant_reactive_power": meter.reactive_var,
        "instant_apparent_power": meter.apparent_va,
        "frequency": frequency_hz,
        "energy_exported": meter.exported_wh,
        "energy_imported": meter.imported_wh,
        "instant_average_voltage": view.house_v,
        "instant_average_current": 0,
        "i_a_current": 0,
        "i_b_current": 0,
        "i_c_current": 0,
        "last_phase_voltage_communication_time": NEVER,
        "last_phase_power_communication_time": NEVER,
        "last_phase_energy_communication_time": NEVER,
        "timeout": timeout_ns,
    }


def _aggregate(reading: dict[str, Any], meters: int | None) -> dict[str, Any]:
    count = {} if meters is None else {"num_meters_aggregated": meters}
    return {**reading, **count, "instant_total_current": reading["instant_average_current"]}


def aggregates(system: System, view: View) -> Any:
    """GET /api/meters/aggregates."""
    site = _reading(view, view.site, 0.0, _CT_TIMEOUT_NS)
    battery = _reading(view, view.battery, view.frequency_hz, _CT_TIMEOUT_NS)
    load = _reading(view, view.load, 0.0, _CT_TIMEOUT_NS)
    # The site's meter is on the grid's side of the contactor.
    site["instant_average_voltage"] = view.grid_v
    load["instant_average_current"] = view.load.power_w / view.voltage_v
    timeout_ns = _CT_TIMEOUT_NS if system.inverter is None else _INVERTER_TIMEOUT_NS
    solar = _reading(view, view.solar, view.frequency_hz, timeout_ns)
    return {
        "site": _aggregate(site, 1),
        "battery": _aggregate(battery, len(system.packs)),
        # A load is computed, not metered: it alone has no count of meters.
        "load": _aggregate(load, None),
        "solar": _aggregate(solar, 1),
    }


def _cts(location: str, count: int) -> dict[str, Any]:
    return {
        "type": location,
        "valid": [index < count for index in range(4)],
        "inverted": [False] * 4,
        "real_power_scale_factor": 1,
    }


def meters(system: System, _view: View) -> Any:
    """GET /api/meters."""
    return [
        {
            "serial": system.neurio_serial,
            "short_id": "73533",
            "type": "neurio_w2_tcp",
            "connected": True,
            "cts": [_cts(system.neurio_location, 1)],
            "ip_address": "PWRview-73533",
            "mac": "",
        },
        {
            "serial": f"{system.sync_serial}synchrometerX",
            "short_id": system.sync_serial,
            "type": "synchrometerX",
            "cts": [_cts("site", 2)],
        },
        {
            "serial": f"{system.sync_serial}synchrometerY",
            "short_id": system.sync_serial,
            "type": "synchrometerY",
        },
    ]


def _phases(meter: Meter, volts: float) -> dict[str, Any]:
    """What a meter knows of the two legs of a split phase, which aggregates leave out."""
    leg_v = volts / 2
    leg_a = abs(meter.power_w) / 2 / leg_v if leg_v else 0
    legs = ("a", "b")
    return {
        "v_l1n": leg_v,
        "v_l2n": leg_v,
        "i_a_current": leg_a,
        "i_b_current": leg_a,
        **{f"real_power_{leg}": meter.power_w / 2 for leg in legs},
        **{f"reactive_power_{leg}": meter.reactive_var / 2 for leg in legs},
        **{f"energy_exported_{leg}": meter.exported_wh / 2 for leg in legs},
        **{f"energy_imported_{leg}": meter.imported_wh / 2 for leg in legs},
    }


def meters_site(system: System, view: View) -> Any:
    """GET /api/meters/site."""
    reading = _aggregate(_reading(view, view.site, 0.0, _CT_TIMEOUT_NS), None)
    reading["instant_average_voltage"] = view.grid_v
    return [
        {
            "id": 0,
            "location": "site",
            "type": "synchrometerX",
            "cts": [True, True, False, False],
            "inverted": [False] * 4,
            "connection": {
                "short_id": system.din,
                "device_serial": f"{system.sync_serial}synchrometerX",
                "https_conf": {},
            },
            "real_power_scale_factor": 1,
            "ct_voltage_references": _SPLIT_PHASE,
            "Cached_readings": {
                **reading,
                **_phases(view.site, view.grid_v),
                "serial_number": f"{system.sync_serial}synchrometerX",
                "version": system.part_version,
            },
        }
    ]


def meters_solar(system: System, view: View) -> Any:
    """GET /api/meters/solar; null where no CT watches the solar."""
    if system.neurio_location != "solar":
        return None
    reading = _aggregate(_reading(view, view.solar, view.frequency_hz, _CT_TIMEOUT_NS), None)
    return [
        {
            "id": 0,
            "location": "solar",
            "type": "neurio_w2_tcp",
            "cts": [True, False, False, False],
            "inverted": [False] * 4,
            "connection": {
                "ip_address": "PWRview-73533",
                "port": 443,
                "short_id": "73533",
                "device_serial": system.neurio_serial,
                "neurio_connected": True,
                "https_conf": {
                    "client_cert": "",
                    "client_key": "",
                    "server_ca_cert": "",
                    "max_idle_conns_per_host": 1,
                },
            },
            "real_power_scale_factor": 1,
            "Cached_readings": {
                **reading,
                **_phases(view.solar, view.house_v),
                "serial_number": system.neurio_serial,
                "version": "1.7.1-Tesla",
            },
        }
    ]


def readings(system: System, view: View) -> Any:
    """GET /api/meters/readings: real figures only while the site controller is stopped."""
    idle = {"p_W": 0, "q_VAR": 0, "v_V": 0, "eExp_Ws": 0, "eImp_Ws": 0}
    return {
        system.neurio_serial: {
            "error": _RUNNING if view.running else "",
            "data": {
                "firmwareVersion": "1.7.1-Tesla",
                "cts": [{"ct": number, **idle} for number in range(1, 5)],
            },
        }
    }


def meters_status(_system: System, _view: View) -> Any:
    """GET /api/meters/status."""
    return {"status": "", "errors": None}


def ct_voltage_references(_system: System, _view: View) -> Any:
    """GET /api/synchrometer/ct_voltage_references."""
    return _SPLIT_PHASE


def ct_voltage_options(_system: System, _view: View) -> Any:
    """GET /api/synchrometer/ct_voltage_references/options, refused while running."""
    return {
        "code": 400,
        "error": _RUNNING,
        "message": "Failed to read Synchrometer Y CT available pairings. "
        "Please try again or reboot Gateway",
    }
