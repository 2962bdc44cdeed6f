"""The grid goes, and comes back; or the house goes dark as well. Pure: plant -> plant."""

from dataclasses import replace
from typing import Final

from simulator.fault import Fault, Moment
from simulator.faults_plant import meters_of, with_meters
from simulator.grid import (
    CONNECTED,
    FAULTED,
    ISLAND_READY,
    ISLANDED,
    TO_GRID,
    TO_ISLAND,
    WAITING,
    GridFault,
)
from simulator.island import islanded, still
from simulator.option import SCALE, Option
from simulator.phases import phase_at
from simulator.view import View, shared

_PHASES: Final = {
    "to_island": TO_ISLAND,
    "ready": ISLAND_READY,
    "islanded": ISLANDED,
    "to_grid": TO_GRID,
}
_DARK: Final = {"faulted": FAULTED, "waiting": WAITING}
_ALERT: Final = "UnscheduledIslandContactorOpen"


def outage_state(moment: Moment) -> str:
    """Say how far an outage has come: on the grid again at its end, if it has one."""
    options = moment.options
    if options["state"] != "script":
        return _PHASES[options["state"]]
    island_s = options["island_s"] or float("inf")
    phases = (
        (TO_ISLAND, options["transition_s"]),
        (ISLANDED, island_s),
        (TO_GRID, options["sync_s"]),
    )
    scale = options["scale"]
    return phase_at(moment.age_s, [(name, lasts_s * scale) for name, lasts_s in phases], CONNECTED)


def _noted(view: View, at_s: float) -> View:
    """Note what the inverters saw as the grid went; they keep it."""
    under_hz = view.nominal_hz - 1.6
    seen = (
        GridFault("PINV_a004_vfCheckUnderVoltage", at_s, "PINV_a004_voltage", 198.2, "Vrms"),
        GridFault("PINV_a006_vfCheckUnderFrequency", at_s, "PINV_a006_frequency", under_hz, "Hz"),
    )
    return replace(view, grid_faults=(*view.grid_faults, *seen))


def outage(view: View, moment: Moment) -> View:
    """Take the grid away, and give it back in the gateway's own steps."""
    state = outage_state(moment)
    noted = _noted(view, moment.before.now_s)
    if state == CONNECTED:
        return noted
    alerts = (*view.alerts, _ALERT)
    if not any(pack.works for pack in view.packs):
        # Solar inverters alone make no grid: they wait for one, whatever the step.
        return replace(_dark(noted, moment.before), grid_status=FAULTED, alerts=alerts)
    return replace(islanded(noted, moment.before), grid_status=state, alerts=alerts)


def _dark(view: View, before: View) -> View:
    then, meters = meters_of(before), meters_of(view).items()
    dark = with_meters(view, {name: still(meter, then[name]) for name, meter in meters})
    return shared(replace(dark, frequency_hz=0.0))


def blackout(view: View, moment: Moment) -> View:
    """Take the house's own grid away too; the gateway may have started again."""
    return replace(
        _dark(_noted(view, moment.before.now_s), moment.before),
        grid_status=_DARK[moment.options["state"]],
        alerts=(*view.alerts, _ALERT),
        boot_s=view.now_s - moment.age_s if moment.options["reboot"] else view.boot_s,
    )


ROWS: Final = (
    Fault(
        name="outage",
        rows=(33,),
        what="the grid goes: SystemTransitionToIsland, SystemIslandedActive (for good if "
        "island_s=0), SystemTransitionToGrid, SystemGridConnected; scale=0.01 hurries, "
        "state holds one",
        alter=outage,
        options={
            "transition_s": Option(default=2.0),
            "island_s": Option(default=600.0),
            "sync_s": Option(default=120.0),
            "scale": SCALE,
            "state": Option(default="script", choices=("script", *_PHASES)),
        },
    ),
    Fault(
        name="blackout",
        rows=(34,),
        what="the house is dark: SystemMicroGridFaulted or SystemWaitForUser; reboot=true has "
        "just started, sessions are lost",
        alter=blackout,
        options={
            "state": Option(default="faulted", choices=tuple(_DARK)),
            "reboot": Option(default=False),
        },
    ),
)
