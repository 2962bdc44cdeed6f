"""The plant: a sun, a house, a battery and the grid that makes up the difference.

It keeps one law in every reading: load = site + solar + battery, to the last bit.
It is given its clocks and never looks at another.
"""

import math
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from simulator.grid import CONNECTED
from simulator.island import Turn, turned
from simulator.system import Pack, System
from simulator.view import Meter, PackView, View

# A gateway refreshes its meters two to four times a second.
TICK_S: Final = 0.25
# After a long silence the past is caught up in at most this many strides.
MAX_STRIDES: Final = 400
# Powers are multiples of this, so that sums of them are exact.
_GRAIN_W: Final = 1 / 64

# 2024-06-15, one in the afternoon in California, and in each other zone.
FROZEN_S: Final = 1_718_481_600.25
FROZEN_UTC_OFFSET_S: Final = -7 * 3600

_EFFICIENCY: Final = 0.95
UP_S: Final = 831_359.5
# A pack that never worked was last heard of this long before the start.
_SILENT_S: Final = 7_200
_HOUR_S: Final = 3_600
_WAVES: Final = ((7.0, 0.2), (31.0, 0.3), (127.0, 0.25), (611.0, 0.25))


@dataclass(frozen=True, slots=True)
class Settings:
    """What a person has chosen."""

    mode: str
    reserve_percent: float


@dataclass(frozen=True, slots=True)
class Powers:
    """The four powers, in balance."""

    solar_w: float
    battery_w: float
    site_w: float
    load_w: float


def _grain(watts: float) -> float:
    return round(watts / _GRAIN_W) * _GRAIN_W


def sunshine(hour: float) -> float:
    """How much of a clear noon's sun there is at an hour of the day, 0 to 1."""
    return max(0.0, math.sin(math.pi * (hour - 6.0) / 12.0)) ** 1.3


def _bump(hour: float, at: float, width: float) -> float:
    return math.exp(-(((hour - at) / width) ** 2))


def battery_power_w(
    deficit_w: float, soe_percent: float, reserve_percent: float, system: System
) -> float:
    """What a self-powered battery gives (+) or takes (-) to cover a deficit."""
    if deficit_w < 0:
        # Charging tapers above 95 percent.
        taper = min(1.0, max(0.0, (100.0 - soe_percent) / 5.0))
        return -min(-deficit_w, min(system.max_charge_w, system.usable_w) * taper)
    taper = min(1.0, max(0.0, soe_percent - reserve_percent))
    return min(deficit_w, min(system.nameplate_w, system.usable_w) * taper)


def balance(
    solar_w: float,
    load_w: float,
    soe_percent: float,
    reserve_percent: float,
    system: System,
    *,
    miss_w: float = 0.0,
) -> Powers:
    """Let the battery cover what it can, but for what it misses, and the grid the rest."""
    solar_w, load_w = _grain(solar_w), _grain(load_w)
    deficit_w = load_w - solar_w - miss_w
    battery_w = _grain(battery_power_w(deficit_w, soe_percent, reserve_percent, system))
    return Powers(solar_w, battery_w, load_w - solar_w - battery_w, load_w)


class Weather:
    """Sun and appetite by the clock, with a ripple that a seed decides."""

    def __init__(self, seed: int) -> None:
        draw = random.Random(seed)  # noqa: S311 - a weather, not a secret
        self._phases = [draw.uniform(0.0, math.tau) for _ in range(2 * len(_WAVES) + 1)]

    def _ripple(self, at_s: float, first: int) -> float:
        return sum(
            weight * math.sin(math.tau * at_s / period_s + self._phases[first + index])
            for index, (period_s, weight) in enumerate(_WAVES)
        )

    def solar_w(self, at_s: float, hour: float, peak_w: float) -> float:
        """Solar power; at night the inverter draws up to five watts."""
        sun, ripple = sunshine(hour), self._ripple(at_s, 0)
        return peak_w * sun * (0.88 + 0.12 * ripple) if sun > 0 else -2.5 + 2.5 * ripple

    def load_w(self, at_s: float, hour: float) -> float:
        """House power: a base, a morning, an evening, a kettle now and then."""
        habits = 450 + 500 * _bump(hour, 7.5, 1.2) + 1400 * _bump(hour, 19.0, 2.0)
        kettle = 1500 if math.sin(math.tau * at_s / 2700 + self._phases[-1]) > 0.9 else 0  # noqa: PLR2004 - a seventh of the time
        return habits + kettle + 200 * self._ripple(at_s, len(_WAVES))

    def miss_w(self, at_s: float) -> float:
        """How far the battery is from following the house: a grid meter never reads 0 for long."""
        return 15 * self._ripple(at_s, 2)


def _grown(meter: Meter, power_w: float, hours: float, *, exports: bool) -> Meter:
    """A meter after some hours at one power; exports says that + is energy given."""
    given, taken = max(0.0, power_w) * hours, max(0.0, -power_w) * hours
    out, into = (given, taken) if exports else (taken, given)
    return replace(
        meter,
        power_w=power_w,
        exported_wh=meter.exported_wh + out,
        imported_wh=meter.imported_wh + into,
    )


class Plant:
    """Moves lazily: a reading brings it up to the tick of the moment, no thread does."""

    def __init__(
        self,
        system: System,
        *,
        monotonic: Callable[[], float],
        wall: Callable[[], float],
        utc_offset_s: int = 0,
        seed: int = 1,
        frozen: bool = False,
        islanding_scale: float = 1.0,
    ) -> None:
        self._system = system
        self._monotonic = monotonic
        self._wall = wall
        self._weather = Weather(seed)
        self._frozen = frozen
        self._lock = threading.Lock()
        self._started_s = monotonic()
        self._ticks = 0
        self.islanding_scale = islanding_scale
        self._chosen: tuple[float, Settings] | None = None
        self._turn: Turn | None = None
        self._working = sum(not pack.disabled for pack in system.packs)
        home_s = system.mains.zone_hours[0] * _HOUR_S
        self._first_s = FROZEN_S + FROZEN_UTC_OFFSET_S - home_s if frozen else wall()
        self._view = self._first(home_s if frozen else utc_offset_s)

    def view(self) -> View:
        """The plant now."""
        with self._lock:
            return self._look(self._monotonic())

    def choose(self, settings: Settings, after_s: float = 0.0) -> None:
        """Take settings, at once or after a while; what was chosen before and waits is dropped."""
        with self._lock:
            self._chosen = (self._monotonic() + after_s, settings)

    def island(self, *, off: bool) -> None:
        """Leave the grid, or come back; what cannot make a grid of its own stays where it is."""
        with self._lock:
            now_s = self._monotonic()
            view = self._look(now_s)
            away = self._turn is not None and self._turn.off
            if off == away or self._system.contactor is None or not self._working:
                return
            # Turned again on its way, it is still the outing that it was.
            on_the_way = self._turn is not None and view.grid_status != CONNECTED
            before = self._turn.before if self._turn and on_the_way else view
            self._turn = Turn(off, now_s, before)

    def _look(self, now_s: float) -> View:
        """Move on to a moment, and show it."""
        if not self._frozen:
            self._move(now_s - self._started_s)
        if self._chosen is not None and now_s >= self._chosen[0]:
            _, chosen = self._chosen
            self._chosen = None
            self._view = replace(
                self._view, real_mode=chosen.mode, reserve_percent=chosen.reserve_percent
            )
        if self._turn is None:
            return self._view
        return turned(self._view, self._turn, now_s, self.islanding_scale)

    def _move(self, elapsed_s: float) -> None:
        ticks = int(elapsed_s / TICK_S)
        if ticks > self._ticks:
            self._catch_up(ticks, self._wall() - (elapsed_s - ticks * TICK_S))

    def _catch_up(self, ticks: int, now_s: float) -> None:
        missing = ticks - self._ticks
        strides = min(missing, MAX_STRIDES)
        stride_s = missing * TICK_S / strides
        for behind in range(strides - 1, -1, -1):
            self._view = self._after(self._view, now_s - behind * stride_s, stride_s)
        self._ticks = ticks

    def _first(self, utc_offset_s: int) -> View:
        """The seed values all readers compare with: half charged, sunny, exporting."""
        system, now_s, seed = self._system, self._first_s, self._system.figures
        # Without packs there is nothing that could make reactive power.
        battery_var = 60.0 if system.packs else 0.0
        view = View(
            now_s=now_s,
            utc_offset_s=utc_offset_s,
            boot_s=now_s - UP_S,
            site=Meter(seed.site_w, -20.0, 4_300_000.0, 6_800_000.0),
            battery=Meter(
                seed.battery_w, battery_var, seed.battery_exported_wh, seed.battery_imported_wh
            ),
            load=Meter(seed.load_w, battery_var - 20.0, 0.0, seed.load_imported_wh),
            solar=Meter(seed.solar_w, 0.0, 26_000_000.0, 0.0),
            packs=(),
            soe_percent=seed.soe_percent,
            reserve_percent=system.reserve_percent,
            voltage_v=system.mains.volts,
            frequency_hz=system.mains.hz + 0.01,
            nominal_hz=float(system.mains.hz),
            alerts=system.alerts,
        )
        view = replace(view, packs=self._packs(view))
        return view if self._frozen else self._after(view, now_s, 0.0)

    def _after(self, view: View, now_s: float, stride_s: float) -> View:
        """The next state: powers of the moment, held for one stride."""
        system, hours = self._system, stride_s / 3600
        hour = (now_s + view.utc_offset_s) / 3600 % 24
        powers = balance(
            self._weather.solar_w(now_s, hour, system.solar_peak_w),
            self._weather.load_w(now_s, hour),
            view.soe_percent,
            # Who keeps all for an outage gives nothing before it.
            100.0 if view.real_mode == "backup" else view.reserve_percent,
            system,
            miss_w=self._weather.miss_w(now_s),
        )
        after = replace(
            view,
            now_s=now_s,
            solar=_grown(view.solar, powers.solar_w, hours, exports=True),
            battery=_grown(view.battery, powers.battery_w, hours, exports=True),
            site=_grown(view.site, powers.site_w, hours, exports=False),
            load=_grown(view.load, powers.load_w, hours, exports=False),
            soe_percent=self._level(view.soe_percent, powers.battery_w * hours),
            voltage_v=system.mains.volts + 0.8 * math.sin(now_s / 17),
            frequency_hz=system.mains.hz + 0.02 * math.sin(now_s / 23),
        )
        return replace(after, packs=self._packs(after))

    def _level(self, soe_percent: float, given_wh: float) -> float:
        """Charge or drain the packs that work, at a loss either way; without any, stay at 0."""
        full_wh = sum(pack.full_wh for pack in self._system.packs if not pack.disabled)
        if not full_wh:
            return 0.0
        stored_wh = -given_wh * (_EFFICIENCY if given_wh < 0 else 1 / _EFFICIENCY)
        return min(100.0, max(0.0, soe_percent + 100 * stored_wh / full_wh))

    def _packs(self, view: View) -> tuple[PackView, ...]:
        """Packs that work share the power evenly and keep the same level."""
        return tuple(self._pack(pack, view) for pack in self._system.packs)

    def _pack(self, pack: Pack, view: View) -> PackView:
        seed, count = self._system.figures, len(self._system.packs)
        warming_c = 0.0 if self._frozen else 2.0 * math.sin(view.now_s / 5000)
        works = not pack.disabled
        # All have worked alike until the start; a disabled one counts no more since.
        part = 1 / self._working if works else 0.0
        charged_wh = (view.battery.imported_wh - seed.battery_imported_wh) * part
        discharged_wh = (view.battery.exported_wh - seed.battery_exported_wh) * part
        return PackView(
            power_w=view.battery.power_w / self._working if works else 0.0,
            remaining_wh=pack.full_wh * view.soe_percent / 100,
            full_wh=float(pack.full_wh),
            charged_wh=seed.battery_imported_wh / count + charged_wh,
            discharged_wh=seed.battery_exported_wh / count + discharged_wh,
            ambient_c=pack.ambient_c + warming_c,
            disabled=pack.disabled,
            heard_s=None if works else self._first_s - _SILENT_S,
        )
