"""Documents that are served as the gateway gives them, every key passed through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pypowerwall_core import payloads
from pypowerwall_core.snapshot import Absent, Snapshot


def as_is(payload: str) -> Callable[[Snapshot], Any]:
    """Return the view that shows a payload's document; None while it is not known."""
    return lambda snapshot: snapshot.document(payload)


def problems(snapshot: Snapshot) -> Any:
    """The gateway's problems; firmware without such a path has none to report."""
    if isinstance(snapshot.entries.get(payloads.PROBLEMS), Absent):
        return {"problems": []}
    return snapshot.document(payloads.PROBLEMS)


def constant(document: Any) -> Callable[[Snapshot], Any]:
    """Return the view of what is always the same."""
    return lambda _snapshot: document
