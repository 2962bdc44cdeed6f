"""How it went to get in, each with its remedy; and what the session may do."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pypowerwall_core.doctor.chart import Chart, LoginSeen, SettingsSeen, Visit, Way
from pypowerwall_core.doctor.finding import Finding, State
from pypowerwall_core.doctor.login import (
    AGGREGATES,
    SOE,
    STATUS,
    judge,
    judge_role,
    release,
    roles_of,
)
from pypowerwall_core.errors import (
    BadCredentials,
    Busy,
    LogInAgain,
    PowerwallError,
    RateLimited,
    Unreachable,
    Unwell,
)

FILE = "/data/.powerwall"
EXPIRED = "the stored session is no longer valid"


def judged(seen: LoginSeen, **settings: Any) -> Finding:
    return judge(Chart(login=seen, settings=SettingsSeen(session_file=FILE, **settings)))


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        (
            LoginSeen(Way.STORED),
            f"the session stored in {FILE} works: no login was sent, no password tried",
        ),
        (
            LoginSeen(Way.OPEN),
            "reads need no login, so none was sent (one can stop firmware before 20.49)",
        ),
        (
            LoginSeen(Way.NEW, logins=1),
            f"logged in once; the session is stored in {FILE}",
        ),
        (
            LoginSeen(Way.NEW, logins=1, had_expired=True),
            f"logged in once; the session is stored in {FILE}; {EXPIRED}",
        ),
    ],
)
def test_each_way_in_is_told(seen: LoginSeen, says: str) -> None:
    finding = judged(seen)
    assert (finding.state, finding.says, finding.remedy) == (State.OK, says, "")


@pytest.mark.parametrize(
    ("error", "logins", "says", "remedy"),
    [
        (BadCredentials("no password"), 0, "PW_PASSWORD is not set", "last five characters"),
        (BadCredentials("refused: bad"), 1, "refused: bad", "tried once"),
        (RateLimited("HTTP 429"), 1, "limits requests: HTTP 429", "10 to 30 minutes"),
        (RateLimited("429", retry_after_s=300.0), 0, "limits", "wait 5 min, as it asks"),
        (LogInAgain("HTTP 403"), 1, "nothing may be read (HTTP 403)", "not the installer's"),
        (Unreachable("silence"), 0, "connected, but /a gets no answer: silence", "overloaded"),
        (Busy("HTTP 503", remedy="It updates."), 0, "/a: HTTP 503", "It updates."),
        (Unwell("broken JSON"), 0, "/a: broken JSON", "restart the gateway"),
        (None, 0, "no path answered", "restart the gateway"),
    ],
)
def test_each_failure_has_its_words_and_its_remedy(
    error: PowerwallError | None, logins: int, says: str, remedy: str
) -> None:
    finding = judged(LoginSeen(error=error, logins=logins, path="/a"))
    assert finding.state is State.FAILED
    assert says in finding.says
    assert remedy in finding.remedy


def test_quotes_around_a_refused_password_are_named() -> None:
    seen = LoginSeen(error=BadCredentials("bad", remedy="Label."), logins=1)
    assert "quotes or blanks" in judged(seen, has_odd_password=True).remedy
    assert "quotes or blanks" not in judged(seen).remedy


def test_who_is_no_gateway_was_not_sent_the_password() -> None:
    finding = judged(LoginSeen(stranger="a router"))
    assert finding.state is State.FAILED
    assert finding.says == "no Powerwall gateway answers: a router"
    assert "not sent" in finding.remedy


def test_a_session_that_cannot_be_stored_is_a_warning() -> None:
    note = "session file x cannot be written (Read-only file system): ..."
    finding = judged(LoginSeen(Way.NEW, logins=1, notes=(note,)))
    assert finding.state is State.WARNING
    assert "stored in" not in finding.says
    assert "PW_CACHE_FILE" in finding.remedy


def test_a_session_file_that_was_replaced_is_a_detail() -> None:
    note = "session file x is ignored and will be replaced: it holds no session"
    finding = judged(LoginSeen(Way.NEW, logins=1, notes=(note,)))
    assert (finding.state, finding.details) == (State.OK, (note,))


# -- the role -----------------------------------------------------------------------------------


def role(way: Way, *roles: str, version: str | None = "23.44.0 abc", **refused: Any) -> Finding:
    visits = [Visit(STATUS, 0.1, document={"version": version})]
    visits += [Visit(path, 0.1, error=error) for path, error in refused.items()]
    return judge_role(Chart(visits=visits, login=LoginSeen(way, roles=roles)))


def test_a_customer_reads_and_changes_nothing_on_newer_firmware() -> None:
    finding = role(Way.NEW, "Home_Owner")
    assert finding.state is State.OK
    assert finding.says.startswith("Home_Owner may read and may change nothing here")
    assert finding.facts["may_write"] is False


@pytest.mark.parametrize(
    ("version", "may_write"),
    [
        ("1.15.0\n", True),
        ("1.49.2", True),
        ("1.50.1", False),
        ("20.49.0", False),
        ("23.44.3-msa 1a2b3c4d", False),
        (None, False),
        ("", False),
        ("nonsense", False),
    ],
)
def test_firmware_tells_whether_a_customer_may_change_anything(
    version: str | None, *, may_write: bool
) -> None:
    assert role(Way.STORED, version=version).facts["may_write"] is may_write


def test_open_firmware_lets_anybody_read() -> None:
    assert role(Way.OPEN, version="1.20.0").says == (
        "anybody may read; a customer may change mode and reserve here (firmware before 1.50)"
    )


def test_a_refused_core_path_is_a_warning() -> None:
    finding = role(Way.NEW, "Home_Owner", **{SOE: LogInAgain("HTTP 403"), AGGREGATES: None})
    assert finding.state is State.WARNING
    assert f"may not read {SOE}" in finding.says
    assert finding.facts["core_forbidden"] == [SOE]


def test_another_role_than_the_customers_is_a_warning() -> None:
    assert role(Way.STORED, "Kiosk_Viewer").state is State.WARNING


def record(document: Any) -> dict[str, str]:
    return {"UserRecord": base64.b64encode(json.dumps(document).encode()).decode()}


def test_roles_are_read_from_the_session_itself() -> None:
    session = record({"roles": ["Home_Owner", 5, "Kiosk_Viewer"], "email": "me@example.com"})
    assert roles_of(session) == ("Home_Owner", "Kiosk_Viewer")
    bare = {"UserRecord": session["UserRecord"].rstrip("=").replace("+", "-").replace("/", "_")}
    assert roles_of(bare) == ("Home_Owner", "Kiosk_Viewer")


@pytest.mark.parametrize(
    "session",
    [
        {},
        {"Authorization": "Bearer x"},
        {"UserRecord": "user"},
        record([]),
        record({"roles": None}),
        record({"roles": "Home_Owner"}),
    ],
)
def test_a_session_without_roles_has_none(session: dict[str, str]) -> None:
    assert roles_of(session) == ()


@given(st.text())
def test_no_record_is_too_odd(text: str) -> None:
    assert roles_of({"UserRecord": text}) == ()


@given(st.one_of(st.none(), st.integers(), st.text()))
def test_no_firmware_text_is_too_odd(text: Any) -> None:
    assert release(text) is None or len(release(text) or ()) == 2
