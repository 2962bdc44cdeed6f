"""What a scan says: nothing, JSON, or text for a person at a terminal."""

from __future__ import annotations

import json
import os
import sys
from ipaddress import IPv4Network
from typing import TextIO

from .errors import BadSetting
from .scanned import Tally, about, advice, progress, row, troubles, warnings
from .scanning import Guess, Task, network_of
from .version import __version__

_RESET = "\x1b[0m"
_STYLES = {"title": "\x1b[1m", "good": "\x1b[1;32m", "poor": "\x1b[1;33m", "row": "\x1b[36m"}


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person sits behind a stream; one that was closed at the start is None."""
    return stream is not None and stream.isatty()


def wants_color(*, refused: bool) -> bool:
    """Whether the answer may be colored: who refuses does so by an option or by NO_COLOR."""
    environment = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return is_terminal(sys.stdout) and not refused and not environment


def _say(stream: TextIO | None, text: str, end: str = "\n") -> None:
    if stream is not None:  # print would take stdout instead
        print(text, file=stream, end=end, flush=True)


class Silent:
    """Says nothing: the caller gets the result."""

    def choose(self, guess: Guess) -> IPv4Network | None:
        """Choose the network when none was named; None for none."""
        return guess.network

    def begin(self, task: Task) -> None:
        """Hear what is about to be looked at."""

    def step(self, tally: Tally) -> None:
        """Hear how far it is."""

    def end(self, task: Task, tally: Tally) -> None:
        """Hear what was found, by then."""


class JsonTalk(Silent):
    """A JSON array on stdout and nothing else there."""

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self._out: TextIO | None = out or sys.stdout
        self._err: TextIO | None = err or sys.stderr

    def begin(self, task: Task) -> None:
        """Say what is unusual, to who looks at stderr."""
        for line in warnings(task):
            _say(self._err, f"powerwall: {line}")

    def end(self, task: Task, tally: Tally) -> None:
        """Print the array."""
        del task
        for line in troubles(tally):
            _say(self._err, f"powerwall: {line}")
        _say(self._out, json.dumps(tally.entries, indent=2))


class TextTalk(Silent):
    """Text on stdout; the question and the progress on stderr, and only on terminals."""

    def __init__(
        self,
        *,
        color: bool,
        out: TextIO | None = None,
        err: TextIO | None = None,
        stdin: TextIO | None = None,
    ) -> None:
        self._out: TextIO | None = out or sys.stdout
        self._err: TextIO | None = err or sys.stderr
        self._in = stdin or sys.stdin
        self._color = color
        self._watched = is_terminal(self._out) and is_terminal(self._err)
        self._shown = ""

    def choose(self, guess: Guess) -> IPv4Network | None:
        """Ask for the network until the answer is one; Enter takes the guess."""
        if not guess.is_own:
            _say(self._err, "powerwall: this machine does not know its own address")
        if not is_terminal(self._in) or not is_terminal(self._err):
            return guess.network
        while True:
            try:
                return self._answer(guess.network)
            except BadSetting as error:
                _say(self._err, f"powerwall: {error}")
            except (KeyboardInterrupt, EOFError):
                _say(self._err, "")
                return None

    def _answer(self, default: IPv4Network) -> IPv4Network:
        _say(self._err, f"Network to scan [{default}]: ", end="")
        line = self._in.readline()
        if not line:
            raise EOFError
        return network_of(line) if line.strip() else default

    def begin(self, task: Task) -> None:
        """Say what is looked at."""
        self._tell("title", f"powerwall-proxy {__version__}: looking for Powerwall gateways")
        self._tell("", about(task))
        for line in warnings(task):
            _say(self._err, f"powerwall: {line}")

    def step(self, tally: Tally) -> None:
        """Show how far it is, over what was shown before."""
        line = progress(tally)
        if self._watched and line != self._shown:
            _say(self._err, f"\r{line.ljust(len(self._shown))}", end="")
            self._shown = line

    def end(self, task: Task, tally: Tally) -> None:
        """Say what was found and what to do next."""
        if self._shown:
            _say(self._err, f"\r{' ' * len(self._shown)}\r", end="")
        self._tell("", "")
        if tally.tried < tally.total:
            self._tell("poor", f"Stopped after {tally.tried} of {tally.total}.")
        for line in troubles(tally):
            self._tell("poor", line)
        entries = tally.entries
        count = f"Discovered {len(entries)} Powerwall Gateway(s)"
        self._tell("good" if entries else "poor", count)
        for entry in entries:
            self._tell("row", row(entry))
        self._tell("", "\n".join(["", *advice(task, tally)]))

    def _tell(self, style: str, text: str) -> None:
        painted = self._color and style
        _say(self._out, f"{_STYLES[style]}{text}{_RESET}" if painted else text)
