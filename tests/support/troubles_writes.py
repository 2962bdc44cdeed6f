"""The table of stories in which only writes go wrong: who reads, reads on, and writes nothing."""

from __future__ import annotations

from .trouble import Trouble

ACTING_PATHS = ("/api/config/completed", "/api/sitemaster/run", "/api/v2/islanding/mode")

WRITES = tuple(
    Trouble(fault, unasked=ACTING_PATHS)
    for fault in (
        "delayed",
        "ignored",
        "clamped",
        "acknowledged_only",
        "lost",
        "dropped",
        "failing_after_effect",
    )
)
