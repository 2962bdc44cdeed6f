"""`powerwall config check`: what would be in force, where it comes from, and what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pypowerwall_core.errors import BadSetting
from pypowerwall_core.settings.layers import Survey

from .layers import survey
from .routes import check_base_path
from .settings import Settings
from .settings_table import ROWS
from .tls import check_pair

_WIDTH = max(len(row.name) for row in ROWS)


def check(environ: Mapping[str, str], flags: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Return the lines that tell of all settings, secrets excepted, and the errors."""
    found = survey(environ, flags)
    lines = [_line(found, row.name, row.field, row.shown) for row in ROWS]
    lines += [f"note: {note}" for note in found.notes]
    return lines, found.errors or _beyond(found)


def _line(found: Survey, name: str, field: str, shown: Callable[[object], object]) -> str:
    if field not in found.values:
        return f"{name:<{_WIDTH}}  (wrong)"
    text = _text(shown(found.values[field]))
    return f"{name:<{_WIDTH}}  {text}  [{found.origins[name]}]"


def _text(value: object) -> str:
    if value is None or value == "":
        return "(not set)"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    return text if text.isprintable() else repr(text)


def _beyond(found: Survey) -> list[str]:
    """Look into the files that settings name, and at the routes; nothing is made, nobody asked."""
    settings = Settings(**found.values, notes=())
    errors = []
    looks = (
        settings.gateway,
        lambda: check_pair(settings),
        lambda: check_base_path(settings.base_path),
    )
    for look in looks:
        try:
            look()
        except BadSetting as error:
            errors.append(str(error))
    return errors
