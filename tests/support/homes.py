"""A home under a fake clock that tells what a simulated system tells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pypowerwall_core.catalog import CATALOG, Fact
from pypowerwall_core.errors import NotServed

from .desk import Served
from .frozen import documents

STATE = "/api/v1/state"
LANDED_S = 3.0
"""All of the catalog's documents have landed after so long, one after the other."""


def home(system: str = "pw2", **environ: str) -> Served:
    """Serve a system; what it does not have is answered 404."""
    served = Served(**environ)
    for name, document in documents(system).items():
        if document is None:
            served.gateway.fails(NotServed("HTTP 404"), name)
        else:
            served.gateway.documents[name] = document
    return served


def settled(system: str = "pw2", **environ: str) -> Served:
    """Serve a system of which everything has been read once."""
    served = home(system, **environ)
    served.get(STATE)
    served.world.run(LANDED_S)
    return served


def facts(served: Served) -> dict[str, Any]:
    """Every fact as /api/v1/state has it."""
    found: dict[str, Any] = served.get(STATE).json["sites"]["home"]
    return found


def leaves(found: dict[str, Any]) -> Iterator[tuple[Fact, tuple[str, ...], dict[str, Any]]]:
    """Yield the leaves of /api/v1/state with their facts and labels."""
    for fact in CATALOG:
        for labels, leaf in _below(found[fact.name], len(fact.by)):
            yield fact, labels, leaf


def _below(tree: Any, depth: int) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    if depth == 0 or "value" in tree:
        yield (), tree
        return
    for label, branch in tree.items():
        for labels, leaf in _below(branch, depth - 1):
            yield (label, *labels), leaf
