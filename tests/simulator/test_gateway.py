"""TLS, keep-alive, and the life of a simulator."""

import contextlib
import hashlib
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from simulator.gateway import Simulator
from simulator.systems import SYSTEMS


def _handshake(sim: Simulator, name: str | None, context: ssl.SSLContext) -> bytes:
    with (
        socket.create_connection((sim.host, sim.port), timeout=20) as plain,
        context.wrap_socket(plain, server_hostname=name) as secure,
    ):
        return secure.getpeercert(binary_form=True) or b""


@pytest.fixture
def unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@pytest.mark.parametrize("name", [None, "powerwall", "teg", "powerpack", "127.0.0.1"])
def test_no_name_and_the_short_names_are_let_in(
    sim: Simulator, unverified: ssl.SSLContext, name: str | None
) -> None:
    der = _handshake(sim, name, unverified)
    assert der == ssl.PEM_cert_to_DER_cert(sim.certificate_pem)


@pytest.mark.parametrize("name", ["powerwall.home.lan", "localhost", "POWERWALLS"])
def test_any_other_name_aborts_the_handshake(
    sim: Simulator, unverified: ssl.SSLContext, name: str
) -> None:
    with pytest.raises(ssl.SSLError):
        _handshake(sim, name, unverified)
    assert _handshake(sim, "teg", unverified)


@pytest.mark.parametrize("name", ["powerwall", "teg", "powerpack"])
def test_the_certificate_can_be_pinned(sim: Simulator, name: str) -> None:
    context = ssl.create_default_context(cadata=sim.certificate_pem)
    assert _handshake(sim, name, context)


def test_the_certificate_matches_no_address(sim: Simulator) -> None:
    context = ssl.create_default_context(cadata=sim.certificate_pem)
    with pytest.raises(ssl.SSLCertVerificationError):
        _handshake(sim, "127.0.0.1", context)


def test_each_simulator_has_a_certificate_of_its_own(start: Any) -> None:
    pems = {start(frozen=True).certificate_pem for _ in range(2)}
    assert len({hashlib.sha256(pem.encode()).digest() for pem in pems}) == 2


def test_answers_carry_the_gateways_headers_and_no_server_name(guest: Any) -> None:
    reply = guest.ask("/api/status")
    assert reply.headers["cache-control"] == "no-cache, no-store"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["date"] == "Sat, 15 Jun 2024 20:00:00 GMT"
    assert "server" not in reply.headers
    assert not reply.body.endswith(b"\n")
    assert b": " not in reply.body


def test_a_connection_is_kept(sim: Simulator, client: Any) -> None:
    for _ in range(5):
        assert client.ask("/api/operation").status == 200
    assert client.ask("/api/no/such").status == 404
    assert client.ask("/api/operation").status == 200
    assert sim.counters.snapshot()["connections"] == 1


def test_unknown_paths_and_methods_are_plain_404(client: Any) -> None:
    reply = client.ask("/api/no/such")
    assert (reply.status, reply.body) == (404, b"404 page not found")
    assert reply.headers["content-type"].startswith("text/plain")
    assert client.ask("/api/no/such", "POST", b"{}").status == 404
    assert client.ask("/api/status", "DELETE").status == 404
    assert client.ask("/api/status", "HEAD").body == b""


@pytest.mark.parametrize("path", ["/api/operation", "/api/v2/islanding/mode", "/api/site_info"])
def test_a_customer_may_not_post(client: Any, path: str) -> None:
    reply = client.ask(path, "POST", b'{"real_mode":"backup"}')
    assert reply.status == 403
    assert reply.document["error"] == "Unable to POST to resource"
    assert client.ask("/api/operation").document["real_mode"] == "self_consumption"


def test_a_query_is_not_part_of_the_path(client: Any) -> None:
    assert client.ask("/api/operation?x=1").status == 200


@pytest.mark.parametrize("headers", [{"Content-Length": "x"}, {"Content-Length": "9999999999"}])
def test_a_body_of_no_length_is_400(guest: Any, headers: dict[str, str]) -> None:
    named = {name.replace("-", "_"): value for name, value in headers.items()}
    assert guest.ask("/api/login/Basic", "POST", **named).status == 400
    assert guest.ask("/api/status").status == 200


def test_a_client_that_speaks_no_tls_harms_nobody(
    sim: Simulator, guest: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_connection((sim.host, sim.port), timeout=20) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with contextlib.suppress(OSError):  # it may have been cut already
            plain.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            while plain.recv(1024):
                pass
    assert guest.ask("/api/status").status == 200
    sim.stop()
    assert capfd.readouterr() == ("", "")


def test_many_clients_are_served_at_once_and_counted(sim: Simulator, connect: Any) -> None:
    sim.set_latency(0.05)
    clients = [connect(sim) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda one: one.ask("/api/status").status, clients))
    assert replies == [200] * 8
    snapshot = sim.counters.snapshot()
    assert 1 <= snapshot["most_in_flight"] <= 8
    assert (snapshot["in_flight"], snapshot["total"], snapshot["connections"]) == (0, 8, 8)


@pytest.mark.parametrize("seconds", [-1.0, float("inf"), float("nan")])
def test_latency_is_a_number_of_seconds(sim: Simulator, seconds: float) -> None:
    with pytest.raises(ValueError):
        sim.set_latency(seconds)


def test_a_listener_can_be_handed_over(connect: Any) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    with Simulator(listener=listener, frozen=True) as sim:
        assert sim.address == f"127.0.0.1:{port}"
        assert connect(sim).ask("/api/status").status == 200
        sim.faults.start("refusing")
        sim.faults.stop("refusing")
        assert connect(sim).ask("/api/status").status == 200


def test_a_stopped_simulator_refuses_and_stops_twice(sim: Simulator, connect: Any) -> None:
    client = connect(sim)
    assert client.ask("/api/status").status == 200
    sim.stop()
    sim.stop()
    with pytest.raises(OSError):
        client.ask("/api/status")
    with pytest.raises(ConnectionRefusedError):
        connect(sim).ask("/api/status")


def test_a_simulator_can_start_again_on_its_port(sim: Simulator, connect: Any) -> None:
    port = sim.port
    sim.stop()
    sim.start()
    assert sim.port == port
    assert connect(sim).ask("/api/status").status == 200


def test_a_port_in_use_is_an_os_error(sim: Simulator) -> None:
    with pytest.raises(OSError, match="in use"):
        Simulator(port=sim.port).start()


def test_an_unknown_system_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match=", ".join(SYSTEMS)):
        Simulator(system="pw9")
