"""A site in an account: its plant, what was chosen for it, and what is chosen but waits."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from simulator.cloud.home import Home, Identity, Preferences, raw_percent
from simulator.cloud.writes import Change
from simulator.plant import Plant, Settings, Weather
from simulator.system import System
from simulator.systems import SYSTEMS
from simulator.view import View

ONE: Final = "one"
TWO: Final = "two"
SOLAR_ONLY: Final = "solar-only"
SITES: Final = (ONE, TWO, SOLAR_ONLY)

_FIRST: Final = Identity(2_252_100_000_000_101, 2_252_100_000_000_109, "STE20230101-00101")
_SECOND: Final = Identity(2_252_100_000_000_202, 2_252_100_000_000_209, "STE20230202-00202")
_SOLAR: Final = Identity(1_556_100_000_000_303, 1_556_100_000_000_309, "STE20230303-00303")
# Another house: whoever mixes the two up shows numbers that are nowhere near.
_CABIN: Final = "backupswitch"
_CABIN_TOO: Final = "threephase"


def account(kind: str, system: System) -> tuple[tuple[Identity, System], ...]:
    """Say which sites an account has, its first around this system where it may.

    Raises:
        ValueError: There is no such kind of account, or the system is only a recording.
    """
    if kind not in SITES:
        raise ValueError(f"sites must be one of {', '.join(SITES)}")
    if system.recording is not None:
        raise ValueError("a recording has no plant that a cloud could tell of")
    if kind == SOLAR_ONLY and system.packs:
        system = replace(SYSTEMS["solaronly"], site_name=system.site_name)
    first = (_FIRST if system.packs else _SOLAR, system)
    if kind != TWO:
        return (first,)
    other = SYSTEMS[_CABIN if system.name != _CABIN else _CABIN_TOO]
    return first, (_SECOND, replace(other, site_name="Cabin"))


class Site:
    """One site, whose settings may change while it is looked at."""

    def __init__(
        self,
        identity: Identity,
        system: System,
        plant: Plant,
        *,
        seed: int,
        monotonic: Callable[[], float],
        wall_connector: bool,
        look: Callable[[View], View] = lambda view: view,
    ) -> None:
        self.identity = identity
        self.system = system
        self.plant = plant
        self.weather = Weather(seed)
        self._monotonic = monotonic
        self._wall_connector = wall_connector
        self._look = look
        self._lock = threading.Lock()
        self._preferences = Preferences(site_name=system.site_name)
        # What was chosen and does not show yet: when it will.
        self._waiting: list[tuple[float, Mapping[str, Any]]] = []
        self._settings: tuple[float, Settings] | None = None

    def home(self) -> Home:
        """Look at it."""
        return Home(
            identity=self.identity,
            system=self.system,
            view=self._look(self.plant.view()),
            preferences=self._now(),
            wall_connector=self._wall_connector,
        )

    def change(self, change: Change, after_s: float) -> None:
        """Take a change, at once or after a while."""
        due_s = self._monotonic() + after_s
        if change.preferences:
            with self._lock:
                self._waiting.append((due_s, change.preferences))
        if change.reserve_percent is not None or change.mode is not None:
            settings = self._merged(change)
            self._settings = (due_s, settings)
            self.plant.choose(settings, after_s)

    def _merged(self, change: Change) -> Settings:
        """Change one setting and keep the other, be it in effect or on its way."""
        view = self.plant.view()
        before = Settings(view.real_mode, view.reserve_percent)
        if self._settings is not None and self._monotonic() < self._settings[0]:
            before = self._settings[1]
        reserve = change.reserve_percent
        return Settings(
            change.mode or before.mode,
            before.reserve_percent if reserve is None else raw_percent(reserve),
        )

    def _now(self) -> Preferences:
        with self._lock:
            now_s = self._monotonic()
            for due_s, fields in self._waiting:
                if due_s <= now_s:
                    self._preferences = replace(self._preferences, **fields)
            self._waiting = [one for one in self._waiting if one[0] > now_s]
            return self._preferences
