"""Timers of a server that run by the clock of a test; sockets and event loop stay real.

Limits need not be small enough to be waited for, and no busy machine makes one run out.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .served import until

_BOUND_S = 10.0


@dataclass(eq=False, slots=True)
class Timer:
    """What call_later returns."""

    at_s: float
    call: Callable[..., Any]
    args: tuple[Any, ...]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


class Clock:
    """Time of one server: it passes when a test says so, in the thread of the server.

    Attributes:
        heard: How many bytes the server has read.
        sleeping: How many requests wait for time to pass.
    """

    def __init__(self) -> None:
        self.heard = 0
        self.sleeping = 0
        self._now_s = 0.0
        self._timers: list[Timer] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    # -- for the test ---------------------------------------------------------------------

    def has_heard(self, count: int) -> None:
        """Wait until the server has read so many bytes in all."""
        until(lambda: self.heard >= count, _BOUND_S)

    def has_sleepers(self) -> None:
        """Wait until an answer is being made."""
        until(lambda: self.sleeping, _BOUND_S)

    def advance(self, seconds: float) -> None:
        """Let time pass; what falls due meanwhile is called in its order."""
        passed = threading.Event()
        assert self._loop is not None, "nobody has connected yet"
        self._loop.call_soon_threadsafe(self._pass, seconds, passed)
        assert passed.wait(_BOUND_S)

    # -- for the server -------------------------------------------------------------------

    async def sleep(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        woken: asyncio.Future[None] = loop.create_future()
        self.call_later(seconds, woken.set_result, None)
        self.sleeping += 1
        try:
            await woken
        finally:
            self.sleeping -= 1

    def over(self, protocol: type[asyncio.Protocol]) -> type[asyncio.Protocol]:
        """Return one of uvicorn's protocols that keeps its time by this clock."""
        clock = self

        class Clocked(protocol):  # type: ignore[misc, valid-type]
            def __init__(self, *args: Any, **named: Any) -> None:
                super().__init__(*args, **named)
                clock._loop = self.loop
                self.loop = _Loop(clock, self.loop)

            def data_received(self, data: bytes) -> None:
                super().data_received(data)
                clock.heard += len(data)

        return Clocked

    def call_later(self, seconds: float, call: Callable[..., Any], *args: Any) -> Timer:
        timer = Timer(self._now_s + seconds, call, args)
        self._timers.append(timer)
        return timer

    def _pass(self, seconds: float, passed: threading.Event) -> None:
        ends_s = self._now_s + seconds
        while due := [one for one in self._timers if one.at_s <= ends_s and not one.cancelled]:
            timer = min(due, key=lambda one: one.at_s)
            self._timers.remove(timer)
            self._now_s = timer.at_s
            timer.call(*timer.args)
        self._now_s = ends_s
        passed.set()


class _Loop:
    """A real event loop, but for its timers."""

    def __init__(self, clock: Clock, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.call_later = clock.call_later

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)
