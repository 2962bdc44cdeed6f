"""/readyz: whether what clients would read is recent, with the reasons where it is not.

/healthz says that the process lives and /health that it answers; neither says that the gateway
does. Users had proxies that were healthy for days and served nothing.
"""

from __future__ import annotations

from typing import Any

from pypowerwall_core.laneview import CoreView, LaneView
from pypowerwall_core.payloads import CORE
from pypowerwall_core.snapshot import Snapshot

from .desk import Desk


def readyz(desk: Desk, snapshot: Snapshot) -> Any:  # noqa: ARG001 - a row's signature
    """Whether each site is ready, with the reasons where it is not."""
    return judge(desk)


def judge(desk: Desk) -> dict[str, Any]:
    """Judge each site. One that nobody reads is ready, if it was when it was last read."""
    views = [reader.lane.view() for reader in desk.site.readers]
    reasons = [reason for view in views for reason in _reasons(view)]
    if not views:
        reasons.append(desk.site.trouble)
    # Looking is interest: with a probe alone, the core is kept fresh from the second one on.
    # It is judged by what was before, or a probe once in five minutes would find itself waiting.
    desk.site.look(CORE)
    site = {
        "ready": not reasons,
        "idle": not any(core.wanted for view in views for core in view.core),
        "reasons": reasons,
        "remedies": [view.remedy for view in views if view.remedy and not view.condition.up],
        "core_age_s": {core.name: _age_s(core) for view in views for core in view.core},
    }
    return {"ready": not reasons, "sites": {desk.site.name: site}}


def status(document: Any) -> str:
    """The HTTP status of a readiness."""
    return "200 OK" if document["ready"] else "503 Service Unavailable"


def _reasons(view: LaneView) -> list[str]:
    if not view.condition.up:
        return [f"{view.name}: {view.condition.state.value}: {view.condition.error}"]
    if view.core_well is False:
        return [f"{view.name}: the last request for power, charge or grid status failed"]
    if view.flights == 0 and not any(core.waited_for for core in view.core):
        return []  # nothing has been asked of it yet, so nothing is wrong with it
    return [reason for core in view.core if (reason := _reason(core))]


def _reason(core: CoreView) -> str:
    if core.absent or not core.wanted:
        return ""
    if core.age_s is None:
        return f"{core.name}: no answer yet"
    if core.age_s > core.keep_s:
        return f"{core.name}: {core.age_s:.0f} s old, more than {core.keep_s:.0f} s"
    return ""


def _age_s(core: CoreView) -> float | None:
    return None if core.age_s is None else round(core.age_s, 1)
