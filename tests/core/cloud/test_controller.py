"""What is sent to Tesla for a command: only what changes, once, and what came of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pypowerwall_core.backends.cloud.controller import (
    FULL_PCT,
    KEPT_MOST_PCT,
    CloudController,
    requests_of,
    settings_of,
)
from pypowerwall_core.backends.cloud.reader import PRODUCTS_PATH, CloudUpstream, sources
from pypowerwall_core.commands import GRID_CHARGING, GRID_EXPORT, ISLAND, MODE, RESERVE
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
from pypowerwall_core.failures import LaneState
from pypowerwall_core.lane import Lane
from pypowerwall_core.redact import Secrets

SITE = "/api/1/energy_sites/7"
UPDATED = {"code": 201, "message": "Updated"}
BEFORE = {RESERVE: 20, MODE: "self_consumption", GRID_CHARGING: True, GRID_EXPORT: "battery_ok"}
NO_GRID = "disallow_charge_from_grid_with_solar_installed"
RULE = "customer_preferred_export_rule"


class Session:
    """An account that shows what is set, and answers writes as told."""

    email = "someone@example.com"
    has_session = True

    def __init__(self) -> None:
        self.info: dict[str, Any] = {
            "backup_reserve_percent": 20,
            "default_real_mode": "self_consumption",
            "components": {"solar": True, RULE: "battery_ok"},
        }
        self.sent: list[tuple[str, Any]] = []
        self.reads = 0
        self.post_errors: list[Exception | None] = []
        self.answer: Any = dict(UPDATED)
        self.logins = 0
        self.login_error: Exception | None = None
        self.products_errors: list[Exception] = []
        self.secrets = Secrets()
        self._lock = threading.Lock()

    def get(self, path: str, _: Mapping[str, str] | None = None) -> Any:
        if path == PRODUCTS_PATH:
            if self.products_errors:
                raise self.products_errors.pop(0)
            return [{"energy_site_id": 7, "resource_type": "battery"}]
        self.reads += path.endswith("site_info")
        return self.info

    def post(self, path: str, document: Any) -> Any:
        with self._lock:
            self.sent.append((path, document))
        error = self.post_errors.pop(0) if self.post_errors else None
        if error is not None:
            raise error
        return self.answer

    def login(self) -> None:
        self.logins += 1
        if self.login_error is not None:
            raise self.login_error

    def forget(self) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.fixture
def session() -> Session:
    return Session()


@pytest.fixture
def controller(session: Session) -> Iterator[CloudController]:
    upstream = CloudUpstream(session, stored=lambda: None)  # type: ignore[arg-type]
    lane = Lane(upstream, sources())
    lane.start()
    yield CloudController(lane, session, upstream)  # type: ignore[arg-type]
    lane.stop()


# -- what is set ----------------------------------------------------------------------------


def test_what_is_set_is_on_the_apps_scale(controller: CloudController) -> None:
    assert controller.read([RESERVE, MODE]) == {RESERVE: 20, MODE: "self_consumption"}
    assert controller.read([GRID_EXPORT]) == {GRID_EXPORT: "battery_ok"}


def test_each_reading_is_a_new_one(controller: CloudController, session: Session) -> None:
    controller.read([RESERVE])
    session.info["backup_reserve_percent"] = 30
    assert controller.read([RESERVE]) == {RESERVE: 30}
    assert session.reads == 2


@pytest.mark.parametrize("info", [None, [], {}, {"backup_reserve_percent": "20"}])
def test_what_is_not_told_is_not_known(info: Any) -> None:
    found = settings_of(info)
    assert (found[RESERVE], found[MODE]) == (None, None)


def test_an_account_claims_what_the_app_can_turn(controller: CloudController) -> None:
    assert controller.claims == {RESERVE, MODE, GRID_CHARGING, GRID_EXPORT}
    assert ISLAND not in controller.claims


# -- what is sent ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "calls"),
    [
        ({RESERVE: 30.0}, [("backup", {"backup_reserve_percent": 30})]),
        ({MODE: "backup"}, [("operation", {"default_real_mode": "backup"})]),
        ({GRID_CHARGING: False}, [("grid_import_export", {NO_GRID: True})]),
        ({GRID_CHARGING: True}, [("grid_import_export", {NO_GRID: False})]),
        ({GRID_EXPORT: "never"}, [("grid_import_export", {RULE: "never"})]),
        (
            {GRID_EXPORT: "pv_only", GRID_CHARGING: False},
            [("grid_import_export", {NO_GRID: True, RULE: "pv_only"})],
        ),
        (
            {MODE: "autonomous", RESERVE: 0.0},
            [
                ("backup", {"backup_reserve_percent": 0}),
                ("operation", {"default_real_mode": "autonomous"}),
            ],
        ),
    ],
)
def test_only_the_field_that_changes_is_sent(
    changes: Any, calls: list[tuple[str, dict[str, Any]]]
) -> None:
    assert requests_of(changes) == calls


@given(st.integers(0, 100) | st.floats(0, 100))
def test_a_reserve_is_a_whole_percent_that_tesla_keeps_or_is_not_sent(app_pct: float) -> None:
    keeps = app_pct <= KEPT_MOST_PCT or app_pct == FULL_PCT
    if keeps and float(app_pct).is_integer():
        ((_, body),) = requests_of({RESERVE: app_pct})
        assert body["backup_reserve_percent"] == app_pct
        assert isinstance(body["backup_reserve_percent"], int)
        return
    with pytest.raises(Refused, match="nothing was sent") as info:
        requests_of({RESERVE: app_pct, MODE: "backup"})
    assert info.value.remedy.startswith("Set ")


@pytest.mark.parametrize("app_pct", [81.0, 90.0, 99.0, 20.5])
def test_what_tesla_would_not_keep_is_refused_before_anything_is_sent(
    controller: CloudController, session: Session, app_pct: float
) -> None:
    with pytest.raises(Refused, match="nothing was sent"):
        controller.write({MODE: "backup", RESERVE: app_pct}, BEFORE)
    assert session.sent == []


def test_what_is_so_already_is_left_out_beside_what_changes(
    controller: CloudController, session: Session
) -> None:
    controller.write({RESERVE: 20.0, MODE: "backup"}, BEFORE)
    assert session.sent == [(f"{SITE}/operation", {"default_real_mode": "backup"})]


def test_what_is_so_already_is_sent_where_nothing_changes(
    controller: CloudController, session: Session
) -> None:
    controller.write({RESERVE: 20.0}, BEFORE)
    assert session.sent == [(f"{SITE}/backup", {"backup_reserve_percent": 20})]


# -- what came of it ------------------------------------------------------------------------


def test_401_is_one_refresh_and_one_more_try(controller: CloudController, session: Session) -> None:
    session.post_errors = [LogInAgain("HTTP 401", ended=True)]
    controller.write({RESERVE: 30.0}, BEFORE)
    assert len(session.sent) == 2
    assert session.logins == 1


def test_401_twice_is_refused(controller: CloudController, session: Session) -> None:
    session.post_errors = [LogInAgain("HTTP 401"), LogInAgain("HTTP 401")]
    with pytest.raises(Refused):
        controller.write({RESERVE: 30.0}, BEFORE)
    assert (len(session.sent), session.logins) == (2, 1)


def test_401_without_a_new_token_has_changed_nothing(
    controller: CloudController, session: Session
) -> None:
    session.post_errors = [LogInAgain("HTTP 401")]
    session.login_error = Unwell("HTTP 500")
    with pytest.raises(NotSent, match="no session"):
        controller.write({RESERVE: 30.0}, BEFORE)
    assert len(session.sent) == 1


@pytest.mark.parametrize(
    ("error", "named"),
    [
        (NotPermitted("HTTP 403"), NotPermitted),
        (NotSent("connection refused"), NotSent),
        (Refused("HTTP 412"), Refused),
        (RateLimited("HTTP 429"), Refused),
        (NotServed("HTTP 404"), NotServed),
        (Unwell("HTTP 500"), Unwell),
        (Unreachable("reset"), Unreachable),
    ],
)
def test_a_write_is_never_sent_again(
    controller: CloudController, session: Session, error: Exception, named: type[Exception]
) -> None:
    session.post_errors = [error]
    with pytest.raises(named):
        controller.write({RESERVE: 30.0, MODE: "backup"}, BEFORE)
    assert len(session.sent) == 1
    assert session.logins == 0


# The account is asked for its sites before the first write, and after any path's 404.


@pytest.mark.parametrize(
    "error",
    [
        Unreachable("reset", remedy="Mend it."),
        Unwell("HTTP 500", remedy="Mend it."),
        NotServed("HTTP 404", remedy="Mend it."),
        Forbidden("HTTP 403", remedy="Mend it."),
        NotSetUp("the account has no site 7", remedy="Mend it."),
    ],
    ids=lambda error: type(error).__name__,
)
def test_where_the_site_is_not_known_nothing_was_sent(
    controller: CloudController, session: Session, error: PowerwallError
) -> None:
    session.products_errors = [error]
    with pytest.raises(NotSent, match=f"{error}") as info:
        controller.write({RESERVE: 30.0}, BEFORE)
    assert info.value.remedy == "Mend it."
    assert session.sent == []


def test_401_to_who_asks_for_the_site_is_one_refresh_and_the_write(
    controller: CloudController, session: Session
) -> None:
    session.products_errors = [LogInAgain("HTTP 401", ended=True)]
    controller.write({RESERVE: 30.0}, BEFORE)
    assert (len(session.sent), session.logins) == (1, 1)


def test_429_to_who_asks_for_the_site_leaves_tesla_alone(
    controller: CloudController, session: Session
) -> None:
    session.products_errors = [RateLimited("HTTP 429", retry_after_s=60)]
    with pytest.raises(Refused):
        controller.write({RESERVE: 30.0}, BEFORE)
    assert session.sent == []
    assert controller._lane.view().condition.state is LaneState.LIMITED


@pytest.mark.parametrize(
    "error",
    [NotSent("no"), Refused("no"), NotPermitted("no"), RateLimited("no"), Unwell("no")],
)
def test_a_second_call_that_fails_is_not_nothing(
    controller: CloudController, session: Session, error: Exception
) -> None:
    session.post_errors = [None, error]
    with pytest.raises(Unwell) as info:
        controller.write({RESERVE: 30.0, MODE: "backup"}, BEFORE)
    assert not isinstance(info.value, NotSent | Refused)
    assert len(session.sent) == 2


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ({"code": 400, "message": "Bad reserve"}, "Bad reserve"),
        ({"code": 403}, "code 403"),
        ({"code": 0, "message": None}, "code 0"),
    ],
)
def test_a_refusal_in_the_body_of_a_good_answer_is_one(
    controller: CloudController, session: Session, answer: Any, says: str
) -> None:
    session.answer = answer
    with pytest.raises(Refused, match=says):
        controller.write({RESERVE: 30.0}, BEFORE)


@pytest.mark.parametrize("before", ["", "x" * 90])
def test_what_tesla_says_of_a_write_shows_no_token(
    controller: CloudController, session: Session, before: str
) -> None:
    session.secrets.hide_token("qts-0123456789")
    session.answer = {"code": 400, "message": f"{before}qts-0123456789\nBad"}
    with pytest.raises(Refused) as info:
        controller.write({RESERVE: 30.0}, BEFORE)
    assert f"{before}***" in f"{info.value}"
    assert "qts-" not in f"{info.value}"
    assert f"{info.value}".isprintable()


@pytest.mark.parametrize(
    "answer", [UPDATED, {"code": 200}, {"code": 201.0}, {}, True, "Updated", {"code": "201"}]
)
def test_any_other_good_answer_is_taken(
    controller: CloudController, session: Session, answer: Any
) -> None:
    session.answer = answer
    controller.write({RESERVE: 30.0}, BEFORE)
    assert len(session.sent) == 1


def test_what_was_written_is_read_back_anew(controller: CloudController, session: Session) -> None:
    controller.read([RESERVE])
    controller.write({RESERVE: 30.0}, BEFORE)
    session.info["backup_reserve_percent"] = 30
    assert controller.read([RESERVE]) == {RESERVE: 30}
