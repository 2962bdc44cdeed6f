"""Documents that are not what a reader expects: each a pure function document -> document."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final

from simulator import documents_old
from simulator.device import Device
from simulator.endpoints import AGGREGATES_PATH, LOGIN_PATH, VITALS_PATH
from simulator.fault import ActiveFault, Edit, Exchange, Fault, Moment
from simulator.faults_plant import METERS
from simulator.option import Option
from simulator.wire import NEVER

GRID_STATUS: Final = "/api/system_status/grid_status"


def without(*keys: str) -> Edit:
    """Leave keys out."""
    return lambda document, _moment: documents_old.without(document, keys)


def extended(**more: Any) -> Edit:
    """Add keys, or give others a new value."""
    return lambda document, _moment: {**document, **more}


def null_power(document: Any, moment: Moment) -> Any:
    """Lose what a meter measures and when, of one meter or of all."""
    chosen = moment.options["meter"]
    unknown = {"instant_power": None, "last_communication_time": None}
    return {
        meter: {**reading, **unknown} if chosen in ("all", meter) else reading
        for meter, reading in document.items()
    }


def without_meter(document: Any, moment: Moment) -> Any:
    """Leave one meter out, as sites that have none do."""
    return {
        meter: reading for meter, reading in document.items() if meter != moment.options["meter"]
    }


def old_aggregates(document: Any, _moment: Moment) -> Any:
    """Write the layout of firmware before 20."""
    return documents_old.small_aggregates(document)


def flat_site_info(document: Any, _moment: Moment) -> Any:
    """Write the layout of firmware before 1.45."""
    return documents_old.flat_site_info(document)


def strange_aggregates(document: Any, _moment: Moment) -> Any:
    """Add meters and fields that nobody knows."""
    new = {"instant_mood": "calm", "phases": {"a": [None]}}
    known = {meter: {**reading, **new} for meter, reading in document.items()}
    return {**known, **documents_old.zero_meters(known)}


def strange_devices(devices: Iterable[Device], _moment: Moment) -> list[Device]:
    """Add a device of no known kind, and a signal to those that have any."""
    rows = list(devices)
    known = [
        replace(row, signals={**row.signals, "XYZ_Mood": "calm"}) if row.signals else row
        for row in rows
    ]
    stranger = Device(
        kind="TEXYZ",
        part="9999999-00-A",
        serial="XY0000000001",
        parent=rows[0].din,
        ecu_type=999,
        signals={"XYZ_Level": 1.0, "XYZ_Awake": True},
        alerts=("XYZ_a001_Unheard_Of",),
        heard_s=rows[0].heard_s,
    )
    return [*known, stranger]


def odd_aggregates(document: Any, _moment: Moment) -> Any:
    """Write zeros as only floating point has them."""
    odd = {"site": -0.0, "solar": 1e-15}
    return {
        meter: {
            **reading,
            "instant_power": odd.get(meter, reading["instant_power"]),
            "instant_reactive_power": -0.0,
            "i_a_current": 1e-10,
        }
        for meter, reading in document.items()
    }


def odd_status(document: Any, _moment: Moment) -> Any:
    """Write zeros of either sign, and fractions where whole numbers usually are."""
    blocks = [
        {**block, "q_out": -0.0, "nominal_energy_remaining": 6950.000000000001}
        for block in document["battery_blocks"]
    ]
    return {
        **document,
        "grid_services_power": -0.0,
        "auxiliary_load": 1e-15,
        "battery_blocks": blocks,
    }


def never_heard(document: Any, _moment: Moment) -> Any:
    """Write the year 1 wherever a meter says when it was heard of."""
    if isinstance(document, dict):
        return {
            key: NEVER if key == "last_communication_time" else never_heard(value, _moment)
            for key, value in document.items()
        }
    if isinstance(document, list):
        return [never_heard(item, _moment) for item in document]
    return document


_GARBAGE: Final = bytes(range(255, 0, -1)) * 8
BODIES: Final[dict[str, Callable[[bytes], bytes]]] = {
    "empty": lambda _body: b"",
    "garbage": lambda _body: _GARBAGE,
    # One byte short, the last length always promises more than there is.
    "cut": lambda body: body[: len(body) - 1],
}


def _bad_body(exchange: Exchange, active: ActiveFault) -> None:
    answer = exchange.normal()
    spoil = BODIES[active.options["how"]]
    exchange.send(replace(answer, body=spoil(answer.body)) if answer.status == 200 else answer)  # noqa: PLR2004 - a refusal stays one


_ANY_METER: Final = Option(default="all", choices=("all", *METERS))

ROWS: Final = (
    Fault(
        name="null_power",
        rows=(24,),
        what="aggregates: instant_power and last_communication_time are null",
        edits={AGGREGATES_PATH: null_power},
        options={"meter": _ANY_METER},
    ),
    Fault(
        name="without_meter",
        rows=(24,),
        what="aggregates: a whole meter is missing",
        edits={AGGREGATES_PATH: without_meter},
        options={"meter": Option(default="solar", choices=METERS)},
    ),
    Fault(
        name="old_keys",
        rows=(25,),
        what="keys that old firmware lacks: reserve, grid services, teg_type and can_reboot, "
        "most of aggregates; site_info is flat; path picks one",
        edits={
            AGGREGATES_PATH: old_aggregates,
            GRID_STATUS: without("grid_services_active"),
            "/api/operation": without("backup_reserve_percent"),
            "/api/site_info": flat_site_info,
            "/api/status": without("teg_type", "can_reboot"),
        },
    ),
    Fault(
        name="strange_keys",
        rows=(26,),
        what="keys, meters, devices, a grid state and a role that nobody knows; path picks one",
        edits={
            AGGREGATES_PATH: strange_aggregates,
            GRID_STATUS: extended(grid_status="SystemGridMeditating", mood="calm"),
            LOGIN_PATH: extended(roles=["Home_Owner", "Home_Astronaut"]),
            VITALS_PATH: strange_devices,
            "/api/operation": extended(real_mode="meditation", mood="calm"),
            "/api/status": extended(device_type="xyz", mood="calm"),
            "/api/system_status": extended(
                system_island_state="SystemGridMeditating", command_source="Weather", mood={}
            ),
        },
    ),
    Fault(
        name="bad_vitals",
        rows=(27,),
        what="vitals: 200 and no bytes, or other bytes, or not all bytes",
        misbehave=_bad_body,
        concerns=VITALS_PATH.__eq__,
        options={"how": Option(default="empty", choices=tuple(BODIES))},
    ),
    Fault(
        name="no_times",
        rows=(31,),
        what="meters were last heard of in the year 1: 0001-01-01T00:00:00Z",
        edits=dict.fromkeys(
            (AGGREGATES_PATH, "/api/meters/site", "/api/meters/solar"), never_heard
        ),
    ),
    Fault(
        name="odd_numbers",
        rows=(40,),
        what="-0 and 1e-15 for zero, fractions for whole numbers",
        edits={
            AGGREGATES_PATH: odd_aggregates,
            "/api/operation": extended(backup_reserve_percent=24.000000000000004),
            "/api/system_status": odd_status,
            "/api/system_status/soe": extended(percentage=50.00000000000001),
        },
    ),
)
