"""Facts of the grid and of the gateway itself. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import isfinite

from pypowerwall_core import alerts, grid, payloads, readings
from pypowerwall_core.devices import SYNCHRONISERS, of_kind
from pypowerwall_core.fields import flag, mapping, number
from pypowerwall_core.snapshot import Snapshot

from .fact import Fact, Kind, Samples, Unit, single

_GRID = (payloads.GRID_STATUS,)
_STATUS = (payloads.STATUS,)
_SITEMASTER = (payloads.SITEMASTER,)
_VITALS = (payloads.VITALS,)
_SIDES = {"Main": "grid", "Load": "home"}
_ISLAND_VOLTAGE = re.compile(r"ISLAND_VL([123])N_(Main|Load)")
_ISLAND_FREQUENCY = re.compile(r"ISLAND_FreqL([123])_(Main|Load)")
_UPTIME = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(\d+(?:\.\d+)?)s")


def _field(
    payload: str, name: str, kind: Callable[[object], float | None]
) -> Callable[[Snapshot], Samples]:
    """Return the reader of one field of a document, left out where it has no such field."""

    def read(snapshot: Snapshot) -> Samples:
        document = mapping(snapshot.document(payload))
        return {(): kind(document[name])} if name in document else {}

    return read


def _kilo(value: object) -> float | None:
    told = number(value)
    return None if told is None else _finite(told * 1000)


def _finite(value: float) -> float | None:
    """Leave out what a document's number has become too large for."""
    return value if isfinite(value) else None


def _grid_state(snapshot: Snapshot) -> str | None:
    state = grid.state_of(readings.grid_text(snapshot))
    return None if state == grid.UNKNOWN else state


def _grid_since_s(snapshot: Snapshot) -> float | None:
    since_s = snapshot.grid.since_s
    return None if since_s is None else round(since_s, 1)


def _uptime_s(snapshot: Snapshot) -> float | None:
    """Read "230h55m59.9s"."""
    told = _UPTIME.fullmatch(readings.uptime(snapshot) or "")
    if told is None:
        return None
    hours, minutes, seconds = (float(part or 0) for part in told.groups())
    return _finite(hours * 3600 + minutes * 60 + seconds)


def _island(pattern: re.Pattern[str]) -> Callable[[Snapshot], Samples]:
    """Return the reader of what is measured on both sides of the switch to the grid, by phase.

    A phase that is not there reads 0 on both sides, and is left out; 0 on one side is an outage.
    """

    def read(snapshot: Snapshot) -> Samples:
        found: dict[tuple[str, ...], float | None] = {}
        for _, device in of_kind(snapshot.document(payloads.VITALS), *SYNCHRONISERS):
            for name, value in device.items():
                if told := pattern.fullmatch(name):
                    found[(_SIDES[told[2]], f"L{told[1]}")] = number(value)
        live = {phase for (_, phase), value in found.items() if value}
        return {labels: value for labels, value in found.items() if labels[1] in live}

    return read


def _alerts(snapshot: Snapshot) -> Samples:
    return {(name,): 1 for name in alerts.alerts(snapshot)}


GATEWAY = (
    Fact(
        "grid_state",
        "What the grid does: on_grid, islanding, islanded, reconnecting or unknown.",
        _GRID,
        single(_grid_state),
        Kind.STATE,
        states=grid.STATES,
        unknown=grid.UNKNOWN,
    ),
    Fact(
        "grid_state_since_s",
        "Since when the grid does what grid_state says, as far as this proxy has seen.",
        _GRID,
        single(_grid_since_s),
        unit=Unit.MOMENT,
        metric="grid_state_since",
    ),
    Fact(
        "grid_status",
        "The gateway's own word for the state of the grid.",
        _GRID,
        single(readings.grid_text),
        Kind.TEXT,
    ),
    Fact(
        "grid_is_up",
        "1 while the grid is there, 0 while it is not or not yet.",
        _GRID,
        single(readings.grid_is_up),
        Kind.FLAG,
        metric="grid_up",
    ),
    Fact(
        "grid_services_active",
        "1 while the utility uses the battery.",
        _GRID,
        _field(payloads.GRID_STATUS, "grid_services_active", flag),
        Kind.FLAG,
    ),
    Fact(
        "island_voltage_v",
        "Voltage by side of the switch to the grid (grid, home) and phase.",
        _VITALS,
        _island(_ISLAND_VOLTAGE),
        unit=Unit.VOLT,
        by=("side", "phase"),
    ),
    Fact(
        "island_frequency_hz",
        "Frequency by side of the switch to the grid (grid, home) and phase.",
        _VITALS,
        _island(_ISLAND_FREQUENCY),
        unit=Unit.HERTZ,
        by=("side", "phase"),
    ),
    Fact(
        "alert",
        "1 for each alert there is; the state of the grid is one of them.",
        (payloads.VITALS, payloads.SOLAR_POWERWALL, payloads.GRID_STATUS),
        _alerts,
        Kind.SET,
        by=("alert",),
    ),
    Fact(
        "running",
        "1 while the Powerwall runs, 0 while somebody has stopped it.",
        _SITEMASTER,
        _field(payloads.SITEMASTER, "running", flag),
        Kind.FLAG,
    ),
    Fact(
        "connected_to_tesla",
        "1 while the gateway reaches Tesla.",
        _SITEMASTER,
        _field(payloads.SITEMASTER, "connected_to_tesla", flag),
        Kind.FLAG,
    ),
    Fact(
        "gateway_uptime_s",
        "How long the gateway has run.",
        _STATUS,
        single(_uptime_s),
        unit=Unit.SECOND,
        metric="gateway_uptime",
    ),
    Fact(
        "firmware",
        "Firmware of the gateway.",
        _STATUS,
        single(readings.firmware),
        Kind.TEXT,
    ),
    Fact("din", "Number of the gateway: part--serial.", _STATUS, single(readings.din), Kind.TEXT),
    Fact(
        "site_name",
        "Name its owner gave the site.",
        (payloads.SITE_NAME,),
        single(readings.site_name),
        Kind.TEXT,
    ),
    Fact(
        "site_timezone",
        "Time zone of the site.",
        (payloads.SITE_NAME,),
        single(readings.timezone),
        Kind.TEXT,
    ),
    Fact(
        "nominal_energy_wh",
        "Energy that all packs together are rated for.",
        (payloads.SITE_INFO,),
        _field(payloads.SITE_INFO, "nominal_system_energy_kWh", _kilo),
        unit=Unit.WATT_HOUR,
    ),
    Fact(
        "nominal_power_w",
        "Power that all packs together are rated for.",
        (payloads.SITE_INFO,),
        _field(payloads.SITE_INFO, "nominal_system_power_kW", _kilo),
        unit=Unit.WATT,
    ),
)
