"""How a controller uses the one road to its upstream: it demands readings, and sends writes once.

Rule: a write is sent again in one case only: after 401, for then nothing was carried out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import Future
from typing import Any, TypeVar

from .errors import LogInAgain, NotSent, PowerwallError, RateLimited, Refused, Unreachable
from .lane import Lane

PATIENCE_S = 60.0
"""A login, a slow read and another flight before it: more is trouble."""
Answer = TypeVar("Answer")


class Sender:
    """Everything here blocks until the lane has done it."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane

    def demand(self, source: str) -> Any:
        """Return a source's document as a flight that leaves from now on brings it.

        Raises:
            PowerwallError: It cannot be read just now.
        """
        return _wait(self._lane.demand(source))

    def send(self, call: Callable[[], Answer], touches: Collection[str]) -> Answer:
        """Have one write sent, with a new session where the old one has ended.

        Raises:
            NotSent: Nothing left for the upstream.
            Refused: The upstream said no; 429 is a no as well.
            PowerwallError: Anything else: it may or may not have been carried out.
        """
        try:
            return self.run(call, touches)
        except LogInAgain:
            # 401: it was refused to an expired session, so nothing was carried out.
            self._log_in()
            return self._send_again(call, touches)
        except RateLimited as error:
            raise Refused(str(error), remedy=error.remedy) from error

    def run(self, call: Callable[[], Answer], touches: Collection[str]) -> Answer:
        """Have one call made, between two flights.

        Raises:
            NotSent: It was not made: nobody expects it any more, so it never leaves.
            PowerwallError: What the call raises.
        """
        errand = self._lane.errand(call, touches)
        try:
            answer: Answer = _wait(errand)
        except Unreachable as error:
            # What still waits for its turn must not leave when nobody expects it any more.
            if self._lane.withdraw(errand):
                raise NotSent(str(error), remedy=error.remedy) from error
            raise
        return answer

    def _send_again(self, call: Callable[[], Answer], touches: Collection[str]) -> Answer:
        try:
            return self.run(call, touches)
        except (LogInAgain, RateLimited) as error:
            raise Refused(str(error), remedy=error.remedy) from error

    def _log_in(self) -> None:
        try:
            _wait(self._lane.log_in())
        except PowerwallError as error:
            raise NotSent(f"no session: {error}", remedy=error.remedy) from error


def _wait(future: Future[Any]) -> Any:
    try:
        return future.result(PATIENCE_S)
    except TimeoutError as error:
        raise Unreachable(
            f"no answer within {PATIENCE_S:.0f} s: others were asked first"
        ) from error
