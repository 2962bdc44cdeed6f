"""Logging in: authorize, its form, codes, PKCE, tokens and how long each is good."""

import base64
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest


def claims(token: str) -> Any:
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_the_login_may_be_taken_at_once(start_cloud: Any, meet: Any) -> None:
    person = meet(start_cloud(at_once=True))
    reply = person.ask(person.authorize_path())
    assert reply.status == 302
    assert reply.headers["location"].startswith("tesla://auth/callback?code=")
    assert parse_qs(urlsplit(reply.headers["location"]).query)["state"] == ["s 1"]


def test_the_older_callback_ends_on_a_page_that_is_not_there(guest: Any, cloud: Any) -> None:
    callback = f"{cloud.sso_url}/void/callback"
    login = {"identity": cloud.email, "credential": "x"}
    reply = guest.post_form(guest.authorize_path(redirect_uri=callback), **login)
    assert reply.headers["location"].startswith(f"{callback}?code=")
    assert guest.ask("/void/callback?code=x").status == 404
    cloud.faults.start("void_callback_refused")
    refused = guest.ask(guest.authorize_path(redirect_uri=callback))
    assert refused.status == 400
    assert b"redirect_uri not registered for this client_id" in refused.body
    assert guest.ask(guest.authorize_path()).status == 200


def test_the_form_wants_the_e_mail_and_the_password(start_cloud: Any, meet: Any) -> None:
    cloud = start_cloud(password="secret")
    person = meet(cloud)
    page = person.ask(person.authorize_path(login_hint='"><b>me@example.com'))
    assert (page.status, b"credential" in page.body, b"<b>" in page.body) == (200, True, False)
    path = person.authorize_path()
    for identity, credential in ((cloud.email, "wrong"), ("you@example.com", "secret")):
        refused = person.post_form(path, identity=identity, credential=credential)
        assert (refused.status, "location" in refused.headers) == (401, False)
    taken = person.post_form(path, identity=cloud.email.upper(), credential="secret")
    assert taken.status == 302


def test_without_a_password_the_form_takes_any(guest: Any, cloud: Any) -> None:
    path = guest.authorize_path()
    assert guest.post_form(path, identity=cloud.email, credential="").status == 302
    assert guest.post_form(path, identity="you@example.com", credential="").status == 401


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "other"},
        {"redirect_uri": "https://example.com/callback"},
        {"response_type": "token"},
        {"code_challenge_method": "plain"},
        {"code_challenge": ""},
        {"state": ""},
    ],
)
def test_a_strange_request_is_a_page_and_no_redirect(guest: Any, changed: dict[str, str]) -> None:
    for reply in (
        guest.ask(guest.authorize_path(**changed)),
        guest.post_form(guest.authorize_path(**changed), identity="x", credential="y"),
    ):
        assert (reply.status, "location" in reply.headers) == (400, False)


def test_a_code_gives_tokens_that_open_the_api(owner: Any, cloud: Any) -> None:
    tokens = owner.tokens
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 28800)
    told = claims(tokens["access_token"])
    assert told["exp"] - told["iat"] == 28800
    assert "https://owner-api.teslamotors.com/" in told["aud"]
    assert "offline_access" in told["scp"]
    assert claims(tokens["id_token"])["email"] == cloud.email
    assert owner.ask("/api/1/products").status == 200
    assert cloud.counters.snapshot()["logins"] == 1


def test_a_code_is_good_once(guest: Any) -> None:
    code = guest.code()
    wanted = {"code_verifier": guest.verifier, "redirect_uri": "tesla://auth/callback"}
    first = guest.token(grant_type="authorization_code", code=code, **wanted)
    again = guest.token(grant_type="authorization_code", code=code, **wanted)
    assert (first.status, again.status) == (200, 400)
    assert again.document["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"code_verifier": "x" * 43}, "invalid_grant"),
        ({"code_verifier": "short"}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_request"),
        ({"redirect_uri": "tesla://elsewhere"}, "invalid_grant"),
        ({"client_id": "other"}, "invalid_request"),
    ],
)
def test_a_code_alone_opens_nothing(
    guest: Any, cloud: Any, changed: dict[str, str], error: str
) -> None:
    reply = guest.exchange(**changed)
    assert (reply.status, reply.document["error"]) == (400, error)
    assert cloud.counters.snapshot()["logins_refused"] == 1


def test_codes_and_refresh_tokens_grow_old(start_cloud: Any, meet: Any, clock: Any) -> None:
    cloud = start_cloud(wall=clock.wall, monotonic=clock.monotonic)
    person = meet(cloud)
    person.login()
    code = person.code()
    clock.advance(301.0)
    late = person.token(
        grant_type="authorization_code",
        code=code,
        code_verifier=person.verifier,
        redirect_uri="tesla://auth/callback",
    )
    assert late.document["error"] == "invalid_grant"
    clock.advance(90 * 86_400.0)
    assert person.refresh().document["error"] == "login_required"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"grant_type":"refresh_token","client_id":"ownerapi"}', "application/json"),
        (b"grant_type=password&client_id=ownerapi", "application/x-www-form-urlencoded"),
        (b"grant_type=refresh_token&client_id=ownerapi", "application/x-www-form-urlencoded"),
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
        (b"", ""),
    ],
)
def test_nonsense_at_the_token_endpoint_is_an_invalid_request(
    guest: Any, body: bytes, kind: str
) -> None:
    reply = guest.talk.send("POST", "/oauth2/v3/token", body, {"content-type": kind})
    assert (reply.status, reply.document["error"]) == (400, "invalid_request")


def test_a_refresh_token_is_void_once_it_was_used(owner: Any, cloud: Any) -> None:
    before = dict(owner.tokens)
    owner.renew()
    assert owner.tokens["refresh_token"] != before["refresh_token"]
    assert owner.ask("/api/1/products").status == 200
    again = owner.refresh(before["refresh_token"])
    assert (again.status, again.document["error"]) == (401, "login_required")
    counted = cloud.counters.snapshot()
    assert (counted["refreshes"], counted["refreshes_refused"], counted["logins"]) == (1, 1, 1)


def test_within_the_grace_it_is_still_good(start_cloud: Any, meet: Any, clock: Any) -> None:
    cloud = start_cloud(refresh_grace_s=60.0, wall=clock.wall, monotonic=clock.monotonic)
    person = meet(cloud)
    person.login()
    old = person.tokens["refresh_token"]
    assert person.refresh(old).status == 200
    clock.advance(59.0)
    assert person.refresh(old).status == 200
    clock.advance(61.0)
    assert person.refresh(old).status == 401


def test_a_refresh_may_give_no_new_refresh_token(owner: Any, cloud: Any) -> None:
    cloud.faults.start("not_rotated")
    for _ in range(2):
        reply = owner.refresh()
        assert reply.status == 200
        assert "refresh_token" not in reply.document


def test_access_tokens_end_when_they_say(start_cloud: Any, meet: Any, clock: Any) -> None:
    cloud = start_cloud(access_ttl_s=600.0, wall=clock.wall, monotonic=clock.monotonic)
    person = meet(cloud)
    person.login()
    assert claims(person.tokens["access_token"])["exp"] == int(clock.wall()) + 600
    clock.advance(599.0)
    assert person.ask("/api/1/products").status == 200
    clock.advance(1.0)
    over = person.ask("/api/1/products")
    assert (over.status, over.document["error"]) == (401, "invalid bearer token")
    person.renew()
    assert person.ask("/api/1/products").status == 200


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic eDp5", "bearer \xe9"])
def test_without_a_token_the_api_is_closed(guest: Any, header: str) -> None:
    for path in ("/api/1/products", "/api/1/energy_sites/1/live_status", "/api/1/nothing"):
        reply = guest.ask(path, authorization=header)
        assert (reply.status, reply.response) == (401, None)


def test_all_access_tokens_can_be_ended_and_refreshed(owner: Any, cloud: Any) -> None:
    cloud.expire_sessions()
    assert owner.ask("/api/1/products").status == 401
    owner.renew()
    assert owner.ask("/api/1/products").status == 200


def test_what_is_not_there_is_not_found(guest: Any) -> None:
    assert guest.ask("/").status == 404
    assert guest.ask("/oauth2/v3/token").status == 404
    assert guest.ask("/oauth2/v3/logout?client_id=ownerapi").status == 200
