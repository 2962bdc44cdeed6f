"""State, readiness and metrics of a real proxy before a gateway over real TLS."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from support.outage import told
from support.series import Series, named, of, series
from support.served import Served, until

from simulator.gateway import Simulator

STATE = "/api/v1/state"
AGGREGATES = "/api/meters/aggregates"
HOME = {"gateway": "home"}
LANE = {**HOME, "source": "gateway"}
CORE = ("/aggregates", "/soe", "/api/system_status/grid_status")
Proxies = Callable[..., Served]
Gateways = Callable[..., Simulator]


def scraped(served: Served) -> Series:
    reply = served.get("/metrics")
    assert reply.status == 200
    return series(reply.body.decode())


def of_home(served: Served, fact: str) -> Any:
    return served.get(f"{STATE}/{fact}").document["sites"]["home"]


def test_a_household_that_only_prometheus_reads_gets_data_and_the_gateway_little_work(
    sim: Simulator, proxy: Proxies
) -> None:
    served = proxy(sim)
    first = scraped(served)
    assert sim.counters.snapshot()["requests"] == {}
    assert named(first, "powerwall_power_watts") == {}
    assert of(first, "up", **LANE) is None
    last = first
    for _ in range(4):
        time.sleep(1.1)
        last = scraped(served)
    meters = told(sim, AGGREGATES)
    for meter in ("site", "battery", "load", "solar"):
        watts = of(last, "power_watts", **HOME, meter=meter)
        assert watts == meters[meter]["instant_power"]
    assert of(last, "soc_ratio", **HOME, scale="raw") == pytest.approx(0.5)
    assert of(last, "up", **LANE) == of(last, "ready", **HOME) == 1
    assert sum(named(last, "powerwall_upstream_requests_total").values()) >= 12
    seen = sim.counters.snapshot()
    assert seen["most_in_flight"] == 1
    assert seen["requests"][AGGREGATES] <= 5
    assert not served.lines("ERROR")


def test_readiness_goes_with_the_gateway_and_comes_back_with_it(
    sim: Simulator, proxy: Proxies
) -> None:
    served = proxy(sim)

    def ready(status: int) -> Any:
        for path in CORE:
            served.get(path)
        reply = served.get("/readyz")
        return reply.document["sites"]["home"] if reply.status == status else None

    until(lambda: (ready(200) or {}).get("idle") is False)
    sim.faults.start("refusing")
    away = until(lambda: ready(503))
    assert "down: connection refused" in away["reasons"][0]
    assert "PW_HOST" in away["remedies"][0]
    assert served.get("/healthz").status == 200
    assert of(scraped(served), "ready", **HOME) == 0
    sim.faults.stop()
    back = until(lambda: ready(200))
    assert back["reasons"] == back["remedies"] == []


def test_ages_are_true_and_count_from_when_the_gateway_was_asked(
    gateway: Gateways, proxy: Proxies
) -> None:
    sim = gateway()
    sim.set_latency(0.5)
    served = proxy(sim, PW_CACHE_EXPIRE="60")
    began_s = time.monotonic()
    until(lambda: of_home(served, "power_w")["site"]["state"] == "fresh")
    known_s = time.monotonic()
    assert of_home(served, "power_w")["site"]["age_s"] >= 0.5
    time.sleep(1.5)
    asked_s = time.monotonic()
    age_s = of_home(served, "power_w")["site"]["age_s"]
    answered_s = time.monotonic()
    assert asked_s - known_s + 0.4 <= age_s <= answered_s - began_s + 0.1


def test_an_outage_of_the_grid_is_told_step_by_step_each_with_its_beginning(
    gateway: Gateways, proxy: Proxies
) -> None:
    sim = gateway(frozen=False)
    served = proxy(sim)
    seen: list[tuple[str, float]] = []

    def look() -> list[str]:
        earlier, step, later = (
            of_home(served, fact)["value"]
            for fact in ("grid_state_since_s", "grid_state", "grid_state_since_s")
        )
        if step != "unknown" and earlier == later and (step, later) not in seen:
            seen.append((step, later))
        return [step for step, _ in seen]

    until(lambda: look() == ["on_grid"])
    before_s = time.time()
    sim.faults.start("outage", transition_s=1.6, island_s=1.6, sync_s=1.6)
    steps = ["on_grid", "islanding", "islanded", "reconnecting", "on_grid"]
    until(lambda: look() == steps, 15.0)
    times_s = [since_s for _, since_s in seen]
    assert all(earlier < later for earlier, later in pairwise(times_s))
    assert times_s[0] < before_s + 0.1
    assert before_s - 0.2 <= times_s[1] <= before_s + 2.5
    found = scraped(served)
    assert of(found, "grid_state", **HOME, state="on_grid") == 1
    assert of(found, "grid_state_since_timestamp_seconds", **HOME) == times_s[-1]
