"""The tokens of a running proxy, for who asks it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pypowerwall_core.errors import BadSetting

from .layers import survey
from .schema import CONFIG, Schema
from .table import GATEWAY_ROWS, TOKEN_ROWS

_CONFIG = tuple(row for row in GATEWAY_ROWS if row.field == CONFIG)
_SCHEMA = Schema((*_CONFIG, *TOKEN_ROWS))


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a proxy wants to be shown; "" where nothing is set."""

    control_secret: str = field(repr=False)
    read_token: str = field(repr=False)


def read_tokens(environ: Mapping[str, str], flags: Mapping[str, str]) -> Tokens:
    """Read the tokens from an environment, or the file of settings it or a flag names.

    Raises:
        BadSetting: One cannot be read.
    """
    found = survey(_SCHEMA, environ, flags)
    if found.errors:
        raise BadSetting(found.errors[0])
    return Tokens(found.values["control_secret"], found.values["read_token"])
