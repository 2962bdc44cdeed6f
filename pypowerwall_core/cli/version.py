"""`powerwall version`."""

from __future__ import annotations

import argparse

from pypowerwall_core.version import __version__

from .main import FAILED, option
from .output import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take what scripts give to every command; it has no effect here."""
    option(parser, "debug", action="store_true", help=argparse.SUPPRESS)
    option(parser, "authpath", default="", help=argparse.SUPPRESS)


def run(_: argparse.Namespace) -> int:
    """Print the version."""
    return 0 if say(f"powerwall-proxy {__version__}") else FAILED
