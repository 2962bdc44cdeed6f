"""What Prometheus reads: series by their names and labels."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from prometheus_client.parser import text_string_to_metric_families

Labels = frozenset[tuple[str, str]]
Series = dict[tuple[str, Labels], float]


def series(text: str) -> Series:
    """Every sample of an exposition; no two may have the same name and labels."""
    found: Series = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in found, f"told twice: {key}"
            found[key] = sample.value
    return found


def of(found: Series, name: str, **labels: str) -> float | None:
    """The value of one series by its name and all its labels, None where there is none."""
    return found.get((f"powerwall_{name}", frozenset(labels.items())))


def named(found: Series, name: str) -> dict[Labels, float]:
    """All series of one name."""
    return {labels: value for (name_, labels), value in found.items() if name_ == name}


def promtool(*arguments: str, given: str = "") -> None:
    """Let Prometheus' own checker read something; skip where it is not installed."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not installed (Debian has it in the package prometheus)")
    done = subprocess.run(  # noqa: S603 - a checker, and our own arguments
        [program, *arguments], input=given, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
