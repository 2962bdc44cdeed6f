"""No token is lost that Tesla gives once: whoever stops us, races us or takes the disk away."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from support.accounts import Account
from support.served import until

from pypowerwall_core.backends.cloud.answers import grant_answer
from pypowerwall_core.backends.cloud.reader import PRODUCTS_PATH
from pypowerwall_core.backends.cloud.regions import login_of
from pypowerwall_core.backends.cloud.session import CloudSession
from pypowerwall_core.errors import Forbidden, NotSetUp

TOKEN_PATH = "/oauth2/v3/token"
TESLA, CHINA = "https://auth.tesla.com/", "https://auth.tesla.cn/"


def answered(document: Any) -> requests.Response:
    answer = requests.Response()
    answer.status_code = 200
    answer._content = json.dumps(document).encode()
    return answer


def known(session: CloudSession) -> str:
    assert session._tesla is not None
    refresh_token: str = session._tesla.token["refresh_token"]
    return refresh_token


# -- what the login gives -------------------------------------------------------------------


@pytest.mark.parametrize("given", [None, "", "  ", 5, "broken\nin two"])
def test_a_grant_with_a_refresh_token_that_is_none_leaves_the_old_one(given: Any) -> None:
    document = {"access_token": "a.b.c", "refresh_token": given}
    assert "refresh_token" not in json.loads(grant_answer(answered(document), str).text)


def test_a_new_refresh_token_is_taken() -> None:
    document = {"access_token": "a.b.c", "refresh_token": "NA_new"}
    assert json.loads(grant_answer(answered(document), str).text)["refresh_token"] == "NA_new"


# -- others ---------------------------------------------------------------------------------


def test_who_is_refused_because_another_program_was_quicker_takes_over_its_tokens(
    account: Account,
) -> None:
    account.session.get(PRODUCTS_PATH)
    account.cloud.expire_sessions()
    other = account.opened()
    load, looked = account.session.tokens.load, []

    def quicker() -> dict[str, Any]:
        found = load()
        if not looked:  # between our look at the file and our refresh
            looked.append(other.login())
        return found

    account.session.tokens.load = quicker  # type: ignore[method-assign]
    account.session.login()
    assert account.refreshes == (1, 1)
    assert known(account.session) == account.stored["refresh_token"]
    assert account.session.get(PRODUCTS_PATH)


def test_a_stop_lets_a_refresh_end_that_is_under_way(account: Account) -> None:
    account.session.get(PRODUCTS_PATH)
    before = account.stored["refresh_token"]
    account.cloud.faults.start("slow", path=TOKEN_PATH, seconds=0.3)
    refresh = threading.Thread(target=account.session.login)
    refresh.start()
    until(lambda: TOKEN_PATH in json.dumps(account.cloud.counters.snapshot()))
    account.session.close()
    refresh.join()
    assert account.stored["refresh_token"] != before
    assert account.opened().get(PRODUCTS_PATH)


# -- a disk that takes nothing --------------------------------------------------------------


@contextmanager
def no_folder(account: Account) -> Iterator[None]:
    """Have something else be in its place, which stops root as well."""
    away = account.folder.with_name("away")
    account.folder.rename(away)
    account.folder.write_text("in the way")
    yield
    account.folder.unlink()
    away.rename(account.folder)


def refreshed_without_folder(account: Account) -> None:
    account.session.get(PRODUCTS_PATH)
    account.cloud.expire_sessions()
    with no_folder(account):
        account.session.login()
        account.session.get(PRODUCTS_PATH)


def test_tokens_that_could_not_be_stored_are_as_soon_as_they_can(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    before = account.stored["refresh_token"]
    now_s = account.session.clock()
    account.session.clock = lambda: now_s
    refreshed_without_folder(account)
    account.session.get(PRODUCTS_PATH)
    assert account.stored["refresh_token"] == before  # it was tried a moment ago
    now_s += 61
    account.session.get(PRODUCTS_PATH)
    assert account.stored["refresh_token"] == known(account.session) != before
    said = [one.getMessage() for one in caplog.records]
    assert sum("cannot be written" in line for line in said) == 1
    assert account.opened().get(PRODUCTS_PATH)


def test_a_new_login_is_worth_more_than_what_could_not_be_stored(
    account: Account,
) -> None:
    refreshed_without_folder(account)
    login = account.new_login()
    account.store(**login)
    account.cloud.faults.start("forbidden", count=1)
    with pytest.raises(Forbidden):
        account.session.get(PRODUCTS_PATH)
    assert account.session.get(PRODUCTS_PATH)
    assert known(account.session) == login["refresh_token"] == account.stored["refresh_token"]


def test_what_could_not_be_stored_does_not_give_way_to_what_it_replaced(
    account: Account,
) -> None:
    old = account.stored["refresh_token"]
    refreshed_without_folder(account)
    account.cloud.expire_sessions()
    account.session.login()
    assert account.refreshes == (2, 0)
    assert account.stored["refresh_token"] == known(account.session) != old


# -- whose login it is ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "login"),
    [
        (TESLA, TESLA),
        ("https://auth.tesla.com", TESLA),
        ("https://auth.tesla.com/void/callback", TESLA),
        ("https://auth-global.tesla.com/", "https://auth-global.tesla.com/"),
        ("https://127.0.0.1:9443/", "https://127.0.0.1:9443/"),
        ("https://[::1]:9443/x", "https://[::1]:9443/"),
        (CHINA, CHINA),
        ("http://auth.tesla.cn/", CHINA),  # nothing is sent in the clear
        ("http://auth.tesla.com/", TESLA),
        ("auth.tesla.com", TESLA),
        ("", TESLA),
        ("https://", TESLA),
        ("https:///oauth2", TESLA),
        ("https://auth.tesla.com:x/", TESLA),
        ("https://auth.tesla.com:99999/", TESLA),
        ("https://[::1/", TESLA),
        ("https://auth.tesla.com@elsewhere.example/", TESLA),
    ],
)
def test_a_login_is_an_address_that_tokens_may_be_sent_to(url: str, login: str) -> None:
    assert login_of(url) == login


def test_an_account_whose_address_is_none_makes_no_bug(account: Account) -> None:
    document = json.loads(account.path.read_text())
    document[account.email]["url"] = "https://[::1/"
    account.path.write_text(json.dumps(document))
    assert account.opened().get(PRODUCTS_PATH)


def test_a_refusal_without_news_in_the_file_stays_one(account: Account) -> None:
    account.session.get(PRODUCTS_PATH)
    account.cloud.faults.start("refresh_rejected")
    with pytest.raises(NotSetUp):
        account.session.login()
    assert account.refreshes == (0, 1)
