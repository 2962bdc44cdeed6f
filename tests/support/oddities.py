"""The table of stories in which the gateway answers well, and says something odd.

No such document troubles the lane: it is passed through as it is, null for null.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .trouble import AGGREGATES, GRID_STATUS, SOE, SOLAR_POWERWALL, VITALS, Trouble

METERS = ("site", "battery", "load", "solar")
Check = Callable[[Any], bool]


def _power(meter: str, is_right: Check) -> Check:
    return lambda document: is_right(document[meter]["instant_power"])


def _each(is_right: Check) -> Check:
    return lambda document: all(is_right(document[meter]) for meter in METERS)


def _heard(*parts: str) -> Check:
    """All meters were last heard of at a time that begins and ends so."""
    first, last = parts[0], parts[-1]
    return _each(
        lambda reading: (
            reading["last_communication_time"].startswith(first)
            and reading["last_communication_time"].endswith(last)
        )
    )


def _state(name: str) -> Check:
    return lambda document: document["grid_status"] == name


def _alert(name: str) -> Check:
    return lambda devices: any(name in device.get("alerts", ()) for device in devices.values())


def _silent_pods(devices: dict[str, Any]) -> bool:
    pods = [device for din, device in devices.items() if din.startswith("TEPOD")]
    return [("POD_state" in pod) for pod in pods].count(False) == 1


def _numbers(values: Iterable[Any]) -> bool:
    return all(type(value) in (int, float) for value in values)


def _odd(document: dict[str, Any]) -> bool:
    powers = [document[meter]["instant_power"] for meter in METERS]
    return (
        _numbers(powers)
        and document["site"]["instant_power"] == 0
        and document["solar"]["instant_power"] == 1e-15
    )


def _outage(held: str, name: str) -> Trouble:
    shows = {GRID_STATUS: _state(name), VITALS: _alert("UnscheduledIslandContactorOpen")}
    return Trouble("outage", held, options={"state": held}, shows=shows)


def _blackout(held: str, name: str) -> Trouble:
    shows = {GRID_STATUS: _state(name), AGGREGATES: _power("load", lambda watts: watts == 0)}
    return Trouble("blackout", held, options={"state": held}, shows=shows)


def _counters(how: str, is_right: Check) -> Trouble:
    shows = {AGGREGATES: lambda document: is_right(document["solar"]["energy_exported"])}
    return Trouble("wrong_counters", how, options={"how": how}, shows=shows)


def _clock(variant: str, *parts: str, **options: Any) -> Trouble:
    return Trouble("clock", variant, options=options, shows={AGGREGATES: _heard(*parts)})


MEASURED = (
    Trouble(
        "null_power",
        shows={AGGREGATES: _each(lambda reading: reading["instant_power"] is None)},
    ),
    Trouble(
        "null_power",
        "of one meter",
        options={"meter": "solar"},
        shows={AGGREGATES: _power("solar", lambda watts: watts is None)},
    ),
    *(
        Trouble(
            "without_meter",
            meter,
            options={"meter": meter},
            shows={AGGREGATES: lambda document, meter=meter: meter not in document},
        )
        for meter in ("solar", "site")
    ),
    Trouble(
        "stale_meter",
        options={"seconds": 3600.0},
        shows={
            AGGREGATES: lambda document: (
                document["solar"]["last_communication_time"]
                < document["site"]["last_communication_time"]
            ),
            VITALS: _alert("SolarMeterComms"),
        },
    ),
    Trouble("negative_solar", shows={AGGREGATES: _power("solar", lambda watts: watts == -50)}),
    Trouble(
        "negative_load",
        options={"every_s": 0.0},
        shows={AGGREGATES: _power("load", lambda watts: watts < 0)},
    ),
    _counters("negative", lambda energy_wh: energy_wh < 0),
    _counters("reset", lambda energy_wh: energy_wh == 0),
    _counters("jump", lambda energy_wh: energy_wh > 26_900_000),
    Trouble(
        "odd_numbers",
        shows={AGGREGATES: _odd, SOE: lambda charge: charge["percentage"] == 50.00000000000001},
    ),
    # The gateway's clock is no clock of ours: see how old the proxy says they are.
    Trouble("no_times", shows={AGGREGATES: _heard("0001-01-01T00:00:00Z")}),
    _clock("two hours ahead", "2024-06-15T15", "-07:00"),
    _clock("decades behind", "1992", "-07:00", offset_s=-1e9),
    _clock("decades ahead", "2087", "-07:00", offset_s=2e9),
    _clock("summer", "2024-06-15T14", "-06:00", offset_s=0.0, dst=True),
)

NAMED = (
    Trouble(
        "old_keys",
        shows={
            AGGREGATES: lambda document: (
                "instant_average_current" not in document["site"] and "generator" in document
            ),
            GRID_STATUS: lambda document: "grid_services_active" not in document,
        },
    ),
    Trouble(
        "strange_keys",
        shows={
            AGGREGATES: _each(lambda reading: reading.get("instant_mood") == "calm"),
            GRID_STATUS: _state("SystemGridMeditating"),
            VITALS: lambda devices: any(
                device.get("XYZ_Awake") is True for device in devices.values()
            ),
        },
    ),
    Trouble(
        "strange_keys",
        "a role at the login",
        forgets_sessions=True,
        logins=1,
        shows={GRID_STATUS: _state("SystemGridMeditating")},
    ),
    Trouble(
        "no_solar_powerwall",
        "an empty object",
        system="novitals",
        options={"how": "empty"},
        shows={SOLAR_POWERWALL: lambda document: document == {}},
        reads={SOLAR_POWERWALL: {}},
    ),
)

PLANT = (
    Trouble("disabled_pack", shows={VITALS: _alert("BatteryDisabled")}),
    Trouble("missing_pack", shows={VITALS: _silent_pods}),
    Trouble("high_cpu", "in time", options={"seconds": 0.1}, shows={VITALS: _alert("HighCPU")}),
    _outage("to_island", "SystemTransitionToIsland"),
    _outage("ready", "SystemIslandedReady"),
    _outage("islanded", "SystemIslandedActive"),
    _outage("to_grid", "SystemTransitionToGrid"),
    # Over before two of our readings are: the grid is back, and nobody is the wiser.
    Trouble("outage", "a short one", options={"scale": 0.001}, moves=True),
    _blackout("faulted", "SystemMicroGridFaulted"),
    _blackout("waiting", "SystemWaitForUser"),
    Trouble(
        "blackout",
        "and a new start",
        options={"reboot": True},
        logins=1,
        shows={GRID_STATUS: _state("SystemMicroGridFaulted")},
    ),
)

ODDITIES = (*MEASURED, *NAMED, *PLANT)
