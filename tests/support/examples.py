"""The files of examples/ as tests read them: what Telegraf stores, what dashboards ask for."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import yaml

from . import telegraf

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
DASHBOARDS = EXAMPLES / "grafana" / "dashboards"
_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
_FIELD = re.compile(r'\((?:"([^"]+)"|/([^/]+)/)\)')


def text(name: str) -> str:
    return (EXAMPLES / name).read_text("utf-8")


def config(name: str) -> Any:
    """A YAML example."""
    return yaml.safe_load(text(name))


def substituted(content: str, **environ: str) -> str:
    """As Telegraf and compose read ${NAME} and ${NAME:-default}."""
    return _VARIABLE.sub(lambda found: environ.get(found[1], found[2] or ""), content)


def variables(content: str) -> set[str]:
    """The names of the variables that a file reads."""
    return {found[1] for found in re.finditer(r"\$\{?([A-Z]\w+)", content)}


def telegraf_conf(**environ: str) -> dict[str, Any]:
    return tomllib.loads(substituted(text("telegraf.conf"), **environ))


def telegraf_input() -> dict[str, Any]:
    found: dict[str, Any]
    (found,) = telegraf_conf()["inputs"]["http"]
    return found


def stored(document: Any) -> dict[str, float | str]:
    """What Telegraf, configured so, stores of an answer: fields by name."""
    block = telegraf_input()
    for name in block["json_query"].split("."):
        document = document[name]
    found: dict[str, float | str] = dict(telegraf.fields(document))
    for name in block["json_string_fields"]:
        value = document[name.removesuffix("_value")]["value"]
        if isinstance(value, str):
            found[name] = value
    excluded = block["fieldexclude"]
    return {
        name: value
        for name, value in found.items()
        if not any(fnmatch(name, pattern) for pattern in excluded)
    }


# -- Grafana --------------------------------------------------------------------------------


def dashboard(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DASHBOARDS / f"{name}.json").read_text("utf-8"))
    return found


def targets(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every query of a dashboard, and the title of its panel."""
    for panel in dashboard(name)["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target


def asked(query: str) -> tuple[str | None, str | None]:
    """The field an InfluxQL query reads by its name, or the pattern of those that it reads."""
    found = _FIELD.search(query)
    assert found is not None, query
    return found[1], found[2]
