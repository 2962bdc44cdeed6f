"""What the proxy asks of its settings beyond each by itself, and says of names it does not know."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from pypowerwall_core.settings import layers
from pypowerwall_core.settings.layers import Survey
from pypowerwall_core.settings.row import FILE_SUFFIX

from .not_yet import NOT_YET
from .settings_table import ROWS, SCHEMA

_KNOWN = {row.name for row in ROWS} | {row.name + FILE_SUFFIX for row in ROWS if row.secret}


def survey(environ: Mapping[str, str], flags: Mapping[str, str]) -> Survey:
    """Read all settings; raises nothing."""
    found = layers.survey(SCHEMA, environ, flags)
    _check_pair(found)
    found.notes += _moot(found)
    found.notes += _strangers(environ)
    return found


def _check_pair(found: Survey) -> None:
    cert, key = (found.values.get(field) for field in ("tls_cert", "tls_key"))
    if {"tls_cert", "tls_key"} <= found.values.keys() and (cert is None) != (key is None):
        given, missing = ("CERT", "KEY") if cert else ("KEY", "CERT")
        found.errors.append(f"PW_TLS_{given}: set PW_TLS_{missing} as well, or neither")
    elif cert is not None and found.values.get("https", "yes") != "yes":
        found.notes.append("PW_TLS_CERT has no effect unless PW_HTTPS is yes")


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
