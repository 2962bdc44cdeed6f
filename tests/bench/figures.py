"""Figures: a value, what it is held against, and how they are shown. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

NEVER = math.inf
"""The age of what is not known, and the wait for what does not come."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table; without a bound it is only told."""

    group: str
    name: str
    value: float
    unit: str = ""
    most: float | None = None
    least: float | None = None

    @property
    def met(self) -> bool:
        return (self.most is None or self.value <= self.most) and (
            self.least is None or self.value >= self.least
        )

    @property
    def verdict(self) -> str:
        if self.most is None and self.least is None:
            return ""
        return "ok" if self.met else "MISSED"

    @property
    def bound(self) -> str:
        if self.most is not None:
            return f"<= {self.most:g} {self.unit}".rstrip()
        return "" if self.least is None else f">= {self.least:g} {self.unit}".rstrip()

    @property
    def shown(self) -> str:
        if math.isinf(self.value):
            return "never"
        digits = f"{self.value:.0f}" if self.value >= 1000 else f"{self.value:.4g}"
        return f"{digits} {self.unit}".rstrip()

    def document(self) -> dict[str, Any]:
        finite = None if math.isinf(self.value) else round(self.value, 6)
        bounds = {"most": self.most, "least": self.least}
        named = {"condition": self.group, "figure": self.name, "value": finite, "unit": self.unit}
        return {**named, **bounds, "verdict": self.verdict}


def percentile(values: Iterable[float], share: float) -> float:
    """The nearest rank; of nothing it is NEVER, so that no data passes no bound."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else NEVER


def worst(values: Iterable[float]) -> float:
    return max(values, default=NEVER)


def slope(points: Sequence[tuple[float, float]]) -> float:
    """The straight line through points (least squares), as rise per unit of x."""
    if len(points) < 2:
        return 0.0
    mean_x, mean_y = fmean(x for x, _ in points), fmean(y for _, y in points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0


def table(figures: Sequence[Figure]) -> str:
    """Every figure in its line, columns as wide as they have to be."""
    head = ("condition", "figure", "value", "bound", "")
    rows = [(f.group, f.name, f.shown, f.bound, f.verdict) for f in figures]
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    lines = []
    for row in (head, tuple("-" * width for width in widths), *rows):
        group, name, value, bound, verdict = (
            cell.rjust(width) if column == 2 else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append(f"{group}  {name}  {value}  {bound}  {verdict}".rstrip())
    missed = sum(not figure.met for figure in figures)
    judged = sum(bool(figure.verdict) for figure in figures)
    return "\n".join((*lines, "", f"{judged - missed} of {judged} figures met, {missed} missed"))
