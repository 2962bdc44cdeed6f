"""The grid as one state machine, and since when it is as it is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.anyjson import JSON

from pypowerwall_core import grid, readings
from pypowerwall_core.grid import STATES, Watch, state_of
from pypowerwall_core.payloads import GRID_STATUS
from pypowerwall_core.snapshot import Absent, Entry, Grid, Known, Snapshot, Unknown

NOON_S = 1.7e9
UP, DOWN = "SystemGridConnected", "SystemIslandedActive"


def told(word: Any, age_s: float = 0.0) -> Known:
    return Known({"grid_status": word, "grid_services_active": False}, 1, age_s, 5.0)


def watched(*looks: tuple[float, Entry | None]) -> Grid:
    watch = Watch()
    for after_s, entry in looks:
        watch = watch.saw(entry, NOON_S + after_s)
    return watch.grid


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("SystemGridConnected", "on_grid"),
        ("SystemTransitionToIsland", "islanding"),
        ("SystemIslandedReady", "islanding"),
        ("SystemIslandedActive", "islanded"),
        ("SystemMicroGridFaulted", "islanded"),
        ("SystemWaitForUser", "islanded"),
        ("SystemTransitionToGrid", "reconnecting"),
        ("SystemSomethingNew", "unknown"),
        ("systemgridconnected", "unknown"),
        ("unknown", "unknown"),
        ("", "unknown"),
        (None, "unknown"),
    ],
)
def test_each_documented_word_has_a_state_and_a_new_one_is_unknown(
    word: str | None, state: str
) -> None:
    assert state_of(word) == state
    assert state in STATES


@pytest.mark.parametrize(
    ("word", "number", "shown"),
    [
        ("SystemGridConnected", 1, "UP"),
        ("SystemIslandedActive", 0, "DOWN"),
        ("SystemMicroGridFaulted", 0, "DOWN"),
        ("SystemWaitForUser", 0, "DOWN"),
        ("SystemTransitionToGrid", -1, "SYNCING"),
        ("SystemTransitionToIsland", -1, "SYNCING"),
        ("SystemIslandedReady", -1, "SYNCING"),
        ("SystemSomethingNew", None, None),
        ("unknown", None, None),
        ("", None, None),
        (None, None, None),
    ],
)
def test_clients_of_old_have_a_number_and_a_word_for_each(
    word: str | None, number: int | None, shown: str | None
) -> None:
    snapshot = Snapshot({GRID_STATUS: told(word)}, NOON_S)
    assert (readings.grid_number(snapshot), readings.grid_word(word)) == (number, shown)


def test_every_state_that_is_known_has_a_number() -> None:
    snapshots = [Snapshot({GRID_STATUS: told(word)}, NOON_S) for word in grid.STATE_OF]
    assert None not in map(readings.grid_number, snapshots)


def test_before_the_first_look_nothing_is_known_since_no_time() -> None:
    assert watched() == Grid("unknown", None)
    assert watched((0, None)) == Grid("unknown", None)


def test_a_state_begins_when_its_document_was_asked_for() -> None:
    assert watched((10, told(UP, 4.0))) == Grid("on_grid", NOON_S + 6)


def test_a_state_goes_on_while_it_is_told() -> None:
    looks = [(after_s, told(UP, 1.0)) for after_s in range(1, 600, 5)]
    assert watched(*looks) == Grid("on_grid", NOON_S)


def test_a_document_that_grows_old_moves_nothing() -> None:
    assert watched((0, told(UP)), (30, told(UP, 30.0))) == Grid("on_grid", NOON_S)


def test_an_outage_goes_through_its_states() -> None:
    words = (UP, "SystemTransitionToIsland", DOWN, "SystemTransitionToGrid", UP)
    watch, seen = Watch(), []
    for n, word in enumerate(words):
        watch = watch.saw(told(word), NOON_S + n)
        seen.append((watch.grid.state, watch.grid.since_s))
    states = ("on_grid", "islanding", "islanded", "reconnecting", "on_grid")
    assert seen == [(state, NOON_S + n) for n, state in enumerate(states)]


def test_two_words_of_one_state_are_one_spell() -> None:
    looks = ((0, told(DOWN)), (5, told("SystemMicroGridFaulted")), (9, told("SystemWaitForUser")))
    assert watched(*looks) == Grid("islanded", NOON_S)


NOTHING = [Unknown(), Unknown(failing=True), Absent(), told("SystemSomethingNew"), told(None)]


@pytest.mark.parametrize("nothing", NOTHING, ids=repr)
def test_an_unknown_spell_has_a_beginning_of_its_own(nothing: Entry) -> None:
    assert watched((0, nothing), (9, nothing)) == Grid("unknown", NOON_S)
    assert watched((0, told(UP)), (5, nothing), (9, nothing)) == Grid("unknown", NOON_S + 5)


@pytest.mark.parametrize("nothing", NOTHING, ids=repr)
def test_an_unknown_spell_does_not_begin_the_same_state_anew(nothing: Entry) -> None:
    looks = ((0, told(UP)), (5, nothing), (60, Unknown()), (90, told(UP)))
    assert watched(*looks) == Grid("on_grid", NOON_S)


def test_another_state_after_an_unknown_spell_begins_when_it_is_told() -> None:
    assert watched((0, told(UP)), (5, Unknown()), (90, told(DOWN, 2.0))) == Grid(
        "islanded", NOON_S + 88
    )
    back = ((0, told(UP)), (5, told(DOWN)), (9, Unknown()), (20, told(UP)))
    assert watched(*back) == Grid("on_grid", NOON_S + 20)


def test_each_unknown_spell_is_one_of_its_own() -> None:
    looks = ((0, Unknown()), (5, told(UP)), (9, Unknown()), (12, Unknown()))
    assert watched(*looks) == Grid("unknown", NOON_S + 9)


def test_a_look_at_something_else_changes_nothing() -> None:
    watch = Watch().saw(told(UP), NOON_S)
    assert watch.saw(None, NOON_S + 5) is watch
    lost = watch.saw(Unknown(), NOON_S + 5)
    assert lost.saw(None, NOON_S + 9) is lost


ENTRIES = st.one_of(
    st.none(),
    st.sampled_from(NOTHING),
    st.builds(told, st.sampled_from(tuple(grid.STATE_OF)) | JSON, st.floats(0, 300)),
    st.builds(lambda document: Known(document, 1, 0.0, 5.0), JSON),
)


@given(st.lists(st.tuples(st.floats(0, 300), ENTRIES), max_size=12))
def test_whatever_is_told_the_state_is_one_of_them_and_has_begun(
    steps: list[tuple[float, Entry | None]],
) -> None:
    watch, at_s = Watch(), NOON_S
    for pause_s, entry in steps:
        at_s += pause_s
        before, watch = watch.grid, watch.saw(entry, at_s)
        after = watch.grid
        assert after.state in STATES
        assert after.since_s is None or after.since_s <= at_s
        if after.state == before.state and before.since_s is not None:
            assert after.since_s == before.since_s
