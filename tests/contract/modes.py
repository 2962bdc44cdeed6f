"""Contract 1.6 and 1.7: TEDAPI and FleetAPI, which are off, cloud, and control without a secret.

All with status 200, and exactly these paths: the original took whatever began like them.
"""

from __future__ import annotations

from support.contract import Documents, Promise, Shape, constant, exactly, said

OFF = {
    "TEDAPI": (
        "/tedapi",
        "/tedapi/config",
        "/tedapi/status",
        "/tedapi/components",
        "/tedapi/battery",
        "/tedapi/controller",
    ),
    "FleetAPI": ("/fleetapi", "/fleetapi/info", "/fleetapi/status"),
}
CONTROL = (
    "/control/reserve",
    "/control/mode",
    "/control/grid_charging",
    "/control/grid_export",
    "/control/max_backup",
)
CLOUD_OFF = {"error": "Cloud API not enabled"}
CLOUD_USAGE = {"error": "Use /cloud/battery, /cloud/power, /cloud/config"}
CONTROL_OFF = {"error": "Control Commands Disabled - Set PW_CONTROL_SECRET to enable"}


def _of_cloud(path: str, payload: str, *, enveloped: bool = True) -> Promise:
    """Promise Tesla's own document in its envelope in cloud mode, and an error elsewhere."""

    def shape(documents: Documents) -> Shape:
        document = said(documents, payload)
        if document is None:
            return exactly(CLOUD_OFF)
        return exactly({"response": document} if enveloped else CLOUD_USAGE)

    return Promise(path, shape, CLOUD_OFF)


PROMISES = (
    _of_cloud("/cloud", "cloud_config", enveloped=False),
    _of_cloud("/cloud/battery", "cloud_battery"),
    _of_cloud("/cloud/power", "cloud_power"),
    _of_cloud("/cloud/config", "cloud_config"),
    *(
        constant(path, {"error": f"{mode} not enabled"})
        for mode, paths in OFF.items()
        for path in paths
    ),
    *(constant(path, CONTROL_OFF) for path in CONTROL),
)
