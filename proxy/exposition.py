"""Metrics spelled in Prometheus' text format and in OpenMetrics, byte for byte as by the library.

The library holds every name against a pattern, for each series at each scrape. That is half of
what a scrape takes, and on a Raspberry Pi more than ten milliseconds in which nobody else is
answered; names do not change, so they are spelled once. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache

from prometheus_client.metrics_core import Metric
from prometheus_client.utils import floatToGoString

REMEMBERED = 2048
"""Series: several times as many as any home has, so that labels that come and go are bounded."""
_number: Callable[[float], str] = floatToGoString


def spelled(families: Iterable[Metric], *, opened: bool) -> bytes:
    """Spell metrics, as OpenMetrics if `opened`."""
    lines = []
    for family in families:
        name, says = _named(family, opened=opened)
        lines.append(f"# HELP {name} {says}\n# TYPE {name} {family.type}\n")
        lines += [
            f"{_series(sample.name, *sample.labels.items())} {_number(sample.value)}\n"
            for sample in family.samples
        ]
    return "".join((*lines, "# EOF\n" * opened)).encode()


def _named(family: Metric, *, opened: bool) -> tuple[str, str]:
    """Name a family and say what it is: the two formats differ in counters and quotes."""
    if opened:
        return family.name, _escaped(family.documentation)
    name = f"{family.name}_total" if family.type == "counter" else family.name
    return name, family.documentation.replace("\\", r"\\").replace("\n", r"\n")


@lru_cache(REMEMBERED)
def _series(name: str, *labels: tuple[str, str]) -> str:
    if not labels:
        return name
    told = ",".join(f'{label}="{_escaped(value)}"' for label, value in sorted(labels))
    return f"{name}{{{told}}}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
