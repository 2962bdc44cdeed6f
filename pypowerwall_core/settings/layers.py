"""Where settings are written: flags over the environment over a file over the defaults.

Every layer maps the names of the environment to texts, so that one parser reads them all.
An empty text is an unset one, as compose files pass it: the layer below shows through.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pypowerwall_core.errors import BadSetting

from . import parse
from .configfile import read_config
from .row import FILE_SUFFIX, Row
from .schema import Schema

FLAG = "flag"
DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Layer:
    """One place of settings.

    Attributes:
        where: What people call it.
        spelled: From an environment name to how it is written there.
    """

    where: str
    texts: Mapping[str, str]
    spelled: Callable[[str], str] = str

    def text(self, row: Row) -> str:
        """Return what it says of a setting, "" when it says nothing.

        Raises:
            BadSetting: It says it twice, or the file of a secret cannot be read.
        """
        text = self.texts.get(row.name, "")
        file = self.texts.get(row.name + FILE_SUFFIX, "") if row.secret else ""
        if not file:
            return text
        if text:
            raise BadSetting(f"set it or {self.spelled(row.name + FILE_SUFFIX)}, not both")
        try:
            secret = parse.folder(file).read_text("utf-8").rstrip("\r\n")
        except (OSError, UnicodeError) as error:
            raise BadSetting(f"{file} cannot be read: {error}") from error
        if not secret:  # taken for unset, it would open what it was to close
            raise BadSetting(f"{file} is empty")
        return secret


@dataclass(slots=True)
class Survey:
    """All that was found, wrong or right.

    Attributes:
        values: By field; what is wrong is missing.
        origins: Where each value came from, by name.
        errors: One line each.
        notes: One line each about what has no effect.
    """

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def take(self, row: Row, layers: list[Layer]) -> None:
        """Read one setting from the first layer that has it."""
        label = row.name
        try:
            for layer in layers:
                label = layer.spelled(row.name)
                if text := layer.text(row):
                    self.origins[row.name] = layer.where
                    self.values[row.field] = row.parse(text)
                    return
            self.origins[row.name] = DEFAULT
            self.values[row.field] = row.parse(row.default)
        except (ValueError, BadSetting) as error:
            self.errors.append(f"{label}: {error}")


def survey(schema: Schema, environ: Mapping[str, str], flags: Mapping[str, str]) -> Survey:
    """Read all settings; raises nothing."""
    found = Survey()
    layers = [Layer(FLAG, flags, _as_flag), Layer("environment", environ)]
    config = schema.config
    found.take(config, layers)
    if (path := found.values.get(config.field)) is not None:
        layers.append(_file_layer(path, schema, found))
    for row in schema.rows:
        if row is not config:
            found.take(row, layers)
    return found


def _file_layer(path: Path, schema: Schema, found: Survey) -> Layer:
    try:
        config = read_config(path, schema)
    except BadSetting as error:
        name = schema.config.name
        label = _as_flag(name) if found.origins[name] == FLAG else name
        found.errors.append(f"{label}: {error}")
        return Layer("file", {})
    found.errors += config.errors
    found.notes += config.notes
    return Layer("file", config.texts, config.spelled)


def _as_flag(name: str) -> str:
    return f"--{name.removeprefix('PW_').lower().replace('_', '-')}"
