"""Gateways on loopback, and neighbours that misbehave: a scan finds the ones, survives the others.

Nothing here looks beyond 127.0.0.0/8: who names no network injects an address of its own.
"""

from __future__ import annotations

import errno
import gzip
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from ipaddress import IPv4Address
from typing import Any

import pytest
from support.peer import Line, Peer, Script, answer, answers
from support.served import free_port

from pypowerwall_core.backends.local.address import Address
from pypowerwall_core.scan import identify, look_at, own_address, scan, search
from pypowerwall_core.scanned import Seen
from pypowerwall_core.scanning import Effort
from pypowerwall_core.scantalk import Silent
from simulator.gateway import Simulator

SHORT_S = 0.3
STATUS = "/api/status"
DIN = b'{"din": "1232100-00-E--TG123456789ABC", "version": "23.44.0"}'
NETWORK = "127.0.0.0/28"


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as held:
        yield held


@pytest.fixture
def house(stack: ExitStack) -> Callable[..., list[Simulator]]:
    """Gateways with one port, each at a loopback address of its own."""

    def start(port: int, **systems: str) -> list[Simulator]:
        hosts = {name: f"127.0.0.{name[1:]}" for name in systems}
        made = [
            Simulator(system=system, host=hosts[name], port=port, frozen=True)
            for name, system in systems.items()
        ]
        return [stack.enter_context(one) for one in made]

    return start


def here(port: int, **more: Any) -> list[dict[str, Any]]:
    return scan("127.0.0.1/32", ports=[port], **more)


# -- who is found ---------------------------------------------------------------------------


def test_gateways_are_found_in_order_and_nobody_logs_in(
    house: Callable[..., list[Simulator]],
) -> None:
    port = free_port()
    sims = house(port, a12="pw2", a2="old", a3="pw3", a4="solaronly")
    found = scan(NETWORK, ports=[port])
    assert [(one["ip"], one["din"][:11], one["port"]) for one in found] == [
        ("127.0.0.2", "1118431-00-", port),
        ("127.0.0.3", "Powerwall-3", port),
        ("127.0.0.4", "1538000-45-", port),
        ("127.0.0.12", "1232100-00-", port),
    ]
    assert found[3] == {
        "ip": "127.0.0.12",
        "din": "1232100-00-E--TG122000000001",
        "firmware": "23.36.4 3f8a51c2",
        "up_time": "230h55m59.5s",
        "port": port,
    }
    assert set(found[1]) == {"ip", "din", "firmware", "port"}
    for sim in sims:
        counted = sim.counters.snapshot()
        second = {"/tedapi/din": 1} if sim.system.name == "pw3" else {}
        assert counted["requests"] == {STATUS: 1, **second}
        assert (counted["logins"], counted["logins_refused"]) == (0, 0)
        assert counted["connections"] == 2, "one to see whether somebody listens, one to ask"
        assert counted["writes"] == {}


def test_an_address_alone_stands_for_its_24() -> None:
    with Simulator(frozen=True, host="127.0.0.77") as sim:
        found = scan(ip="127.0.0.5", ports=[sim.port])
    assert [one["ip"] for one in found] == ["127.0.0.77"]


def test_a_cidr_goes_before_an_address() -> None:
    with Simulator(frozen=True) as sim:
        assert scan("127.0.0.8/29", "127.0.0.1", ports=[sim.port]) == []


def test_a_port_is_looked_at_once_however_often_it_is_named() -> None:
    with Simulator(frozen=True) as sim:
        assert len(scan("127.0.0.1/32", ports=[sim.port, sim.port])) == 1
        assert sim.counters.snapshot()["connections"] == 2


def test_a_gateway_says_who_it_is_without_a_din() -> None:
    with Peer(answers(answer(b'{"version": "1.0"}'))) as peer:
        (entry,) = here(peer.port)
    assert (entry["din"], entry["firmware"], entry["up_time"]) == ("Unknown", "1.0", "Unknown")


def test_an_error_that_tells_the_din_is_a_gateway_too() -> None:
    with Peer(answers(answer(DIN, "503 Service Unavailable"))) as peer:
        assert len(here(peer.port)) == 1


def test_what_asks_says_who_it_is_and_brings_no_credentials() -> None:
    with Peer(answers(answer(b"", "404 Not Found"))) as peer:
        assert here(peer.port) == []
    assert [one.split(b" ")[:2] for one in peer.requests] == [
        [b"GET", b"/api/status"],
        [b"GET", b"/tedapi/din"],
    ]
    for request in peer.requests:
        assert b"user-agent: powerwall-proxy/" in request.lower()
        assert b"authorization" not in request.lower()
        assert b"cookie" not in request.lower()


# -- who is not -----------------------------------------------------------------------------


def _hold(line: Line) -> None:
    line.hold()


def _reset(line: Line) -> None:
    line.request()
    line.reset()


def _drip(start: bytes) -> Script:
    def script(line: Line) -> None:
        line.request()
        line.say(start)
        line.drip(b" ")

    return script


def _flood(line: Line) -> None:
    line.request()
    line.say(b"HTTP/1.1 200 OK\r\nx: y\r\n\r\n")
    line.drip(b" " * 500_000)


_BOMB = gzip.compress(bytes(50_000_000))
STRANGERS: dict[str, Script] = {
    "a web page": answers(answer(b"<html><title>Router</title></html>")),
    "another device": answers(answer(b'{"version": {"major": 7}}')),
    "empty": answers(answer(b"")),
    "a redirect": answers(answer(b"", "302 Found", location="https://127.0.0.1:1/")),
    "a wall": answers(answer(b'{"error": "no"}', "401 Unauthorized")),
    "neither path": answers(answer(b"404 page not found", "404 Not Found")),
    "a big answer": answers(answer(DIN[:-1] + b" " * 70_000 + b"}")),
    "a gzip bomb": answers(answer(_BOMB, content_encoding="gzip")),
    "many headers": answers(b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 5000 + b"\r\n"),
    "a long header": answers(b"HTTP/1.1 200 OK\r\na: " + b"b" * 100_000 + b"\r\n\r\n"),
    "broken headers": answers(b"HTTP/1.1 200 OK\r\n\x1b]0;x\x07\r\n: :\r\n\r\n{}"),
    "a cookie storm": answers(
        b"HTTP/1.1 200 OK\r\n" + b"Set-Cookie: =;;=\x00; expires=9\r\n" * 50 + b"\r\n{}"
    ),
    "a strange length": answers(b"HTTP/1.1 200 OK\r\ncontent-length: -7, x\r\n\r\n{}"),
    "strange chunks": answers(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-1\r\n"),
    "no HTTP": answers(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "a reset": _reset,
    "silence": _hold,
    "a drip": _drip(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n"),
    "a drip of headers": _drip(b"HTTP/1.1 200 OK\r\nx: "),
    "a flood": _flood,
    "endless patience": answers(b"HTTP/1.1 100 Continue\r\n\r\n" * 5000),
}


def test_whatever_the_neighbours_do_the_gateway_is_found(stack: ExitStack) -> None:
    sim = stack.enter_context(Simulator(frozen=True))
    peers = {name: stack.enter_context(Peer(script)) for name, script in STRANGERS.items()}
    plain = stack.enter_context(Peer(_hold, tls=False))
    ports = {**{name: peer.port for name, peer in peers.items()}, "no TLS": plain.port}
    effort = Effort((sim.port, *list(ports.values())[:15]))
    rest = Effort(tuple(list(ports.values())[15:]))
    visit = partial(look_at, host_s=SHORT_S)
    first = search("127.0.0.1/32", effort, Silent(), visit=visit)
    second = search("127.0.0.1/32", rest, Silent(), visit=visit)
    assert [one["port"] for one in first.entries] == [sim.port]
    assert second.entries == []
    others = {address.port for address in (*first.others, *second.others)}
    assert others == set(ports.values()), "they listen, and are told as such"
    for name, peer in peers.items():
        assert len(peer.requests) <= (2 if name == "neither path" else 1), name
        assert {one.split(b" ")[0] for one in peer.requests} <= {b"GET"}


def test_two_answers_share_the_time_of_one_host() -> None:
    def slow(line: Line) -> None:
        line.request()
        line.say(answer(b"", "404 Not Found"))
        line.request()
        line.hold()

    times = iter([0.0, 0.0, 9.99])
    with Peer(slow) as peer:
        seen: list[Any] = [1]
        asking = threading.Thread(
            target=lambda: seen.append(
                identify(Address("127.0.0.1", peer.port), clock=lambda: next(times))
            )
        )
        asking.start()
        asking.join(3.0)
        assert not asking.is_alive(), "nothing is left of its 10 s"
        assert len(peer.requests) == 2
    assert seen == [1, None]


def test_a_host_that_refuses_is_closed_and_no_trouble_of_ours() -> None:
    nobody = Address("127.0.0.1", free_port())
    assert look_at(nobody, SHORT_S) == Seen(nobody)


@pytest.mark.parametrize(
    ("fault", "is_open"),
    [("refusing", False), ("unreachable", False), ("tls_stall", True), ("tls_abort", True)],
)
def test_a_gateway_in_trouble_is_given_up_in_time(fault: str, *, is_open: bool) -> None:
    with Simulator(frozen=True) as sim:
        sim.faults.start(fault)
        address = Address(sim.host, sim.port)
        seen: list[Seen] = []
        looking = threading.Thread(target=lambda: seen.append(look_at(address, 0.1, SHORT_S)))
        looking.start()
        looking.join(3.0)
        assert seen == [Seen(address, is_open=is_open)]
        sim.faults.stop(fault)
        assert look_at(address, SHORT_S).entry is not None


def test_what_keeps_this_machine_from_trying_is_told() -> None:
    # Nobody can connect to the broadcast address of loopback; nothing is sent.
    seen = look_at(Address("127.255.255.255", 9), SHORT_S)
    assert seen.trouble in {os.strerror(errno.ENETUNREACH), os.strerror(errno.EACCES)}
    assert not seen.is_open


def test_the_own_address_is_one_if_there_is_any() -> None:
    own = own_address()
    assert own is None or not IPv4Address(own).is_unspecified
