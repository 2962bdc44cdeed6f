"""What a group of processes takes from the machine, read from /proc."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Usage:
    """Of all the processes together."""

    # PSS: a page that n processes share counts as 1/n, also where the others are not ours ...
    # ... so `alone_mb` counts the files of the program in full, once.
    pss_mb: float
    alone_mb: float
    cpu_s: float
    threads: int
    descriptors: int


def usage(pids: Iterable[int]) -> Usage:
    pss_kb = anonymous_kb = file_kb = ticks = threads = descriptors = 0
    for pid in pids:
        with contextlib.suppress(OSError, ValueError, LookupError):
            home = Path(f"/proc/{pid}")
            fields = (home / "stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
            threads += int(fields[17])
            descriptors += len(list((home / "fd").iterdir()))
            rollup, status = _kb(home / "smaps_rollup"), _kb(home / "status")
            pss_kb += rollup["Pss"]
            anonymous_kb += rollup["Pss_Anon"]
            file_kb = max(file_kb, status["RssFile"])
    alone_mb = (anonymous_kb + file_kb) / 1024
    return Usage(pss_kb / 1024, alone_mb, ticks / _TICKS_A_SECOND, threads, descriptors)


def _kb(table: Path) -> dict[str, int]:
    """The lines of a /proc file that tell kilobytes."""
    rows = (line.split() for line in table.read_text().splitlines() if line.endswith(" kB"))
    return {row[0].rstrip(":"): int(row[1]) for row in rows}


def pressure_s() -> float | None:
    """For how long, since the machine started, something waited for a CPU; None: not told."""
    try:
        some = Path("/proc/pressure/cpu").read_text().split("\n")[0]
        return int(some.rpartition("total=")[2]) / 1e6
    except (OSError, ValueError):
        return None
