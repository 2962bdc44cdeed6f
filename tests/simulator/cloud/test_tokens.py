"""Whose tokens the API refuses though the login gave them: the storms of June 2026."""

import base64
import json
import ssl
from pathlib import Path
from typing import Any

import pytest

from simulator.cloud.ledger import REMEMBERED, Ledger
from simulator.cloud.tokens import CODE, REFRESH, RULES, How, Mint, challenge, refused

PRODUCTS = "/api/1/products"
SUNSET = "forbidden, see https://developer.tesla.com/docs/fleet-api"


def test_the_challenge_is_the_one_of_the_standard() -> None:
    # The example of RFC 7636, appendix B.
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    for bad in ("x" * 42, "x" * 129, "x" * 43 + "\n", "ü" * 43, "x" * 42 + " "):
        assert challenge(bad) is None


@pytest.mark.parametrize(
    ("name", "how", "warm", "wanted"),
    [
        ("require_h2", How(CODE, "1.1"), True, True),
        ("require_h2", How(CODE, "2"), False, False),
        ("require_h2", How(REFRESH, "2"), False, False),
        ("require_tls13", How(CODE, "2", "TLSv1.2"), True, True),
        ("require_tls13", How(REFRESH, "1.1", "TLSv1.3"), False, False),
        ("refuse_cold_refresh", How(REFRESH), False, True),
        ("refuse_cold_refresh", How(REFRESH), True, False),
        ("refuse_cold_refresh", How(CODE), False, False),
        ("refuse_all_refreshed", How(REFRESH), True, True),
        ("refuse_all_refreshed", How(CODE), False, False),
    ],
)
def test_each_rule_looks_at_one_thing(name: str, how: How, *, warm: bool, wanted: bool) -> None:
    mint = Mint(how, 1, 0.0)
    assert refused(mint, warm=warm, switched_on=name.__eq__) == wanted
    assert not refused(mint, warm=warm, switched_on=lambda _name: False)


def test_any_rule_that_is_on_is_enough() -> None:
    mint = Mint(How(REFRESH, "1.1", "TLSv1.2"), 1, 0.0)
    assert all(refused(mint, warm=False, switched_on=one.__eq__) for one in RULES)
    assert refused(mint, warm=True, switched_on=lambda _name: True)


def assert_refused(person: Any) -> None:
    reply = person.ask(PRODUCTS)
    assert (reply.status, reply.document["error"], reply.response) == (403, SUNSET, None)


@pytest.mark.parametrize(
    ("h2", "tls", "refusing"),
    [
        (False, ssl.TLSVersion.TLSv1_3, ["require_h2"]),
        (False, ssl.TLSVersion.TLSv1_2, ["require_h2", "require_tls13"]),
        (True, ssl.TLSVersion.TLSv1_2, ["require_tls13"]),
        (True, ssl.TLSVersion.TLSv1_3, []),
    ],
)
def test_the_token_call_decides_and_the_api_refuses(
    cloud: Any, meet: Any, *, h2: bool, tls: ssl.TLSVersion, refusing: list[str]
) -> None:
    person = meet(cloud, h2=h2, tls=tls)
    person.login()
    assert person.ask(PRODUCTS).status == 200
    refused_by = []
    for name in ("require_h2", "require_tls13"):
        cloud.faults.start(name)
        before = person.ask(PRODUCTS).status
        person.renew()
        assert person.ask(PRODUCTS).status == before
        if before == 403:
            refused_by.append(name)
        cloud.faults.stop()
    assert refused_by == refusing
    assert person.ask(PRODUCTS).status == 200


def test_a_token_asked_for_by_http_2_is_good_over_http_1(cloud: Any, meet: Any) -> None:
    cloud.faults.start("require_h2")
    modern, plain = meet(cloud, h2=True), meet(cloud)
    modern.login()
    plain.tokens = modern.tokens
    assert plain.ask(PRODUCTS).status == 200
    plain.renew()
    assert_refused(plain)
    modern.tokens = plain.tokens
    modern.renew()
    assert modern.ask(PRODUCTS).status == 200


def test_a_cold_refresh_is_refused_until_a_code_s_token_was_accepted(
    owner: Any, cloud: Any
) -> None:
    cloud.faults.start("refuse_cold_refresh")
    first = dict(owner.tokens)
    owner.renew()
    assert_refused(owner)
    cold = owner.tokens
    owner.tokens = first
    assert owner.ask(PRODUCTS).status == 200
    owner.tokens = cold
    assert owner.ask(PRODUCTS).status == 200
    owner.renew()
    assert owner.ask(PRODUCTS).status == 200


def test_warmth_is_of_one_login(owner: Any, meet: Any, cloud: Any) -> None:
    assert owner.ask(PRODUCTS).status == 200
    other = meet(cloud)
    other.login()
    other.renew()
    cloud.faults.start("refuse_cold_refresh")
    assert_refused(other)


def test_of_too_many_logins_the_first_is_the_one_that_is_cold_again() -> None:
    ledger = Ledger("x@y.z", lambda: 0.0, access_ttl_s=60.0, grace_s=0.0, sso_url=lambda: "")
    mints = [Mint(How(CODE), number, 60.0) for number in range(REMEMBERED + 1)]
    for mint in (*mints, mints[-1], mints[-1]):  # the same one again puts nobody out
        ledger.accepted(mint)
    assert [mint.family for mint in mints if not ledger.is_warm(mint)] == [0]


def test_refreshed_tokens_may_be_refused_for_ever(owner: Any, cloud: Any) -> None:
    cloud.faults.start("refuse_all_refreshed")
    assert owner.ask(PRODUCTS).status == 200
    owner.renew()
    assert_refused(owner)
    owner.login()
    assert owner.ask(PRODUCTS).status == 200


def test_what_minted_a_token_shows_in_it(cloud: Any, meet: Any) -> None:
    marks = []
    for options in ({}, {"h2": True}, {"tls": ssl.TLSVersion.TLSv1_2}, {}):
        person = meet(cloud, **options)
        person.login()
        part = person.tokens["access_token"].split(".")[1]
        marks.append(json.loads(base64.urlsafe_b64decode(part + "==="))["x-enc"])
    assert len(set(marks)) == 3
    assert marks[0] == marks[3]


def test_a_login_that_was_written_to_a_file_is_as_good_as_the_best(
    cloud: Any, guest: Any, tmp_path: Path
) -> None:
    for name in RULES:
        cloud.faults.start(name)
    cloud.write_auth(tmp_path)
    entry = json.loads((tmp_path / ".pypowerwall.auth").read_text())[cloud.email]
    guest.tokens = entry["sso"]
    assert guest.ask(PRODUCTS).status == 200
