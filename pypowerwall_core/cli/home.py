"""The home a command is about: a gateway, a Tesla account, or a running proxy with its session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from pypowerwall_core.commands import Command, Value

Told = Mapping[str, Any]
"""A record of a command as clients read it: see commands.Record.document."""
CALLS = (
    "site_name",
    "din",
    "version",
    "get_mode",
    "get_reserve",
    "level",
    "grid_status",
    "power",
    "get_time_remaining",
    "get_grid_charging",
    "get_grid_export",
    "temps",
    "site_id",
)
"""What a home is asked: calls of the library, which are routes at /pw/ as well."""


class Home(Protocol):
    """What a command asks, and has changed.

    Attributes:
        mode: What people call the way there: local, cloud or proxy.
        keeper: Who has to be here until temporary settings end; None where the home goes on
            when this process ends, and so keeps its promises itself.
    """

    mode: str

    @property
    def keeper(self) -> Keeper | None:
        """See above."""

    def ask(self, call: str) -> Any:
        """Return what a call of the library returns; None while it is not known."""

    def trouble(self) -> str:
        """Say why something is not known, and what to do; "" where there is no reason."""

    def change(self, command: Command) -> Told:
        """Have a command carried out and return what became of it so far.

        Raises:
            PowerwallError: It was not understood, or nobody can say what became of it.
        """

    def records(self) -> list[Told]:
        """Return the newest commands and what became of them, newest first.

        Raises:
            PowerwallError: Nobody tells just now.
        """

    def close(self) -> None:
        """Let go of it."""


class Keeper(Protocol):
    """A home that puts temporary settings back only while this process runs."""

    def change(self, command: Command) -> Told:
        """See Home."""

    def records(self) -> list[Told]:
        """See Home."""

    def promises(self) -> list[Told]:
        """Return the temporary settings that wait for their end: see temporary.End.document."""

    def setting(self, knob: str) -> Value | None:
        """Return what one thing is set to now; None where nobody tells."""
