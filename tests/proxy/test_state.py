"""/api/v1/state: every fact with its unit, its age and who says so, and never a made-up one."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

import pytest
from support import golden
from support.desk import EPOCH_S, Client, Served
from support.events import key_of
from support.frozen import HOMES
from support.homes import LANDED_S, STATE, facts, home, leaves, settled

from proxy.events.streams import _key
from proxy.routes import FAMILIES
from pypowerwall_core.catalog import CATALOG, NEEDS
from pypowerwall_core.errors import NotServed, Unreachable
from pypowerwall_core.knowledge import ALONE
from pypowerwall_core.version import __version__

LEAF = {"value", "unit", "kind", "state", "age_s", "source"}
WITHOUT = ("unknown", "not_served")
AWAY = Unreachable("connection refused")


@pytest.mark.parametrize("system", golden.ALL)
def test_every_fact_is_told_with_its_unit_age_source_and_state(system: str) -> None:
    found = golden.client(system).simulate_get(STATE).json["sites"]["home"]
    assert list(found) == [fact.name for fact in CATALOG]
    for fact, labels, leaf in leaves(found):
        assert set(leaf) - {"detail"} == LEAF
        assert leaf["unit"] == (fact.unit.symbol or None)
        assert leaf["kind"] == fact.kind.value
        assert len(labels) in (0, len(fact.by))
        assert leaf["state"] in ("fresh", "stale", *WITHOUT)
        nothing = leaf["state"] in WITHOUT
        assert nothing == (leaf["age_s"] is None) == (leaf["source"] is None)
        assert not nothing or leaf["value"] == fact.unknown


def test_of_a_house_of_which_nothing_is_known_no_value_is_told() -> None:
    found = golden.client(golden.NOTHING).simulate_get(STATE).json["sites"]["home"]
    told = {fact.name: leaf for fact, _, leaf in leaves(found)}
    of_tesla = {name for name, leaf in told.items() if leaf["state"] == "not_served"}
    assert of_tesla == {"grid_charging", "grid_export"}, "no gateway tells these"
    assert {leaf["state"] for leaf in told.values()} == {"unknown", "not_served"}
    assert told.pop("grid_state")["value"] == "unknown"
    assert {leaf["value"] for leaf in told.values()} == {None}


def test_ages_are_those_of_the_documents_and_the_oldest_counts() -> None:
    served = settled()
    served.world.run(20.0)  # nobody asks: nothing is fetched
    served.get("/aggregates")
    served.world.run(1.0)
    found = facts(served)
    power, packs, both = (
        found[name] for name in ("power_w", "battery_full_wh", "time_remaining_h")
    )
    assert power["load"]["age_s"] == pytest.approx(1.0, abs=0.1)
    assert power["load"]["state"] == "fresh"
    assert packs["age_s"] == both["age_s"] == pytest.approx(23.5, abs=1.0)
    assert packs["state"] == both["state"] == "stale"


def test_a_value_grows_old_is_called_stale_and_then_is_unknown_but_never_0() -> None:
    served = settled()
    known = facts(served)["power_w"]["site"]
    assert (known["state"], known["source"]) == ("fresh", "gateway")
    served.gateway.fails(AWAY)
    served.world.run(6.0)
    assert facts(served)["power_w"]["site"]["state"] == "fresh"
    served.world.run(6.0)
    stale = facts(served)["power_w"]["site"]
    assert stale["state"] == "stale"
    assert stale["value"] == known["value"]
    assert stale["age_s"] == pytest.approx(15.0, abs=0.5)
    served.world.run(20.0)
    unknown = facts(served)["power_w"]["site"]
    assert unknown == {
        "value": None,
        "unit": "W",
        "kind": "gauge",
        "state": "unknown",
        "age_s": None,
        "source": None,
    }


def test_what_the_firmware_has_not_is_not_served_and_what_fails_is_unknown() -> None:
    served = home()
    served.gateway.fails(NotServed("HTTP 404"), "vitals")
    served.gateway.fails(AWAY, "site_name")
    served.get(STATE)
    served.world.run(LANDED_S)
    found = facts(served)
    assert found["pack_temperature_c"]["PW1"]["state"] == "not_served"
    assert found["site_name"]["state"] == "unknown"
    assert found["power_w"]["site"]["state"] == "fresh"


def test_a_home_without_the_meter_for_it_has_no_frequency_of_it_and_no_strings() -> None:
    found = facts(settled())
    assert "site" not in found["meter_frequency_hz"]
    assert found["string_power_w"]["state"] == "not_served"
    assert set(facts(settled("pwplus"))["string_power_w"]) >= {"A", "B"}


def test_alerts_that_are_there_are_1_and_none_is_an_empty_object() -> None:
    served = settled()
    assert facts(served)["alert"]["SystemConnectedToGrid"]["value"] == 1
    for silent in ("vitals", "grid_status"):
        served.gateway.documents[silent] = {}
    served.world.run(60.0)
    served.get(STATE)
    served.world.run(LANDED_S)
    assert facts(served)["alert"] == {}


@pytest.fixture(scope="module")
def pwplus() -> Client:
    return golden.client("pwplus")


@pytest.mark.parametrize("fact", CATALOG, ids=lambda fact: fact.name)
def test_one_fact_is_told_as_among_all(pwplus: Client, fact: Any) -> None:
    whole = pwplus.simulate_get(STATE).json
    one = pwplus.simulate_get(f"{STATE}/{fact.name}").json
    among_all = whole["sites"]["home"][fact.name]
    if fact.alone:
        assert (among_all["state"], among_all["detail"]) == ("unknown", ALONE)
    else:
        assert one["sites"]["home"] == among_all
    assert (one["fact"], one["says"], one["at"]) == (fact.name, fact.says, whole["at"])


def test_one_fact_asks_the_gateway_for_no_more_than_it_is_read_from() -> None:
    served = home()
    served.get(f"{STATE}/battery_level_app_pct")
    served.world.run(LANDED_S)
    assert served.gateway.counts() == {"soe": 1}
    level = served.get(f"{STATE}/battery_level_app_pct").json["sites"]["home"]
    assert level["value"] == pytest.approx(100 * (50 - 5) / 95)


def test_the_whole_asks_for_each_document_once_and_for_nothing_else() -> None:
    served = settled()
    asked = served.gateway.counts()
    others = {"solar_powerwall", "time_remaining", "grid_rules"}
    assert set(asked) == set(NEEDS) - others, "one stands in for vitals, two only Tesla tells"
    assert set(asked.values()) == {1}


@pytest.mark.parametrize("system", HOMES)
def test_rows_are_the_same_leaves_as_flat_objects(system: str) -> None:
    client = golden.client(system)
    found = client.simulate_get(STATE).json["sites"]["home"]
    rows = client.simulate_get(STATE, query_string="rows").json
    for row in rows:
        assert not any(isinstance(value, dict | list) for value in row.values())
        assert (row.pop("time") is None) == (row["age_s"] is None)
    expected = [
        {"site": "home", "fact": fact.name} | dict(zip(fact.by, labels, strict=False)) | leaf
        for fact, labels, leaf in leaves(found)
    ]
    assert sorted(rows, key=str) == sorted(expected, key=str)


def test_a_row_has_the_time_of_day_of_its_value() -> None:
    served = settled()
    served.world.run(2.0)
    power = served.get(f"{STATE}?rows").json[0]
    at_s = datetime.fromisoformat(power["time"]).timestamp()
    assert at_s == pytest.approx(EPOCH_S + served.world.now_s - power["age_s"], abs=0.1)
    assert datetime.fromisoformat(served.get(STATE).json["at"]).timestamp() == pytest.approx(
        served.get(STATE).json["at_s"], abs=0.001
    )


@pytest.mark.parametrize(
    ("query", "as_rows"),
    [("rows", True), ("rows=", True), ("rows=1", True), ("x=1&rows", True), ("token=rows", False)],
)
def test_rows_are_a_parameter_and_not_any_word(query: str, as_rows: bool) -> None:  # noqa: FBT001
    document = golden.client("pw2").simulate_get(STATE, query_string=query).json
    assert isinstance(document, list) == as_rows


def test_a_sample_that_was_left_out_is_told_for_an_hour() -> None:
    served = settled()
    served.gateway.documents["soe"] = {"percentage": 0}
    served.world.run(10.0)
    served.get(STATE)
    served.world.run(LANDED_S)
    level = facts(served)["battery_level_raw_pct"]
    assert level["value"] > 0
    assert "charge jumped from 50.0 % to 0 %" in level["detail"]
    assert "the one before is shown" in level["detail"]
    assert "detail" not in facts(served)["power_w"]["site"]
    served.gateway.documents["soe"] = {"percentage": 49}
    for _ in range(3):
        facts(served)
        served.world.run(10.0)
    level = facts(served)["battery_level_raw_pct"]
    assert level["value"] == 49
    assert "a sample was left out" in level["detail"]
    served.world.run(3600.0)
    facts(served)
    served.world.run(LANDED_S)
    assert "detail" not in facts(served)["battery_level_raw_pct"]


def test_an_energy_that_has_gone_back_a_little_is_held_and_says_so() -> None:
    served = settled()
    solar = served.gateway.documents["aggregates"]["solar"]
    before = facts(served)["energy_exported_wh"]["solar"]["value"]
    told = served.gateway.documents["aggregates"] | {
        "solar": solar | {"energy_exported": before - 50}
    }
    served.gateway.documents["aggregates"] = told
    for _ in range(4):
        facts(served)
        served.world.run(10.0)
    energy = facts(served)["energy_exported_wh"]["solar"]
    assert energy["value"] == before
    assert "held" in energy["detail"]


def test_since_when_the_grid_is_away_is_seconds_since_1970_and_stands_still() -> None:
    served = settled()
    served.gateway.documents["grid_status"] = {"grid_status": "SystemIslandedActive"}
    seen = []
    for _ in range(6):
        served.world.run(10.0)
        found = facts(served)
        seen.append((found["grid_state"]["value"], found["grid_state_since_s"]["value"]))
    states = [state for state, _ in seen]
    assert states[-1] == "islanded"
    away = {since_s for state, since_s in seen if state == "islanded"}
    assert len(away) == 1
    assert EPOCH_S + served.world.begin_s < away.pop() < EPOCH_S + served.world.now_s
    assert found["grid_is_up"]["value"] == 0
    assert found["grid_status"]["value"] == "SystemIslandedActive"


def test_an_answer_is_counted_by_its_route_and_not_by_its_fact() -> None:
    served = Served()
    served.get(f"{STATE}/power_w")
    served.get(f"{STATE}/soc")
    served.get(STATE)
    uri = served.get("/stats").json["uri"]
    (family,) = FAMILIES
    assert (uri[family.path], uri[STATE]) == (1, 1)
    assert "soc" not in json.dumps(uri)


def test_the_version_names_the_proxy_and_its_api() -> None:
    version = Served().get("/api/v1/version").json
    assert version["name"] == "powerwall-proxy"
    assert version["version"] == __version__
    assert version["api"] == "v1"


def test_the_page_of_help_links_to_nothing_that_is_not_there() -> None:
    served = Served()
    links = re.findall(r'<a href="([^"]+)">', served.get("/help").text)
    assert "api/v1/state" in links
    assert f"{STATE}/{{fact}}" in served.get("/help").text
    for link in set(links) - {"./"}:
        assert served.client.simulate_head(f"/{link}").status_code != 404, link


def test_any_page_may_read_it_and_a_demo_says_so() -> None:
    answer = Served().get(STATE)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("system", golden.ALL)
def test_every_row_has_a_key_of_its_own_that_a_client_of_the_stream_can_build(system: str) -> None:
    told = golden.client(system).simulate_get(STATE, query_string="rows").json
    keys = [key_of(row) for row in told]
    assert len(keys) == len(set(keys))
    assert keys == [_key(row) for row in told]
