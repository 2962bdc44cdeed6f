"""From the text of a setting to its value; a wrong text is a ValueError with the reason."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from pypowerwall_core.backends.local.address import HIGHEST_PORT, Address, parse_address

CLOUD = "cloud"
ROADS = ("local", CLOUD)
_SERVER = re.compile(
    r"https://(?P<host>([a-z0-9._-]+|\[[0-9a-f:.]+\])(:(?P<port>[0-9]{1,5}))?)/?",
    re.ASCII | re.IGNORECASE,
)


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


def address(text: str) -> Address | None:
    """Parse HOST, HOST:PORT or [IPv6]:PORT; nothing is None."""
    return parse_address(text) if text else None


def path(text: str) -> Path | None:
    """Parse a file; nothing is None."""
    return folder(text) if text else None


def roads(text: str) -> tuple[str, ...]:
    """Parse which roads commands take, in order, with commas between them."""
    names = tuple(name.strip().lower() for name in text.split(",") if name.strip())
    if names and set(names) <= set(ROADS) and len(set(names)) == len(names):
        return names
    raise ValueError(f"{text!r} is not {' or '.join(ROADS)}, or both with a comma between them")


def site(text: str) -> str:
    """Parse which site of an account is meant: its number, or another text that names it."""
    bare = text.strip()
    return bare.lstrip("0") or "0" if bare.isascii() and bare.isdigit() else bare


def server(text: str) -> str:
    """Parse the server of a cloud: https://HOST[:PORT], returned with a slash; nothing is ""."""
    if not text:
        return ""
    bare = text.strip()
    # What is wrong is not shown: it may hold a password.
    if "@" in bare:
        raise ValueError("no name and no password belong into an address")
    found = _SERVER.fullmatch(bare)
    if found is None or int(found["port"] or 1) not in range(1, HIGHEST_PORT + 1):
        raise ValueError("not https://HOST or https://HOST:PORT, without a path")
    return f"https://{found['host'].lower()}/"
