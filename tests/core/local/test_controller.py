"""What a gateway's controller sends, and how it names what came of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from pypowerwall_core.backends.local.controller import (
    COMPLETED_PATH,
    ISLANDING_PATH,
    OPERATION_PATH,
    LocalController,
    operation_of,
    request,
)
from pypowerwall_core.backends.local.reader import sources
from pypowerwall_core.commands import GRID_CHARGING, ISLAND, MODE, RESERVE
from pypowerwall_core.errors import (
    LogInAgain,
    NotPermitted,
    NotSent,
    NotServed,
    RateLimited,
    Refused,
    Unwell,
)
from pypowerwall_core.lane import Lane

SHOWN = {"real_mode": "self_consumption", "backup_reserve_percent": 24}


class Session:
    """A gateway session and upstream in one, answering as told."""

    name = "gateway"
    has_session = True

    def __init__(self) -> None:
        self.operation: dict[str, Any] = dict(SHOWN)
        self.grid = "SystemGridConnected"
        self.sent: list[tuple[str, Any]] = []
        self.post_errors: list[Exception] = []
        self.completed_error: Exception | None = None
        self.logins = 0
        self.login_error: Exception | None = None
        self._lock = threading.Lock()

    def fetch(self, source: Any) -> Any:
        if source.name == "operation":
            return dict(self.operation)
        if source.name == "grid_status":
            return {"grid_status": self.grid}
        return {}

    def post(self, path: str, document: Any) -> bytes:
        with self._lock:
            self.sent.append((path, document))
        if self.post_errors:
            raise self.post_errors.pop(0)
        return json.dumps(document).encode()

    def get(self, path: str, *, good: Any = (200,)) -> bytes:
        self.sent.append((path, tuple(good)))
        if self.completed_error is not None:
            raise self.completed_error
        return b""

    def explain(self, error: Exception) -> Exception:
        return error

    def login(self) -> None:
        self.logins += 1
        if self.login_error is not None:
            raise self.login_error

    def forget_session(self) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.fixture
def session() -> Session:
    return Session()


@pytest.fixture
def controller(session: Session) -> Iterator[LocalController]:
    lane = Lane(session, sources(5.0, 30.0))  # type: ignore[arg-type]
    lane.start()
    yield LocalController(lane, session)  # type: ignore[arg-type]
    lane.stop()


def test_the_reserve_is_read_on_the_apps_scale(controller: LocalController) -> None:
    assert controller.read([RESERVE, MODE]) == {RESERVE: 20.0, MODE: "self_consumption"}


def test_old_firmware_says_mode() -> None:
    assert operation_of({"mode": "backup"}) == {MODE: "backup", RESERVE: None}


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("SystemGridConnected", "on"),
        ("SystemIslandedActive", "off"),
        ("SystemTransitionToGrid", None),
        ("SystemSomethingNew", None),
    ],
)
def test_the_grid_is_on_or_off_or_in_between(
    controller: LocalController, session: Session, word: str, value: str | None
) -> None:
    session.grid = word
    assert controller.read([ISLAND]) == {ISLAND: value}


def test_a_gateway_claims_what_it_can_turn(controller: LocalController) -> None:
    assert controller.claims == {RESERVE, MODE, ISLAND}
    assert GRID_CHARGING not in controller.claims


@pytest.mark.parametrize(
    ("changes", "shown", "body"),
    [
        ({RESERVE: 20.0}, SHOWN, {"real_mode": "self_consumption", "backup_reserve_percent": 24.0}),
        ({MODE: "backup"}, SHOWN, {"real_mode": "backup", "backup_reserve_percent": 24}),
        (
            {RESERVE: 33.3333333, MODE: "backup"},
            SHOWN,
            {"real_mode": "backup", "backup_reserve_percent": 36.6667},
        ),
        (
            {MODE: "backup"},
            {"mode": "self_consumption", "backup_reserve_percent": 20.600000000000001},
            {"mode": "backup", "backup_reserve_percent": 20.600000000000001},
        ),
        ({RESERVE: 0.0}, SHOWN, {"real_mode": "self_consumption", "backup_reserve_percent": 5.0}),
        (
            {RESERVE: 100.0},
            SHOWN,
            {"real_mode": "self_consumption", "backup_reserve_percent": 100.0},
        ),
    ],
)
def test_what_is_not_to_change_is_sent_to_the_digit(
    changes: Any, shown: Any, body: dict[str, Any]
) -> None:
    write = request(changes, shown)
    assert write.body == body
    assert (write.path, write.completed_by) == (OPERATION_PATH, COMPLETED_PATH)


@pytest.mark.parametrize(
    ("changes", "shown"),
    [({MODE: "backup"}, {"real_mode": "backup"}), ({RESERVE: 20.0}, {})],
)
def test_what_has_to_be_sent_along_must_be_known(changes: Any, shown: Any) -> None:
    with pytest.raises(Refused, match="does not tell"):
        request(changes, shown)


def test_leaving_the_grid_is_a_word_of_its_own() -> None:
    assert request({ISLAND: "off"}, {}).body == {"island_mode": "intentional_reconnect_failsafe"}
    assert request({ISLAND: "on"}, {}).body == {"island_mode": "backup"}
    assert request({ISLAND: "on"}, {}).path == ISLANDING_PATH
    assert request({ISLAND: "on"}, {}).completed_by == ""


def test_a_write_is_one_post_and_what_puts_it_into_effect(
    controller: LocalController, session: Session
) -> None:
    before = controller.read([RESERVE, MODE])
    controller.write({RESERVE: 50.0}, before)
    assert session.sent == [
        (OPERATION_PATH, {"real_mode": "self_consumption", "backup_reserve_percent": 52.5}),
        (COMPLETED_PATH, (200, 202)),
    ]


def written(controller: LocalController) -> None:
    controller.write({RESERVE: 50.0}, controller.read([RESERVE, MODE]))


def test_401_is_one_login_and_one_more_try(controller: LocalController, session: Session) -> None:
    session.post_errors = [LogInAgain("HTTP 401")]
    written(controller)
    assert [path for path, _ in session.sent] == [OPERATION_PATH, OPERATION_PATH, COMPLETED_PATH]
    assert session.logins == 1


def test_401_twice_is_refused(controller: LocalController, session: Session) -> None:
    session.post_errors = [LogInAgain("HTTP 401"), LogInAgain("HTTP 401")]
    with pytest.raises(Refused):
        written(controller)
    assert len(session.sent) == 2


def test_401_without_a_way_to_log_in_has_changed_nothing(
    controller: LocalController, session: Session
) -> None:
    session.post_errors = [LogInAgain("HTTP 401")]
    session.login_error = Unwell("HTTP 500")
    with pytest.raises(NotSent, match="no session"):
        written(controller)


@pytest.mark.parametrize(
    ("error", "named"),
    [
        (NotPermitted("HTTP 403"), NotPermitted),
        (NotSent("connection refused"), NotSent),
        (Refused("HTTP 400"), Refused),
        (RateLimited("HTTP 429"), Refused),
        (NotServed("HTTP 404"), NotServed),
        (Unwell("HTTP 500"), Unwell),
    ],
)
def test_a_post_is_never_sent_again(
    controller: LocalController, session: Session, error: Exception, named: type[Exception]
) -> None:
    session.post_errors = [error]
    with pytest.raises(named):
        written(controller)
    assert [path for path, _ in session.sent] == [OPERATION_PATH]
    assert session.logins == 0


def test_firmware_without_config_completed_needs_none(
    controller: LocalController, session: Session
) -> None:
    session.completed_error = NotServed("HTTP 404")
    written(controller)


@pytest.mark.parametrize("error", [NotSent("no"), Refused("no"), LogInAgain("no"), Unwell("no")])
def test_stored_but_not_put_into_effect_is_not_nothing(
    controller: LocalController, session: Session, error: Exception
) -> None:
    session.completed_error = error
    with pytest.raises(Unwell):
        written(controller)
