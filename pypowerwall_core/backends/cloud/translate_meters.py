"""The aggregates of a gateway out of the cloud's powers and lifetime energies. Pure.

Which meters there are: the four of any home, without the battery of a site that has none, and
without what `components` denies and no power is told of. A gateway leaves meters out in the same
way, so readers know it, and the facts of a missing meter are "not served" instead of unknown for
ever. A meter that exists keeps its place with null while its power is unknown: dashboards and
Tesla's page read `site.instant_power` without asking whether there is a site.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pypowerwall_core.fields import mapping, sequence, text

from .sites import components, has, has_battery, measured

_PERIOD = "lifetime"
_PARTS = ("solar", "battery", "generator")
_UNTOLD = ("frequency", "instant_average_voltage", "instant_total_current")
"""No cloud tells these; Home Assistant raises where they are missing, and takes null."""


@dataclass(frozen=True, slots=True)
class _Energy:
    """A counter as the history splits it: one field, or one per origin."""

    field: str
    origins: tuple[str, ...] = ()


_NO_ENERGY = _Energy("")
"""The gateway has such a counter and the cloud does not."""


@dataclass(frozen=True, slots=True)
class _Meter:
    """Where the parts of a meter stand in the cloud's documents."""

    power: str
    component: str
    imported: _Energy
    exported: _Energy


_METERS = {
    "site": _Meter(
        "grid_power",
        "grid",
        _Energy("grid_energy_imported"),
        _Energy("grid_energy_exported_from_", _PARTS),
    ),
    "battery": _Meter(
        "battery_power",
        "battery",
        _Energy("battery_energy_imported_from_", ("grid", "solar", "generator")),
        _Energy("battery_energy_exported"),
    ),
    "load": _Meter(
        "load_power",
        "load_meter",
        _Energy("consumer_energy_imported_from_", ("grid", *_PARTS)),
        _NO_ENERGY,
    ),
    "solar": _Meter(
        "solar_power",
        "solar",
        _NO_ENERGY,  # what an inverter draws at night
        _Energy("solar_energy_exported"),
    ),
}


def aggregates(live_status: Any, site_info: Any, history: Any) -> Any:
    """Return /api/meters/aggregates: {meter: {instant_power W, energy_imported Wh, ...}}.

    None while neither a power nor a moment is told.
    """
    live = mapping(live_status)
    at = text(live.get("timestamp"))
    powers = {name: measured(live.get(meter.power)) for name, meter in _METERS.items()}
    if at is None and all(power_w is None for power_w in powers.values()):
        return None
    return {
        name: {
            "last_communication_time": at,
            "instant_power": powers[name],
            **dict.fromkeys(_UNTOLD),
            "energy_exported": _energy_wh(history, meter.exported, site_info),
            "energy_imported": _energy_wh(history, meter.imported, site_info),
            **_aggregated(name, site_info),
        }
        for name, meter in _METERS.items()
        if _exists(name, powers[name], site_info)
    }


def _exists(name: str, power_w: float | None, site_info: Any) -> bool:
    if name == "battery":
        # Told or not: a solar-only site may tell 0 W of a battery that nobody has.
        return has_battery(site_info) is not False
    return power_w is not None or has(site_info, _METERS[name].component) is not False


def _aggregated(name: str, site_info: Any) -> dict[str, float]:
    """Return how many devices are in a sum, left out where nobody has counted them."""
    inverters = len(sequence(components(site_info).get("inverters")))
    counts = {
        "battery": measured(mapping(site_info).get("battery_count")),
        "solar": inverters or None,
    }
    count = counts.get(name)
    return {} if count is None else {"num_meters_aggregated": count}


def _energy_wh(history: Any, energy: _Energy, site_info: Any) -> float | None:
    """Add up a lifetime, which comes in rows; None unless every part of every row is known.

    A sum with a part left out is too low, and the next one with it would look like the energy
    of a lifetime in a minute.
    """
    told = mapping(history)
    rows = sequence(told.get("time_series"))
    if not rows or told.get("period", _PERIOD) != _PERIOD or energy is _NO_ENERGY:
        return None
    parts = [part for row in rows for part in _parts(mapping(row), energy, _lacking(site_info))]
    known = [wh for wh in parts if wh is not None]
    return sum(known) if known and len(known) == len(parts) else None


def _parts(row: Mapping[str, Any], energy: _Energy, lacking: set[str]) -> list[float | None]:
    if not energy.origins:
        return [measured(row.get(energy.field))]
    fields = {origin: f"{energy.field}{origin}" for origin in energy.origins}
    parts = [
        measured(row.get(field))
        for origin, field in fields.items()
        if field in row or origin not in lacking
    ]
    return parts or [None]  # a row that says nothing is not a year without energy


def _lacking(site_info: Any) -> set[str]:
    """Return the origins of energy that a row need not name: hardly any home has a generator."""
    missing = {"generator"}
    if has_battery(site_info) is False:
        missing.add("battery")
    if has(site_info, "solar") is False:
        missing.add("solar")
    return missing
