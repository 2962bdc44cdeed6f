"""Facts out of documents; what is missing or odd is None and never an error."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pypowerwall_core import payloads, readings
from pypowerwall_core.readings import firmware_number
from pypowerwall_core.snapshot import Absent, Entry, Known, Snapshot, Unknown

ODD: list[Any] = [None, [], {}, True, "x", 5, [1], {"a": 1}]
FACTS: list[tuple[Callable[[Snapshot], Any], str, str, Any, Any]] = [
    (readings.level_raw_pct, payloads.SOE, "percentage", 69.1675, 69.1675),
    (readings.level_raw_pct, payloads.SOE, "percentage", 0, 0),
    (readings.level_app_pct, payloads.SOE, "percentage", 24, 20.0),
    (readings.level_app_pct, payloads.SOE, "percentage", 3, 0.0),
    (readings.firmware, payloads.STATUS, "version", "23.44.1 eb113390", "23.44.1 eb113390"),
    (readings.site_name, payloads.SITE_NAME, "site_name", "", ""),
]


def snapshot(payload: str, entry: Entry) -> Snapshot:
    return Snapshot({payload: entry}, 0.0)


def known(payload: str, document: Any) -> Snapshot:
    return snapshot(payload, Known(document, 1, 0.0, 5.0))


@pytest.mark.parametrize(("fact", "payload", "field", "value", "expected"), FACTS)
def test_a_fact_is_read_out_of_its_document(
    fact: Callable[[Snapshot], Any], payload: str, field: str, value: Any, expected: Any
) -> None:
    assert fact(known(payload, {field: value, "more": 1})) == expected


@pytest.mark.parametrize(("fact", "payload"), list(dict.fromkeys(row[:2] for row in FACTS)))
@pytest.mark.parametrize("entry", [Unknown(), Absent(), None])
def test_a_fact_without_its_document_is_not_known(
    fact: Callable[[Snapshot], Any], payload: str, entry: Entry | None
) -> None:
    assert fact(Snapshot({}, 0.0) if entry is None else snapshot(payload, entry)) is None


@pytest.mark.parametrize(
    ("fact", "payload", "field"), list(dict.fromkeys(row[:3] for row in FACTS))
)
@pytest.mark.parametrize("odd", ODD)
def test_a_document_of_another_shape_tells_nothing(
    fact: Callable[[Snapshot], Any], payload: str, field: str, odd: Any
) -> None:
    assert fact(known(payload, odd)) is None
    right = (int, str)[field != "percentage"]
    if type(odd) is not right:
        assert fact(known(payload, {field: odd})) is None


def test_a_truth_is_no_number_and_a_number_no_text() -> None:
    numbers = [readings.number(value) for value in (True, "5", None, 0, 2.5)]
    assert numbers == [None, None, None, 0, 2.5]
    assert [readings.text(value) for value in (5, None, "", "x")] == [None, None, "", "x"]


@pytest.mark.parametrize(
    ("version", "number"),
    [
        ("23.44.1", 234401),
        ("23.44.1 9064fc6a", 234401),
        ("  23.44.1\n", 234401),
        ("24.4", 240400),
        ("21.1.1", 210101),
        ("24.4.0.1", 24040001),
        ("24.12.100", 241300),
        ("1.15.0", 11500),
        ("23", 230000),
        ("23.4.2-1", 230421),
        ("v23.44.1", 234401),
        ("0.0.0", 0),
        (None, None),
        ("", None),
        (" ", None),
        ("23..1", None),
        ("23.44.", None),
        (".", None),
        ("Unknown", None),
        ("23/44.1", None),
        ("23\\44.1", None),
        ("\u0662\u0663.44.1", None),
        ("1" * 5000, None),
        ("1." * 5000 + "1", None),
    ],
)
def test_a_firmware_folds_into_one_number(version: str | None, number: int | None) -> None:
    assert firmware_number(version) == number


VERSIONS = st.text() | st.text("0123456789./\\- abc", max_size=200)


@given(st.none() | VERSIONS)
@example("1" * 10_000)
@example("9." * 49 + "9")
def test_any_text_is_a_printable_number_or_none(version: str | None) -> None:
    number = firmware_number(version)
    assert number is None or number >= 0
    json.dumps(number)


FIELDS = st.lists(st.integers(0, 99), min_size=3, max_size=3)


@given(FIELDS, FIELDS)
def test_a_later_firmware_is_a_greater_number(one: list[int], two: list[int]) -> None:
    numbers = [firmware_number(".".join(map(str, each))) for each in (one, two)]
    assert (one < two) == (numbers[0] < numbers[1])
