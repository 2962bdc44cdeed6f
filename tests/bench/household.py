"""The household benchmark: is the proxy fast for its clients and kind to its gateway?"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import conditions
import plot
from cloud import cloud
from figures import Figure, table
from kindness import rare_then_nobody
from rig import ROOT, exits, say
from scraped import scraped
from starting import start
from streams import streams
from throughput import throughput

SECONDS = 60.0
JSON_FILE = ROOT / "build" / "household.json"
Scenario = Callable[[], list[Figure]]


def scenarios(seconds: float, *, long: bool) -> dict[str, Scenario]:
    """Everything there is to measure, by name."""
    found: dict[str, Scenario] = {"start": start}
    for condition in conditions.CONDITIONS:
        found[condition.name] = partial(conditions.run, condition, seconds)
    found["scraped"] = partial(scraped, seconds)
    found["cloud"] = partial(cloud, seconds)
    found["streams"] = partial(streams, seconds)
    found["throughput"] = partial(throughput, max(1.0, min(5.0, seconds / 12)))
    if long:
        found["rare"] = rare_then_nobody
    return found


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="household", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="per condition (60)")
    parser.add_argument(
        "--only", action="append", metavar="NAME", help="again for more; see --list"
    )
    parser.add_argument("--list", action="store_true", help="name the conditions and exit")
    parser.add_argument("--long", action="store_true", help="also what takes minutes of real time")
    parser.add_argument("--json", type=Path, default=JSON_FILE, metavar="FILE")
    parser.add_argument(
        "--plot", type=Path, metavar="FILE", help="PNG of a fault; measures nothing"
    )
    return parser.parse_args()


def measured(chosen: dict[str, Scenario]) -> list[Figure]:
    figures: list[Figure] = []
    for name, scenario in chosen.items():
        say(f"measuring {name} ...")
        figures += scenario()
    return figures


def store(figures: list[Figure], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    about = {"at": time.time(), "machine": platform.machine(), "python": platform.python_version()}
    rows = [figure.document() for figure in figures]
    path.write_text(json.dumps({**about, "figures": rows}, indent=1) + "\n", "utf-8")


def main() -> int:
    said = arguments()
    if said.plot is not None:
        return plot.through_a_fault(said.plot)
    found = scenarios(said.seconds, long=said.long or "rare" in (said.only or ()))
    if said.list:
        say("\n".join(found))
        return 0
    strange = sorted(set(said.only or ()) - found.keys())
    if strange:
        say(f"household: nothing is called {strange[0]}; there are {', '.join(found)}")
        return 2
    figures = measured({n: s for n, s in found.items() if not said.only or n in said.only})
    say("\n" + table(figures))
    store(figures, said.json)
    say(f"also in {said.json}")
    return 0 if all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(exits(main))
