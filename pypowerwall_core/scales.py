"""The two percent scales, and the only place that converts between them.

*Raw* is what the gateway stores and shows at /api/system_status/soe and
/api/operation. *App* is what Tesla's app shows: it hides the lowest 5 %, which
the Powerwall keeps for itself.
"""

from __future__ import annotations

_HIDDEN_PCT = 5.0
_VISIBLE = 0.95


def app_from_raw(raw_pct: float) -> float:
    """Convert raw percent to app percent, within 0 to 100.

    Raw 3 (a deeply discharged pack) is app 0, not -2.1.
    """
    # Two divisions, not one: 24.0 must read exactly 20.0, as clients have always seen it.
    return min(100.0, max(0.0, raw_pct / _VISIBLE - _HIDDEN_PCT / _VISIBLE))


def raw_from_app(app_pct: float) -> float:
    """Convert app percent to raw percent: 0 is raw 5, 20 is raw 24, 100 is raw 100."""
    return app_pct * _VISIBLE + _HIDDEN_PCT
