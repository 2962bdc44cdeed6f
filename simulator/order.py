"""Writes as a customer sends them: what they ask, and when it shows. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from simulator.system import System

AUTONOMOUS: Final = "autonomous"
MODES: Final = ("self_consumption", "backup", AUTONOMOUS, "scheduler", "site_control")
RESERVE: Final = "backup_reserve_percent"
_EXPORT: Final = "max_pv_export_power_kW"
_FULL_PERCENT: Final = 100

ISLAND_MODE: Final = "island_mode"
LEAVE: Final = "intentional_reconnect_failsafe"
RETURN: Final = "backup"


@dataclass(frozen=True, slots=True)
class Order:
    """A write that was understood; faults may bend it.

    Attributes:
        document: What is stored, and answered.
        after_s: It shows so long after it was put into effect.
        ignored: It never does.
    """

    document: Mapping[str, Any]
    after_s: float = 0.0
    ignored: bool = False


def mode_key(system: System) -> str:
    """Name the mode as a system's firmware does."""
    return "mode" if system.old else "real_mode"


def _fields(body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _is_percent(value: Any) -> bool:
    # Not a bool, which is a number to Python alone; and not a number is within no bounds.
    return type(value) in (int, float) and 0 <= value <= _FULL_PERCENT


def read_operation(body: bytes, system: System) -> Mapping[str, Any] | None:
    """Read a POST /api/operation: the document that is stored, or None for nonsense."""
    asked = _fields(body)
    mode, reserve = asked.get("real_mode", asked.get("mode")), asked.get(RESERVE)
    if mode not in MODES or not _is_percent(reserve) or asked.get(_EXPORT) is not None:
        return None
    limit = {_EXPORT: None} if _EXPORT in asked else {}
    return {mode_key(system): mode, RESERVE: reserve, **limit}


def read_islanding(body: bytes) -> Mapping[str, Any] | None:
    """Read a POST /api/v2/islanding/mode, or None for nonsense."""
    mode = _fields(body).get(ISLAND_MODE)
    return {ISLAND_MODE: mode} if mode in (LEAVE, RETURN) else None
