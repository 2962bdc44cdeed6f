"""A proxy process that is forked from one which has imported it: for stories not about starting.

It runs the same command with the same settings, in a process and with a worker of its own. What
is saved is the import of six hundred modules: most of what a short story costs, a hundred times.
Who tells of starting, of signals, of memory or of what is installed takes Served.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path

from .served import PROXY, Served, environment

NURSERY = Path(__file__).with_name("nursery.py")
FAREWELL_S = 10.0


class Forked(Served):
    """One process, as Served.

    Raises:
        ValueError: It would not be what was asked for; Served is.
    """

    def __init__(self, folder: Path, command: tuple[str, ...] = PROXY, **settings: str) -> None:
        if command != PROXY:
            raise ValueError("another command cannot be forked")
        if strange := [name for name in settings if not name.startswith(("PW_", "PROXY_"))]:
            raise ValueError(f"not read any more by what is imported already: {strange}")
        super().__init__(folder, command, **settings)

    def launch(self) -> None:
        """Start without waiting for anything."""
        with (
            (self.folder / "stdout").open("ab") as out,
            (self.folder / "stderr").open("ab") as err,
        ):
            self._process = _nursery().fork(  # type: ignore[assignment]
                {"environment": self.environment, "cwd": str(self.cwd)}, out.fileno(), err.fileno()
            )


class Child:
    """What Served wants of a subprocess.Popen."""

    def __init__(self, pid: int, ended: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._ended = ended

    def poll(self) -> int | None:
        return self._look(0.0)

    def wait(self, timeout: float | None = None) -> int:
        code = self._look(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(PROXY, timeout or 0.0)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _look(self, for_s: float | None) -> int | None:
        if self.returncode is None and select.select([self._ended], [], [], for_s)[0]:
            told = os.read(self._ended, 16)
            os.close(self._ended)
            assert told, "the nursery is gone"
            self.returncode = int(told)
        return self.returncode


class _Nursery:
    """The process that has imported the proxy, for all stories of this test process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                (sys.executable, "-P", str(NURSERY), str(theirs.fileno())),
                env=environment(NURSERY.parent, {}),
                stdin=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=[theirs.fileno()],
            )
        atexit.register(self.close)

    def fork(self, order: dict[str, object], out: int, err: int) -> Child:
        ended, theirs = os.pipe()
        try:
            with self._lock:
                return Child(self._pid(json.dumps(order).encode(), [out, err, theirs]), ended)
        except BaseException:
            os.close(ended)
            raise
        finally:
            os.close(theirs)

    def _pid(self, order: bytes, descriptors: list[int]) -> int:
        with contextlib.suppress(OSError):
            socket.send_fds(self._socket, [order], descriptors)
            if told := self._socket.recv(16):
                return int(told)
        _, said = self._process.communicate(timeout=FAREWELL_S)
        raise AssertionError(f"the nursery is gone, {self._process.returncode}: {said.decode()}")

    def close(self) -> None:
        self._socket.close()
        self._process.communicate(timeout=FAREWELL_S)


@cache
def _nursery() -> _Nursery:
    return _Nursery()
