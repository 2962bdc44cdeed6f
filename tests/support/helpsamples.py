"""The samples of HELP.md: what every route answers, from the same file that /docs shows.

Rendered between two marks by `make golden`; a test holds the section against this.
"""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path
from typing import Any

from proxy.openapi import samples

FILE = Path(__file__).parents[2] / "HELP.md"
BEGIN, END = "<!-- samples: written by make golden -->\n", "<!-- end of samples -->\n"
ROOM = 320
"""Characters of an answer that are shown; what is cut says so."""
CUT = " ..."
NOTE = "   ("
"""Before what is to be known of a sample: the system it is of, where it is another."""


def section() -> str:
    """Return what stands between the marks."""
    routes: dict[str, Any] = samples()["routes"]
    asked = groupby(routes, key=lambda request: routes[request].get("like", request))
    told = ((first, list(alike)) for first, alike in asked)
    entries = [_entry([*alike], routes[first]) for first, alike in told]
    return "```text\n" + "\n".join(entries) + "```\n"


def written(text: str) -> str:
    """Return HELP.md with its section as it ought to be."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{section()}{END}{after}"


def write() -> None:
    """Write the section anew."""
    FILE.write_text(written(FILE.read_text("utf-8")), "utf-8")


def _entry(requests: list[str], sample: dict[str, Any]) -> str:
    lines = [request if " " in request else f"GET {request}" for request in requests]
    if "summary" in sample:
        lines[-1] += f"{NOTE}{sample['summary']})"
    return "\n".join([*lines, _short(sample["example"]), ""])


def _short(example: Any) -> str:
    if isinstance(example, str):
        text = "\n".join(line for line in example.splitlines() if line)
    else:
        text = json.dumps(example, ensure_ascii=False)
    return text if len(text) <= ROOM else text[:ROOM].rstrip() + CUT
