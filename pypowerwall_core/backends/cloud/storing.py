"""Whether tokens can be stored: asked before anybody logs in, as each login counts at Tesla's."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pypowerwall_core.errors import BadSetting

from .files import SITE_FILE, Account, TokenFile


def storable(folder: Path) -> dict[str, Account]:
    """Return the accounts that are stored, once it is sure that another one can be added.

    Raises:
        BadSetting: The folder cannot be written, or the file in it is somebody else's.
    """
    if (reason := unwritable(folder)) is not None:
        raise BadSetting(
            f"PW_AUTH_PATH: tokens cannot be stored in {folder}: {reason}. Nobody was logged in; "
            "give a folder that can be written, such as -authpath ~/powerwall"
        )
    tokens = TokenFile(folder)
    for path in (tokens.path, folder / SITE_FILE):
        if path.is_dir():
            raise BadSetting(f"{path} is a folder; move it away, or choose another -authpath")
    try:
        return tokens.load()
    except BadSetting as error:
        raise BadSetting(
            f"{tokens.path} is no file of tokens, so it is left alone: move it away, or choose "
            "another -authpath"
        ) from error


def unwritable(folder: Path) -> str | None:
    """Return why no file can be made in a folder; None where one can."""
    try:
        # Path.exists raises where the folder above may not be searched.
        existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        if not existing.is_dir():
            return f"{existing} is no folder"
        if existing != folder:  # is made when there is something to store
            return None if os.access(existing, os.W_OK | os.X_OK) else "Permission denied"
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"tokens would be here" * 500)
            file.flush()
    except OSError as error:
        return error.strerror or "it cannot be written"
    return None


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let Ctrl-C wait: tokens that Tesla has given and nobody has stored lock their owner out."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise KeyboardInterrupt
