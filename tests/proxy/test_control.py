"""Contract 2.2 to 2.4: what each action reads, and what each outcome answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.commander import SECRET, Commanded, FakeCommander
from support.desk import HERE, Served

from proxy.routes import COMMANDS, ROUTES
from pypowerwall_core.commands import Outcome
from pypowerwall_core.errors import BadCommand

DISABLED = "Control Commands Disabled - Set PW_CONTROL_SECRET to enable"
INVALID = "Control Command Error: Invalid Request"
VALUE = "Control Command Value Invalid"
ACTIONS = [row.path for row in COMMANDS if row.path.startswith("/control/")]
RECORD = {
    *("id", "at", "outcome", "reason", "remedy", "controller", "requested", "before", "after"),
    *("by", "until", "ended", "reverts"),
}


@pytest.fixture
def served() -> Commanded:
    return Commanded()


@pytest.fixture(scope="module")
def disabled() -> Commanded:
    """One whose commands are switched off, for all of them."""
    return Commanded(PW_CONTROL_SECRET="")


# -- the order of checks --------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS, ids=lambda row: row.path)
@pytest.mark.parametrize("body", [b"", b"value=20&token=x", b"\xff", b"a" * 5000])
def test_without_a_secret_commands_are_disabled_whatever_they_hold(
    disabled: Commanded, command: Any, body: bytes
) -> None:
    answer = disabled.forget().post(command.path, body)
    assert answer.status_code == 400
    assert answer.json["error"] == DISABLED
    assert disabled.changes == []


@pytest.mark.parametrize("path", ACTIONS)
def test_without_a_gateway_commands_say_so_before_they_ask_for_a_token(path: str) -> None:
    served = Commanded()
    served.site.commander = None
    for trouble, why in (("no gateway is configured", "no gateway"), ("", "nobody")):
        served.site.trouble = trouble
        answer = served.post(path, "value=20")
        assert answer.status_code == 400
        assert answer.json["error"].startswith(f"Control Command Error: {why}")


@pytest.mark.parametrize("path", ACTIONS)
def test_the_token_is_asked_for_before_the_value(served: Commanded, path: str) -> None:
    answer = served.post(path, "value=nonsense")
    assert answer.status_code == 401
    assert answer.json["unauthorized"] == "Control Command Token Invalid"
    assert answer.json["error"] == "Control Command Token Invalid"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    "path", ["/control", "/control/", "/control/foo", "/control/mode/extra", "/controlxyz/mode"]
)
def test_an_unknown_action_is_404(served: Commanded, path: str) -> None:
    answer = served.post(path, f"token={SECRET}&value=backup")
    assert answer.status_code == 404
    assert "error" in answer.json


def test_every_command_has_a_row_for_reading_it() -> None:
    assert {row.path for row in COMMANDS} <= {row.path for row in ROUTES}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda row: row.path)
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_other_methods_are_405_and_say_which_there_are(
    refusing: Commanded, command: Any, method: str
) -> None:
    answer = refusing.client.simulate_request(method, command.path, remote_addr=HERE)
    assert answer.status_code == 405
    assert {"GET", "HEAD", "POST"} <= set(answer.headers["allow"].split(", "))
    assert "error" in answer.json or answer.json["detail"]


# -- what is read of a form -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "fields", "changes"),
    [
        ("reserve", {"value": "20"}, {"reserve": 20.0}),
        ("reserve", {"value": "0"}, {"reserve": 0.0}),
        ("reserve", {"value": "100"}, {"reserve": 100.0}),
        ("reserve", {"value": "020"}, {"reserve": 20.0}),
        ("reserve", {"value": "12.5"}, {"reserve": 12.5}),
        ("reserve", {"value": "20", "mode": "backup"}, {"reserve": 20.0, "mode": "backup"}),
        ("reserve", {"value": "20", "mode": ""}, {"reserve": 20.0}),
        ("reserve", {"value": "20", "level": "30"}, {"reserve": 20.0}),
        ("mode", {"value": "self_consumption"}, {"mode": "self_consumption"}),
        ("mode", {"value": "backup"}, {"mode": "backup"}),
        ("mode", {"value": "autonomous", "level": "30"}, {"mode": "autonomous", "reserve": 30.0}),
        ("mode", {"value": "autonomous", "mode": "backup"}, {"mode": "autonomous"}),
        ("grid_charging", {"value": "true"}, {"grid_charging": True}),
        ("grid_charging", {"value": "TRUE"}, {"grid_charging": True}),
        ("grid_charging", {"value": "False"}, {"grid_charging": False}),
        ("grid_export", {"value": "battery_ok"}, {"grid_export": "battery_ok"}),
        ("grid_export", {"value": "PV_Only"}, {"grid_export": "pv_only"}),
        ("grid_export", {"value": "never"}, {"grid_export": "never"}),
    ],
)
def test_what_a_form_asks_for(
    served: Commanded, path: str, fields: dict[str, str], changes: dict[str, Any]
) -> None:
    answer = served.form(f"/control/{path}", **fields)
    assert answer.status_code == 200
    assert served.changes == [changes]


@pytest.mark.parametrize(
    ("path", "fields", "error"),
    [
        ("reserve", {"value": "-5"}, VALUE),
        ("reserve", {"value": "abc"}, VALUE),
        ("reserve", {"value": "%C2%B2"}, VALUE),
        ("reserve", {"value": "%D9%A3"}, VALUE),
        ("reserve", {"value": "²"}, VALUE),
        ("reserve", {"value": "1e1"}, VALUE),
        ("reserve", {"value": "nan"}, VALUE),
        ("reserve", {"value": "%2B20"}, VALUE),
        ("reserve", {"value": "+20"}, VALUE),
        ("reserve", {"value": "100.1"}, VALUE),
        ("reserve", {"value": "101"}, "Failed to set reserve"),
        ("reserve", {"value": "9" * 400}, "Failed to set reserve"),
        ("reserve", {"value": "101", "mode": "backup"}, "Failed to set reserve+mode"),
        ("reserve", {"value": "20", "mode": "Backup"}, "Control Command Mode Invalid"),
        ("reserve", {"value": "20", "mode": "x"}, "Control Command Mode Invalid"),
        ("reserve", {"value": "abc", "mode": "x"}, VALUE),
        ("mode", {"value": "BACKUP"}, VALUE),
        ("mode", {"value": "time"}, VALUE),
        ("mode", {"value": "backup", "level": "12a"}, "Control Command Level Invalid"),
        ("mode", {"value": "backup", "level": "-1"}, "Control Command Level Invalid"),
        ("mode", {"value": "backup", "level": "²"}, "Control Command Level Invalid"),
        ("mode", {"value": "backup", "level": "101"}, "Failed to set reserve+mode"),
        ("grid_charging", {"value": "on"}, VALUE),
        ("grid_charging", {"value": "1"}, VALUE),
        ("grid_export", {"value": "solar"}, VALUE),
        ("reserve", {"value": "20", "for": "soon"}, "Control Command Time Invalid"),
        ("reserve", {"value": "20", "for": "32d"}, "Control Command Time Invalid"),
        ("mode", {"value": "backup", "for": "0"}, "Control Command Time Invalid"),
        ("grid_export", {"value": "never", "for": "²h"}, "Control Command Time Invalid"),
    ],
)
def test_what_cannot_be_understood_is_400_and_says_why(
    refusing: Commanded, path: str, fields: dict[str, str], error: str
) -> None:
    answer = refusing.form(f"/control/{path}", **fields)
    assert answer.status_code == 400
    assert answer.json["error"] == error
    assert answer.json["reason"]
    assert refusing.changes == []


@pytest.mark.parametrize("body", ["", "value=20", "value=20&mode=backup", "value=cancel"])
def test_max_backup_needs_a_transport_that_we_do_not_have(served: Commanded, body: str) -> None:
    answer = served.post("/control/max_backup", f"token={SECRET}&{body}")
    assert (answer.status_code, answer.json) == (
        400,
        {"error": "max_backup requires v1r LAN transport"},
    )
    read = served.get("/control/max_backup")
    assert (read.status_code, read.json) == (200, answer.json)


@pytest.mark.parametrize(
    ("path", "value"),
    [("reserve", "20"), ("mode", "backup"), ("grid_charging", "true"), ("grid_export", "never")],
)
def test_every_setting_may_be_for_a_while(served: Commanded, path: str, value: str) -> None:
    served.form(f"/control/{path}", **{"value": value, "for": "2h"})
    (command,) = served.commander.submitted
    assert command.for_s == 7200


def test_a_command_knows_who_asked_and_by_which_key(served: Commanded) -> None:
    headers = {"Idempotency-Key": "a-1"}
    answer = served.post(
        "/control/reserve",
        f"token={SECRET}&value=20",
        headers=headers,
        remote_addr="10.0.0.9",
    )
    (command,) = served.commander.submitted
    assert (command.key, command.by, command.confirmed) == ("a-1", "10.0.0.9", False)
    assert answer.json["by"] == "10.0.0.9"


@pytest.mark.parametrize("key", ["x" * 201, "a\tb", "ü"])
def test_a_key_that_is_none_is_400(served: Commanded, key: str) -> None:
    body = f"token={SECRET}&value=20"
    answer = served.post("/control/reserve", body, headers={"Idempotency-Key": key})
    assert (answer.status_code, answer.json["error"]) == (400, INVALID)
    assert served.changes == []


# -- questions by POST, and by GET ----------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "unknown", "known"),
    [
        ("/control/reserve", {"reserve": None}, {"reserve": 20.0}),
        ("/control/mode", {"mode": None}, {"mode": "self_consumption"}),
        ("/control/grid_charging", {"grid_charging": None}, {"grid_charging": None}),
        ("/control/grid_export", {"grid_export": None}, {"grid_export": None}),
    ],
)
def test_without_a_value_it_says_how_it_is_set(
    served: Commanded, path: str, unknown: Any, known: Any
) -> None:
    served.gateway.documents["operation"] = {
        "real_mode": "self_consumption",
        "backup_reserve_percent": 24,
    }
    assert served.get(path).json == unknown
    for ask in (lambda: served.get(path), lambda: served.form(path, value="")):
        served.world.run(1.5)
        answer = ask()
        assert (answer.status_code, answer.json) == (200, known)
    assert served.changes == []


def test_a_reserve_is_shown_as_the_app_shows_it(served: Commanded) -> None:
    served.gateway.documents["operation"] = {"backup_reserve_percent": 55.35}
    served.warm("/control/reserve")
    answer = served.get("/control/reserve")
    assert answer.json == {"reserve": 53.0}
    assert "age" in answer.headers


def test_without_a_secret_nothing_is_asked_of_the_gateway() -> None:
    served = Served()
    for path in ACTIONS:
        answer = served.get(path)
        assert (answer.status_code, answer.json) == (200, {"error": DISABLED})
    served.world.run(5.0)
    assert served.gateway.sent == []


# -- outcomes -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("commander", "status", "error"),
    [
        (FakeCommander(), 200, None),
        (FakeCommander(Outcome.PENDING, "not yet read back"), 202, None),
        (FakeCommander(Outcome.REJECTED, "no session"), 409, "Failed to set reserve"),
        (
            FakeCommander(Outcome.REJECTED, "our role may not", "use the cloud", forbidden=True),
            403,
            "Failed to set reserve",
        ),
        (
            FakeCommander(Outcome.UNKNOWN, "sent, but no answer"),
            504,
            "Control Command Outcome Unknown",
        ),
    ],
)
def test_the_status_says_what_became_of_it(
    commander: FakeCommander, status: int, error: str | None
) -> None:
    served = Commanded(commander)
    answer = served.form("/control/reserve", value="50")
    document = answer.json
    assert answer.status_code == status
    assert document.get("error") == error
    assert document["outcome"] == commander.outcome.value
    assert document["reason"] == commander.reason
    assert document["remedy"] == commander.remedy
    assert document["requested"] == {"reserve_app_pct": 50.0, "reserve_raw_pct": 52.5}
    assert set(document) >= RECORD
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    stats = served.get("/stats").json
    assert (stats["posts"], stats["errors"]) == ((1, 0) if error is None else (0, 1))
    assert served.get("/health").json["proxy_stats"]["total_posts"] == stats["posts"]


@pytest.mark.parametrize(
    ("path", "fields", "failure"),
    [
        ("reserve", {"value": "50"}, "Failed to set reserve"),
        ("reserve", {"value": "50", "mode": "backup"}, "Failed to set reserve+mode"),
        ("mode", {"value": "backup"}, "Failed to set mode"),
        ("mode", {"value": "backup", "level": "50"}, "Failed to set reserve+mode"),
        ("grid_charging", {"value": "true"}, "Failed to set grid_charging"),
        ("grid_export", {"value": "never"}, "Failed to set grid_export"),
    ],
)
def test_a_failure_is_told_in_the_words_clients_know(
    path: str, fields: dict[str, str], failure: str
) -> None:
    rejected = Commanded(FakeCommander(Outcome.REJECTED, "the gateway is away"))
    answer = rejected.form(f"/control/{path}", **fields)
    assert (answer.status_code, answer.json["error"]) == (409, failure)
    refused = Commanded(FakeCommander(refuses=BadCommand("not here", remedy="elsewhere")))
    answer = refused.form(f"/control/{path}", **fields)
    assert answer.status_code == 400
    assert answer.json == {"error": failure, "reason": "not here", "remedy": "elsewhere"}


@pytest.mark.parametrize("outcome", [Outcome.APPLIED, Outcome.PENDING])
@pytest.mark.parametrize(
    ("path", "fields", "reserve", "mode"),
    [
        ("reserve", {"value": "50"}, 50.0, "self_consumption"),
        ("reserve", {"value": "50", "mode": "backup"}, 50.0, "backup"),
        ("mode", {"value": "backup"}, 20.0, "backup"),
    ],
)
def test_success_has_the_two_objects_of_one_write(
    outcome: Outcome, path: str, fields: dict[str, str], reserve: float, mode: str
) -> None:
    document = Commanded(FakeCommander(outcome)).form(f"/control/{path}", **fields).json
    result = outcome.value
    assert document["set_backup_reserve_percent"] == {
        "backup_reserve_percent": reserve,
        "result": result,
    }
    assert document["set_operation"] == {"real_mode": mode, "result": result}


@pytest.mark.parametrize(("path", "value"), [("grid_charging", "true"), ("grid_export", "pv_only")])
def test_success_is_not_said_before_it_is_one(path: str, value: str) -> None:
    words = {
        outcome: Commanded(FakeCommander(outcome)).form(f"/control/{path}", value=value).json[path]
        for outcome in (Outcome.APPLIED, Outcome.PENDING)
    }
    assert words == {Outcome.APPLIED: "Set Successfully", Outcome.PENDING: "Pending"}


def test_nobody_waits_longer_than_the_setting_says() -> None:
    served = Commanded(FakeCommander(Outcome.PENDING, settles=False), PW_CONTROL_WAIT="0.01")
    answer = served.form("/control/reserve", value="50")
    assert (answer.status_code, answer.json["outcome"]) == (202, "pending")
    (execution,) = served.commander.executions
    assert not execution.settled.cancelled()
    assert not execution.settled.done()


def test_an_answer_is_what_the_record_says_when_it_is_given() -> None:
    """It may have changed after it settled."""
    served = Commanded(FakeCommander(Outcome.PENDING))
    submit = served.commander.submit

    def and_then_applied(command: Any) -> Any:
        execution = submit(command)
        execution.record = execution.record.becoming(Outcome.APPLIED)
        return execution

    served.commander.submit = and_then_applied  # type: ignore[method-assign]
    assert served.form("/control/reserve", value="50").status_code == 200


def test_a_client_that_accepts_problem_documents_gets_them() -> None:
    served = Commanded(FakeCommander(Outcome.REJECTED, "no session"))
    body = f"token={SECRET}&value=50"
    headers = {"Accept": "application/problem+json"}
    answer = served.post("/control/reserve", body, headers=headers)
    assert answer.headers["content-type"] == "application/problem+json"
    document = json.loads(answer.text)
    assert (document["status"], document["detail"]) == (409, "no session")
    assert document["error"] == "Failed to set reserve"
