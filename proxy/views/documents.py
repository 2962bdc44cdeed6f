"""Documents that are served as the gateway gives them, every key passed through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pypowerwall_core.snapshot import Snapshot


def as_is(payload: str) -> Callable[[Snapshot], Any]:
    """Return the view that shows a payload's document; None while it is not known."""
    return lambda snapshot: snapshot.document(payload)
