"""What the cloud tells of a site day by day: products, site_status, live_status. Pure."""

from collections.abc import Iterable
from typing import Any, Final

from simulator.cloud.home import Home
from simulator.grid import CONNECTED, TO_GRID
from simulator.view import View

INTENDED: Final = "ScheduledIslandContactorOpen"
_WALL_CONNECTOR: Final = "1529455-02-D--PGT23000000001"
_WALL_CONNECTOR_SITE: Final = 1_556_100_000_000_077


def _components(home: Home) -> dict[str, Any]:
    battery = {"battery": True, "battery_type": battery_type(home)} if home.has_battery else {}
    return {
        **(battery or {"battery": False}),
        "solar": True,
        "solar_type": "pv_panel",
        "grid": True,
        "load_meter": home.has_battery,
        "market_type": "residential",
        "wall_connectors": wall_connector_devices(home),
    }


def battery_type(home: Home) -> str:
    """Name the kind of battery: one with a solar inverter inside has another name."""
    return "solar_powerwall" if home.system.inverters else "ac_powerwall"


def switches(home: Home) -> dict[str, Any]:
    """Write the flags that are on products, site_status and in user_settings."""
    return {
        "go_off_grid_test_banner_enabled": None,
        "storm_mode_enabled": home.preferences.storm_mode,
        "powerwall_onboarding_settings_set": True,
        "powerwall_tesla_electric_interested_in": None,
        "vpp_tour_enabled": None,
        "sync_grid_alert_enabled": True,
        "breaker_alert_enabled": False,
    }


def _battery_state(home: Home) -> dict[str, Any]:
    return {
        "gateway_id": home.system.din,
        "energy_left": home.energy_left_wh,
        "total_pack_energy": round(home.full_wh),
        "percentage_charged": home.charged_percent,
        "battery_type": battery_type(home),
        "backup_capable": home.system.contactor is not None,
        "battery_power": home.view.battery.power_w,
    }


def _solar_state(home: Home) -> dict[str, Any]:
    return {
        "solar_type": "pv_panel",
        "solar_power": home.view.solar.power_w,
        "sync_grid_alert_enabled": False,
        "breaker_alert_enabled": False,
    }


def site_product(home: Home, site_id: int) -> dict[str, Any]:
    """Write one site as products lists it."""
    names = {
        "energy_site_id": site_id,
        "resource_type": "battery" if home.has_battery else "solar",
        "id": home.identity.ste,
        "asset_site_id": home.asset_id,
    }
    if not home.has_battery:
        return {**names, **_solar_state(home), "components": _components(home)}
    return {
        **names,
        "site_name": home.preferences.site_name,
        "warp_site_number": home.identity.ste,
        **_battery_state(home),
        **switches(home),
        "components": _components(home),
        "features": {"rate_plan_manager_no_pricing_constraint": True},
    }


def _vehicle() -> dict[str, Any]:
    return {
        "id": 1_492_931_000_000_001,
        "vehicle_id": 1_500_000_001,
        "vin": "5YJ30000000000001",
        "display_name": "Car",
        "access_type": "OWNER",
        "state": "asleep",
        "in_service": False,
        "id_s": "1492931000000001",
        "calendar_enabled": True,
        "api_version": None,
    }


def _wall_connector_product() -> dict[str, Any]:
    return {
        "energy_site_id": _WALL_CONNECTOR_SITE,
        "resource_type": "wall_connector",
        "id": _WALL_CONNECTOR,
        "asset_site_id": "00000000-0000-4000-8000-000000000077",
        "components": {"battery": False, "solar": False, "grid": False, "load_meter": False},
    }


def products(homes: Iterable[tuple[int, Home]]) -> list[dict[str, Any]]:
    """GET /api/1/products: cars, wall connectors and sites, not in a client's favourite order."""
    known = list(homes)
    charging = any(home.wall_connector for _, home in known)
    sites = [site_product(home, site_id) for site_id, home in known]
    return [_vehicle(), *([_wall_connector_product()] if charging else []), *sites]


def site_status(home: Home) -> dict[str, Any]:
    """GET site_status."""
    kind = {"resource_type": "battery" if home.has_battery else "solar"}
    name = {"site_name": home.preferences.site_name}
    if not home.has_battery:
        return {**kind, "id": home.identity.ste, **name, **_solar_state(home)}
    return {**kind, **name, **_battery_state(home), **switches(home)}


def island_status(view: View) -> str:
    """Name the island as the cloud does; on the way back it is still one."""
    if view.grid_status == CONNECTED:
        return "on_grid"
    if not view.grid.island and view.grid_status != TO_GRID:
        return "island_status_unknown"
    return "off_grid_intentional" if INTENDED in view.alerts else "off_grid_unintentional"


def _solar_live(home: Home) -> dict[str, Any]:
    return {
        "solar_power": home.view.solar.power_w,
        "grid_status": "Unknown",
        "grid_services_active": False,
        "timestamp": home.time(home.view.now_s),
    }


def live_status(home: Home) -> dict[str, Any]:
    """GET live_status."""
    if not home.has_battery:
        return _solar_live(home)
    view = home.view
    return {
        "solar_power": view.solar.power_w,
        "energy_left": home.energy_left_wh,
        "total_pack_energy": round(home.full_wh),
        "percentage_charged": home.charged_percent,
        "backup_capable": home.system.contactor is not None,
        "battery_power": view.battery.power_w,
        "load_power": view.load.power_w,
        "grid_status": "Active" if view.grid_status == CONNECTED else "Inactive",
        "grid_services_active": False,
        "grid_power": view.site.power_w,
        "grid_services_power": 0,
        "generator_power": 0,
        "island_status": island_status(view),
        "storm_mode_active": False,
        "timestamp": home.time(view.now_s),
        "wall_connectors": _wall_connectors(home),
    }


def _wall_connectors(home: Home) -> list[dict[str, Any]]:
    if not home.wall_connector:
        return []
    return [
        {
            "din": _WALL_CONNECTOR,
            "wall_connector_state": 2,
            "wall_connector_fault_state": 2,
            "wall_connector_power": 0,
        }
    ]


def wall_connector_devices(home: Home) -> list[dict[str, Any]]:
    """List the wall connectors as parts of a site."""
    if not home.wall_connector:
        return []
    part, _, serial = _WALL_CONNECTOR.partition("--")
    names = {"din": _WALL_CONNECTOR, "serial_number": serial, "part_number": part}
    return [{**names, "part_type": 15, "part_name": "Gen 3 Wall Connector", "is_active": True}]


def backup_time_remaining(home: Home) -> dict[str, Any]:
    """GET backup_time_remaining: at the present load."""
    load_w = home.view.load.power_w
    if not home.has_battery or load_w <= 0:
        return {}
    return {"time_remaining_hours": home.energy_left_wh / load_w}
