"""The files of examples/: what they ask a proxy for is there, and HELP.md says the same as they."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from support import examples, golden
from support.examples import EXAMPLES, asked, config, dashboard, targets, telegraf_input
from support.helptext import examples as told
from support.homes import STATE
from support.series import promtool

DEMO = "pw2"
"""What `powerwall serve --demo` serves."""
WITH_STRINGS = "pwplus"
INFLUX = "powerwall-influxdb"
INFINITY = "powerwall-now"


def state(system: str = DEMO) -> Any:
    return golden.client(system).simulate_get(STATE).json


# -- Telegraf and the dashboard -------------------------------------------------------------


def test_telegraf_reads_what_help_says() -> None:
    (block,) = tomllib.loads(told("Telegraf", "toml")[0])["inputs"]["http"]
    assert telegraf_input() == block


def test_telegraf_writes_where_compose_and_grafana_look() -> None:
    (output,) = examples.telegraf_conf(INFLUXDB_TOKEN="t")["outputs"]["influxdb_v2"]
    assert output["token"] == "t"
    source = sources()[INFLUX]
    assert source["url"] == output["urls"][0]
    assert source["jsonData"]["dbName"] == output["bucket"] == output["organization"]


def influx_queries() -> Iterator[tuple[str, str]]:
    for title, target in targets("powerwall"):
        assert target["datasource"]["uid"] == INFLUX
        yield title, target["query"]


@pytest.mark.parametrize(("title", "query"), list(influx_queries()), ids=lambda text: text[:70])
def test_every_field_of_the_dashboard_is_one_that_telegraf_stores(title: str, query: str) -> None:
    assert f'FROM "{telegraf_input()["name_override"]}"' in query
    name, pattern = asked(query)
    if name is not None:
        assert name in examples.stored(state())
    else:
        fields = examples.stored(state(WITH_STRINGS))
        found = [field for field in fields if re.search(pattern or "", field)]
        assert found
        assert all(isinstance(fields[field], float) for field in found)
    assert "$timeFilter" in query or "time > now() - 2m" in query
    assert title


def test_series_by_pattern_are_called_by_their_parts() -> None:
    fields = examples.stored(state(WITH_STRINGS))
    for panel in dashboard("powerwall")["panels"]:
        renaming = [step["options"] for step in panel.get("transformations", ())]
        for target in panel["targets"]:
            _, pattern = asked(target["query"])
            for field in fields:
                if pattern is None or not re.search(pattern, field):
                    continue
                function = re.search(r"SELECT (\w+)\(", target["query"])
                series = f"{function[1] if function else ''}_{field}"
                name = series
                for step in renaming:
                    to = re.sub(r"\$(\d)", r"\\\1", step["renamePattern"])
                    name = re.sub(step["regex"], to, name)
                assert name != series
                assert not name.endswith("_value")


@pytest.mark.parametrize("name", ["powerwall", "powerwall-now"])
def test_a_dashboard_is_whole(name: str) -> None:
    found = dashboard(name)
    ids = [panel["id"] for panel in found["panels"]]
    assert len(set(ids)) == len(ids)
    known = {(source["type"], uid) for uid, source in sources().items()}
    cells: set[tuple[int, int]] = set()
    for panel in found["panels"]:
        place = panel["gridPos"]
        covered = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not covered & cells
        cells |= covered
        refs = [target["refId"] for target in panel["targets"]]
        assert len(set(refs)) == len(refs)
        for target in panel["targets"]:
            assert target["datasource"] == panel["datasource"]
            assert (target["datasource"]["type"], target["datasource"]["uid"]) in known
    named = {variable["name"] for variable in found["templating"]["list"]}
    used = set(re.findall(r"\$(\w+)", json.dumps([t["query"] for _, t in targets("powerwall")])))
    if name == "powerwall":
        assert used == named | {"timeFilter", "__interval"} | ({"col"} & used)


# -- Grafana's other source -----------------------------------------------------------------


def sources() -> dict[str, dict[str, Any]]:
    found = config("grafana/provisioning/datasources/powerwall.yml")["datasources"]
    return {source["uid"]: source for source in found}


def test_the_infinity_source_may_ask_the_proxy_and_nobody_else() -> None:
    source = sources()[INFINITY]
    assert source["jsonData"]["allowedHosts"] == [source["url"]]


def at(row: Any, selector: str) -> Any:
    for name in selector.split("."):
        row = row.get(name) if isinstance(row, dict) else None
    return row


def test_the_dashboard_of_now_finds_its_columns() -> None:
    client, paths = golden.client(DEMO), set()
    for _, target in targets("powerwall-now"):
        assert target["datasource"]["uid"] == INFINITY
        parts = urlsplit(target["url"])
        paths.add(parts.path)
        answer = client.simulate_get(parts.path, query_string=parts.query).json
        rows = answer if isinstance(answer, list) else [answer]
        if "filterExpression" in target:
            name, wanted = re.fullmatch(r'(\w+) == "(\w+)"', target["filterExpression"]).groups()
            rows = [row for row in rows if row[name] == wanted]
        for column in target["columns"]:
            values = [at(row, column["selector"]) for row in rows]
            if column["selector"] != "string":  # the demo's home has none
                assert any(value is not None for value in values), column
            if column["type"] == "number":
                assert all(isinstance(value, int | float | None) for value in values)
    assert paths == {STATE, "/aggregates", "/soe"}


def test_the_query_that_help_shows_is_one_of_the_dashboard() -> None:
    query = json.loads(told("Grafana (Infinity)", "json")[0])
    query["url"] = query["url"].removeprefix("http://powerwall:8675")
    assert any(query.items() <= target.items() for _, target in targets("powerwall-now"))


# -- Home Assistant, evcc, Prometheus -------------------------------------------------------


def entities(rest: dict[str, Any]) -> list[dict[str, Any]]:
    return [*rest["sensor"], *rest["binary_sensor"]]


def test_home_assistant_has_the_sensors_of_help_and_more() -> None:
    (rest,) = config("home-assistant.yaml")["rest"]
    (short,) = yaml.safe_load(told("Home Assistant", "yaml")[0])["rest"]
    assert {key: rest[key] for key in ("resource", "scan_interval")} == {
        key: short[key] for key in ("resource", "scan_interval")
    }
    ours = entities(rest)
    assert all(entity in ours for entity in entities(short))
    assert len({entity["unique_id"] for entity in ours}) == len(ours) > len(entities(short))


@pytest.mark.parametrize(
    "entity", entities(config("home-assistant.yaml")["rest"][0]), ids=lambda e: e["name"]
)
def test_home_assistants_templates_name_facts(entity: dict[str, Any]) -> None:
    found = re.fullmatch(
        r"\{\{ value_json\.sites\.home\.([\w.]+)\.value(?: or 'unknown')? \}\}",
        entity["value_template"],
    )
    assert found is not None
    leaf: Any = state()["sites"]["home"]
    for name in found[1].split("."):
        leaf = leaf[name]
    assert leaf["value"] is not None
    assert entity.get("unit_of_measurement") == leaf["unit"]
    assert (entity.get("state_class") == "total_increasing") == (leaf["kind"] == "counter")
    if "availability" in entity:
        where = f"value_json.sites.home.{found[1]}.value"
        assert entity["availability"] == f"{{{{ {where} is number }}}}"
    else:
        assert isinstance(leaf["value"], str)


def test_evcc_has_the_meters_of_help() -> None:
    found = config("evcc.yaml")
    assert found["meters"] == yaml.safe_load(told("evcc", "yaml")[0])["meters"]
    used = found["site"]["meters"]
    names = [meter["name"] for meter in found["meters"]]
    assert [used["grid"], *used["pv"], *used["battery"]] == names


def test_prometheus_has_what_help_has() -> None:
    plain, guarded, rules = told("Prometheus", "yaml")
    ours = config("prometheus/prometheus.yml")
    assert ours["scrape_configs"] == yaml.safe_load(plain)["scrape_configs"]
    assert config("prometheus/powerwall-rules.yml") == yaml.safe_load(rules)
    content = examples.text("prometheus/prometheus.yml")
    with_token = content.replace("    # ", "    ").replace("    With PW_READ_TOKEN:\n", "")
    assert yaml.safe_load(with_token)["scrape_configs"] == yaml.safe_load(guarded)["scrape_configs"]


def test_prometheus_takes_its_files() -> None:
    promtool("check", "config", str(EXAMPLES / "prometheus" / "prometheus.yml"))


# -- systemd --------------------------------------------------------------------------------


def analyzed(*arguments: str) -> str:
    found = shutil.which("systemd-analyze")
    if found is None:
        pytest.skip("systemd-analyze is not installed")
    done = subprocess.run(  # noqa: S603 - our own example
        [found, *arguments], capture_output=True, text=True, check=False, timeout=30
    )
    return done.stdout + done.stderr


def test_systemd_understands_the_unit() -> None:
    unit = str(EXAMPLES / "powerwall-proxy.service")
    complaints = [
        line
        for line in analyzed("verify", unit).splitlines()
        if "powerwall-proxy" in line and "is not executable" not in line  # not installed here
    ]
    assert complaints == []


def test_the_unit_is_among_the_safest() -> None:
    unit = str(EXAMPLES / "powerwall-proxy.service")
    said = analyzed("security", "--offline=true", "--no-pager", unit)
    exposure = re.search(r"Overall exposure level for [\w.-]+: ([\d.]+)", said)
    if exposure is None:
        pytest.skip(f"systemd-analyze cannot judge a unit offline: {said[-200:]}")
    assert float(exposure[1]) <= 1.3
