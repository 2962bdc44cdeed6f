"""Facts read out of documents: what a value is, in which unit, on which scale. Pure.

A fact is None when its document is missing or has another shape.
"""

from __future__ import annotations

import re
from typing import Any

from . import payloads
from .scales import app_from_raw
from .snapshot import Snapshot

_VERSION_MOST = 100
"""Python would refuse to print the number of a longer one."""


def number(value: Any) -> float | None:
    """Return a JSON number as it is, anything else (true included) as None."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def text(value: Any) -> str | None:
    """Return a text as it is, anything else as None."""
    return value if isinstance(value, str) else None


def level_raw_pct(snapshot: Snapshot) -> float | None:
    """Battery level in the gateway's percent, the hidden 5 % included."""
    return number(_field(snapshot, payloads.SOE, "percentage"))


def level_app_pct(snapshot: Snapshot) -> float | None:
    """Battery level as Tesla's app shows it, 0 to 100."""
    raw_pct = level_raw_pct(snapshot)
    return None if raw_pct is None else app_from_raw(raw_pct)


def firmware(snapshot: Snapshot) -> str | None:
    """The gateway's firmware, such as "23.36.4 9bf61a5b"."""
    return text(_field(snapshot, payloads.STATUS, "version"))


def site_name(snapshot: Snapshot) -> str | None:
    """The name its owner gave the site."""
    return text(_field(snapshot, payloads.SITE_NAME, "site_name"))


def firmware_number(version: str | None) -> int | None:
    """Fold a firmware text into one integer, as clients have always compared it.

    "23.44.1 9064fc6a" is 234401, "24.4" is 240400, "23.4.2-1" is 230421. None when a field
    is empty or the text is too long to be a version.
    """
    words = (version or "").split()
    if not words or len(words[0]) > _VERSION_MOST:
        return None
    fields = re.sub(r"[^0-9./\\]", "", words[0]).split(".")
    fields += ["0"] * (3 - len(fields))
    if not all(field.isdigit() for field in fields):
        return None
    return sum(int(field) * 100**place for place, field in enumerate(reversed(fields)))


def _field(snapshot: Snapshot, payload: str, name: str) -> Any:
    document = snapshot.document(payload)
    return document.get(name) if isinstance(document, dict) else None
