"""A TOML file of settings: the names of the environment in small letters, without PW_.

    host = "192.168.1.50"
    password_file = "password"
    cache_expire = 5
    debug = true

Nobody else writes into this file, so an unknown key is an error for who knows all of them; an
unknown variable, which other programs may need, is only reported.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pypowerwall_core.errors import BadSetting

from . import parse
from .row import FILE_SUFFIX, Row, file_key
from .schema import Schema

_OTHERS = 0o077


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """What a file says.

    Attributes:
        texts: As they would be written in the environment.
        errors: One line each.
        notes: One line each about what has no effect, or should be seen to.
    """

    path: Path
    texts: dict[str, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def spelled(self, name: str) -> str:
        """Return how a name of the environment is written here."""
        return f"{self.path}: {file_key(name)}"


def read_config(path: Path, schema: Schema) -> ConfigFile:
    """Read a file; wrong keys and values are told in the result, all of them.

    Raises:
        BadSetting: It cannot be read or is no TOML.
    """
    try:
        document = tomllib.loads(path.read_text("utf-8"))
        others_read = bool(path.stat().st_mode & _OTHERS)
    except (OSError, ValueError, RecursionError) as error:
        raise BadSetting(f"{str(path)!r} cannot be read: {_reason(error)}") from error
    config = ConfigFile(path)
    leaves = list(_leaves(document))
    for key, value in leaves:
        try:
            _take(config, schema, key, value)
        except ValueError as error:
            shown = key if key.isprintable() else repr(key)
            said = str(error)
            gap = "" if said.startswith((":", " ")) else ": "
            config.errors.append(f"{path}: {shown}{gap}{said}")
    if others_read and any(key in schema.secret_keys and value for key, value in leaves):
        config.notes.append(f"{path} holds a secret and others can read it: chmod 600 {path}")
    return config


def _take(config: ConfigFile, schema: Schema, key: str, value: Any) -> None:
    if row := schema.keys.get(key):
        config.texts[row.name] = _text(row, value)
    elif row := schema.keys_of_secret_files.get(key):
        config.texts[row.name + FILE_SUFFIX] = _plain(value)
    elif why := schema.keys_not_yet.get(key):
        config.notes.append(f"{config.path}: {key} has no effect yet: {why}")
    elif schema.strict:
        raise ValueError(f" is not a setting{_hint(schema, key)}")


def _leaves(table: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """List the keys of all tables by their full paths; no setting is in a table."""
    for key, value in table.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value


def _text(row: Row, value: Any) -> str:
    if row.secret and not isinstance(value, str):
        raise ValueError(": write it in quotes")
    if row.listed and isinstance(value, list):
        return ",".join(_plain(name) for name in value)
    text = _plain(value)
    if row.parse is parse.flag and text.lower() not in ("yes", "no", ""):
        raise ValueError(": write true or false")
    return text


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str | int | float) and "\0" not in str(value):
        return str(value)
    raise ValueError(": write one text, number, true or false")


def _hint(schema: Schema, key: str) -> str:
    last = key.rpartition(".")[2].lower()
    near = difflib.get_close_matches(last, [*schema.keys, *schema.keys_of_secret_files], n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _reason(error: Exception) -> object:
    if isinstance(error, OSError):
        return error.strerror
    return "it is nested too deeply" if isinstance(error, RecursionError) else error
