"""What a gateway's answers mean, row by row, and the login."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from time import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict
from support.peer import Peer, answer, answers

from pypowerwall_core.backends.local.address import Address
from pypowerwall_core.backends.local.session import Credentials, GatewaySession, refusal
from pypowerwall_core.backends.local.sessionfile import SessionFile
from pypowerwall_core.backends.local.transport import Answer, Transport
from pypowerwall_core.errors import (
    BadCredentials,
    Busy,
    LogInAgain,
    NotServed,
    PowerwallError,
    RateLimited,
    Unexplained,
    Unreachable,
    Unwell,
)
from pypowerwall_core.redact import RedactingFilter, Secrets
from simulator.gateway import Simulator

PASSWORD = "horse battery"
SOE = "/api/system_status/soe"
SENT = Credentials(PASSWORD, email="me@example.com", timezone="Europe/Berlin")
TOKEN = answer(json.dumps({"token": "t0ken=="}).encode(), set_cookie="AuthCookie=c00kie==; Path=/")
Opens = Callable[..., GatewaySession]


@pytest.fixture
def session() -> Iterator[Opens]:
    """Sessions at a port of this machine, closed for sure."""
    with ExitStack() as stack:

        def opened(
            port: int,
            credentials: Credentials = SENT,
            path: Path | None = None,
            secrets: Secrets | None = None,
            **more: Any,
        ) -> GatewaySession:
            transport = Transport(Address("127.0.0.1", port), timeout_s=10.0, **more)
            stack.callback(transport.close)
            return GatewaySession(transport, credentials, SessionFile(path), secrets or Secrets())

        yield opened


def said(error: str, message: str = "") -> bytes:
    return json.dumps({"code": 1, "error": error, "message": message}).encode()


# -- what an answer means ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "kind", "text"),
    [
        (401, said("expired", "Token Expired"), LogInAgain, "HTTP 401: Token Expired - expired"),
        (403, said("Unable to GET"), LogInAgain, "HTTP 403: Unable to GET"),
        (403, b"", LogInAgain, "HTTP 403"),
        (404, b"404 page not found", NotServed, "HTTP 404"),
        (429, said("Api Limit"), RateLimited, "HTTP 429: Api Limit"),
        (500, said("no phase information"), Unwell, "HTTP 500: no phase information"),
        (502, b"", Unexplained, "HTTP 502 with an empty body"),
        (502, b"<html>", Unwell, "HTTP 502"),
        (503, said("current config mode is busy"), Busy, "HTTP 503: current config"),
        (504, b"", Unwell, "HTTP 504"),
        (202, b"", Unwell, "HTTP 202"),
        (204, b"", Unwell, "HTTP 204"),
        (301, b"", Unwell, "HTTP 301"),
        (400, b"[]", Unwell, "HTTP 400"),
        (409, b'{"error": 5, "message": null}', Unwell, "HTTP 409"),
        (500, b"[" * 200_000, Unwell, "HTTP 500"),
        (500, b"\xff", Unwell, "HTTP 500"),
        (500, said("a\r\nb" + "x" * 999), Unwell, "HTTP 500: a  b" + "x" * 96),
    ],
)
def test_a_refusal_is_named_by_what_to_do(
    status: int, body: bytes, kind: type[PowerwallError], text: str
) -> None:
    error = refusal(Answer(status, CaseInsensitiveDict(), body, {}), str)
    assert type(error) is kind
    assert str(error).startswith(text)
    assert str(error).isprintable()


def test_a_stopped_powerwall_comes_with_advice() -> None:
    error = refusal(Answer(502, CaseInsensitiveDict(), b"", {}), str)
    assert "Tesla's app" in error.remedy


def retry_after(text: str) -> float | None:
    error = refusal(Answer(429, CaseInsensitiveDict({"retry-after": text}), b"", {}), str)
    assert isinstance(error, RateLimited)
    return error.retry_after_s


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        (" 300 ", 300.0),
        ("9" * 400, 999_999_999.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("", None),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("\u0663", None),
        ("Mon, 99 Foo 2026 99:99:99 GMT", None),
    ],
)
def test_retry_after_is_seconds_a_date_or_nothing(text: str, seconds: float | None) -> None:
    assert retry_after(text) == seconds


def test_retry_after_may_name_a_time_to_come() -> None:
    assert retry_after(formatdate(time() + 3600, usegmt=True)) == pytest.approx(3600, abs=60)


DATE_PARTS = st.sampled_from(["Mon,", "1", "Jan", "2026", "00:00:00", "+9999", "99", "-", ":"])


@given(st.text() | st.lists(DATE_PARTS).map(" ".join))
def test_retry_after_never_fails(text: str) -> None:
    seconds = retry_after(text)
    assert seconds is None or seconds >= 0


def test_a_limited_gateway_says_for_how_long(session: Opens) -> None:
    with Simulator(frozen=True) as sim:
        sim.faults.start("limited", retry_after=77)
        with pytest.raises(RateLimited) as info:
            session(sim.port).get(SOE)
        assert info.value.retry_after_s == 77.0


# -- logging in -------------------------------------------------------------------------------


@pytest.mark.parametrize("auth_mode", ["cookie", "token"])
def test_a_login_opens_the_closed_paths(session: Opens, auth_mode: str) -> None:
    with Simulator(password=PASSWORD, frozen=True) as sim:
        one = session(sim.port, replace(SENT, auth_mode=auth_mode))
        with pytest.raises(LogInAgain):
            one.get(SOE)
        one.login()
        assert b"percentage" in one.get(SOE)
        sim.expire_sessions()
        with pytest.raises(LogInAgain):
            one.get(SOE)
        one.login()
        assert b"percentage" in one.get(SOE)
        assert sim.counters.snapshot()["logins"] == 2


@pytest.mark.parametrize(
    ("auth_mode", "header"),
    [("cookie", b"Cookie: AuthCookie=c00kie=="), ("token", b"Authorization: Bearer t0ken==")],
)
def test_a_read_carries_the_session_and_a_login_carries_none(
    session: Opens, auth_mode: str, header: bytes
) -> None:
    with Peer(answers(TOKEN, answer(), TOKEN)) as peer:
        one = session(peer.port, replace(SENT, auth_mode=auth_mode))
        one.login()
        one.get(SOE)
        one.login()
        carried = [header in request.split(b"\r\n") for request in peer.requests]
        assert carried == [False, True, False]
        assert not any(word in peer.requests[2] for word in (b"c00kie", b"t0ken"))


def test_only_the_login_carries_the_password_and_it_stops_nothing(session: Opens) -> None:
    with Peer(answers(answer(), TOKEN, answer(b"no", "403 Forbidden"))) as peer:
        one = session(peer.port)
        one.get("/api/status")
        one.login()
        with pytest.raises(LogInAgain):
            one.get(SOE)
        first, login, last = peer.requests
        head, _, form = login.partition(b"\r\n\r\n")
        assert head.startswith(b"POST /api/login/Basic HTTP/1.1")
        assert json.loads(form) == {
            "username": "customer",
            "password": PASSWORD,
            "email": "me@example.com",
            "clientInfo": {"timezone": "Europe/Berlin"},
        }
        for other in (first, last, head):
            assert not any(word in other for word in (b"horse", b"password", b"force_sm_off"))


@pytest.mark.parametrize(
    ("reply", "auth_mode", "header"),
    [
        (answer(b'{"token": "t"}'), "cookie", b"Authorization: Bearer t"),
        (answer(b"{}", set_cookie="AuthCookie=c"), "token", b"Cookie: AuthCookie=c"),
        (answer(b"<html>", set_cookie="AuthCookie=c"), "cookie", b"Cookie: AuthCookie=c"),
    ],
)
def test_what_the_gateway_gives_is_taken(
    session: Opens, reply: bytes, auth_mode: str, header: bytes
) -> None:
    with Peer(answers(reply, answer())) as peer:
        one = session(peer.port, replace(SENT, auth_mode=auth_mode))
        one.login()
        one.get(SOE)
        assert header in peer.requests[1].split(b"\r\n")


@pytest.mark.parametrize(
    ("reply", "kind", "text"),
    [
        (answer(said("bad credentials"), "401 No"), BadCredentials, "refused: bad credentials"),
        (answer(said("physical access"), "401 No"), BadCredentials, "physical access"),
        (answer(b"", "403 No"), BadCredentials, "refused: HTTP 403"),
        (answer(b"404 page not found", "404 No"), Unwell, "no gateway login"),
        (answer(said("Api Limit"), "429 No"), RateLimited, "HTTP 429: Api Limit"),
        (answer(said("busy"), "503 No"), Busy, "HTTP 503: busy"),
        (answer(b"", "502 No"), Unwell, "HTTP 502"),
        (answer(b"", "301 No", location="/"), Unwell, "HTTP 301"),
        (answer(b"{}"), Unwell, "without a session"),
        (answer(b'{"token": 5}'), Unwell, "without a session"),
        (answer(b'["token"]'), Unwell, "without a session"),
        (answer(b"[" * 200_000), Unwell, "without a session"),
        (answer(b"<html>"), Unwell, "without a session"),
    ],
)
def test_a_login_that_fails_says_why_and_is_sent_once(
    session: Opens, tmp_path: Path, reply: bytes, kind: type[PowerwallError], text: str
) -> None:
    path = tmp_path / "session"
    with Peer(answers(reply)) as peer:
        with pytest.raises(kind, match=text):
            session(peer.port, path=path).login()
        assert len(peer.requests) == 1
    assert not path.exists()


def test_a_wrong_password_comes_with_advice(session: Opens) -> None:
    with Simulator(password="another", frozen=True) as sim:
        with pytest.raises(BadCredentials) as info:
            session(sim.port).login()
        assert "last five characters" in info.value.remedy
        assert sim.counters.snapshot()["logins_refused"] == 1


def test_without_a_password_nothing_is_sent(session: Opens) -> None:
    with Peer(answers(TOKEN)) as peer:
        with pytest.raises(BadCredentials) as info:
            session(peer.port, Credentials(None)).login()
        assert "PW_PASSWORD" in info.value.remedy
        assert peer.connections == 0


def test_too_many_logins_are_a_limit_and_not_a_wrong_password(session: Opens) -> None:
    with Simulator(password=PASSWORD, frozen=True) as sim:
        sim.login_limit = 1
        one = session(sim.port)
        one.login()
        with pytest.raises(RateLimited):
            one.login()


def test_another_certificate_gets_neither_a_request_nor_the_password(session: Opens) -> None:
    received: list[bytes] = []
    with Peer(lambda line: received.append(line.sock.recv(1))) as peer:
        one = session(peer.port, fingerprint=bytes(32))
        for call in (one.login, lambda: one.get(SOE)):
            with pytest.raises(Unreachable, match="certificate is not the one") as info:
                call()
            assert "export its certificate again" in info.value.remedy
    assert received == [b"", b""]


# -- across a restart -------------------------------------------------------------------------


@pytest.mark.parametrize("auth_mode", ["cookie", "token"])
def test_a_restart_needs_no_login(session: Opens, tmp_path: Path, auth_mode: str) -> None:
    with Simulator(password=PASSWORD, frozen=True) as sim:
        session(sim.port, replace(SENT, auth_mode=auth_mode), tmp_path / "session").login()
        for mode in ("cookie", "token"):
            again = session(sim.port, Credentials(None, auth_mode=mode), tmp_path / "session")
            assert b"percentage" in again.get(SOE)
        assert sim.counters.snapshot()["logins"] == 1


@pytest.mark.parametrize(
    ("stored", "header"),
    [
        ({"AuthCookie": "a==", "UserRecord": "b"}, b"Cookie: AuthCookie=a==; UserRecord=b"),
        ({"Authorization": "Bearer a=="}, b"Authorization: Bearer a=="),
    ],
)
def test_a_stored_session_of_either_form_is_used(
    session: Opens, tmp_path: Path, stored: dict[str, str], header: bytes
) -> None:
    path = tmp_path / "session"
    path.write_text(json.dumps(stored))
    with Peer(answers(answer())) as peer:
        one = session(peer.port, path=path)
        one.get(SOE)
        path.unlink()
        one.get(SOE)
        assert all(header in request.split(b"\r\n") for request in peer.requests)


def test_every_part_of_a_session_is_a_secret(session: Opens, tmp_path: Path) -> None:
    tokens = {"AuthCookie": "c00kie==", "UserRecord": "rec0rd"}
    masked = Secrets()
    path = tmp_path / "session"
    path.write_text(json.dumps(tokens))
    with Peer(answers(answer(), answer(b'{"token": "t0ken=="}'))) as peer:
        one = session(peer.port, path=path, secrets=masked)
        one.get(SOE)
        one.login()
    record = logging.makeLogRecord(
        {"msg": "%s %s", "args": (tokens, ["Bearer t0ken==", "t0ken=="])}
    )
    RedactingFilter(masked).filter(record)
    assert not any(word in record.getMessage() for word in ("c00kie", "rec0rd", "t0ken"))


def test_close_keeps_the_session(session: Opens) -> None:
    with Simulator(password=PASSWORD, frozen=True) as sim:
        one = session(sim.port)
        one.login()
        one.close()
        assert b"percentage" in one.get(SOE)
        assert sim.counters.snapshot()["logins"] == 1


def test_a_gateway_that_echoes_a_secret_does_not_get_it_onto_a_page(
    session: Opens, tmp_path: Path
) -> None:
    secrets = Secrets()
    secrets.hide(PASSWORD)
    path = tmp_path / "session"
    path.write_text(json.dumps({"AuthCookie": "c00kie=="}))
    replies = (answer(said("c00kie== is old"), "403 No"), answer(said(PASSWORD), "401 No"))
    with Peer(answers(*replies)) as peer:
        one = session(peer.port, path=path, secrets=secrets)
        with pytest.raises(LogInAgain) as read:
            one.get(SOE)
        with pytest.raises(BadCredentials) as login:
            one.login()
    assert "c00kie" not in str(read.value)
    assert PASSWORD not in str(login.value)
