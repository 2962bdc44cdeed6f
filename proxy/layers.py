"""Where settings are written: flags over the environment over a file over the defaults.

Every layer maps the names of the environment to texts, so that one parser reads them all.
An empty text is an unset one, as compose files pass it: the layer below shows through.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pypowerwall_core.errors import BadSetting

from . import parse
from .configfile import read_config
from .not_yet import NOT_YET
from .settings_table import FILE_SUFFIX, ROWS, Row

FLAG = "flag"
_CONFIG = next(row for row in ROWS if row.field == "config")
_VIA = next(row for row in ROWS if row.field == "control_via")
_KNOWN = {row.name for row in ROWS} | {row.name + FILE_SUFFIX for row in ROWS if row.secret}


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
            self.origins[row.name] = "default"
            self.values[row.field] = row.parse(row.default)
        except (ValueError, BadSetting) as error:
            self.errors.append(f"{label}: {error}")


def survey(environ: Mapping[str, str], flags: Mapping[str, str]) -> Survey:
    """Read all settings; raises nothing."""
    found = Survey()
    layers = [Layer(FLAG, flags, _as_flag), Layer("environment", environ)]
    found.take(_CONFIG, layers)
    if (path := found.values.get("config")) is not None:
        layers.append(_file_layer(path, found))
    for row in ROWS:
        if row is not _CONFIG:
            found.take(row, layers)
    _check_pair(found)
    _check_roads(found)
    found.notes += _moot(found)
    found.notes += _strangers(environ)
    return found


def _file_layer(path: Path, found: Survey) -> Layer:
    try:
        config = read_config(path)
    except BadSetting as error:
        flagged = found.origins[_CONFIG.name] == FLAG
        found.errors.append(f"{_as_flag(_CONFIG.name) if flagged else _CONFIG.name}: {error}")
        return Layer("file", {})
    found.errors += config.errors
    found.notes += config.notes
    return Layer("file", config.texts, config.spelled)


def _as_flag(name: str) -> str:
    return f"--{name.removeprefix('PW_').lower().replace('_', '-')}"


def _check_pair(found: Survey) -> None:
    cert, key = (found.values.get(field) for field in ("tls_cert", "tls_key"))
    if {"tls_cert", "tls_key"} <= found.values.keys() and (cert is None) != (key is None):
        given, missing = ("CERT", "KEY") if cert else ("KEY", "CERT")
        found.errors.append(f"PW_TLS_{given}: set PW_TLS_{missing} as well, or neither")
    elif cert is not None and found.values.get("https", "yes") != "yes":
        found.notes.append("PW_TLS_CERT has no effect unless PW_HTTPS is yes")


def _check_roads(found: Survey) -> None:
    """Say what nobody serves yet to who asks for it; the default only waits for it."""
    asked = found.origins.get(_VIA.name, "default") != "default"
    if asked and parse.CLOUD in found.values.get(_VIA.field, ()):
        found.notes.append(f"{_VIA.name}: cloud is not served yet: it carries no command out")


def _moot(found: Survey) -> list[str]:
    """Say what has no effect where somebody wants something else than the default."""
    return [
        f"{row.name}: {row.help}"
        for row in ROWS
        if row.moot and row.field in found.values
        if found.values[row.field] != row.parse(row.default)
    ]


def _strangers(environ: Mapping[str, str]) -> list[str]:
    given = [name for name in sorted(environ) if environ[name]]
    notes = [f"{name} has no effect yet: {NOT_YET[name]}" for name in given if name in NOT_YET]
    for name in given:
        if name.startswith("PW_") and name not in _KNOWN and name not in NOT_YET:
            near = difflib.get_close_matches(name, _KNOWN, n=1)
            hint = f": did you mean {near[0]}?" if near else ""
            notes.append(f"{name} is not a setting of this program and is ignored{hint}")
    return notes
