"""What answers and refusals have proven so far about the session and the core."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from .errors import LogInAgain
from .failures import LOGIN_EVERY_S, Case
from .flights import Condition, Flight
from .policy import Source
from .slot import Slot


@dataclass(slots=True)
class Evidence:
    """The memory of one lane's successes, refusals and logins.

    Attributes:
        core: The names of the core.
        core_ok_s: When each core path last answered.
        core_open: The core answered although no session was shown.
        core_closed: A core path was refused: the core needs a session.
        core_refused: Core paths refused since anything last proved the session.
        core_well: Whether the last flight for the core succeeded; None before the first.
    """

    core: frozenset[str]
    core_ok_s: dict[str, float] = field(default_factory=dict)
    core_open: bool = False
    core_closed: bool = False
    core_refused: set[str] = field(default_factory=set)
    core_well: bool | None = None
    session_proven_s: float | None = None
    login_tried_s: float | None = None
    logged_in_s: float | None = None

    def answered(self, source: Source, now_s: float, *, in_session: bool) -> None:
        """Note a good answer; `in_session` says whether a session was shown for it."""
        if not source.open:
            self.session_proven_s = now_s
            self.core_refused.clear()
        if source.core:
            self.core_open = not in_session
            self.core_ok_s[source.name] = now_s
            self.core_well = True

    def refused(self, source: Source, error: Exception) -> None:
        """Note what a refusal says of the core."""
        if source.core and isinstance(error, LogInAgain):
            self.core_closed, self.core_open = True, False

    def is_open_beside(self, source: Source) -> bool | None:
        """Whether a refused path stands beside a core that needs no session; None: not known."""
        if source.core or self.core_closed:
            return False
        return self.core_open or None

    def last_core_ok_s(self) -> float | None:
        """When any core path last answered."""
        return max(self.core_ok_s.values(), default=None)

    def refused_after_login(self, flight: Flight, error: Exception, now_s: float) -> bool:
        """Whether a core path was refused to a new session that has proven nothing yet."""
        since_s = _ago(self.logged_in_s, now_s)
        if since_s is None or since_s >= LOGIN_EVERY_S or not flight.source.core:
            return False
        proven_s = _ago(self.session_proven_s, now_s)
        return isinstance(error, LogInAgain) and (proven_s is None or proven_s > since_s)

    def case(
        self, flight: Flight, error: Exception, slot: Slot, condition: Condition, now_s: float
    ) -> Case:
        """Say everything the decision table asks about a failed flight."""
        refused = self.core_refused | {flight.source.name}
        return Case(
            error,
            core=flight.source.core,
            open=flight.source.open,
            on_demand=flight.source.on_demand,
            path_worked=slot.worked,
            anything_worked=bool(self.core_ok_s),
            strikes=slot.strikes_of(error),
            lane_state=condition.state,
            lane_strikes=condition.strikes,
            session_proven_ago_s=_ago(self.session_proven_s, now_s),
            core_ok_before_s=_ago(flight.core_ok_s, flight.took_off_s),
            others_worked_since=_latest(self._others(flight)) > (slot.struck_s or 0.0),
            login_ago_s=_ago(self.login_tried_s, now_s),
            after_login=flight.again,
            core_open=self.core_open,
            relogged=self.logged_in_s is not None and self.logged_in_s > flight.took_off_s,
            core_all_refused=self.refused_after_login(flight, error, now_s)
            and refused >= self.core,
        )

    def _others(self, flight: Flight) -> list[float]:
        return [at_s for name, at_s in self.core_ok_s.items() if name != flight.source.name]


def _latest(times_s: Iterable[float]) -> float:
    return max(times_s, default=-1.0)


def _ago(at_s: float | None, now_s: float) -> float | None:
    return None if at_s is None else now_s - at_s
