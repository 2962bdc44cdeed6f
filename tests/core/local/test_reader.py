"""The rows of a gateway, each against every system the simulator knows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from pypowerwall_core import payloads
from pypowerwall_core.backends.local.address import Address
from pypowerwall_core.backends.local.paths import UNREAD, gateway_paths
from pypowerwall_core.backends.local.reader import ROWS, LocalUpstream, sources
from pypowerwall_core.backends.local.session import Credentials, GatewaySession
from pypowerwall_core.backends.local.sessionfile import SessionFile
from pypowerwall_core.backends.local.transport import Transport
from pypowerwall_core.errors import LogInAgain, NotServed, Unexplained, Unreachable, Unwell
from pypowerwall_core.policy import Source
from pypowerwall_core.redact import Secrets
from simulator.gateway import Simulator
from simulator.systems import SYSTEMS

SOMETIMES_OPEN = {payloads.REGISTRATION}
"""Open on the oldest firmware, needs a session on newer (the documents contradict each other)."""
STOPPED_BY_A_LOGIN = ("old",)
SOURCES = {source.name: source for source in sources(5.0, 30.0)}


def upstream(sim: Simulator) -> LocalUpstream:
    transport = Transport(Address(sim.host, sim.port), timeout_s=10.0)
    session = GatewaySession(transport, Credentials("password"), SessionFile(None), Secrets())
    return LocalUpstream("gateway", session)


@pytest.fixture(params=SYSTEMS)
def sim(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    with Simulator(system=request.param, frozen=True) as one:
        yield one


def test_a_row_is_as_fresh_as_the_user_says_unless_it_is_slow() -> None:
    for row in ROWS:
        (source,) = (one for one in sources(1.5, 77.0) if one.name == row.payload)
        assert source.fresh_s == (row.fresh_s or 1.5)
        assert source.keep_s == 77.0
        assert (source.path, source.open, source.identity) == (row.path, row.open, row.identity)


def test_every_payload_and_every_path_has_one_row() -> None:
    assert len({row.payload for row in ROWS}) == len({row.path for row in ROWS}) == len(ROWS)


def test_the_core_needs_a_session_and_its_answers_prove_one() -> None:
    core = {name for name, source in SOURCES.items() if source.core}
    assert core == set(payloads.CORE)
    assert not any(SOURCES[name].open for name in core)


def test_no_row_makes_the_gateway_act_unasked() -> None:
    acting = ("run", "stop", "completed", "logout", "update", "reset")
    found = {row.path for row in ROWS if set(acting) & set(row.path.split("/"))}
    assert found == {"/api/system/update/status"}
    assert all(source.on_demand for source in SOURCES.values() if source.path in found)


def test_every_documented_path_is_told_once_and_what_acts_is_never_read() -> None:
    paths = gateway_paths()
    assert len({row.path for row in paths}) == len(paths)
    read = {row.path for row in ROWS}
    assert read <= {row.path for row in paths}
    refused = {row.path for row in UNREAD} - {"/api/devices/vitals"}
    assert not read & refused
    assert all(row.why for row in paths)


def test_what_is_asked_for_on_demand_never_holds_up_the_core() -> None:
    for source in SOURCES.values():
        assert not (source.on_demand and source.core)
        assert source.on_demand == (source.timeout_s is not None)


def test_every_row_is_read_where_it_is_served(sim: Simulator) -> None:
    one = upstream(sim)
    if sim.system.name not in STOPPED_BY_A_LOGIN:
        one.login()
    absent = set()
    for source in SOURCES.values():
        try:
            document = one.fetch(source)
        except (NotServed, LogInAgain):
            absent.add(source.name)
        else:
            assert isinstance(document, dict | list) or source.name == payloads.METERS_SOLAR
    one.close()
    assert not absent & set(payloads.CORE)
    if sim.system.name == "pw3":
        assert absent == set(SOURCES) - set(payloads.CORE)
    else:
        assert not absent & {payloads.STATUS, payloads.SITE_NAME}
        assert (payloads.VITALS in absent) == (not sim.system.vitals)


def test_without_a_session_only_the_open_rows_are_read(sim: Simulator) -> None:
    if sim.system.name in {"pw3", *STOPPED_BY_A_LOGIN}:
        pytest.skip("it has its own rules, above and below")
    one = upstream(sim)
    for source in SOURCES.values():
        if source.open:
            assert set(source.fingerprint) <= set(one.fetch(source))
            continue
        if source.name in SOMETIMES_OPEN:
            continue
        with pytest.raises((LogInAgain, NotServed)):
            one.fetch(source)
    one.close()


@pytest.mark.parametrize("name", STOPPED_BY_A_LOGIN)
def test_the_oldest_gateways_are_read_without_a_login_which_would_stop_them(name: str) -> None:
    with Simulator(system=name, frozen=True) as sim:
        one = upstream(sim)
        for core in payloads.CORE:
            assert one.fetch(SOURCES[core])
        one.login()
        with pytest.raises(Unexplained) as stopped:
            one.fetch(SOURCES[payloads.AGGREGATES])
        assert str(one.explain(stopped.value)) == "the Powerwall is stopped"
        one.close()


@pytest.mark.parametrize("name", [name for name in SYSTEMS if name not in {"pw3", "old"}])
def test_a_stopped_powerwall_is_called_so_on_every_system(name: str) -> None:
    with Simulator(system=name, frozen=True) as sim:
        one = upstream(sim)
        one.login()
        sim.faults.start("stopped")
        with pytest.raises(Unexplained) as stopped:
            one.fetch(SOURCES[payloads.AGGREGATES])
        assert str(one.explain(stopped.value)) == "the Powerwall is stopped"
        sim.faults.stop()
        one.fetch(SOURCES[payloads.AGGREGATES])
        assert one.explain(stopped.value) is stopped.value
        one.close()


@pytest.mark.parametrize("fault", ["html", "empty", "truncated"])
@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_what_is_no_document_never_becomes_one(source: Source, fault: str) -> None:
    with ExitStack() as stack:
        sim = stack.enter_context(Simulator(frozen=True))
        one = upstream(sim)
        stack.callback(one.close)
        one.login()
        sim.faults.start(fault)
        with pytest.raises((Unwell, Unreachable)):
            one.fetch(source)
