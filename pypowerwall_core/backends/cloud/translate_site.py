"""What a site is: name, firmware, ratings, serials, out of the cloud's site_info. Pure.

Functions as in `translate`; all of them are slow to change.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pypowerwall_core.fields import mapping, sequence, text

from .sites import components, firmware, gateway_din, has_battery, measured, unless_empty

_UNTOLD_OF_STATUS = (
    "start_time",
    "up_time_seconds",
    "is_new",
    "git_hash",
    "commission_count",
    "teg_type",
    "sync_type",
    "cellular_disabled",
    "can_reboot",
)
_UNTOLD_OF_GRID_CODE = (
    "grid_code",
    "grid_voltage_setting",
    "grid_freq_setting",
    "grid_phase_setting",
    "country",
    "state",
)


def status(site_info: Any) -> Any:
    """Return /api/status; since when the gateway runs, the cloud does not know."""
    info = mapping(site_info)
    return unless_empty(
        {
            "din": gateway_din(site_info),
            "version": firmware(site_info),
            "device_type": text(components(site_info).get("gateway")),
            "installation_date": text(info.get("installation_date")),
        },
        dict.fromkeys(_UNTOLD_OF_STATUS),
    )


def site_name(site_info: Any) -> Any:
    """Return {"site_name": text, "timezone": IANA name}."""
    return unless_empty(_named(mapping(site_info)))


def site_document(site_info: Any) -> Any:
    """Return /api/site_info: what the site is rated for, kWh and kW."""
    info = mapping(site_info)
    energy_kwh = _kilo(info.get("nameplate_energy"))
    power_kw = _kilo(info.get("nameplate_power"))
    told = {
        "max_system_energy_kWh": energy_kwh,
        "max_system_power_kW": power_kw,
        **_named(info),
        # Not divided: a gateway too has 1000000000 here, which stands for no limit.
        "max_site_meter_power_kW": measured(info.get("max_site_meter_power_ac")),
        "min_site_meter_power_kW": measured(info.get("min_site_meter_power_ac")),
        "nominal_system_energy_kWh": energy_kwh,
        "nominal_system_power_kW": power_kw,
    }
    utility = text(mapping(info.get("tariff_content")).get("utility"))
    grid_code = {**dict.fromkeys(_UNTOLD_OF_GRID_CODE), "utility": utility}
    return unless_empty(told, {"panel_max_current": None, "grid_code": grid_code})


def powerwalls(site_info: Any) -> Any:
    """Return {"powerwalls": [...], "gateway_din"}: the packs by their own serials.

    A site without a battery has an empty list, not nothing: Tesla's page goes over it.
    """
    din, batteries = gateway_din(site_info), sequence(components(site_info).get("batteries"))
    if din is None and not batteries and has_battery(site_info) is not False:
        return None
    packs = [
        {
            "Type": "",
            "PackagePartNumber": text(mapping(battery).get("part_number")),
            "PackageSerialNumber": text(mapping(battery).get("serial_number")),
        }
        for battery in batteries
    ]
    return {"powerwalls": packs, "gateway_din": din}


def solars(site_info: Any) -> Any:
    """Return Tesla's own solar inverters: [{"brand", "model", "power_rating_watts"}].

    Those of other makes the cloud does not know, nor what any of them is rated for.
    """
    inverters = components(site_info).get("inverters")
    if not isinstance(inverters, list):
        return None
    return [
        {
            "brand": None,
            "model": text(mapping(inverter).get("part_name")),
            "power_rating_watts": None,
        }
        for inverter in inverters
    ]


def _named(info: Mapping[str, Any]) -> dict[str, str | None]:
    return {
        "site_name": text(info.get("site_name")),
        "timezone": text(info.get("installation_time_zone")),
    }


def _kilo(value: Any) -> float | None:
    told = measured(value)
    return None if told is None else told / 1000
