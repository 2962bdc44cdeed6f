"""Where the original's answer is a lie, a trick or an accident, and what is answered instead."""

from __future__ import annotations

import json
from typing import Any

import pytest
from contract.houses import ask, changed, house, over, render, reply, told
from contract.modes import CONTROL_OFF
from contract.power import GRID
from contract.promises import MOMENT, PROMISES
from support.desk import HERE
from support.golden import NOTHING

from proxy.routes import COMMANDS
from pypowerwall_core.snapshot import Snapshot

PLAIN = [path for path in PROMISES if "?" not in path]
TAKING = [command.path for command in COMMANDS]
READS = [path for path in PLAIN if path not in TAKING]
TRICKS = (
    "/csvfoo",
    "/csv/v3",
    "/csv/v2x",
    "/csv/",
    "/jsonx",
    "/fans/pwx",
    "/fansx",
    "/tedapifoo",
    "/tedapi/",
    "/tedapi/nothing",
    "/cloudfoo",
    "/cloud/nothing",
    "/fleetapi/nothing",
    "/control",
    "/control/",
    "/control/reservexyz",
    "/control/mode/extra",
    "/controlxyz/mode",
    "/pw",
    "/pw/",
    "/pw/nothing",
    "/pw/levels",
    "/health/reset/",
    "/stats/clearx",
    "/api",
    "/api/",
    "/api/config",
    "/api/login/Basic",
    "/api/../api/status",
    "/./api/status",
    "/%61pi/status",
    "//json",
)


def columns(known: Snapshot) -> list[str]:
    return str(render(known, "/csv/v2")).rstrip("\n").split(",")


# -- unknown is not zero --------------------------------------------------------------------


@pytest.mark.parametrize("word", [*GRID, "SystemOfATimeToCome"])
def test_only_a_grid_that_is_up_is_1_and_a_word_nobody_knows_is_not_an_outage(word: str) -> None:
    known = changed("pw2", grid_status={"grid_status": word, "grid_services_active": False})
    number = GRID.get(word)
    assert render(known, "/freq")["grid_status"] == number
    shown = None if number is None else int(number == 1)
    assert render(known, "/json")["grid_status"] == shown
    assert columns(known)[5] == ("" if shown is None else str(shown))


def test_a_lost_grid_status_is_no_blackout_and_takes_no_other_number_along() -> None:
    known = changed("pw2", grid_status=None)
    assert columns(known)[5:] == ["", "20"]
    shown = render(known, "/json")
    assert shown.pop("grid_status") is None
    assert None not in shown.values()


@pytest.mark.parametrize("app_pct", range(101))
def test_the_reserve_of_a_table_is_rounded_not_cut(app_pct: int) -> None:
    raw_pct = round(5 + 0.95 * app_pct, 2)
    known = changed("pw2", operation={"real_mode": "backup", "backup_reserve_percent": raw_pct})
    assert columns(known)[6] == str(app_pct)


@pytest.mark.parametrize("section", ["site", "solar", "battery", "load"])
def test_one_meter_that_is_null_loses_no_other_and_breaks_no_answer(section: str) -> None:
    meters = told("pw2")["aggregates"]
    known = changed("pw2", aggregates=meters | {section: None})
    name = {"site": "grid", "load": "home"}.get(section, section)
    shown = render(known, "/json")
    powers_of = ("grid", "home", "solar", "battery")
    assert shown[name] is None
    assert all(shown[other] is not None for other in powers_of if other != name)
    powers_w = render(known, "/pw/power")
    assert list(powers_w) == ["site", "solar", "battery", "load"]
    assert [meter for meter, power_w in powers_w.items() if power_w is None] == [section]
    assert columns(known)[powers_of.index(name)] == ""
    assert columns(known).count("") == 1


@pytest.mark.parametrize("path", [path for path in PLAIN if path not in MOMENT])
def test_of_nothing_no_number_is_told(path: str) -> None:
    # Names of settings, versions and paths may hold digits; values may not.
    assert not _numbers(json.loads(reply(NOTHING, path).text))


def _numbers(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [number for inner in value.values() for number in _numbers(inner)]
    if isinstance(value, list):
        return [number for inner in value for number in _numbers(inner)]
    return [value] if type(value) in (int, float) else []


# -- queries, base path, tricks -------------------------------------------------------------


@pytest.mark.parametrize("path", PLAIN)
def test_a_query_changes_nothing(path: str) -> None:
    client = house("pw2")
    asked = ask(client, f"{path}?x=1")
    assert asked.status_code == 200
    if path not in MOMENT:
        assert asked.text == reply("pw2", path).text


@pytest.mark.parametrize("path", PROMISES)
def test_a_route_is_served_below_the_base_path_and_without_it(path: str) -> None:
    client = house("pw2", PROXY_BASE_URL="/tesla")
    for asked in (ask(client, f"/tesla{path}"), ask(client, path)):
        assert asked.status_code == 200
        if path not in MOMENT:
            assert asked.text == reply("pw2", path).text


@pytest.mark.parametrize("path", TRICKS)
def test_what_only_begins_like_a_route_is_404_in_json(path: str) -> None:
    answer = reply("pw2", path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/json"
    assert "error" in answer.json


@pytest.mark.parametrize("query", ["headers", "headers=1", "x&headers"])
def test_column_names_are_asked_for_in_the_query_only(query: str) -> None:
    plain, named = reply("pw2", "/csv/v2").text, reply("pw2", f"/csv/v2?{query}").text
    assert named == f"Grid,Home,Solar,Battery,BatteryLevel,GridStatus,Reserve\n{plain}"


# -- statuses -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["error", "unauthorized error", "Fehlerhaus ü"])
def test_a_status_is_not_decided_by_words_in_the_answer(name: str) -> None:
    client = over(changed("pw2", site_name={"site_name": name, "timezone": "error"}))
    answer = ask(client, "/pw/site_name")
    assert (answer.status_code, answer.json) == (200, {"site_name": name})
    assert ask(client, "/stats").json["site_name"] == name


@pytest.mark.parametrize("path", TAKING)
@pytest.mark.parametrize("body", ["value=20&token=x", "", "value=unauthorized", "{}", "value=²"])
def test_commands_while_control_is_off_are_400_whatever_they_hold(path: str, body: str) -> None:
    answer = house("pw2").simulate_post(path, body=body.encode(), remote_addr=HERE)
    assert answer.status_code == 400
    assert answer.headers["access-control-allow-origin"] == "*"
    if path.startswith("/api/v1/"):
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json["error"] == CONTROL_OFF["error"]
    else:
        assert answer.headers["content-type"] == "application/json"
        assert answer.text == json.dumps(CONTROL_OFF)


@pytest.mark.parametrize("path", READS)
def test_a_read_is_read_only(path: str) -> None:
    client = house("pw2")
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = ask(client, path, method)
        assert answer.status_code == 405
        assert "error" in answer.json
    assert ask(client, path, "HEAD").status_code == 200


@pytest.mark.parametrize("path", ["/stats/clear", "/health/reset"])
def test_what_acts_is_for_this_machine_or_for_who_knows_the_token(path: str) -> None:
    client = house("pw2", PW_CONTROL_SECRET="t0ken")
    elsewhere = {"remote_addr": "192.0.2.7", "host": "localhost"}
    assert client.simulate_get(path, **elsewhere).status_code == 403
    assert client.simulate_get(path, params={"token": "other"}, **elsewhere).status_code == 403
    assert client.simulate_get(path, params={"token": "t0ken"}, **elsewhere).status_code == 200
    assert ask(client, path).status_code == 200
