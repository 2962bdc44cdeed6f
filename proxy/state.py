"""/api/v1/state: every fact of the catalog, with its unit, its age and who says so.

One object whose leaves are facts, so that Telegraf's flattening, jq, JSONata and templates
reach a value by its name; the same as a list of flat rows for table readers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from pypowerwall_core.catalog import CATALOG, Fact
from pypowerwall_core.knowledge import Reading, readings
from pypowerwall_core.recent import EVERY_S, FOR_S
from pypowerwall_core.snapshot import Snapshot

from .desk import Desk


def state(desk: Desk, snapshot: Snapshot) -> Any:
    """Every fact by site, name and dimensions."""
    facts = {fact.name: _nested(readings(fact, snapshot)) for fact in CATALOG}
    return moment(snapshot) | {"sites": {desk.site.name: facts}}


def rows(desk: Desk, snapshot: Snapshot) -> Any:
    """Every fact as a list of flat objects."""
    return [row for fact in CATALOG for row in _rows(fact, desk, snapshot)]


def recent(desk: Desk, snapshot: Snapshot) -> Any:
    """The last hour as curves, whoever read and whatever was read meanwhile."""
    curves = desk.site.recent.shown(snapshot.at_s)
    about = {"every_s": EVERY_S, "for_s": FOR_S}
    return moment(snapshot) | about | {"sites": {desk.site.name: curves}}


def of(fact: Fact) -> Callable[[Desk, Snapshot], Any]:
    """Return the renderer of one fact."""
    return partial(_one, fact)


def rows_of(fact: Fact) -> Callable[[Desk, Snapshot], Any]:
    """Return the renderer of one fact as a list of flat objects."""
    return partial(_rows, fact)


def _rows(fact: Fact, desk: Desk, snapshot: Snapshot) -> list[dict[str, Any]]:
    return [
        {"site": desk.site.name, "fact": fact.name}
        | dict(zip(fact.by, reading.labels, strict=False))
        | _leaf(reading)
        | {"time": _time(snapshot, reading)}
        for reading in readings(fact, snapshot)
    ]


def _one(fact: Fact, desk: Desk, snapshot: Snapshot) -> Any:
    return (
        {"fact": fact.name, "says": fact.says}
        | moment(snapshot)
        | {"sites": {desk.site.name: _nested(readings(fact, snapshot))}}
    )


def _nested(found: Iterable[Reading]) -> Any:
    """Put readings under their labels; a fact without a dimension is its own leaf."""
    tree: dict[str, Any] = {}
    for reading in found:
        if not reading.labels:
            return _leaf(reading)
        branch = tree
        for label in reading.labels[:-1]:
            branch = branch.setdefault(label, {})
        branch[reading.labels[-1]] = _leaf(reading)
    return tree


def _leaf(reading: Reading) -> dict[str, Any]:
    fact, age_s = reading.fact, reading.age_s
    shown = {
        "value": reading.value,
        "unit": fact.unit.symbol or None,
        "kind": fact.kind.value,
        "state": reading.state.value,
        "age_s": None if age_s is None else round(age_s, 1),
        "source": reading.source or None,
    }
    return shown | ({"detail": reading.detail} if reading.detail else {})


def moment(snapshot: Snapshot) -> dict[str, Any]:
    """When a snapshot was taken, for people and for programs."""
    return {"at": _iso(snapshot.at_s), "at_s": round(snapshot.at_s, 3)}


def _time(snapshot: Snapshot, reading: Reading) -> str | None:
    return None if reading.age_s is None else _iso(snapshot.at_s - reading.age_s)


def _iso(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds")
