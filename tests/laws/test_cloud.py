"""Laws over what the cloud backend makes: every fact and every view works on it unchanged."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.anyjson import JSON
from support.cloud_documents import SITES, Documents, snapshot, translated
from support.factlaws import judge

from proxy.routes import VIEWS
from proxy.rows import View
from pypowerwall_core.backends.cloud.claims import SOURCES
from pypowerwall_core.catalog import CATALOG
from pypowerwall_core.knowledge import State, readings

FACTS = {fact.name: fact for fact in CATALOG}
NEEDS = tuple(dict.fromkeys(need for fact in CATALOG for need in fact.asks))
BATTERY_FACTS = (
    "battery_level_app_pct",
    "battery_level_raw_pct",
    "reserve_app_pct",
    "mode",
    "battery_full_wh",
    "battery_remaining_wh",
    "battery_max_charge_w",
    "packs_available",
    "pack_power_w",
    "pack_temperature_c",
    "string_power_w",
)


def value(home: str, name: str) -> Any:
    """All values of a fact by their labels, joined."""
    found = readings(FACTS[name], snapshot(SITES[home], NEEDS))
    return {" ".join(one.labels): one.value for one in found}


def states(home: str, name: str) -> set[State]:
    return {one.state for one in readings(FACTS[name], snapshot(SITES[home], NEEDS))}


def shown(view: View, site: Documents) -> str:
    """What a view answers, after it has been seen to change nothing and to be the same twice."""
    known = snapshot(site, view.needs)
    before = copy.deepcopy({need: known.document(need) for need in view.needs})
    body = json.dumps(view.render(known), allow_nan=False)
    assert json.dumps(view.render(known)) == body
    assert {need: known.document(need) for need in view.needs} == before
    return body


# -- every fact and every view ----------------------------------------------------------------


@pytest.mark.parametrize("home", SITES)
def test_every_fact_reads_what_the_cloud_told(home: str) -> None:
    judge(snapshot(SITES[home], NEEDS))


@pytest.mark.parametrize("home", SITES)
def test_every_view_shows_what_the_cloud_told(home: str) -> None:
    for view in VIEWS:
        shown(view, SITES[home])


@pytest.mark.parametrize("missing", SOURCES)
@pytest.mark.parametrize("home", ["battery", "solar only", "islanded"])
def test_any_source_may_be_missing(home: str, missing: str) -> None:
    site = dict(SITES[home]) | {missing: None}
    judge(snapshot(site, NEEDS))
    for view in VIEWS:
        shown(view, site)


def test_a_view_of_nothing_invents_no_number() -> None:
    for view in VIEWS:
        body = shown(view, SITES["nothing"])
        assert not re.search(r"\d", body), view.path


@given(site=st.fixed_dictionaries(dict.fromkeys(SOURCES, JSON)))
def test_any_documents_become_facts_or_nothing(site: Documents) -> None:
    judge(snapshot(site, NEEDS))


@given(source=st.sampled_from(SOURCES), document=JSON)
def test_a_home_with_one_odd_document_becomes_facts(source: str, document: Any) -> None:
    judge(snapshot(dict(SITES["battery"]) | {source: document}, NEEDS))


# -- what they say ----------------------------------------------------------------------------


def test_a_home_with_a_battery_reads_as_one_behind_a_gateway() -> None:
    assert value("battery", "power_w") == {
        "site": -21.25,
        "battery": -1210,
        "load": 1871.25,
        "solar": 3102.5,
    }
    assert value("battery", "battery_level_app_pct") == {"": pytest.approx(64.5)}
    assert value("battery", "battery_level_raw_pct") == {"": pytest.approx(66.275)}
    assert value("battery", "reserve_app_pct") == {"": pytest.approx(20)}
    assert value("battery", "mode") == {"": "self_consumption"}
    assert value("battery", "grid_state") == {"": "on_grid"}
    assert value("battery", "energy_imported_wh")["site"] == 3_000_000.5
    assert value("battery", "nominal_energy_wh") == {"": 27000}
    assert value("battery", "firmware") == {"": "23.28.2 27626f98"}
    assert value("battery", "alert") == {"SystemConnectedToGrid": 1}


def test_a_home_on_its_own_reads_as_one() -> None:
    assert value("islanded", "grid_state") == {"": "islanded"}
    assert value("islanded", "grid_is_up") == {"": 0}
    assert value("islanded", "alert") == {
        "SystemIslandedActive": 1,
        "UnscheduledIslandContactorOpen": 1,
    }


def test_a_solar_only_home_is_not_an_outage_and_has_no_battery() -> None:
    assert value("solar only", "grid_state") == {"": "unknown"}
    assert value("solar only", "grid_is_up") == {"": None}
    assert value("solar only", "alert") == {}
    assert value("solar only", "power_w") == {
        "site": None,
        "battery": None,
        "load": None,
        "solar": 2740,
    }
    for name in BATTERY_FACTS:
        assert states("solar only", name) == {State.NOT_SERVED}, name
    rows = readings(FACTS["power_w"], snapshot(SITES["solar only"], NEEDS))
    found = {one.labels[0]: one.state for one in rows}
    assert found == {
        "site": State.UNKNOWN,
        "load": State.UNKNOWN,
        "solar": State.FRESH,
        "battery": State.NOT_SERVED,
    }


def test_no_serial_is_shown_that_the_cloud_did_not_tell() -> None:
    told = json.dumps(SITES["battery"])
    for document in translated(SITES["battery"]).values():
        for serial in re.findall(r"\b[A-Z]{1,3}\d{8,}\w*", json.dumps(document)):
            assert serial in told
