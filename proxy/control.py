"""/control/*: commands. Not served yet; what is answered meanwhile is what clients know."""

from __future__ import annotations

from typing import Any

from pypowerwall_core.snapshot import Snapshot

from .desk import Desk

DISABLED = "Control Commands Disabled - Set PW_CONTROL_SECRET to enable"
NOT_YET = "Control Commands Disabled - this release does not serve them"


NO_V1R = "max_backup requires v1r LAN transport"


def read(desk: Desk, snapshot: Snapshot) -> Any:  # noqa: ARG001 - a row's signature
    """Say why there is nothing to read or to command."""
    return {"error": NOT_YET if desk.settings.control_secret else DISABLED}


def read_max_backup(desk: Desk, snapshot: Snapshot) -> Any:
    """Say why there is no such thing: only newer gateways' own transport has it."""
    return {"error": NO_V1R} if desk.settings.control_secret else read(desk, snapshot)
