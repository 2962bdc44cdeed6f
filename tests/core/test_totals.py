"""Lifetime energies as they are shown: they never dip, and a new counter is a new counter."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.anyjson import JSON

from pypowerwall_core.payloads import AGGREGATES, HOME_METERS, SOE, SYSTEM_STATUS
from pypowerwall_core.plausibility import COUNTERS, PACK_COUNTERS, STEP_MOST_WH
from pypowerwall_core.snapshot import Absent, Entry, Held, Known, Totals, Unknown, counter_key
from pypowerwall_core.totals import BEGUN_ANEW, Bookkeeper, settle, told

MILLION = 1_000_000.0
BOUGHT = counter_key("site", "energy_imported")


class Book:
    """A bookkeeper that is told one document after another, as a site does."""

    def __init__(self, path: Path | None = None) -> None:
        self._versions = count(1)
        self.keeper = Bookkeeper(path)

    def told(self, payload: str, document: Any) -> Totals:
        return self.keeper.settle({payload: Known(document, next(self._versions), 0.0, 5.0)})

    def bought(self, wh: Any) -> float:
        """Tell what was bought; return what is shown of it."""
        return self.told(AGGREGATES, {"site": {"energy_imported": wh}}).of(BOUGHT, wh)

    def charged(self, serial: str, wh: float) -> float:
        block = {"PackageSerialNumber": serial, "energy_charged": wh}
        totals = self.told(SYSTEM_STATUS, {"battery_blocks": [block]})
        return totals.of(counter_key(serial, "energy_charged"), wh)


def join() -> None:
    for thread in threading.enumerate():
        if thread.name == "energies":
            thread.join()


# -- what is shown ----------------------------------------------------------------------------


def test_a_counter_that_grows_is_shown_as_it_is() -> None:
    book = Book()
    for wh in (0, 0, 5.5, MILLION, 2 * MILLION):
        shown = book.bought(wh)
        assert shown == wh
        assert not isinstance(shown, Held)


def test_a_counter_that_goes_back_a_little_is_held_until_its_own_has_passed() -> None:
    book = Book()
    shown = [book.bought(wh) for wh in (MILLION, MILLION - 40, MILLION - 1, MILLION, MILLION + 7)]
    assert shown == [MILLION, MILLION, MILLION, MILLION, MILLION + 7]
    assert [isinstance(wh, Held) for wh in shown] == [False, True, True, False, False]


@pytest.mark.parametrize(
    ("shown_wh", "told_wh", "held"),
    [
        (1000.0, 1000.0 * BEGUN_ANEW, True),
        (1000.0, 1000.0 * BEGUN_ANEW - 0.001, False),
        (1000.0, 0.0, False),
        (9 * MILLION, 9 * MILLION - STEP_MOST_WH, True),
        (9 * MILLION, 9 * MILLION - STEP_MOST_WH - 1, False),
        (0.0, 0.0, False),
    ],
)
def test_a_counter_that_loses_much_has_begun_anew(
    shown_wh: float, told_wh: float, held: Any
) -> None:
    book = Book()
    book.bought(shown_wh)
    shown = book.bought(told_wh)
    assert shown == (shown_wh if held else told_wh)
    assert isinstance(shown, Held) is held


def test_after_it_has_begun_anew_it_counts_from_there() -> None:
    book = Book()
    shown = [book.bought(wh) for wh in (MILLION, 0.0, 50.0, 49.0, 51.0)]
    assert shown == [MILLION, 0.0, 50.0, 50.0, 51.0]


def test_a_counter_cannot_creep_away_from_what_is_held() -> None:
    """Many small steps back are one large one: what is shown is what they are measured by."""
    book = Book()
    book.bought(1000.0)
    shown = [book.bought(1000.0 - lost) for lost in range(30, 130, 10)]
    assert shown == [*8 * [1000.0], 890.0, 890.0]


def test_a_negative_counter_tells_nothing() -> None:
    book = Book()
    book.bought(MILLION)
    assert told(AGGREGATES, {"site": {"energy_imported": -5.0}}) == {}
    book.bought(-5.0)
    assert book.bought(MILLION + 1) == MILLION + 1


def test_the_counters_are_those_of_every_meter_and_every_pack() -> None:
    meter = dict.fromkeys(COUNTERS, 7.0) | {"instant_power": 9.0}
    assert told(AGGREGATES, dict.fromkeys(HOME_METERS, meter) | {"busway": meter}) == {
        counter_key(name, counter): 7.0 for name in HOME_METERS for counter in COUNTERS
    }
    block = dict.fromkeys(PACK_COUNTERS, 7) | {"PackageSerialNumber": "A", "p_out": 9}
    assert told(SYSTEM_STATUS, {"battery_blocks": [block]}) == {
        counter_key("A", counter): 7 for counter in PACK_COUNTERS
    }
    assert told(SOE, {"percentage": 50, "energy_imported": 5}) == {}


def test_a_counter_of_one_pack_is_not_that_of_another() -> None:
    book = Book()
    book.charged("A", 1000.0)
    book.charged("B", 990.0)
    assert book.charged("A", 999.0) == 1000.0
    assert book.charged("B", 991.0) == 991.0


# -- what the bookkeeper takes in -------------------------------------------------------------


@pytest.mark.parametrize("nothing", [Unknown(), Absent()], ids=repr)
def test_while_nothing_is_told_everything_stays_as_it_was(nothing: Entry) -> None:
    book = Book()
    book.bought(MILLION)
    totals = book.keeper.settle({AGGREGATES: nothing, SYSTEM_STATUS: nothing})
    assert totals.of(BOUGHT, MILLION - 1) == MILLION
    assert book.keeper.settle({}) == totals


def test_one_document_is_taken_in_once() -> None:
    book = Bookkeeper()
    entries = {AGGREGATES: Known({"site": {"energy_imported": 5.0}}, 3, 0.0, 5.0)}
    assert book.settle(entries) is book.settle(entries)


def test_a_client_that_comes_late_with_an_old_document_takes_nothing_back() -> None:
    """Two threads look at once: the second snapshot may be settled before the first."""
    keeper = Bookkeeper()

    def settled(version: int, wh: float) -> float:
        document = {"site": {"energy_imported": wh}}
        return keeper.settle({AGGREGATES: Known(document, version, 0.0, 5.0)}).of(BOUGHT, wh)

    settled(1, MILLION)
    assert settled(3, 10.0) == 10.0
    settled(2, MILLION)
    assert settled(3, 10.0) == 10.0
    assert settled(4, 11.0) == 11.0
    assert keeper._held == {}


READINGS = st.lists(st.tuples(st.sampled_from("ABC"), st.floats(-9, 5e5)), max_size=30)


@given(READINGS)
def test_what_is_shown_never_dips_unless_the_counter_has_begun_anew(
    steps: list[tuple[str, float]],
) -> None:
    book, shown = Book(), dict.fromkeys("ABC", 0.0)
    for serial, wh in steps:
        now_wh = book.charged(serial, wh)
        if wh < 0:
            continue
        assert now_wh >= wh
        if now_wh < shown[serial]:
            assert now_wh == wh < max(BEGUN_ANEW * shown[serial], shown[serial] - STEP_MOST_WH)
        assert isinstance(now_wh, Held) is (now_wh > wh)
        shown[serial] = now_wh


@given(st.lists(st.tuples(st.sampled_from([AGGREGATES, SYSTEM_STATUS, SOE]), JSON), max_size=4))
def test_any_document_may_be_told(steps: list[tuple[str, Any]]) -> None:
    book = Book()
    for payload, document in steps:
        book.told(payload, document)


FIELDS = st.dictionaries(st.sampled_from((*COUNTERS, *PACK_COUNTERS)), JSON)
METERS = st.dictionaries(st.sampled_from(HOME_METERS), FIELDS | JSON)


@given(METERS)
def test_what_is_told_is_a_number_of_at_least_zero(document: Any) -> None:
    counters = told(AGGREGATES, document)
    assert all(wh >= 0 and not isinstance(wh, bool) for wh in counters.values())
    assert settle({}, counters) == counters


# -- what survives a restart ------------------------------------------------------------------


def test_what_is_held_survives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "new" / ".powerwall.energies"
    before = Book(path)
    before.bought(MILLION)
    before.bought(MILLION - 40)
    join()
    assert json.loads(path.read_text()) == {BOUGHT: MILLION}
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    after = Book(path)
    shown = [after.bought(wh) for wh in (MILLION - 30, MILLION, MILLION + 1)]
    assert shown == [MILLION, MILLION, MILLION + 1]
    join()
    assert json.loads(path.read_text()) == {}


def test_what_has_begun_anew_while_we_were_away_is_not_held(tmp_path: Path) -> None:
    path = tmp_path / "energies"
    path.write_text(json.dumps({BOUGHT: MILLION}))
    assert Book(path).bought(12.0) == 12.0
    join()
    assert json.loads(path.read_text()) == {}


def test_what_is_held_stays_held_while_others_are_told(tmp_path: Path) -> None:
    path = tmp_path / "energies"
    path.write_text(json.dumps({BOUGHT: MILLION}))
    book = Book(path)
    book.charged("A", 5.0)
    join()
    assert json.loads(path.read_text()) == {BOUGHT: MILLION}
    assert book.bought(MILLION - 1) == MILLION


class Saves:
    """A file that counts how often it is written."""

    def __init__(self) -> None:
        self.saved: list[Any] = []

    def save_soon(self, document: Callable[[], Any], _name: str) -> None:
        self.saved.append(dict(document()))


def test_the_file_is_written_only_when_a_hold_begins_or_ends() -> None:
    book, saves = Book(), Saves()
    book.keeper._file = saves  # type: ignore[assignment]
    written = []
    for wh in (
        MILLION,
        MILLION + 5,
        MILLION + 1,
        MILLION + 2,
        MILLION + 4,
        MILLION + 5,
        MILLION + 9,
    ):
        book.bought(wh)
        join()
        written.append(len(saves.saved))
    assert written == [0, 0, 1, 1, 1, 2, 2]
    assert saves.saved == [{BOUGHT: MILLION + 5}, {}]


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "null",
        "[]",
        "{",
        f'{{"{BOUGHT}": "5"}}',
        f'{{"{BOUGHT}": true}}',
        f'{{"{BOUGHT}": NaN}}',
        f'{{"{BOUGHT}": Infinity}}',
        f'{{"{BOUGHT}": 1e999}}',
        f'{{"{BOUGHT}": -5}}',
    ],
)
def test_a_broken_file_holds_nothing(tmp_path: Path, stored: str) -> None:
    path = tmp_path / "energies"
    path.write_text(stored)
    book = Book(path)
    assert book.keeper._held == {}
    shown = [book.bought(wh) for wh in (MILLION, MILLION - 1, MILLION + 1)]
    assert shown == [MILLION, MILLION, MILLION + 1]
    join()
    assert json.loads(path.read_text()) == {}


def test_a_folder_that_cannot_be_written_is_said_once_and_is_no_failure(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    with caplog.at_level(logging.WARNING):
        book = Book(tmp_path / "file" / "energies")
        for lost in (0, 1, -1, 0):
            book.bought(MILLION - lost)
            join()
    assert len([r for r in caplog.records if "may dip after a restart" in r.getMessage()]) == 1
    assert book.bought(MILLION) == MILLION + 1


def test_two_homes_do_not_share_what_is_held() -> None:
    one, two = Book(), Book()
    one.bought(MILLION)
    assert two.bought(MILLION - 1) == MILLION - 1


def test_many_threads_may_settle_at_once() -> None:
    keeper, going = Bookkeeper(), threading.Barrier(8)
    dips: list[tuple[float, float]] = []

    def client(first: int) -> None:
        going.wait()
        last = 0.0
        for version in range(first, 4000, 8):
            wh = MILLION + version - 40 * (version % 7 == 0)
            document = {"site": {"energy_imported": wh}}
            totals = keeper.settle({AGGREGATES: Known(document, version, 0.0, 5.0)})
            shown = totals.shown_wh[BOUGHT]
            dips.extend([(last, shown)] if shown < last else [])
            last = shown

    threads = [threading.Thread(target=client, args=(n,)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    join()
    assert dips == []
