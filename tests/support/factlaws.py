"""What holds of every fact, whatever the documents it is read from."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any

from pypowerwall_core.catalog import CATALOG, Fact, Kind
from pypowerwall_core.knowledge import Reading, State, readings
from pypowerwall_core.snapshot import Snapshot


def _is_number(value: Any) -> bool:
    # A document's numbers are finite, and so is what is computed of them.
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


RIGHT: dict[Kind, Callable[[Any], bool]] = {
    Kind.GAUGE: _is_number,
    Kind.COUNTER: lambda value: _is_number(value) and value >= 0,
    Kind.FLAG: lambda value: type(value) is int and value in (0, 1),
    Kind.STATE: lambda value: type(value) is str,
    Kind.TEXT: lambda value: type(value) is str,
    Kind.SET: lambda value: value == 1,
}


def is_right(fact: Fact, value: Any) -> bool:
    return (value is None and fact.kind is not Kind.SET) or RIGHT[fact.kind](value)


def judge(snapshot: Snapshot) -> None:
    """Hold every fact, and what is known of it, against the laws."""
    for fact in CATALOG:
        samples = fact.read(snapshot)
        for labels, value in samples.items():
            assert is_right(fact, value), (fact.name, labels, value)
            assert len(labels) == len(fact.by), (fact.name, labels)
            assert all(type(label) is str for label in labels), (fact.name, labels)
        assert all(len(labels) == len(fact.by) for labels in fact.members(snapshot)), fact.name
        found = list(readings(fact, snapshot))
        assert found or fact.kind is Kind.SET, fact.name
        assert len({reading.labels for reading in found}) == len(found), fact.name
        for reading in found:
            _judge(reading, fact)


def _judge(reading: Reading, fact: Fact) -> None:
    if reading.state in (State.FRESH, State.STALE):
        assert reading.value is not None, fact.name
        assert reading.age_s is not None, fact.name
        assert reading.source, fact.name
    else:
        assert reading.value == fact.unknown, fact.name
        assert (reading.age_s, reading.source) == (None, ""), fact.name
