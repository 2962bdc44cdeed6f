"""What a lane needs of the thing it leads to."""

from __future__ import annotations

from typing import Any, Protocol

from .errors import PowerwallError, Unexplained
from .policy import Source


class Upstream(Protocol):
    """What a lane leads to. Every call may block and may raise a PowerwallError."""

    name: str

    @property
    def has_session(self) -> bool:
        """Whether requests show a session."""

    def fetch(self, source: Source) -> Any:
        """Return the parsed document of one source."""

    def explain(self, error: Unexplained) -> PowerwallError:
        """Return a better name for an error, or the same; costs one request."""

    def forget_session(self) -> None:
        """Show no session until the next login."""

    def login(self) -> None:
        """Open a new session."""

    def close(self) -> None:
        """Drop all connections; a call under way fails soon."""
