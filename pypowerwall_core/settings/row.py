"""A row of a table of settings: a name, a default, a parser and a sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pypowerwall_core.backends.local.address import Address

MASK = "***"
FILE_SUFFIX = "_FILE"


@dataclass(frozen=True, slots=True)
class Row:
    """A setting.

    Attributes:
        field: Its name among the values that were read.
        default: As it would be written in the environment; "" means unset.
        parse: Text to value; raises ValueError or BadSetting with the reason.
        secret: Never shown, and NAME_FILE may name a file that holds it.
        private: Shown as set or not set only.
        moot: Accepted and shown, but nothing depends on it; its help says why.
        listed: A file of settings may write it as a list; elsewhere there are commas.
        show: Its value as people know it, where that is not the value itself.
    """

    name: str
    field: str
    default: str
    parse: Callable[[str], Any]
    help: str
    secret: bool = False
    private: bool = False
    moot: bool = False
    listed: bool = False
    show: Callable[[Any], object] | None = None

    @property
    def key(self) -> str:
        """Its name in a file of settings."""
        return file_key(self.name)

    def shown(self, value: Any) -> object:
        """Return its value as anybody may see it: of a secret not even the length."""
        if self.secret or self.private:
            return MASK if value else None
        if self.show is not None:
            return self.show(value)
        if isinstance(value, tuple):
            return ",".join(value)
        if isinstance(value, float) and value.is_integer():
            return int(value)
        return str(value) if isinstance(value, Address | Path) else value


def file_key(name: str) -> str:
    """Return what a file of settings calls an environment variable."""
    return name.removeprefix("PW_").lower()
