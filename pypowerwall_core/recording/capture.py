"""One gentle pass over a gateway: every path once, over a lane as everything else.

The lane decides what may be asked and when, and whether to log in; a tap in its transport
keeps what the gateway said, refusals included.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, replace
from typing import Any

from pypowerwall_core import payloads, plausibility
from pypowerwall_core.backends.local.reader import FAST, ROWS, LocalUpstream, Row, sources
from pypowerwall_core.backends.local.transport import Answer, Transport
from pypowerwall_core.connect import GatewayConfig, open_session
from pypowerwall_core.errors import PowerwallError, outcome_of
from pypowerwall_core.failures import LaneState
from pypowerwall_core.lane import Lane
from pypowerwall_core.policy import Source
from pypowerwall_core.redact import Secrets

from .heard import Heard

NEVER = frozenset({payloads.UPDATE_STATUS})
"""Asking makes the gateway look for an upgrade, and may start it."""
_PATIENCE = 5
"""A gateway that is down is waited for so often in one recording ..."""
_PATIENCE_AT_FIRST = 1
"""... and so often while it has never answered: the address may be wrong."""
_TIMEOUTS = 12
_TIMEOUT_LEAST_S = 5.0
"""A path that hangs takes twice its timeout, and the lane waits four times that after it."""
_LONG_S = 3600.0
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked.

    Attributes:
        all: Also what hangs on many gateways.
        samples: How often the fast documents are asked for.
        every_s: Between two samples.
    """

    all: bool = False
    samples: int = 1
    every_s: float = 5.0

    @property
    def rows(self) -> list[Row]:
        """What is asked, in this order."""
        return [row for row in ROWS if row.payload not in NEVER and (self.all or not row.on_demand)]

    @property
    def not_asked(self) -> list[str]:
        """The paths that are read otherwise, and not here."""
        asked = {row.path for row in self.rows}
        return [row.path for row in ROWS if row.path not in asked]


class Incomplete(Exception):
    """The gateway cannot go on just now; the message is one clause for a person."""


class Tap(Transport):
    """A transport that keeps the last answer to each GET."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.heard: dict[str, Heard] = {}

    def request(self, method: str, path: str, **more: Any) -> Answer:
        """Send a request, and keep what it was answered."""
        began_s = time.monotonic()
        session = bool(more["headers"])
        heard = Heard(path, session=session)
        try:
            answer = super().request(method, path, **more)
            kind = answer.headers.get("Content-Type", "")
            heard = replace(heard, status=answer.status, content_type=kind, body=answer.body)
        except PowerwallError as error:
            heard = replace(heard, trouble=outcome_of(error))
            raise
        finally:
            if method == "GET":
                took_s = time.monotonic() - began_s
                self.heard[path] = replace(heard, latency_s=took_s)
        return answer


class Recorder:
    """Asks one gateway.

    Attributes:
        answers: What was heard so far, also when the recording breaks off.
    """

    def __init__(self, config: GatewayConfig, secrets: Secrets, plan: Plan, say: Say) -> None:
        self.answers: list[Heard] = []
        self._plan = plan
        self._say = say
        self._began_s = time.monotonic()
        self._waited = 0
        self._wait_s = _TIMEOUTS * max(_TIMEOUT_LEAST_S, config.timeout_s)
        self._session = open_session(config, secrets, self._tapped)
        upstream = LocalUpstream(f"gateway {config.address}", self._session)
        self._lane = Lane(upstream, _sources())

    def _tapped(self, *args: Any, **kwargs: Any) -> Tap:
        self._tap = Tap(*args, **kwargs)
        return self._tap

    @property
    def tokens(self) -> list[str]:
        """What shows the session: it is to be found in no document."""
        return list(self._session.shown().values())

    def run(self) -> None:
        """Ask for everything once, and for the fast documents as often as planned.

        Raises:
            Incomplete: The gateway does not go on.
        """
        self._lane.start()
        try:
            self._sample(self._plan.rows)
            fast = [row for row in self._plan.rows if row.fresh_s == FAST and self._served(row)]
            for number in range(1, self._plan.samples):
                self._sleep_until(self._began_s + number * self._plan.every_s)
                self._sample(fast)
        finally:
            self._lane.stop()

    def _sample(self, rows: Sequence[Row]) -> None:
        for row in rows:
            before = self._tap.heard.get(row.path)
            try:
                self._ask(row)
            finally:  # a refusal is an answer, too
                heard = self._tap.heard.get(row.path)
                # Not asked now, it may have been while the lane waited for the gateway.
                if heard is not None and (heard is not before or not self._has(row)):
                    self._keep(heard)

    def _keep(self, heard: Heard) -> None:
        after_s = time.monotonic() - heard.latency_s - self._began_s
        self.answers.append(replace(heard, after_s=max(0.0, after_s)))
        self._say(_line(heard))

    def _ask(self, row: Row) -> None:
        """Have the lane fetch a path; while the gateway is down, wait as long as the lane does."""
        while True:
            try:
                self._lane.demand(row.payload).result(self._wait_s)
            except FutureTimeout as error:
                raise Incomplete(f"{row.path} was not answered in time") from error
            except PowerwallError as error:
                if not self._is_back(error):
                    return
            else:
                return

    def _is_back(self, error: PowerwallError) -> bool:
        """Wait for a gateway that is down; False says that only the path was in trouble.

        Raises:
            Incomplete: Waiting does not help, or did not.
        """
        view = self._lane.view()
        if view.condition.up:
            return False
        known = any(answer.status is not None for answer in self._tap.heard.values())
        most = _PATIENCE if known else _PATIENCE_AT_FIRST
        if view.condition.state is not LaneState.DOWN or self._waited >= most:
            raise Incomplete(f"{error}. {error.remedy}".rstrip())
        self._waited += 1
        self._say(f"waiting {view.resting_for_s:.0f} s: {error}")
        time.sleep(view.resting_for_s)
        return True

    def _has(self, row: Row) -> bool:
        return any(one.path == row.path for one in self.answers)

    def _served(self, row: Row) -> bool:
        return any(one.path == row.path and one.status == 200 for one in self.answers)  # noqa: PLR2004

    @staticmethod
    def _sleep_until(at_s: float) -> None:
        time.sleep(max(0.0, at_s - time.monotonic()))


def _sources() -> list[Source]:
    """What there is to ask, believed as it is: odd samples are what recordings are for."""
    return [replace(source, doubts=plausibility.nothing) for source in sources(_LONG_S, _LONG_S)]


def _line(heard: Heard) -> str:
    said = heard.trouble.replace("_", " ") if heard.status is None else f"HTTP {heard.status}"
    return f"{heard.path:45} {said:12} {heard.latency_s:6.2f} s {len(heard.body):8} bytes"
