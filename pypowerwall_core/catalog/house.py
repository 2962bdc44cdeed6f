"""Facts of the house: power, energy, charge. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pypowerwall_core import payloads, readings
from pypowerwall_core.fields import flag, mapping, number, sequence
from pypowerwall_core.snapshot import Absent, Snapshot, counter_key

from .fact import Fact, Kind, Labels, Samples, Unit, Value, lifetime_wh, meters, no_members, single

_AGGREGATES = (payloads.AGGREGATES,)
_STATUS = (payloads.SYSTEM_STATUS,)
_OPERATION = (payloads.OPERATION,)
_PHASES = {"L1": "a", "L2": "b", "L3": "c"}
"""As the gateway's meters call what everybody else calls L1 to L3."""


def _of_meters(field: str, *, zero_is_none: bool = False) -> Callable[[Snapshot], Samples]:
    """Return the reader of one field of the aggregates, by meter."""

    def read(snapshot: Snapshot) -> Samples:
        document = mapping(snapshot.document(payloads.AGGREGATES))
        told: dict[Labels, Value] = {
            (meter,): number(mapping(document[meter]).get(field))
            for meter in payloads.HOME_METERS
            if field in mapping(document.get(meter))
        }
        return {labels: v for labels, v in told.items() if v != 0} if zero_is_none else told

    return read


def _energy(counter: str) -> Callable[[Snapshot], Samples]:
    """Return the reader of a lifetime counter, Wh."""
    told = _of_meters(counter)

    def read(snapshot: Snapshot) -> Samples:
        return {
            (meter,): lifetime_wh(snapshot, counter_key(meter, counter), wh)
            for (meter,), wh in told(snapshot).items()
        }

    return read


def _of_phases(*fields: str) -> Callable[[Snapshot], Samples]:
    """Return the reader of what the grid meter tells by phase; phases it has not tell nothing."""

    def read(snapshot: Snapshot) -> Samples:
        found = sequence(snapshot.document(payloads.METERS_SITE))
        cached = mapping(mapping(found[0]).get("Cached_readings")) if found else {}
        return {
            (phase,): number(cached[field])
            for (phase, letter), field in zip(_PHASES.items(), fields, strict=True)
            if field in cached and f"real_power_{letter}" in cached
        }

    return read


def _of_system(field: str) -> Callable[[Snapshot], Samples]:
    """Return the reader of one number of /api/system_status."""

    def read(snapshot: Snapshot) -> Samples:
        document = mapping(snapshot.document(payloads.SYSTEM_STATUS))
        return {(): number(document[field])} if field in document else {}

    return read


def _time_remaining(snapshot: Snapshot) -> Samples:
    """Return nothing where neither packs nor Tesla's own reckoning are served: no battery."""
    told = (payloads.SYSTEM_STATUS, payloads.TIME_REMAINING)
    if all(isinstance(snapshot.entries.get(one), Absent) for one in told):
        return {}
    return {(): readings.time_remaining_h(snapshot)}


def _meter(
    name: str,
    says: str,
    read: Callable[[Snapshot], Samples],
    kind: Kind = Kind.GAUGE,
    unit: Unit = Unit.NONE,
    **more: Any,
) -> Fact:
    """Return the row of something that the aggregates tell by meter."""
    return Fact(
        name, says, _AGGREGATES, read, kind, unit, **{"by": ("meter",), "members": meters, **more}
    )


def _phase(name: str, says: str, unit: Unit, *fields: str) -> Fact:
    """Return the row of something that the grid meter tells by phase."""
    return Fact(
        name,
        f"{says}; asked for only by its own route.",
        (payloads.METERS_SITE,),
        _of_phases(*fields),
        unit=unit,
        by=("phase",),
        alone=True,
    )


HOUSE = (
    _meter(
        "power_w",
        "Power by meter: site above zero is bought, battery above zero is discharged.",
        _of_meters("instant_power"),
        unit=Unit.WATT,
    ),
    _meter(
        "energy_imported_wh",
        "Energy by meter since it was installed: bought, charged into the battery, used.",
        _energy("energy_imported"),
        Kind.COUNTER,
        Unit.WATT_HOUR,
        metric="energy",
        constant=(("direction", "imported"),),
    ),
    _meter(
        "energy_exported_wh",
        "Energy by meter since it was installed: sold, discharged, made by the sun.",
        _energy("energy_exported"),
        Kind.COUNTER,
        Unit.WATT_HOUR,
        metric="energy",
        constant=(("direction", "exported"),),
    ),
    _meter(
        "reactive_power_var",
        "Reactive power by meter.",
        _of_meters("instant_reactive_power"),
        unit=Unit.VAR,
    ),
    _meter(
        "apparent_power_va",
        "Apparent power by meter.",
        _of_meters("instant_apparent_power"),
        unit=Unit.VOLT_AMPERE,
    ),
    _meter(
        "meter_voltage_v",
        "Voltage by meter, the mean of its phases.",
        _of_meters("instant_average_voltage"),
        unit=Unit.VOLT,
    ),
    _meter(
        "meter_current_a",
        "Current by meter, the sum of its phases, as the gateway tells it.",
        _of_meters("instant_total_current"),
        unit=Unit.AMPERE,
    ),
    _meter(
        "meter_frequency_hz",
        "Frequency by meter; a meter that measures none (the gateway says 0) has none.",
        _of_meters("frequency", zero_is_none=True),
        unit=Unit.HERTZ,
        members=no_members,
    ),
    _phase(
        "grid_phase_power_w",
        "Power from the grid by phase, as its meter measures it",
        Unit.WATT,
        "real_power_a",
        "real_power_b",
        "real_power_c",
    ),
    _phase(
        "grid_phase_voltage_v",
        "Voltage of the grid by phase",
        Unit.VOLT,
        "v_l1n",
        "v_l2n",
        "v_l3n",
    ),
    _phase(
        "grid_phase_current_a",
        "Current from the grid by phase",
        Unit.AMPERE,
        "i_a_current",
        "i_b_current",
        "i_c_current",
    ),
    Fact(
        "battery_level_app_pct",
        "Charge of the battery as Tesla's app shows it.",
        (payloads.SOE,),
        single(readings.level_app_pct),
        unit=Unit.PERCENT,
        metric="soc",
        constant=(("scale", "app"),),
    ),
    Fact(
        "battery_level_raw_pct",
        "Charge of the battery as the gateway counts it, with the 5 % that the app hides.",
        (payloads.SOE,),
        single(readings.level_raw_pct),
        unit=Unit.PERCENT,
        metric="soc",
        constant=(("scale", "raw"),),
    ),
    Fact(
        "reserve_app_pct",
        "Charge kept for an outage as Tesla's app shows it.",
        _OPERATION,
        single(readings.reserve_app_pct),
        unit=Unit.PERCENT,
        metric="backup_reserve",
        constant=(("scale", "app"),),
    ),
    Fact(
        "reserve_raw_pct",
        "Charge kept for an outage as the gateway counts it.",
        _OPERATION,
        single(readings.reserve_raw_pct),
        unit=Unit.PERCENT,
        metric="backup_reserve",
        constant=(("scale", "raw"),),
    ),
    Fact(
        "mode",
        "How the battery is used: self_consumption, backup or autonomous.",
        _OPERATION,
        single(readings.mode),
        Kind.STATE,
        states=readings.MODES,
    ),
    Fact(
        "grid_charging",
        "1 while the grid may charge the battery; only Tesla's cloud tells.",
        (payloads.GRID_RULES,),
        single(lambda snapshot: flag(readings.grid_charging(snapshot))),
        Kind.FLAG,
    ),
    Fact(
        "grid_export",
        "What may be exported: battery_ok, pv_only or never; only Tesla's cloud tells.",
        (payloads.GRID_RULES,),
        single(readings.grid_export),
        Kind.STATE,
        states=readings.EXPORTS,
    ),
    Fact(
        "battery_full_wh",
        "What all packs together hold when full, as the gateway estimates it today.",
        _STATUS,
        single(readings.full_pack_wh),
        unit=Unit.WATT_HOUR,
        metric="battery_full_energy",
    ),
    Fact(
        "battery_remaining_wh",
        "What all packs together hold now.",
        _STATUS,
        single(readings.remaining_wh),
        unit=Unit.WATT_HOUR,
        metric="battery_remaining_energy",
    ),
    Fact(
        "time_remaining_h",
        "How long the packs would carry the home at its present load.",
        (payloads.SYSTEM_STATUS, payloads.AGGREGATES, payloads.TIME_REMAINING),
        _time_remaining,
        unit=Unit.HOUR,
    ),
    Fact(
        "battery_max_charge_w",
        "The most that the battery takes.",
        _STATUS,
        _of_system("max_charge_power"),
        unit=Unit.WATT,
        metric="battery_max_charge_power",
    ),
    Fact(
        "battery_max_discharge_w",
        "The most that the battery gives.",
        _STATUS,
        _of_system("max_discharge_power"),
        unit=Unit.WATT,
        metric="battery_max_discharge_power",
    ),
    Fact(
        "grid_services_w",
        "Power that the utility has the battery give for the grid.",
        _STATUS,
        _of_system("grid_services_power"),
        unit=Unit.WATT,
        metric="grid_services_power",
    ),
    Fact(
        "packs_available",
        "Powerwalls that work.",
        _STATUS,
        _of_system("available_blocks"),
        metric="packs_available",
    ),
)
