"""`powerwall scan`: which addresses of the network are Powerwall gateways."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from pypowerwall_core.backends.local.address import HTTPS_PORT
from pypowerwall_core.scanning import (
    ADDRESSES_MOST,
    THREADS,
    THREADS_MOST,
    TIMEOUT_S,
    Effort,
    ports_of,
)
from pypowerwall_core.scantalk import JsonTalk, TextTalk, wants_color

from .main import FAILED, option

_EPILOG = """\
Each address gets one connection attempt; a host that takes it is asked for /api/status,
and for /tedapi/din if it has no such path. Nobody is logged in to.

examples:
  powerwall scan                      the network of this machine
  powerwall scan 192.168.0.0/24       another network
  powerwall scan 192.168.91.1/32      one address, here that of a gateway's own Wi-Fi
  powerwall scan -json | jq -r '.[0].ip'
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `scan`."""
    parser.epilog = _EPILOG
    parser.add_argument(
        "cidr",
        metavar="CIDR",
        nargs="?",
        default="",
        help="network to scan, such as 192.168.1.0/24; at most "
        f"{ADDRESSES_MOST} addresses (default: the /24 of this machine)",
    )
    option(parser, "ip", default="", help="scan the /24 around this address")
    option(
        parser,
        "hosts",
        metavar="N",
        type=int,
        default=THREADS,
        help=f"hosts to try at a time, up to {THREADS_MOST} (default: %(default)s)",
    )
    option(
        parser,
        "timeout",
        metavar="S",
        type=float,
        default=TIMEOUT_S,
        help="seconds to wait for a connection (default: %(default)s)",
    )
    option(
        parser,
        "port",
        metavar="LIST",
        default=str(HTTPS_PORT),
        help="port, or ports between commas (default: %(default)s)",
    )
    option(parser, "nocolor", action="store_true", help="text without colors")
    option(parser, "json", action="store_true", help="print a JSON array and nothing else")


def run(arguments: argparse.Namespace, **injected: Any) -> int:
    """Scan, and return the exit code: 0 also when nobody was found; `injected` as in search."""
    from pypowerwall_core.scan import search  # noqa: PLC0415 - not for --help

    effort = Effort(ports_of(arguments.port), arguments.hosts, arguments.timeout)
    talk = JsonTalk() if arguments.json else TextTalk(color=wants_color(refused=arguments.nocolor))
    try:
        tally = search(arguments.cidr or arguments.ip, effort, talk, **injected)
    except BrokenPipeError:
        # `| head` has read enough; without this Python would complain again as it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    return FAILED if tally.could_not_look else 0
