"""`powerwall get`: the same figures for people, for programs and for spreadsheets."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.anyjson import JSON
from support.fakehome import ANSWERS, FakeHome

from pypowerwall_core.cli.get import ROWS, WRITERS, as_csv, as_json, as_text, ask, tell
from pypowerwall_core.version import __version__

KEYS = [
    *("site", "site_id", "din", "firmware", "mode", "reserve", "soc", "current", "grid_status"),
    *("grid", "home", "battery", "solar", "grid_charging", "grid_export_mode", "time_remaining"),
]
UNKNOWN: dict[str, Any] = {**dict.fromkeys(ANSWERS), "grid_status": {}, "temps": {}}
TEXT = """
  Site              Home
  Site ID           N/A
  DIN               1232100-00-E--TG122000000001
  Firmware          23.36.4 3f8a51c2
  Mode              self_consumption
  Reserve           20.0
  Battery Level     47.37
  Battery Level Raw 50
  Grid Status       UP
  Grid              -300
  Home              1200
  Battery           -1500
  Solar             3000
  Grid Charging     N/A
  Grid Export Mode  N/A
  Time Remaining    11.67
  Temperatures
    TETHC--2012170-25-E--TG121000000001   21.4

"""
ESCAPE = "\x1b]0;owned\x07\x1b[2J"
Captured = pytest.CaptureFixture[str]


def table(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def named(site: str) -> dict[str, Any]:
    return ask(FakeHome({**ANSWERS, "site_name": site}))


def strict(text: str) -> Any:
    def refuse(word: str) -> Any:
        raise AssertionError(word)

    return json.loads(text, parse_constant=refuse)


# -- the formats ----------------------------------------------------------------------------


def test_text_has_a_head_and_labels_of_one_width(capsys: Captured) -> None:
    assert tell(FakeHome(), "text") == 0
    head = f"powerwall-proxy [{__version__}] - Get Powerwall settings using proxy mode.\n"
    assert capsys.readouterr() == (head + TEXT, "")


def test_any_other_word_prints_the_text_without_its_head(capsys: Captured) -> None:
    assert tell(FakeHome(), "table") == 0
    assert capsys.readouterr() == (TEXT, "")


def test_json_has_the_keys_in_their_order_and_null_for_unknown(capsys: Captured) -> None:
    assert tell(FakeHome(), "json") == 0
    out = capsys.readouterr().out
    found = strict(out)
    assert [*found] == [*KEYS, "temps"]
    assert out.startswith('{\n  "site": "Home",\n  "site_id": null,\n')
    assert found["current"] == 50
    assert found["soc"] == pytest.approx(47.368421)
    assert found["temps"] == ANSWERS["temps"]


def test_csv_is_a_head_and_a_line(capsys: Captured) -> None:
    assert tell(FakeHome(), "csv") == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 2
    head, values = table(out)
    assert head == [*KEYS, "temps.TETHC--2012170-25-E--TG121000000001"]
    row = dict(zip(head, values, strict=True))
    assert (row["site"], row["site_id"], row["home"]) == ("Home", "N/A", "1200")


def test_what_a_home_has_none_of_is_left_out() -> None:
    found = ask(FakeHome({**ANSWERS, "temps": {}}))
    assert [*found] == KEYS
    assert "Temperatures" not in as_text(found, "proxy")


# -- names that people give -----------------------------------------------------------------


@pytest.mark.parametrize(
    "site", ['Villa "Sun", left', "two\nlines", "dos\r\nlines", "bare\rreturn", " x ", "Süd 家", ""]
)
def test_csv_gives_a_name_back_as_it_was(site: str) -> None:
    head, values = table(as_csv(named(site), ""))
    assert values[head.index("site")] == site
    assert len(values) == len(head)


@given(st.text(st.characters(exclude_categories=("C", "Z"), include_characters=' ,";\r\n\t')))
def test_csv_gives_any_name_back_as_it_was(site: str) -> None:
    rows = table(as_csv(named(site), ""))
    assert len(rows) == 2
    assert rows[1][0] == site


@pytest.mark.parametrize("form", WRITERS)
def test_no_name_steers_the_terminal(form: str, capsys: Captured) -> None:
    answers = {**ANSWERS, "site_name": ESCAPE, "din": ESCAPE, "temps": {ESCAPE: 1.0}}
    assert tell(FakeHome(answers), form) == 0
    out = capsys.readouterr().out
    assert "owned" in out
    assert [letter for letter in out if not letter.isprintable() and letter != "\n"] == []


@pytest.mark.parametrize("form", WRITERS)
def test_a_name_that_no_terminal_can_show_is_printed_all_the_same(
    form: str, capsys: Captured
) -> None:
    assert tell(FakeHome({**ANSWERS, "site_name": "half \ud83d"}), form) == 0
    assert "half" in capsys.readouterr().out


# -- what is not as it should be ------------------------------------------------------------


@settings(max_examples=30)
@given(st.fixed_dictionaries(dict.fromkeys(ANSWERS, JSON)))
def test_whatever_a_home_answers_is_printed_or_unknown(answers: dict[str, Any]) -> None:
    found = ask(FakeHome(answers))
    assert strict(as_json(found, "")) == found
    head, values = table(as_csv(found, ""))
    assert len(head) == len(values)
    assert all(line.isprintable() for line in as_text(found, "").split("\n"))
    for row in ROWS:
        if row.flat:
            assert isinstance(found[row.key], str | int | float | None)


@pytest.mark.parametrize("wrong", [["a list"], 5, True, {"no": "text"}])
@pytest.mark.parametrize("call", ["site_name", "din", "version", "get_mode"])
def test_what_is_no_text_is_unknown(call: str, wrong: Any) -> None:
    found = ask(FakeHome({**ANSWERS, call: wrong}))
    (key,) = (row.key for row in ROWS if row.call == call)
    assert found[key] is None


@pytest.mark.parametrize("wrong", [["a list"], "50", True, {"no": "number"}])
@pytest.mark.parametrize("call", ["level", "get_reserve", "get_time_remaining"])
def test_what_is_no_number_is_unknown(call: str, wrong: Any) -> None:
    found = ask(FakeHome({**ANSWERS, call: wrong}))
    assert [found[row.key] for row in ROWS if row.call == call] == [
        None for row in ROWS if row.call == call
    ]


# -- what is not known ----------------------------------------------------------------------


def test_some_unknown_values_are_shown_as_such_and_no_failure(capsys: Captured) -> None:
    home = FakeHome({**UNKNOWN, "level": 50}, why="gateway: the path is at rest")
    assert tell(home, "text") == 0
    told = capsys.readouterr()
    assert "  Site              N/A\n" in told.out
    assert "  Battery Level     47.37\n" in told.out
    assert told.err == "powerwall: not everything is known: gateway: the path is at rest\n"


def test_what_nobody_has_a_reason_for_is_not_explained(capsys: Captured) -> None:
    assert tell(FakeHome({**ANSWERS, "version": None}), "json") == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("form", "is_for_programs"), [("text", 0), ("json", 1), ("csv", 1)])
def test_nothing_known_of_the_house_is_a_failure_that_says_why(
    form: str, is_for_programs: int, capsys: Captured
) -> None:
    # A gateway tells its firmware to anybody: that alone is no answer.
    home = FakeHome({**UNKNOWN, "version": "23.36.4", "din": "x"}, why="bad credentials")
    assert tell(home, form) == 1
    told = capsys.readouterr()
    assert told[is_for_programs] == "ERROR: Unable to connect. bad credentials\n"
    assert told[not is_for_programs] == ""


def test_nothing_known_and_no_reason_asks_to_try_again(capsys: Captured) -> None:
    assert tell(FakeHome(UNKNOWN), "text") == 1
    assert capsys.readouterr().out.endswith("Nothing is known yet; try again.\n")


# -- each value by itself -------------------------------------------------------------------


def figures() -> Iterator[tuple[str, Any, str, Any]]:
    yield "grid_status", {"grid_status": "SystemIslandedActive"}, "grid_status", "DOWN"
    yield "grid_status", {"grid_status": "SystemTransitionToGrid"}, "grid_status", "SYNCING"
    yield "level", 5, "soc", 0.0
    yield "level", 100, "soc", 100.0
    yield "get_reserve", 33.333333, "reserve", 33.33
    yield "power", {"load": 0}, "home", 0
    yield "version", "1.20.0\n", "firmware", "1.20.0"


@pytest.mark.parametrize(("call", "answer", "key", "value"), [*figures()])
def test_a_figure_is_read_as_the_app_shows_it(call: str, answer: Any, key: str, value: Any) -> None:
    assert ask(FakeHome({**ANSWERS, call: answer}))[key] == value
