"""`powerwall get`: what the Powerwall does now, for people and for programs."""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pypowerwall_core.commands import SHOWN_DECIMALS
from pypowerwall_core.fields import mapping, number, text
from pypowerwall_core.readings import grid_word
from pypowerwall_core.scales import app_from_raw
from pypowerwall_core.version import __version__

from .connection import add_options, open_home
from .home import Home
from .main import FAILED, option
from .output import say, warn
from .telling import plain

FORMATS = ("text", "json", "csv")
NOT_KNOWN = "N/A"
_LABEL_WIDTH = 18
_DEVICE_WIDTH = 38
_CSV_END = "\r\n"
_LINES = "\r\n\t"
"""What CSV may hold besides what can be printed."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the answer.

    Attributes:
        call: What the home is asked.
        read: From its answer to the value. Pure.
        label: What people read; the key in Title Case if empty.
        flat: A number or a text, and not a collection, which is left out where it is empty.
    """

    key: str
    call: str
    read: Callable[[Any], Any] = text
    label: str = ""
    flat: bool = True

    @property
    def title(self) -> str:
        """What people read."""
        return self.label or self.key.replace("_", " ").title()


def _watts(meter: str) -> Callable[[Any], Any]:
    return lambda power: number(mapping(power).get(meter))


def _rounded(pct: Any) -> float | None:
    return None if number(pct) is None else round(pct, SHOWN_DECIMALS)


def _app_pct(raw_pct: Any) -> float | None:
    return None if number(raw_pct) is None else app_from_raw(raw_pct)


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _firmware(release: Any) -> str | None:
    # Firmware 1.20 ends it with a new line.
    return release.strip() if isinstance(release, str) else None


def _numbers(values: Any) -> dict[str, float | None]:
    return {name: number(value) for name, value in mapping(values).items()}


def _grid_word(document: Any) -> str | None:
    return grid_word(text(mapping(document).get("grid_status")))


ROWS = (
    Row("site", "site_name"),
    Row("site_id", "site_id", number, label="Site ID"),
    Row("din", "din", label="DIN"),
    Row("firmware", "version", _firmware),
    Row("mode", "get_mode"),
    Row("reserve", "get_reserve", _rounded),
    Row("soc", "level", _app_pct, label="Battery Level"),
    Row("current", "level", number, label="Battery Level Raw"),
    Row("grid_status", "grid_status", _grid_word),
    Row("grid", "power", _watts("site")),
    Row("home", "power", _watts("load")),
    Row("battery", "power", _watts("battery")),
    Row("solar", "power", _watts("solar")),
    Row("grid_charging", "get_grid_charging", _flag),
    Row("grid_export_mode", "get_grid_export", text),
    Row("time_remaining", "get_time_remaining", number),
    Row("temps", "temps", _numbers, label="Temperatures", flat=False),
)
"""In the order in which they are printed."""
_SAYS_NOTHING = "Nothing is known yet; try again."
_HOUSE = ("current", "grid_status", "grid", "home", "battery", "solar")
"""A gateway tells anybody its firmware; these it tells to who has logged in."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take where the home is, and how to print."""
    add_options(parser)
    option(parser, "format", default="text", metavar="|".join(FORMATS), help="text if not given")
    option(parser, "mode", default="", help=argparse.SUPPRESS)  # scripts of old write it


def run(arguments: argparse.Namespace) -> int:
    """Print what is known of a home."""
    home = open_home(arguments)
    try:
        return tell(home, arguments.format.lower())
    finally:
        home.close()


def tell(home: Home, form: str) -> int:
    """Print what is known; fail when nothing of the house is, as behind a wrong password."""
    found = ask(home)
    if all(found[key] is None for key in _HOUSE):
        return _fail(home.trouble(), form)
    is_whole = all(found[row.key] is not None for row in ROWS if row.flat)
    if not is_whole and (why := home.trouble()):
        warn(f"not everything is known: {why}")
    return 0 if say(WRITERS.get(form, as_text)(found, home.mode)) else FAILED


def ask(home: Home) -> dict[str, Any]:
    """Return what a home tells, by key; None for what is not known."""
    told = {call: home.ask(call) for call in dict.fromkeys(row.call for row in ROWS)}
    values = {row: row.read(told[row.call]) for row in ROWS}
    return {row.key: value for row, value in values.items() if row.flat or value}


def _fail(why: str, form: str) -> int:
    line = f"ERROR: Unable to connect. {why or _SAYS_NOTHING}"
    if form in ("json", "csv"):
        # Where a program reads the answer, only the answer goes to the standard output.
        print(line, file=sys.stderr)  # noqa: T201 - for the person behind the program
    else:
        say(line)
    return FAILED


# -- ways to write it. Pure -----------------------------------------------------------------


def as_json(found: Mapping[str, Any], _mode: str) -> str:
    """Return indented JSON, null for unknown."""
    return json.dumps(found, indent=2)


def as_csv(found: Mapping[str, Any], _mode: str) -> str:
    """Return a header line and a line of values, quoted where they need it (RFC 4180)."""
    flat = dict(_flattened(found))
    return f"{_csv_line(flat)}\n{_csv_line(flat.values())}"


def _csv_line(cells: Iterable[Any]) -> str:
    buffer = io.StringIO()
    # The module quotes what could end a line only where lines end so.
    csv.writer(buffer, lineterminator=_CSV_END).writerow(map(_cell, cells))
    return buffer.getvalue().removesuffix(_CSV_END)


def as_headed_text(found: Mapping[str, Any], mode: str) -> str:
    """Return rows of label and value under a line that says how they were asked for."""
    head = f"powerwall-proxy [{__version__}] - Get Powerwall settings using {mode} mode."
    return f"{head}\n{as_text(found, mode)}"


def as_text(found: Mapping[str, Any], _mode: str) -> str:
    """Return rows of label and value."""
    lines = [""]
    for row in ROWS:
        value = found.get(row.key)
        if row.flat:
            lines.append(f"  {row.title:<{_LABEL_WIDTH}}{_said(value)}")
        elif value:
            lines.append(f"  {row.title}")
            lines += [
                f"    {plain(name):<{_DEVICE_WIDTH}}{_said(one)}" for name, one in value.items()
            ]
    return "\n".join([*lines, ""])


WRITERS = {"text": as_headed_text, "json": as_json, "csv": as_csv}


def _flattened(found: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [
        pair
        for key, value in found.items()
        for pair in (
            [(f"{key}.{name}", one) for name, one in value.items()]
            if isinstance(value, dict)
            else [(key, value)]
        )
    ]


def _said(value: Any) -> str:
    if value is None:
        return NOT_KNOWN
    shown = round(value, SHOWN_DECIMALS) if isinstance(value, float) else value
    return plain(str(shown))


def _cell(value: Any) -> Any:
    """Return a cell; a text without what would steer a terminal that shows it."""
    if not isinstance(value, str):
        return NOT_KNOWN if value is None else value
    return "".join(one if one.isprintable() or one in _LINES else " " for one in value)
