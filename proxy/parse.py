"""From the text of a setting to its value; a wrong text is a ValueError with the reason."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from pypowerwall_core.backends.local.address import Address, parse_address

HIGHEST_PORT = 65535
CLOUD = "cloud"
ROADS = ("local", CLOUD)
_PLAIN_PATH = re.compile(r"/([A-Za-z0-9._~-]+/)*")
_HOST_NAME = re.compile(r"[a-z0-9_]([a-z0-9._-]*[a-z0-9_])?")
_STYLES = ("clear", "black", "dakboard", "white", "grafana", "grafana-dark", "solar")


def whole(low: int, high: int) -> Callable[[str], int]:
    """Return the parser of whole numbers within bounds."""

    def parse(text: str) -> int:
        if text.isascii() and text.isdigit() and low <= int(text) <= high:
            return int(text)
        raise ValueError(f"{text!r} is not a whole number from {low} to {high}")

    return parse


def seconds(low: float, high: float) -> Callable[[str], float]:
    """Return the parser of numbers of seconds within bounds."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if low <= value <= high:
            return value
        raise ValueError(f"{text!r} is not a number of seconds from {low:g} to {high:g}")

    return parse


def choice(*words: str) -> Callable[[str], str]:
    """Return the parser of one of some words, in any case."""

    def parse(text: str) -> str:
        if text.lower() in words:
            return text.lower()
        raise ValueError(f"{text!r} is not one of {', '.join(words)}")

    return parse


def flag(text: str) -> bool:
    """Only the word yes is true, as in existing installations."""
    return text.lower() == "yes"


def folder(text: str) -> Path:
    """Parse a folder or file; `~` is the HOME."""
    try:
        return Path(text).expanduser()
    except RuntimeError as error:  # ~ of nobody, or without a HOME
        raise ValueError(f"{text!r}: {error}") from error


def base_path(text: str) -> str:
    """Parse a path of plain letters; it begins and ends with a slash."""
    inner = text.strip("/")
    path = f"/{inner}/" if inner else "/"
    if not _PLAIN_PATH.fullmatch(path) or {".", ".."} & set(path.split("/")):
        raise ValueError(f"{text!r} is not a path of letters, digits and - . _ ~ /")
    if inner and inner.split("/")[0] in _first_words():
        raise ValueError(f"{text!r} begins like a route of the proxy itself")
    return path


def _first_words() -> set[str]:
    from .routes import ROUTES  # noqa: PLC0415 - which imports what settings are made of

    return {row.path.split("/")[1] for row in ROUTES}


def address(text: str) -> Address | None:
    """Parse HOST, HOST:PORT or [IPv6]:PORT; nothing is None."""
    return parse_address(text) if text else None


def path(text: str) -> Path | None:
    """Parse a file; nothing is None."""
    return folder(text) if text else None


def style(text: str) -> str:
    """Parse the name of a style; existing installations may write the .js along."""
    return choice(*_STYLES)(text.lower().removesuffix(".js"))


def host_names(text: str) -> tuple[str, ...]:
    """Parse host names with commas between them."""
    names = tuple(name.strip().lower() for name in text.split(",") if name.strip())
    for name in names:
        if not _HOST_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not a host name (no port, no https://)")
    return names


def roads(text: str) -> tuple[str, ...]:
    """Parse which roads commands take, in order, with commas between them."""
    names = tuple(name.strip().lower() for name in text.split(",") if name.strip())
    if names and set(names) <= set(ROADS) and len(set(names)) == len(names):
        return names
    raise ValueError(f"{text!r} is not {' or '.join(ROADS)}, or both with a comma between them")
