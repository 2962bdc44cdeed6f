"""The house off the grid: what lives on there, and the contactor that a person moves. Pure."""

from dataclasses import dataclass, replace
from typing import Final

from simulator.grid import CONNECTED, ISLANDED, TO_GRID, TO_ISLAND
from simulator.phases import phase_at
from simulator.view import Meter, View, shared

# How far the frequency rises to make inverters give way is not known exactly.
_CURTAIL_HZ: Final = 2.5
_CHARGE_W: Final = 5_000.0
# Until the contactor is open; and until it may close, the grid being in step again.
_OPENS_S: Final = 2.0
_CLOSES_S: Final = 120.0
_ALERT: Final = "ScheduledIslandContactorOpen"


def still(meter: Meter, before: Meter, watts: float = 0.0) -> Meter:
    """Hold a meter's counters at what they were."""
    return replace(
        meter,
        power_w=watts,
        reactive_var=0.0,
        exported_wh=before.exported_wh,
        imported_wh=before.imported_wh,
    )


def islanded(view: View, before: View) -> View:
    """Let the house live on sun and battery; what neither it nor the battery takes is not made."""
    room = min(1.0, max(0.0, (100.0 - view.soe_percent) / 5.0))
    charge_most_w = _CHARGE_W * room * sum(pack.works for pack in view.packs)
    solar_w = min(view.solar.power_w, view.load.power_w + charge_most_w)
    missed_w = view.solar.power_w - solar_w
    share = missed_w / view.solar.power_w if missed_w > 0 else 0.0
    return shared(
        replace(
            view,
            site=still(view.site, before.site),
            solar=replace(view.solar, power_w=solar_w),
            battery=replace(view.battery, power_w=view.load.power_w - solar_w),
            frequency_hz=view.nominal_hz + _CURTAIL_HZ * share,
        )
    )


@dataclass(frozen=True, slots=True)
class Turn:
    """The contactor was told to open, or to close again.

    Attributes:
        at_s: When, by the clock that never jumps.
        before: The plant as it was when it left the grid.
    """

    off: bool
    at_s: float
    before: View

    def state(self, now_s: float, scale: float) -> str:
        """Say how far it has come."""
        if self.off:
            return phase_at(now_s - self.at_s, [(TO_ISLAND, _OPENS_S * scale)], ISLANDED)
        return phase_at(now_s - self.at_s, [(TO_GRID, _CLOSES_S * scale)], CONNECTED)


def turned(view: View, turn: Turn, now_s: float, scale: float) -> View:
    """Show the plant as the contactor leaves it."""
    state = turn.state(now_s, scale)
    if state == CONNECTED:
        return view
    return replace(islanded(view, turn.before), grid_status=state, alerts=(*view.alerts, _ALERT))
