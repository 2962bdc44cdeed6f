"""How a command reaches the home: options, settings, and which of the three roads is taken."""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pypowerwall_core.errors import BadSetting
from pypowerwall_core.settings.gateway import GatewaySettings, read_gateway

from .main import option
from .output import warn

if TYPE_CHECKING:
    from .home import Home

WITHOUT_EFFECT = ("gw_pwd", "rsa_key_path")
"""Options of ways that are not served: scripts pass them along with others."""
NOT_SERVED = ("fleetapi", "tedapi", "v1r")
"""Ways to reach a home that scripts may ask for, and that there are not here."""
FLAGS = {
    "host": ("PW_HOST", "HOST", "the gateway"),
    "password": ("PW_PASSWORD", "TEXT", "its customer password; who lists processes sees it"),
    "email": ("PW_EMAIL", "EMAIL", "which Tesla account; a gateway gets it with the login"),
    "authpath": (
        "PW_AUTH_PATH",
        "DIR",
        "folder of the session file, and of the tokens of `powerwall setup`",
    ),
    "timeout": ("PW_TIMEOUT", "SECONDS", "for connecting and for each read"),
    "config": ("PW_CONFIG", "FILE", "TOML file of settings"),
}


def add_options(parser: argparse.ArgumentParser, *, proxy: bool = True) -> None:
    """Add the options that say where the home is."""
    group = parser.add_argument_group(
        "connection", "What is not given here is read from the settings of the proxy."
    )
    if proxy:
        option(group, "proxy", metavar="URL", default="", help="ask a running proxy instead")
    for name, (setting, shown, says) in FLAGS.items():
        option(group, name, metavar=shown, default="", help=f"{says} ({setting})")
    option(group, "debug", action="store_true", help="print what is done, secrets excepted")
    modes = group.add_mutually_exclusive_group()
    option(modes, "local", action="store_true", help="ask the gateway (the default)")
    option(modes, "cloud", action="store_true", help="ask Tesla; see `powerwall setup`")
    for name in NOT_SERVED:
        option(modes, name, action="store_true", help=argparse.SUPPRESS)
    for name in WITHOUT_EFFECT:
        option(group, name, default="", help=argparse.SUPPRESS)


def flags_of(arguments: argparse.Namespace) -> dict[str, str]:
    """Return what was typed as settings by name; "" is unset."""
    return {setting: getattr(arguments, name) for name, (setting, *_) in FLAGS.items()}


def settings_of(
    arguments: argparse.Namespace, environ: Mapping[str, str] = os.environ
) -> GatewaySettings:
    """Return the settings of the gateway that a command is to ask.

    Raises:
        BadSetting: One is wrong, or another way is asked for than there is.
    """
    refuse_other_ways(arguments)
    return read_gateway(environ, flags_of(arguments))


def refuse_other_ways(arguments: argparse.Namespace) -> None:
    """Refuse what is not served, and say what has no effect.

    Raises:
        BadSetting: Another way is asked for than there is, or two at once.
    """
    for name in NOT_SERVED:
        if getattr(arguments, name):
            raise BadSetting(f"-{name}: not served; -local asks the gateway, -cloud Tesla")
    for name in WITHOUT_EFFECT:
        if getattr(arguments, name):
            warn(f"-{name} has no effect: TEDAPI is not served")


def open_home(arguments: argparse.Namespace, *, changes: bool = False) -> Home:
    """Return the home that a command is about.

    Raises:
        BadSetting: The settings are wrong, or say of no home.
    """
    _log_to_terminal(debug=arguments.debug)
    if arguments.proxy:
        refuse_other_ways(arguments)
        for name in ("host", "local", "cloud"):
            if getattr(arguments, name):
                raise BadSetting(f"-{name}: is another way than -proxy; give one of them")
        from .proxied import Proxied  # noqa: PLC0415 - its libraries are large

        return Proxied.of(arguments.proxy, os.environ, flags_of(arguments))
    from .direct import Direct  # noqa: PLC0415 - as above

    settings = settings_of(arguments)
    if settings.host is not None and not arguments.cloud:
        return Direct.of(settings, changes=changes)
    from pypowerwall_core.settings.cloud import read_account  # noqa: PLC0415 - as above

    account = None if arguments.local else read_account(os.environ, flags_of(arguments))
    if account is not None:
        return Direct.of_account(account, changes=changes)
    if arguments.cloud:
        raise BadSetting("-cloud: no Tesla account is set up; run `powerwall setup`")
    raise BadSetting("PW_HOST: no gateway is named; give -host or -proxy, and see `powerwall scan`")


# -- what the library logs ------------------------------------------------------------------

_TOLD = ("pypowerwall_core.lane", "pypowerwall_core.chores")
"""What these warn of is part of what a command says by itself."""


class _TerminalHandler(logging.StreamHandler):  # type: ignore[type-arg]  # it is none when it runs
    """Told apart from whatever else logs in this process."""


def _log_to_terminal(*, debug: bool) -> None:
    """Print what a person should see to, or everything; never a secret."""
    from pypowerwall_core.debug import SECRETS, print_log  # noqa: PLC0415 - not for `-h`
    from pypowerwall_core.redact import RedactingFilter  # noqa: PLC0415 - the same

    log = logging.getLogger("pypowerwall_core")
    log.handlers = [one for one in log.handlers if not isinstance(one, _TerminalHandler)]
    print_log(on=debug, color=False)
    if not debug:
        handler = _TerminalHandler()
        handler.setLevel(logging.WARNING)
        handler.setFormatter(logging.Formatter("powerwall: %(message)s"))
        handler.addFilter(RedactingFilter(SECRETS))
        handler.addFilter(_is_news)
        log.addHandler(handler)


def _is_news(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.ERROR or not record.name.startswith(_TOLD)
