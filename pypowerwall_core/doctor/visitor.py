"""Asks the gateway, one path after the other, and notes how it went.

No write is ever sent, and no more than one login.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from pypowerwall_core.backends.local.documents import ErrorInstead, any_json
from pypowerwall_core.backends.local.reader import ROWS
from pypowerwall_core.backends.local.session import GatewaySession
from pypowerwall_core.backends.local.transport import DEADLINES, Answer, Transport
from pypowerwall_core.errors import PowerwallError, RateLimited, Unreachable
from pypowerwall_core.fields import printable

from .chart import Chart, Kind, Visit

SILENT_MOST = 3
"""After so many requests in a row without an answer nothing more is asked."""
LEAST_S = 0.5
BREATH_S, BREATH_MOST_S = 0.1, 1.0
_DEEPEST = 4
_PARSE = {row.path: row.parse for row in ROWS}


class NotingTransport(Transport):
    """A transport that remembers the Date of the last answer."""

    date_s: float | None = None

    def request(self, *args: Any, **kwargs: Any) -> Answer:
        """Send one request, as any transport does."""
        self.date_s = None
        answer = super().request(*args, **kwargs)
        self.date_s = date_of(answer.headers.get("Date", ""))
        return answer


def date_of(text: str) -> float | None:
    """Read an HTTP date; None where it is none."""
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError, TypeError):
        return None


@dataclass(frozen=True, slots=True)
class Clocks:
    """What time it is, and a way to let it pass."""

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


class Visitor:
    """One request at a time, with a breath between them, until it is time to stop.

    Attributes:
        session: Sessions shown so far, counted.
    """

    def __init__(
        self,
        gateway: GatewaySession,
        transport: NotingTransport,
        chart: Chart,
        masked: Callable[[str], str],
        *,
        timeout_s: float,
        ends_s: float,
        clocks: Clocks,
        progress: Callable[[str], None],
    ) -> None:
        self.gateway = gateway
        self.session = 0
        self._transport = transport
        self._chart = chart
        self._masked = masked
        self._timeout_s = timeout_s
        self._ends_s = ends_s
        self._clocks = clocks
        self._progress = progress
        self._silent = 0

    def ask(self, path: str) -> Visit | None:
        """Ask for a path; None when it is time to stop."""
        left_s = self._ends_s - self._clocks.monotonic()
        if left_s < LEAST_S and not self._chart.stopped:
            self._chart.stopped = "the time for all of this is over"
        if self._chart.stopped:
            return None
        self._breathe()
        self._progress(path)
        visit = self._visit(path, min(self._timeout_s, left_s / DEADLINES))
        self._chart.visits.append(visit)
        self._heed(visit)
        return visit

    def new_session(self, change: Callable[[], None]) -> None:
        """Change what is shown to the gateway."""
        self._breathe()
        self.session += 1
        try:
            change()
        except RateLimited:
            self._chart.stopped = "the gateway limits requests (429)"
            raise

    def close(self) -> None:
        """Drop the connections; the session stays valid."""
        self.gateway.close()

    def _breathe(self) -> None:
        """Pause, the longer the slower the gateway is."""
        if self._chart.visits:
            took_s = self._chart.visits[-1].took_s
            self._clocks.sleep(max(BREATH_S, min(BREATH_MOST_S, took_s / 4)))

    def _visit(self, path: str, timeout_s: float) -> Visit:
        error: PowerwallError | None = None
        document = None
        began_s = self._clocks.monotonic()
        try:
            body = self.gateway.get(path, timeout_s)
            took_s = self._clocks.monotonic() - began_s
            document = _masked(_PARSE.get(path, any_json)(body), self._masked)
        except PowerwallError as failure:
            took_s = self._clocks.monotonic() - began_s
            error = failure
            if isinstance(failure, ErrorInstead):
                error = failure.quoting(self._masked)
        return Visit(
            path,
            took_s,
            self._clocks.wall(),
            self._transport.date_s,
            error,
            document,
            self.session,
        )

    def _heed(self, visit: Visit) -> None:
        """Stop where going on would make it worse, or wait for nothing."""
        self._silent = self._silent + 1 if isinstance(visit.error, Unreachable) else 0
        if visit.kind is Kind.LIMITED:
            self._chart.stopped = "the gateway limits requests (429)"
        elif self._chart.session_was_cut():
            self._chart.stopped = "the session ended"
        elif self._silent >= SILENT_MOST:
            self._chart.stopped = f"{SILENT_MOST} requests in a row had no answer"


def _masked(document: Any, masked: Callable[[str], str], depth: int = _DEEPEST) -> Any:
    """Return a document without secrets, should a gateway echo them; what is deep is left out."""
    if isinstance(document, str):
        return printable(masked(document))[:100]
    if depth == 0 or not isinstance(document, dict):
        return document if isinstance(document, bool | int | float) else None
    return {
        printable(masked(str(key)))[:100]: _masked(value, masked, depth - 1)
        for key, value in document.items()
    }
