"""How a Tesla account is, found out over real TLS with a simulated cloud."""

from __future__ import annotations

import json

import pytest
from support.cloudlogin import Home, full_disk, stored

from pypowerwall_core.cli.checktext import text

PRODUCTS = "/api/1/products"


def test_a_check_of_a_good_login_makes_one_request(home: Home) -> None:
    home.connect(home.browser)
    home.cloud.counters.reset()
    report = home.check()
    assert report.works
    assert (report.site_by, report.accounts[0].request) == (".pypowerwall.site", "ok")
    assert report.file.mode == 0o600
    assert {seen.http for seen in report.servers.values()} == {"HTTP/2"}
    assert home.cloud.counters.snapshot()["requests"] == {PRODUCTS: 1}


def test_a_check_refreshes_a_token_that_has_ended_and_says_so(home: Home) -> None:
    home.connect(home.browser)
    before = home.tokens
    home.end_tokens()
    report = home.check()
    assert report.works
    assert report.accounts[0].refreshed
    assert not set(before) & set(home.tokens)


def test_a_check_refreshes_a_token_that_is_not_taken_before_its_time(home: Home) -> None:
    home.connect(home.browser)
    home.cloud.expire_sessions()
    report = home.check()
    assert report.works
    assert report.accounts[0].refreshed


def test_a_token_that_could_not_be_stored_is_not_asked_for(home: Home) -> None:
    home.connect(home.browser)
    home.end_tokens()
    before = home.tokens
    with full_disk():
        report = home.check()
    assert not report.works
    assert "a new one could not be stored: File too large" in report.accounts[0].trouble
    assert home.cloud.counters.snapshot()["refreshes"] == 0
    assert home.tokens == before


@pytest.mark.parametrize(
    ("fault", "options", "request_ended", "words"),
    [
        ("forbidden", {}, "forbidden", "refuses the token"),
        ("limited", {"retry_after": 45}, "rate_limited", "alone for 45 s"),
        ("failing", {}, "unwell", "not well"),
        ("refresh_rejected", {}, "not_set_up", "not renewed"),
        ("fingerprint", {}, "forbidden", "login refuses this machine"),
    ],
)
def test_a_check_tells_what_is_in_the_way(
    home: Home, fault: str, options: dict[str, object], request_ended: str, words: str
) -> None:
    home.connect(home.browser)
    if fault in ("refresh_rejected", "fingerprint"):
        home.end_tokens()
    home.cloud.faults.start(fault, **options)  # type: ignore[arg-type]
    report = home.check()
    assert not report.works
    assert report.accounts[0].request == request_ended
    assert words in report.accounts[0].trouble
    assert report.accounts[0].remedy


def test_a_check_of_servers_that_are_not_there_says_why(home: Home) -> None:
    home.connect(home.browser)
    home.cloud.faults.start("refusing")
    report = home.check()
    assert not report.works
    kinds = {seen.trouble.kind for seen in report.servers.values() if seen.trouble}
    assert kinds == {"refused"}


@pytest.mark.parametrize(
    ("written", "trouble"),
    [
        (None, "no Tesla account is set up"),
        ("", "no Tesla account is set up"),
        ("{}", "no Tesla account is set up"),
        ("not JSON", "cannot be read"),
        ("[]", "holds no accounts"),
    ],
)
def test_a_check_without_an_account_says_so(home: Home, written: str | None, trouble: str) -> None:
    (home.folder / "auth").mkdir()
    if written is not None:
        home.file.write_text(written, "utf-8")
    report = home.check()
    assert not report.works
    assert trouble in report.troubles[0]


def test_a_check_of_a_file_that_cannot_be_looked_at_says_why(home: Home) -> None:
    (home.folder / "auth").write_text("in the way", "utf-8")
    report = home.check()
    assert not report.works
    assert report.file.mode is None
    assert "cannot be read: Not a directory" in report.troubles[0]
    assert "(not readable)" in text(report, color=False, shows_email=False)


def test_a_check_warns_before_tokens_cannot_be_stored(home: Home) -> None:
    home.connect(home.browser)
    with full_disk():
        report = home.check()
    assert report.works
    assert "cannot be stored" in report.notes[0]


def test_a_check_warns_of_a_file_that_others_read(home: Home) -> None:
    home.connect(home.browser)
    home.file.chmod(0o644)
    report = home.check()
    assert report.works
    assert "chmod 600" in report.notes[0]


def test_a_check_knows_a_site_that_the_account_does_not_have(home: Home) -> None:
    home.connect(home.browser)
    (home.folder / "auth/.pypowerwall.site").write_text("4711", "ascii")
    assert "no site 4711" in home.check().troubles[0]
    assert "no site 815" in home.check(PW_SITEID="815").troubles[0]
    assert home.check(PW_SITEID=f"{home.cloud.site_id}").site_by == "PW_SITEID"


def test_accounts_that_are_not_used_are_asked_but_never_refreshed(home: Home) -> None:
    home.connect(home.browser)
    accounts = stored(home.folder)
    both = {**accounts, "other@example.com": accounts[home.cloud.email]}
    home.file.write_text(json.dumps(both), "utf-8")
    home.cloud.counters.reset()
    used, other = home.check().accounts
    assert (used.request, other.request) == ("ok", "ok")
    home.end_tokens()
    used, other = home.check().accounts
    assert (used.refreshed, other.refreshed) == (True, False)
    assert other.request == "not_asked"
    assert "gets a new one when it is used" in other.trouble
