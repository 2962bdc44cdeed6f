"""HELP.md as tests read it: its sections, its examples, its tables."""

from __future__ import annotations

import re
from pathlib import Path

from proxy.meters import Meter
from proxy.metrics import PREFIX, metric_name
from pypowerwall_core.catalog import Fact, Kind

HELP = (Path(__file__).parents[2] / "HELP.md").read_text("utf-8")
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def section(title: str) -> str:
    """The text under a heading, up to the next one of any level."""
    begins = re.search(rf"^#+ {re.escape(title)}\n", HELP, re.MULTILINE)
    assert begins is not None, f"HELP.md has no heading {title}"
    return re.split(r"^#+ ", HELP[begins.end() :], maxsplit=1, flags=re.MULTILINE)[0]


def examples(title: str, language: str) -> list[str]:
    """The examples in a language under a heading."""
    return [text for spoken, text in _BLOCK.findall(section(title)) if spoken == language]


def table(title: str) -> list[str]:
    """The rows of the table under a heading, without its head."""
    return [line for line in section(title).splitlines() if line.startswith("| `")]


def fact_row(fact: Fact) -> str:
    """The line of a fact."""
    total = "_total" * (fact.kind is Kind.COUNTER)
    constant = ",".join(f'{name}="{value}"' for name, value in fact.constant)
    metric = metric_name(fact) + total + (f"{{{constant}}}" if constant else "")
    cells = (
        f"`{fact.name}`",
        fact.unit.symbol,
        fact.kind.value,
        ", ".join(fact.by),
        fact.says,
        f"`{metric}`",
    )
    return f"| {' | '.join(cells)} |"


def meter_row(meter: Meter) -> str:
    """The line of one of the proxy's own numbers."""
    labels = ("gateway", *meter.by) if meter.house else meter.by
    return f"| `{PREFIX}_{meter.name}` | {', '.join(labels)} | {meter.says} |"
