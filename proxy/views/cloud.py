"""/cloud/*: Tesla's own documents as they are, in the envelope they came in. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pypowerwall_core import payloads
from pypowerwall_core.snapshot import NOT_YET, Absent, Snapshot, Unknown

OFF = {"error": "Cloud API not enabled"}
USAGE = {"error": "Use /cloud/battery, /cloud/power, /cloud/config"}


def enveloped(payload: str) -> Callable[[Snapshot], Any]:
    """Return the view of one document: {"response": document or null}; OFF without cloud mode."""
    return lambda snapshot: (
        OFF if _is_off(snapshot, payload) else {"response": snapshot.document(payload)}
    )


def usage(snapshot: Snapshot) -> Any:
    """Say what there is."""
    return OFF if _is_off(snapshot, payloads.CLOUD_CONFIG) else USAGE


def _is_off(snapshot: Snapshot, payload: str) -> bool:
    """Whether nobody reads the cloud: not the same as having heard nothing, or that it has none."""
    entry = snapshot.entries.get(payload)
    return entry == Absent() or (isinstance(entry, Unknown) and entry.reason != NOT_YET)
