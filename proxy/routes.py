"""The routes: an endpoint is one function, one row and one line of HELP.md.

Paths match byte for byte. Rows under VIEWS are pure shapes of what is known and their
bodies are remembered; rows under LIVE tell of this moment and are rendered each time.
"""

from __future__ import annotations

from pypowerwall_core import payloads

from . import helppage, introspect
from .rows import HTML_TYPE, Live, Page, Row, Style, View
from .views import batteries, devices, meters, system
from .views.documents import as_is


def _as_is(path: str, payload: str, says: str, style: Style = Style.COMPACT) -> View:
    return View(path, says, as_is(payload), (payload,), style)


_CSV_NEEDS = (payloads.AGGREGATES, payloads.SOE)
_STRINGS_NEEDS = (payloads.VITALS, payloads.SOLAR_POWERWALL)
_ALERTS_NEEDS = (*_STRINGS_NEEDS, payloads.GRID_STATUS)

VIEWS = (
    _as_is(
        "/aggregates",
        payloads.AGGREGATES,
        "Power, energy, voltage and current of site (grid), battery, load (home) and solar: "
        "the gateway's own object, every key.",
    ),
    _as_is("/api/meters/aggregates", payloads.AGGREGATES, "The same."),
    _as_is(
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
    _as_is(
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
        worded=meters.csv_with_header,
    ),
    _as_is(
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
        devices.strings,
        _STRINGS_NEEDS,
        Style.INDENTED,
    ),
    View(
        "/temps",
        "Temperature of each pack by its device name, °C.",
        batteries.temps,
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
        devices.alerts,
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
        (payloads.VITALS, payloads.SYSTEM_STATUS, payloads.AGGREGATES, payloads.OPERATION),
    ),
    View(
        "/version",
        '`{"version": "23.44.1 9064fc6a", "vint": 234401}`: the gateway\'s firmware, as text and '
        "as one integer.",
        system.version,
        (payloads.STATUS,),
    ),
    _as_is("/api/status", payloads.STATUS, "DIN, firmware and uptime of the gateway."),
    _as_is(
        "/api/system_status", payloads.SYSTEM_STATUS, "Energies, limits and blocks of the packs."
    ),
    _as_is("/api/system_status/grid_faults", payloads.GRID_FAULTS, "Faults of the grid, if any."),
    _as_is(
        "/api/operation", payloads.OPERATION, "Mode and reserve, the reserve as the gateway counts."
    ),
    _as_is("/api/sitemaster", payloads.SITEMASTER, "Whether the Powerwall runs."),
    _as_is("/api/powerwalls", payloads.POWERWALLS, "The packs and what they are checked for."),
    _as_is("/api/solar_powerwall", payloads.SOLAR_POWERWALL, "A Powerwall+ inverter's own object."),
    _as_is("/api/site_info", payloads.SITE_INFO, "Size, grid code and time zone of the site."),
    _as_is("/api/site_info/site_name", payloads.SITE_NAME, "Name and time zone of the site."),
    _as_is("/api/meters", payloads.METERS, "The meters and their CTs."),
    _as_is("/api/meters/site", payloads.METERS_SITE, "The grid meter's own readings by phase."),
    _as_is("/api/meters/solar", payloads.METERS_SOLAR, "The solar meter's own readings by phase."),
    _as_is(
        "/api/synchrometer/ct_voltage_references",
        payloads.VOLTAGE_REFERENCES,
        "Which phase each CT refers to.",
    ),
    _as_is("/api/solars", payloads.SOLARS, "Brand and size of the solar inverters."),
    _as_is("/api/solars/brands", payloads.SOLAR_BRANDS, "Brands the gateway knows."),
    _as_is("/api/customer", payloads.CUSTOMER, "Whether the owner is registered."),
    _as_is("/api/customer/registration", payloads.REGISTRATION, "What the owner has agreed to."),
    _as_is("/api/installer", payloads.INSTALLER, "Who installed it, and how."),
    _as_is("/api/troubleshooting/problems", payloads.PROBLEMS, "Problems the gateway reports."),
    _as_is("/api/auth/toggle/supported", payloads.AUTH_TOGGLE, "Whether the switch can log in."),
    _as_is(
        "/api/networks",
        payloads.NETWORKS,
        "Networks of the gateway. Asked only when you ask: it hangs on many gateways.",
    ),
    _as_is(
        "/api/system/networks",
        payloads.SYSTEM_NETWORKS,
        "The same on old firmware. Asked only when you ask.",
    ),
    _as_is(
        "/api/meters/readings",
        payloads.METERS_READINGS,
        "Readings of each meter. Asked only when you ask: it hangs on many gateways.",
    ),
    _as_is(
        "/api/site_info/grid_codes",
        payloads.GRID_CODES,
        "Grid codes. Asked only when you ask: it hangs on many gateways.",
    ),
    _as_is(
        "/api/system/update/status",
        payloads.UPDATE_STATUS,
        "State of updates. Asked only when you ask: the gateway then looks for one.",
    ),
)
LIVE = (
    Live(
        "/stats",
        "How the proxy is doing: counters per route, settings (no secrets), and under `lanes` the "
        "road to the gateway.",
        introspect.stats,
        (payloads.SITE_NAME,),
    ),
    Live(
        "/stats/clear",
        "The same after setting `gets`, `errors` and `uri` to nothing; for this machine itself, "
        "or with the control token (`?token=` or `Authorization: Bearer`).",
        introspect.stats,
        (payloads.SITE_NAME,),
        acts=introspect.clear,
    ),
    Live(
        "/health",
        "The connection to the gateway. Always 200; asks the gateway nothing.",
        introspect.health,
    ),
    Live(
        "/healthz",
        '`{"status": "ok"}` while this process lives, whatever the gateway does. For container '
        "health checks.",
        introspect.healthz,
    ),
    Live(
        "/help",
        "These routes and `/stats` as a page.",
        helppage.of(lambda: ROUTES),
        (payloads.SITE_NAME,),
        content_type=HTML_TYPE,
    ),
)
PAGES = (
    Page("/", "A page with live values.", "index.html", HTML_TYPE),
    Page("/page.css", "Its style.", "page.css", "text/css; charset=utf-8"),
    Page("/page.js", "Its script.", "page.js", "text/javascript; charset=utf-8"),
)
ROUTES: tuple[Row, ...] = (*VIEWS, *LIVE, *PAGES)
