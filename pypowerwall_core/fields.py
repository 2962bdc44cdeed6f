"""Reading documents whose shape is only hoped for, and showing their texts. Pure.

Firmware differs, packs fail, fields go missing: what is not of the kind expected is None or
empty, never an exception and never a number of our own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_NOTHING: Mapping[str, Any] = {}


def number(value: Any) -> float | None:
    """Return a JSON number as it is, anything else (true included) as None."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def text(value: Any) -> str | None:
    """Return a text as it is, anything else as None."""
    return value if isinstance(value, str) else None


def printable(text: str) -> str:
    """Return a text as one line, without what would move a terminal's cursor."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def flag(value: Any) -> int | None:
    """Return true as 1 and false as 0, anything else as None."""
    return int(value) if isinstance(value, bool) else None


def mapping(value: Any) -> Mapping[str, Any]:
    """Return a JSON object as it is, anything else as an empty one."""
    return value if isinstance(value, dict) else _NOTHING


def sequence(value: Any) -> Sequence[Any]:
    """Return a JSON array as it is, anything else as an empty one."""
    return value if isinstance(value, list) else ()
