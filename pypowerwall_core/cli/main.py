"""`powerwall get`, `set`, `scan` and so on, also as `python -m pypowerwall_core`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from pypowerwall_core.errors import BadSetting, PowerwallError

FAILED = 1
BAD_USAGE = 2
"""Of arguments and settings alike."""
INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Entry:
    """A command: its name is that of its module here."""

    name: str
    says: str


COMMANDS = (
    Entry("get", "print what the Powerwall does now"),
    Entry("set", "change mode, reserve, grid charging or grid export"),
    Entry("scan", "find Powerwall gateways on the network"),
    Entry("doctor", "find out, step by step, why there is no data"),
    Entry("setup", "connect a Tesla account, for cloud mode and control"),
    Entry("record", "save what a gateway answers, without anything private"),
    Entry("version", "print the version"),
)


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser], typed: str) -> None:
    """Add the commands to a parser; only the one that was typed gets its options."""
    for entry in COMMANDS:
        parser = commands.add_parser(
            entry.name,
            help=entry.says,
            description=f"{entry.says[0].upper()}{entry.says[1:]}.",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if entry.name == typed:
            module: Any = import_module(f"{__package__}.{entry.name}")
            module.add_arguments(parser)
            parser.set_defaults(run=module.run)


def option(parser: argparse._ActionsContainer, name: str, **kwargs: Any) -> None:
    """Add an option with one dash, as scripts have always written it, and with two."""
    parser.add_argument(f"-{name}", f"--{name}", **kwargs)


def run(parser: argparse.ArgumentParser, argv: Sequence[str]) -> int:
    """Run the command that was typed and return its exit code."""
    if not argv:
        parser.print_help(sys.stderr)
        return FAILED
    arguments = parser.parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except BadSetting as error:
        print(f"powerwall: {error}", file=sys.stderr)  # noqa: T201 - the line a person needs
        return BAD_USAGE
    except PowerwallError as error:
        print(f"powerwall: {error}. {error.remedy}".rstrip(), file=sys.stderr)  # noqa: T201 - same
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command of the core alone, and return its exit code."""
    argv = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(
        prog="python -m pypowerwall_core", description="Ask a Tesla Powerwall, and tell it."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    add_commands(commands, argv[0] if argv else "")
    return run(parser, argv)
