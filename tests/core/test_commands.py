"""What a command may say, and that its percent arrive as they were meant."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pypowerwall_core.backends.local.controller import operation_of, request
from pypowerwall_core.commands import (
    GRID_CHARGING,
    GRID_EXPORT,
    ISLAND,
    KNOBS,
    LONGEST_S,
    MODE,
    NAMES,
    RESERVE,
    Command,
    Outcome,
    Record,
    is_as_requested,
    parse_command,
    parse_span_s,
    shown,
    together,
)
from pypowerwall_core.errors import BadCommand

TENTHS = [n / 10 for n in range(1001)]
SHOWN = {"real_mode": "self_consumption", "backup_reserve_percent": 24}
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.just(10**400)
    | st.sampled_from(["2h", "on", "20", "٣", "²", "1e3", "0x10", "backup", "NaN", "-0"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def sent(app_pct: float) -> float:
    """What a gateway is sent, raw percent."""
    return float(request({RESERVE: app_pct}, SHOWN).body["backup_reserve_percent"])


# -- scales ---------------------------------------------------------------------------------


def stored(app_pct: float) -> dict[str, Any]:
    """What is read back once it is stored."""
    return operation_of({"real_mode": "backup", "backup_reserve_percent": sent(app_pct)})


def test_every_integer_and_tenth_is_read_back_as_it_was_set() -> None:
    for app_pct in TENTHS:
        raw_pct = sent(app_pct)
        assert raw_pct == round(raw_pct, 4)
        assert raw_pct == pytest.approx(app_pct * 0.95 + 5, abs=0.000051)
        assert stored(app_pct)[RESERVE] == pytest.approx(app_pct, abs=0.01)
        assert is_as_requested({RESERVE: app_pct}, stored(app_pct))


def test_every_integer_and_tenth_is_shown_as_it_was_set_on_both_scales() -> None:
    for app_pct in TENTHS:
        both = shown({RESERVE: app_pct})
        assert both["reserve_app_pct"] == app_pct
        assert both["reserve_raw_pct"] == pytest.approx(sent(app_pct), abs=0.01)
        back = shown({RESERVE: stored(app_pct)[RESERVE]})
        assert back["reserve_app_pct"] == pytest.approx(app_pct, abs=0.01)


@given(st.floats(min_value=0, max_value=100))
def test_whatever_percent_is_sent_reads_as_requested(app_pct: float) -> None:
    back = stored(app_pct)
    assert 5 <= sent(app_pct) <= 100
    assert is_as_requested({RESERVE: app_pct}, back)


@pytest.mark.parametrize(
    ("app_pct", "raw_pct"),
    [(5, 10), (16, 20), (16, 20.6), (20, 24), (21, 24.6), (30, 33), (100, 100)],
)
def test_the_pairs_that_people_have_tested_fit_within_half_a_point(
    app_pct: float, raw_pct: float
) -> None:
    assert abs(sent(app_pct) - raw_pct) <= 0.5


def test_a_reserve_a_whole_point_away_is_not_what_was_asked_for() -> None:
    assert not is_as_requested({RESERVE: 53.0}, {RESERVE: 52.0})
    assert not is_as_requested({RESERVE: 53.0}, {RESERVE: None})
    assert not is_as_requested({RESERVE: 53.0}, {})


# -- what may be said -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "changes"),
    [
        ({"reserve_app_pct": 20}, {RESERVE: 20.0}),
        ({"reserve": "33.5"}, {RESERVE: 33.5}),
        ({"reserve": 0}, {RESERVE: 0.0}),
        ({"reserve": 100.0, "mode": "Backup"}, {RESERVE: 100.0, MODE: "backup"}),
        ({"mode": "autonomous"}, {MODE: "autonomous"}),
        ({"grid_charging": "off"}, {GRID_CHARGING: False}),
        ({"grid_charging": True}, {GRID_CHARGING: True}),
        ({"grid_export": "pv_only"}, {GRID_EXPORT: "pv_only"}),
        ({"grid": "off"}, {ISLAND: "off"}),
    ],
)
def test_each_knob_has_its_name(document: Any, changes: Any) -> None:
    assert dict(parse_command(document).changes) == changes


def test_the_rest_of_a_command() -> None:
    said = {"grid": "off", "for": "90min", "confirm": "yes"}
    assert parse_command(said, key="k", by="192.0.2.7") == Command(
        {ISLAND: "off"}, 5400.0, "k", "192.0.2.7", confirmed=True
    )
    plain = parse_command({"grid": "on", "for": None})
    assert (plain.for_s, plain.confirmed) == (None, False)


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ([], "a JSON object"),
        ("reserve", "a JSON object"),
        ({}, "changes one of reserve_app_pct"),
        ({"for": "2h"}, "changes one of"),
        ({"reserve": 20, "reserve_app_pct": 20}, "the same"),
        ({"reserve": 20, "grid_charging": True}, "may be changed together"),
        ({"mode": "backup", "grid": "off"}, "may be changed together"),
        ({"resevre": 20}, "'resevre' is not known; known are reserve_app_pct, reserve, mode"),
        ({"reserve": None}, "a number from 0 to 100"),
        ({"reserve": ""}, "a number from 0 to 100"),
        ({"reserve": True}, "a number from 0 to 100"),
        ({"reserve": -0.1}, "a number from 0 to 100"),
        ({"reserve": 100.01}, "a number from 0 to 100"),
        ({"reserve": float("nan")}, "a number from 0 to 100"),
        ({"reserve": 10**400}, "a number from 0 to 100"),
        ({"reserve": "²"}, "a number from 0 to 100"),
        ({"reserve": "٣"}, "a number from 0 to 100"),
        ({"reserve": "1e1"}, "a number from 0 to 100"),
        ({"mode": "off"}, "the mode is one of self_consumption, backup, autonomous"),
        ({"mode": ["backup"]}, "the mode is one of"),
        ({"grid_charging": "of"}, "grid charging is true or false"),
        ({"grid_charging": 0}, "grid charging is true or false"),
        ({"grid_export": "all"}, "the export rule is one of battery_ok, pv_only, never"),
        ({"grid": False}, "the grid is one of off, on"),
        ({"reserve": 20, "for": "soon"}, "for is a time such as 90min"),
        ({"reserve": 20, "for": 0}, "for is a time"),
        ({"reserve": 20, "for": True}, "for is a time"),
        ({"reserve": 20, "for": "32d"}, "at most 31 days"),
        ({"reserve": 20, "for": 10**400}, "for is a time"),
        ({"grid": "off", "confirm": "ja"}, "confirm is true or false"),
        ({"grid": "off", "confirm": None}, "confirm is true or false"),
    ],
)
def test_what_cannot_be_understood_is_said(document: Any, says: str) -> None:
    with pytest.raises(BadCommand) as bad:
        parse_command(document)
    assert says in str(bad.value)


def test_off_is_not_on() -> None:
    """An old command line switched charging on with the word off: it was a true value."""
    assert parse_command({"grid_charging": "OFF"}).changes == {GRID_CHARGING: False}


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("2h", 7200.0),
        ("90min", 5400.0),
        ("90 m", 5400.0),
        ("1.5H", 5400.0),
        ("1d", 86400.0),
        ("30s", 30.0),
        ("7200", 7200.0),
        (7200, 7200.0),
        (0.5, 0.5),
        ("31d", LONGEST_S),
    ],
)
def test_spans_are_written_as_people_do(value: Any, seconds: float) -> None:
    assert parse_span_s(value) == seconds


@given(
    st.dictionaries(
        st.sampled_from([*NAMES, "for", "confirm"]) | st.text(max_size=5), JSON, max_size=4
    )
    | JSON
)
def test_whatever_is_said_is_a_command_or_a_bad_one(document: Any) -> None:
    bad = ""
    try:
        command = parse_command(document)
    except BadCommand as error:
        bad = str(error)
        command = Command({MODE: "backup"})
    assert len(bad) < 300
    together(command.changes)
    for name, value in command.changes.items():
        assert KNOBS[name].parse(value) == value
    assert command.for_s is None or 0 < command.for_s <= LONGEST_S


@given(JSON)
def test_every_knob_refuses_what_it_does_not_know(value: Any) -> None:
    for knob in KNOBS.values():
        try:
            parsed = knob.parse(value)
        except BadCommand:
            continue
        assert knob.same(parsed, parsed)


# -- records --------------------------------------------------------------------------------


def test_a_record_shows_both_scales_and_times_as_text() -> None:
    record = Record("a", 1.7e9, Command({RESERVE: 20.0}, by="x"), before={RESERVE: None})
    ended = record.becoming(Outcome.APPLIED, "was so", ended_s=1.7e9 + 1.9)
    assert ended.document() == {
        "id": "a",
        "at": "2023-11-14T22:13:20+00:00",
        "outcome": "applied",
        "reason": "was so",
        "remedy": "",
        "controller": None,
        "requested": {"reserve_app_pct": 20.0, "reserve_raw_pct": 24.0},
        "before": {"reserve_app_pct": None, "reserve_raw_pct": None},
        "after": None,
        "by": "x",
        "until": None,
        "ended": "2023-11-14T22:13:21+00:00",
        "reverts": None,
    }
