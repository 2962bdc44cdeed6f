"""The table of stories in which a sample is hardly true, and the gateway insists on it.

Once, such a sample may be left out (see `special`); told again and again, it is believed.
So each story waits until clients read the gateway's own numbers, however soon that is.
"""

from __future__ import annotations

from typing import Any

from .trouble import AGGREGATES, SOE, Trouble

METERS = ("site", "battery", "load", "solar")
IMPORTED_WH = {"site": 6_800_000, "load": 26_450_000}


def _powerless(document: Any) -> bool:
    return {document[meter]["instant_power"] for meter in METERS} == {0}


def _empty(document: Any) -> bool:
    return bool(document["percentage"] == 0)


def _behind(step_wh: float, *meters: str) -> Any:
    """These meters have counted less than they had; the others have not."""

    def is_right(document: Any) -> bool:
        counted = {meter: document[meter]["energy_imported"] for meter in IMPORTED_WH}
        return counted == {
            meter: wh - step_wh * (meter in meters) for meter, wh in IMPORTED_WH.items()
        }

    return is_right


SAMPLES = (
    Trouble("zeros", shows={AGGREGATES: _powerless, SOE: _empty}),
    Trouble("zeros", "powers", options={"what": "powers"}, shows={AGGREGATES: _powerless}),
    Trouble("zeros", "charge", options={"what": "charge"}, shows={SOE: _empty}),
    Trouble(
        "wrong_counters",
        "back",
        options={"how": "back"},
        shows={AGGREGATES: _behind(500, *METERS)},
    ),
    Trouble(
        "wrong_counters",
        "back on one meter",
        options={"how": "back", "meter": "site", "wh": 20.0},
        shows={AGGREGATES: _behind(20, "site")},
    ),
)
