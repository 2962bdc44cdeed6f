"""A picture of one fault: how old the meters are that clients read, how long answers take."""

from __future__ import annotations

import argparse
import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

from figures import NEVER, Figure, percentile, table
from rig import exits, say

WINDOW_S = 30.0
P99_MS = 25
NAMED = 3
MISSING = (
    "plot: matplotlib is missing; the measurements are in {data}. Draw them with a Python that "
    "has it: python tests/bench/plot.py --from {data} --plot {picture}"
)
_INK, _AGE, _ANSWER, _P99, _SHADE = "#333333", "#1f6fb4", "#9a9a9a", "#c4511d", "#f6dcd0"


def measure(data: Path, name: str) -> None:
    """Run the household through a fault and store what it saw."""
    from fault import timeline  # noqa: PLC0415 - drawing alone needs no proxy

    told = timeline(name)
    data.parent.mkdir(parents=True, exist_ok=True)
    data.write_text(json.dumps(told) + "\n", "utf-8")


def through_a_fault(picture: Path, data: Path | None = None, name: str = "silent") -> int:
    """Measure, unless stored measurements are given, and draw."""
    if data is None:
        data = picture.with_suffix(".json")
        measure(data, name)
    told = json.loads(data.read_text("utf-8"))
    figures = in_numbers(told)
    say(table(figures))
    if not draw(told, picture):
        say(MISSING.format(data=data, picture=picture))
        return 2
    say(f"drawn in {picture}")
    return 0 if all(figure.met for figure in figures) else 1


def in_numbers(told: dict[str, Any]) -> list[Figure]:
    after = [at for at, age in told["ages"] if age is not None and at - age > told["mended_s"]]
    back_s = min(after, default=NEVER) - told["mended_s"]
    slowest_ms = max(row[1] for row in told["answers"])
    return [
        Figure("plot", "fresh meters after the fault ended", back_s, "s", 30),
        Figure("plot", "slowest answer", slowest_ms, "ms", 250),
    ]


def draw(told: dict[str, Any], picture: Path) -> bool:
    """Draw the PNG; false when there is nothing to draw with."""
    try:
        import matplotlib as mpl  # noqa: PLC0415 - an extra that only the picture needs
    except ImportError:
        return False
    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    style = {"axes.spines.top": False, "axes.spines.right": False, "font.size": 10}
    with plt.rc_context({**style, "text.color": _INK, "axes.labelcolor": _INK}):
        sheet, (above, below) = plt.subplots(
            2, 1, sharex=True, figsize=(9, 6.2), height_ratios=(1.15, 1), layout="constrained"
        )
        _title(sheet, told)
        _ages(above, told)
        _latencies(below, told)
        for axes in (above, below):
            axes.axvspan(told["broken_s"], told["mended_s"], color=_SHADE, zorder=0, linewidth=0)
            axes.grid(axis="y", color="#e6e6e6", linewidth=0.8)
            axes.set_axisbelow(True)
        below.set_xlim(0, told["ended_s"])
        below.set_xlabel("time (s)")
        sheet.savefig(picture, dpi=130)
        plt.close(sheet)
    return True


def _title(sheet: Any, told: dict[str, Any]) -> None:
    asked = _between(told["requests"], told["broken_s"], told["mended_s"])
    lasted = told["mended_s"] - told["broken_s"]
    answers = sum(told["broken_s"] <= row[0] < told["mended_s"] for row in told["answers"])
    sheet.suptitle(
        f"A gateway falls {told['fault']} for {lasted:.0f} s, as its clients see it",
        x=0.01,
        ha="left",
        fontsize=13,
        fontweight="bold",
    )
    sheet.supxlabel(
        f"Meanwhile clients got {answers} answers; the gateway got {asked} requests. "
        "One Telegraf, two dashboards, one Home Assistant; simulated gateway, 0.05 s latency.",
        fontsize=8.5,
        x=0.01,
        ha="left",
    )


def _between(counts: list[list[float]], since_s: float, until_s: float) -> int:
    inside = [int(total) for at_s, total in counts if since_s <= at_s <= until_s]
    return inside[-1] - inside[0] if inside else 0


def _ages(axes: Any, told: dict[str, Any]) -> None:
    known = [(at, age) for at, age in told["ages"] if age is not None]
    unknown = [at for at, age in told["ages"] if age is None]
    for run in _runs(told["ages"]):
        axes.plot(*zip(*run, strict=True), color=_AGE, linewidth=1.4, marker="o", markersize=2.6)
    top = max(age for _, age in known) * 1.18
    axes.set_ylim(0, top)
    if unknown:
        since = min(unknown)
        axes.plot(unknown, [0.6] * len(unknown), "|", color=_P99, markersize=7)
        axes.text(since, 1.6, "too old to be shown: null", color=_P99, fontsize=9)
    _requests(axes, told, top)
    axes.text(
        told["broken_s"] + 1,
        top * 0.9,
        f"gateway {told['fault']}",
        va="top",
        color="#a04a22",
    )
    back = [at for at, age in known if at - age > told["mended_s"]]
    if back:
        axes.annotate(
            f"fresh again {min(back) - told['mended_s']:.1f} s\nafter the fault ended",
            (min(back), 0.5),
            (min(back) + 4, top * 0.62),
            arrowprops={"arrowstyle": "->", "color": _INK},
            fontsize=9,
        )
    axes.set_ylabel("age of the meters read (s)")


def _requests(axes: Any, told: dict[str, Any], top: float) -> None:
    """A mark above the ages for each time the gateway was asked."""
    asked = [after[0] for before, after in pairwise(told["requests"]) if after[1] > before[1]]
    axes.plot(asked, [top * 0.985] * len(asked), "v", color=_INK, markersize=3.5, clip_on=False)
    axes.text(0.5, top * 0.9, "\u25be the gateway is asked", fontsize=9, va="top")


def _runs(ages: list[list[Any]]) -> list[list[tuple[float, float]]]:
    """Stretches of known ages, so that no line is drawn through what was unknown."""
    runs: list[list[tuple[float, float]]] = [[]]
    for at_s, age_s in sorted(ages, key=lambda pair: pair[0]):
        if age_s is None:
            runs.append([])
        else:
            runs[-1].append((at_s, age_s))
    return [run for run in runs if run]


def _latencies(axes: Any, told: dict[str, Any]) -> None:
    times = [row[0] for row in told["answers"]]
    took_ms = [row[1] for row in told["answers"]]
    axes.plot(times, took_ms, ".", color=_ANSWER, markersize=3.5, label="each answer")
    axes.plot(*_p99(told), color=_P99, linewidth=1.6, label="p99 of the last 30 s")
    axes.axhline(P99_MS, color=_INK, linewidth=0.9, linestyle=(0, (4, 3)))
    axes.text(0.5, P99_MS * 1.1, "bound on p99: 25 ms", fontsize=8.5, va="bottom")
    _name_the_slow(axes, told)
    axes.set_yscale("log")
    axes.set_ylim(0.3, max(100, max(took_ms) * 1.6))
    axes.set_yticks([1, 10, 100], ["1", "10", "100"])
    axes.minorticks_off()
    axes.set_ylabel("time to an answer (ms, log)")
    axes.legend(loc="lower right", frameon=False, ncols=2, fontsize=9)


def _p99(told: dict[str, Any]) -> tuple[list[float], list[float]]:
    times, values = [], []
    for second in range(1, int(told["ended_s"]) + 1):
        inside = [row[1] for row in told["answers"] if second - WINDOW_S <= row[0] < second]
        if inside:
            times.append(float(second))
            values.append(percentile(inside, 0.99))
    return times, values


def _name_the_slow(axes: Any, told: dict[str, Any]) -> None:
    """Say which the slowest answers over the bound were."""
    slow = sorted((row for row in told["answers"] if row[1] > P99_MS), key=lambda row: -row[1])
    for at_s, took_ms, path, _ in slow[:NAMED]:
        late = at_s > 0.6 * told["ended_s"]
        side, aside_s = ("right", -0.9) if late else ("left", 0.9)
        said = f"{path}, {took_ms:.0f} ms"
        axes.text(at_s + aside_s, took_ms, said, fontsize=8, va="center", ha=side)


def main() -> int:
    parser = argparse.ArgumentParser(prog="plot", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--plot", type=Path, metavar="FILE", help="the PNG to make")
    what.add_argument("--store", type=Path, metavar="FILE", help="measure only, into a JSON file")
    parser.add_argument("--from", dest="data", type=Path, help="draw stored measurements")
    parser.add_argument("--fault", default="silent", help="any of the simulator's")
    said = parser.parse_args()
    if said.store is not None:
        measure(said.store, said.fault)
        return 0
    return through_a_fault(said.plot, said.data, said.fault)


if __name__ == "__main__":
    sys.exit(exits(main))
