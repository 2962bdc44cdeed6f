"""What a commander needs of the thing that carries commands out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from .commands import Value


class Controller(Protocol):
    """One way to change a home: a gateway, or Tesla's servers. Every call may block.

    Attributes:
        name: What records call it: "gateway" or "cloud".
        claims: The names of the knobs it can turn.
    """

    name: str
    claims: frozenset[str]

    def read(self, knobs: Collection[str]) -> dict[str, Value | None]:
        """Return what some knobs are set to now, asked of the upstream after this call began.

        None for one that the upstream does not tell.

        Raises:
            PowerwallError: It cannot be read just now; `remedy` says what to do.
        """

    def write(self, changes: Mapping[str, Value], before: Mapping[str, Value | None]) -> None:
        """Send one write, once. `before` is what was read just now: what is not to change.

        Raises:
            NotSent: Nothing left for the upstream.
            Refused: The upstream said no; NotPermitted if our role may not.
            PowerwallError: Anything else: it may or may not have been carried out.
        """
