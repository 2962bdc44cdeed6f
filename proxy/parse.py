"""Parsers of settings that only the proxy has, as those of the core."""

from __future__ import annotations

import re

from pypowerwall_core.settings.parse import choice

_PLAIN_PATH = re.compile(r"/([A-Za-z0-9._~-]+/)*")
_HOST_NAME = re.compile(r"[a-z0-9_]([a-z0-9._-]*[a-z0-9_])?")
_STYLES = ("clear", "black", "dakboard", "white", "grafana", "grafana-dark", "solar")


def base_path(text: str) -> str:
    """Parse a path of plain letters; it begins and ends with a slash."""
    inner = text.strip("/")
    path = f"/{inner}/" if inner else "/"
    if not _PLAIN_PATH.fullmatch(path) or {".", ".."} & set(path.split("/")):
        raise ValueError(f"{text!r} is not a path of letters, digits and - . _ ~ /")
    return path


def style(text: str) -> str:
    """Parse the name of a style; existing installations may write the .js along."""
    return choice(*_STYLES)(text.lower().removesuffix(".js"))


def style_file(name: str) -> str:
    """Return a style as the pypowerwall proxy shows it."""
    return f"{name}.js"


def host_names(text: str) -> tuple[str, ...]:
    """Parse host names with commas between them."""
    names = tuple(name.strip().lower() for name in text.split(",") if name.strip())
    for name in names:
        if not _HOST_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not a host name (no port, no https://)")
    return names
