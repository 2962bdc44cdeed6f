"""What the cloud knows of one home at one moment: all that its documents are made of. Pure."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from simulator.system import System
from simulator.view import View
from simulator.wire import stamp, zone_name

_HIDDEN_PERCENT: Final = 5.0
# 21 December 2022.
INSTALLED_S: Final = 1_671_649_200.0


def app_percent(raw_percent: float) -> float:
    """Turn the gateway's percent into the app's, which hides the last five."""
    return max(0.0, (raw_percent - _HIDDEN_PERCENT) / 0.95)


def raw_percent(app: float) -> float:
    """Turn the app's percent into the gateway's."""
    return app * 0.95 + _HIDDEN_PERCENT


@dataclass(frozen=True, slots=True)
class Identity:
    """The numbers of a site in the cloud; heir_id is its number after a new commissioning."""

    site_id: int
    heir_id: int
    ste: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What a person has chosen that only the cloud keeps.

    Attributes:
        export_rule: None where nobody has chosen one.
        tariff: None where nobody has entered one.
        vehicle_reserve: App percent.
    """

    site_name: str
    storm_mode: bool = True
    grid_charging: bool = True
    export_rule: str | None = None
    vehicle_reserve: int = 0
    tariff: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """One site at one moment."""

    identity: Identity
    system: System
    view: View
    preferences: Preferences
    wall_connector: bool = field(default=False)

    @property
    def has_battery(self) -> bool:
        """Whether it is a battery site; the others are solar sites."""
        return bool(self.system.packs)

    @property
    def asset_id(self) -> str:
        """The site's other name."""
        return device_id(f"{self.system.din} site")

    @property
    def zone(self) -> str:
        """The time zone it stands in."""
        mains = self.system.mains
        return zone_name(self.view.utc_offset_s, mains.zone, mains.zone_hours)

    @property
    def energy_left_wh(self) -> float:
        """What is in the packs that work."""
        return sum(pack.remaining_wh for pack in self.view.packs if pack.works)

    @property
    def full_wh(self) -> float:
        """What fits into them."""
        return sum(pack.full_wh for pack in self.view.packs if pack.works)

    @property
    def charged_percent(self) -> float:
        """The charge as the app shows it."""
        return app_percent(self.view.soe_percent)

    @property
    def reserve_percent(self) -> int:
        """The reserve as the app shows it."""
        return round(app_percent(self.view.reserve_percent))

    def time(self, at_s: float) -> str:
        """Write a time with the site's offset, to the second."""
        return stamp(int(at_s), self.view.utc_offset_s)


def device_id(name: str) -> str:
    """Make up the UUID of a thing, the same every time."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{name}.simulated"))
