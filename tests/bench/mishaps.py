"""Faults drawn at random for the soak: which, for how long, and how soon they must be over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import urlencode

FRESH_WITHIN_S = 30.0
PATH_RESTS_S = 60.0
LASTS_S = (5.0, 40.0)
CALM_S = (40.0, 70.0)
RETRY_AFTER_S = (5, 20, 60)
USUAL = 4.0
RARE = 1.0
ROAD = frozenset(
    [
        "silent",
        "slow",
        "stalled",
        "dripping",
        "refusing",
        "unreachable",
        "tls_stall",
        "tls_abort",
        "certificate",
        "reset",
        "empty",
        "truncated",
        "html",
        "wrong_type",
        "null",
        "high_cpu",
        "crowded",
        "expired",
        "sessions_lost",
        "stopped",
        "busy",
    ]
)
"""Trouble on the road. The rest is rare: strange documents, and what the table rests long for."""
LOGIN_FAULTS = {"wrong_password", "physical_access"}
VANISHING = {"no_aggregates"}
"""A core path that is suddenly missing rests a minute between strikes, as a side path does."""
SIDE_PATH = "/api/devices/vitals"
SIDE_FAULTS = ("busy", "html", "silent")
STATES_OF_LONG_RESTS = {"rate limited", "wrong password", "logged in but refused"}


@dataclass(frozen=True, slots=True)
class Mishap:
    """A fault to come: of the whole gateway, or of one path beside the core."""

    fault: str
    lasts_s: float
    path: str | None = None
    retry_after_s: int | None = None

    @property
    def name(self) -> str:
        parts = (self.fault, self.path, self.retry_after_s and f"{self.retry_after_s} s")
        return " ".join(part for part in parts if part)

    @property
    def query(self) -> str:
        options = {"path": self.path, "retry_after": self.retry_after_s}
        said = urlencode({name: value for name, value in options.items() if value is not None})
        return f"?{said}" if said else ""

    @property
    def ends_sessions(self) -> bool:
        """A login has to be needed before it can fail."""
        return self.fault in LOGIN_FAULTS

    def fresh_within_s(self, lane: dict[str, Any] | None) -> float:
        """How soon after its end fresh data is due; `lane` is the lane's account at that time."""
        if self.path is not None or self.fault in VANISHING:
            return PATH_RESTS_S + FRESH_WITHIN_S
        if lane is not None and lane["state"] in STATES_OF_LONG_RESTS:
            return float(lane["resting_for_s"]) + FRESH_WITHIN_S
        return FRESH_WITHIN_S


def draw(random: Random, faults: Sequence[str]) -> Mishap:
    """The next mishap, out of the gateway's own listing."""
    choices = [(fault, None) for fault in faults]
    choices += [(fault, SIDE_PATH) for fault in SIDE_FAULTS if fault in faults]
    weights = [USUAL if fault in ROAD and not path else RARE for fault, path in choices]
    fault, path = random.choices(choices, weights)[0]
    lasts_s = round(random.uniform(*LASTS_S), 1)
    retry_after_s = random.choice(RETRY_AFTER_S) if fault == "limited" else None
    return Mishap(fault, lasts_s, path, retry_after_s)
