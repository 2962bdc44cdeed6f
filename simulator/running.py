"""What every simulator is while it runs: a doorway, perhaps a control port, and an end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Self

from simulator.control import ControlServer
from simulator.exchange import Line
from simulator.faults import Faults
from simulator.listening import Doorway


class Running:
    """Starts and stops; both may be done twice."""

    faults: Faults

    def __init__(
        self, line: Line, doorway: Doorway, make_control: Callable[[], ControlServer] | None
    ) -> None:
        self._line = line
        self._doorway = doorway
        self._make_control = make_control
        self._control: ControlServer | None = None
        self._running = False
        self._lock = threading.RLock()

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        """Stop."""
        self.stop()

    @property
    def host(self) -> str:
        """The address it listens on."""
        return self._doorway.bound[0]

    @property
    def port(self) -> int:
        """The port it listens on; before the start, the port asked for."""
        return self._doorway.bound[1]

    @property
    def control_port(self) -> int | None:
        """The port of the control side, if it runs."""
        return self._control.port if self._control else None

    def set_latency(self, seconds: float) -> None:
        """Wait this long before each answer."""
        if not 0 <= seconds < float("inf"):
            raise ValueError("latency must be a number of seconds, 0 or more")
        self._line.latency_s = seconds

    def start(self) -> None:
        """Listen; connections are taken when this returns."""
        with self._lock:
            if self._running:
                return
            self._running = True
            self._doorway.open()
            if self._make_control is not None:
                self._control = self._make_control()

    def stop(self) -> None:
        """Close everything, connections that a fault holds included."""
        with self._lock:
            self._running = False
            self._doorway.close()
            if self._control is not None:
                self._control.close()
                self._control = None
        self.faults.stop()

    def _follow(self) -> None:
        """Listen, or not, and as whom, as the faults now say."""
        self._doorway.follow()
