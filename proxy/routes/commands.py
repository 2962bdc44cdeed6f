"""Commands: what may be changed by POST, and how it is set now by GET."""

from __future__ import annotations

from proxy.control import answers, history, wishes
from proxy.control.wishes import NO_V1R
from proxy.rows import Command, Live, View
from proxy.views import control
from proxy.views.documents import constant
from pypowerwall_core import payloads
from pypowerwall_core.commands import EXPORTS, MODES

_MODE = f"One of {', '.join(MODES)}."
_RESERVE = "App percent, 0 to 100."
_CHARGING = "true or false."
_EXPORT = f"One of {', '.join(EXPORTS)}."
_RESERVE_VIEW, _MODE_VIEW, _CHARGING_VIEW, _EXPORT_VIEW, _ = CONTROLS = (
    View(
        "/control/reserve",
        '`{"reserve": 20.0}`: charge kept for an outage, as the app shows it; `null` while '
        "unknown. Without PW_CONTROL_SECRET all of `/control/*` is disabled and says so.",
        control.reserve,
        (payloads.OPERATION,),
    ),
    View(
        "/control/mode",
        '`{"mode": "self_consumption"}`: how the batteries are used; `null` while unknown.',
        control.mode,
        (payloads.OPERATION,),
    ),
    View(
        "/control/grid_charging",
        "Whether the grid may charge them; `null` while unknown: only Tesla's cloud tells.",
        control.grid_charging,
        (payloads.GRID_RULES,),
    ),
    View(
        "/control/grid_export",
        "What may be exported; `null` while unknown: only Tesla's cloud tells.",
        control.grid_export,
        (payloads.GRID_RULES,),
    ),
    View(
        "/control/max_backup",
        "Backup ahead of a storm, which only newer transports have: says so.",
        constant({"error": NO_V1R}),
        (),
    ),
)
HISTORY = (
    Live(
        "/api/v1/commands",
        "The newest commands and what became of them, and under `temporary` what will be put back, "
        "and when; `?limit=` of 1 to 200. Who asked (`by`) is told to who shows the control token.",
        told=history.asked,
    ),
)
COMMANDS = (
    Command(
        "/control/reserve",
        "Sets the reserve, and with `mode` both in one write. Without `value` it answers as `GET`.",
        {"value": _RESERVE, "mode": _MODE},
        wishes.reserve,
        answers.operation_result,
        _RESERVE_VIEW,
        example={"value": 20},
    ),
    Command(
        "/control/mode",
        "Sets the mode, and with `level` the reserve in the same write.",
        {"value": _MODE, "level": _RESERVE},
        wishes.mode,
        answers.operation_result,
        _MODE_VIEW,
        example={"value": "backup"},
    ),
    Command(
        "/control/grid_charging",
        "Lets the grid charge the batteries, or not.",
        {"value": _CHARGING},
        wishes.grid_charging,
        answers.grid_charging,
        _CHARGING_VIEW,
        example={"value": True},
    ),
    Command(
        "/control/grid_export",
        "Says what may be exported.",
        {"value": _EXPORT},
        wishes.grid_export,
        answers.grid_export,
        _EXPORT_VIEW,
        example={"value": "pv_only"},
    ),
    Command(
        "/control/max_backup",
        "Is refused: only newer transports have it.",
        {"value": "Seconds, or cancel."},
        wishes.max_backup,
        answers.nothing_more,
    ),
    Command(
        "/api/v1/commands",
        "Carries out one command.",
        {
            "reserve_app_pct": _RESERVE,
            "mode": _MODE,
            "grid_charging": _CHARGING,
            "grid_export": _EXPORT,
            "grid": "off leaves the grid, on connects to it again.",
            "confirm": "yes, for what could leave a home without power.",
        },
        wishes.command,
        answers.nothing_more,
        is_strict=True,
        example={"reserve_app_pct": 20, "mode": "self_consumption", "for": "2h"},
    ),
    Command(
        "/api/operation",
        "Takes the gateway's own document, the reserve as the gateway counts (raw, 5 to 100).",
        {
            "real_mode": _MODE,
            "mode": "The same, as old firmware calls it.",
            "backup_reserve_percent": "Raw percent, 5 to 100: the app's * 0.95 + 5.",
            "max_pv_export_power_kW": "null, or left out.",
        },
        wishes.operation,
        answers.stored,
        is_strict=True,
        example={"real_mode": "self_consumption", "backup_reserve_percent": 24},
    ),
)
