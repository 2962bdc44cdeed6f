"""What Telegraf's HTTP input stores of a JSON answer: numbers by their flattened names."""

from __future__ import annotations

from typing import Any


def fields(document: Any) -> dict[str, float]:
    """Flatten as Telegraf's json parser does: texts, booleans and null are dropped."""
    found: dict[str, float] = {}
    _flatten("", document, found)
    return found


def _flatten(name: str, value: Any, found: dict[str, float]) -> None:
    if isinstance(value, dict):
        pairs: Any = value.items()
    elif isinstance(value, list):
        pairs = ((str(n), entry) for n, entry in enumerate(value))
    else:
        if isinstance(value, int | float) and not isinstance(value, bool):
            found[name] = float(value)
        return
    for key, entry in pairs:
        _flatten(f"{name}_{key}" if name else key, entry, found)
