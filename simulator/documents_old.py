"""The documents of firmware before 1.45, where they differ from later ones. Pure."""

from typing import Any, Final

from simulator import documents, documents_battery, documents_meters
from simulator.system import System
from simulator.view import View

# What an aggregate had before firmware 20.
_READING: Final = (
    "last_communication_time",
    "instant_power",
    "instant_reactive_power",
    "instant_apparent_power",
    "frequency",
    "energy_exported",
    "energy_imported",
    "instant_average_voltage",
    "instant_total_current",
    "i_a_current",
    "i_b_current",
    "i_c_current",
)
# What came to /api/status with 1.45 and with 22.
_LATER_STATUS: Final = ("device_type", "sync_type", "teg_type", "can_reboot")
_LATER_SYSTEM_STATUS: Final = (
    "instantaneous_max_apparent_power",
    "hardware_capability_charge_power",
    "hardware_capability_discharge_power",
    "available_charger_blocks",
)


def without(document: Any, keys: tuple[str, ...]) -> Any:
    """Leave keys out."""
    return {key: value for key, value in document.items() if key not in keys}


def zero_meters(others: Any) -> dict[str, Any]:
    """Make three meters like the others, that read nothing."""
    like = next(iter(others.values()))
    nothing = {key: 0 if isinstance(value, int | float) else value for key, value in like.items()}
    return {meter: dict(nothing) for meter in ("busway", "frequency", "generator")}


def small_aggregates(document: Any) -> Any:
    """Leave what old firmware had, and its three meters that always read zero."""
    old = {meter: {key: reading[key] for key in _READING} for meter, reading in document.items()}
    return {**old, **zero_meters(old)}


def flat_site_info(document: Any) -> Any:
    """Write the grid code's parts on the top level."""
    kept = {key: value for key, value in document.items() if not key.startswith("nominal_")}
    parts = document["grid_code"] if isinstance(document["grid_code"], dict) else {}
    return {**kept, **parts, "net_meter_mode": ""}


def status(system: System, view: View) -> Any:
    """GET /api/status."""
    old = without(documents.status(system, view), _LATER_STATUS)
    return {**old, "leader": "", "followers": None}


def site_info(system: System, view: View) -> Any:
    """GET /api/site_info: no object in it."""
    later = without(documents.site_info(system, view), ("panel_max_current",))
    return flat_site_info(later)


def operation(system: System, view: View) -> Any:
    """GET /api/operation."""
    later = documents.operation(system, view)
    return {"mode": later["real_mode"], "backup_reserve_percent": later["backup_reserve_percent"]}


def sitemaster(_system: System, view: View) -> Any:
    """GET /api/sitemaster."""
    return {
        "running": view.running,
        "uptime": f"{int(view.up_s)}s," if view.running else "log:",
        "connected_to_tesla": True,
    }


def registration(system: System, view: View) -> Any:
    """GET /api/customer/registration."""
    later = documents.registration(system, view)
    return {**later, "emailed_registration": True, "skipped_registration": False}


def aggregates(system: System, view: View) -> Any:
    """GET /api/meters/aggregates."""
    return small_aggregates(documents_meters.aggregates(system, view))


def grid_status(system: System, view: View) -> Any:
    """GET /api/system_status/grid_status: nobody knew of grid services."""
    return without(documents_battery.grid_status(system, view), ("grid_services_active",))


def system_status(system: System, view: View) -> Any:
    """GET /api/system_status."""
    return without(documents_battery.system_status(system, view), _LATER_SYSTEM_STATUS)


def powerwalls(system: System, view: View) -> Any:
    """GET /api/powerwalls."""
    later = without(documents_battery.powerwalls(system, view), ("sync", "msa", "states"))
    rows = [{**row, "type": "acpw"} for row in later["powerwalls"]]
    return {**later, "powerwalls": rows, "has_sync": True}


def powerwalls_status(_system: System, _view: View) -> Any:
    """GET /api/powerwalls/status, refused while running."""
    said = "Sitemaster is current running"
    return {"code": 409, "error": said, "message": said}


def networks(_system: System, _view: View) -> Any:
    """GET /api/networks."""
    addresses = {"can0": "", "eth0": "192.0.2.10", "wifi0": "192.168.91.1"}
    return [
        {
            "id": number,
            "name": name,
            "connected": bool(address),
            "is_dhcp": name == "eth0",
            "ip_address": address,
            "subnet": "255.255.255.0" if address else "",
            "config": None,
        }
        for number, (name, address) in enumerate(addresses.items())
    ]


def system_networks(_system: System, _view: View) -> Any:
    """GET /api/system/networks, removed later."""
    return [
        {
            "network_name": "ethernet_tesla_internal_default",
            "interface": "EthType",
            "security_type": "NONE",
            "dhcp": True,
            "enabled": True,
        }
    ]


def grid_codes(system: System, _view: View) -> Any:
    """GET /api/site_info/grid_codes, removed later; the real list is longer."""
    return ["50Hz_230V_1_VDE4105:2018_Germany", "60Hz_240V_s_IEEE1547a:2014", system.mains.code]
