"""One request at a time, against a simulated gateway and against peers that misbehave."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from support.peer import Line, Peer, answer, answers

from pypowerwall_core.backends.local.address import Address
from pypowerwall_core.backends.local.transport import BODY_MOST, Answer, Transport
from pypowerwall_core.errors import Unreachable, Unwell
from simulator.gateway import Simulator

SHORT_S = 0.3
STATUS = "/api/status"
Opens = Callable[..., Transport]


@pytest.fixture
def transport() -> Iterator[Opens]:
    """Transports to a port of this machine, closed for sure."""
    with ExitStack() as stack:

        def opened(port: int, host: str = "127.0.0.1", **more: object) -> Transport:
            one = Transport(Address(host, port), **{"timeout_s": 10.0, **more})
            stack.callback(one.close)
            return one

        yield opened


def get(transport: Transport, path: str = STATUS) -> Answer:
    return transport.request("GET", path, headers={})


# -- connections ----------------------------------------------------------------------------


def test_one_connection_carries_many_requests(transport: Opens) -> None:
    with Simulator(frozen=True) as sim:
        one = transport(sim.port)
        assert {get(one).status for _ in range(5)} == {200}
        assert sim.counters.snapshot()["connections"] == 1


def test_without_a_pool_every_request_has_its_own_connection(transport: Opens) -> None:
    with Simulator(frozen=True) as sim:
        one = transport(sim.port, pool_maxsize=0)
        assert {get(one).status for _ in range(3)} == {200}
        assert sim.counters.snapshot()["connections"] == 3


def test_without_a_pool_a_connection_that_the_gateway_leaves_open_is_closed(
    transport: Opens,
) -> None:
    left = threading.Semaphore(0)

    def stays(line: Line) -> None:
        line.request()
        line.say(answer(connection="keep-alive"))
        line.hold()
        left.release()

    with Peer(stays) as peer:
        one = transport(peer.port, pool_maxsize=0)
        for _ in range(3):
            get(one)
            assert left.acquire(timeout=10)
        assert (peer.connections, len(peer.requests)) == (3, 3)


def test_what_asks_for_a_new_connection_has_one_whoever_gave_one_back_meanwhile(
    transport: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Simulator(frozen=True) as sim:
        one = transport(sim.port)
        get(one)
        monkeypatch.setattr(one, "drop_idle", lambda: None)  # as when a read ends just after it
        assert one.request("GET", STATUS, headers={}, fresh=True).status == 200
        assert sim.counters.snapshot()["connections"] == 2


def test_after_close_a_new_call_opens_a_new_connection(transport: Opens) -> None:
    with Simulator(frozen=True) as sim:
        one = transport(sim.port)
        get(one)
        one.close()
        get(one)
        assert sim.counters.snapshot()["connections"] == 2


def test_ipv6_loopback_is_reached_in_brackets(transport: Opens) -> None:
    try:
        peer = Peer(answers(answer()), host="::1")
    except OSError:
        pytest.skip("this machine has no ::1")
    with peer:
        assert get(transport(peer.port, "::1")).body == b"{}"
        assert f"Host: [::1]:{peer.port}".encode() in peer.requests[0]


def test_an_answer_is_whole_and_its_cookies_are_not_kept(transport: Opens) -> None:
    reply = answer(b'{"a": 1}', set_cookie="AuthCookie=abc==; Path=/", x_thing="y")
    with Peer(answers(reply)) as peer:
        one = transport(peer.port)
        got = get(one)
        assert (got.status, got.body, got.cookies) == (200, b'{"a": 1}', {"AuthCookie": "abc=="})
        assert got.headers["X-Thing"] == "y"
        get(one)
        assert b"abc" not in peer.requests[1]
        assert b"Accept-Encoding: identity" in peer.requests[1]


@pytest.mark.parametrize("target", ["/elsewhere", "https://[", "ftp://x"])
def test_a_redirect_is_an_answer_and_never_followed(transport: Opens, target: str) -> None:
    with Peer(answers(answer(b"moved", "301 Moved Permanently", location=target))) as peer:
        got = get(transport(peer.port))
        assert (got.status, got.body) == (301, b"moved")
        assert len(peer.requests) == 1


def test_a_redirect_of_any_size_is_capped(transport: Opens) -> None:
    body = bytes(BODY_MOST + 1)
    with (
        Peer(answers(answer(body, "302 Found", location="/"))) as peer,
        pytest.raises(Unwell, match="4 MB"),
    ):
        get(transport(peer.port))


def test_the_environment_has_no_say(
    transport: Opens, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("home")
    (home / ".netrc").write_text("default login somebody password n3trc\n")
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, str(home / "missing.pem"))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("NETRC", str(home / ".netrc"))
    with Peer(answers(answer())) as peer:
        assert get(transport(peer.port)).status == 200
        assert b"authorization" not in peer.requests[0].lower()


# -- time -----------------------------------------------------------------------------------


@pytest.mark.parametrize("pool_maxsize", [1, 0])
@pytest.mark.parametrize("headers", [False, True])
def test_a_dripping_answer_ends_at_the_deadline(
    transport: Opens, pool_maxsize: int, *, headers: bool
) -> None:
    with Simulator(frozen=True) as sim:
        sim.faults.start("dripping", headers=headers, seconds=0.05)
        with pytest.raises(Unreachable, match=r"no complete answer within 0\.6 s") as info:
            get(transport(sim.port, timeout_s=SHORT_S, pool_maxsize=pool_maxsize))
        assert "overloaded" in info.value.remedy


@pytest.mark.parametrize("head", [b"", b"connection: close\r\ncontent-length: 1000000\r\n"])
def test_a_dripping_answer_that_ends_with_its_connection_is_not_taken_for_a_whole_one(
    transport: Opens, head: bytes
) -> None:
    def drips(line: Line) -> None:
        line.request()
        line.say(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n{}")
        line.drip(b" ")

    with Peer(drips) as peer, pytest.raises(Unreachable, match="no complete answer"):
        get(transport(peer.port, timeout_s=SHORT_S))


def test_a_silent_gateway_is_given_up_after_the_timeout(transport: Opens) -> None:
    with Simulator(frozen=True) as sim:
        sim.faults.start("silent")
        with pytest.raises(Unreachable, match=r"^no answer within 0\.3 s$") as info:
            get(transport(sim.port, timeout_s=SHORT_S))
        assert "PW_HOST" in info.value.remedy


def test_one_request_may_have_less_time_than_the_others(transport: Opens) -> None:
    with Simulator(frozen=True) as sim:
        one = transport(sim.port)
        sim.faults.start("silent", count=1)
        with pytest.raises(Unreachable, match=r"^no answer within 0\.3 s$"):
            one.request("GET", STATUS, headers={}, timeout_s=SHORT_S)
        sim.faults.start("dripping", count=1, seconds=0.05)
        with pytest.raises(Unreachable, match=r"no complete answer within 0\.6 s"):
            one.request("GET", STATUS, headers={}, timeout_s=SHORT_S)
        assert get(one).status == 200


def test_a_handshake_that_stalls_is_given_up(transport: Opens) -> None:
    with (
        Peer(Line.hold, tls=False) as peer,
        pytest.raises(Unreachable, match="no answer within"),
    ):
        get(transport(peer.port, timeout_s=SHORT_S))


def test_close_ends_a_call_under_way(transport: Opens) -> None:
    def mute(line: Line) -> None:
        line.request()
        line.hold()

    with Peer(mute) as peer, ThreadPoolExecutor() as pool:
        one = transport(peer.port, timeout_s=30.0)
        call = pool.submit(get, one)
        assert peer.asked.wait(10)
        one.close()
        assert isinstance(call.exception(10), Unreachable)
        assert len(peer.requests) == 1


def test_close_during_the_handshake_lets_no_request_out(transport: Opens) -> None:
    accepted, go_on = threading.Event(), threading.Event()

    def late(line: Line) -> None:
        accepted.set()
        assert go_on.wait(10)
        with Peer.context().wrap_socket(line.sock, server_side=True) as secure:
            Line(peer, secure).request()

    with Peer(late, tls=False) as peer, ThreadPoolExecutor() as pool:
        one = transport(peer.port, timeout_s=30.0)
        call = pool.submit(get, one)
        assert accepted.wait(10)
        one.close()
        go_on.set()
        assert isinstance(call.exception(10), Unreachable)
        assert peer.requests == []


# -- peers that are not there, or not well ----------------------------------------------------


def test_a_refused_connection_says_what_to_check(transport: Opens) -> None:
    with Simulator(frozen=True) as sim:
        sim.faults.start("refusing")
        with pytest.raises(Unreachable, match=r"^connection refused$") as info:
            get(transport(sim.port))
        assert "PW_HOST" in info.value.remedy


def test_a_name_that_does_not_resolve_says_so(transport: Opens) -> None:
    with pytest.raises(Unreachable, match=r"does-not-exist\.invalid cannot be resolved") as info:
        get(transport(443, "does-not-exist.invalid"))
    assert "PW_HOST" in info.value.remedy


def test_something_that_speaks_no_tls_is_no_gateway(transport: Opens) -> None:
    def plain(line: Line) -> None:
        line.notice()
        line.say(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with (
        Peer(plain, tls=False) as peer,
        pytest.raises(Unreachable, match="TLS handshake failed") as info,
    ):
        get(transport(peer.port))
    assert "Powerwall gateway" in info.value.remedy


def test_a_truncated_body_is_no_answer(transport: Opens) -> None:
    with Simulator(frozen=True) as sim:
        sim.faults.start("truncated")
        with pytest.raises(Unreachable, match="the answer broke off"):
            get(transport(sim.port))


def test_a_reset_in_the_middle_is_no_answer(transport: Opens) -> None:
    def breaks(line: Line) -> None:
        line.request()
        line.say(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
        line.reset()

    with Peer(breaks) as peer:
        with pytest.raises(Unreachable, match=r"connection reset|the answer broke off"):
            get(transport(peer.port))
        assert len(peer.requests) == 1


@pytest.mark.parametrize("junk", [b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\r\n" * 9])
def test_junk_is_no_answer(transport: Opens, junk: bytes) -> None:
    def babbles(line: Line) -> None:
        line.request()
        line.say(junk)

    with Peer(babbles) as peer, pytest.raises(Unreachable):
        get(transport(peer.port))


@pytest.mark.parametrize("length", [True, False])
def test_a_body_beyond_the_cap_is_unwell(transport: Opens, *, length: bool) -> None:
    def floods(line: Line) -> None:
        line.request()
        line.say(b"HTTP/1.1 200 OK\r\n")
        line.say(b"content-length: 99999999\r\n\r\n" if length else b"\r\n")
        line.drip(bytes(1024 * 1024))

    with Peer(floods) as peer, pytest.raises(Unwell, match="more than 4 MB"):
        get(transport(peer.port))


def test_a_body_as_large_as_the_cap_is_fine(transport: Opens) -> None:
    with Peer(answers(answer(bytes(BODY_MOST)))) as peer:
        assert len(get(transport(peer.port)).body) == BODY_MOST
