"""The road to Tesla over real TLS: HTTP/2 or what there is, one deadline, bounded answers."""

from __future__ import annotations

import gzip
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpcore
import pytest
import requests
from support.peer import Line, Peer, answer, answers

from pypowerwall_core.backends.cloud.http2 import (
    BODY_MOST,
    Http2Adapter,
    NotConnected,
    take_road,
    tls_context,
)
from pypowerwall_core.errors import Unwell
from simulator.cloud import CloudSimulator
from simulator.cloud.certificate import LOOPBACK, Authority

SHORT_S = 0.2
AUTHORITY = Authority.make()
Opens = Callable[..., requests.Session]


class Tesla(Peer):
    """A peer that somebody trusts, and that speaks HTTP/1.1."""

    @staticmethod
    def context() -> ssl.SSLContext:
        return AUTHORITY.issue(LOOPBACK, ("http/1.1",)).context


@pytest.fixture
def ca_file(tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    path.write_text(AUTHORITY.pem)
    return str(path)


@pytest.fixture
def opened(stack: ExitStack, tmp_path: Path) -> Opens:
    """Sessions that trust a cloud, or the peers."""

    def make(ca_pem: str = AUTHORITY.pem, timeout_s: float = 5.0) -> requests.Session:
        path = tmp_path / "trusted.pem"
        path.write_text(ca_pem)
        session = stack.enter_context(requests.Session())
        take_road(session, Http2Adapter(timeout_s=timeout_s, ca_file=str(path)))
        return session

    return make


def url(server: Peer | CloudSimulator, path: str = "/api/1/products") -> str:
    return f"https://127.0.0.1:{server.port}{path}"


def took_s(call: Callable[[], Any], error: type[Exception] = requests.Timeout) -> float:
    began_s = time.monotonic()
    with pytest.raises(error):
        call()
    return time.monotonic() - began_s


# -- HTTP and TLS ---------------------------------------------------------------------------


def test_it_speaks_http_2_by_tls_1_3_and_keeps_its_connection(
    cloud: CloudSimulator, opened: Opens
) -> None:
    session = opened(cloud.ca_pem)
    assert [session.get(url(cloud)).status_code for _ in range(3)] == [401] * 3
    counted = cloud.counters.snapshot()
    assert (counted["http"], counted["tls"]) == ({"HTTP/2": 3}, {"TLSv1.3": 3})
    assert counted["connections"] == 1


def test_it_falls_back_to_http_1_where_nothing_else_is_spoken(
    stack: ExitStack, opened: Opens
) -> None:
    cloud = stack.enter_context(CloudSimulator(frozen=True, http2=False))
    session = opened(cloud.ca_pem)
    assert [session.get(url(cloud)).status_code for _ in range(2)] == [401] * 2
    counted = cloud.counters.snapshot()
    assert (counted["http"], counted["connections"]) == ({"HTTP/1.1": 2}, 1)


def test_tls_1_2_is_not_spoken(opened: Opens) -> None:
    class Old(Tesla):
        @staticmethod
        def context() -> ssl.SSLContext:
            context = Tesla.context()
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            return context

    with Old(answers(answer())) as peer, pytest.raises(NotConnected, match="TLS handshake failed"):
        opened().get(url(peer))
    assert tls_context().minimum_version is ssl.TLSVersion.TLSv1_3


def test_who_is_signed_by_somebody_else_hears_nothing(opened: Opens) -> None:
    with Tesla(answers(answer())) as peer:
        with pytest.raises(NotConnected, match="the certificate is not trusted"):
            opened(Authority.make().pem).get(url(peer), headers={"Authorization": "Bearer x"})
        assert peer.requests == []


def test_the_environment_changes_neither_whom_it_trusts_nor_where_it_goes(
    opened: Opens, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ca_file: str
) -> None:
    (tmp_path / ".netrc").write_text("default login somebody password n3trc\n")
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, ca_file)
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    with Tesla(answers(answer())) as peer:
        assert opened().get(url(peer)).status_code == 200
        assert b"authorization" not in peer.requests[0].lower()
        with pytest.raises(NotConnected, match="not trusted"):
            opened(Authority.make().pem).get(url(peer))


def test_who_trusts_nobody_by_name_trusts_the_usual_authorities(
    monkeypatch: pytest.MonkeyPatch, ca_file: str
) -> None:
    usual = len(tls_context().get_ca_certs())
    monkeypatch.setenv("SSL_CERT_FILE", ca_file)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", ca_file)
    assert len(tls_context().get_ca_certs()) == usual > 50
    assert len(tls_context(ca_file).get_ca_certs()) == 1


@pytest.mark.parametrize("target", ["/elsewhere", "https://localhost:1/", "http://127.0.0.1:1/"])
@pytest.mark.parametrize("status", ["302 Found", "307 Temporary Redirect"])
def test_a_redirect_takes_nothing_elsewhere(opened: Opens, status: str, target: str) -> None:
    with Tesla(answers(answer(b"", status, location=target))) as peer:
        with pytest.raises(requests.TooManyRedirects):
            opened().post(url(peer), {"refresh_token": "x"})
        assert len(peer.requests) == 1


def test_nothing_is_sent_in_the_clear(opened: Opens) -> None:
    with Peer(answers(answer()), tls=False) as peer:
        with pytest.raises(requests.exceptions.InvalidSchema):
            opened().get(f"http://127.0.0.1:{peer.port}/")
        assert peer.connections == 0


# -- what is sent, and what comes ------------------------------------------------------------


def test_a_read_has_no_body_and_a_write_has_its_own(opened: Opens) -> None:
    with Tesla(answers(answer(b"{}", set_cookie="a=b"))) as peer:
        session = opened()
        session.get(url(peer, "/a?b=c"))
        session.post(url(peer), json={"d": "\u2600"})
    read, write = (one.lower() for one in peer.requests)
    assert read.startswith(b"get /a?b=c http/1.1\r\n")
    assert b"content-length" not in read
    assert f"host: 127.0.0.1:{peer.port}\r\n".encode() in read
    assert write.endswith(b'{"d": "\\u2600"}')
    assert b"cookie" not in write


@pytest.mark.parametrize("packed", [True, False])
def test_an_answer_is_whole_packed_or_not(opened: Opens, *, packed: bool) -> None:
    body = b'{"a": 1}' * 1000
    sent = answer(gzip.compress(body), content_encoding="gzip") if packed else answer(body)
    with Tesla(answers(sent)) as peer:
        assert opened().get(url(peer)).content == body


@pytest.mark.parametrize(
    "sent",
    [
        answer(bytes(BODY_MOST + 1)),
        answer(gzip.compress(bytes(64 * BODY_MOST)), content_encoding="gzip"),
    ],
)
def test_an_answer_that_is_too_large_is_none(opened: Opens, sent: bytes) -> None:
    with Tesla(answers(sent)) as peer, pytest.raises(Unwell, match="4 MB"):
        opened().get(url(peer))


def test_the_largest_answer_comes_by_http_2_as_well(cloud: CloudSimulator, opened: Opens) -> None:
    session = opened(cloud.ca_pem)
    cloud.faults.start("html")
    assert session.get(url(cloud)).text.startswith("<")


def test_half_an_answer_is_none(cloud: CloudSimulator, opened: Opens) -> None:
    session = opened(cloud.ca_pem)
    cloud.faults.start("truncated", count=1)
    with pytest.raises(requests.ConnectionError):
        session.get(url(cloud))
    assert session.get(url(cloud)).status_code == 401


def test_what_cannot_be_unpacked_is_no_answer(opened: Opens) -> None:
    with (
        Tesla(answers(answer(b"not gzip", content_encoding="gzip"))) as peer,
        pytest.raises(requests.ConnectionError, match="unpacked"),
    ):
        opened().get(url(peer))


# -- time -----------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [False, True])
@pytest.mark.parametrize("http2", [False, True])
def test_what_drips_ends_at_the_deadline(
    stack: ExitStack, opened: Opens, *, headers: bool, http2: bool
) -> None:
    cloud = stack.enter_context(CloudSimulator(frozen=True, http2=http2))
    session = opened(cloud.ca_pem, SHORT_S)
    cloud.faults.start("dripping", headers=headers, seconds=0.05)
    assert took_s(lambda: session.get(url(cloud))) < 2 * SHORT_S + 1


def test_who_is_silent_is_given_up_and_asked_anew(cloud: CloudSimulator, opened: Opens) -> None:
    session = opened(cloud.ca_pem, SHORT_S)
    session.get(url(cloud))
    cloud.faults.start("silent", count=1)
    assert took_s(lambda: session.get(url(cloud))) < SHORT_S + 1
    assert session.get(url(cloud)).status_code == 401


def test_a_handshake_that_stalls_means_that_nothing_was_sent(
    cloud: CloudSimulator, opened: Opens
) -> None:
    cloud.faults.start("tls_stall")
    session = opened(cloud.ca_pem, SHORT_S)
    assert took_s(lambda: session.post(url(cloud)), NotConnected) < 2 * SHORT_S + 1


def test_a_host_of_many_silent_addresses_gets_no_more_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    many = [(0, 0, 0, "", (f"192.0.2.{n}", 443)) for n in range(9)]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: many)
    backend = Http2Adapter(timeout_s=10.0)._backend
    tried: list[tuple[str, float]] = []

    class Silent(httpcore.SyncBackend):
        def connect_tcp(self, host: str, _: int, timeout: float | None = None, *__: Any) -> Any:
            assert timeout is not None
            tried.append((host, timeout))
            backend.ends_s -= timeout
            raise httpcore.ConnectTimeout

    backend._sockets = Silent()
    backend.ends_s = time.monotonic() + 15.0
    with pytest.raises(httpcore.ConnectTimeout):
        backend.connect_tcp("auth.tesla.com", 443, 10.0)
    assert [(host, round(for_s)) for host, for_s in tried] == [("192.0.2.0", 10), ("192.0.2.1", 5)]


def test_a_refused_connection_and_a_name_that_nobody_has_say_so(opened: Opens) -> None:
    with Peer(Line.hold) as peer:
        pass
    session = opened()
    with pytest.raises(NotConnected, match="refused"):
        session.get(url(peer))
    with pytest.raises(NotConnected, match=r"nobody\.invalid: "):
        session.get("https://nobody.invalid/")


def test_close_ends_a_call_under_way(opened: Opens) -> None:
    def mute(line: Line) -> None:
        line.request()
        line.hold()

    with Tesla(mute) as peer, ThreadPoolExecutor() as pool:
        session = opened(timeout_s=30.0)
        call = pool.submit(session.get, url(peer))
        assert peer.asked.wait(10)
        session.close()
        assert isinstance(call.exception(10), requests.ConnectionError)


# -- connections that died --------------------------------------------------------------------


def test_a_connection_that_died_while_idle_is_noticed_by_nobody(
    cloud: CloudSimulator, opened: Opens
) -> None:
    session = opened(cloud.ca_pem)
    for _ in range(2):
        cloud.faults.start("goaway", count=1)
        assert session.get(url(cloud)).status_code == 401
    assert session.get(url(cloud)).status_code == 401
    # Two or three: what says goodbye may still hear the next request, and not answer it.
    assert cloud.counters.snapshot()["connections"] > 1


def test_a_read_that_finds_its_connection_dead_is_sent_once_more(
    cloud: CloudSimulator, opened: Opens
) -> None:
    session = opened(cloud.ca_pem)
    session.get(url(cloud))
    cloud.faults.start("reset", count=1)
    assert session.get(url(cloud)).status_code == 401
    assert cloud.counters.snapshot()["calls"] == {"GET /api/1/products": 3}


def test_a_read_that_dies_on_a_new_connection_is_not_sent_again(
    cloud: CloudSimulator, opened: Opens
) -> None:
    cloud.faults.start("reset")
    with pytest.raises(requests.ConnectionError) as info:
        opened(cloud.ca_pem).get(url(cloud))
    assert not isinstance(info.value, NotConnected)
    assert cloud.counters.snapshot()["calls"] == {"GET /api/1/products": 1}


def test_a_server_that_says_goodbye_instead_of_an_answer_is_told_in_words(
    cloud: CloudSimulator, opened: Opens
) -> None:
    cloud.faults.start("goaway", answered=False)
    with pytest.raises(requests.ConnectionError, match=r"^[A-Za-z ]+$"):
        opened(cloud.ca_pem).get(url(cloud))


def test_a_write_leaves_once_and_on_a_new_connection(cloud: CloudSimulator, opened: Opens) -> None:
    session = opened(cloud.ca_pem)
    path = f"/api/1/energy_sites/{cloud.site_id}/backup"
    session.get(url(cloud))
    session.post(url(cloud, path), json={"backup_reserve_percent": 1})
    session.get(url(cloud))
    assert [write.first for write in cloud.counters.writes] == [True]
    assert cloud.counters.snapshot()["connections"] == 2
    cloud.faults.start("lost")
    with pytest.raises(requests.ConnectionError):
        session.post(url(cloud, path), json={"backup_reserve_percent": 1})
    assert len(cloud.counters.writes) == 2


def test_one_slow_thread_does_not_lend_its_deadline_to_another(
    cloud: CloudSimulator, opened: Opens
) -> None:
    adapter = opened(cloud.ca_pem).get_adapter("https://x")
    assert isinstance(adapter, Http2Adapter)
    adapter._backend.ends_s = 1.0
    seen: list[float] = []
    thread = threading.Thread(target=lambda: seen.append(adapter._backend.ends_s))
    thread.start()
    thread.join()
    assert seen == [0.0]
