"""What a request wishes to change: the fields of each route, read. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pypowerwall_core.commands import (
    GRID_CHARGING,
    GRID_EXPORT,
    KNOBS,
    MODE,
    MODES,
    RESERVE,
    Value,
    parse_command,
    parse_reserve,
    parse_span_s,
)
from pypowerwall_core.errors import BadCommand
from pypowerwall_core.scales import app_from_raw, raw_from_app

from .denied import Denied, invalid

VALUE_INVALID = "Control Command Value Invalid"
MODE_INVALID = "Control Command Mode Invalid"
LEVEL_INVALID = "Control Command Level Invalid"
TIME_INVALID = "Control Command Time Invalid"
NO_V1R = "max_backup requires v1r LAN transport"
RAW_LEAST_PCT = raw_from_app(0.0)
FOR = "for"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be changed.

    Attributes:
        changes: Values by knob; nothing is a question how it is set.
    """

    changes: Mapping[str, Value] = field(default_factory=dict)
    confirmed: bool = False


NOTHING = Wish()


def failed(changes: Mapping[str, Value]) -> str:
    """Say what existing clients read when something could not be set."""
    return f"Failed to set {'+'.join(name for name in KNOBS if name in changes)}"


def span_s(fields: Mapping[str, Any]) -> float | None:
    """Read for how long a setting holds; None is for good."""
    if FOR not in fields:
        return None
    try:
        return parse_span_s(fields[FOR])
    except BadCommand as bad:
        raise Denied(TIME_INVALID, reason=str(bad)) from None


# -- /control/* -----------------------------------------------------------------------------


def reserve(fields: Mapping[str, Any]) -> Wish:
    """Read `value`, a percentage of the app's, and `mode`."""
    value = fields.get("value")
    if value is None:
        return NOTHING
    changes: dict[str, Value] = {RESERVE: _level(value, VALUE_INVALID, fields)}
    if "mode" in fields:
        changes[MODE] = _mode(fields["mode"], MODE_INVALID)
    return Wish(changes)


def mode(fields: Mapping[str, Any]) -> Wish:
    """Read `value`, a mode, and `level`, a percentage of the app's."""
    value = fields.get("value")
    if value is None:
        return NOTHING
    changes: dict[str, Value] = {MODE: _mode(value, VALUE_INVALID)}
    if "level" in fields:
        changes[RESERVE] = _level(fields["level"], LEVEL_INVALID, {"mode": value})
    return Wish(changes)


def grid_charging(fields: Mapping[str, Any]) -> Wish:
    """Read `value`: true or false."""
    value = fields.get("value")
    if value is None:
        return NOTHING
    if str(value).lower() not in ("true", "false"):
        raise Denied(VALUE_INVALID, reason="grid charging is true or false")
    return Wish({GRID_CHARGING: _parsed(GRID_CHARGING, value, VALUE_INVALID)})


def grid_export(fields: Mapping[str, Any]) -> Wish:
    """Read `value`: battery_ok, pv_only or never."""
    value = fields.get("value")
    if value is None:
        return NOTHING
    return Wish({GRID_EXPORT: _parsed(GRID_EXPORT, value, VALUE_INVALID)})


def max_backup(fields: Mapping[str, Any]) -> Wish:  # noqa: ARG001 - a row's signature
    """Say that only newer gateways' own transport has it."""
    raise Denied(NO_V1R)


def _level(value: Any, error: str, beside: Mapping[str, Any]) -> Value:
    """Read an app percentage; what is merely too large was always told in other words."""
    is_large = str(value).isascii() and str(value).isdigit()
    both = {RESERVE: 0.0} | ({MODE: ""} if "mode" in beside else {})
    return _parsed(RESERVE, value, failed(both) if is_large else error)


def _mode(value: Any, error: str) -> Value:
    if value not in MODES:
        raise Denied(error, reason=f"the mode is one of {', '.join(MODES)}")
    return str(value)


def _parsed(knob: str, value: Any, error: str) -> Value:
    try:
        return KNOBS[knob].parse(value)
    except BadCommand as bad:
        raise Denied(error, reason=str(bad)) from None


# -- /api/operation -------------------------------------------------------------------------


def operation(fields: Mapping[str, Any]) -> Wish:
    """Read the gateway's own document, in the gateway's own percent."""
    if "max_pv_export_power_kW" in fields:
        raise Denied(VALUE_INVALID, reason="max_pv_export_power_kW is null or left out")
    modes = [fields[name] for name in ("real_mode", "mode") if name in fields]
    if len(modes) > 1 and modes[0] != modes[1]:
        raise Denied(MODE_INVALID, reason="real_mode and mode say different things")
    changes: dict[str, Value] = {}
    if modes:
        changes[MODE] = _mode(modes[0], MODE_INVALID)
    if "backup_reserve_percent" in fields:
        changes[RESERVE] = _raw(fields["backup_reserve_percent"])
    if not changes:
        raise invalid("real_mode, backup_reserve_percent or both are wanted")
    return Wish(changes)


def _raw(value: Any) -> float:
    try:
        raw_pct = parse_reserve(value)
    except BadCommand:
        raw_pct = -1.0
    if raw_pct < RAW_LEAST_PCT:
        raise Denied(
            VALUE_INVALID,
            reason="backup_reserve_percent is a number from 5 to 100, as the gateway counts: "
            "the app's percent * 0.95 + 5",
        )
    return app_from_raw(raw_pct)


# -- /api/v1/commands -----------------------------------------------------------------------


def command(fields: Mapping[str, Any]) -> Wish:
    """Read a command by the names that records use."""
    try:
        parsed = parse_command(fields)
    except BadCommand as bad:
        raise Denied(VALUE_INVALID, reason=str(bad)) from None
    return Wish(parsed.changes, parsed.confirmed)
