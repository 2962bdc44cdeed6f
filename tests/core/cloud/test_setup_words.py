"""What setup tells: of failures, of tokens, of servers that cannot be reached."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import ssl
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pypowerwall_core.backends.cloud.choice import EnergySite
from pypowerwall_core.backends.cloud.reach import Reach, trouble_of
from pypowerwall_core.backends.cloud.storing import storable, uninterrupted, unwritable
from pypowerwall_core.backends.cloud.tokenfacts import TokenFacts, claims_of, facts_of
from pypowerwall_core.cli.checktext import document, masked, text
from pypowerwall_core.cli.cloudcheck import AccountReport, Report, StoredFile
from pypowerwall_core.cli.cloudwords import DATA, LOGIN, in_words, now, span
from pypowerwall_core.errors import (
    BadSetting,
    Forbidden,
    LogInAgain,
    NotServed,
    PowerwallError,
    RateLimited,
    Unreachable,
    Unwell,
)

NOW_S = 1_800_000_000.0
HOME = EnergySite(2252100000000101, "battery", "Home")


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s"),
        (0.2, "1 s"),
        (59, "59 s"),
        (60, "1 min"),
        (90, "1 min 30 s"),
        (3600, "1 h"),
        (15_130, "4 h 12 min"),
        (86_400, "1 d"),
        (90 * 86_400 + 7200, "90 d 2 h"),
    ],
)
def test_a_span_is_told_in_two_units(seconds: float, shown: str) -> None:
    assert span(seconds) == shown


@pytest.mark.parametrize(
    ("error", "at", "says", "remedy"),
    [
        (Forbidden("HTTP 403"), LOGIN, "login refuses this machine", "local mode"),
        (Forbidden("HTTP 403"), DATA, "data server refuses the token", "another machine"),
        (LogInAgain("HTTP 401"), DATA, "does not take the token", "Log in once more"),
        (NotServed("HTTP 404"), DATA, "does not know the site", "choose anew"),
        (RateLimited("HTTP 429", retry_after_s=90), DATA, "alone for 1 min 30 s", "Wait 1 min"),
        (RateLimited("HTTP 429"), LOGIN, "wants to be left alone", "at least 5 minutes"),
        (Unreachable("Server disconnected"), LOGIN, "disconnected", "reaches the internet"),
        (Unwell("HTTP 503"), DATA, "not well: HTTP 503", "ends by itself"),
    ],
)
def test_each_failure_has_words_and_a_remedy(
    error: PowerwallError, at: str, says: str, remedy: str
) -> None:
    told = in_words(error, at)
    assert says in f"{told}"
    assert remedy in told.remedy


def test_who_was_refused_is_told_not_to_repeat_it() -> None:
    for at in (LOGIN, DATA):
        assert "Do not try again at once" in in_words(Forbidden("HTTP 403"), at).remedy


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (socket.gaierror(-2, "Name or service not known"), "dns"),
        (UnicodeError("label too long"), "dns"),
        (TimeoutError(), "silent"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), "refused"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), "offline"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), "offline"),
        (ssl.SSLCertVerificationError(1, "self-signed"), "certificate"),
        (ssl.SSLError(1, "alert"), "tls"),
        (ConnectionResetError(errno.ECONNRESET, "reset"), "broken"),
    ],
)
def test_a_connection_that_fails_is_told_by_its_reason(error: OSError, kind: str) -> None:
    trouble = trouble_of(error, 5.0)
    assert trouble.kind == kind
    assert trouble.says
    assert trouble.remedy.endswith((".", "PW_CLOUD_CA."))


@pytest.mark.parametrize(
    ("live", "shown"),
    [
        (
            {"solar_power": 3200.4, "load_power": 1100, "battery_power": -1900, "grid_power": 0,
             "percentage_charged": 69.21},
            "solar 3200 W, home 1100 W, battery -1900 W, grid 0 W, charged 69.2 % as in the app",
        ),
        ({"solar_power": 12, "battery_power": None}, "solar 12 W"),
        ({}, "nothing yet"),
        (None, "nothing yet"),
        ({"solar_power": "many"}, "nothing yet"),
    ],
)  # fmt: skip
def test_what_a_site_does_now_is_told_as_far_as_it_is_known(live: object, shown: str) -> None:
    assert now(live) == shown


# -- tokens --------------------------------------------------------------------------------


@given(st.text(max_size=60) | st.text('ey.{}[]"09aA_-', max_size=60))
def test_no_text_is_too_odd_to_be_asked_what_it_claims(token: str) -> None:
    assert isinstance(dict(claims_of(token)), dict)


@pytest.mark.parametrize(
    ("sso", "facts"),
    [
        (None, TokenFacts(has_access=False, has_refresh=False)),
        ({"refresh_token": "r", "access_token": "", "expires_at": 0},
         TokenFacts(has_access=False, has_refresh=True)),
        ({"refresh_token": "r", "access_token": "a", "expires_at": NOW_S, "expires_in": 28800},
         TokenFacts(has_access=True, has_refresh=True, access_ends_s=NOW_S,
                    renewed_s=NOW_S - 28800)),
        ({"refresh_token": 1, "access_token": ["a"], "expires_at": "soon"},
         TokenFacts(has_access=False, has_refresh=False)),
    ],
)  # fmt: skip
def test_what_is_known_of_tokens_is_told(sso: object, facts: TokenFacts) -> None:
    assert facts_of({"sso": sso}) == facts


# -- the report ----------------------------------------------------------------------------


def report(**changed: object) -> Report:
    facts = TokenFacts(
        has_access=True,
        has_refresh=True,
        access_ends_s=NOW_S + 3600,
        renewed_s=NOW_S - 7 * 3600,
    )
    account = AccountReport("me@example.com", in_use=True, facts=facts, request="ok", sites=(HOME,))
    given: dict[str, object] = {
        "now_s": NOW_S,
        "file": StoredFile(Path("/auth/.pypowerwall.auth"), 0o600),
        "servers": {"login": Reach("https://auth.tesla.com/", "HTTP/2", "TLSv1.3", 0.034)},
        "accounts": (account,),
        "site": HOME,
        "site_by": ".pypowerwall.site",
    }
    return Report(**(given | changed))  # type: ignore[arg-type]


def test_a_report_is_told_in_lines() -> None:
    assert text(report(), color=False, shows_email=True) == (
        "tokens    /auth/.pypowerwall.auth (mode 0600)\n"
        "login     auth.tesla.com: HTTP/2, TLSv1.3, 34 ms\n"
        "\n"
        "account   me@example.com (in use)\n"
        "  refresh token renewed 7 h ago, ends in about 89 d 17 h unless it is used\n"
        "  access  token ends in 1 h\n"
        "  request Tesla answers\n"
        "  site    2252100000000101 (Home, battery), chosen by .pypowerwall.site\n"
        "\n"
        "Cloud mode works."
    )


def test_an_email_address_is_masked_in_json_and_wherever_a_stranger_may_read() -> None:
    assert "me@example.com" not in text(report(), color=False, shows_email=False)
    found = json.loads(document(report(troubles=("me@example.com has no tokens",))))
    assert found["accounts"][0]["email"] == "m***@example.com"
    assert found["troubles"] == ["m***@example.com has no tokens"]
    assert masked("nonsense") == "***"


def test_only_the_verdict_is_colored() -> None:
    assert text(report(), color=True, shows_email=True).endswith(
        "\x1b[1;32mCloud mode works.\x1b[0m"
    )
    bad = text(report(site=None), color=True, shows_email=True)
    assert bad.endswith("\x1b[1;31mCloud mode does not work.\x1b[0m")


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (TokenFacts(has_access=True, has_refresh=False), "token missing: run `powerwall setup`"),
        (TokenFacts(has_access=False, has_refresh=True), "its age is not known"),
        (
            TokenFacts(has_access=True, has_refresh=True, renewed_s=NOW_S - 85 * 86_400),
            "ends in about 5 d unless it is used: log in again before",
        ),
        (
            TokenFacts(has_access=True, has_refresh=True, renewed_s=NOW_S - 95 * 86_400),
            "has probably ended",
        ),
        (
            TokenFacts(has_access=True, has_refresh=True, access_ends_s=NOW_S - 120),
            "token ended 2 min ago",
        ),
        (TokenFacts(has_access=False, has_refresh=True), "one is asked for before use"),
    ],
)
def test_old_and_missing_tokens_are_told(facts: TokenFacts, words: str) -> None:
    account = AccountReport("me@example.com", in_use=True, facts=facts)
    assert words in text(report(accounts=(account,)), color=False, shows_email=True)


def test_names_cannot_move_the_cursor() -> None:
    odd = EnergySite(1, "battery", "Ho\x1b[2Jme\n")
    account = AccountReport(
        "me\x1b@example.com", in_use=True, facts=TokenFacts(has_access=True, has_refresh=True),
        request="ok", sites=(odd,),
    )  # fmt: skip
    shown = text(report(accounts=(account,), site=odd), color=False, shows_email=True)
    assert "\x1b" not in shown


def test_ctrl_c_waits_until_tokens_are_stored() -> None:
    done = []
    before = signal.getsignal(signal.SIGINT)

    def store() -> None:
        with uninterrupted():
            os.kill(os.getpid(), signal.SIGINT)
            done.append("stored")

    with pytest.raises(KeyboardInterrupt):
        store()
    assert done == ["stored"]
    assert signal.getsignal(signal.SIGINT) is before


# -- where tokens are stored ---------------------------------------------------------------


def test_a_folder_that_is_not_there_yet_will_do(tmp_path: Path) -> None:
    assert storable(tmp_path / "some" / "where") == {}
    assert not (tmp_path / "some").exists()


def test_an_empty_file_is_no_file(tmp_path: Path) -> None:
    (tmp_path / ".pypowerwall.auth").touch()
    assert storable(tmp_path) == {}


@pytest.mark.parametrize("written", ["notes of mine", "[1, 2]", "{", "\0\1\2", "\ud800"])
def test_a_file_of_another_program_is_left_alone(tmp_path: Path, written: str) -> None:
    file = tmp_path / ".pypowerwall.auth"
    before = written.encode("utf-8", "surrogatepass")
    file.write_bytes(before)
    with pytest.raises(BadSetting, match="is left alone"):
        storable(tmp_path)
    assert file.read_bytes() == before


def test_a_folder_in_the_place_of_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / ".pypowerwall.site").mkdir()
    with pytest.raises(BadSetting, match="is a folder"):
        storable(tmp_path)


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        assert unwritable(path) is not None


def test_a_folder_that_cannot_even_be_looked_for_is_told(tmp_path: Path) -> None:
    assert unwritable(tmp_path / ("x" * 300)) == "File name too long"


def test_a_folder_that_cannot_be_written_is_told() -> None:
    assert unwritable(Path("/proc/self")) is not None


def test_asking_whether_a_folder_can_be_written_leaves_it_as_it_was(tmp_path: Path) -> None:
    mode = stat.S_IMODE(tmp_path.stat().st_mode)
    assert unwritable(tmp_path) is None
    assert list(tmp_path.iterdir()) == []
    assert stat.S_IMODE(tmp_path.stat().st_mode) == mode
