"""What can be seen of the plant at one moment: all that documents are made of. Pure."""

import math
from dataclasses import dataclass, replace

from simulator.grid import CONNECTED, GRID_STATES, GridFault, GridState


@dataclass(frozen=True, slots=True)
class Meter:
    """One meter at one moment; signs as the gateway's, energies for life.

    Attributes:
        heard_s: When it was last heard of, where that is not now.
    """

    power_w: float
    reactive_var: float
    exported_wh: float
    imported_wh: float
    heard_s: float | None = None

    @property
    def apparent_va(self) -> float:
        """Apparent power."""
        return math.hypot(self.power_w, self.reactive_var)


@dataclass(frozen=True, slots=True)
class PackView:
    """One pack at one moment.

    Attributes:
        lost: The gateway has not heard of it since heard_s.
        disabled: Why it does not work, in the gateway's word.
    """

    power_w: float
    remaining_wh: float
    full_wh: float
    charged_wh: float
    discharged_wh: float
    ambient_c: float
    lost: bool = False
    disabled: str = ""
    heard_s: float | None = None

    @property
    def works(self) -> bool:
        """Whether it takes part."""
        return not self.lost and not self.disabled


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """All that documents are made of: the plant at one moment.

    Attributes:
        alerts: What the site controller raises besides its usual alerts.
        device_alerts: The same of its devices: (kind, alert).
        firmware: Release and hash, where an update has changed them.
    """

    now_s: float
    utc_offset_s: int
    boot_s: float
    site: Meter
    battery: Meter
    load: Meter
    solar: Meter
    packs: tuple[PackView, ...]
    soe_percent: float
    reserve_percent: float
    real_mode: str = "self_consumption"
    voltage_v: float = 243.0
    frequency_hz: float = 60.01
    grid_status: str = CONNECTED
    grid_faults: tuple[GridFault, ...] = ()
    running: bool = True
    alerts: tuple[str, ...] = ()
    device_alerts: tuple[tuple[str, str], ...] = ()
    nominal_hz: float = 60.0
    firmware: tuple[str, str] | None = None
    update_state: str = "/update_succeeded"

    @property
    def grid(self) -> GridState:
        """What the grid's state means."""
        return GRID_STATES[self.grid_status]

    @property
    def house_v(self) -> float:
        """Volts on the house's side of the contactor."""
        return self.voltage_v if self.grid.house else 0.0

    @property
    def grid_v(self) -> float:
        """Volts on the grid's side."""
        return self.voltage_v if self.grid.grid else 0.0

    @property
    def up_s(self) -> float:
        """How long it has been up."""
        return self.now_s - self.boot_s


def shared(view: View) -> View:
    """Let the packs that work share the battery's power."""
    working = sum(pack.works for pack in view.packs)
    each_w = view.battery.power_w / working if working else 0.0
    packs = tuple(replace(pack, power_w=each_w * pack.works) for pack in view.packs)
    return replace(view, packs=packs)
