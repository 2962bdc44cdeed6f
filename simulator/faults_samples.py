"""Samples that are hardly true: zeros, and lifetime counters that count wrongly.

Real gateways tell such a thing in a single answer: each document is struck for itself, so
that one of them can be wrong once. Pure: plant -> plant.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from simulator.endpoints import AGGREGATES_PATH, VITALS_PATH
from simulator.fault import Fault, Moment
from simulator.faults_plant import METERS, meters_of, with_meters
from simulator.option import Option
from simulator.view import Meter, PackView, View

SOE_PATH: Final = "/api/system_status/soe"

_ZEROED: Final[Mapping[str, tuple[str, ...]]] = {
    "both": (AGGREGATES_PATH, SOE_PATH),
    "powers": (AGGREGATES_PATH,),
    "charge": (SOE_PATH,),
}
# The documents that tell lifetime energies, and whose: a pack counts as the battery.
_COUNTED: Final[Mapping[str, tuple[str, ...]]] = {
    AGGREGATES_PATH: METERS,
    "/api/meters/site": ("site",),
    "/api/meters/solar": ("solar",),
    "/api/system_status": ("battery",),
    VITALS_PATH: ("battery",),
}


def _zeroed_there(path: str, moment: Moment) -> bool:
    return path in _ZEROED[moment.options["what"]]


def zeros(view: View, _moment: Moment) -> View:
    """Read nothing: no power anywhere, and an empty battery."""
    still = {
        name: replace(meter, power_w=0.0, reactive_var=0.0)
        for name, meter in meters_of(view).items()
    }
    # The charge is computed from what is left in the packs; no other document is asked here.
    empty = tuple(replace(pack, remaining_wh=0.0) for pack in view.packs)
    return with_meters(replace(view, soe_percent=0.0, packs=empty), still)


# What a counter says that stands at so much and once stood at so much: (now, before, wh).
Count = Callable[[float, float, float], float]
_COUNTING: Final[Mapping[str, Count]] = {
    "negative": lambda now_wh, _before_wh, _wh: -now_wh - 1,
    "reset": lambda now_wh, before_wh, _wh: now_wh - before_wh,
    "jump": lambda now_wh, _before_wh, wh: now_wh + wh,
    "back": lambda now_wh, _before_wh, wh: now_wh - wh,
}
# What is meant where nobody says: a leap, and a stumble.
_USUAL_WH: Final = {"jump": 1e6, "back": 500.0}


def _miscounted(meter: Meter, before: Meter, count: Count, wh: float) -> Meter:
    return replace(
        meter,
        exported_wh=count(meter.exported_wh, before.exported_wh, wh),
        imported_wh=count(meter.imported_wh, before.imported_wh, wh),
    )


def _miscounted_pack(pack: PackView, before: PackView, count: Count, wh: float) -> PackView:
    return replace(
        pack,
        charged_wh=count(pack.charged_wh, before.charged_wh, wh),
        discharged_wh=count(pack.discharged_wh, before.discharged_wh, wh),
    )


def _counted_there(path: str, moment: Moment) -> bool:
    return moment.options["meter"] in ("all", *_COUNTED[path])


def wrong_counters(view: View, moment: Moment) -> View:
    """Count wrongly, on one meter or on all; the packs count with the battery."""
    options, before = moment.options, meters_of(moment.before)
    how, chosen = options["how"], options["meter"]
    count, wh = _COUNTING[how], options["wh"] or _USUAL_WH.get(how, 0.0)
    wrong = {
        name: _miscounted(meter, before[name], count, wh)
        for name, meter in meters_of(view).items()
        if chosen in ("all", name)
    }
    packs = view.packs
    if "battery" in wrong:
        pairs = zip(view.packs, moment.before.packs, strict=True)
        packs = tuple(_miscounted_pack(pack, then, count, wh) for pack, then in pairs)
    return with_meters(replace(view, packs=packs), wrong)


ROWS: Final = (
    Fault(
        name="zeros",
        # No row tells of it. Nearest is what a meter's drop-out makes of the powers.
        rows=(38,),
        what="aggregates: all powers are 0 at once; soe: the charge is 0; count=1 is one answer "
        "of either, path picks one (no row of its own, 38 is the nearest)",
        alter=zeros,
        told_by=_ZEROED["both"],
        when=_zeroed_there,
        options={"what": Option(default="both", choices=tuple(_ZEROED))},
    ),
    Fault(
        name="wrong_counters",
        rows=(39,),
        what="lifetime energies, the packs' with the battery's, are negative, begin again at 0, "
        "or are wh too high (jump) or too low (back); wh=0 is 1000000 and 500; count=1 is one "
        "answer, path picks one",
        alter=wrong_counters,
        told_by=tuple(_COUNTED),
        when=_counted_there,
        options={
            "how": Option(default="negative", choices=tuple(_COUNTING)),
            "meter": Option(default="all", choices=("all", *METERS)),
            "wh": Option(default=0.0, least=-1e12, most=1e12),
        },
    ),
)
