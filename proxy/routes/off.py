"""Routes of modes that are not on: what existing clients expect to read there."""

from __future__ import annotations

from proxy.rows import View
from proxy.views.documents import constant


def _off(says: str, document: object, *paths: str) -> tuple[View, ...]:
    return tuple(View(path, says, constant(document), ()) for path in paths)


_NO_TEDAPI = {"error": "TEDAPI not enabled"}
_NO_FLEET = {"error": "FleetAPI not enabled"}

OFF = (
    *_off("Fans of hardware that TEDAPI reaches: `{}` without.", {}, "/fans", "/fans/pw"),
    *_off(
        "TEDAPI is not served: says so.",
        _NO_TEDAPI,
        "/tedapi",
        "/tedapi/config",
        "/tedapi/status",
        "/tedapi/components",
        "/tedapi/battery",
        "/tedapi/controller",
    ),
    *_off(
        "FleetAPI is not served: says so.",
        _NO_FLEET,
        "/fleetapi",
        "/fleetapi/info",
        "/fleetapi/status",
    ),
)
