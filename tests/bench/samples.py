"""One answer as a client saw it, and as the load generator writes it down."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import astuple, dataclass

from clients import HOUSEHOLD_NAMES, METERS
from figures import NEVER

TIMED_OUT = -1
UNANSWERED = 0
CLOCK_S = 1.0


@dataclass(frozen=True, slots=True)
class Sample:
    """Times are seconds; `at_s` is the monotonic clock, which all processes share."""

    at_s: float
    who: str
    path: str
    status: int
    took_s: float
    age_s: int | None = None
    true_age_s: float | None = None
    cache: str = ""

    @property
    def ends_s(self) -> float:
        return self.at_s + self.took_s

    @property
    def metered(self) -> bool:
        """Whether the household read the meters here."""
        return self.path in METERS and self.who in HOUSEHOLD_NAMES

    @property
    def measured_s(self) -> float:
        """When the gateway measured what was read; long ago if nothing was."""
        if self.true_age_s is None or self.true_age_s < -CLOCK_S:  # a gateway's clock may lie
            return -NEVER
        return self.ends_s - self.true_age_s


def write(sample: Sample) -> str:
    return json.dumps(astuple(sample))


def read(line: str | bytes) -> Sample:
    return Sample(*json.loads(line))


def between(samples: Iterable[Sample], since_s: float, until_s: float) -> list[Sample]:
    return [sample for sample in samples if since_s <= sample.at_s < until_s]


def of_household(samples: Iterable[Sample]) -> list[Sample]:
    return [sample for sample in samples if sample.who in HOUSEHOLD_NAMES]
