"""One account: when a token is refreshed and when not, and what answers mean.

The real library, the real files and a simulated cloud; login and data are at two hosts.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from support.accounts import Account
from support.anyjson import JSON

from pypowerwall_core.backends.cloud.answers import (
    GRANT_LASTS_S,
    grant_answer,
    refusal,
    unwrapped,
    write_refusal,
)
from pypowerwall_core.backends.cloud.reader import PRODUCTS_PATH
from pypowerwall_core.backends.cloud.session import TOKENS
from pypowerwall_core.errors import (
    Forbidden,
    LogInAgain,
    NotPermitted,
    NotSent,
    NotServed,
    NotSetUp,
    PowerwallError,
    RateLimited,
    Refused,
    Unreachable,
    Unwell,
)
from simulator.cloud import CloudSimulator

TOKEN_PATH = "/oauth2/v3/token"


def names(products: Any) -> list[str]:
    return [one["site_name"] for one in products if "site_name" in one]


def backup(account: Account) -> str:
    return f"/api/1/energy_sites/{account.cloud.site_id}/backup"


def raised(call: Callable[[], Any]) -> PowerwallError:
    with pytest.raises(PowerwallError) as info:
        call()
    return info.value


def response(status: int, body: Any = b"", **headers: str) -> requests.Response:
    answer = requests.Response()
    answer.status_code = status
    answer._content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return answer


# -- tokens that last -------------------------------------------------------------------------


def test_a_token_that_lasts_is_shown_and_nothing_is_refreshed(account: Account) -> None:
    before = account.path.read_bytes()
    assert account.session.has_session
    assert names(account.session.get(PRODUCTS_PATH)) == [account.cloud.sites[0].system.site_name]
    assert account.session.post(backup(account), {"backup_reserve_percent": 30})["code"] == 201
    assert account.refreshes == (0, 0)
    assert account.path.read_bytes() == before
    assert set(account.cloud.counters.snapshot()["http"]) == {"HTTP/2"}


@pytest.mark.parametrize(
    "tokens", [{"access_token": "", "expires_at": 0}, {"expires_at": 1.0}, {"expires_at": None}]
)
def test_a_token_that_has_ended_is_not_shown(account: Account, tokens: dict[str, Any]) -> None:
    account.store(**tokens)
    assert not account.session.has_session
    error = raised(lambda: account.session.get(PRODUCTS_PATH))
    assert isinstance(error, LogInAgain)
    assert error.ended
    assert account.asked() == 0


def test_a_token_that_ends_within_the_minute_might_end_on_the_way(account: Account) -> None:
    ends_s = account.stored["expires_at"]
    for left_s, lasts in ((61.0, True), (59.0, False)):
        session = account.opened()
        session.clock = lambda left_s=left_s: ends_s - left_s
        assert session.has_session is lasts


def test_a_refresh_is_one_request_and_stored_at_once(account: Account) -> None:
    account.store(access_token="", expires_at=0)
    old = account.stored["refresh_token"]
    account.session.login()
    assert account.refreshes == (1, 0)
    assert account.stored["refresh_token"] != old
    assert account.stored["access_token"]
    assert names(account.session.get(PRODUCTS_PATH))
    assert names(account.opened().get(PRODUCTS_PATH))
    assert account.refreshes == (1, 0)


@pytest.mark.parametrize("end", ["", "/", "/oauth2/v3"])
def test_a_login_is_found_however_its_address_ends(account: Account, end: str) -> None:
    document = json.loads(account.path.read_text())
    document[account.email]["url"] = account.cloud.sso_url + end
    account.path.write_text(json.dumps(document))
    account.session.login()
    assert account.refreshes == (1, 0)


def test_a_refresh_that_gives_no_new_refresh_token_keeps_the_old(account: Account) -> None:
    account.cloud.faults.start("not_rotated")
    account.cloud.expire_sessions()
    old = account.stored["refresh_token"]
    account.session.login()
    assert account.stored["refresh_token"] == old
    assert account.session.has_session


def test_a_forgotten_token_is_not_shown_and_the_file_keeps_it(account: Account) -> None:
    before = account.path.read_bytes()
    account.session.forget()
    assert isinstance(raised(lambda: account.session.get(PRODUCTS_PATH)), LogInAgain)
    assert account.asked() == 0
    account.session.login()
    assert account.refreshes == (1, 0)
    assert names(account.session.get(PRODUCTS_PATH))
    assert account.path.read_bytes() != before


def test_who_was_told_to_forget_looks_for_no_other_token_before_the_next_login(
    account: Account,
) -> None:
    """The lane forgets a session to find out whether one is needed at all."""
    account.session.get(PRODUCTS_PATH)
    account.store(**account.new_login())
    account.session.forget()
    assert isinstance(raised(lambda: account.session.get(PRODUCTS_PATH)), LogInAgain)
    account.session.login()
    assert names(account.session.get(PRODUCTS_PATH))
    assert account.refreshes == (0, 0)


# -- refused tokens -----------------------------------------------------------------------------


def test_401_says_so_and_refreshes_nothing_by_itself(account: Account) -> None:
    account.cloud.expire_sessions()
    error = raised(lambda: account.session.get(PRODUCTS_PATH))
    assert isinstance(error, LogInAgain)
    assert error.ended
    assert account.refreshes == (0, 0)
    account.session.login()
    assert names(account.session.get(PRODUCTS_PATH))
    assert account.refreshes == (1, 0)


@pytest.mark.parametrize("form", ["json", "text", "html"])
def test_403_never_refreshes_and_says_what_to_do(account: Account, form: str) -> None:
    account.cloud.faults.start("forbidden", form=form)
    for asked in (1, 2):
        error = raised(lambda: account.session.get(PRODUCTS_PATH))
        assert isinstance(error, Forbidden)
        assert "powerwall setup" in error.remedy
        assert "<" not in str(error)
        assert account.asked() == asked
    assert isinstance(raised(lambda: account.session.post(backup(account), {})), NotPermitted)
    assert account.refreshes == (0, 0)


def test_who_was_forbidden_takes_the_tokens_of_a_new_login(account: Account) -> None:
    account.cloud.faults.start("forbidden", count=1)
    raised(lambda: account.session.get(PRODUCTS_PATH))
    new = account.new_login()
    account.store(**new)
    assert names(account.session.get(PRODUCTS_PATH))
    assert account.session._tesla.token["access_token"] == new["access_token"]
    assert account.refreshes == (0, 0)


@pytest.mark.parametrize("status", [400, 401])
@pytest.mark.parametrize("error", ["login_required", "invalid_grant"])
def test_a_refused_refresh_needs_a_person(account: Account, status: int, error: str) -> None:
    account.cloud.faults.start("refresh_rejected", status=status, error=error)
    account.store(access_token="", expires_at=0)
    before = account.path.read_bytes()
    found = raised(account.session.login)
    assert isinstance(found, NotSetUp)
    assert error in str(found)
    assert "powerwall setup" in found.remedy
    assert account.path.read_bytes() == before
    assert account.refreshes == (0, 1)


@pytest.mark.parametrize(
    ("fault", "options", "named"),
    [
        ("limited", {"retry_after": 30}, RateLimited),
        ("failing", {"status": 503}, Unwell),
        ("failing", {"status": 500, "html": True}, Unwell),
        ("html", {}, Unwell),
        ("null", {}, Unwell),
        ("empty", {}, Unwell),
        ("reset", {}, Unreachable),
        ("truncated", {}, Unreachable),
    ],
)
def test_a_login_that_is_not_well_is_no_reason_to_log_in_anew(
    account: Account, fault: str, options: dict[str, Any], named: type[Exception]
) -> None:
    account.store(access_token="", expires_at=0)
    account.cloud.faults.start(fault, path=TOKEN_PATH, count=1, **options)
    found = raised(account.session.login)
    assert type(found) is named
    assert getattr(found, "retry_after_s", None) == options.get("retry_after")


def test_the_edge_that_refuses_a_refresh_is_a_refusal(account: Account) -> None:
    account.cloud.faults.start("fingerprint")
    account.store(access_token="", expires_at=0)
    assert isinstance(raised(account.session.login), Forbidden)


def test_without_a_refresh_token_nobody_is_asked(account: Account) -> None:
    account.store(access_token="", refresh_token="", expires_at=0)
    assert isinstance(raised(account.session.login), NotSetUp)
    assert account.asked() == 0


# -- two programs, one file ---------------------------------------------------------------------


def test_what_another_program_has_refreshed_is_taken_over(account: Account) -> None:
    account.session.get(PRODUCTS_PATH)
    account.cloud.expire_sessions()
    raised(lambda: account.session.get(PRODUCTS_PATH))
    account.opened().login()
    account.session.login()
    assert names(account.session.get(PRODUCTS_PATH))
    assert account.refreshes == (1, 0)


def test_what_another_program_refreshed_before_ours_ended_is_taken_over(account: Account) -> None:
    account.session.get(PRODUCTS_PATH)
    account.opened().login()
    ours_s = account.stored["expires_at"]
    account.store(expires_at=ours_s + 10_000)
    account.session.clock = lambda: ours_s + 100
    assert names(account.session.get(PRODUCTS_PATH))
    assert account.refreshes == (1, 0)


def test_the_refresh_token_of_another_program_is_used_where_its_access_token_has_ended(
    account: Account,
) -> None:
    """Tesla gives a new refresh token with each refresh: the one in memory is void."""
    account.session.get(PRODUCTS_PATH)
    account.opened().login()
    account.store(access_token="", expires_at=0)
    account.cloud.expire_sessions()
    raised(lambda: account.session.get(PRODUCTS_PATH))
    account.session.login()
    assert account.refreshes == (2, 0)
    assert names(account.session.get(PRODUCTS_PATH))


@pytest.mark.parametrize("content", ["{", "[]", "{}", None])
def test_a_file_that_others_broke_does_not_end_a_session(
    account: Account, content: str | None
) -> None:
    account.session.get(PRODUCTS_PATH)
    account.path.unlink() if content is None else account.path.write_text(content)
    account.cloud.expire_sessions()
    raised(lambda: account.session.get(PRODUCTS_PATH))
    account.session.login()
    assert names(account.session.get(PRODUCTS_PATH))
    assert account.stored["access_token"]


def test_tokens_that_cannot_be_stored_live_on_in_memory(
    account: Account, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    account.session.get(PRODUCTS_PATH)
    account.session.tokens.path = tmp_path / "ca.pem" / "no folder"
    (tmp_path / "ca.pem").write_text("in the way")
    account.cloud.expire_sessions()
    account.session.login()
    assert names(account.session.get(PRODUCTS_PATH))
    said = [one.getMessage() for one in caplog.records]
    assert sum("Make PW_AUTH_PATH writable" in line for line in said) == 1
    account.session.tokens.path = account.path  # where older tokens still are
    account.cloud.expire_sessions()
    account.session.login()
    assert account.refreshes == (2, 0)
    assert account.stored["refresh_token"] == account.session._tesla.token["refresh_token"]


def test_the_first_look_at_a_broken_file_is_told(account: Account) -> None:
    account.path.write_text("{")
    found = raised(lambda: account.session.get(PRODUCTS_PATH))
    assert isinstance(found, NotSetUp)
    assert "it is no JSON" in str(found)


@settings(max_examples=25)
@given(JSON)
def test_no_account_in_a_file_makes_a_bug(
    tmp_path_factory: pytest.TempPathFactory, sso: Any
) -> None:
    account = Blank(tmp_path_factory.getbasetemp())
    account.write({account.email: {"url": sso, "sso": sso}})
    for call in (lambda: account.session.get(PRODUCTS_PATH), account.session.login):
        with pytest.raises(PowerwallError):
            call()


class Blank(Account):
    """An account that no login has made, of servers that nobody is."""

    def __init__(self, folder: Path) -> None:
        self.cloud = CloudSimulator(frozen=True, port=1)
        self.folder = folder
        super().__init__(self.cloud, folder)

    def write(self, document: Any) -> None:
        self.path.write_text(json.dumps(document))


# -- secrets --------------------------------------------------------------------------------


def test_no_log_and_no_error_has_a_token(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    """At debug and unmasked: the libraries beside us would write all of them."""
    caplog.set_level(logging.DEBUG)
    first = account.stored
    errors = [raised(lambda: account.opened().get("/api/1/nothing"))]
    account.session.get(PRODUCTS_PATH)
    account.session.login()
    account.cloud.faults.start("refresh_rejected")
    errors.append(raised(account.session.login))
    known = [one[name] for one in (first, account.stored) for name in TOKENS]
    said = caplog.text + "".join(f"{error!r} {error.remedy}" for error in errors)
    assert all(one not in said for one in known)
    assert account.secrets.masked(" ".join(known)) == " ".join(["***"] * len(known))
    assert all(one not in repr(account.session) for one in known)


@pytest.mark.parametrize("damage", ["\nX-Evil: 1", "\r\n", " x", "\u2600"])
def test_a_damaged_token_is_sent_nowhere_and_quoted_nowhere(account: Account, damage: str) -> None:
    good = account.stored["access_token"]
    account.store(access_token=good + damage, refresh_token="r" + damage + "t")
    shown = account.session.has_session  # where the damage is at its end only
    errors = [raised(account.session.login)]
    if not shown:
        errors.append(raised(lambda: account.session.get(PRODUCTS_PATH)))
    assert all(good not in f"{error!r}" for error in errors)
    assert shown == (not damage.strip())
    assert account.asked() == 0


# -- what answers mean --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "options", "named"),
    [
        ("limited", {"retry_after": 77}, RateLimited),
        ("failing", {"status": 408}, Unwell),
        ("failing", {"status": 502, "html": True}, Unwell),
        ("null_response", {}, Unwell),
        ("html", {}, Unwell),
        ("empty", {}, Unwell),
        ("null", {}, Unwell),
        ("refusing", {}, Unreachable),
    ],
)
def test_trouble_with_a_read_is_named(
    account: Account, fault: str, options: dict[str, Any], named: type[Exception]
) -> None:
    account.cloud.faults.start(fault, **options)
    found = raised(lambda: account.session.get(PRODUCTS_PATH))
    assert type(found) is named
    assert "PW_HOST" not in found.remedy
    assert "gateway" not in found.remedy
    assert getattr(found, "retry_after_s", None) == options.get("retry_after")


@pytest.mark.parametrize(
    ("fault", "options", "named"),
    [
        ("limited", {"retry_after": 30}, RateLimited),
        ("failing", {"status": 404}, Refused),
        ("failing", {"status": 408}, Unwell),
        ("failing", {"status": 412}, Refused),
        ("failing", {"status": 500}, Unwell),
        ("lost", {}, Unreachable),
        ("dropped", {}, Unreachable),
        ("refusing", {}, NotSent),
        ("tls_abort", {}, NotSent),
        ("certificate", {}, NotSent),
        ("null", {}, Unwell),
    ],
)
def test_trouble_with_a_write_says_whether_it_can_have_been_carried_out(
    account: Account, fault: str, options: dict[str, Any], named: type[Exception]
) -> None:
    account.cloud.faults.start(fault, **options)
    found = raised(lambda: account.session.post(backup(account), {"backup_reserve_percent": 1}))
    assert type(found) is named
    assert len(account.cloud.counters.writes) <= 1


@pytest.mark.parametrize(
    ("document", "shown"),
    [
        ({"response": {"a": 1}}, {"a": 1}),
        ({"response": []}, []),
        ({"response": False}, False),
        ({"response": '{"a": 1}'}, {"a": 1}),
        ({"response": " [1]"}, [1]),
        ({"response": "Sunny"}, "Sunny"),
    ],
)
def test_what_is_in_the_envelope_is_returned(document: Any, shown: Any) -> None:
    assert unwrapped(response(200, document), str) == shown


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"{}", b'{"response": null}', b"<html>", b'{"response": "{"}']
)
def test_without_a_document_there_is_no_answer(body: bytes) -> None:
    with pytest.raises(Unwell):
        unwrapped(response(200, body), str)


@given(st.integers(100, 599).filter(lambda n: n != 200), st.binary(max_size=40) | JSON)
def test_every_other_status_has_a_name_and_one_line(status: int, body: Any) -> None:
    for name in (refusal, write_refusal):
        error = name(response(status, body), str)
        assert str(error).startswith(f"HTTP {status}")
        assert str(error).isprintable()
        assert isinstance(error, Forbidden | NotPermitted) == (status == 403)


def test_a_certificate_that_is_not_trusted_leads_to_the_clock(account: Account) -> None:
    account.cloud.faults.start("certificate")
    assert "clock" in raised(lambda: account.session.get(PRODUCTS_PATH)).remedy
    account.cloud.faults.stop()
    account.cloud.faults.start("refusing")
    assert "internet" in raised(lambda: account.session.get(PRODUCTS_PATH)).remedy


def test_404_is_not_served_and_never_a_login(account: Account) -> None:
    assert isinstance(raised(lambda: account.session.get("/api/1/nothing")), NotServed)


@pytest.mark.parametrize(
    "lasts", [{}, {"expires_in": None}, {"expires_in": "x"}, {"expires_in": 0}]
)
def test_a_grant_that_does_not_say_how_long_lasts_as_tesla_s_do(lasts: dict[str, Any]) -> None:
    """It would be refreshed each minute otherwise."""
    granted = grant_answer(response(200, {"access_token": "a", "expires_at": 5, **lasts}), str)
    assert json.loads(granted.text) == {"access_token": "a", "expires_in": GRANT_LASTS_S}


def test_a_grant_of_another_scope_is_taken() -> None:
    granted = grant_answer(
        response(200, {"access_token": "a", "expires_in": 5, "scope": "x y"}), str
    )
    assert json.loads(granted.text) == {"access_token": "a", "expires_in": 5}


@given(st.sampled_from([200, 400, 401, 403, 429, 500]), st.binary(max_size=30) | JSON)
def test_whatever_a_login_answers_is_tokens_a_reason_or_trouble(status: int, body: Any) -> None:
    try:
        granted = grant_answer(response(status, body), str)
    except PowerwallError:
        return
    assert status in (400, 401) or json.loads(granted.text)["access_token"]
