"""JSON whose numbers stay as they were written: 1.0 is not 1, and neither is 1e0. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any


class Number(str):
    """A number, NaN or Infinity, as it stood in the text."""

    __slots__ = ()


def loads(text: str) -> Any:
    """Read JSON; numbers become Number.

    Raises:
        ValueError: It is none.
        RecursionError: It is nested too deeply.
    """
    return json.loads(text, parse_float=Number, parse_int=Number, parse_constant=Number)


def dumps(value: Any, indent: int | None = None) -> str:
    """Write JSON, compact as a gateway does or indented for people."""
    return _written(value, "" if indent is None else "\n", " " * (indent or 0))


def _written(value: Any, line: str, step: str) -> str:
    if isinstance(value, Number):
        return str(value)
    inner = line + step if line else ""
    if isinstance(value, dict):
        colon = ": " if line else ":"
        rows = [
            f"{json.dumps(key, ensure_ascii=False)}{colon}{_written(entry, inner, step)}"
            for key, entry in value.items()
        ]
        return _bracketed("{}", rows, line, inner)
    if isinstance(value, list):
        return _bracketed("[]", [_written(entry, inner, step) for entry in value], line, inner)
    return json.dumps(value, ensure_ascii=False)


def _bracketed(brackets: str, rows: list[str], line: str, inner: str) -> str:
    if not rows:
        return brackets
    return f"{brackets[0]}{inner}{f',{inner}'.join(rows)}{line}{brackets[1]}"


def mapped(
    value: Any,
    text: Callable[[str, str], Any],
    key: Callable[[str], str],
    under: str = "",
) -> Any:
    """Return a copy of a document with other texts and keys.

    Args:
        value: A document of `loads`.
        text: Given the nearest key above and a string or Number: what stands there instead.
        key: Given a key of an object: what it is instead.
        under: The key that the document itself stands under.
    """
    if isinstance(value, dict):
        # Keys that were the same for two would lose one of them; the last then wins, as in JSON.
        return {key(name): mapped(entry, text, key, name) for name, entry in value.items()}
    if isinstance(value, list):
        return [mapped(entry, text, key, under) for entry in value]
    return text(under, value) if isinstance(value, str) else value
