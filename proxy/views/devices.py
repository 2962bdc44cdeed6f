"""Strings and alerts: the shapes Telegraf stores and people look at when something is wrong."""

from __future__ import annotations

from typing import Any

from pypowerwall_core import alerts as core_alerts
from pypowerwall_core import solar
from pypowerwall_core.snapshot import Snapshot


def strings(snapshot: Snapshot) -> Any:
    """Each solar string: {"A": {"Connected", "Current", "Power", "State", "Voltage"}, ...}."""
    return solar.strings(snapshot)


def alerts(snapshot: Snapshot) -> Any:
    """The names of the alerts there are."""
    return core_alerts.alerts(snapshot)


def alerts_pw(snapshot: Snapshot) -> Any:
    """The same as Telegraf can store it: {name: 1}."""
    return dict.fromkeys(core_alerts.alerts(snapshot), 1)
