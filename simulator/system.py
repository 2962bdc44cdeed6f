"""What a system is: a site as its gateway describes it, and what its firmware serves. Pure."""

import re
from dataclasses import dataclass, replace
from typing import Final

from simulator.recorded import Recording

PACK_W: Final = 5_800
"""What the inverter of one pack can do."""
_VITALS_GONE: Final = (23, 44)
# The layouts and the open doors of the first gateways.
_NEW_LAYOUTS: Final = (1, 45)
# From here on the customer may read, and no more.
_READ_ONLY: Final = (1, 50)


def release_number(release: str) -> tuple[int, ...]:
    """Read the numbers of a release, as far as they are numbers."""
    return tuple(map(int, re.findall(r"\d+", release)))


@dataclass(frozen=True, slots=True)
class Pack:
    """One Powerwall: the thermal controller's identity and its pod and inverter module's.

    Attributes:
        disabled: Why it does not work, in the gateway's word.
    """

    part: str
    serial: str
    module_part: str
    module_serial: str
    full_wh: int
    ambient_c: float
    disabled: str = ""


@dataclass(frozen=True, slots=True)
class SolarString:
    """One input of a Tesla inverter; share is its part of the inverter's power."""

    name: str
    connected: bool
    voltage_v: float
    share: float
    state: str = "PV_Active"


@dataclass(frozen=True, slots=True)
class Inverter:
    """A Tesla solar inverter; share is its part of the site's solar power."""

    part: str
    serial: str
    nameplate_w: int
    strings: tuple[SolarString, ...]
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Contactor:
    """What parts the house from the grid and meters it: a synchronizer or a backup switch."""

    kind: str
    part: str
    serial: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mains:
    """The grid a house is on.

    Attributes:
        volts: Across a pack's terminals.
        leg_part: Of those volts, from a leg to neutral.
        shares: How a meter's power spreads over the legs.
        angles_deg: From leg 1 to 2, 1 to 3 and 2 to 3; None where there is no third.
    """

    code: str = "60Hz_240V_s_UL1741SA:2019_California"
    setting_v: int = 240
    hz: int = 60
    phases: str = "Split"
    country: str = "United States"
    state: str = "California"
    utility: str = "Pacific Gas and Electric Company"
    zone: str = "America/Los_Angeles"
    zone_hours: tuple[int, ...] = (-7, -8)
    volts: float = 243.0
    leg_part: float = 0.5
    shares: tuple[float, ...] = (0.5, 0.5)
    angles_deg: tuple[float | None, ...] = (180.0, None, None)

    @property
    def three_phase(self) -> bool:
        """Whether a third leg is there."""
        return len(self.shares) == len("abc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What the meters read at first, and for ever where time is frozen."""

    site_w: float = -300.0
    battery_w: float = -1500.0
    load_w: float = 1200.0
    solar_w: float = 3000.0
    battery_exported_wh: float = 12_950_000.0
    battery_imported_wh: float = 15_000_000.0
    load_imported_wh: float = 26_450_000.0
    soe_percent: float = 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A site as its gateway describes it.

    Attributes:
        only: All that it serves, where that is not everything its firmware has.
        island_state: What it says of the grid whatever the grid does.
        alerts: What its site controller raises day by day.
        recording: It answers what a real one once did, and no more.
    """

    name: str
    what: str
    release: str
    git_hash: str
    gateway_part: str = "1232100-00-E"
    gateway_serial: str = "TG122000000001"
    device_type: str = "teg"
    teg_type: str = "unknown"
    sync_type: str = "v2.1"
    contactor: Contactor | None = Contactor("TESYNC", "1493315-01-F", "JBL21000000001")
    neurio_serial: str = "VAH2100AB0001"
    neurio_location: str = "solar"
    packs: tuple[Pack, ...]
    inverters: tuple[Inverter, ...] = ()
    mains: Mains = Mains()
    figures: Figures = Figures()
    vitals: bool
    only: frozenset[str] | None = None
    island_state: str | None = None
    alerts: tuple[str, ...] = ()
    nameplate_w: int = 10_800
    nameplate_wh: int = 27_000
    max_charge_w: int = 10_000
    solar_peak_w: int = 5_800
    reserve_percent: float = 24.0
    site_name: str = "Home"
    recording: Recording | None = None

    @property
    def din(self) -> str:
        """The gateway's DIN."""
        return f"{self.gateway_part}--{self.gateway_serial}"

    @property
    def version(self) -> str:
        """The firmware as /api/status prints it: release, then eight digits of the hash."""
        # The oldest had no hash, and kept the line's end of the file it came from.
        return f"{self.release}\n" if self.old else f"{self.release} {self.git_hash[:8]}"

    @property
    def part_version(self) -> str:
        """The firmware as packs and devices print it: fourteen digits of the hash."""
        return self.git_hash[:14]

    @property
    def old(self) -> bool:
        """Whether its firmware has the layouts of before 1.45, and stops at a login."""
        return release_number(self.release) < _NEW_LAYOUTS

    @property
    def customer_writes(self) -> bool:
        """Whether its firmware lets the customer change settings."""
        return release_number(self.release) < _READ_ONLY

    @property
    def told(self) -> bool:
        """Whether it only repeats what a recording tells."""
        return self.recording is not None

    @property
    def usable_w(self) -> int:
        """What the inverters of the packs that work can do."""
        return PACK_W * sum(not pack.disabled for pack in self.packs)

    def serves(self, path: str) -> bool:
        """Say whether it serves a path that its firmware has."""
        return self.only is None or path in self.only

    def updated(self, firmware: tuple[str, str] | None) -> "System":
        """The same site after an update to another release and hash."""
        if firmware is None:
            return self
        release, git_hash = firmware
        keeps_vitals = self.vitals and release_number(release) < _VITALS_GONE
        return replace(self, release=release, git_hash=git_hash, vitals=keeps_vitals)
