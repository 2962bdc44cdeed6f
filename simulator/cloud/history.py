"""calendar_history: the model's weather over days, months and years. Pure.

Nothing is remembered: the past is what the same model says of it, so it is the
same at every call and fits the present only at its last sample.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from simulator.cloud.home import INSTALLED_S, Home, app_percent
from simulator.plant import Powers, Weather, balance

PERIODS: Final = ("day", "week", "month", "year", "lifetime")
_DAY_S: Final = 86_400
# Steps and entries of energies: (seconds of one step, what one entry covers).
_ENERGY_STEPS: Final = {
    "day": (300, "hour"),
    "week": (900, "day"),
    "month": (3_600, "day"),
    "year": (10_800, "month"),
    "lifetime": (10_800, "year"),
}
# Samples of more days than these would be megabytes.
_MOST_S: Final = 31 * _DAY_S
_FIRST_PERCENT: Final = 50.0


@dataclass(frozen=True, slots=True)
class Sample:
    """Powers that are held for one step, and the charge before it."""

    at_s: float
    hours: float
    powers: Powers
    soe_percent: float


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when, both in seconds since 1970."""

    from_s: float
    to_s: float


def _local(at_s: float, utc_offset_s: int) -> datetime:
    return datetime.fromtimestamp(at_s, timezone(timedelta(seconds=utc_offset_s)))


_STARTS: Final[Mapping[str, Callable[[datetime], datetime]]] = {
    "hour": lambda at: at.replace(minute=0, second=0, microsecond=0),
    "day": lambda at: at.replace(hour=0, minute=0, second=0, microsecond=0),
    "week": lambda at: _STARTS["day"](at) - timedelta(days=6),
    "month": lambda at: _STARTS["day"](at).replace(day=1),
    "year": lambda at: _STARTS["month"](at).replace(month=1),
}


def _given(query: Mapping[str, str], name: str) -> float | None:
    text = query.get(name, "")
    if not text:
        return None
    # A plus that was not escaped arrives as a blank.
    at = datetime.fromisoformat(text.replace(" ", "+"))
    if at.tzinfo is None:
        raise ValueError(f"{name} has no offset")
    return at.timestamp()


def span(query: Mapping[str, str], period: str, now_s: float, utc_offset_s: int) -> Span:
    """Read which time is asked for: its own dates, or the period up to its end or now.

    Raises:
        ValueError: A date is none, or has no offset.
    """
    end_s = _given(query, "end_date")
    # There is no history before the home.
    to_s = max(INSTALLED_S, now_s if end_s is None else min(now_s, end_s))
    from_s = _given(query, "start_date")
    if from_s is None:
        from_s = INSTALLED_S
        if period != "lifetime":
            # A moment before the end: midnight ends the day before.
            from_s = _STARTS[period](_local(to_s - 1, utc_offset_s)).timestamp()
    return Span(max(from_s, INSTALLED_S), to_s)


def walk(home: Home, weather: Weather, asked: Span, step_s: int) -> Iterator[Sample]:
    """Walk through a time in steps."""
    system, soe_percent, at_s = home.system, _FIRST_PERCENT, asked.from_s
    full_wh = home.full_wh
    while at_s < asked.to_s:
        held_s = min(step_s, asked.to_s - at_s)
        hour = (at_s + home.view.utc_offset_s) / 3600 % 24
        powers = balance(
            weather.solar_w(at_s, hour, system.solar_peak_w),
            weather.load_w(at_s, hour),
            soe_percent,
            home.view.reserve_percent,
            system,
        )
        yield Sample(at_s, held_s / 3600, powers, soe_percent)
        if full_wh:
            change = -100 * powers.battery_w * held_s / 3600 / full_wh
            soe_percent = min(100.0, max(0.0, soe_percent + change))
        at_s += step_s


def flows(powers: Powers) -> dict[str, float]:
    """Say who feeds whom, in W: the sun the house first, then the battery, then the grid."""
    sun, need = max(0.0, powers.solar_w), max(0.0, powers.load_w)
    given, taken = max(0.0, powers.battery_w), max(0.0, -powers.battery_w)
    house_sun = min(sun, need)
    house_battery = min(given, need - house_sun)
    battery_sun = min(taken, sun - house_sun)
    return {
        "solar_energy_exported": sun,
        "generator_energy_exported": 0.0,
        "grid_energy_imported": max(0.0, powers.site_w),
        "grid_services_energy_imported": 0.0,
        "grid_services_energy_exported": 0.0,
        "grid_energy_exported_from_solar": sun - house_sun - battery_sun,
        "grid_energy_exported_from_generator": 0.0,
        "grid_energy_exported_from_battery": given - house_battery,
        "battery_energy_exported": given,
        "battery_energy_imported_from_grid": taken - battery_sun,
        "battery_energy_imported_from_solar": battery_sun,
        "battery_energy_imported_from_generator": 0.0,
        "consumer_energy_imported_from_grid": need - house_sun - house_battery,
        "consumer_energy_imported_from_solar": house_sun,
        "consumer_energy_imported_from_battery": house_battery,
        "consumer_energy_imported_from_generator": 0.0,
    }


def _short(asked: Span) -> Span:
    return Span(max(asked.from_s, asked.to_s - _MOST_S), asked.to_s)


def _power(home: Home, weather: Weather, asked: Span, _period: str) -> list[dict[str, Any]]:
    rows = [(one.at_s, one.powers) for one in walk(home, weather, _short(asked), 300)]
    view = home.view
    if rows and asked.to_s >= view.now_s:
        now = Powers(view.solar.power_w, view.battery.power_w, view.site.power_w, view.load.power_w)
        rows[-1] = (rows[-1][0], now)
    return [
        {
            "timestamp": home.time(at_s),
            "solar_power": powers.solar_w,
            "battery_power": powers.battery_w,
            "grid_power": powers.site_w,
            "grid_services_power": 0,
            "generator_power": 0,
        }
        for at_s, powers in rows
    ]


def _soe(home: Home, weather: Weather, asked: Span, _period: str) -> list[dict[str, Any]]:
    rows = [(one.at_s, one.soe_percent) for one in walk(home, weather, _short(asked), 900)]
    if rows and asked.to_s >= home.view.now_s:
        rows[-1] = (rows[-1][0], home.view.soe_percent)
    return [
        {"timestamp": home.time(at_s), "soe": math.floor(app_percent(raw))} for at_s, raw in rows
    ]


def _sums(
    home: Home, weather: Weather, asked: Span, step_s: int, covers: str
) -> dict[float, dict[str, float]]:
    """Add up the energies of each entry, in Wh, by when it begins."""
    entries: dict[float, dict[str, float]] = {}
    for one in walk(home, weather, asked, step_s):
        begins = _STARTS[covers](_local(one.at_s, home.view.utc_offset_s)).timestamp()
        entry = entries.setdefault(begins, {})
        for name, watts in flows(one.powers).items():
            entry[name] = entry.get(name, 0.0) + watts * one.hours
    return entries


def _energy(home: Home, weather: Weather, asked: Span, period: str) -> list[dict[str, Any]]:
    return [
        {"timestamp": home.time(at_s), **entry}
        for at_s, entry in _sums(home, weather, asked, *_ENERGY_STEPS[period]).items()
    ]


def _self_consumption(
    home: Home, weather: Weather, asked: Span, period: str
) -> list[dict[str, Any]]:
    rows = []
    for at_s, entry in _sums(home, weather, asked, *_ENERGY_STEPS[period]).items():
        parts = [entry[f"consumer_energy_imported_from_{n}"] for n in ("solar", "battery", "grid")]
        solar, battery = (100 * part / (sum(parts) or 1.0) for part in parts[:2])
        rows.append({"timestamp": home.time(at_s), "solar": solar, "battery": battery})
    return rows


def _backup(home: Home, asked: Span) -> dict[str, Any]:
    """Tell of one outage; samples of the Owner API have its length in milliseconds."""
    now = _local(home.view.now_s, home.view.utc_offset_s)
    at_s = (_STARTS["day"](now) - timedelta(days=2, hours=-3)).timestamp()
    seen = home.has_battery and asked.from_s <= at_s < asked.to_s
    events = [{"timestamp": home.time(at_s), "duration": 642_000}] if seen else []
    return {"events": events, "total_events": len(events), "events_count": len(events)}


_SERIES: Final = {
    "power": _power,
    "soe": _soe,
    "energy": _energy,
    "self_consumption": _self_consumption,
}
# Without a plan there is nothing to tell by its hours, and the cloud says it with an empty text.
_NOTHING: Final = ("time_of_use_energy", "time_of_use_self_consumption", "savings")
KINDS: Final = (*_SERIES, "backup", *_NOTHING)


def calendar_history(home: Home, weather: Weather, query: Mapping[str, str]) -> Any:
    """GET calendar_history, and history.

    Raises:
        ValueError: Kind, period or a date is none.
    """
    kind, period = query.get("kind", ""), query.get("period", "day")
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}")
    if period not in PERIODS:
        raise ValueError(f"period must be one of {', '.join(PERIODS)}")
    asked = span(query, period, home.view.now_s, home.view.utc_offset_s)
    if kind in _NOTHING:
        return ""
    if kind == "backup":
        return _backup(home, asked)
    return {
        "serial_number": home.system.gateway_serial,
        "installation_time_zone": home.zone,
        "period": period,
        "time_series": _SERIES[kind](home, weather, asked, period),
    }
