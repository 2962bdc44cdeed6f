from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.world import source

from pypowerwall_core.policy import (
    Freshness,
    Interest,
    Remembered,
    Source,
    ahead_at_s,
    freshness,
    keep_s,
)


def asked_at(*times_s: float) -> Interest:
    interest = Interest()
    for at_s in times_s:
        interest = interest.asked(at_s)
    return interest


def test_a_single_ask_says_nothing_about_the_next() -> None:
    interest = asked_at(100.0)
    assert interest.gap_s is None
    assert not interest.lately(100.1)


def test_requests_within_a_second_are_one_ask() -> None:
    interest = asked_at(100.0, 100.1, 100.9, 105.0, 105.2)
    assert interest.gaps_s == (5.0,)
    assert interest.asked_at_s == 105.0


def test_the_gap_forgets_one_long_silence() -> None:
    assert asked_at(0.0, 5.0, 10.0, 40_000.0, 40_005.0, 40_010.0).gap_s == 5.0


def test_the_gap_follows_a_client_that_changes_its_pace() -> None:
    times_s = [45.0 * n for n in range(20)]
    times_s += [times_s[-1] + 5.0, times_s[-1] + 10.0]
    assert asked_at(*times_s).gap_s == 5.0


def test_lately_is_two_and_a_half_gaps_but_at_most_two_minutes() -> None:
    often, rarely = asked_at(0.0, 10.0), asked_at(0.0, 100.0)
    assert often.lately(35.0)
    assert not often.lately(35.1)
    assert rarely.lately(220.0)
    assert not rarely.lately(220.1)


@given(
    st.lists(st.floats(0, 1e6), min_size=2, max_size=20),
    st.floats(0, 2e6),
)
def test_the_next_ask_lies_ahead_and_within_one_gap(times_s: list[float], now_s: float) -> None:
    interest = asked_at(*sorted(times_s))
    if interest.gap_s is None or interest.asked_at_s is None:
        return
    now_s = max(now_s, interest.asked_at_s)
    next_s = interest.next_ask_s(now_s)
    assert now_s < next_s + 1e-6
    assert next_s <= now_s + interest.gap_s * (1 + 1e-9) + 1e-6


def test_without_a_gap_there_is_no_next_ask() -> None:
    with pytest.raises(ValueError, match="no gap"):
        asked_at(1.0).next_ask_s(2.0)


@pytest.mark.parametrize(
    ("age_s", "value"),
    [
        (0.0, Freshness.FRESH),
        (4.999, Freshness.FRESH),
        (5.0, Freshness.STALE),
        (30.0, Freshness.STALE),
        (30.001, Freshness.EXPIRED),
        (-3.0, Freshness.FRESH),
    ],
)
def test_freshness(age_s: float, value: Freshness) -> None:
    memory = Remembered({}, 1, 1000.0 - age_s)
    assert freshness(source("soe"), Interest(), memory, 1000.0) is value


def test_what_was_never_seen_is_not_stale() -> None:
    assert freshness(source("soe"), Interest(), None, 1000.0) is Freshness.NEVER


@pytest.mark.parametrize(
    ("row", "interest", "keep"),
    [
        (source("soe"), Interest(), 30.0),
        (source("soe", fresh_s=20.0), Interest(), 60.0),
        (source("soe"), asked_at(0.0, 45.0), 90.0),
        (source("soe"), asked_at(0.0, 3600.0), 240.0),
        (source("status", identity=True), Interest(), 86400.0),
    ],
)
def test_how_long_a_document_may_be_shown(row: Source, interest: Interest, keep: float) -> None:
    assert keep_s(row, interest) == keep


def test_asked_often_it_is_due_when_it_stops_being_fresh() -> None:
    memory = Remembered({}, 1, 100.0)
    assert ahead_at_s(source("soe"), asked_at(95.0, 100.0), memory, 0.5) == 105.0


def test_asked_rarely_it_is_due_just_before_the_next_ask() -> None:
    memory = Remembered({}, 1, 145.0)
    assert ahead_at_s(source("soe"), asked_at(100.0, 145.0), memory, 0.5) == 189.5


def test_what_an_ask_has_found_stale_is_due_since_then_and_not_put_off_to_the_next() -> None:
    interest = asked_at(100.0, 115.0)
    assert ahead_at_s(source("soe"), interest, Remembered({}, 1, 99.0), 7.0) == 115.0
    assert ahead_at_s(source("soe"), interest, Remembered({}, 1, 110.0), 7.0) == 115.0
    assert ahead_at_s(source("soe"), interest, Remembered({}, 1, 110.1), 7.0) == 123.0


def test_asked_more_rarely_than_anything_is_kept_ahead_it_is_due_once_after_each_ask() -> None:
    interest = asked_at(1000.0, 1300.0)
    before, after = Remembered({}, 1, 1000.5), Remembered({}, 2, 1300.0)
    assert ahead_at_s(source("soe"), interest, before, 0.5) == 1300.0
    assert ahead_at_s(source("soe"), interest, after, 0.5) is None
    just_now = Remembered({}, 3, 1299.0)
    assert ahead_at_s(source("soe"), interest, just_now, 0.5) == 1304.0


@given(
    gap_s=st.floats(1.0, 1000.0),
    fresh_s=st.floats(1.0, 300.0),
    taken_ago_s=st.floats(0.0, 1000.0),
    lead_s=st.floats(0.0, 60.0),
)
def test_refetching_ahead_never_runs_away(
    gap_s: float, fresh_s: float, taken_ago_s: float, lead_s: float
) -> None:
    interest = asked_at(1e5, 1e5 + gap_s)
    memory = Remembered({}, 1, 1e5 + gap_s - taken_ago_s)
    due_s = ahead_at_s(source("soe", fresh_s=fresh_s), interest, memory, lead_s)
    assert due_s is None or due_s >= memory.taken_at_s + min(1.0, fresh_s)
