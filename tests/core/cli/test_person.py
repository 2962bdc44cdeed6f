"""Questions at a terminal, with a terminal of the test."""

from __future__ import annotations

import io
import os
import pty
import sys
import termios
from collections.abc import Iterator
from typing import TextIO

import pytest

from pypowerwall_core.cli.person import TypingPerson

QUESTION = "Refresh token: "


@pytest.fixture
def terminal() -> Iterator[tuple[int, TextIO]]:
    """The end that shows and types, and the one that programs read."""
    screen, end = pty.openpty()
    with open(end, closefd=True) as reads:  # noqa: PTH123 - it has no path
        yield screen, reads
    os.close(screen)


class Quick(io.StringIO):
    """Shows a question to somebody who answers before it is all there, and notes what is echoed."""

    def __init__(self, screen: int, reads: TextIO, answer: bytes) -> None:
        super().__init__()
        self._screen = screen
        self._reads = reads
        self._answer = answer
        self.echoes: list[bool] = []

    def write(self, text: str) -> int:
        if QUESTION in text:
            self.echoes.append(bool(termios.tcgetattr(self._reads)[3] & termios.ECHO))
            os.write(self._screen, self._answer)
        return super().write(text)


def test_nothing_is_shown_of_a_paste_that_comes_at_once(
    terminal: tuple[int, TextIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    screen, reads = terminal
    shown = Quick(screen, reads, b"a secret\n")
    monkeypatch.setattr(sys, "stdin", reads)
    monkeypatch.setattr(sys, "stdout", shown)
    assert TypingPerson().ask_unseen(QUESTION) == "a secret"
    assert shown.echoes == [False]
    assert termios.tcgetattr(reads)[3] & termios.ECHO, "as it was before"
    assert shown.getvalue() == f"{QUESTION}\n"
