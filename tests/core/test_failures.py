"""The decision table, row by row."""

from __future__ import annotations

import pytest

from pypowerwall_core.errors import (
    BadCredentials,
    Busy,
    Forbidden,
    LogInAgain,
    NotServed,
    NotSetUp,
    RateLimited,
    Unreachable,
    Unwell,
)
from pypowerwall_core.failures import (
    TABLE,
    Case,
    LaneRests,
    LaneState,
    LogIn,
    PathRests,
    PathState,
    SendAgain,
    judge,
)

DOWN, LIMITED = LaneState.DOWN, LaneState.LIMITED
WRONG, REFUSED = LaneState.WRONG_PASSWORD, LaneState.REFUSED
SETUP = LaneState.NOT_SET_UP
ENDED, NEVER, OURS = LogInAgain("", ended=True), Forbidden("403"), NotSetUp("invalid_grant")
NO, BAD, GONE, ILL = LogInAgain("403"), BadCredentials("401"), NotServed("404"), Unwell("500")


def down(strikes: int) -> Case:
    return Case(Unreachable("refused"), core=True, lane_state=DOWN, lane_strikes=strikes)


CASES = [
    # refused, reset, timeout, 5xx, half an answer, HTML, empty body
    *[
        (down(n), LaneRests(DOWN, pause_s, jitter=True))
        for n, pause_s in enumerate([1.0, 2.0, 4.0, 8.0, 16.0, 28.0, 28.0])
    ],
    (Case(ILL, core=True), LaneRests(DOWN, 1.0, jitter=True)),
    (Case(ILL), LaneRests(DOWN, 1.0, jitter=True)),
    (Case(ILL, core_ok_before_s=31.0), LaneRests(DOWN, 1.0, jitter=True)),
    (Case(ILL, core_ok_before_s=29.0), PathRests(PathState.FAILING, 60.0)),
    (Case(ILL, core_ok_before_s=29.0, strikes=1), PathRests(PathState.FAILING, 600.0)),
    (Case(ZeroDivisionError(), core_ok_before_s=1.0), PathRests(PathState.FAILING, 60.0)),
    (Case(ILL, core=True, core_ok_before_s=1.0), LaneRests(DOWN, 1.0, jitter=True)),
    (
        Case(ILL, core=True, strikes=1, others_worked_since=True),
        PathRests(PathState.FAILING, 2.0),
    ),
    (Case(Unreachable("hangs"), on_demand=True), PathRests(PathState.FAILING, 60.0)),
    (Case(Unreachable("hangs"), on_demand=True, strikes=5), PathRests(PathState.FAILING, 600.0)),
    # 503
    (Case(Busy("503")), PathRests(PathState.BUSY, 60.0)),
    (Case(Busy("503"), strikes=1), PathRests(PathState.BUSY, 300.0)),
    (Case(Busy("503"), core=True), LaneRests(DOWN, 1.0, jitter=True)),
    # 404
    (Case(GONE), PathRests(PathState.NOT_SERVED, 3600.0)),
    (Case(GONE, strikes=1), PathRests(PathState.NOT_SERVED, 86400.0)),
    (Case(GONE, core=True), LaneRests(DOWN, 1.0, jitter=True)),
    (Case(GONE, core=True, anything_worked=True), PathRests(PathState.NOT_SERVED, 3600.0)),
    *[
        (Case(GONE, path_worked=True, strikes=n), PathRests(PathState.VANISHED, 60.0))
        for n in range(3)
    ],
    (Case(GONE, path_worked=True, strikes=3), PathRests(PathState.NOT_SERVED, 3600.0)),
    (Case(GONE, path_worked=True, strikes=4), PathRests(PathState.NOT_SERVED, 86400.0)),
    # 401 and 403
    (Case(NO), LogIn()),
    (Case(NO, path_worked=True, session_proven_ago_s=5.0), LogIn()),
    (Case(NO, session_proven_ago_s=61.0), LogIn()),
    (Case(NO, session_proven_ago_s=59.0), PathRests(PathState.ROLE, 3600.0)),
    (Case(NO, path_worked=True, login_ago_s=59.0), PathRests(PathState.REFUSED, 30.0)),
    (Case(NO, path_worked=True, login_ago_s=60.0), LogIn()),
    (Case(NO, path_worked=True, relogged=True, login_ago_s=1.0), SendAgain()),
    (Case(NO, path_worked=True, after_login=True), PathRests(PathState.REFUSED, 30.0)),
    (Case(NO, after_login=True, strikes=1), PathRests(PathState.REFUSED, 600.0)),
    (Case(NO, after_login=True, strikes=5), PathRests(PathState.REFUSED, 3600.0)),
    (Case(NO, after_login=True, strikes=5, core=True), PathRests(PathState.REFUSED, 30.0)),
    (Case(NO, after_login=True, core=True, core_all_refused=True), LaneRests(REFUSED, 60.0)),
    (
        Case(NO, core=True, core_all_refused=True, lane_state=REFUSED, lane_strikes=3),
        LaneRests(REFUSED, 1800.0),
    ),
    # wrong password
    *[
        (Case(BAD, core=True, lane_state=WRONG, lane_strikes=n), LaneRests(WRONG, pause_s))
        for n, pause_s in enumerate([60.0, 300.0, 900.0, 1800.0, 1800.0])
    ],
    (Case(BAD, core=True, lane_state=DOWN, lane_strikes=9), LaneRests(WRONG, 60.0)),
    (
        Case(ILL, open=True, lane_state=WRONG, lane_strikes=2),
        PathRests(PathState.FAILING, 60.0),
    ),
    # Tesla's cloud: 403 and a refused refresh, whatever else is known, are never a login
    *[
        (Case(error, core=True, lane_state=state, lane_strikes=n), LaneRests(state, pause_s))
        for error, state in ((NEVER, REFUSED), (OURS, SETUP))
        for n, pause_s in enumerate([60.0, 300.0, 900.0, 1800.0, 1800.0])
    ],
    *[
        (Case(error, core=core, **known), LaneRests(state, 60.0))
        for error, state in ((NEVER, REFUSED), (OURS, SETUP))
        for core in (True, False)
        for known in (
            {"path_worked": True},
            {"after_login": True},
            {"core_open": True, "on_demand": True},
            {"session_proven_ago_s": 1.0, "core_ok_before_s": 1.0},
            {"lane_state": DOWN, "lane_strikes": 9},
        )
    ],
    # ... whose 401 is the token for sure, where a gateway's would be taken for a role
    (Case(ENDED, session_proven_ago_s=1.0), LogIn()),
    (Case(ENDED, core_open=True), LogIn()),
    (Case(ENDED, login_ago_s=59.0, core_open=True), PathRests(PathState.REFUSED, 30.0)),
    (Case(ENDED, after_login=True, core=True), PathRests(PathState.REFUSED, 30.0)),
    # 429
    (Case(RateLimited("429")), LaneRests(LIMITED, 300.0)),
    (Case(RateLimited("429", retry_after_s=17.0), core=True), LaneRests(LIMITED, 17.0)),
    (Case(RateLimited("429", retry_after_s=86400.0)), LaneRests(LIMITED, 900.0)),
    (Case(RateLimited("429", retry_after_s=0.0)), LaneRests(LIMITED, 1.0)),
    (Case(RateLimited("429"), open=True, lane_state=WRONG), LaneRests(LIMITED, 300.0)),
    # the core is open to everybody: the rest is not worth a login
    (Case(LogInAgain(""), core_open=True), PathRests(PathState.ROLE, 3600.0)),
    (Case(LogInAgain(""), core_open=True, core=True), LogIn()),
]


@pytest.mark.parametrize(("case", "verdict"), CASES)
def test_row(case: Case, verdict: object) -> None:
    assert judge(case) == verdict


def test_every_row_of_the_table_decides_some_case() -> None:
    deciding = {next(row.name for row in TABLE if row.when(case)) for case, _ in CASES}
    assert deciding == {row.name for row in TABLE}


def test_absence_is_not_trouble() -> None:
    assert {state for state in PathState if state.is_absence} == {
        PathState.NOT_SERVED,
        PathState.ROLE,
    }
