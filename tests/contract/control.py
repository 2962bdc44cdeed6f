"""Contract 1.7: what /control/* tells by GET once there is a secret. Unknown is null, not 0."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from contract.power import reserve_pct
from support.contract import (
    NUMBER,
    TEXT,
    Documents,
    Promise,
    Shape,
    constant,
    exactly,
    keys,
    said,
    told,
)

NO_V1R = {"error": "max_backup requires v1r LAN transport"}
WITHIN_PCT = 0.005
"""Shown with two decimals."""


def reserve(documents: Documents) -> Shape:
    """On the app's scale."""
    wanted = reserve_pct(documents)
    shape = keys({"reserve": told(NUMBER, wanted)})

    def check(value: Any, place: str) -> Iterator[str]:
        yield from shape(value, place)
        if wanted is not None and abs(value["reserve"] - wanted) > WITHIN_PCT:
            yield f"{place}: {value['reserve']} is not {wanted}"

    return check


def mode(documents: Documents) -> Shape:
    """The gateway's word."""
    told_by = (said(documents, "operation", name) for name in ("real_mode", "mode"))
    return keys({"mode": told(TEXT, *told_by)})


def rule(name: str) -> Promise:
    """Only Tesla's cloud tells; the original said false and "unknown" at a gateway."""
    path = f"/control/{name}"
    return Promise(
        path, lambda documents: exactly({name: said(documents, "grid_rules", name)}), {name: None}
    )


PROMISES_ON = (
    Promise("/control/reserve", reserve, {"reserve": None}),
    Promise("/control/mode", mode, {"mode": None}),
    rule("grid_charging"),
    rule("grid_export"),
    constant("/control/max_backup", NO_V1R),
)
