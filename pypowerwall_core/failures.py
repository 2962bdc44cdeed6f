"""The decision table: what the lane does when the upstream fails.

Rule: a row is (name, when, then). `when` sees a Case and nothing else, `then`
returns a Verdict; the first row that fits decides. No row logs, waits or sends.
What the figures protect: gateways that were polled through their own trouble
stayed locked out for 10 to 30 minutes, lost their Wi-Fi, or stopped charging.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from .errors import (
    BadCredentials,
    Busy,
    Forbidden,
    LogInAgain,
    NotServed,
    NotSetUp,
    RateLimited,
)

MINUTE_S = 60.0
HOUR_S = 3600.0
CORE_PROOF_S = 30.0
"""A core success this recent before take-off shows that only the path is ill."""
SESSION_PROOF_S = 60.0
LOGIN_EVERY_S = 60.0
RETRY_AFTER_MOST_S = 900.0
RETRY_AFTER_UNSAID_S = 300.0
VANISHED_STRIKES = 3
PAUSES_S = (1.0, 2.0, 4.0, 8.0, 16.0, 28.0)
"""The last leaves room for a probe and a landing within half a minute."""
PERSON_PAUSES_S = (1 * MINUTE_S, 5 * MINUTE_S, 15 * MINUTE_S, 30 * MINUTE_S)
"""For trouble that only a person ends: a wrong password locks the account when tried often."""


class LaneState(Enum):
    """How the upstream as a whole is doing."""

    UP = "up"
    DOWN = "down"
    LIMITED = "rate limited"
    WRONG_PASSWORD = "wrong password"  # noqa: S105 - the name of a state, not a password
    REFUSED = "logged in but refused"
    NOT_SET_UP = "needs setup"


class PathState(Enum):
    """How one path is doing."""

    FAILING = "failing"
    BUSY = "busy"
    VANISHED = "404, was served before"
    NOT_SERVED = "not served"
    ROLE = "not for our role"
    REFUSED = "refused"

    @property
    def is_absence(self) -> bool:
        """Whether the path has nothing for us, as opposed to nothing just now."""
        return self in (PathState.NOT_SERVED, PathState.ROLE)


@dataclass(frozen=True, slots=True)
class LaneRests:
    """Nobody sends anything for a while."""

    state: LaneState
    for_s: float
    jitter: bool = False


@dataclass(frozen=True, slots=True)
class PathRests:
    """This path is left alone for a while."""

    state: PathState
    for_s: float


@dataclass(frozen=True, slots=True)
class LogIn:
    """Log in, then send the request once more.

    Attributes:
        error: The refusal that leads to it.
    """

    error: Exception | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class SendAgain:
    """Somebody else logged in meanwhile: send the request once more."""


Verdict = LaneRests | PathRests | LogIn | SendAgain


@dataclass(frozen=True, slots=True)
class Case:
    """What the lane knows about a failed flight when it asks for a verdict.

    Times are seconds ago, None for "never".

    Attributes:
        error: What went wrong, a bug included.
        core: The path is one of the core.
        open: The path answers without a session.
        on_demand: The path is known to hang; its trouble is its own.
        path_worked: The path has answered before.
        anything_worked: Any core path has ever answered.
        strikes: Failures of the same kind on this path in a row, this one not counted.
        lane_state: How the lane was doing when this flight failed.
        lane_strikes: How often in a row it came to rest in that state, this time not counted.
        session_proven_ago_s: Since an authenticated path last answered.
        core_ok_before_s: From the last core success to this flight's take-off.
        others_worked_since: Another core path has answered since this one last failed.
        login_ago_s: Since the last login that was tried.
        after_login: This flight was sent again after a login that worked.
        core_open: The core answered although no session was shown.
        relogged: Another flight logged in after this one took off.
        core_all_refused: With this one, every core path was refused after a login.
    """

    error: Exception
    core: bool = False
    open: bool = False
    on_demand: bool = False
    path_worked: bool = False
    anything_worked: bool = False
    strikes: int = 0
    lane_state: LaneState = LaneState.UP
    lane_strikes: int = 0
    session_proven_ago_s: float | None = None
    core_ok_before_s: float | None = None
    others_worked_since: bool = False
    login_ago_s: float | None = None
    after_login: bool = False
    core_open: bool = False
    relogged: bool = False
    core_all_refused: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    name: str
    when: Callable[[Case], bool]
    then: Callable[[Case], Verdict]


def _nth(steps: tuple[float, ...], strikes: int) -> float:
    return steps[min(strikes, len(steps) - 1)]


def _within(ago_s: float | None, limit_s: float) -> bool:
    return ago_s is not None and ago_s < limit_s


def _is(*kinds: type[Exception]) -> Callable[[Case], bool]:
    return lambda case: isinstance(case.error, kinds)


def _may_be_role(case: Case) -> bool:
    return isinstance(case.error, LogInAgain) and not case.error.ended


def _limited(case: Case) -> Verdict:
    asked_s = case.error.retry_after_s if isinstance(case.error, RateLimited) else None
    for_s = RETRY_AFTER_UNSAID_S if asked_s is None else min(max(1.0, asked_s), RETRY_AFTER_MOST_S)
    return LaneRests(LaneState.LIMITED, for_s)


def _lane_rests(state: LaneState, pauses_s: tuple[float, ...]) -> Callable[[Case], Verdict]:
    def verdict(case: Case) -> Verdict:
        strikes = case.lane_strikes if case.lane_state is state else 0
        return LaneRests(state, _nth(pauses_s, strikes), jitter=state is LaneState.DOWN)

    return verdict


_lane_fails = _lane_rests(LaneState.DOWN, PAUSES_S)


def _not_served(case: Case) -> Verdict:
    return PathRests(PathState.NOT_SERVED, _nth((HOUR_S, 24 * HOUR_S), case.strikes))


def _vanished(case: Case) -> Verdict:
    """Three strikes, a minute apart, before a path that once worked counts as gone."""
    if case.strikes < VANISHED_STRIKES:
        return PathRests(PathState.VANISHED, MINUTE_S)
    return PathRests(
        PathState.NOT_SERVED, _nth((HOUR_S, 24 * HOUR_S), case.strikes - VANISHED_STRIKES)
    )


TABLE: tuple[Row, ...] = (
    Row("429 anywhere", _is(RateLimited), _limited),
    Row(
        "403 of Tesla's cloud: a token that is refused stays refused",
        _is(Forbidden),
        _lane_rests(LaneState.REFUSED, PERSON_PAUSES_S),
    ),
    Row(
        "a Tesla account that is not set up for this",
        _is(NotSetUp),
        _lane_rests(LaneState.NOT_SET_UP, PERSON_PAUSES_S),
    ),
    Row(
        "wrong password",
        _is(BadCredentials),
        _lane_rests(LaneState.WRONG_PASSWORD, PERSON_PAUSES_S),
    ),
    # /api/status is the only thing asked then; its trouble must not end the long pauses.
    Row(
        "an open path fails while the password is wrong",
        lambda c: c.open and c.lane_state is LaneState.WRONG_PASSWORD,
        lambda c: PathRests(PathState.FAILING, _nth((60.0, 600.0), c.strikes)),
    ),
    Row(
        "401/403: all of the core, right after a login",
        lambda c: isinstance(c.error, LogInAgain) and c.core_all_refused,
        _lane_rests(LaneState.REFUSED, PERSON_PAUSES_S),
    ),
    Row(
        "401/403: still, after a login",
        lambda c: isinstance(c.error, LogInAgain) and c.after_login,
        # Beside the core a role is likely, and a login each minute would be for nothing.
        lambda c: PathRests(
            PathState.REFUSED, 30.0 if c.core else _nth((30.0, 600.0, HOUR_S), c.strikes)
        ),
    ),
    Row(
        "401/403: never worked, while the session is proven",
        lambda c: (
            _may_be_role(c)
            and not c.path_worked
            and _within(c.session_proven_ago_s, SESSION_PROOF_S)
        ),
        lambda _: PathRests(PathState.ROLE, HOUR_S),
    ),
    # Firmware before 20.49 shows the core to everybody, and 1.15 stops when somebody logs in.
    Row(
        "401/403: beside a core that is open to everybody",
        lambda c: _may_be_role(c) and c.core_open and not c.core,
        lambda _: PathRests(PathState.ROLE, HOUR_S),
    ),
    Row(
        "401/403: another flight has just logged in",
        lambda c: isinstance(c.error, LogInAgain) and c.relogged,
        lambda _: SendAgain(),
    ),
    Row(
        "401/403: a login was tried less than a minute ago",
        lambda c: isinstance(c.error, LogInAgain) and _within(c.login_ago_s, LOGIN_EVERY_S),
        lambda _: PathRests(PathState.REFUSED, 30.0),
    ),
    Row("401/403: presumably expired", _is(LogInAgain), lambda c: LogIn(c.error)),
    # A web server that has none of a gateway's paths is a gateway that boots, or not a gateway:
    # an hour of rest per path would outlast the boot.
    Row(
        "404 on the core before anything worked",
        lambda c: isinstance(c.error, NotServed) and c.core and not c.anything_worked,
        _lane_fails,
    ),
    Row(
        "404 on a path that once worked",
        lambda c: isinstance(c.error, NotServed) and c.path_worked,
        _vanished,
    ),
    Row("404", _is(NotServed), _not_served),
    Row(
        "503 beside the core",
        lambda c: isinstance(c.error, Busy) and not c.core,
        lambda c: PathRests(PathState.BUSY, _nth((60.0, 300.0), c.strikes)),
    ),
    Row(
        "a path fetched on demand: hangs are expected of it",
        lambda c: c.on_demand,
        lambda c: PathRests(PathState.FAILING, _nth((60.0, 600.0), c.strikes)),
    ),
    Row(
        "only this path fails: the core worked within 30 s",
        lambda c: not c.core and _within(c.core_ok_before_s, CORE_PROOF_S),
        lambda c: PathRests(PathState.FAILING, _nth((60.0, 600.0), c.strikes)),
    ),
    # Without this row one broken meter path (404 and hangs on aggregates were reported) would
    # bring the whole lane to rest again and again.
    Row(
        "one path of the core fails again, while the others answer",
        lambda c: c.core and c.strikes > 0 and c.others_worked_since,
        lambda c: PathRests(PathState.FAILING, _nth(PAUSES_S, c.strikes)),
    ),
    Row(
        "anything else: refused, silent, 5xx, half an answer, our own bug",
        lambda _: True,
        _lane_fails,
    ),
)


def judge(case: Case) -> Verdict:
    """Return what the first fitting row says."""
    return next(row for row in TABLE if row.when(case)).then(case)
