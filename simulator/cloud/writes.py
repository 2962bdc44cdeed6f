"""What can be changed through the cloud: a row per path, read and checked. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

MODES: Final = ("self_consumption", "autonomous", "backup")
EXPORT_RULES: Final = ("battery_ok", "pv_only", "never")
# Tesla keeps nothing between this and all of it.
RESERVE_CAP: Final = 80
_ALL: Final = 100
_NO_CHARGING: Final = "disallow_charge_from_grid_with_solar_installed"
_EXPORT: Final = "customer_preferred_export_rule"

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A write that was understood.

    Attributes:
        reserve_percent: As the app shows it.
        mode: As the gateway names it.
        preferences: Fields of Preferences.
    """

    reserve_percent: int | None = None
    mode: str | None = None
    preferences: Mapping[str, Any] = field(default_factory=dict)


def _flag(body: Body, name: str) -> bool:
    if not isinstance(body.get(name), bool):
        raise ValueError(f"{name} must be true or false")  # noqa: TRY004 - one family for callers
    return bool(body[name])


def _percent(body: Body, name: str) -> int:
    value: Any = body.get(name)
    # Not a bool, which is a number to Python alone; and not a number is within no bounds.
    if type(value) not in (int, float) or not 0 <= value <= _ALL or value != int(value):
        raise ValueError(f"{name} must be a whole number from 0 to {_ALL}")
    return int(value)


def _word(body: Body, name: str, words: tuple[str, ...]) -> str:
    value = body.get(name)
    if value not in words:
        raise ValueError(f"{name} must be one of {', '.join(words)}")
    return str(value)


def capped(percent: int) -> int:
    """Keep what Tesla keeps of a reserve."""
    return RESERVE_CAP if RESERVE_CAP < percent < _ALL else percent


def _backup(body: Body) -> Change:
    return Change(reserve_percent=capped(_percent(body, "backup_reserve_percent")))


def _operation(body: Body) -> Change:
    return Change(mode=_word(body, "default_real_mode", MODES))


def _grid(body: Body) -> Change:
    wanted: dict[str, Any] = {}
    if _NO_CHARGING in body:
        wanted["grid_charging"] = not _flag(body, _NO_CHARGING)
    if _EXPORT in body:
        wanted["export_rule"] = _word(body, _EXPORT, EXPORT_RULES)
    if not wanted:
        raise ValueError(f"{_NO_CHARGING} or {_EXPORT} is missing")
    return Change(preferences=wanted)


def _vehicle_reserve(body: Body) -> Change:
    percent = _percent(body, "off_grid_vehicle_charging_reserve_percent")
    return Change(preferences={"vehicle_reserve": percent})


def _storm(body: Body) -> Change:
    return Change(preferences={"storm_mode": _flag(body, "enabled")})


def _tariff(body: Body) -> Change:
    settings = body.get("tou_settings")
    given = settings if isinstance(settings, dict) else {}
    tariff = given.get("tariff_content_v2", given.get("tariff_content"))
    if not isinstance(tariff, dict):
        raise ValueError("tou_settings has no tariff_content_v2")  # noqa: TRY004 - as above
    return Change(preferences={"tariff": tariff})


def _name(body: Body) -> Change:
    name = body.get("site_name")
    if not isinstance(name, str) or not name.strip():
        raise ValueError("site_name must be a text")
    return Change(preferences={"site_name": name.strip()})


WRITES: Final[Mapping[str, Callable[[Body], Change]]] = {
    "backup": _backup,
    "operation": _operation,
    "grid_import_export": _grid,
    "off_grid_vehicle_charging_reserve": _vehicle_reserve,
    "storm_mode": _storm,
    "time_of_use_settings": _tariff,
    "site_name": _name,
}
