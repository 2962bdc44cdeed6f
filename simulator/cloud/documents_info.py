"""What a site is made of, and its tariff: site_info, tariff_rate. Pure."""

from typing import Any, Final

from simulator.cloud.documents import battery_type, switches, wall_connector_devices
from simulator.cloud.home import INSTALLED_S, Home, device_id
from simulator.system import Inverter, Pack

_UNLIMITED: Final = 1_000_000_000
# Yes to what everybody's site has, in one word each.
_FLAGS: Final = {
    "tou_capable": True,
    "storm_mode_capable": True,
    "flex_energy_request_capable": False,
    "car_charging_data_supported": False,
    "off_grid_vehicle_charging_reserve_supported": True,
    "vehicle_charging_performance_view_enabled": False,
    "vehicle_charging_solar_offset_view_enabled": False,
    "battery_solar_offset_view_enabled": True,
    "solar_value_enabled": True,
    "energy_value_header": "Energy Value",
    "energy_value_subheader": "Estimated Value",
    "energy_service_self_scheduling_enabled": True,
    "show_grid_import_battery_source_cards": True,
    "set_islanding_mode_enabled": True,
    "wifi_commissioning_enabled": True,
    "backup_time_remaining_enabled": True,
    "rate_plan_manager_supported": True,
}
_PERMISSIONS: Final = {
    "configurable": True,
    "grid_services_enabled": False,
    "edit_setting_permission_to_export": True,
    "edit_setting_grid_charging": True,
    "edit_setting_energy_exports": True,
    "system_alerts_enabled": True,
}


def _part(part: str, serial: str, part_type: int, name: str) -> dict[str, Any]:
    din = f"{part}--{serial}"
    return {
        "device_id": device_id(din),
        "din": din,
        "serial_number": serial,
        "part_number": part,
        "part_type": part_type,
        "part_name": name,
    }


def _gateway(home: Home) -> dict[str, Any]:
    system = home.system
    return {
        **_part(system.gateway_part, system.gateway_serial, 10, "Tesla Backup Gateway 2"),
        "is_active": True,
        "site_id": home.asset_id,
        "firmware_version": _version(home),
        "updated_datetime": home.time(home.view.boot_s),
    }


def _version(home: Home) -> str:
    return home.system.version.strip()


def _battery(home: Home, pack: Pack) -> dict[str, Any]:
    system, count = home.system, len(home.system.packs)
    return {
        **_part(pack.part, pack.serial, 2, "Powerwall 2"),
        "nameplate_max_charge_power": round(system.nameplate_w / count),
        "nameplate_max_discharge_power": round(system.nameplate_w / count),
        "nameplate_energy": round(system.nameplate_wh / count),
    }


def _inverter(home: Home, inverter: Inverter) -> dict[str, Any]:
    din = f"{inverter.part}--{inverter.serial}"
    return {
        "device_id": device_id(din),
        "din": din,
        "part_number": inverter.part,
        "part_type": 7,
        "part_name": "Non-Tesla Inverter" if not inverter.strings else "Tesla Inverter",
        "is_active": True,
        "site_id": home.asset_id,
    }


def _chosen(home: Home) -> dict[str, Any]:
    """Write what is there only once somebody has chosen it."""
    chosen: dict[str, Any] = {}
    if not home.preferences.grid_charging:
        chosen["disallow_charge_from_grid_with_solar_installed"] = True
    if home.preferences.export_rule is not None:
        chosen["customer_preferred_export_rule"] = home.preferences.export_rule
    return chosen


def _components(home: Home) -> dict[str, Any]:
    system, has_battery = home.system, home.has_battery
    kind = {"battery_type": battery_type(home)} if has_battery else {}
    inverters = [_inverter(home, inverter) for inverter in system.inverters]
    return {
        "solar": True,
        "solar_type": "pv_panel",
        "battery": has_battery,
        "grid": True,
        "backup": has_battery and system.contactor is not None,
        "gateway": "teg",
        "load_meter": has_battery,
        **(_FLAGS if has_battery else {}),
        **kind,
        **_PERMISSIONS,
        "gateways": [_gateway(home)],
        "batteries": [_battery(home, pack) for pack in system.packs],
        "inverters": inverters,
        "wall_connectors": wall_connector_devices(home),
        "net_meter_mode": "battery_ok",
        **_chosen(home),
    }


def site_info(home: Home) -> dict[str, Any]:
    """GET site_info."""
    return {
        "id": home.system.din,
        "site_name": home.preferences.site_name,
        "site_number": home.identity.ste,
        **(_settings(home) if home.has_battery else {}),
        "installation_date": home.time(INSTALLED_S),
        "user_settings": switches(home),
        "components": _components(home),
        "version": _version(home),
        "battery_count": len(home.system.packs),
        **_tariffs(home),
        "nameplate_power": home.system.nameplate_w,
        "nameplate_energy": home.system.nameplate_wh,
        "installation_time_zone": home.zone,
        "off_grid_vehicle_charging_reserve_percent": home.preferences.vehicle_reserve,
        "max_site_meter_power_ac": _UNLIMITED,
        "min_site_meter_power_ac": -_UNLIMITED,
        "geolocation": {"latitude": 37.0, "longitude": -122.0, "source": "Site Address Preference"},
        "address": {
            "address_line1": "1 Example Street",
            "city": "Exampleton",
            "state": home.system.mains.state,
            "zip": "00000",
            "country": home.system.mains.country,
        },
        "vpp_backup_reserve_percent": home.reserve_percent,
    }


def _settings(home: Home) -> dict[str, Any]:
    return {
        "backup_reserve_percent": home.reserve_percent,
        "default_real_mode": home.view.real_mode,
    }


def _tariffs(home: Home) -> dict[str, Any]:
    tariff = tariff_rate(home)
    return {
        "tariff_id": tariff.get("code", ""),
        "tariff_content": tariff,
        "tariff_content_v2": {"version": 1, **tariff},
    }


def _whole_day(name: str) -> dict[str, Any]:
    every_hour = {"fromDayOfWeek": 0, "toDayOfWeek": 6, "fromHour": 0, "fromMinute": 0}
    return {name: [{**every_hour, "toHour": 0, "toMinute": 0}]}


def _rates(price: float) -> dict[str, Any]:
    seasons = {"Summer": (4, 1, 9, 30), "Winter": (10, 1, 3, 31)}
    return {
        "daily_charges": [{"name": "Charge", "amount": 0}],
        "demand_charges": {"ALL": {"ALL": 0}, "Summer": {}, "Winter": {}},
        "energy_charges": {
            "ALL": {"ALL": 0},
            "Summer": {"OFF_PEAK": price},
            "Winter": {"OFF_PEAK": price},
        },
        "seasons": {
            name: {
                "fromMonth": first,
                "fromDay": from_day,
                "toMonth": last,
                "toDay": to_day,
                "tou_periods": _whole_day("OFF_PEAK"),
            }
            for name, (first, from_day, last, to_day) in seasons.items()
        },
    }


def tariff_rate(home: Home) -> dict[str, Any]:
    """GET tariff_rate: what was entered, or one price day and night."""
    if home.preferences.tariff is not None:
        return dict(home.preferences.tariff)
    utility = home.system.mains.utility
    names = {"code": "SIMULATED-FLAT", "name": "Flat (simulated)", "utility": utility}
    sold = {"name": names["name"], "utility": utility, **_rates(0.08)}
    return {**names, "currency": "USD", **_rates(0.3), "sell_tariff": sold}
