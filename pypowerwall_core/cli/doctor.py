"""`powerwall doctor`: step by step, why there is no data, and what to do about it."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from contextlib import closing
from pathlib import Path

from pypowerwall_core.errors import BadSetting
from pypowerwall_core.scantalk import is_terminal, wants_color

from .connection import NOT_SERVED, add_options, flags_of
from .main import FAILED, option
from .output import say

_EPILOG = """\
Nothing is changed. The gateway is asked one path at a time; a login is sent only when
nothing can be read without one, and then once. Its session is stored for the next tool.

exit codes: 0 nothing failed (warnings allowed), 1 something did, 2 the settings are wrong

examples:
  powerwall doctor                              with the settings of the proxy
  powerwall doctor -host 192.168.1.50 -verbose  every path, every setting
  powerwall doctor -save-cert gateway.pem       for PW_HOST_CERT
  powerwall doctor -json | jq '.findings[] | select(.state == "failed")'
"""

_OF_TESLA = "For a Tesla account see `powerwall setup -check`"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `doctor`."""
    parser.epilog = _EPILOG
    option(parser, "json", action="store_true", help="print JSON and nothing else")
    option(parser, "verbose", action="store_true", help="print every setting and every path")
    option(
        parser,
        "save-cert",
        metavar="FILE",
        default="",
        help="save the gateway's certificate (PEM), for PW_HOST_CERT",
    )
    option(parser, "force", action="store_true", help="-save-cert may replace a file")
    option(parser, "nocolor", action="store_true", help="text without colors")
    add_options(parser, proxy=False)


def run(arguments: argparse.Namespace) -> int:
    """Examine, tell, and return the exit code."""
    from pypowerwall_core.debug import SECRETS, print_log  # noqa: PLC0415 - not for --help
    from pypowerwall_core.doctor import report  # noqa: PLC0415 - the same
    from pypowerwall_core.doctor.checks import examine  # noqa: PLC0415 - the same
    from pypowerwall_core.doctor.finding import exit_code  # noqa: PLC0415 - the same
    from pypowerwall_core.doctor.hands import Wish  # noqa: PLC0415 - the same

    for way in (*NOT_SERVED, "cloud"):
        if getattr(arguments, way):
            raise BadSetting(f"-{way}: not served; the doctor sees gateways. {_OF_TESLA}")
    if arguments.debug:
        print_log(on=True, color=False)
    save_to = Path(arguments.save_cert) if arguments.save_cert else None
    progress = Progress(on=not arguments.json and not arguments.debug)
    flags = flags_of(arguments)
    wish = Wish(os.environ, flags, save_to, arguments.force, progress=progress.show)
    color = wants_color(refused=arguments.nocolor)
    width = shutil.get_terminal_size().columns if is_terminal(sys.stdout) else None
    findings, written = [], True
    with closing(progress):
        for finding in examine(wish, SECRETS):
            findings.append(finding)
            progress.close()
            if not arguments.json:
                lines = report.lines(finding, color=color, verbose=arguments.verbose, width=width)
                written &= say("\n".join(lines))
    written &= say(report.document(findings) if arguments.json else report.summary(findings))
    return exit_code(findings) if written else FAILED


class Progress:
    """What is looked at now, on a line that the next one overwrites; for terminals only."""

    def __init__(self, *, on: bool) -> None:
        self._on = on and is_terminal(sys.stdout) and is_terminal(sys.stderr)
        self._shown = ""

    def show(self, what: str) -> None:
        """Say what is looked at."""
        if self._on:
            self.close()
            self._shown = f"     {what} ..."
            print(self._shown, end="", file=sys.stderr, flush=True)  # noqa: T201 - for who waits

    def close(self) -> None:
        """Take it away again."""
        if self._shown:
            blank = " " * len(self._shown)
            print(f"\r{blank}\r", end="", file=sys.stderr, flush=True)  # noqa: T201 - as above
            self._shown = ""
