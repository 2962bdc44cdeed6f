"""What a command prints for whoever typed it. That nobody reads it is no reason to stop."""

from __future__ import annotations

import os
import sys
from typing import TextIO


def say(text: str) -> bool:
    """Print a text now; False where it cannot be written, as on a full disk.

    A reader that has gone, as behind `| head -1`, wants no more, and that is no failure: what
    the command is doing to a home goes on.
    """
    stream = sys.stdout
    try:
        print(_in_its_letters(text, stream), file=stream, flush=True)
    except BrokenPipeError:
        _mute(stream)
    except OSError as error:
        _mute(stream)
        warn(f"the answer cannot be written: {error.strerror}")
        return False
    return True


def warn(text: str) -> None:
    """Print a line that is not part of the answer."""
    try:
        print(f"powerwall: {text}", file=sys.stderr, flush=True)  # noqa: T201 - not the answer
    except OSError:  # who has closed it does not want to know
        _mute(sys.stderr)


def _in_its_letters(text: str, stream: TextIO | None) -> str:
    """Replace what the terminal's alphabet does not have: a site may be named in any other."""
    letters = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(letters, "replace").decode(letters)


def _mute(stream: TextIO) -> None:
    """Have everything that is still to come, the rest of a buffer too, go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
