"""What goes wrong in the plant: meters, packs, clock. Pure: plant -> plant."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from simulator.fault import Fault, Moment
from simulator.option import Option
from simulator.view import Meter, PackView, View, shared

_HOUR_S: Final = 3600
# What the gateway raises when a meter's numbers stop coming; of the others' the
# interface's wording is known and the name is not.
_COMMS: Final = {"solar": "SolarMeterComms"}


def stop(view: View, _moment: Moment) -> View:
    """Stop the site controller."""
    return replace(view, running=False)


def meters_of(view: View) -> dict[str, Meter]:
    """List the meters by their names."""
    return {"site": view.site, "battery": view.battery, "load": view.load, "solar": view.solar}


METERS: Final = ("site", "battery", "load", "solar")


def with_meters(view: View, meters: Mapping[str, Meter]) -> View:
    """Put meters in the place of others."""
    new = {**meters_of(view), **meters}
    return replace(
        view, site=new["site"], battery=new["battery"], load=new["load"], solar=new["solar"]
    )


def _powered(meter: Meter, watts: float) -> Meter:
    return replace(meter, power_w=watts)


def balanced(view: View) -> View:
    """Compute the load from the meters, as the gateway does."""
    load_w = view.site.power_w + view.solar.power_w + view.battery.power_w
    return replace(view, load=_powered(view.load, load_w))


def clock_jump(view: View, moment: Moment) -> View:
    """Move the gateway's clock, but not how long it is up; in summer its zone moves too."""
    offset_s = moment.options["offset_s"]
    return replace(
        view,
        now_s=view.now_s + offset_s,
        boot_s=view.boot_s + offset_s,
        utc_offset_s=view.utc_offset_s + _HOUR_S * moment.options["dst"],
    )


def stale_meter(view: View, moment: Moment) -> View:
    """Keep a meter as it was, and go on computing with it."""
    name, before = moment.options["meter"], meters_of(moment.before)
    heard_s = moment.before.now_s - moment.options["seconds"]
    # Nobody measures the load: it stands still while all others do.
    names = METERS if name == "load" else (name,)
    stale = with_meters(view, {one: replace(before[one], heard_s=heard_s) for one in names})
    raised = (_COMMS[name],) if name in _COMMS else ()
    return shared(balanced(replace(stale, alerts=(*view.alerts, *raised))))


def negative_solar(view: View, moment: Moment) -> View:
    """Let the inverter draw power, which the grid makes up."""
    drawn_w = moment.options["watts"]
    solar = _powered(view.solar, -drawn_w)
    site_w = view.load.power_w + drawn_w - view.battery.power_w
    return replace(view, solar=solar, site=_powered(view.site, site_w))


def negative_load(view: View, moment: Moment) -> View:
    """Lose the solar meter for some seconds every few minutes: the sum then comes out wrong."""
    options = moment.options
    if options["every_s"] and moment.age_s % options["every_s"] >= options["lasts_s"]:
        return view
    dropped = replace(view, solar=_powered(view.solar, 0.0))
    return balanced(replace(dropped, alerts=(*view.alerts, _COMMS["solar"])))


def _changed_pack(view: View, number: int, changed: PackView) -> View:
    packs = list(view.packs)
    packs[number - 1] = changed
    alerts = (*view.alerts, "BatteryFault")
    after = replace(view, packs=tuple(packs), alerts=alerts)
    return shared(after if any(pack.works for pack in packs) else _without_battery(after))


def _without_battery(view: View) -> View:
    """Let the grid do what the last pack did, if there is a grid."""
    if not view.grid.connected:
        return view
    idle = replace(view.battery, power_w=0.0, reactive_var=0.0)
    site = _powered(view.site, view.load.power_w - view.solar.power_w)
    return replace(view, battery=idle, site=site)


def _pack(view: View, moment: Moment) -> tuple[int, PackView]:
    """Find the pack meant: the last, where there are not so many; there must be one."""
    number = min(moment.options["pack"], len(view.packs))
    return number, view.packs[number - 1]


def disabled_pack(view: View, moment: Moment) -> View:
    """Let a pack be there and do nothing; without packs, do nothing here either."""
    if not view.packs:
        return view
    number, pack = _pack(view, moment)
    disabled = replace(pack, disabled=moment.options["reason"], heard_s=moment.before.now_s)
    raised = (*view.alerts, "BatteryDisabled", "ExcessiveVoltageDrop")
    return _changed_pack(replace(view, alerts=raised), number, disabled)


def missing_pack(view: View, moment: Moment) -> View:
    """Lose a pack, some time ago; without packs, lose none."""
    if not view.packs:
        return view
    number, pack = _pack(view, moment)
    heard_s = moment.before.now_s - moment.options["seconds"]
    return _changed_pack(view, number, replace(pack, lost=True, heard_s=heard_s))


def high_cpu(view: View, _moment: Moment) -> View:
    """Say that there is too much to do."""
    return replace(view, alerts=(*view.alerts, "HighCPU"))


_PACK: Final = Option(default=1, least=1, most=10)

ROWS: Final = (
    Fault(
        name="clock",
        rows=(31,),
        what="the gateway's clock is wrong by so many seconds; dst=true moves its zone by an hour",
        alter=clock_jump,
        # Neither before 1970 nor after 2100, so that every reader can write it.
        options={
            "offset_s": Option(default=7200.0, least=-1e9, most=2e9),
            "dst": Option(default=False),
        },
    ),
    Fault(
        name="stale_meter",
        rows=(32,),
        what="a meter is frozen as it was, heard of so many seconds before that",
        alter=stale_meter,
        options={
            "meter": Option(default="solar", choices=("solar", "site", "battery", "load")),
            "seconds": Option(default=0.0),
        },
    ),
    Fault(
        name="disabled_pack",
        rows=(35,),
        what="a pack is disabled: nulls and empty strings in its block, a reason, alerts",
        alter=disabled_pack,
        options={"pack": _PACK, "reason": Option(default="DisabledExcessiveVoltageDrop")},
    ),
    Fault(
        name="missing_pack",
        rows=(36,),
        what="a pack is gone: one block less, its devices without signals and long unheard of",
        alter=missing_pack,
        options={"pack": _PACK, "seconds": Option(default=7200.0)},
    ),
    Fault(
        name="negative_solar",
        rows=(37,),
        what="the solar inverter draws power",
        alter=negative_solar,
        options={"watts": Option(default=50.0)},
    ),
    Fault(
        name="negative_load",
        rows=(38,),
        what="the solar meter drops out for lasts_s every every_s: the load goes negative; "
        "every_s=0 for good",
        alter=negative_load,
        options={"every_s": Option(default=300.0), "lasts_s": Option(default=18.0)},
    ),
)
