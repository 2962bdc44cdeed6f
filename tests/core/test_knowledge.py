"""What is known of a fact: value, age, source and state."""

from __future__ import annotations

from typing import Any

import pytest

from pypowerwall_core.catalog import CATALOG, Fact, Kind
from pypowerwall_core.catalog.fact import Labels, Samples, single
from pypowerwall_core.fields import mapping, number
from pypowerwall_core.knowledge import HELD, OURS, Reading, State, readings
from pypowerwall_core.snapshot import (
    Absent,
    Entry,
    Grid,
    Held,
    Known,
    Numbers,
    Snapshot,
    Totals,
    Unknown,
    counter_key,
)

FACTS = {fact.name: fact for fact in CATALOG}
WAITING, MISSING = Unknown(), Absent()


def known(document: Any, age_s: float = 1.0, **more: Any) -> Known:
    return Known(document, 1, age_s, 5.0 - age_s, **more)


def snapshot(**entries: Entry) -> Snapshot:
    return Snapshot(entries, 1.7e9)


def _level(seen: Snapshot) -> float | None:
    return number(mapping(seen.document("one")).get("level"))


def _sum(seen: Snapshot) -> float | None:
    parts = [number(mapping(seen.document(name)).get("level")) for name in ("one", "two")]
    return None if None in parts else sum(filter(None, parts))


def _rooms(seen: Snapshot) -> Samples:
    return {(room,): number(value) for room, value in mapping(seen.document("one")).items()}


LEVEL = Fact("level", "A level.", ("one",), single(_level))
SUM = Fact("sum", "A sum.", ("one", "two"), single(_sum))


def rooms(*members: str, kind: Kind = Kind.GAUGE) -> Fact:
    labels: list[Labels] = [(member,) for member in members]
    return Fact(
        "warmth", "By room.", ("one",), _rooms, kind, by=("room",), members=lambda _: labels
    )


def only(fact: Fact, seen: Snapshot) -> Reading:
    (reading,) = readings(fact, seen)
    return reading


def states(fact: Fact, seen: Snapshot) -> dict[Labels, State]:
    return {reading.labels: reading.state for reading in readings(fact, seen)}


def test_what_was_told_lately_is_fresh_with_its_age_and_who_told_it() -> None:
    seen = snapshot(one=known({"level": 5}, 2.5, source="cloud"))
    assert only(LEVEL, seen) == Reading(LEVEL, (), 5, State.FRESH, 2.5, "cloud")


def test_what_is_late_is_stale_and_still_told() -> None:
    reading = only(LEVEL, snapshot(one=known({"level": 0}, 20.0, late=True)))
    assert (reading.value, reading.state, reading.age_s) == (0, State.STALE, 20.0)


def test_age_and_lateness_are_those_of_the_oldest_document() -> None:
    one, two = known({"level": 1}, 2.0), known({"level": 2}, 40.0, late=True)
    for first, second in ((one, two), (two, one)):
        reading = only(SUM, snapshot(one=first, two=second))
        assert (reading.value, reading.state, reading.age_s) == (3, State.STALE, 40.0)


def test_the_sources_are_named_once_each() -> None:
    one, two = known({"level": 1}), known({"level": 2})
    assert only(SUM, snapshot(one=one, two=two)).source == "gateway"
    other = known({"level": 2}, source="cloud")
    assert only(SUM, snapshot(one=one, two=other)).source == "gateway cloud"


@pytest.mark.parametrize(
    ("entries", "state"),
    [
        ({"one": WAITING}, State.UNKNOWN),
        ({"one": Unknown(failing=True)}, State.UNKNOWN),
        ({"one": MISSING}, State.NOT_SERVED),
        ({}, State.UNKNOWN),
        ({"one": known({})}, State.UNKNOWN),
        ({"one": known({"level": "5"})}, State.UNKNOWN),
        ({"one": known(None)}, State.UNKNOWN),
    ],
)
def test_what_is_not_told_has_no_value_no_age_and_no_source(
    entries: dict[str, Entry], state: State
) -> None:
    assert only(LEVEL, snapshot(**entries)) == Reading(LEVEL, (), None, state)


def test_of_two_documents_one_that_may_still_come_leaves_the_fact_unknown() -> None:
    assert only(SUM, snapshot(one=MISSING, two=WAITING)).state is State.UNKNOWN
    assert only(SUM, snapshot(one=MISSING, two=MISSING)).state is State.NOT_SERVED
    assert only(SUM, snapshot(one=MISSING)).state is State.NOT_SERVED
    assert only(SUM, snapshot(one=known({"level": 1}), two=MISSING)).state is State.UNKNOWN


def test_what_a_fact_is_not_read_from_is_not_looked_at() -> None:
    seen = snapshot(one=known({"level": 1}), two=known({}, 99.0, late=True, doubt="why"))
    assert only(LEVEL, seen) == Reading(LEVEL, (), 1, State.FRESH, 1.0, "gateway")


def test_members_that_are_expected_are_shown_as_unknown() -> None:
    fact = rooms("kitchen", "bath")
    told = states(fact, snapshot(one=known({"kitchen": 20, "attic": None})))
    assert told == {
        ("kitchen",): State.FRESH,
        ("attic",): State.UNKNOWN,
        ("bath",): State.NOT_SERVED,
    }
    both = {("kitchen",), ("bath",)}
    assert states(fact, snapshot(one=WAITING)) == dict.fromkeys(both, State.UNKNOWN)
    assert states(fact, snapshot(one=MISSING)) == dict.fromkeys(both, State.NOT_SERVED)


@pytest.mark.parametrize("entry", [WAITING, MISSING, known({})], ids=repr)
def test_a_fact_of_which_nothing_is_expected_still_says_so(entry: Entry) -> None:
    reading = only(rooms(), snapshot(one=entry))
    state = State.UNKNOWN if entry is WAITING else State.NOT_SERVED
    assert reading == Reading(reading.fact, (), None, state)


def test_a_set_may_be_empty_and_is_unknown_only_while_nothing_is_told() -> None:
    fact = rooms(kind=Kind.SET)
    assert list(readings(fact, snapshot(one=known({})))) == []
    assert states(fact, snapshot(one=known({"attic": 1}))) == {("attic",): State.FRESH}
    assert states(fact, snapshot(one=WAITING)) == {(): State.UNKNOWN}
    assert states(fact, snapshot(one=MISSING)) == {(): State.NOT_SERVED}


def test_a_doubt_is_told_beside_the_value_and_beside_what_is_missing() -> None:
    doubted = known({"level": 5, "other": "x"}, doubt="a sample was left out")
    assert only(LEVEL, snapshot(one=doubted)).detail == "a sample was left out"
    assert {reading.detail for reading in readings(rooms("bath"), snapshot(one=doubted))} == {
        "a sample was left out"
    }
    assert only(SUM, snapshot(one=known({"level": 1}), two=doubted)).detail != ""


def test_a_value_that_is_held_says_so_beside_the_doubt() -> None:
    fact = Fact("energy", "An energy.", ("one",), lambda _: {(): Held(5.0)})
    assert only(fact, snapshot(one=known({}))).detail == HELD
    assert only(fact, snapshot(one=known({}, doubt="why"))).detail == f"{HELD}; why"
    assert only(fact, snapshot(one=known({}))).value == 5.0


def test_what_nobody_told_and_is_known_all_the_same_is_our_own() -> None:
    fact = Fact("ours", "What we know.", ("one",), lambda _: {(): 5})
    for entry in (WAITING, MISSING):
        assert only(fact, snapshot(one=entry)) == Reading(fact, (), 5, State.FRESH, 0.0, OURS)


# -- facts of the catalog ---------------------------------------------------------------------


def home(wh: float, *, shown: float | None = None) -> Snapshot:
    aggregates = {"site": {"instant_power": 5, "energy_imported": wh}}
    totals = Totals({} if shown is None else {counter_key("site", "energy_imported"): shown})
    return Snapshot({"aggregates": known(aggregates)}, 1.7e9, totals=totals)


def of_site(fact: str, seen: Snapshot) -> Reading:
    return next(one for one in readings(FACTS[fact], seen) if one.labels == ("site",))


def test_a_counter_of_a_meter_is_shown_as_it_is_kept() -> None:
    assert of_site("energy_imported_wh", home(7.0)).value == 7.0
    held = of_site("energy_imported_wh", home(7.0, shown=9.0))
    assert (held.value, held.detail) == (9.0, HELD)
    assert of_site("energy_imported_wh", home(10.0, shown=9.0)).detail == ""


def test_a_negative_counter_is_unknown() -> None:
    reading = of_site("energy_imported_wh", home(-7.0, shown=9.0))
    assert (reading.value, reading.state) == (None, State.UNKNOWN)


def pack(**fields: Any) -> Snapshot:
    document = {"battery_blocks": [{"PackageSerialNumber": "A"} | fields]}
    return Snapshot({"system_status": known(document)}, 1.7e9, Numbers(("A", "B")))


@pytest.mark.parametrize("wh", [-7.0, None, "7", True])
def test_a_packs_counter_that_makes_no_sense_is_unknown_like_a_meters(wh: Any) -> None:
    assert states(FACTS["pack_charged_wh"], pack(energy_charged=wh)) == {
        ("PW1",): State.UNKNOWN,
        ("PW2",): State.NOT_SERVED,
    }
    assert states(FACTS["pack_charged_wh"], pack())[("PW1",)] is State.NOT_SERVED


def test_a_serial_is_known_while_the_packs_are_not() -> None:
    seen = Snapshot({"system_status": WAITING}, 1.7e9, Numbers(("A", "#2")))
    assert only(FACTS["pack_serial"], seen) == Reading(
        FACTS["pack_serial"], ("PW1",), "A", State.FRESH, 0.0, OURS
    )


@pytest.mark.parametrize("word", ["SystemSomethingNew", None, 5])
def test_a_new_word_for_the_grid_is_an_unknown_state_and_still_told(word: Any) -> None:
    seen = snapshot(grid_status=known({"grid_status": word}))
    reading = only(FACTS["grid_state"], seen)
    assert (reading.value, reading.state) == ("unknown", State.UNKNOWN)
    assert only(FACTS["grid_status"], seen).value == (word if isinstance(word, str) else None)


def test_since_when_the_grid_is_unknown_is_known_by_ourselves() -> None:
    seen = Snapshot({"grid_status": WAITING}, 1.7e9, grid=Grid("unknown", 1.6e9))
    reading = only(FACTS["grid_state_since_s"], seen)
    assert (reading.value, reading.source) == (1.6e9, OURS)
    never = only(FACTS["grid_state_since_s"], snapshot(grid_status=WAITING))
    assert (never.value, never.state) == (None, State.UNKNOWN)


def test_alerts_are_a_set_of_which_there_may_be_none() -> None:
    quiet = {"grid_status": known({}), "vitals": MISSING, "solar_powerwall": MISSING}
    assert list(readings(FACTS["alert"], snapshot(**quiet))) == []
    up = quiet | {"grid_status": known({"grid_status": "SystemGridConnected"})}
    assert states(FACTS["alert"], snapshot(**up)) == {("SystemConnectedToGrid",): State.FRESH}
