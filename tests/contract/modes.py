"""Contract 1.6 and 1.7: TEDAPI, cloud and FleetAPI while they are off, control without a secret.

All with status 200, and exactly these paths: the original took whatever began like them.
"""

from __future__ import annotations

from support.contract import constant

OFF = {
    "TEDAPI": (
        "/tedapi",
        "/tedapi/config",
        "/tedapi/status",
        "/tedapi/components",
        "/tedapi/battery",
        "/tedapi/controller",
    ),
    "Cloud API": ("/cloud", "/cloud/battery", "/cloud/power", "/cloud/config"),
    "FleetAPI": ("/fleetapi", "/fleetapi/info", "/fleetapi/status"),
}
CONTROL = (
    "/control/reserve",
    "/control/mode",
    "/control/grid_charging",
    "/control/grid_export",
    "/control/max_backup",
)
CONTROL_OFF = {"error": "Control Commands Disabled - Set PW_CONTROL_SECRET to enable"}

PROMISES = (
    *(
        constant(path, {"error": f"{mode} not enabled"})
        for mode, paths in OFF.items()
        for path in paths
    ),
    *(constant(path, CONTROL_OFF) for path in CONTROL),
)
