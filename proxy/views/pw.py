"""/pw/*: single facts, each under the name of the library call that gave it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pypowerwall_core import alerts as core_alerts
from pypowerwall_core import payloads
from pypowerwall_core.fields import mapping
from pypowerwall_core.snapshot import Snapshot


def fact(name: str, read: Callable[[Snapshot], Any]) -> Callable[[Snapshot], Any]:
    """Return the view that shows one fact: {name: value or null}."""
    return lambda snapshot: {name: read(snapshot)}


def meter(name: str) -> Callable[[Snapshot], Any]:
    """Return the view of one meter's section of the aggregates; null while unknown."""
    return lambda snapshot: mapping(snapshot.document(payloads.AGGREGATES)).get(name)


def grid_status(snapshot: Snapshot) -> Any:
    """The gateway's object, {} while unknown."""
    return snapshot.document(payloads.GRID_STATUS) or {}


def is_connected(snapshot: Snapshot) -> Any:
    """Whether the gateway has told its status."""
    return {"is_connected": bool(snapshot.document(payloads.STATUS))}


def alerts(snapshot: Snapshot) -> Any:
    """The names of the alerts there are."""
    return {"alerts": core_alerts.alerts(snapshot)}
