"""Every documented path of a gateway, and what this program does with it.

What is read is a row of `reader.ROWS`; what is not stands here with the reason. A client can
never name a gateway path: routes name payloads, payloads name rows.

Nothing that runs imports this: tests read it, and hold the table of paths in HELP.md to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .reader import ROWS


class Treatment(Enum):
    """What happens with a gateway path."""

    SERVED = "served"
    ON_DEMAND = "served on demand"
    OURS = "sent by the proxy itself"
    ACTS = "refused: it acts"
    PRIVATE = "refused: private"
    DIAGNOSTIC = "refused: diagnostic"


@dataclass(frozen=True, slots=True)
class GatewayPath:
    """A path and the reason for its treatment."""

    path: str
    treatment: Treatment
    why: str = ""


_KEPT = "kept fresh while somebody asks"
_WAITS = "asked only when a client asks: it hangs, or asking does something"

UNREAD = (
    GatewayPath(
        "/api/login/Basic", Treatment.OURS, "logs in, after a 401 or 403 only, never on request"
    ),
    GatewayPath("/api/logout", Treatment.ACTS, "ends the session all clients share"),
    GatewayPath("/api/sitemaster/run", Treatment.ACTS, "starts the Powerwall"),
    GatewayPath("/api/sitemaster/stop", Treatment.ACTS, "stops the Powerwall"),
    GatewayPath(
        "/api/sitemaster/run_for_commissioning", Treatment.ACTS, "starts the Powerwall for tests"
    ),
    GatewayPath("/api/config/completed", Treatment.ACTS, "makes the gateway apply settings"),
    GatewayPath("/api/powerwalls/update", Treatment.ACTS, "updates the packs' firmware"),
    GatewayPath("/api/solar_powerwall/reset", Treatment.ACTS, "resets the solar inverter"),
    GatewayPath("/api/solar_powerwall/{n}/reset", Treatment.ACTS, "resets one solar inverter"),
    GatewayPath("/api/v2/islanding/mode", Treatment.ACTS, "takes the home off the grid"),
    GatewayPath("/api/meters/{serial}/verify", Treatment.ACTS, "pairs a meter"),
    GatewayPath("/api/meters/{serial}/invert_cts", Treatment.ACTS, "turns a meter round"),
    GatewayPath("/api/meters/inverter_meter_readings", Treatment.ACTS, "asks the inverter"),
    GatewayPath("/api/meters/detect_wired_meters", Treatment.ACTS, "looks for meters"),
    GatewayPath("/api/site_info/offgrid", Treatment.ACTS, "changes the site's configuration"),
    GatewayPath("/api/site_info/grid_code", Treatment.ACTS, "changes the grid code"),
    GatewayPath("/api/site_info/timezone", Treatment.ACTS, "changes the time zone"),
    GatewayPath("/api/password/change", Treatment.ACTS, "changes the password"),
    GatewayPath("/api/auth/toggle/start", Treatment.ACTS, "begins a login by switch"),
    GatewayPath("/api/auth/toggle/login", Treatment.ACTS, "ends a login by switch"),
    GatewayPath("/api/getlogs", Treatment.PRIVATE, "logs for Tesla"),
    GatewayPath("/api/logging", Treatment.PRIVATE, "settings of those logs"),
    GatewayPath("/api/devices/vitals", Treatment.SERVED, "as JSON at /vitals; its own form is not"),
    GatewayPath("/api/networks/client_protocols", Treatment.PRIVATE, "who may reach the gateway"),
    GatewayPath("/api/networks/wifi_security_types", Treatment.DIAGNOSTIC, "for installers"),
    GatewayPath("/api/system/networks/conn_tests", Treatment.DIAGNOSTIC, "runs tests"),
    GatewayPath("/api/system/networks/ping_test", Treatment.DIAGNOSTIC, "runs tests"),
    GatewayPath("/api/system/testing", Treatment.DIAGNOSTIC, "commissioning tests"),
    GatewayPath("/api/autoconfig/status", Treatment.DIAGNOSTIC, "commissioning"),
    GatewayPath("/api/config", Treatment.DIAGNOSTIC, "the gateway's DIN, which /api/status has"),
    GatewayPath("/api/generators", Treatment.DIAGNOSTIC, "configuration of generators"),
    GatewayPath("/api/generators/disconnect_types", Treatment.DIAGNOSTIC, "for installers"),
    GatewayPath("/api/installer/companies", Treatment.DIAGNOSTIC, "600 kB of names"),
    GatewayPath("/api/legal/radio", Treatment.DIAGNOSTIC, "a legal text"),
    GatewayPath("/api/meters/status", Treatment.DIAGNOSTIC, "always empty"),
    GatewayPath("/api/meters/{serial}/cts", Treatment.DIAGNOSTIC, "part of /api/meters"),
    GatewayPath("/api/meters/{serial}/ct_config", Treatment.DIAGNOSTIC, "for installers"),
    GatewayPath("/api/powerwalls/status", Treatment.DIAGNOSTIC, "part of /api/powerwalls"),
    GatewayPath("/api/powerwalls/phase_usages", Treatment.DIAGNOSTIC, "answers 500 while running"),
    GatewayPath("/api/site_info/grid_regions", Treatment.DIAGNOSTIC, "a large table"),
    GatewayPath("/api/site_info/extra_programs", Treatment.DIAGNOSTIC, "for installers"),
    GatewayPath("/api/solars/brands/{name}", Treatment.DIAGNOSTIC, "a catalogue"),
    GatewayPath(
        "/api/synchrometer/ct_voltage_references/options", Treatment.DIAGNOSTIC, "for installers"
    ),
)


def gateway_paths() -> list[GatewayPath]:
    """Return all documented paths in alphabetical order, each once."""
    told = {row.path for row in UNREAD}
    read = [
        GatewayPath(row.path, Treatment.ON_DEMAND, _WAITS)
        if row.on_demand
        else GatewayPath(row.path, Treatment.SERVED, _KEPT)
        for row in ROWS
        if row.path not in told
    ]
    return sorted((*read, *UNREAD), key=lambda row: row.path)
