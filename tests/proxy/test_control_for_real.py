"""Commands over HTTP with the commander that carries them out, and a gateway that is pretended."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.commander import SECRET, Commanded
from support.controllers import LOST, Home

from pypowerwall_core.errors import NotPermitted, NotSent

COMMANDS = "/api/v1/commands"
KEY = {"Idempotency-Key": "one"}


class HomeServed(Commanded):
    """The application over a home whose commander works."""

    def __init__(self, home: Home, **environ: str) -> None:
        super().__init__(**environ)
        self.home = home
        self.site.commander = home.commander


@pytest.fixture
def served(tmp_path: Path) -> Iterator[HomeServed]:
    home, over = Home(tmp_path, allows_islanding=False), threading.Event()

    def live() -> None:
        """Let half a second pass in a moment, again and again."""
        while not over.wait(0.001):
            home.run(0.5)

    life = threading.Thread(target=live)
    life.start()
    yield HomeServed(home)
    over.set()
    life.join()


def test_what_was_read_back_is_told(served: HomeServed) -> None:
    answer = served.form("/control/reserve", value="35.5", mode="backup")
    document = answer.json
    assert (answer.status_code, document["outcome"]) == (200, "applied")
    assert served.home.gateway.sent == [{"reserve": 35.5, "mode": "backup"}]
    assert document["before"] == {
        "reserve_app_pct": 20.0,
        "reserve_raw_pct": 24.0,
        "mode": "self_consumption",
    }
    assert document["after"]["reserve_app_pct"] == 35.5
    assert document["set_backup_reserve_percent"]["backup_reserve_percent"] == 35.5
    assert document["set_operation"] == {"real_mode": "backup", "result": "applied"}
    assert served.get(COMMANDS).json["commands"][0]["id"] == document["id"]


def test_what_is_so_already_is_not_sent(served: HomeServed) -> None:
    answer = served.form("/control/reserve", value="20")
    assert (answer.status_code, answer.json["outcome"]) == (200, "applied")
    assert served.home.gateway.sent == []


def test_the_same_key_is_the_same_command(served: HomeServed) -> None:
    first, second = (
        served.post("/control/reserve", f"token={SECRET}&value=50", headers=KEY) for _ in range(2)
    )
    assert first.json == second.json
    assert len(served.home.gateway.sent) == 1
    other = served.post("/control/reserve", f"token={SECRET}&value=60", headers=KEY)
    assert (other.status_code, other.json["error"]) == (400, "Failed to set reserve")
    assert len(served.home.gateway.sent) == 1


@pytest.mark.parametrize(
    ("error", "status", "outcome"),
    [
        (NotPermitted("HTTP 403", remedy="Use the cloud."), 403, "rejected"),
        (NotSent("no way there"), 409, "rejected"),
    ],
)
def test_what_did_not_change_anything_says_so(
    served: HomeServed, error: Exception, status: int, outcome: str
) -> None:
    served.home.gateway.write_errors = [error]
    answer = served.form("/control/mode", value="backup")
    assert (answer.status_code, answer.json["outcome"]) == (status, outcome)
    assert answer.json["error"] == "Failed to set mode"
    assert answer.json["reason"]


def test_what_nobody_can_prove_is_504(served: HomeServed) -> None:
    served.home.gateway.write_errors = [LOST]
    served.home.gateway.late_s = None
    answer = served.form("/control/mode", value="backup")
    assert (answer.status_code, answer.json["outcome"]) == (504, "unknown")
    assert answer.json["error"] == "Control Command Outcome Unknown"


def test_the_grid_is_left_only_where_it_is_allowed(served: HomeServed) -> None:
    answer = served.json(COMMANDS, {"grid": "off", "confirm": "yes"})
    assert (answer.status_code, answer.json["status"]) == (403, 403)
    assert "PW_ALLOW_ISLANDING" in answer.json["remedy"]
    assert served.home.gateway.sent == []


@pytest.mark.parametrize("action", ["grid_charging", "grid_export"])
def test_what_a_gateway_cannot_do_is_said(served: HomeServed, action: str) -> None:
    value: Any = {"grid_charging": "true", "grid_export": "never"}[action]
    answer = served.form(f"/control/{action}", value=value)
    assert answer.status_code == 400
    assert answer.json["error"] == f"Failed to set {action}"
    assert answer.json["reason"]
    assert answer.json["remedy"]


def test_a_setting_for_a_while_is_listed_with_its_end(served: HomeServed) -> None:
    answer = served.form("/control/reserve", **{"value": "80", "for": "2h"})
    assert answer.json["until"]
    (end,) = served.get(COMMANDS).json["temporary"]
    assert end["id"] == answer.json["id"]
    assert end["puts_back"]["reserve_app_pct"] == 20.0
    assert end["until"] == answer.json["until"]
