"""/help: every route and what the proxy says of itself, for a person with a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from html import escape
from typing import Any

from pypowerwall_core.snapshot import Snapshot

from . import introspect
from .desk import Desk
from .rows import Row

_APART = ("uri", "config", "lanes", "notes")
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="5">
<title>{name}</title>
<link rel="stylesheet" href="page.css">
<link rel="icon" href="data:,">
<main>
<h1>{name}</h1>
{notes}
{tables}
</main>
</html>
"""


def of(rows: Callable[[], Iterable[Row]]) -> Callable[[Desk, Snapshot], str]:
    """Return the renderer of a page about some routes."""

    def render(desk: Desk, snapshot: Snapshot) -> str:
        stats = introspect.stats(desk, snapshot)
        own = {key: value for key, value in stats.items() if key not in _APART}
        asked = stats["uri"]
        return _PAGE.format(
            name=escape(str(stats["pypowerwall"])),
            notes="".join(f"<p>{escape(note)}</p>" for note in stats["notes"]),
            tables="\n".join(
                (
                    _table("State", own),
                    *(_table(lane["upstream"].capitalize(), lane) for lane in stats["lanes"]),
                    _routes(rows(), asked),
                    _table("Settings", stats["config"]),
                )
            ),
        )

    return render


def _routes(rows: Iterable[Row], asked: Mapping[str, int]) -> str:
    body = "".join(
        f"<tr><th>{_link(row.path)}<td>{marked(row.says)}<td>{asked.get(row.path, 0)}"
        for row in rows
    )
    return f"<h2>Routes</h2><table><tr><th>Route<th>What it answers<th>Asked{body}</table>"


def _link(path: str) -> str:
    """Link to a route; one with a name in braces stands for many and is none itself."""
    shown = escape(path)
    return shown if "{" in path else f'<a href="{escape(path[1:] or "./")}">{shown}</a>'


def marked(text: str) -> str:
    """Show what stands between backticks as code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if n % 2 else part for n, part in enumerate(parts))


def _table(title: str, fields: Mapping[str, Any]) -> str:
    body = "".join(f"<tr><th>{escape(key)}<td>{_value(value)}" for key, value in fields.items())
    return f"<h2>{title}</h2><table>{body}</table>"


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return escape(", ".join(f"{key}: {item}" for key, item in value.items()))
    return "&ndash;" if value is None else escape(str(value))
