"""Power, charge, packs, strings and alerts: what Telegraf and dashboards read."""

from __future__ import annotations

from proxy.rows import Style, View, as_is_row
from proxy.views import batteries, devices, meters, system
from pypowerwall_core import alerts, payloads, shapes, solar

_CSV_NEEDS = (payloads.AGGREGATES, payloads.SOE)
_STRINGS_NEEDS = (payloads.VITALS, payloads.SOLAR_POWERWALL)
_ALERTS_NEEDS = (*_STRINGS_NEEDS, payloads.GRID_STATUS)

HOUSE = (
    as_is_row(
        "/aggregates",
        payloads.AGGREGATES,
        "Power, energy, voltage and current of site (grid), battery, load (home) and solar: "
        "the gateway's own object, every key.",
    ),
    as_is_row("/api/meters/aggregates", payloads.AGGREGATES, "The same."),
    as_is_row(
        "/soe",
        payloads.SOE,
        '`{"percentage": 24.0}`: battery level as the gateway counts it (raw, with the 5 % the '
        "app hides).",
    ),
    View(
        "/api/system_status/soe",
        '`{"percentage": 20.0}`: battery level as Tesla\'s app shows it, 0 to 100.',
        meters.soe_app,
        (payloads.SOE,),
    ),
    as_is_row(
        "/api/system_status/grid_status",
        payloads.GRID_STATUS,
        '`{"grid_status": "SystemGridConnected", "grid_services_active": false}`.',
    ),
    View(
        "/csv",
        "`Grid,Home,Solar,Battery,BatteryLevel`: W and raw %, one line of text; `?headers` puts "
        "the names above it. What is unknown is empty; 503 while nothing at all is known.",
        meters.csv,
        _CSV_NEEDS,
        Style.TEXT,
        word="headers",
        worded=meters.headed(meters.CSV_HEADER, meters.csv),
    ),
    View(
        "/csv/v2",
        "The same with `GridStatus` (1 up, 0 down) and `Reserve` (app %, rounded); empty is "
        "unknown.",
        meters.csv_v2,
        (*_CSV_NEEDS, payloads.GRID_STATUS, payloads.OPERATION),
        Style.TEXT,
        word="headers",
        worded=meters.headed(meters.CSV_V2_HEADER, meters.csv_v2),
    ),
    View(
        "/json",
        "The house in one object: powers, level (raw %), grid (1 up, 0 down), reserve (app %), "
        "hours left, energies, strings; each is `null` while unknown.",
        meters.summary,
        (
            payloads.AGGREGATES,
            payloads.SOE,
            payloads.GRID_STATUS,
            payloads.OPERATION,
            payloads.SYSTEM_STATUS,
            payloads.TIME_REMAINING,
            *_STRINGS_NEEDS,
        ),
    ),
    as_is_row(
        "/vitals",
        payloads.VITALS,
        "Every device by its DIN with all its signals; `null` on firmware 23.44 and later, which "
        "has no vitals.",
        Style.INDENTED,
    ),
    View(
        "/strings",
        "Solar strings `A`, `B`, ... (`A1` ... of the second inverter): `Connected`, `Current`, "
        "`Power`, `State`, `Voltage`; `{}` when none is known.",
        solar.strings,
        _STRINGS_NEEDS,
        Style.INDENTED,
    ),
    View(
        "/temps",
        "Temperature of each pack by its device name, °C.",
        shapes.temps,
        (payloads.VITALS,),
        Style.INDENTED,
    ),
    View(
        "/temps/pw",
        '`{"PW1_temp": 20.9}`: the same by number.',
        batteries.temps_pw,
        (payloads.VITALS,),
    ),
    View(
        "/alerts",
        "Names of the alerts there are; the state of the grid is one of them.",
        alerts.alerts,
        _ALERTS_NEEDS,
        Style.INDENTED,
    ),
    View(
        "/alerts/pw",
        '`{"SystemConnectedToGrid": 1}`: the same as Telegraf can store it.',
        devices.alerts_pw,
        _ALERTS_NEEDS,
    ),
    View(
        "/freq",
        "Frequency, voltage and power of each pack by number, of island and meters, and "
        "`grid_status`: 1 up, 0 down, -1 in between.",
        batteries.freq,
        (payloads.VITALS, payloads.SYSTEM_STATUS, payloads.GRID_STATUS),
    ),
    View(
        "/pod",
        "Charge, energy and state of each pack by number, of all together, hours left at the "
        "present load, and the reserve as the app shows it.",
        batteries.pod,
        (
            payloads.VITALS,
            payloads.SYSTEM_STATUS,
            payloads.AGGREGATES,
            payloads.OPERATION,
            payloads.TIME_REMAINING,
        ),
    ),
    View(
        "/version",
        '`{"version": "23.44.1 9064fc6a", "vint": 234401}`: the gateway\'s firmware, as text and '
        "as one integer.",
        system.version,
        (payloads.STATUS,),
    ),
)
