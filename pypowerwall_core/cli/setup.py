"""`powerwall setup`: connect a Tesla account, and tell how it is."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from pypowerwall_core.errors import BadSetting
from pypowerwall_core.scantalk import is_terminal, wants_color
from pypowerwall_core.settings.cloud import CloudSettings, read_cloud

from .main import FAILED, option
from .output import say
from .person import Person, TypingPerson

REGIONS = ("us", "cn")
_SETTINGS = {"authpath": "PW_AUTH_PATH", "config": "PW_CONFIG"}
_NOT_SERVED = ("fleetapi", "v1r")
_EPILOG = """\
Log in to Tesla once; the tokens are stored in .pypowerwall.auth and the chosen site in
.pypowerwall.site, in PW_AUTH_PATH, for you alone. Nothing secret is shown or logged.

exit codes: 0 it works, 1 it does not, 2 the settings are wrong, 130 Ctrl-C

examples:
  powerwall setup                          with a browser, on any machine
  powerwall setup -authpath ~/powerwall    where to store the tokens
  powerwall setup -headless                paste the tokens of another login
  powerwall setup -check                   age of the tokens, and whether cloud mode works
  powerwall setup -check -json | jq .works
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `setup`."""
    parser.epilog = _EPILOG
    option(parser, "email", default="", help="whose account (PW_EMAIL); not asked for then")
    option(
        parser,
        "region",
        choices=REGIONS,
        default="",
        help="where the account lives: cn is China, us everywhere else (default: as stored)",
    )
    option(
        parser,
        "authpath",
        metavar="DIR",
        default="",
        help="folder of the tokens (PW_AUTH_PATH, default: the current one)",
    )
    option(parser, "headless", action="store_true", help="paste tokens instead of logging in")
    option(
        parser,
        "site",
        metavar="N",
        default="",
        help="choose this site without asking: place in the list, or Tesla's number of it",
    )
    option(
        parser,
        "check",
        action="store_true",
        help="tell how it is; only a token that has ended is renewed",
    )
    option(parser, "json", action="store_true", help="with -check: print JSON and nothing else")
    option(parser, "nocolor", action="store_true", help="text without colors")
    option(parser, "config", metavar="FILE", default="", help="TOML file of settings (PW_CONFIG)")
    option(parser, "debug", action="store_true", help="print what is done, secrets excepted")
    option(parser, "cloud", action="store_true", help=argparse.SUPPRESS)  # what it does anyway
    for name in _NOT_SERVED:
        option(parser, name, action="store_true", help=argparse.SUPPRESS)


def run(arguments: argparse.Namespace, **injected: Any) -> int:
    """Connect an account or examine the stored ones; return the exit code.

    Raises:
        BadSetting: The settings are wrong, or tokens cannot be stored.
        PowerwallError: It did not work; the remedy is for the person.
    """
    for name in _NOT_SERVED:
        if getattr(arguments, name):
            raise BadSetting(f"-{name}: not served; only the login to a Tesla account is")
    settings = _settings(arguments)
    return (
        _check(arguments, settings)
        if arguments.check
        else _connect(arguments, settings, **injected)
    )


def _settings(arguments: argparse.Namespace) -> CloudSettings:
    given = [name for name in ("headless", "site", "region") if getattr(arguments, name)]
    if arguments.check and given:
        raise BadSetting(f"-{given[0]}: not with -check, which only tells how it is")
    if arguments.json and not arguments.check:
        raise BadSetting("-json: only with -check")
    flags = {setting: getattr(arguments, name) for name, setting in _SETTINGS.items()}
    if arguments.check:  # who connects an account is told where PW_EMAIL names another
        flags["PW_EMAIL"] = arguments.email
    return read_cloud(os.environ, flags)


def _connect(
    arguments: argparse.Namespace, settings: CloudSettings, person: Person | None = None
) -> int:
    from pypowerwall_core.debug import SECRETS, print_log  # noqa: PLC0415 - not for --help

    from .onboarding import Onboarding, Wish  # noqa: PLC0415 - the same

    print_log(on=arguments.debug, color=False)
    wish = Wish(arguments.email, arguments.region, arguments.site, arguments.headless)
    Onboarding(person or TypingPerson(), wish, settings, SECRETS).run()
    return 0


def _check(arguments: argparse.Namespace, settings: CloudSettings) -> int:
    from pypowerwall_core.debug import SECRETS, print_log  # noqa: PLC0415 - as above

    from .checktext import document, text  # noqa: PLC0415 - the same
    from .cloudcheck import examine  # noqa: PLC0415 - the same

    print_log(on=arguments.debug, color=False)
    report = examine(settings, SECRETS)
    color, is_own = wants_color(refused=arguments.nocolor), is_terminal(sys.stdout)
    shown = document(report) if arguments.json else text(report, color=color, shows_email=is_own)
    return 0 if say(shown) and report.works else FAILED
