"""/metrics as Prometheus wants it: formats, names and labels."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from functools import cache

import pytest
from falcon import testing
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics_families,
)
from prometheus_client.parser import text_string_to_metric_families
from support import golden
from support.desk import HERE, Served
from support.homes import settled
from support.series import Series, of, promtool, series

from proxy.meters import METERS
from proxy.metrics import label_names, metric_name
from pypowerwall_core.catalog import CATALOG, Fact, Kind

TEXT = "text/plain; version=0.0.4; charset=utf-8"
PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1"
)


@pytest.fixture(scope="module")
def asked() -> Callable[[str], testing.TestClient]:
    """A client of each house, made once: none of them ever learns anything new."""
    return cache(golden.client)


@pytest.fixture(scope="module")
def scraped() -> Series:
    return series(settled().get("/metrics").text)


# -- formats --------------------------------------------------------------------------------


def test_openmetrics_is_answered_to_who_asks_for_it() -> None:
    answer = settled().get("/metrics", headers={"Accept": PROMETHEUS})
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert answer.text.endswith("# EOF\n")
    families = {family.name: family for family in openmetrics_families(answer.text)}
    assert families["powerwall_energy_joules"].type == "counter"


@pytest.mark.parametrize(
    "accept",
    [
        "application/openmetrics-text; version=banana",
        'application/openmetrics-text; version="1.0.0',
        "application/openmetrics-text; version=2.0.0; escaping=values",
        "text/plain; version=banana",
        "text/plain; version=1.-1; escaping",
        "application/json",
        "*/*;q=x",
        ";;,=,",
    ],
)
def test_whatever_is_accepted_it_is_one_of_two_formats(accept: str) -> None:
    answer = Served().get("/metrics", headers={"Accept": accept})
    assert answer.status_code == 200
    assert answer.headers["content-type"] in (
        TEXT,
        "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores",
    )


def test_head_is_get_without_the_body() -> None:
    served = settled()
    get, head = served.get("/metrics"), served.client.simulate_head("/metrics", remote_addr=HERE)
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == get.headers["content-length"]
    assert head.headers["content-type"] == get.headers["content-type"]
    assert head.headers["access-control-allow-origin"] == "*"


# -- names and labels -----------------------------------------------------------------------


@pytest.mark.parametrize("system", golden.ALL)
@pytest.mark.parametrize("accept", ["", PROMETHEUS], ids=["text", "openmetrics"])
def test_what_every_system_says_can_be_parsed_and_has_one_family_per_name(
    asked: Callable[[str], testing.TestClient], system: str, accept: str
) -> None:
    text = asked(system).simulate_get("/metrics", headers={"Accept": accept}).text
    read = openmetrics_families if accept else text_string_to_metric_families
    names = [family.name for family in read(text)]
    assert len(names) == len(set(names))
    labels: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for family in read(text):
        assert family.documentation.endswith("."), family.name
        for sample in family.samples:
            labels[sample.name].add(tuple(sorted(sample.labels)))
    assert {name: sets for name, sets in labels.items() if len(sets) > 1} == {}
    told_twice = [line for line in text.splitlines() if line.startswith("# TYPE ")]
    assert len(told_twice) == len(set(told_twice))


@pytest.mark.parametrize("system", golden.ALL)
def test_promtool_has_nothing_to_say(
    asked: Callable[[str], testing.TestClient], system: str
) -> None:
    promtool("check", "metrics", given=asked(system).simulate_get("/metrics").text)


def test_facts_that_share_a_name_share_their_kind_their_unit_and_their_labels() -> None:
    by_name: dict[str, list[Fact]] = defaultdict(list)
    for fact in CATALOG:
        by_name[metric_name(fact)].append(fact)
    for name, facts_ in by_name.items():
        assert len({(fact.kind, fact.unit, label_names(fact)) for fact in facts_}) == 1, name
        assert len({fact.constant for fact in facts_}) == len(facts_), name
    meters = {f"powerwall_{meter.name}" for meter in METERS}
    assert len(meters) == len(METERS)
    assert not meters & set(by_name)


@pytest.mark.parametrize("fact", CATALOG, ids=lambda fact: fact.name)
def test_a_name_says_what_it_counts_in(fact: Fact) -> None:
    name = metric_name(fact)
    assert re.fullmatch(r"powerwall_[a-z][a-z0-9_]*[a-z0-9]", name)
    assert name.endswith("_info") == (fact.kind is Kind.TEXT)
    assert not fact.unit.base or name.endswith(f"_{fact.unit.base}")
    for word in ("_wh", "_kwh", "_percent", "_pct", "_hours", "_w", "_v", "_a"):
        assert not name.endswith(word)
    assert label_names(fact)[0] == "gateway"


def test_counters_and_only_they_end_in_total() -> None:
    text = settled().get("/metrics").text
    for family in text_string_to_metric_families(text):
        totals = {sample.name.endswith("_total") for sample in family.samples}
        assert totals <= {family.type == "counter"}, family.name


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("power_watts", {"meter": "site"}),
        ("energy_joules_total", {"meter": "solar", "direction": "exported"}),
        ("energy_joules_total", {"meter": "site", "direction": "imported"}),
        ("soc_ratio", {"scale": "app"}),
        ("soc_ratio", {"scale": "raw"}),
        ("backup_reserve_ratio", {"scale": "app"}),
        ("grid_state", {"state": "on_grid"}),
        ("pack_energy_joules_total", {"battery": "PW1", "direction": "charged"}),
        ("pack_temperature_celsius", {"battery": "PW2"}),
        ("firmware_info", {"firmware": "23.36.4 3f8a51c2"}),
        ("up", {"source": "gateway"}),
        ("ready", {}),
        ("upstream_requests_total", {"source": "gateway", "outcome": "ok"}),
        ("upstream_request_seconds_total", {"source": "gateway"}),
        ("last_success_timestamp_seconds", {"source": "gateway"}),
        ("data_timestamp_seconds", {"source": "gateway", "document": "soe"}),
    ],
)
def test_the_names_that_dashboards_are_made_of(
    scraped: Series, name: str, labels: dict[str, str]
) -> None:
    assert of(scraped, name, gateway="home", **labels) is not None
