"""Names, connections and handshakes on this machine: each ends in its time, and has a name."""

from __future__ import annotations

import errno
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from support.peer import Line, Peer, answers, certificate
from support.served import free_port

from pypowerwall_core.doctor import sockets
from pypowerwall_core.doctor.chart import Attempt, NoName, TlsTrouble, Trouble
from pypowerwall_core.doctor.sockets import connect, neighbour, refuses, resolve, shake, tls_trouble
from simulator.certificate import server_context
from simulator.gateway import Simulator

LOOPBACK = "127.0.0.1"
SHORT_S = 0.2


# -- names --------------------------------------------------------------------------------------


def test_an_address_resolves_to_itself() -> None:
    found = resolve(LOOPBACK, 443, 5.0)
    assert (found.addresses, found.why) == ((LOOPBACK,), None)


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (socket.gaierror(socket.EAI_NONAME, "x"), NoName.UNKNOWN),
        (socket.gaierror(socket.EAI_NODATA, "x"), NoName.UNKNOWN),
        (socket.gaierror(socket.EAI_AGAIN, "x"), NoName.NO_SERVER),
        (socket.gaierror(socket.EAI_FAIL, "x"), NoName.OTHER),
        (OSError(errno.EMFILE, "x"), NoName.OTHER),
        (UnicodeError("x"), NoName.OTHER),
    ],
)
def test_a_name_without_an_address_is_told_why(error: Exception, why: NoName) -> None:
    def broken(_host: str, _port: int) -> tuple[str, ...]:
        raise error

    found = resolve("pw.lan", 443, 5.0, resolver=broken)
    assert (found.addresses, found.why) == ((), why)


def test_a_resolver_that_hangs_is_left_alone() -> None:
    done = threading.Event()

    def hanging(_host: str, _port: int) -> tuple[str, ...]:
        done.wait(20)
        return ()

    found = resolve("pw.lan", 443, SHORT_S, resolver=hanging)
    done.set()
    assert found.why is NoName.LATE
    assert found.took_s >= SHORT_S


# -- connections --------------------------------------------------------------------------------


def test_a_connection_is_the_callers_to_close() -> None:
    with Peer(answers(b""), tls=False) as peer:
        attempt, sock = connect(LOOPBACK, peer.port, 5.0)
        assert attempt == Attempt(LOOPBACK, attempt.took_s)
        assert sock is not None
        sock.close()


def test_nobody_there_is_refused() -> None:
    attempt, sock = connect(LOOPBACK, free_port(), 5.0)
    assert (attempt.trouble, attempt.text, sock) == (Trouble.REFUSED, "Connection refused", None)


def test_a_packet_that_is_dropped_is_a_timeout() -> None:
    with Simulator() as sim:
        sim.faults.start("unreachable")
        attempt, _ = connect(LOOPBACK, sim.port, SHORT_S)
    assert attempt.trouble is Trouble.TIMEOUT
    assert attempt.source == LOOPBACK


@pytest.mark.parametrize(
    ("number", "trouble"),
    [
        (errno.EHOSTUNREACH, Trouble.UNREACHABLE),
        (errno.ENETUNREACH, Trouble.NO_ROUTE),
        (errno.ECONNRESET, Trouble.RESET),
        (errno.ETIMEDOUT, Trouble.TIMEOUT),
        (errno.EMFILE, Trouble.OWN),
        (errno.EPERM, Trouble.OWN),
        (errno.EIO, Trouble.OTHER),
        (None, Trouble.OTHER),
    ],
)
def test_every_error_of_the_system_has_a_name(number: int | None, trouble: Trouble) -> None:
    assert sockets._trouble(OSError(number, "x")) is trouble


ARP = """\
IP address       HW type     Flags       HW address            Mask     Device
192.168.1.50     0x1         0x2         4c:fc:aa:00:00:01     *        eth0
192.168.1.51     0x1         0x0         00:00:00:00:00:00     *        eth0
odd
"""


def test_the_kernel_knows_who_holds_an_address(tmp_path: Path) -> None:
    table = tmp_path / "arp"
    table.write_text(ARP, "ascii")
    assert neighbour("192.168.1.50", table) is True
    assert neighbour("192.168.1.51", table) is False
    assert neighbour("192.168.1.52", table) is None
    assert neighbour("192.168.1.50", tmp_path / "none") is None


# -- handshakes ---------------------------------------------------------------------------------


def shaken(port: int, server_name: str | None = None, limit_s: float = 5.0) -> TlsTrouble | None:
    _, sock = connect(LOOPBACK, port, 5.0)
    assert sock is not None
    with sock:
        seen, der = shake(sock, server_name, limit_s)
    assert (der is None) == (seen.trouble is not None)
    return seen.trouble


def test_a_gateway_shakes_hands_and_shows_its_certificate() -> None:
    with Simulator() as sim:
        _, sock = connect(LOOPBACK, sim.port, 5.0)
        assert sock is not None
        with sock:
            seen, der = shake(sock, None, 5.0)
        assert seen.trouble is None
        assert seen.version.startswith("TLSv1.")
        assert ssl.DER_cert_to_PEM_cert(der or b"") == sim.certificate_pem
        assert shaken(sim.port, "teg") is None
        assert shaken(sim.port, "powerwall.home.lan") is TlsTrouble.ABORTED
        assert refuses(LOOPBACK, sim.port, 5.0) is True


class Obliging(Peer):
    """Takes any server name, as a front end does."""

    @staticmethod
    def context() -> ssl.SSLContext:
        return server_context(*certificate(), names=lambda *_: None)


def test_who_takes_any_name_is_told() -> None:
    with Obliging(answers(b"")) as peer:
        assert refuses(LOOPBACK, peer.port, 5.0) is False
    assert refuses(LOOPBACK, free_port(), 5.0) is None


def silent(line: Line) -> None:
    line.hold()


def page(line: Line) -> None:
    line.say(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    line.hold()


def hang_up(line: Line) -> None:
    line.notice()


def reset(line: Line) -> None:
    line.notice()
    line.reset()


@pytest.mark.parametrize(
    ("script", "trouble"),
    [
        (silent, TlsTrouble.STALLED),
        (page, TlsTrouble.NOT_TLS),
        (hang_up, TlsTrouble.ABORTED),
        (reset, TlsTrouble.ABORTED),
    ],
)
def test_who_speaks_no_tls_is_told_apart(
    script: Callable[[Line], None], trouble: TlsTrouble
) -> None:
    with Peer(script, tls=False) as peer:
        assert shaken(peer.port, limit_s=SHORT_S) is trouble


def test_a_handshake_that_drips_ends_in_time() -> None:
    with Peer(lambda line: line.drip(b"\x16"), tls=False) as peer:
        assert shaken(peer.port, limit_s=SHORT_S) is not None


def test_a_peer_of_another_age_is_incompatible() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("PSK")

    def shake_back(line: Line) -> None:
        context.wrap_socket(line.sock, server_side=True)

    with Peer(shake_back, tls=False) as peer:
        assert shaken(peer.port) is TlsTrouble.INCOMPATIBLE


def test_an_odd_error_has_a_name_too() -> None:
    assert tls_trouble(ssl.SSLError(1, "x")) is TlsTrouble.OTHER
    assert tls_trouble(ValueError("handshake not done yet")) is TlsTrouble.ABORTED
