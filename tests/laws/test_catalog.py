"""Laws over the catalog: every fact, over every simulated system, with anything missing or odd."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.anyjson import JSON
from support.factlaws import judge
from support.frozen import HOMES, documents

from pypowerwall_core import payloads
from pypowerwall_core.catalog import CATALOG, NEEDS, Fact, Kind, Unit
from pypowerwall_core.grid import Watch
from pypowerwall_core.knowledge import State, readings
from pypowerwall_core.numbering import settle
from pypowerwall_core.snapshot import Absent, Entry, Known, Numbers, Snapshot, Unknown
from pypowerwall_core.totals import Bookkeeper

ALL = tuple(dict.fromkeys(need for fact in CATALOG for need in fact.asks))
FIXTURES = {
    system: {need: document for need, document in documents(system).items() if need in ALL}
    for system in HOMES
}
FACTS = {fact.name: fact for fact in CATALOG}
AT_S = 1.7e9
SUFFIXES = {
    Unit.WATT: ("_w",),
    Unit.VAR: ("_var",),
    Unit.VOLT_AMPERE: ("_va",),
    Unit.WATT_HOUR: ("_wh",),
    Unit.VOLT: ("_v",),
    Unit.AMPERE: ("_a",),
    Unit.HERTZ: ("_hz",),
    Unit.CELSIUS: ("_c",),
    Unit.PERCENT: ("_app_pct", "_raw_pct"),
    Unit.HOUR: ("_h",),
    Unit.SECOND: ("_s",),
    Unit.MOMENT: ("_s",),
}


NOT_YET, NEVER = Unknown(), Absent()


def snapshot_of(docs: Mapping[str, Any], missing: Entry = NOT_YET) -> Snapshot:
    """What a site would make of documents, its numbers, energies and grid included."""
    entries: dict[str, Entry] = {
        need: missing if docs.get(need) is None else Known(docs[need], 1, 1.0, 4.0) for need in ALL
    }
    grid = Watch().saw(entries[payloads.GRID_STATUS], AT_S).grid
    numbers = settle(Numbers(), entries).shown
    return Snapshot(entries, AT_S, numbers, Bookkeeper().settle(entries), grid)


# -- the rows ---------------------------------------------------------------------------------


def test_names_are_unique_and_plain() -> None:
    assert len(FACTS) == len(CATALOG)
    assert [name for name in FACTS if not re.fullmatch(r"[a-z][a-z0-9_]*", name)] == []


@pytest.mark.parametrize("fact", CATALOG, ids=lambda fact: fact.name)
def test_a_name_ends_in_its_unit_and_in_no_other(fact: Fact) -> None:
    others = tuple(end for unit, ends in SUFFIXES.items() for end in ends if unit is not fact.unit)
    ends = SUFFIXES.get(fact.unit, ())
    assert fact.name.endswith(ends) is bool(ends)
    assert not fact.name.endswith(tuple(set(others) - set(ends)))


@pytest.mark.parametrize("fact", CATALOG, ids=lambda fact: fact.name)
def test_a_fact_says_one_sentence(fact: Fact) -> None:
    assert re.fullmatch(r"(?:[A-Z]|1 )[^.]*(?:\.\d[^.]*)*\.", fact.says)


@pytest.mark.parametrize("fact", CATALOG, ids=lambda fact: fact.name)
def test_only_numbers_have_a_unit_and_only_states_have_words(fact: Fact) -> None:
    numeric = fact.kind in (Kind.GAUGE, Kind.COUNTER)
    assert numeric or fact.unit is Unit.NONE
    assert bool(fact.states) is (fact.kind is Kind.STATE)
    assert fact.unknown is None or fact.unknown in fact.states
    assert len(set(fact.by)) == len(fact.by)
    assert bool(fact.by) or fact.kind is not Kind.SET


def test_needs_are_payloads_and_what_stands_in_comes_after() -> None:
    known = {value for value in vars(payloads).values() if isinstance(value, str)}
    for fact in CATALOG:
        assert set(fact.asks) <= known
        assert fact.needs
        for stand_in, other in payloads.STANDS_IN_FOR.items():
            if stand_in in fact.needs:
                assert fact.needs.index(other) < fact.needs.index(stand_in)
    assert {n for fact in CATALOG if not fact.alone for n in fact.asks} == set(NEEDS)


def test_every_fact_is_told_by_some_system_and_states_are_among_their_words() -> None:
    told = {
        fact.name: {
            value
            for docs in FIXTURES.values()
            for value in fact.read(snapshot_of(docs)).values()
            if value is not None
        }
        for fact in CATALOG
    }
    assert [name for name, values in told.items() if not values] == []
    for fact in CATALOG:
        assert not fact.states or told[fact.name] <= set(fact.states)


# -- what they read ---------------------------------------------------------------------------


@pytest.mark.parametrize("system", FIXTURES)
def test_facts_change_no_document_and_read_the_same_twice(system: str) -> None:
    docs = FIXTURES[system]
    before, snapshot = copy.deepcopy(docs), snapshot_of(docs)
    judge(snapshot)
    for fact in CATALOG:
        assert fact.read(snapshot) == fact.read(snapshot_of(before))
    assert docs == before


@pytest.mark.parametrize("missing", [NOT_YET, NEVER], ids=["unknown", "absent"])
@pytest.mark.parametrize("system", FIXTURES)
def test_facts_survive_any_payload_missing(system: str, missing: Entry) -> None:
    docs = FIXTURES[system]
    for gone in ALL:
        judge(snapshot_of({k: v for k, v in docs.items() if k != gone}, missing))


@pytest.mark.parametrize("system", FIXTURES)
def test_what_a_fact_does_not_need_changes_nothing_of_it(system: str) -> None:
    whole = snapshot_of(FIXTURES[system])
    for fact in CATALOG:
        entries = {need: whole.entries[need] for need in fact.needs}
        alone = Snapshot(entries, AT_S, whole.numbers, whole.totals, whole.grid)
        assert list(readings(fact, alone)) == list(readings(fact, whole)), fact.name


@pytest.mark.parametrize("nothing", [NOT_YET, NEVER], ids=["unknown", "absent"])
def test_of_nothing_no_fact_invents_anything(nothing: Entry) -> None:
    snapshot = Snapshot(dict.fromkeys(ALL, nothing), AT_S)
    judge(snapshot)
    expected = State.UNKNOWN if nothing is NOT_YET else State.NOT_SERVED
    for fact in CATALOG:
        for reading in readings(fact, snapshot):
            assert (reading.value, reading.state) == (fact.unknown, expected), fact.name
    judge(Snapshot({}, AT_S))


@pytest.mark.parametrize("system", FIXTURES)
def test_some_well_known_facts_are_those_of_the_documents(system: str) -> None:
    docs = FIXTURES[system]
    snapshot = snapshot_of(docs, NEVER)
    read = {name: FACTS[name].read(snapshot) for name in FACTS}
    meters = [name for name in payloads.HOME_METERS if name in docs["aggregates"]]
    powers = {(name,): docs["aggregates"][name]["instant_power"] for name in meters}
    assert read["power_w"] == powers
    charge = None if docs["soe"] is None else docs["soe"]["percentage"]
    assert read["battery_level_raw_pct"].get(()) == charge
    assert read["grid_status"] == {(): docs["grid_status"]["grid_status"]}
    assert read["grid_state_since_s"] == {(): AT_S - 1.0}
    status = docs["system_status"] or {"battery_blocks": []}
    blocks = {block["PackageSerialNumber"]: block for block in status["battery_blocks"]}
    assert set(blocks) <= set(read["pack_serial"].values())
    names = {serial: name for name, serial in read["pack_serial"].items()}
    powers = {names[serial]: block["p_out"] for serial, block in blocks.items()}
    assert read["pack_power_w"] == powers


# -- hostile documents ------------------------------------------------------------------------


def spoiled(document: Any, odd: Any, draw: Callable[[st.SearchStrategy[Any]], Any]) -> Any:
    """Return a document of which one part, somewhere, is something odd."""
    keys: list[Any] = []
    if isinstance(document, dict):
        keys = sorted(document)
    elif isinstance(document, list):
        keys = list(range(len(document)))
    if not keys or draw(st.integers(0, 9)) == 0:
        return odd
    changed, key = copy.copy(document), draw(st.sampled_from(keys))
    changed[key] = spoiled(document[key], odd, draw)
    return changed


@st.composite
def spoiled_homes(draw: st.DrawFn) -> dict[str, Any]:
    docs = dict(FIXTURES[draw(st.sampled_from(sorted(FIXTURES)))])
    for need in draw(st.lists(st.sampled_from(ALL), min_size=1, max_size=6)):
        docs[need] = spoiled(docs[need], draw(JSON), draw)
    return docs


@given(docs=spoiled_homes())
def test_facts_survive_a_home_in_which_something_is_odd(docs: dict[str, Any]) -> None:
    before = copy.deepcopy(docs)
    judge(snapshot_of(docs))
    assert docs == before


@given(docs=st.dictionaries(st.sampled_from(ALL), JSON))
@example(docs={"status": {"up_time_seconds": f"{'9' * 400}h0m0s"}})
@example(docs={"status": {"up_time_seconds": f"0.{'9' * 400}s"}})
@example(docs={"site_info": {"nominal_system_energy_kWh": 1e306}})
@example(docs={"soe": {"percentage": 1.7e308}})
@example(docs={"system_status": {"nominal_energy_remaining": 1e308}, "aggregates": {}})
def test_facts_survive_any_documents(docs: dict[str, Any]) -> None:
    judge(snapshot_of(docs))


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("230h55m59.9s", 831359.9),
        ("55m59s", 3359.0),
        ("59.9s", 59.9),
        ("1h0s", 3600.0),
        ("5m", None),
        ("-5s", None),
        ("5", None),
        ("", None),
        (5, None),
    ],
)
def test_an_uptime_is_read_as_the_gateway_spells_it(told: Any, seconds: float | None) -> None:
    read = FACTS["gateway_uptime_s"].read(snapshot_of({"status": {"up_time_seconds": told}}))
    assert read == {(): pytest.approx(seconds) if seconds else None}


def island(**fields: float) -> Any:
    vitals = {"TESYNC--1--S": {f"ISLAND_{name}": value for name, value in fields.items()}}
    return FACTS["island_voltage_v"].read(snapshot_of({"vitals": vitals}))


def test_a_phase_that_is_not_there_is_left_out_and_an_outage_is_not() -> None:
    assert island(VL1N_Main=230.0, VL1N_Load=229.0, VL2N_Main=0.0, VL2N_Load=0) == {
        ("grid", "L1"): 230.0,
        ("home", "L1"): 229.0,
    }
    assert island(VL1N_Main=0.0, VL1N_Load=229.0) == {("grid", "L1"): 0.0, ("home", "L1"): 229.0}


def test_a_meter_that_measures_no_frequency_has_none() -> None:
    aggregates = {"site": {"frequency": 60.0}, "load": {"frequency": 0}, "solar": {}}
    read = FACTS["meter_frequency_hz"].read(snapshot_of({"aggregates": aggregates}))
    assert read == {("site",): 60.0}
