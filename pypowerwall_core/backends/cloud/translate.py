"""Gateway-shaped documents out of Tesla's cloud documents. Pure.

Each function takes the `response` objects of the owner API, None for one that is unknown, and
returns the document a gateway would have given, None when nothing can be said, or NOT_SERVED
where this kind of site has no such thing. What is of another type than expected is unknown.
Nothing is made up here: see `constants` for what pages insist on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pypowerwall_core.claims import NOT_SERVED
from pypowerwall_core.fields import mapping, text
from pypowerwall_core.scales import raw_from_app

from .constants import SITEMASTER, STSTSM_ECU_TYPE
from .sites import (
    components,
    firmware,
    gateway_din,
    has_battery,
    measured,
    unless_empty,
)

CONNECTED, ISLANDED = "SystemGridConnected", "SystemIslandedActive"
_ISLAND_ALERTS = {
    "off_grid": "UnscheduledIslandContactorOpen",
    "off_grid_unintentional": "UnscheduledIslandContactorOpen",
    "off_grid_intentional": "ScheduledIslandContactorOpen",
}
"""The words for an island, and the alert a gateway raises in it."""
_CONNECTED_ALERT = "SystemConnectedToGrid"

_UNTOLD_OF_SYSTEM = (
    "command_source",
    "battery_target_power",
    "battery_target_reactive_power",
    "max_power_energy_remaining",
    "max_power_energy_to_be_charged",
    "instantaneous_max_discharge_power",
    "instantaneous_max_charge_power",
    "instantaneous_max_apparent_power",
    "hardware_capability_charge_power",
    "hardware_capability_discharge_power",
    "available_charger_blocks",
    "ffr_power_availability_high",
    "ffr_power_availability_low",
    "load_charge_constraint",
    "max_sustained_ramp_rate",
    "can_reboot",
    "smart_inv_delta_p",
    "smart_inv_delta_q",
    "last_toggle_timestamp",
    "solar_real_power_limit",
    "score",
    "primary",
    "auxiliary_load",
    "all_enable_lines_high",
    "inverter_nominal_usable_power",
    "expected_energy_remaining",
)


# -- the battery ----------------------------------------------------------------------------


def soe(live_status: Any, site_status: Any, site_info: Any) -> Any:
    """Return {"percentage": raw percent}."""
    if has_battery(site_info, site_status) is False:
        return NOT_SERVED
    app_pct = _of_battery("percentage_charged", live_status, site_status)
    return None if app_pct is None else {"percentage": raw_from_app(app_pct)}


def system_status(live_status: Any, site_status: Any, site_info: Any) -> Any:
    """Return /api/system_status: totals of the site, and no pack by itself.

    `available_blocks` counts the Powerwalls there are: the cloud does not say which work.
    """
    if has_battery(site_info, site_status) is False:
        return NOT_SERVED
    power_w = measured(mapping(site_info).get("nameplate_power"))
    count = measured(mapping(site_info).get("battery_count"))
    told = {
        "nominal_full_pack_energy": _of_battery("total_pack_energy", live_status, site_status),
        "nominal_energy_remaining": _of_battery("energy_left", live_status, site_status),
        **dict.fromkeys(("max_charge_power", "max_discharge_power", "max_apparent_power"), power_w),
        "grid_services_power": measured(mapping(live_status).get("grid_services_power")),
        "system_island_state": _grid_word(live_status, site_info),
        **dict.fromkeys(("available_blocks", "blocks_controlled"), count),
    }
    # No list is told: readers go over these, and over null they would stumble.
    lists: dict[str, list[Any]] = {"battery_blocks": [], "grid_faults": []}
    return unless_empty(told, dict.fromkeys(_UNTOLD_OF_SYSTEM) | lists)


def operation(site_info: Any) -> Any:
    """Return {"real_mode": word, "backup_reserve_percent": raw percent}."""
    if has_battery(site_info) is False:
        return NOT_SERVED
    info = mapping(site_info)
    app_pct = measured(info.get("backup_reserve_percent"))
    return unless_empty(
        {
            "real_mode": text(info.get("default_real_mode")),
            "backup_reserve_percent": None if app_pct is None else raw_from_app(app_pct),
        }
    )


def time_remaining(backup_time: Any, site_info: Any) -> Any:
    """Return {"time_remaining_hours": h}, as Tesla reckons it."""
    if has_battery(site_info) is False:
        return NOT_SERVED
    hours = measured(mapping(backup_time).get("time_remaining_hours"))
    return None if hours is None else {"time_remaining_hours": hours}


def grid_charging(site_info: Any) -> bool | None:
    """Say whether the battery may charge from the grid; None: unknown, or there is no battery.

    The cloud tells only that it may not: where it tells nothing, charging is allowed.
    """
    told = components(site_info)
    if has_battery(site_info) is not True or not told:
        return None
    forbidden = told.get("disallow_charge_from_grid_with_solar_installed", False)
    return not forbidden if isinstance(forbidden, bool) else None


def grid_export(site_info: Any) -> str | None:
    """Say what may be sold: battery_ok, pv_only or never; None where no rule was chosen."""
    if has_battery(site_info) is False:
        return None
    return text(components(site_info).get("customer_preferred_export_rule"))


def grid_rules(site_info: Any) -> Any:
    """Return both rules under their names; NOT_SERVED without a battery, None while unknown."""
    if has_battery(site_info) is False:
        return NOT_SERVED
    if not components(site_info):
        return None
    return {"grid_charging": grid_charging(site_info), "grid_export": grid_export(site_info)}


def _of_battery(field: str, live_status: Any, site_status: Any) -> float | None:
    """Return a number of the battery, which both tell, or one of them; it depends on the API."""
    documents = (mapping(live_status), mapping(site_status))
    if any(_out_of_touch(document) for document in documents):
        return None
    told = (measured(document.get(field)) for document in documents)
    return next((value for value in told if value is not None), None)


def _out_of_touch(document: Mapping[str, Any]) -> bool:
    """Say whether Tesla has lost the gateway: then it tells 0 of 1 Wh, and an empty battery."""
    return (document.get("energy_left"), document.get("total_pack_energy")) == (0, 1)


# -- the grid -------------------------------------------------------------------------------


def grid_status(live_status: Any, site_info: Any) -> Any:
    """Return {"grid_status": a gateway's word, "grid_services_active": bool}.

    The word is null while unknown, which it always is at most solar-only sites.
    """
    active = mapping(live_status).get("grid_services_active")
    return unless_empty(
        {
            "grid_status": _grid_word(live_status, site_info),
            "grid_services_active": active if isinstance(active, bool) else None,
        }
    )


def _grid_word(live_status: Any, site_info: Any) -> str | None:
    """Return the gateway's word for the grid; one word for an island outweighs the others.

    A site without a battery is never off the grid: it has nothing to make an island with.
    Dashboards showed solar-only sites, whose grid is "Unknown", as off grid for ever.
    """
    live = mapping(live_status)
    told = text(live.get("grid_status"))
    if told == "Inactive" or _island_alert(live):
        return ISLANDED if has_battery(site_info) is not False else None
    return CONNECTED if told == "Active" else None


def _island_alert(live: Mapping[str, Any]) -> str | None:
    return _ISLAND_ALERTS.get(text(live.get("island_status")) or "")


# -- the system itself ----------------------------------------------------------------------


def vitals(live_status: Any, site_info: Any) -> Any:
    """Return one device, the system itself: {STSTSM--part--serial: {"alerts": [...], ...}}.

    Its numbers are those of the DIN, and its alert is what the grid does; nothing else is told.
    """
    din = gateway_din(site_info)
    if din is None:
        return NOT_SERVED if has_battery(site_info) is False else None
    if not mapping(live_status):
        return None
    part, serial = din.split("--")
    alert = _alert(mapping(live_status), site_info)
    return {
        f"STSTSM--{din}": {
            "partNumber": part,
            "serialNumber": serial,
            "firmwareVersion": firmware(site_info),
            "teslaEnergyEcuAttributes": {"ecuType": STSTSM_ECU_TYPE},
            "alerts": [] if alert is None else [alert],
        }
    }


def sitemaster(live_status: Any) -> Any:
    """Return that the system runs, while the cloud has live data of it."""
    live = mapping(live_status)
    return SITEMASTER if live and not _out_of_touch(live) else None


def _alert(live: Mapping[str, Any], site_info: Any) -> str | None:
    words = {CONNECTED: _CONNECTED_ALERT, ISLANDED: _island_alert(live)}
    return words.get(_grid_word(live, site_info) or "")
