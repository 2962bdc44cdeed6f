"""The site's and the gateway's own documents: status, settings, networks, people. Pure."""

from typing import Any, Final

from simulator.system import System
from simulator.view import View
from simulator.wire import NO_RIGHTS, boot_stamp, go_duration, stamp, zone_name

_UNLIMITED: Final = 1_000_000_000


def _zone(system: System, view: View) -> str:
    return zone_name(view.utc_offset_s, system.mains.zone, system.mains.zone_hours)


def status(system: System, view: View) -> Any:
    """GET /api/status."""
    return {
        "din": system.din,
        "start_time": boot_stamp(view.boot_s),
        "up_time_seconds": go_duration(view.up_s),
        "is_new": False,
        "version": system.version,
        "git_hash": system.git_hash,
        "commission_count": 0,
        "device_type": system.device_type,
        "teg_type": system.teg_type,
        "sync_type": system.sync_type,
        "cellular_disabled": False,
        "can_reboot": True,
    }


def site_info(system: System, view: View) -> Any:
    """GET /api/site_info, the layout of firmware 20 and later."""
    mains = system.mains
    return {
        "max_system_energy_kWh": system.nameplate_wh / 1000,
        "max_system_power_kW": system.nameplate_w / 1000,
        "site_name": system.site_name,
        "timezone": _zone(system, view),
        "max_site_meter_power_kW": _UNLIMITED,
        "min_site_meter_power_kW": -_UNLIMITED,
        "nominal_system_energy_kWh": system.nameplate_wh / 1000,
        "nominal_system_power_kW": system.nameplate_w / 1000,
        "panel_max_current": 100,
        "grid_code": {
            "grid_code": mains.code,
            "grid_voltage_setting": mains.setting_v,
            "grid_freq_setting": mains.hz,
            "grid_phase_setting": mains.phases,
            "country": mains.country,
            "state": mains.state,
            "utility": mains.utility,
        },
    }


def site_name(system: System, view: View) -> Any:
    """GET /api/site_info/site_name."""
    return {"site_name": system.site_name, "timezone": _zone(system, view)}


def operation(_system: System, view: View) -> Any:
    """GET /api/operation; the reserve is on the raw scale."""
    return {
        "real_mode": view.real_mode,
        "backup_reserve_percent": view.reserve_percent,
        "freq_shift_load_shed_soe": 65,
        "freq_shift_load_shed_delta_f": -0.32,
    }


def sitemaster(_system: System, view: View) -> Any:
    """GET /api/sitemaster."""
    return {
        "status": "StatusUp" if view.running else "StatusDown",
        "running": view.running,
        "connected_to_tesla": True,
        "power_supply_mode": False,
        "can_reboot": "Yes" if view.running else "",
    }


def solars(system: System, _view: View) -> Any:
    """GET /api/solars."""
    if not system.inverters:
        return [{"brand": "SolarEdge Technologies", "model": "SE7600A", "power_rating_watts": 7600}]
    return [
        {
            "brand": "Tesla",
            "model": f"Solar Inverter {inverter.nameplate_w // 100 / 10}",
            "power_rating_watts": inverter.nameplate_w,
        }
        for inverter in system.inverters
    ]


def brands(_system: System, _view: View) -> Any:
    """GET /api/solars/brands; the real list is longer."""
    return ["ABB", "Enphase Energy", "Fronius", "SMA America", "SolarEdge Technologies", "Tesla"]


def customer(_system: System, _view: View) -> Any:
    """GET /api/customer."""
    return {"registered": True}


def registration(_system: System, _view: View) -> Any:
    """GET /api/customer/registration."""
    return {
        "privacy_notice": True,
        "limited_warranty": True,
        "grid_services": None,
        "marketing": None,
        "registered": True,
        "timed_out_registration": False,
    }


def installer(_system: System, view: View) -> Any:
    """GET /api/installer, which on a real gateway is personal data."""
    return {
        "company": "Example Solar",
        "customer_id": "",
        "phone": "",
        "email": "",
        "location": "Garage",
        "mounting": "Wall",
        "wiring": "",
        "backup_configuration": "Whole Home",
        "solar_installation": "Existing",
        "solar_installation_type": "PV Panel",
        **({"run_sitemaster": True} if view.running else {}),
        "verified_config": True,
        "installation_types": ["Residential"],
    }


def _network(name: str, interface: str, address: str | None, *, primary: bool) -> dict[str, Any]:
    up = address is not None
    return {
        "network_name": name,
        "interface": interface,
        "enabled": True,
        "dhcp": None if interface == "GsmType" else True,
        "active": up,
        "primary": primary,
        "lastTeslaConnected": primary,
        "lastInternetConnected": primary,
        "iface_network_info": {
            "network_name": name,
            "ip_networks": [{"IP": address, "Mask": "////AA=="}] if up else None,
            "gateway": "192.0.2.1" if up else "",
            "interface": interface,
            "state": "DeviceStateReady" if up else "DeviceStateDisconnected",
            "state_reason": "DeviceStateReasonNone",
            "signal_strength": 0,
            "hw_address": "",
        },
    }


def networks(_system: System, _view: View) -> Any:
    """GET /api/networks, the layout of firmware 20 and later."""
    wired = _network("ethernet_tesla_internal_default", "EthType", "192.0.2.10", primary=True)
    return [wired, _network("gsm_tesla_internal_default", "GsmType", None, primary=False)]


def protocols(_system: System, _view: View) -> Any:
    """GET /api/networks/client_protocols."""
    return dict.fromkeys(("dnp3", "m2m", "mtls", "modbus", "allow_public_ip"), False)


def wifi_security_types(_system: System, _view: View) -> Any:
    """GET /api/networks/wifi_security_types."""
    return ["NONE", "WPA-PSK", "WPA-EAP"]


def problems(_system: System, _view: View) -> Any:
    """GET /api/troubleshooting/problems."""
    return {"problems": []}


def toggle_supported(_system: System, view: View) -> Any:
    """GET /api/auth/toggle/supported."""
    return {"toggle_auth_supported": view.running}


def update_status(system: System, view: View) -> Any:
    """GET /api/system/update/status, which on a real gateway can start an upgrade."""
    now_ms = int(view.now_s * 1000)
    return {
        "state": view.update_state,
        "info": {"status": ["nonactionable"]},
        "current_time": now_ms,
        "last_status_time": int(view.boot_s * 1000),
        "version": system.version,
        "offline_updating": False,
        "offline_update_error": "",
        "estimated_bytes_per_second": None,
    }


def config(system: System, _view: View) -> Any:
    """GET /api/config."""
    return {"vin": system.din}


def generators(_system: System, _view: View) -> Any:
    """GET /api/generators."""
    return {"disconnect_type": "None", "generators": []}


def disconnect_types(_system: System, _view: View) -> Any:
    """GET /api/generators/disconnect_types."""
    return ["DownstreamATS"]


def autoconfig(_system: System, _view: View) -> Any:
    """GET /api/autoconfig/status."""
    return {
        "status": "not_applicable",
        "running": False,
        "retry_possible": False,
        "have_registered": True,
        "have_timezone": True,
        "have_gridcode": True,
        "grid_availability": "",
    }


def testing(_system: System, _view: View) -> Any:
    """GET /api/system/testing."""
    return {
        "running": False,
        "status": "TestNotRun",
        "charge_tests": None,
        "meter_results": None,
        "inverter_results": None,
        "hysteresis": 0.5,
        "error": "",
        "errors": None,
        "tests": None,
    }


def no_tedapi(_system: System, _view: View) -> Any:
    """GET /tedapi/din without its own password, which is how a Powerwall 3 is recognised."""
    return {"code": 403, "error": "Unable to GET to resource", "message": NO_RIGHTS}


def login_time(view: View) -> str:
    """Write the moment of a login as its reply does."""
    return stamp(view.now_s, view.utc_offset_s)
