"""Who may come in."""

import base64
from typing import Any
from urllib.parse import urlencode

import pytest

from simulator.sessions import (
    LOGIN_BLOCK_S,
    MAX_SESSIONS,
    Limiter,
    Sessions,
    parse_login,
    token_of,
)

FORM = "application/x-www-form-urlencoded"
CORE = "/api/meters/aggregates"


def test_without_a_session_only_the_open_paths_answer(guest: Any) -> None:
    reply = guest.ask(CORE)
    assert reply.status == 403
    assert reply.document == {
        "code": 403,
        "error": "Unable to GET to resource",
        "message": "User does not have adequate access rights",
    }
    for path in ("/", "/api/status", "/api/auth/toggle/supported", "/api/customer/registration"):
        assert guest.ask(path).status == 200


def test_a_json_login_gives_the_documented_reply_and_both_cookies(guest: Any) -> None:
    reply = guest.login(force_sm_off=False, clientInfo={"timezone": "UTC"}, unknown=1)
    assert reply.status == 200
    assert list(reply.document) == [
        "email",
        "firstname",
        "lastname",
        "roles",
        "token",
        "provider",
        "loginTime",
    ]
    assert reply.document["email"] == "me@example.com"
    assert reply.document["roles"] == ["Home_Owner"]
    token = reply.document["token"]
    assert len(base64.urlsafe_b64decode(token)) == 64
    auth, user = reply.headers.get_all("set-cookie")
    assert auth == f"AuthCookie={token}; Path=/"
    assert user.startswith("UserRecord=")


def test_a_form_login_is_as_good(guest: Any) -> None:
    fields = {"username": "customer", "password": "password", "email": "", "clientInfo": "timezone"}
    reply = guest.ask("/api/login/Basic", "POST", urlencode(fields).encode(), Content_Type=FORM)
    assert reply.status == 200
    assert guest.ask(CORE, Cookie=f"AuthCookie={reply.document['token']}").status == 200


@pytest.mark.parametrize("scheme", ["cookie", "both cookies", "bearer"])
def test_every_way_to_show_a_token_opens(client: Any, scheme: str) -> None:
    token, client.token = client.token, ""
    headers = {
        "cookie": {"Cookie": f"AuthCookie={token}"},
        "both cookies": {"Cookie": f"UserRecord=x; AuthCookie={token}"},
        "bearer": {"Authorization": f"Bearer {token}"},
    }[scheme]
    assert client.ask(CORE).status == 403
    assert client.ask(CORE, **headers).status == 200


@pytest.mark.parametrize("password", ["", "Password", "password "])
def test_a_wrong_password_is_401_and_says_so(sim: Any, guest: Any, password: str) -> None:
    reply = guest.login(password)
    assert reply.status == 401
    assert reply.document == {"code": 401, "error": "bad credentials", "message": "Login Error"}
    assert sim.counters.snapshot()["logins_refused"] == 1


def test_nobody_but_the_customer_comes_in(guest: Any) -> None:
    assert guest.login(username="kiosk").status == 401
    reply = guest.login("TG122000000001", username="installer")
    assert reply.status == 401
    assert "physical access" in reply.document["error"]


def test_a_login_that_cannot_be_read_is_400(guest: Any) -> None:
    assert guest.ask("/api/login/Basic", "POST", b"[1]").status == 400
    assert guest.ask("/api/login/Basic", "POST", b"{").status == 400


def test_too_many_logins_are_429_even_with_the_right_password(sim: Any, guest: Any) -> None:
    statuses = [guest.login().status for _ in range(7)]
    assert statuses == [200] * 5 + [429] * 2
    assert guest.login().document == {
        "code": 429,
        "error": "Api Limit reached for this endpoint",
        "message": "API Limit Reached",
    }
    sim.login_limit = None
    assert guest.login().status == 200


def test_sessions_expire_and_the_client_is_told_as_if_it_had_none(
    start: Any, connect: Any, clock: Any
) -> None:
    sim = start(frozen=True, session_ttl_s=60.0, monotonic=clock.monotonic)
    client = connect(sim)
    client.login()
    clock.advance(59.0)
    assert client.ask(CORE).status == 200
    clock.advance(1.0)
    assert client.ask(CORE).status == 403


def test_a_reboot_forgets_every_session(sim: Any, client: Any) -> None:
    sim.expire_sessions()
    assert client.ask(CORE).status == 403
    client.login()
    assert client.ask(CORE).status == 200


def test_logout_is_204_with_and_without_a_session(client: Any) -> None:
    reply = client.ask("/api/logout")
    assert (reply.status, reply.body) == (204, b"")
    assert len(reply.headers.get_all("set-cookie")) == 2
    assert client.ask(CORE).status == 403
    assert client.ask("/api/logout").status == 204


def test_a_login_that_may_stop_the_site_controller_does(sim: Any, guest: Any) -> None:
    assert guest.login(force_sm_off=True).status == 200
    assert guest.ask(CORE).status == 502
    assert [row["name"] for row in sim.faults.listing() if row["active"]] == ["stopped"]


def test_the_limiter_stays_angry_while_logins_keep_coming(clock: Any) -> None:
    limiter = Limiter(clock.monotonic)
    assert [limiter.allows(2) for _ in range(3)] == [True, True, False]
    clock.advance(LOGIN_BLOCK_S - 1)
    assert not limiter.allows(2)
    clock.advance(LOGIN_BLOCK_S - 1)
    assert not limiter.allows(2)
    clock.advance(LOGIN_BLOCK_S)
    assert limiter.allows(2)


def test_sessions_are_bounded_and_the_oldest_leaves(clock: Any) -> None:
    sessions = Sessions(60.0, clock.monotonic)
    first, second = sessions.open(), sessions.open()
    for _ in range(MAX_SESSIONS - 1):
        sessions.open()
    assert not sessions.valid(first)
    assert sessions.valid(second)


@pytest.mark.parametrize(
    ("cookies", "authorization", "token"),
    [
        (None, None, None),
        ("AuthCookie=a", None, "a"),
        ("UserRecord=b", None, None),
        (None, "Bearer c", "c"),
        (None, "Basic d", None),
        ("AuthCookie=a", "Basic d", "a"),
        ('";;=', None, None),
    ],
)
def test_tokens_are_found(
    cookies: str | None, authorization: str | None, token: str | None
) -> None:
    assert token_of(cookies, authorization) == token


@pytest.mark.parametrize("body", [b"", b"null", b'"x"', b"\xff", b"{"])
def test_nonsense_is_no_login(body: bytes) -> None:
    assert parse_login(body, "application/json") is None


def test_form_fields_are_read_as_json_fields_are() -> None:
    form = parse_login(b"username=customer&password=a%20b&force_sm_off=True", f"{FORM}; charset=x")
    same = parse_login(b'{"username":"customer","password":"a b","force_sm_off":true}', "")
    assert form == same
