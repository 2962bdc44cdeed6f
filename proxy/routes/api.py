"""The gateway's own documents under their own paths: the whole allow-list, nothing else."""

from __future__ import annotations

from proxy.rows import View, as_is_row
from proxy.views.documents import problems
from pypowerwall_core import payloads

API = (
    as_is_row("/api/status", payloads.STATUS, "DIN, firmware and uptime of the gateway."),
    as_is_row(
        "/api/system_status", payloads.SYSTEM_STATUS, "Energies, limits and blocks of the packs."
    ),
    as_is_row(
        "/api/system_status/grid_faults", payloads.GRID_FAULTS, "Faults of the grid, if any."
    ),
    as_is_row(
        "/api/operation", payloads.OPERATION, "Mode and reserve, the reserve as the gateway counts."
    ),
    as_is_row("/api/sitemaster", payloads.SITEMASTER, "Whether the Powerwall runs."),
    as_is_row("/api/powerwalls", payloads.POWERWALLS, "The packs and what they are checked for."),
    as_is_row(
        "/api/solar_powerwall", payloads.SOLAR_POWERWALL, "A Powerwall+ inverter's own object."
    ),
    as_is_row("/api/site_info", payloads.SITE_INFO, "Size, grid code and time zone of the site."),
    as_is_row("/api/site_info/site_name", payloads.SITE_NAME, "Name and time zone of the site."),
    as_is_row("/api/meters", payloads.METERS, "The meters and their CTs."),
    as_is_row("/api/meters/site", payloads.METERS_SITE, "The grid meter's own readings by phase."),
    as_is_row(
        "/api/meters/solar", payloads.METERS_SOLAR, "The solar meter's own readings by phase."
    ),
    as_is_row(
        "/api/synchrometer/ct_voltage_references",
        payloads.VOLTAGE_REFERENCES,
        "Which phase each CT refers to.",
    ),
    as_is_row("/api/solars", payloads.SOLARS, "Brand and size of the solar inverters."),
    as_is_row("/api/solars/brands", payloads.SOLAR_BRANDS, "Brands the gateway knows."),
    as_is_row("/api/customer", payloads.CUSTOMER, "Whether the owner is registered."),
    as_is_row("/api/customer/registration", payloads.REGISTRATION, "What the owner has agreed to."),
    as_is_row("/api/installer", payloads.INSTALLER, "Who installed it, and how."),
    View(
        "/api/troubleshooting/problems",
        "Problems the gateway reports.",
        problems,
        (payloads.PROBLEMS,),
    ),
    as_is_row("/api/auth/toggle/supported", payloads.AUTH_TOGGLE, "Whether the switch can log in."),
    as_is_row(
        "/api/networks",
        payloads.NETWORKS,
        "Networks of the gateway. Asked only when you ask: it hangs on many gateways.",
    ),
    as_is_row(
        "/api/system/networks",
        payloads.SYSTEM_NETWORKS,
        "The same on old firmware. Asked only when you ask.",
    ),
    as_is_row(
        "/api/meters/readings",
        payloads.METERS_READINGS,
        "Readings of each meter. Asked only when you ask: it hangs on many gateways.",
    ),
    as_is_row(
        "/api/site_info/grid_codes",
        payloads.GRID_CODES,
        "Grid codes. Asked only when you ask: it hangs on many gateways.",
    ),
    as_is_row(
        "/api/system/update/status",
        payloads.UPDATE_STATUS,
        "State of updates. Asked only when you ask: the gateway then looks for one.",
    ),
)
