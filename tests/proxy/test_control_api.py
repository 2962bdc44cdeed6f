"""POST /api/v1/commands, POST /api/operation, and the record of what was commanded."""

from __future__ import annotations

from typing import Any

import pytest
from support.commander import SECRET, Commanded, FakeCommander
from support.desk import Served

from proxy.control import wishes
from pypowerwall_core.commands import SENT_DECIMALS, Outcome
from pypowerwall_core.errors import BadCommand
from pypowerwall_core.scales import raw_from_app

COMMANDS = "/api/v1/commands"
OPERATION = "/api/operation"
PROBLEM = "application/problem+json"


@pytest.fixture
def served() -> Commanded:
    return Commanded()


# -- POST /api/v1/commands ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "changes"),
    [
        ({"reserve_app_pct": 20}, {"reserve": 20.0}),
        ({"reserve_app_pct": "12.5"}, {"reserve": 12.5}),
        ({"reserve_app_pct": 0, "mode": "backup"}, {"reserve": 0.0, "mode": "backup"}),
        ({"mode": "autonomous"}, {"mode": "autonomous"}),
        ({"grid_charging": False}, {"grid_charging": False}),
        ({"grid_charging": "on"}, {"grid_charging": True}),
        ({"grid_export": "never"}, {"grid_export": "never"}),
        ({"grid": "off", "confirm": True}, {"grid": "off"}),
        ({"mode": "backup", "grid_export": None}, {"mode": "backup"}),
    ],
)
def test_a_command_is_read_by_the_names_of_its_record(
    served: Commanded, document: Any, changes: Any
) -> None:
    answer = served.json(COMMANDS, document)
    assert answer.status_code == 200
    assert served.changes == [changes]
    assert answer.json["outcome"] == "applied"
    assert "error" not in answer.json


@pytest.mark.parametrize(
    ("document", "detail"),
    [
        ({}, "a command changes one of"),
        ({"for": "2h"}, "a command changes one of"),
        ({"value": 20}, "fields here are reserve_app_pct"),
        ({"reserve_app_pct": 20, "nonsense": 1}, "fields here are"),
        ({"reserve_app_pct": 101}, "the reserve is"),
        ({"reserve_app_pct": True}, "the reserve is"),
        ({"mode": "time"}, "the mode is"),
        ({"grid_charging": 1}, "grid charging is"),
        ({"grid_export": ["never"]}, "the export rule is"),
        ({"grid": "away"}, "the grid is"),
        ({"grid": "off", "confirm": "perhaps"}, "confirm"),
        ({"mode": "backup", "for": "soon"}, "for is a time"),
        ({"mode": "backup", "grid_charging": True}, "by a command of its own"),
        ({"reserve": 20}, "fields here are"),
    ],
)
def test_what_cannot_be_understood_is_a_problem(
    served: Commanded, document: Any, detail: str
) -> None:
    answer = served.json(COMMANDS, document)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == PROBLEM
    assert detail in answer.json["detail"]
    assert (answer.json["status"], answer.json["title"]) == (400, "Bad Request")
    assert answer.json["instance"] == COMMANDS
    assert answer.json["error"]
    assert served.changes == []


@pytest.mark.parametrize(
    ("confirm", "confirmed"),
    [("yes", True), (True, True), ("Yes", True), ("no", False), (False, False), (None, False)],
)
def test_confirming_is_said_in_a_word(served: Commanded, confirm: Any, *, confirmed: bool) -> None:
    served.json(COMMANDS, {"grid": "off", "confirm": confirm, "for": "1h"})
    (command,) = served.commander.submitted
    assert (command.confirmed, command.for_s) == (confirmed, 3600)


def test_a_form_is_understood_as_well(served: Commanded) -> None:
    assert served.form(COMMANDS, reserve_app_pct="20").status_code == 200
    assert served.changes == [{"reserve": 20.0}]


@pytest.mark.parametrize(
    ("commander", "status", "title"),
    [
        (FakeCommander(Outcome.REJECTED, "the gateway is away"), 409, "Conflict"),
        (FakeCommander(Outcome.REJECTED, "our role may not", forbidden=True), 403, "Forbidden"),
        (FakeCommander(Outcome.UNKNOWN, "sent, but no answer"), 504, "Gateway Timeout"),
    ],
)
def test_a_command_that_failed_is_a_problem_and_a_record(
    commander: FakeCommander, status: int, title: str
) -> None:
    answer = Commanded(commander).json(COMMANDS, {"reserve_app_pct": 50})
    document = answer.json
    assert answer.status_code == document["status"] == status
    assert answer.headers["content-type"] == PROBLEM
    assert (document["title"], document["detail"]) == (title, commander.reason)
    assert (document["outcome"], document["id"]) == (commander.outcome.value, "c1")
    assert document["error"]


def test_a_command_that_is_pending_is_accepted() -> None:
    answer = Commanded(FakeCommander(Outcome.PENDING)).json(COMMANDS, {"mode": "backup"})
    assert (answer.status_code, answer.json["outcome"]) == (202, "pending")
    assert answer.headers["content-type"] == "application/json"


def test_a_command_that_nobody_takes_is_a_problem() -> None:
    commander = FakeCommander(refuses=BadCommand("no controller turns this knob"))
    answer = Commanded(commander).json(COMMANDS, {"grid_charging": True})
    assert (answer.status_code, answer.json["detail"]) == (400, "no controller turns this knob")


def test_a_wrong_token_is_a_problem(served: Commanded) -> None:
    answer = served.post(COMMANDS, "reserve_app_pct=20&token=x")
    assert (answer.status_code, answer.headers["content-type"]) == (401, PROBLEM)
    assert answer.headers["www-authenticate"] == "Bearer"


# -- GET /api/v1/commands -------------------------------------------------------------------


def test_without_a_gateway_there_are_no_commands() -> None:
    assert Served().get(COMMANDS).json == {"commands": [], "temporary": []}


def test_the_newest_command_is_the_first(served: Commanded) -> None:
    for value in ("20", "30", "40"):
        served.form("/control/reserve", value=value)
    shown = served.get(COMMANDS).json["commands"]
    assert [one["requested"]["reserve_app_pct"] for one in shown] == [40, 30, 20]
    assert [one["id"] for one in served.get(COMMANDS, query_string="limit=1").json["commands"]] == [
        "c3"
    ]


@pytest.mark.parametrize("limit", ["0", "201", "-1", "x", "²", "1.0", "9" * 5000])
def test_a_limit_that_is_none_is_a_problem(served: Commanded, limit: str) -> None:
    answer = served.get(COMMANDS, params={"limit": limit})
    assert (answer.status_code, answer.headers["content-type"]) == (400, PROBLEM)
    assert "200" in answer.json["detail"]
    stats = served.get("/stats").json
    assert (stats["gets"], stats["errors"], stats["uri"]) == (1, 1, {"/stats": 1})


def test_who_asked_is_told_to_who_may_command(served: Commanded) -> None:
    served.post("/control/reserve", f"token={SECRET}&value=20", remote_addr="10.0.0.9")
    (anybody,) = served.get(COMMANDS).json["commands"]
    assert anybody["by"] is None
    for shown in (
        {"headers": {"Authorization": f"Bearer {SECRET}"}},
        {"query_string": f"token={SECRET}"},
    ):
        (known,) = served.get(COMMANDS, **shown).json["commands"]
        assert known["by"] == "10.0.0.9"
        assert known | {"by": None} == anybody


def test_what_will_be_put_back_is_told(served: Commanded) -> None:
    shown = {"id": "c1", "restores": {"mode": "backup"}, "at": "2026-01-01T00:00:00+00:00"}
    served.commander.ends = [shown]
    assert served.get(COMMANDS).json["temporary"] == [shown]


# -- POST /api/operation --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "changes"),
    [
        ({"backup_reserve_percent": 24}, {"reserve": 20.0}),
        ({"backup_reserve_percent": 5}, {"reserve": 0.0}),
        ({"backup_reserve_percent": 100}, {"reserve": 100.0}),
        ({"backup_reserve_percent": "24"}, {"reserve": 20.0}),
        ({"real_mode": "backup"}, {"mode": "backup"}),
        ({"mode": "backup"}, {"mode": "backup"}),
        ({"mode": "backup", "real_mode": "backup"}, {"mode": "backup"}),
        (
            {
                "real_mode": "self_consumption",
                "backup_reserve_percent": 24,
                "max_pv_export_power_kW": None,
            },
            {"mode": "self_consumption", "reserve": 20.0},
        ),
    ],
)
def test_the_gateways_document_is_read_in_the_gateways_percent(
    served: Commanded, document: Any, changes: Any
) -> None:
    answer = served.json(OPERATION, document)
    assert answer.status_code == 200
    assert served.changes == [changes]


def test_a_raw_percentage_comes_back_as_it_was() -> None:
    for hundredths in range(500, 10001):
        raw_pct = hundredths / 100
        reserve = wishes.operation({"backup_reserve_percent": raw_pct}).changes["reserve"]
        assert isinstance(reserve, float)
        assert round(raw_from_app(reserve), SENT_DECIMALS) == raw_pct


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"backup_reserve_percent": 4.9},
        {"backup_reserve_percent": 0},
        {"backup_reserve_percent": 101},
        {"backup_reserve_percent": -5},
        {"backup_reserve_percent": True},
        {"backup_reserve_percent": "many"},
        {"real_mode": "site_control"},
        {"real_mode": "BACKUP"},
        {"mode": "backup", "real_mode": "autonomous"},
        {"real_mode": "backup", "max_pv_export_power_kW": 5},
        {"real_mode": "backup", "max_pv_export_power_kW": 0},
        {"real_mode": "backup", "freq_shift_load_shed_soe": 65},
        {"value": "backup"},
        {"reserve_app_pct": 20},
    ],
)
def test_a_document_that_is_none_is_400(served: Commanded, document: Any) -> None:
    answer = served.json(OPERATION, document)
    assert answer.status_code == 400
    assert answer.json["error"]
    assert answer.json["reason"]
    assert served.changes == []


def test_it_answers_the_document_that_is_stored(served: Commanded) -> None:
    document = {"real_mode": "backup", "backup_reserve_percent": 33}
    answer = served.json(OPERATION, document)
    assert answer.json["real_mode"] == "backup"
    assert answer.json["backup_reserve_percent"] == 33.0
    assert answer.json["outcome"] == "applied"


def test_it_answers_what_was_read_back_and_no_wish() -> None:
    served = Commanded(FakeCommander(Outcome.PENDING))
    answer = served.json(OPERATION, {"backup_reserve_percent": 33})
    assert answer.status_code == 202
    assert (answer.json["real_mode"], answer.json["backup_reserve_percent"]) == (
        "self_consumption",
        24.0,
    )


def test_a_document_that_was_not_taken_has_an_error_and_no_document() -> None:
    served = Commanded(FakeCommander(Outcome.REJECTED, "no session"))
    answer = served.json(OPERATION, {"backup_reserve_percent": 33})
    assert (answer.status_code, answer.json["error"]) == (409, "Failed to set reserve")
    assert "real_mode" not in answer.json


def test_reading_it_is_as_it_was(served: Commanded) -> None:
    document = {"real_mode": "backup", "backup_reserve_percent": 24, "freq_shift_load_shed_soe": 65}
    served.gateway.documents["operation"] = document
    served.warm(OPERATION)
    assert served.get(OPERATION).json == document
