"""What `set_debug` switches: the library's own log, on the standard error."""

from __future__ import annotations

import logging

from .redact import RedactingFilter, Secrets

RED, PLAIN = "\x1b[31;1m", "\x1b[0m"
SECRETS = Secrets()
"""Of every Powerwall in this process: what is masked in what is printed."""
_FORMAT = "%(asctime)s [%(name)s] [%(levelname)s] %(message)s"


class _DebugHandler(logging.StreamHandler):  # type: ignore[type-arg]  # it is none when it runs
    """Told apart from whatever the program itself has set up.

    Attributes:
        level_before: Of the log: what the program had set.
    """

    level_before = logging.NOTSET


def print_log(*, on: bool, color: bool) -> None:
    """Let everything be printed but secrets, or nothing beyond what the program itself prints."""
    log = logging.getLogger(__package__)
    old = next((one for one in log.handlers if isinstance(one, _DebugHandler)), None)
    level = log.level if old is None else old.level_before
    if old is not None:
        log.removeHandler(old)
    if on:
        handler = _DebugHandler()
        handler.level_before = level
        handler.setFormatter(logging.Formatter(f"{RED}{_FORMAT}{PLAIN}" if color else _FORMAT))
        handler.addFilter(RedactingFilter(SECRETS))
        log.addHandler(handler)
    log.setLevel(logging.DEBUG if on else level)
