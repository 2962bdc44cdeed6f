"""The real proxy before every kind of system: what it serves, and what the gateway saw of it."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from support.forked import Forked
from support.golden import stored
from support.served import PASSWORD, Served, until
from support.unknown import CSV

from proxy.routes import VIEWS
from pypowerwall_core.backends.local.paths import Treatment, gateway_paths
from pypowerwall_core.backends.local.reader import ROWS
from simulator.gateway import Simulator
from simulator.systems import SYSTEMS

LOGIN = "/api/login/Basic"
ACTING = {row.path for row in gateway_paths() if row.treatment is Treatment.ACTS}
ALLOWED = {row.path for row in ROWS} | {LOGIN, "other"}
LOGINS = {"old": 0}
Proxies = Callable[..., Served]
Gateways = Callable[..., Simulator]


@pytest.fixture
def kind() -> type[Served]:
    return Forked


def settled(served: Served, system: str) -> dict[str, Any]:
    """What every view answers once it answers as the golden file does, or after a while."""
    golden = stored(system)

    def one(path: str) -> Any:
        text = path in CSV

        def read() -> Any:
            reply = served.get(path)
            return reply.body.decode() if text else reply.document

        expected = golden[path]["body"]
        try:
            until(lambda: (read() == expected) or None, 15.0)
        except AssertionError:
            return read()
        return expected

    with ThreadPoolExecutor(8) as pool:
        paths = [view.path for view in VIEWS]
        return dict(zip(paths, pool.map(one, paths), strict=True))


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_view_of_every_system_is_as_in_its_golden_file_and_the_gateway_was_spared(
    gateway: Gateways, proxy: Proxies, system: str
) -> None:
    sim = gateway(system=system)
    served = proxy(sim, PW_CACHE_EXPIRE="60")
    answers = settled(served, system)
    golden = stored(system)
    assert answers == {path: golden[path]["body"] for path in answers}
    seen = sim.counters.snapshot()
    assert seen["most_in_flight"] == 1
    assert seen["logins"] == LOGINS.get(system, 1)
    assert seen["logins_refused"] == 0
    assert set(seen["requests"]) <= ALLOWED
    assert not set(seen["requests"]) & ACTING
    assert not served.lines("ERROR")
    assert not served.lines("Traceback")


def test_the_oldest_gateway_runs_on_whatever_clients_ask_first(
    gateway: Gateways, proxy: Proxies
) -> None:
    sim = gateway(system="old")
    served = proxy(sim)
    for path in ("/pod", "/api/operation", "/api/customer", "/vitals"):
        served.get(path)
    assert served.known("/aggregates").document["load"]["instant_power"]
    assert sim.counters.snapshot()["logins"] == 0


# -- numbers --------------------------------------------------------------------------------

FIRST, SECOND = "TG121000000002", "TG121000000001"
"""Serials of pw2 in the gateway's own order, which is not the alphabet's."""


def numbers(served: Served) -> tuple[Any, ...]:
    """By which number each pack goes in each shape; None where it is not told."""
    pod, freq = served.get("/pod").document, served.get("/freq").document
    temps = served.get("/temps/pw").document
    return (
        tuple(pod.get(f"PW{n}_PackageSerialNumber") for n in (1, 2)),
        tuple(freq.get(f"PW{n}_PackageSerialNumber") for n in (1, 2)),
        tuple(temps.get(f"PW{n}_temp") for n in (1, 2)),
    )


KNOWN = ((FIRST, SECOND), (FIRST, SECOND), (20.9, 21.4))
WITHOUT_VITALS = ((FIRST, SECOND), (FIRST, SECOND), (None, None))


def test_pwn_is_the_same_pack_while_vitals_are_away_after_a_restart_and_when_they_are_back(
    gateway: Gateways, proxy: Proxies
) -> None:
    sim = gateway()
    served = proxy(sim)
    until(lambda: numbers(served) == KNOWN)
    stored_numbers = served.folder / "auth" / ".powerwall.numbers"
    until(stored_numbers.exists)
    assert json.loads(stored_numbers.read_text()) == {"packs": [FIRST, SECOND], "inverters": []}
    assert stored_numbers.stat().st_mode & 0o777 == 0o600
    sim.faults.start("no_vitals")
    served.end()
    served.launch()
    until(lambda: _answers(served))
    until(lambda: numbers(served) == WITHOUT_VITALS)
    sim.faults.stop()
    served.end()
    served.launch()
    until(lambda: _answers(served))
    until(lambda: numbers(served) == KNOWN)


def test_a_pack_that_is_gone_takes_its_number_with_it(gateway: Gateways, proxy: Proxies) -> None:
    sim = gateway()
    served = proxy(sim)
    until(lambda: numbers(served) == KNOWN)
    sim.faults.start("missing_pack", pack="1")
    until(lambda: served.get("/pod").document.get("PW1_PackageSerialNumber") is None)
    pod = served.get("/pod").document
    assert pod["PW2_PackageSerialNumber"] == SECOND
    assert pod["PW1_name"].startswith("TEPOD--")  # its devices are listed, without a signal
    assert pod["PW1_POD_nom_full_pack_energy"] is None


def _answers(served: Served) -> bool:
    try:
        return served.get("/healthz").status == 200
    except OSError:
        return False


# -- corrections ----------------------------------------------------------------------------


def test_corrections_reach_every_route(gateway: Gateways, proxy: Proxies) -> None:
    sim = gateway()
    sim.faults.start("negative_solar", watts="50")
    plain, corrected = proxy(sim), proxy(sim, PW_NEG_SOLAR="no", PW_SITE_ZERO_THRESHOLD="100000")
    was = plain.known("/aggregates").document
    shown = corrected.known("/aggregates").document
    assert was["solar"]["instant_power"] == -50
    assert shown["solar"]["instant_power"] == 0
    assert shown["load"]["instant_power"] == was["load"]["instant_power"] + 50
    assert was["site"]["instant_power"] != 0
    assert shown["site"]["instant_power"] == 0
    assert corrected.known("/api/meters/aggregates").document == shown
    grid, home, solar, *_ = corrected.known("/csv").body.decode().split(",")
    assert (grid, solar) == ("0.00", "0.00")
    assert float(home) == shown["load"]["instant_power"]
    assert PASSWORD not in corrected.log
