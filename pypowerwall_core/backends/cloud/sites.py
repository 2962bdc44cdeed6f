"""What a site has and what it has not, as Tesla's cloud tells it. Pure.

Solar-only sites are in the same API as Powerwalls. What they lack is not unknown, it is not
there: claims.NOT_SERVED says so, and nobody waits for it or takes it for an outage.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pypowerwall_core.fields import mapping, number, sequence, text

_MOST = 1e100
"""Nothing of a home is larger; no sum or product of a few such numbers leaves the floats."""
_DIN_PARTS = 2


_RESOURCES = {"battery": True, "solar": False}


def measured(value: Any) -> float | None:
    """Return a number of a document as it is; None for anything else, NaN and Infinity too.

    Whoever parsed the document may have let those through: Python's own reader does.
    """
    told = number(value)
    return told if told is not None and -_MOST < told < _MOST else None


def components(site_info: Any) -> Mapping[str, Any]:
    """Return what the site is made of; empty while unknown."""
    return mapping(mapping(site_info).get("components"))


def has(site_info: Any, component: str) -> bool | None:
    """Say whether a site has a component (solar, battery, grid, load_meter); None: not told."""
    told = components(site_info).get(component)
    return told if isinstance(told, bool) else None


def has_battery(site_info: Any, site_status: Any = None) -> bool | None:
    """Say whether a site has a battery, by the best that is told of it; None: not told."""
    told = has(site_info, "battery")
    count = measured(mapping(site_info).get("battery_count"))
    if told is None and count is not None:
        return count > 0
    if told is None:
        return _RESOURCES.get(text(mapping(site_status).get("resource_type")) or "")
    return told


def unless_empty(told: Mapping[str, Any], more: Mapping[str, Any] | None = None) -> Any:
    """Return the fields that are told and those that never are; None when none is told."""
    if all(value is None for value in told.values()):
        return None
    return {**told, **(more or {})}


def gateway_din(site_info: Any) -> str | None:
    """Return the gateway's DIN, part--serial; an id of another form is no DIN."""
    gateway = _only_gateway(site_info)
    told = (text(mapping(site_info).get("id")), text(gateway.get("din")))
    return next((din for din in told if din and _is_din(din)), None)


def firmware(site_info: Any) -> str | None:
    """Return the firmware; the official API tells it with the gateway, not with the site."""
    gateway = _only_gateway(site_info)
    return text(mapping(site_info).get("version")) or text(gateway.get("firmware_version"))


def _only_gateway(site_info: Any) -> Mapping[str, Any]:
    """Return the gateway of a site that has one: of several, none speaks for the site."""
    gateways = sequence(components(site_info).get("gateways"))
    return mapping(gateways[0]) if len(gateways) == 1 else {}


def _is_din(told: str) -> bool:
    parts = told.split("--")
    return len(parts) == _DIN_PARTS and all(parts)
