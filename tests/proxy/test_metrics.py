"""/metrics: what Prometheus reads, and what a scrape costs the gateway (nothing)."""

from __future__ import annotations

import subprocess
import sys
from itertools import cycle

import pytest
from support import golden
from support.desk import EPOCH_S, Served
from support.homes import LANDED_S, STATE, facts, home, leaves, settled
from support.series import Series, named, of, series

from proxy.metrics import metric_name
from pypowerwall_core.catalog import CATALOG, Fact, Kind, Unit
from pypowerwall_core.errors import Busy, Unreachable
from pypowerwall_core.version import __version__

AWAY = Unreachable("connection refused")
TEXT = "text/plain; version=0.0.4; charset=utf-8"
BASE = {
    Unit.NONE: 1,
    Unit.WATT: 1,
    Unit.VAR: 1,
    Unit.VOLT_AMPERE: 1,
    Unit.WATT_HOUR: 3600,
    Unit.VOLT: 1,
    Unit.AMPERE: 1,
    Unit.HERTZ: 1,
    Unit.CELSIUS: 1,
    Unit.PERCENT: 0.01,
    Unit.HOUR: 3600,
    Unit.SECOND: 1,
    Unit.MOMENT: 1,
}
"""How many of Prometheus' base units each unit is."""


def scraped(served: Served) -> Series:
    return series(served.get("/metrics").text)


def scrape(served: Served, times: int, every_s: float = 15.0) -> Series:
    """Let Prometheus come a few times, and return what it reads at last."""
    for _ in range(times):
        served.get("/metrics")
        served.world.run(every_s)
    return scraped(served)


# -- what a scrape costs --------------------------------------------------------------------


def test_a_scrape_sends_nothing_and_waits_for_nothing() -> None:
    served = home(PW_CLIENT_BUDGET="60")  # a client of another route would wait for so long
    answer = served.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == TEXT
    assert answer.headers["cache-control"] == "no-store"
    served.world.run(600.0)
    assert served.gateway.sent == []


def test_a_household_that_only_prometheus_reads_is_served() -> None:
    served = home()
    found = scrape(served, 3)
    assert of(found, "power_watts", gateway="home", meter="load") is not None
    before = served.gateway.count("aggregates")
    found = scrape(served, 40)
    fetched = served.gateway.count("aggregates") - before
    assert fetched == pytest.approx(40, abs=1), "once per scrape, ahead of it"
    taken_s = of(
        found, "data_timestamp_seconds", gateway="home", source="gateway", document="aggregates"
    )
    assert taken_s is not None
    assert EPOCH_S + served.world.now_s - taken_s < 6
    assert of(found, "ready", gateway="home") == 1


@pytest.mark.parametrize("every_s", [60.0, 120.0, 180.0])
def test_one_that_scrapes_rarely_gets_values_as_well_and_is_ready(every_s: float) -> None:
    served = home()
    for n in range(10):
        found = scraped(served)
        assert of(found, "ready", gateway="home") == 1
        if n > 1:
            assert of(found, "soc_ratio", gateway="home", scale="raw") == pytest.approx(0.5)
        served.world.run(every_s)
    assert served.gateway.count("aggregates") <= 10


def test_one_that_has_gone_bothers_nobody() -> None:
    served = home()
    scrape(served, 5)
    served.world.run(120.0)
    sent = len(served.gateway.sent)
    served.world.run(3600.0)
    assert len(served.gateway.sent) == sent


def test_it_is_rendered_at_most_once_a_second_for_each_of_two_formats() -> None:
    served = settled()
    first = served.get("/metrics")
    served.get("/soe")
    served.world.advance(served.world.now_s + 0.9)
    accepts = [f"application/openmetrics-text; version=1.0.0.{n}" for n in range(9)]
    opened = {served.get("/metrics", headers={"Accept": one}).content for one in accepts}
    assert len(opened) == 1
    assert served.get("/metrics").content == first.content
    served.world.advance(served.world.now_s + 0.1)
    later = served.get("/metrics")
    assert later.content != first.content
    requests = series(later.text)
    assert of(requests, "proxy_requests_total", route="/metrics") == 12
    assert of(requests, "proxy_requests_total", route="/soe") == 1


def test_nobody_waits_for_the_library_who_does_not_scrape() -> None:
    code = "import proxy.app, sys; sys.exit('prometheus_client' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603 - our own words


# -- values ---------------------------------------------------------------------------------


@pytest.mark.parametrize("system", golden.ALL)
def test_every_known_fact_has_its_series_in_base_units_and_an_unknown_one_has_none(
    system: str,
) -> None:
    client = golden.client(system)
    found = series(client.simulate_get("/metrics").text)
    state = client.simulate_get(STATE).json["sites"]["home"]
    expected: Series = {}
    for fact, labels, leaf in leaves(state):
        expected |= _expected(fact, labels, leaf["value"])
    names = {metric_name(fact) + ("_total" * (fact.kind is Kind.COUNTER)) for fact in CATALOG}
    told = {key: value for key, value in found.items() if key[0] in names}
    assert told == pytest.approx(expected)


def _expected(fact: Fact, labels: tuple[str, ...], value: float | str | None) -> Series:
    if value is None:
        return {}
    name = metric_name(fact) + ("_total" * (fact.kind is Kind.COUNTER))
    known = {"gateway": "home", **dict(fact.constant), **dict(zip(fact.by, labels, strict=True))}
    if fact.kind is Kind.STATE:
        each = [known | {"state": state} for state in (*fact.states, str(value))]
        return {(name, frozenset(one.items())): float(one["state"] == value) for one in each}
    if isinstance(value, str):
        return {(name, frozenset((known | {fact.name: value}).items())): 1.0}
    return {(name, frozenset(known.items())): value * BASE[fact.unit]}


def test_in_an_outage_series_go_but_the_time_of_the_data_stays() -> None:
    served = settled()
    scrape(served, 4)
    served.gateway.fails(AWAY)
    found = scrape(served, 8)
    assert named(found, "powerwall_power_watts") == {}
    assert named(found, "powerwall_energy_joules_total") == {}
    assert of(found, "grid_state", gateway="home", state="unknown") == 1
    assert of(found, "grid_state", gateway="home", state="on_grid") == 0
    lane = {"gateway": "home", "source": "gateway"}
    assert of(found, "up", **lane) == 0
    assert of(found, "upstream_state", **lane, state="down") == 1
    assert of(found, "upstream_state", **lane, state="up") == 0
    assert of(found, "ready", gateway="home") == 0
    taken_s = of(found, "data_timestamp_seconds", **lane, document="aggregates")
    assert taken_s is not None
    assert EPOCH_S + served.world.now_s - taken_s > 110, "an alert on old data must see it"


def test_a_state_is_1_and_all_others_are_0_and_a_new_word_is_told_as_well() -> None:
    served = settled()
    served.gateway.documents["grid_status"] = {"grid_status": "SystemIslandedActive"}
    served.gateway.documents["operation"] = {"real_mode": "siesta"}
    found = scrape(served, 5)
    assert of(found, "grid_state", gateway="home", state="islanded") == 1
    assert sum(named(found, "powerwall_grid_state").values()) == 1
    assert of(found, "mode", gateway="home", state="siesta") == 1
    assert of(found, "mode", gateway="home", state="self_consumption") == 0
    assert of(found, "grid_up", gateway="home") == 0


def test_before_anything_was_asked_nothing_is_said_of_the_upstream() -> None:
    found = scraped(Served())
    assert named(found, "powerwall_up") == {}
    assert named(found, "powerwall_upstream_state") == {}
    assert named(found, "powerwall_last_success_timestamp_seconds") == {}
    assert of(found, "ready", gateway="home") == 1
    assert of(found, "upstream_logins_total", gateway="home", source="gateway") == 0


def test_times_of_day_stand_still_while_nothing_happens_though_clocks_are_read_in_turn() -> None:
    served = settled()
    lags_s = cycle((0.0, 0.002, 0.001))
    wall_clock = served.site._wall_clock
    served.site._wall_clock = lambda: wall_clock() + next(lags_s)
    served.get("/metrics")
    served.gateway.fails(AWAY)
    seen = []
    for _ in range(5):
        served.world.advance(served.world.now_s + 1.03)
        found = scraped(served)
        seen.append({key: v for key, v in found.items() if key[0].endswith("timestamp_seconds")})
    assert len(seen[0]) > 10
    assert all(one == seen[0] for one in seen)


def test_requests_to_the_gateway_are_counted_by_what_came_of_them() -> None:
    served = settled()
    lane = {"gateway": "home", "source": "gateway"}
    good = of(scraped(served), "upstream_requests_total", **lane, outcome="ok")
    assert good == len(served.gateway.sent)
    served.gateway.fails(Busy("HTTP 503"), "vitals")
    served.world.run(60.0)
    served.get("/vitals")
    served.world.run(5.0)
    found = scraped(served)
    assert sum(named(found, "powerwall_upstream_requests_total").values()) == len(
        served.gateway.sent
    )
    words = {dict(labels)["state"] for labels in named(found, "powerwall_upstream_state")}
    troubles = {"down", "rate_limited", "wrong_password", "logged_in_but_refused", "needs_setup"}
    assert words == {"up", *troubles}
    rests = named(found, "powerwall_upstream_path_resting")
    assert [dict(labels)["path"] for labels in rests] == ["/api/devices/vitals"]
    served.gateway.fails(AWAY)
    scrape(served, 3)
    assert of(scraped(served), "upstream_requests_total", **lane, outcome="unreachable")


def test_samples_that_were_left_out_are_counted_and_what_stays_is_the_one_before() -> None:
    served = settled()
    assert set(named(scraped(served), "powerwall_quarantined_samples_total").values()) == {0}
    served.gateway.documents["soe"] = {"percentage": 0}
    found = scrape(served, 3)
    lane = {"gateway": "home", "source": "gateway"}
    assert of(found, "quarantined_samples_total", **lane, document="soe") == 1


def test_answers_are_counted_by_route_and_refusals_together() -> None:
    served = settled()
    facts(served)
    served.get(f"{STATE}/power_w")
    served.get(f"{STATE}/soc")
    served.get("/nope")
    served.world.advance(served.world.now_s + 1)
    found = scraped(served)
    assert of(found, "proxy_requests_total", route=STATE) == 2
    assert of(found, "proxy_requests_total", route=f"{STATE}/{{fact}}") == 1
    assert of(found, "proxy_errors_total") == 2


def test_the_build_and_the_process_are_told() -> None:
    found = scraped(Served())
    (labels,) = named(found, "powerwall_proxy_build_info")
    assert dict(labels)["version"] == __version__
    assert of(found, "proxy_process_resident_memory_bytes")
    assert of(found, "proxy_process_start_time_seconds")


def test_no_secret_and_no_email_is_told() -> None:
    served = Served(PW_HOST="10.0.0.5", PW_PASSWORD="s3cret", PW_EMAIL="me@home.example")
    text = served.get("/metrics").text
    assert "s3cret" not in text
    assert "me@home" not in text


def test_after_everything_has_landed_every_unit_has_been_seen() -> None:
    served = settled("pwplus")
    served.world.run(LANDED_S)
    known = {fact.unit for fact, _, leaf in leaves(facts(served)) if leaf["value"] is not None}
    assert known | {Unit.CELSIUS} == set(Unit)
