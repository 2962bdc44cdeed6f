"""Meters and what they read: aggregates, site and solar meters, CTs. Pure."""

from dataclasses import dataclass
from typing import Any, Final

from simulator.system import System
from simulator.view import Meter, View
from simulator.wire import NEVER, stamp

_CT_TIMEOUT_NS: Final = 1_500_000_000
# A Tesla inverter reports for itself, without a CT, and is asked more often.
_INVERTER_TIMEOUT_NS: Final = 1_000_000_000
_RUNNING: Final = "run sitemanager flag enabled, sitemanager process is running"
_LETTERS: Final = "abc"
_INPUTS: Final = 4
_NEURIO: Final = "neurio_w2_tcp"
_NEURIO_ID: Final = "73533"
_NEURIO_VERSION: Final = "1.7.1-Tesla"


@dataclass(frozen=True, slots=True)
class Leg:
    """One conductor of the mains, and a meter's part of it."""

    letter: str
    share: float
    volts: float
    amperes: float


def legs_of(system: System, meter: Meter, volts: float) -> list[Leg]:
    """Spread a meter's power over the legs of the mains; volts are those across a pack."""
    mains, leg_v = system.mains, volts * system.mains.leg_part
    return [
        Leg(letter, share, leg_v, abs(meter.power_w) * share / leg_v if leg_v else 0.0)
        for letter, share in zip(_LETTERS, mains.shares, strict=False)
    ]


def _reading(system: System, view: View, name: str) -> dict[str, Any]:
    """The fields every meter has, in the gateway's order."""
    meter: Meter = getattr(view, name)
    # The site's meter is on the grid's side of the contactor.
    volts = view.grid_v if name == "site" else view.house_v
    # On a split phase nobody fills the currents in.
    legs = legs_of(system, meter, volts) if system.mains.three_phase else []
    amperes = {leg.letter: leg.amperes for leg in legs}
    by_inverter = name == "solar" and system.inverters
    return {
        "last_communication_time": stamp(
            view.now_s if meter.heard_s is None else meter.heard_s, view.utc_offset_s
        ),
        "instant_power": meter.power_w,
        "instant_reactive_power": meter.reactive_var,
        "instant_apparent_power": meter.apparent_va,
        # Neither a synchronizer nor a sum tells a frequency.
        "frequency": view.frequency_hz if name in {"battery", "solar"} else 0,
        "energy_exported": meter.exported_wh,
        "energy_imported": meter.imported_wh,
        "instant_average_voltage": volts,
        "instant_average_current": sum(amperes.values()) / len(_LETTERS),
        **{f"i_{letter}_current": amperes.get(letter, 0) for letter in _LETTERS},
        "last_phase_voltage_communication_time": NEVER,
        "last_phase_power_communication_time": NEVER,
        "last_phase_energy_communication_time": NEVER,
        "timeout": _INVERTER_TIMEOUT_NS if by_inverter else _CT_TIMEOUT_NS,
    }


def _total_a(reading: dict[str, Any]) -> float:
    """Add the legs up, where they are told; else repeat the average."""
    total = sum(reading[f"i_{letter}_current"] for letter in _LETTERS)
    return float(total or reading["instant_average_current"])


def _aggregate(reading: dict[str, Any], meters: int | None) -> dict[str, Any]:
    count = {} if meters is None else {"num_meters_aggregated": meters}
    return {**reading, **count, "instant_total_current": _total_a(reading)}


def _battery(system: System, view: View) -> dict[str, Any]:
    """The battery's aggregate: zeros, never heard of, where there is none."""
    reading = _aggregate(_reading(system, view, "battery"), len(system.packs))
    if system.packs:
        return reading
    return {key: NEVER if isinstance(value, str) else 0 for key, value in reading.items()}


def aggregates(system: System, view: View) -> Any:
    """GET /api/meters/aggregates."""
    load = _reading(system, view, "load")
    load["instant_average_current"] = view.load.power_w / view.voltage_v
    solar_meters = max(1, len(system.inverters))
    return {
        "site": _aggregate(_reading(system, view, "site"), 1),
        "battery": _battery(system, view),
        # A load is computed, not metered: it alone has no count of meters.
        "load": _aggregate(load, None),
        "solar": _aggregate(_reading(system, view, "solar"), solar_meters),
    }


def _valid(count: int) -> list[bool]:
    return [index < count for index in range(_INPUTS)]


def _cts(location: str, count: int) -> dict[str, Any]:
    return {
        "type": location,
        "valid": _valid(count),
        "inverted": [False] * _INPUTS,
        "real_power_scale_factor": 1,
    }


def _neurio_row(system: System) -> list[dict[str, Any]]:
    if not system.neurio_serial:
        return []
    return [
        {
            "serial": system.neurio_serial,
            "short_id": _NEURIO_ID,
            "type": _NEURIO,
            "connected": True,
            "cts": [_cts(system.neurio_location, neurio_cts(system))],
            "ip_address": f"PWRview-{_NEURIO_ID}",
            "mac": "",
        }
    ]


def neurio_cts(system: System) -> int:
    """Count a Neurio's CTs: one on a split phase's solar wires, whose legs carry the same."""
    legs = len(system.mains.shares)
    return legs if system.mains.three_phase or system.neurio_location == "site" else 1


def _contactor_rows(system: System) -> list[dict[str, Any]]:
    contactor, cts = system.contactor, [_cts("site", len(system.mains.shares))]
    if contactor is None:
        return []
    # How a backup switch is listed is not known; this is the pattern of the others.
    if contactor.kind == "TEMSA":
        short = {"serial": contactor.serial, "short_id": contactor.serial}
        return [{**short, "type": "msa", "cts": cts}]
    rows = [
        {
            "serial": f"{contactor.serial}{kind}",
            "short_id": contactor.serial,
            "type": kind,
        }
        for kind in ("synchrometerX", "synchrometerY")
    ]
    return [{**rows[0], "cts": cts}, rows[1]]


def meters(system: System, _view: View) -> Any:
    """GET /api/meters."""
    return _neurio_row(system) + _contactor_rows(system)


def _phases(system: System, meter: Meter, volts: float) -> dict[str, Any]:
    """What a meter knows of each leg, which aggregates leave out."""
    legs = legs_of(system, meter, volts)
    return {
        **{f"v_l{number}n": leg.volts for number, leg in enumerate(legs, 1)},
        **{f"i_{leg.letter}_current": leg.amperes for leg in legs},
        **{f"real_power_{leg.letter}": meter.power_w * leg.share for leg in legs},
        **{f"reactive_power_{leg.letter}": meter.reactive_var * leg.share for leg in legs},
        **{f"energy_exported_{leg.letter}": meter.exported_wh * leg.share for leg in legs},
        **{f"energy_imported_{leg.letter}": meter.imported_wh * leg.share for leg in legs},
    }


def _readings(system: System, view: View, name: str, volts: float) -> dict[str, Any]:
    reading = _aggregate(_reading(system, view, name), None)
    return {**reading, **_phases(system, getattr(view, name), volts)}


def _by_neurio(system: System, view: View, name: str, volts: float) -> list[dict[str, Any]]:
    """The meter of a place, where a Neurio is that."""
    return [
        {
            "id": 0,
            "location": name,
            "type": _NEURIO,
            "cts": _valid(neurio_cts(system)),
            "inverted": [False] * _INPUTS,
            "connection": {
                "ip_address": f"PWRview-{_NEURIO_ID}",
                "port": 443,
                "short_id": _NEURIO_ID,
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
                **_readings(system, view, name, volts),
                "serial_number": system.neurio_serial,
                "version": _NEURIO_VERSION,
            },
        }
    ]


def meters_site(system: System, view: View) -> Any:
    """GET /api/meters/site."""
    if not _contactor_rows(system):
        return _by_neurio(system, view, "site", view.grid_v)
    row = _contactor_rows(system)[0]
    return [
        {
            "id": 0,
            "location": "site",
            "type": row["type"],
            "cts": _valid(len(system.mains.shares)),
            "inverted": [False] * _INPUTS,
            "connection": {
                "short_id": system.din,
                "device_serial": row["serial"],
                "https_conf": {},
            },
            "real_power_scale_factor": 1,
            "ct_voltage_references": ct_voltage_references(system, view),
            "Cached_readings": {
                **_readings(system, view, "site", view.grid_v),
                "serial_number": row["serial"],
                "version": system.part_version,
            },
        }
    ]


def meters_solar(system: System, view: View) -> Any:
    """GET /api/meters/solar; null where no CT watches the solar."""
    watched = system.neurio_serial and system.neurio_location == "solar"
    return _by_neurio(system, view, "solar", view.house_v) if watched else None


def readings(system: System, view: View) -> Any:
    """GET /api/meters/readings: real figures only while the site controller is stopped."""
    idle = {"p_W": 0, "q_VAR": 0, "v_V": 0, "eExp_Ws": 0, "eImp_Ws": 0}
    return {
        row["serial"]: {
            "error": _RUNNING if view.running else "",
            "data": {
                "firmwareVersion": _NEURIO_VERSION,
                "cts": [{"ct": number, **idle} for number in range(1, _INPUTS + 1)],
            },
        }
        for row in _neurio_row(system)
    }


def meters_status(_system: System, _view: View) -> Any:
    """GET /api/meters/status."""
    return {"status": "", "errors": None}


def ct_voltage_references(system: System, _view: View) -> Any:
    """GET /api/synchrometer/ct_voltage_references."""
    third = "Phase3" if system.mains.three_phase else "Phase1"
    return {"ct1": "Phase1", "ct2": "Phase2", "ct3": third}


def ct_voltage_options(_system: System, _view: View) -> Any:
    """GET /api/synchrometer/ct_voltage_references/options, refused while running."""
    return {
        "code": 400,
        "error": _RUNNING,
        "message": "Failed to read Synchrometer Y CT available pairings. "
        "Please try again or reboot Gateway",
    }
