"""A firmware update, from the download to the new version."""

import hashlib
from dataclasses import replace
from typing import Final

from simulator.fault import ActiveFault, Exchange, Fault, Moment, any_path
from simulator.faults_access import STOPPED_PATHS, unready
from simulator.option import SCALE, Option
from simulator.phases import phase_at
from simulator.view import View

DOWNLOAD, STAGED, AWAY, STARTING, SETTLING, DONE = (
    "download",
    "staged",
    "away",
    "starting",
    "settling",
    "done",
)
# Phase, its seconds, and what update/status says in it.
_PHASES: Final = (
    (DOWNLOAD, 60.0, "/download"),
    (STAGED, 30.0, "/update_staged"),
    (AWAY, 60.0, "/update_staged"),
    (STARTING, 120.0, "/update_unknown"),
    (SETTLING, 120.0, "/update_succeeded"),
)
_STATES: Final = {name: state for name, _, state in _PHASES} | {DONE: "/update_succeeded"}
_BEFORE: Final = frozenset({DOWNLOAD, STAGED, AWAY})
_BOOTED_S: Final = sum(lasts_s for name, lasts_s, _ in _PHASES if name in _BEFORE)
# How soon a lost request notices that the gateway is back.
_GLANCE_S: Final = 0.1
_DEVICE_ALERTS: Final = (
    ("TEPINV", "PINV_a010_can_gtwMIA"),
    ("TEPINV", "PINV_a039_can_thcMIA"),
    ("TEPOD", "POD_w058_SW_App_Boot"),
)


def update_phase(moment: Moment) -> str:
    """Say how far an update has come."""
    scale = moment.options["scale"]
    return phase_at(moment.age_s, [(name, lasts_s * scale) for name, lasts_s, _ in _PHASES], DONE)


def _hash(release: str) -> str:
    """Give a release a hash of its own: forty digits, always the same."""
    return hashlib.sha256(release.encode()).hexdigest()[:40]


def updating(view: View, moment: Moment) -> View:
    """Show an update: its state, then another version since the reboot, and the alerts of one."""
    phase, release = update_phase(moment), moment.options["release"]
    shown = replace(view, update_state=_STATES[phase])
    if phase in _BEFORE:
        return shown
    up_s = moment.age_s - _BOOTED_S * moment.options["scale"]
    settled = phase == DONE
    return replace(
        shown,
        firmware=(release, _hash(release)),
        boot_s=view.now_s - up_s,
        running=phase != STARTING,
        device_alerts=view.device_alerts if settled else (*view.device_alerts, *_DEVICE_ALERTS),
    )


def _unwell(path: str, moment: Moment) -> bool:
    phase = update_phase(moment)
    return phase == AWAY or (phase == STARTING and path in STOPPED_PATHS)


def _restarting(exchange: Exchange, active: ActiveFault) -> None:
    """Say nothing while nobody is there; who has booted knows no old connection, or not enough."""
    if update_phase(active.moment()) != AWAY:
        unready(exchange, active)
        return
    while update_phase(active.moment()) == AWAY and exchange.hold(active.ended, _GLANCE_S):
        pass
    exchange.reset()


ROWS: Final = (
    Fault(
        name="firmware_update",
        rows=(58,),
        what="download 60 s, staged 30 s, no answers 60 s, 502 for 120 s with a new version, no "
        "sessions and (from 23.44) no vitals, alerts for 120 s more; scale=0.01 hurries",
        misbehave=_restarting,
        whole=True,
        concerns=any_path,
        when=_unwell,
        alter=updating,
        options={
            "scale": SCALE,
            "release": Option(default="24.12.0"),
        },
    ),
)
