"""The examples of HELP.md, taken out of it and run: an example that rots is worse than none."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from falcon import testing
from support import golden, telegraf
from support.helptext import examples
from support.homes import STATE, leaves, settled
from support.series import of, promtool, series

from pypowerwall_core.errors import Unreachable

SYSTEM = "pw2"
NUMBER = r"\{\{ value_json((?:\.\w+)+) is number \}\}"
VALUE = r"\{\{ value_json((?:\.\w+)+) \}\}"


@pytest.fixture(scope="module")
def client() -> testing.TestClient:
    return golden.client(SYSTEM)


def only(title: str, language: str) -> str:
    (example,) = examples(title, language)
    return example


def answered(client: testing.TestClient, url: str) -> Any:
    """Ask for what an example asks for, wherever its proxy stands."""
    parts = urlsplit(url)
    assert parts.netloc == "powerwall:8675"
    return client.simulate_get(parts.path, query_string=parts.query).json


def at(document: Any, path: str) -> Any:
    for name in path.strip(".").split("."):
        document = document[name]
    return document


# -- a leaf, readiness, problems ------------------------------------------------------------


def test_the_leaf_has_the_keys_of_a_leaf(client: testing.TestClient) -> None:
    leaf, problem = (json.loads(text) for text in examples("A leaf", "json"))
    found = answered(client, f"http://powerwall:8675{STATE}")["sites"]["home"]
    real = found["power_w"]["solar"]
    assert set(leaf) == set(real)
    assert {key: leaf[key] for key in ("unit", "kind")} == {
        key: real[key] for key in ("unit", "kind")
    }
    assert problem == client.simulate_get(problem["instance"]).json


def test_the_answer_of_a_proxy_that_is_not_ready_has_the_shape_of_one() -> None:
    served = settled()
    served.gateway.fails(Unreachable("connection refused", remedy="Check PW_HOST."))
    for _ in range(3):
        served.get("/aggregates")
        served.world.run(5.0)
    told, real = json.loads(only("Readiness", "json")), served.get("/readyz").json
    assert golden._kinds(told) == golden._kinds(real)
    reason = told["sites"]["home"]["reasons"][0].replace("192.168.1.50", "10.0.0.5")
    assert [reason] == real["sites"]["home"]["reasons"]


def test_the_probes_ask_for_routes_there_are(client: testing.TestClient) -> None:
    compose, kubernetes = (yaml.safe_load(text) for text in examples("Readiness", "yaml"))
    command = compose["services"]["powerwall"]["healthcheck"]["test"]
    assert command[:3] == ["CMD", "python", "-c"]
    compile(command[3], "healthcheck", "exec")
    asked = re.findall(r"http://127\.0\.0\.1:8675(/\w+)", command[3])
    probes = [kubernetes[name]["httpGet"] for name in ("livenessProbe", "readinessProbe")]
    assert {probe["port"] for probe in probes} == {8675}
    assert [probe["path"] for probe in probes] == ["/healthz", *asked] == ["/healthz", "/readyz"]
    for probe in probes:
        assert client.simulate_get(probe["path"]).status_code in (200, 503)


# -- Telegraf -------------------------------------------------------------------------------


def test_telegraf_stores_the_fields_that_are_named(client: testing.TestClient) -> None:
    (block,) = tomllib.loads(only("Telegraf", "toml"))["inputs"]["http"]
    (url,) = block["urls"]
    queried = at(answered(client, url), block["json_query"])
    numbers = telegraf.fields(queried)
    kept = {
        name
        for name in (*numbers, *block["json_string_fields"])
        if not any(fnmatch(name, pattern) for pattern in block["fieldexclude"])
    }
    assert set(only("Telegraf", "text").split()) <= kept
    assert not any(name.endswith("_age_s") for name in kept)
    for name in block["json_string_fields"]:
        assert isinstance(queried[name.removesuffix("_value")]["value"], str)
    known = sum(not isinstance(leaf["value"], str | None) for _, _, leaf in leaves(queried))
    assert len(kept) == known + len(block["json_string_fields"])


# -- Grafana --------------------------------------------------------------------------------


def test_grafana_finds_its_columns_in_flat_rows(client: testing.TestClient) -> None:
    query = json.loads(only("Grafana (Infinity)", "json"))
    assert query["root_selector"] == ""
    name, wanted = re.fullmatch(r'(\w+) == "(\w+)"', query["filterExpression"]).groups()
    rows = [row for row in answered(client, query["url"]) if row[name] == wanted]
    assert [row["meter"] for row in rows] == ["site", "battery", "load", "solar"]
    kinds = {"string": str, "number": int | float, "timestamp": str}
    for column in query["columns"]:
        for row in rows:
            assert isinstance(row[column["selector"]], kinds[column["type"]])


# -- evcc -----------------------------------------------------------------------------------


def sources() -> Iterator[tuple[str, str, dict[str, str]]]:
    for meter in yaml.safe_load(only("evcc", "yaml"))["meters"]:
        assert meter["type"] == "custom"
        for what in ("power", "energy", "soc"):
            if what in meter:
                yield meter["name"], what, meter[what]


def jq(program: str, document: Any) -> subprocess.CompletedProcess[str]:
    found = shutil.which("jq")
    if found is None:
        pytest.skip("jq is not installed (Debian has it in the package jq)")
    return subprocess.run(  # noqa: S603 - our own example
        [found, program], input=json.dumps(document), capture_output=True, text=True, check=False
    )


EXPECTED = {
    ("grid", "power"): ("site", "instant_power", 1),
    ("grid", "energy"): ("site", "energy_imported", 1000),
    ("pv", "power"): ("solar", "instant_power", 1),
    ("pv", "energy"): ("solar", "energy_exported", 1000),
    ("battery", "power"): ("battery", "instant_power", 1),
}


def test_evcc_reads_powers_energies_and_charge(client: testing.TestClient) -> None:
    aggregates = client.simulate_get("/aggregates").json
    level = client.simulate_get("/api/system_status/soe").json["percentage"]
    read = {}
    for meter, what, source in sources():
        assert source["source"] == "http"
        done = jq(source["jq"], answered(client, source["uri"]))
        assert done.returncode == 0, done.stderr
        read[meter, what] = float(done.stdout)
    assert read.pop(("battery", "soc")) == pytest.approx(level)
    assert read == pytest.approx(
        {key: aggregates[meter][field] / by for key, (meter, field, by) in EXPECTED.items()}
    )


def test_evcc_does_not_read_0_where_nothing_is_known() -> None:
    nothing = golden.client(golden.NOTHING)
    for _, _, source in sources():
        done = jq(source["jq"], answered(nothing, source["uri"]))
        assert done.returncode != 0 or done.stdout.strip() == "null"


# -- Home Assistant -------------------------------------------------------------------------


def entities() -> list[dict[str, str]]:
    (rest,) = yaml.safe_load(only("Home Assistant", "yaml"))["rest"]
    assert urlsplit(rest["resource"]).path == STATE
    return [*rest["sensor"], *rest["binary_sensor"]]


@pytest.mark.parametrize("entity", entities(), ids=lambda entity: entity["name"])
def test_home_assistant_reads_a_value_or_finds_it_unavailable(entity: dict[str, str]) -> None:
    told = re.fullmatch(VALUE, entity["value_template"])
    assert told is not None
    home, nothing = (
        golden.client(system).simulate_get(STATE).json for system in (SYSTEM, golden.NOTHING)
    )
    value = at(home, told[1])
    if "availability" in entity:
        shown = re.fullmatch(NUMBER, entity["availability"])
        assert shown is not None
        assert shown[1] == told[1]
        assert isinstance(value, int | float)
        assert at(nothing, told[1]) is None
    else:
        assert isinstance(value, str)
        assert at(nothing, told[1]) == "unknown"
    unit = at(home, told[1].removesuffix(".value"))["unit"]
    assert entity.get("unit_of_measurement") == unit


def test_home_assistant_takes_only_counters_for_totals() -> None:
    home = golden.client(SYSTEM).simulate_get(STATE).json
    for entity in entities():
        path = re.fullmatch(VALUE, entity["value_template"])[1].removesuffix(".value")
        total = entity.get("state_class") == "total_increasing"
        assert total == (at(home, path)["kind"] == "counter")
    assert len({entity["unique_id"] for entity in entities()}) == len(entities())


# -- Prometheus -----------------------------------------------------------------------------


def prometheus() -> tuple[str, str, str]:
    plain, guarded, rules = examples("Prometheus", "yaml")
    return plain, guarded, rules


@pytest.mark.parametrize("n", [0, 1], ids=["open", "with a token"])
def test_prometheus_takes_its_configuration(n: int, tmp_path: Path) -> None:
    file = tmp_path / "prometheus.yml"
    file.write_text(prometheus()[n], "utf-8")
    promtool("check", "config", "--syntax-only", str(file))


def test_prometheus_takes_the_rules_and_their_series_are_told(tmp_path: Path) -> None:
    file = tmp_path / "rules.yml"
    file.write_text(prometheus()[2], "utf-8")
    (group,) = yaml.safe_load(prometheus()[2])["groups"]
    told = {name for name, _ in series(settled().get("/metrics").text)}
    for rule in group["rules"]:
        assert set(re.findall(r"powerwall_\w+", rule["expr"])) <= told
    promtool("check", "rules", str(file))


def test_every_series_that_the_text_and_the_rules_name_is_told_in_an_outage_as_well() -> None:
    served = settled()
    served.gateway.fails(Unreachable("connection refused"))
    for _ in range(30):
        served.get("/metrics")
        served.world.run(15.0)
    found = series(served.get("/metrics").text)
    lane = {"gateway": "home", "source": "gateway"}
    for document in ("aggregates", "soe", "grid_status"):
        assert of(found, "data_timestamp_seconds", **lane, document=document)
    assert of(found, "up", **lane) == 0


def test_the_rules_fire_when_they_should(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(prometheus()[2], "utf-8")
    lane = 'gateway="home",source="gateway"'
    given = {
        f'powerwall_data_timestamp_seconds{{document="soe",{lane}}}': "0 60 120+0x30",
        f'powerwall_data_timestamp_seconds{{document="vitals",{lane}}}': "0+0x30",
        'powerwall_grid_state{gateway="home",state="islanded"}': "0x9 1x20",
        f"powerwall_up{{{lane}}}": "1 1 1 0x30",
    }
    named = {
        "PowerwallDataOld": ("6m", "8m"),
        "PowerwallIslanded": ("9m", "12m"),
        "PowerwallUpstreamDown": ("6m", "9m"),
    }
    test = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": "15s",
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    {"series": one, "values": values} for one, values in given.items()
                ],
                "promql_expr_test": [
                    {
                        "expr": f'count(ALERTS{{alertname="{name}",alertstate="firing"}})',
                        "eval_time": moment,
                        "exp_samples": [{"labels": "{}", "value": 1}] if fires else [],
                    }
                    for name, moments in named.items()
                    for fires, moment in enumerate(moments)
                ],
            }
        ],
    }
    (tmp_path / "test.yml").write_text(yaml.safe_dump(test), "utf-8")
    promtool("test", "rules", str(tmp_path / "test.yml"))
