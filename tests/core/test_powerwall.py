"""`Powerwall`: what its changes send and say, what it is connected to, what it refuses."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

import pytest
from support.commander import FakeCommander
from support.library import (
    COMPLETED,
    GRID,
    LOGIN,
    METERS,
    OPERATION,
    PASSWORD,
    Faked,
    answer,
)
from support.served import free_port

from pypowerwall_core import Powerwall
from pypowerwall_core.commands import Outcome
from pypowerwall_core.errors import Unreachable
from pypowerwall_core.exceptions import (
    InvalidBatteryReserveLevelException,
    PyPowerwallInvalidConfigurationParameter,
)

SILENT = Unreachable("no answer within 5 s", remedy="Look for other programs.")


@pytest.fixture
def pw() -> Faked:
    return Faked()


# -- changes --------------------------------------------------------------------------------


def test_a_reserve_is_the_apps_percent_and_reaches_the_gateway_as_raw(pw: Faked) -> None:
    assert pw.set_reserve(50) == {
        "real_mode": "self_consumption",
        "backup_reserve_percent": 50.0,
        "outcome": "applied",
    }
    assert pw.gateway.bodies == [{"real_mode": "self_consumption", "backup_reserve_percent": 52.5}]
    assert (pw.get_reserve(), pw.get_reserve(scale=False)) == (50.0, 52.5)


@pytest.mark.parametrize(("app_pct", "raw_pct"), [(0, 5.0), (20, 24.0), (33, 36.35), (100, 100.0)])
def test_what_is_set_is_what_is_read(app_pct: float, raw_pct: float, pw: Faked) -> None:
    assert pw.set_reserve(app_pct)["backup_reserve_percent"] == app_pct
    assert pw.gateway.documents[OPERATION]["backup_reserve_percent"] == raw_pct
    assert pw.get_reserve() == pytest.approx(app_pct)


def test_mode_and_reserve_go_in_one_write(pw: Faked) -> None:
    result = pw.set_operation(30, "backup")
    assert (result["real_mode"], result["backup_reserve_percent"]) == ("backup", 30.0)
    assert pw.gateway.count(f"POST {OPERATION}") == 1
    assert pw.gateway.count(f"GET {COMPLETED}") == 1


def test_what_is_not_given_stays_to_the_digit(pw: Faked) -> None:
    pw.gateway.documents[OPERATION]["backup_reserve_percent"] = 23.456789
    assert pw.set_mode("autonomous")["real_mode"] == "autonomous"
    assert pw.gateway.bodies == [{"real_mode": "autonomous", "backup_reserve_percent": 23.456789}]


def test_a_result_can_be_json_and_is_null_where_there_is_none(pw: Faked) -> None:
    assert pw.set_operation(50, jsonformat=True) == (
        '{"real_mode": "self_consumption", "backup_reserve_percent": 50.0, "outcome": "applied"}'
    )
    assert pw.set_operation(mode="holiday", jsonformat=True) == "null"


def test_what_the_gateway_took_and_does_not_show_yet_is_pending(pw: Faked) -> None:
    pw.gateway.applies = False
    result = pw.set_reserve(50)
    assert (result["outcome"], result["backup_reserve_percent"]) == ("pending", 50.0)
    assert pw.get_reserve() == 20.0


def test_a_refusal_is_none_and_a_line_with_the_reason_and_what_to_do(
    pw: Faked, caplog: pytest.LogCaptureFixture
) -> None:
    pw.gateway.script(f"POST {OPERATION}", answer({"code": 403, "error": "no access"}, 403))
    assert pw.set_mode("backup") is None
    (line,) = [one.message for one in caplog.records if one.levelno == logging.ERROR]
    assert line.startswith("rejected: ")
    assert "403" in line
    assert "Tesla's cloud" in line
    assert pw.gateway.count(f"POST {OPERATION}") == 1


class Told(FakeCommander):
    def stop(self) -> None:
        """Have nothing to stop."""


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_is_told_or_said(
    outcome: Outcome, pw: Faked, caplog: pytest.LogCaptureFixture
) -> None:
    why = {"reason": "the answer was lost.", "remedy": "Look at the app."}
    pw.client.site.commander = Told(outcome, **why)  # type: ignore[assignment]
    result = pw.set_mode("backup")
    if outcome in (Outcome.APPLIED, Outcome.PENDING):
        assert (result["outcome"], result["real_mode"]) == (outcome.value, "backup")
        assert caplog.text == ""
    else:
        assert result is None
        (line,) = caplog.messages
        assert line == f"{outcome.value}: the answer was lost. Look at the app"


def test_a_write_whose_answer_is_lost_is_not_repeated(pw: Faked) -> None:
    pw.gateway.script(f"POST {OPERATION}", SILENT)
    assert pw.set_mode("backup") is None
    assert pw.gateway.count(f"POST {OPERATION}") == 1


def test_a_gateway_that_cannot_be_read_is_not_written_to(
    pw: Faked, caplog: pytest.LogCaptureFixture
) -> None:
    pw.gateway.script(f"GET {OPERATION}", SILENT)
    assert pw.set_reserve(50) is None
    assert pw.gateway.bodies == []
    assert "rejected: " in caplog.text


@pytest.mark.parametrize(
    "change",
    [
        lambda pw: pw.set_operation(),
        lambda pw: pw.set_mode("holiday"),
        lambda pw: pw.set_mode(5),
        lambda pw: pw.set_grid_charging(True),
        lambda pw: pw.set_grid_charging("off"),
        lambda pw: pw.set_grid_charging("perhaps"),
        lambda pw: pw.set_grid_export("never"),
        lambda pw: pw.go_off_grid(),
        lambda pw: pw.go_off_grid(confirm=False),
    ],
)
def test_what_cannot_be_or_is_not_confirmed_sends_nothing_and_says_so(
    change: Callable[[Faked], Any], pw: Faked, caplog: pytest.LogCaptureFixture
) -> None:
    assert change(pw) is None
    assert pw.gateway.sent == []
    assert re.search("nothing was (sent|done)", caplog.text)


def test_what_a_gateway_cannot_change_is_said_with_what_it_can(
    pw: Faked, caplog: pytest.LogCaptureFixture
) -> None:
    pw.set_grid_charging(True)
    assert "grid_charging cannot be changed here" in caplog.text
    assert "reserve, mode, grid" in caplog.text


@pytest.mark.parametrize("level", [-0.01, 100.01, 1e300, float("nan"), "20%", [], True])
def test_a_level_out_of_bounds_raises_and_sends_nothing(level: Any, pw: Faked) -> None:
    for change in (pw.set_reserve, pw.set_operation):
        with pytest.raises(InvalidBatteryReserveLevelException, match="0 to 100"):
            change(level)
    assert pw.gateway.sent == []


def test_the_grid_is_left_only_when_confirmed_and_joined_again(pw: Faked) -> None:
    def told(word: str) -> Any:
        return answer({"grid_status": word, "grid_services_active": False})

    up, down = told("SystemGridConnected"), told("SystemIslandedActive")
    pw.gateway.script(f"GET {GRID}", up, down)
    assert pw.go_off_grid(confirm=True) == {"grid": "off", "outcome": "applied"}
    pw.gateway.script(f"GET {GRID}", down, up)
    assert pw.reconnect_grid() == {"grid": "on", "outcome": "applied"}
    assert [body["island_mode"] for body in pw.gateway.bodies] == [
        "intentional_reconnect_failsafe",
        "backup",
    ]
    assert pw.gateway.count("POST /api/v2/islanding/mode") == 2


def test_a_post_returns_what_is_answered_and_none_where_it_failed(
    pw: Faked, caplog: pytest.LogCaptureFixture
) -> None:
    document = {"real_mode": "backup", "backup_reserve_percent": 24}
    assert pw.post(OPERATION, document) == document
    assert pw.post(OPERATION, document, jsonformat=True) == (
        '{"real_mode": "backup", "backup_reserve_percent": 24}'
    )
    assert pw.gateway.bodies == [document, document]
    pw.gateway.script(f"POST {OPERATION}", answer({"error": "no access"}, 403))
    assert pw.post(OPERATION, document) is None
    assert pw.post(OPERATION, document, jsonformat=True) == "null"
    assert f"POST {OPERATION}: HTTP 403: no access. Firmware from about 1.50" in caplog.text
    assert pw.post(OPERATION, {1, 2}) is None
    assert len(pw.gateway.bodies) == 4


# -- connected or not -----------------------------------------------------------------------


def test_connected_is_who_is_told_the_meters_just_now(pw: Faked) -> None:
    assert pw.is_connected()
    assert pw.costs(pw.is_connected) == 0
    pw.status()
    pw.gateway.script(f"GET {METERS}", SILENT)
    pw.clock.advance(6.0)
    # Meters and status are remembered, and of no use as a proof.
    assert not pw.is_connected()
    assert pw.status()
    pw.gateway.script(f"GET {METERS}", answer(pw.gateway.documents[METERS]))
    pw.clock.advance(30.0)
    assert pw.is_connected()


def test_a_powerwall_3_without_a_status_is_connected(pw: Faked) -> None:
    del pw.gateway.documents["/api/status"]
    assert pw.is_connected()
    assert pw.status() is None


def test_behind_a_wrong_password_the_open_status_is_no_connection(pw: Faked) -> None:
    pw.gateway.wants_login = True
    pw.gateway.script(f"POST {LOGIN}", answer({"error": "bad credentials"}, 401))
    assert not pw.connect()
    assert pw.version() == "23.44.1 9064fc6a"
    assert not pw.is_connected()
    assert pw.power() == dict.fromkeys(("site", "solar", "battery", "load"))
    assert pw.gateway.count(f"POST {LOGIN}") == 1


def test_what_is_closed_is_not_connected_and_does_not_wait_to_be(pw: Faked) -> None:
    assert pw.connect()
    pw.close()
    assert not pw.is_connected()
    assert not pw.connect(retry=True)
    assert pw.set_mode("backup") is None
    assert pw.post(OPERATION, {}) is None
    assert pw.poll("/api/other", force=True) is None


@pytest.mark.parametrize("timeout", [0, -1, (), (5, None), "5", None, float("nan"), float("inf")])
def test_a_timeout_that_is_none_raises(timeout: Any) -> None:
    with pytest.raises(PyPowerwallInvalidConfigurationParameter, match="timeout"):
        Powerwall(f"127.0.0.1:{free_port()}", PASSWORD, timeout=timeout)


@pytest.mark.parametrize("expire", [-1, "5", None, float("nan")])
def test_an_expiry_that_is_no_time_raises(expire: Any) -> None:
    with pytest.raises(PyPowerwallInvalidConfigurationParameter, match="pwcacheexpire"):
        Powerwall(f"127.0.0.1:{free_port()}", PASSWORD, pwcacheexpire=expire)
