"""Contract 6: the calls of the library, what they take and what they return.

Where the original said 0.0 for what it did not know, None is promised; is_connected tells of
the meters, because a Powerwall 3 has no status.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from typing import Any

from contract.devices import alert_names, temps
from contract.library import battery_blocks
from contract.power import GRID, app_pct, grid_word, hours, level_pct, power_w, reserve_pct
from contract.strings import strings, verbose
from support.contract import Documents, Shape, exactly, said

from pypowerwall_core import Powerwall

REQUIRED = inspect.Parameter.empty

# -- names, arguments, defaults -------------------------------------------------------------

CONSTRUCTOR = (
    ("host", ""),
    ("password", ""),
    ("email", "nobody@nowhere.com"),
    ("timezone", "America/Los_Angeles"),
    ("pwcacheexpire", 5),
    ("timeout", 5),
    ("poolmaxsize", 10),
    ("cloudmode", False),
    ("siteid", None),
    ("authpath", ""),
    ("authmode", "cookie"),
    ("cachefile", ".powerwall"),
    ("fleetapi", False),
    ("auto_select", False),
    ("retry_modes", False),
    ("gw_pwd", None),
    ("rsa_key_path", None),
    ("wifi_host", None),
    ("tedapi_api_version", "V2024_06"),
    ("tedapi_auth_mode", "basic"),
    ("failover", True),
    ("wifi_v1r_fallback", False),
)
_VERBOSE = (("verbose", False),)
_JSON = (("jsonformat", False),)
METHODS: dict[str, tuple[tuple[str, Any], ...]] = {
    "is_connected": (),
    "connect": (("retry", False),),
    "poll": (
        ("api", "/api/site_info/site_name"),
        ("jsonformat", False),
        ("raw", False),
        ("recursive", False),
        ("force", False),
    ),
    "post": (
        ("api", REQUIRED),
        ("payload", REQUIRED),
        ("din", None),
        ("jsonformat", False),
        ("raw", False),
        ("recursive", False),
    ),
    "level": (("scale", False),),
    "power": (),
    **dict.fromkeys(("site", "solar", "battery", "load", "grid", "home"), _VERBOSE),
    "vitals": _JSON,
    "strings": (*_JSON, *_VERBOSE),
    "temps": _JSON,
    "alerts": (*_JSON, ("alertsonly", True)),
    "system_status": _JSON,
    "battery_blocks": _JSON,
    "grid_status": (("output_type", "string"), ("type", None)),
    "site_name": (),
    "din": (),
    "uptime": (),
    "version": (("int_value", False),),
    "status": (("param", None), *_JSON),
    "get_reserve": (("scale", True), ("force", False)),
    "get_mode": (("force", False),),
    "get_time_remaining": (),
    "set_reserve": (("level", REQUIRED),),
    "set_mode": (("mode", REQUIRED),),
    "set_operation": (("level", None), ("mode", None), *_JSON),
    "set_grid_charging": (("mode", REQUIRED),),
    "get_grid_charging": (),
    "set_grid_export": (("mode", REQUIRED),),
    "get_grid_export": (),
    "get_tariff": (("force", False),),
    "set_tariff": (("tou_settings", REQUIRED), *_JSON),
    "go_off_grid": (("confirm", False),),
    "reconnect_grid": (),
}
ONLY_TEDAPI = (
    "schedule_max_backup",
    "cancel_max_backup",
    "get_backup_events",
    "dispatch_battery_power",
    "resume_battery_operation",
    "wifi_v1r_ready",
)
EXCEPTIONS = (
    "PyPowerwallInvalidConfigurationParameter",
    "InvalidBatteryReserveLevelException",
    "LoginError",
    "PowerwallConnectionError",
    *(
        f"PyPowerwall{backend}{what}"
        for backend in ("Cloud", "FleetAPI", "TEDAPI")
        for what in ("NoTeslaAuthFile", "TeslaNotConnected", "NotImplemented", "InvalidPayload")
    ),
)


# -- what is returned -----------------------------------------------------------------------

PATHS = {
    "aggregates": "/api/meters/aggregates",
    "soe": "/api/system_status/soe",
    "grid_status": "/api/system_status/grid_status",
    "vitals": "/api/devices/vitals",
    "solar_powerwall": "/api/solar_powerwall",
    "system_status": "/api/system_status",
    "operation": "/api/operation",
    "status": "/api/status",
    "site_name": "/api/site_info/site_name",
}
METERS = ("site", "solar", "battery", "load")
SECTIONS = {**{name: name for name in METERS}, "grid": "site", "home": "load"}
WORDS = {1: "UP", 0: "DOWN", -1: "SYNCING", None: None}
VERSIONS = {
    "23.36.4 3f8a51c2": 233604,
    "23.44.0 9c04be16": 234400,
    "23.28.2 27626f98": 232802,
    "1.20.0\n": 12000,
    None: None,
}
SYSTEMS = ("pw2", "novitals", "pwplus", "pw3", "old")
Ask = Callable[[Powerwall], Any]
Promised = Callable[[Documents], Shape]


def grid(documents: Documents) -> int | None:
    return GRID.get(grid_word(documents) or "")


def level_app(documents: Documents) -> float | None:
    raw_pct = level_pct(documents)
    return None if raw_pct is None else min(100.0, max(0.0, app_pct(raw_pct)))


def told(*place: str) -> Promised:
    """What stands at a place of the documents."""
    return lambda documents: exactly(said(documents, *place))


def value(read: Callable[[Documents], Any]) -> Promised:
    return lambda documents: exactly(read(documents))


def mode(documents: Documents) -> Any:
    """Firmware 1.x says it otherwise."""
    operation = said(documents, "operation") or {}
    return operation.get("real_mode", operation.get("mode"))


def of_each_device(documents: Documents) -> list[Any]:
    grid_names = set(alert_names({"grid_status": said(documents, "grid_status")}))
    found: list[Any] = [
        {name: alert}
        for name, device in (said(documents, "vitals") or {}).items()
        for alert in device.get("alerts", ())
    ]
    return sorted([*grid_names, *found], key=str)


def grid_text(documents: Documents) -> Any:
    document = said(documents, "grid_status")
    return None if document is None else json.dumps(document, indent=4, sort_keys=True)


RETURNS: dict[str, tuple[Ask, Promised]] = {
    "is_connected()": (lambda pw: pw.is_connected(), value(lambda _: True)),
    "connect()": (lambda pw: pw.connect(), value(lambda _: True)),
    "level()": (lambda pw: pw.level(), value(level_pct)),
    "level(True)": (lambda pw: pw.level(scale=True), value(level_app)),
    "power()": (
        lambda pw: pw.power(),
        value(lambda known: {name: power_w(known, name) for name in METERS}),
    ),
    **{
        f"{name}()": (
            lambda pw, name=name: getattr(pw, name)(),
            value(lambda known, section=section: power_w(known, section)),
        )
        for name, section in SECTIONS.items()
    },
    **{
        f"{name}(True)": (
            lambda pw, name=name: getattr(pw, name)(verbose=True),
            told("aggregates", section),
        )
        for name, section in SECTIONS.items()
    },
    "vitals()": (lambda pw: pw.vitals(), told("vitals")),
    "strings()": (lambda pw: pw.strings(), strings),
    "strings(verbose)": (lambda pw: pw.strings(verbose=True), verbose),
    "temps()": (lambda pw: pw.temps(), temps),
    "alerts()": (lambda pw: pw.alerts(), value(alert_names)),
    "alerts(alertsonly=False)": (lambda pw: pw.alerts(alertsonly=False), value(of_each_device)),
    "system_status()": (lambda pw: pw.system_status(), told("system_status")),
    "battery_blocks()": (lambda pw: pw.battery_blocks(), battery_blocks),
    "grid_status()": (lambda pw: pw.grid_status(), value(lambda known: WORDS[grid(known)])),
    "grid_status(type=numeric)": (lambda pw: pw.grid_status(type="numeric"), value(grid)),
    "grid_status(json)": (lambda pw: pw.grid_status("json"), value(grid_text)),
    "site_name()": (lambda pw: pw.site_name(), told("site_name", "site_name")),
    "din()": (lambda pw: pw.din(), told("status", "din")),
    "uptime()": (lambda pw: pw.uptime(), told("status", "up_time_seconds")),
    "version()": (lambda pw: pw.version(), told("status", "version")),
    "version(True)": (
        lambda pw: pw.version(int_value=True),
        value(lambda known: VERSIONS[said(known, "status", "version")]),
    ),
    "status()": (lambda pw: pw.status(), told("status")),
    "status(param)": (lambda pw: pw.status("start_time"), told("status", "start_time")),
    "status(no such)": (lambda pw: pw.status("no such"), value(lambda _: None)),
    "get_reserve()": (lambda pw: pw.get_reserve(), value(reserve_pct)),
    "get_reserve(raw)": (
        lambda pw: pw.get_reserve(scale=False),
        told("operation", "backup_reserve_percent"),
    ),
    "get_mode()": (lambda pw: pw.get_mode(), value(mode)),
    "get_time_remaining()": (lambda pw: pw.get_time_remaining(), value(hours)),
    "get_grid_charging()": (lambda pw: pw.get_grid_charging(), value(lambda _: None)),
    "get_grid_export()": (lambda pw: pw.get_grid_export(), value(lambda _: None)),
    "get_tariff()": (lambda pw: pw.get_tariff(), value(lambda _: None)),
    "get_tariff(force)": (lambda pw: pw.get_tariff(force=True), value(lambda _: None)),
    "poll()": (lambda pw: pw.poll(), told("site_name")),
    "poll(no such path)": (lambda pw: pw.poll("/api/no/such/path"), value(lambda _: None)),
    "tedapi": (lambda pw: (pw.tedapi or None, pw.tedapi_mode), value(lambda _: (None, "off"))),
}
WITH_JSON = ("vitals", "strings", "temps", "alerts", "system_status", "battery_blocks", "status")

# -- what is not known ---------------------------------------------------------------------

POWERLESS = dict.fromkeys(METERS)
UNKNOWN: dict[str, Any] = {
    "is_connected()": False,
    "connect()": False,
    "power()": POWERLESS,
    "strings()": {},
    "strings(verbose)": {},
    "temps()": {},
    "alerts()": [],
    "alerts(alertsonly=False)": [],
    "tedapi": (None, "off"),
    "strings as JSON": "{}",
    "temps as JSON": "{}",
    "alerts as JSON": "[]",
    **{f"{name} as JSON": "null" for name in ("vitals", "system_status", "battery_blocks")},
    "status as JSON": "null",
    "polls": dict.fromkeys(PATHS.values(), "null"),
    "raw": dict.fromkeys(("/api/status", "/api/system_status/soe")),
    "documents": dict.fromkeys(PATHS),
}
"""Everything else is None."""
