"""What became of a command, as its client reads it. Pure."""

from __future__ import annotations

from typing import Any

import falcon

from pypowerwall_core.commands import (
    GRID_CHARGING,
    GRID_EXPORT,
    MODE,
    RESERVE,
    SENT_DECIMALS,
    SHOWN_DECIMALS,
    Outcome,
    Record,
)
from pypowerwall_core.scales import raw_from_app

from .wishes import failed

UNKNOWN = "Control Command Outcome Unknown"
STATUS = {
    Outcome.APPLIED: falcon.HTTP_200,
    Outcome.PENDING: falcon.HTTP_202,
    Outcome.REJECTED: falcon.HTTP_409,
    Outcome.UNKNOWN: falcon.HTTP_504,
}
_SET = {Outcome.APPLIED: "Set Successfully"}


def status_of(record: Record) -> str:
    """Return the HTTP status of an outcome."""
    return falcon.HTTP_403 if record.forbidden else STATUS[record.outcome]


def error_of(record: Record) -> str:
    """Return the error of an outcome, "" where it is none."""
    if record.outcome in (Outcome.APPLIED, Outcome.PENDING):
        return ""
    return UNKNOWN if record.outcome is Outcome.UNKNOWN else failed(record.command.changes)


# -- what clients of each route have always read --------------------------------------------


def operation_result(record: Record) -> dict[str, Any]:
    """Both settings that one write holds, the reserve as the app shows it."""
    values, result = record.values, record.outcome.value
    reserve = values.get(RESERVE)
    shown = round(reserve, SHOWN_DECIMALS) if isinstance(reserve, float) else None
    return {
        "set_backup_reserve_percent": {"backup_reserve_percent": shown, "result": result},
        "set_operation": {"real_mode": values.get(MODE), "result": result},
    }


def stored(record: Record) -> dict[str, Any]:
    """The gateway's document as it was last read back, in the gateway's own percent."""
    after = record.after or {}
    reserve = after.get(RESERVE)
    raw_pct = raw_from_app(reserve) if isinstance(reserve, float) else None
    return {
        "real_mode": after.get(MODE),
        "backup_reserve_percent": None if raw_pct is None else round(raw_pct, SENT_DECIMALS),
    }


def grid_charging(record: Record) -> dict[str, Any]:
    """One word of success, and no such word before it is one."""
    return {GRID_CHARGING: _SET.get(record.outcome, "Pending")}


def grid_export(record: Record) -> dict[str, Any]:
    """The same."""
    return {GRID_EXPORT: _SET.get(record.outcome, "Pending")}


def nothing_more(record: Record) -> dict[str, Any]:  # noqa: ARG001 - a row's signature
    """The record says it all."""
    return {}
