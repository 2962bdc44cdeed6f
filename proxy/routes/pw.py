"""/pw/*: single facts, as the library's calls gave them."""

from __future__ import annotations

from proxy.rows import View, as_is_row
from proxy.views import pw
from pypowerwall_core import payloads, readings, shapes

_METERS = (payloads.AGGREGATES,)
_STATUS = (payloads.STATUS,)
_OPERATION = (payloads.OPERATION,)
_RULES = (payloads.GRID_RULES,)
_STRINGS = (payloads.VITALS, payloads.SOLAR_POWERWALL)

PW = (
    View(
        "/pw/level",
        '`{"level": raw %}`.',
        pw.fact("level", readings.level_raw_pct),
        (payloads.SOE,),
    ),
    View(
        "/pw/power",
        "Powers of site, solar, battery and load, W; `null` while unknown.",
        shapes.power,
        _METERS,
    ),
    View("/pw/site", "The site's section of `/aggregates`.", pw.meter("site"), _METERS),
    View("/pw/grid", "The same.", pw.meter("site"), _METERS),
    View("/pw/solar", "The solar section.", pw.meter("solar"), _METERS),
    View("/pw/battery", "The battery section.", pw.meter("battery"), _METERS),
    View("/pw/load", "The load section.", pw.meter("load"), _METERS),
    View("/pw/home", "The same.", pw.meter("load"), _METERS),
    View(
        "/pw/battery_blocks",
        "Each battery block by its serial, with `THC_State` and `temperature`.",
        shapes.battery_blocks,
        (payloads.SYSTEM_STATUS, payloads.VITALS),
    ),
    as_is_row("/pw/vitals", payloads.VITALS, "`/vitals` in the gateway's order, compact."),
    View("/pw/temps", "`/temps`, compact.", shapes.temps, (payloads.VITALS,)),
    View(
        "/pw/strings",
        "Each solar inverter's own words about its strings.",
        shapes.verbose_strings,
        _STRINGS,
    ),
    View("/pw/din", '`{"din": text}`.', pw.fact("din", readings.din), _STATUS),
    View(
        "/pw/uptime", '`{"uptime": "1541h38m20.9s"}`.', pw.fact("uptime", readings.uptime), _STATUS
    ),
    View("/pw/version", '`{"version": text}`.', pw.fact("version", readings.firmware), _STATUS),
    as_is_row("/pw/status", payloads.STATUS, "As `/api/status`."),
    as_is_row("/pw/system_status", payloads.SYSTEM_STATUS, "As `/api/system_status`."),
    View(
        "/pw/grid_status",
        "As `/api/system_status/grid_status`; `{}` while unknown.",
        pw.grid_status,
        (payloads.GRID_STATUS,),
    ),
    as_is_row("/pw/aggregates", payloads.AGGREGATES, "As `/aggregates`."),
    View(
        "/pw/site_name",
        '`{"site_name": text}`.',
        pw.fact("site_name", readings.site_name),
        (payloads.SITE_NAME,),
    ),
    View("/pw/alerts", '`{"alerts": [names]}`.', pw.alerts, (*_STRINGS, payloads.GRID_STATUS)),
    View("/pw/is_connected", "Whether the gateway has told its status.", pw.is_connected, _STATUS),
    View(
        "/pw/get_reserve",
        '`{"reserve": app %}`.',
        pw.fact("reserve", readings.reserve_app_pct),
        _OPERATION,
    ),
    View(
        "/pw/get_mode",
        '`{"mode": "self_consumption"}`.',
        pw.fact("mode", readings.mode),
        _OPERATION,
    ),
    View(
        "/pw/get_grid_charging",
        '`{"grid_charging": true}`: whether the grid may charge the battery; only Tesla\'s '
        "cloud tells.",
        pw.fact("grid_charging", readings.grid_charging),
        _RULES,
    ),
    View(
        "/pw/get_grid_export",
        '`{"grid_export": "battery_ok"}`: what may be exported; only Tesla\'s cloud tells.',
        pw.fact("grid_export", readings.grid_export),
        _RULES,
    ),
    View(
        "/pw/get_time_remaining",
        '`{"time_remaining": hours}`.',
        pw.fact("time_remaining", readings.time_remaining_h),
        (payloads.SYSTEM_STATUS, payloads.AGGREGATES, payloads.TIME_REMAINING),
    ),
)
