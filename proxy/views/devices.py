"""Alerts: the shape Telegraf stores."""

from __future__ import annotations

from typing import Any

from pypowerwall_core import alerts
from pypowerwall_core.snapshot import Snapshot


def alerts_pw(snapshot: Snapshot) -> Any:
    """The alerts there are as Telegraf can store them: {name: 1}."""
    return dict.fromkeys(alerts.alerts(snapshot), 1)
