"""Sequences of named phases, each of some seconds. Pure."""

from collections.abc import Iterable


def phase_at(age_s: float, phases: Iterable[tuple[str, float]], last: str) -> str:
    """Find the phase at an age; after all of them comes the last, which has no end."""
    for name, lasts_s in phases:
        if age_s < lasts_s:
            return name
        age_s -= lasts_s
    return last
