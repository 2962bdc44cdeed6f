"""Who types the answers: a person at a terminal, or whatever is piped in."""

from __future__ import annotations

import os
import select
import sys
from typing import Protocol

from pypowerwall_core.errors import PowerwallError
from pypowerwall_core.scantalk import is_terminal

from .output import say

TRIES = 20
"""Wrong answers to a question; a person has given up long before, `yes |` never would."""
PASTE_PAUSE_S = 0.15
"""A terminal hands a long paste over in parts; a person needs longer for the next line."""
MOST = 65_536
_ENDS = b"\x04"
_BACK = b"\x7f\x08"
_CLEAR = b"\x15"


class NobodyThere(PowerwallError):
    """The input has ended before the last question."""

    def __init__(self) -> None:
        super().__init__("the input has ended before setup was done")


class Person(Protocol):
    """Is told things, and asked."""

    def say(self, text: str) -> None:
        """Tell something."""

    def ask(self, question: str) -> str:
        """Return a line.

        Raises:
            NobodyThere: There is none any more.
        """

    def ask_unseen(self, question: str) -> str:
        """Return what is typed or pasted, which is not shown; it may have several lines.

        Raises:
            NobodyThere: There is none any more.
        """


class TypingPerson:
    """Whoever is behind the standard input."""

    def say(self, text: str) -> None:
        """See Person."""
        say(text)

    def ask(self, question: str) -> str:
        """See Person."""
        _prompt(question)
        line = "" if sys.stdin is None else sys.stdin.readline()
        if not line:
            _prompt("\n")
            raise NobodyThere
        return line.rstrip("\r\n")

    def ask_unseen(self, question: str) -> str:
        """See Person."""
        if not is_terminal(sys.stdin):
            line = self.ask(question)
            _prompt("\n")
            return line
        try:
            typed = _unseen(sys.stdin.fileno(), question)
        finally:
            _prompt("\n")
        return typed.decode("utf-8", "replace")


def _prompt(text: str) -> None:
    if sys.stdout is not None:
        sys.stdout.write(text)
        sys.stdout.flush()


def _unseen(terminal: int, question: str) -> bytes:
    """Ask for a paste that is not shown, and read it.

    Asked only once nothing is shown any more: who pastes at once would see the token's beginning.

    Letter by letter and not by line as getpass does: a line has 4095 letters at most, 1023 on a
    Mac, and a token that lost its end is refused by Tesla for no visible reason.
    """
    import termios  # noqa: PLC0415 - there is none on Windows

    before = termios.tcgetattr(terminal)
    unseen = termios.tcgetattr(terminal)
    unseen[3] &= ~(termios.ECHO | termios.ICANON)
    try:
        termios.tcsetattr(terminal, termios.TCSADRAIN, unseen)
        _prompt(question)
        return _pasted(terminal)
    finally:
        # What is still to come of a paste is thrown away unseen.
        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)


def _pasted(terminal: int) -> bytes:
    """Read until a line has ended and nothing follows."""
    typed = bytearray()
    while len(typed) < MOST:
        got = os.read(terminal, 4096)
        if not got or (got == _ENDS and not typed):
            raise NobodyThere
        for letter in got:
            _edit(typed, letter)
        is_done = typed.endswith(b"\n") or got.endswith(_ENDS)
        if is_done and not select.select([terminal], [], [], PASTE_PAUSE_S)[0]:
            break
    return bytes(typed).strip()


def _edit(typed: bytearray, letter: int) -> None:
    if letter in _BACK:
        del typed[-1:]
    elif letter in _CLEAR:
        typed.clear()
    elif letter not in _ENDS:
        typed.append(letter)
