"""The systems a simulator can be: one frozen row each, nothing computed at run time.

Part numbers and serials follow the patterns of real ones and belong to nobody.
"""

import re
from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True, slots=True)
class Pack:
    """One Powerwall: the thermal controller's identity and its pod and inverter module's."""

    part: str
    serial: str
    module_part: str
    module_serial: str
    full_wh: int
    ambient_c: float


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
    """The solar inverter of a Powerwall+."""

    part: str
    serial: str
    nameplate_w: int
    strings: tuple[SolarString, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A site as its gateway describes it."""

    name: str
    what: str
    release: str
    git_hash: str
    gateway_part: str = "1232100-00-E"
    gateway_serial: str = "TG122000000001"
    device_type: str = "teg"
    teg_type: str = "unknown"
    sync_type: str = "v2.1"
    sync_part: str = "1493315-01-F"
    sync_serial: str = "JBL21000000001"
    neurio_serial: str = "VAH2100AB0001"
    neurio_location: str = "solar"
    packs: tuple[Pack, ...]
    inverter: Inverter | None = None
    vitals: bool
    nameplate_w: int = 10_800
    nameplate_wh: int = 27_000
    max_charge_w: int = 10_000
    solar_peak_w: int = 5_800
    reserve_percent: float = 24.0
    site_name: str = "Home"
    grid_code: str = "60Hz_240V_s_UL1741SA:2019_California"

    @property
    def din(self) -> str:
        """The gateway's DIN."""
        return f"{self.gateway_part}--{self.gateway_serial}"

    @property
    def version(self) -> str:
        """The firmware as /api/status prints it: release, then eight digits of the hash."""
        return f"{self.release} {self.git_hash[:8]}"

    @property
    def part_version(self) -> str:
        """The firmware as packs and devices print it: fourteen digits of the hash."""
        return self.git_hash[:14]

    def updated(self, firmware: tuple[str, str] | None) -> "System":
        """The same site after an update to another release and hash."""
        if firmware is None:
            return self
        release, git_hash = firmware
        keeps_vitals = self.vitals and release_number(release) < _VITALS_GONE
        return replace(self, release=release, git_hash=git_hash, vitals=keeps_vitals)


_VITALS_GONE: Final = (23, 44)


def release_number(release: str) -> tuple[int, ...]:
    """Read the numbers of a release, as far as they are numbers."""
    return tuple(map(int, re.findall(r"\d+", release)))


# The wire's order is not the alphabet's: sorting by serial or by DIN numbers
# these two the wrong way round, which is how a reader's mistake shows.
_PACKS: Final = (
    Pack("3012170-05-B", "TG121000000002", "1081100-13-V", "T21A0000002", 14_100, 20.9),
    Pack("2012170-25-E", "TG121000000001", "1081100-10-U", "T21A0000001", 13_900, 21.4),
)

_STRINGS: Final = (
    SolarString("A", connected=True, voltage_v=250.0, share=1000 / 3000),
    SolarString("B", connected=False, voltage_v=-2.1, share=0.0, state="PV_Disabled"),
    SolarString("C", connected=True, voltage_v=300.0, share=1050 / 3000),
    SolarString(
        "D", connected=True, voltage_v=300.0, share=1020 / 3000, state="PV_Active_Parallel"
    ),
)

SYSTEMS: Final[dict[str, System]] = {
    system.name: system
    for system in (
        System(
            name="pw2",
            what="two Powerwall 2 and a Gateway 2, firmware 23.36: the last with vitals",
            release="23.36.4",
            git_hash="3f8a51c27d6e09b4a1f25c8e7730d94be6182f5a",
            packs=_PACKS,
            vitals=True,
        ),
        System(
            name="novitals",
            what="two Powerwall+ with four solar strings, firmware 23.44: vitals are gone",
            release="23.44.0",
            git_hash="9c04be16f2a78d53e0b1467fa95c3d28710e64bd",
            packs=_PACKS,
            inverter=Inverter("1538100-00-F", "CN3210000001", 7680, _STRINGS),
            neurio_location="solarRGM",
            vitals=False,
        ),
    )
}
