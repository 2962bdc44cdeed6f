"""What one program knows of settings; whatever reads them is given this."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from .row import FILE_SUFFIX, Row, file_key

CONFIG = "config"
"""The field of the row that names a file of settings."""


@dataclass(frozen=True)
class Schema:
    """The settings of a program.

    Attributes:
        rows: What it reads; wrong values are told in this order.
        strict: It is the only one a file of settings is for: a key it does not know is an
            error. Otherwise such a key is the business of another program.
        not_yet: Names that are known but not served, each with what to do instead.
        not_yet_secrets: Of these, the ones that hold a secret.
    """

    rows: tuple[Row, ...]
    strict: bool = False
    not_yet: Mapping[str, str] = field(default_factory=dict)
    not_yet_secrets: Collection[str] = ()

    @property
    def config(self) -> Row:
        """The row that names a file of settings."""
        return next(row for row in self.rows if row.field == CONFIG)

    @cached_property
    def keys(self) -> dict[str, Row]:
        """The settings a file may hold, by key; it cannot name another file."""
        return {row.key: row for row in self.rows if row.field != CONFIG}

    @cached_property
    def keys_of_secret_files(self) -> dict[str, Row]:
        """The keys that name the file of a secret."""
        return {file_key(row.name + FILE_SUFFIX): row for row in self.rows if row.secret}

    @cached_property
    def keys_not_yet(self) -> dict[str, str]:
        """The keys that are not served, each with what to do instead."""
        return {file_key(name): why for name, why in self.not_yet.items()}

    @cached_property
    def secret_keys(self) -> set[str]:
        """The keys whose values nobody else should read."""
        served = {row.key for row in self.rows if row.secret}
        return served | {file_key(name) for name in self.not_yet_secrets}
