"""A command at a terminal: what a person sees, types and interrupts."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from typing import Self

from .served import until

ENDS_WITHIN_S = 20.0


class Terminal:
    """Runs a command whose three streams are one terminal, until the `with` ends."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._command = command
        self._environment = environment
        self._shown = b""

    def __enter__(self) -> Self:
        self._screen, end = pty.openpty()
        self._process = subprocess.Popen(  # noqa: S603 - the command under test
            self._command,
            stdin=end,
            stdout=end,
            stderr=end,
            env=dict(self._environment),
            start_new_session=True,
        )
        os.close(end)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        os.close(self._screen)

    @property
    def shown(self) -> str:
        """Everything so far, line ends as programs write them."""
        return self._shown.decode().replace("\r\n", "\n")

    def await_text(self, text: str) -> None:
        """Look on until it is shown."""
        until(lambda: text in self.shown)

    def type(self, text: str) -> None:
        os.write(self._screen, text.encode())

    def interrupt(self) -> None:
        """Press Ctrl-C, as far as the command can tell."""
        self._process.send_signal(signal.SIGINT)

    def end(self) -> int:
        """Wait for the exit code, and for the last words."""
        code = self._process.wait(ENDS_WITHIN_S)
        self._reader.join(ENDS_WITHIN_S)
        return code

    def _read(self) -> None:
        try:
            while got := os.read(self._screen, 65536):
                self._shown += got
        except OSError:  # the last one who held the other end is gone
            pass
