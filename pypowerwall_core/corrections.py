"""Two corrections of the meters, made once where documents come in. Pure.

Everything behind them sees the same numbers, whatever route or format it is read through.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any

from . import payloads
from .fields import mapping, number


@dataclass(frozen=True, slots=True)
class Corrections:
    """What the owner wants corrected.

    Attributes:
        negative_solar: Leave solar below zero as it is. An inverter draws a few watts at
            night; without this they count as part of the home.
        site_zero_threshold_w: A grid power of at most so many watts, in or out, is shown as
            0: a meter that hums is not a flow. 0 changes nothing.
    """

    negative_solar: bool = True
    site_zero_threshold_w: float = 0.0

    def applied(self, payload: str, document: Any) -> Any:
        """Return a document as everybody is to see it; the one given is not changed."""
        if payload != payloads.AGGREGATES:
            return document
        return self._solar(self._site(document))

    def _site(self, aggregates: Any) -> Any:
        grid_w = _power_w(aggregates, "site")
        if self.site_zero_threshold_w <= 0 or grid_w is None:
            return aggregates
        return (
            _with_power(aggregates, "site", 0)
            if abs(grid_w) <= self.site_zero_threshold_w
            else aggregates
        )

    def _solar(self, aggregates: Any) -> Any:
        solar_w, load_w = _power_w(aggregates, "solar"), _power_w(aggregates, "load")
        if self.negative_solar or solar_w is None or solar_w >= 0:
            return aggregates
        shown = _with_power(aggregates, "solar", 0)
        if load_w is None or not isfinite(load_w - solar_w):
            return shown
        return _with_power(shown, "load", load_w - solar_w)


NO_CORRECTIONS = Corrections()


def _power_w(aggregates: Any, meter: str) -> float | None:
    return number(mapping(mapping(aggregates).get(meter)).get("instant_power"))


def _with_power(aggregates: Any, meter: str, power_w: float) -> Any:
    return {**aggregates, meter: {**aggregates[meter], "instant_power": power_w}}
