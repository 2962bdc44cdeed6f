"""The catalog: every fact of a home, one row each.

What publishes facts (/api/v1/state, /metrics, live streams) goes over these rows and knows
nothing of gateways; a new fact is one row and one small function that reads it.
"""

from __future__ import annotations

from .fact import Fact, Kind, Unit
from .gateway import GATEWAY
from .house import HOUSE
from .parts import PARTS

CATALOG: tuple[Fact, ...] = (*HOUSE, *GATEWAY, *PARTS)
NEEDS: tuple[str, ...] = tuple(
    dict.fromkeys(n for fact in CATALOG if not fact.alone for n in fact.asks)
)
__all__ = ["CATALOG", "NEEDS", "Fact", "Kind", "Unit"]
