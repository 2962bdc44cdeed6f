"""`powerwall set`: change mode, reserve, grid charging or grid export, and see that it holds.

Nothing follows a write that is not applied. What is to last for a time is put back by whoever
goes on: a proxy, or else this process, which stays for it.
"""

from __future__ import annotations

import argparse
from math import isfinite

from pypowerwall_core.commands import EXPORTS, Command
from pypowerwall_core.errors import BadCommand, BadSetting, PowerwallError
from pypowerwall_core.version import __version__

from .carrying import hold, interruptible, over, put_back_now, settled
from .connection import add_options, open_home
from .home import Home, Keeper
from .main import FAILED, option
from .output import say
from .telling import APPLIED, PENDING, promised, said
from .wishes import WISHES, Step, Wanted, of_charge, understood

NOT_YET = 3
"""Exit code: sent, and it does not show yet."""
SETTLES_S = 60.0
_DONE = {APPLIED: 0, PENDING: NOT_YET}
_INTERRUPTED = "Interrupted. What was sent is not taken back; `powerwall get` tells what is set."
_LEFT = "The end of -for is still remembered: `powerwall set -resume` sees to it."
_WHILE_HERE = "NOTE: only while `powerwall set` runs; with -resume it stays until then"
_EPILOG = """\
examples:
  powerwall set -reserve 20
  powerwall set -mode backup -reserve 80 -for 2h   back as it was after two hours
  powerwall set -current -proxy http://powerwall:8675

exit codes: 0 applied, 3 sent but not seen yet, 1 anything else, 2 wrong options or settings,
130 Ctrl-C.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take what to change, for how long, and where."""
    parser.epilog = _EPILOG
    parser.set_defaults(parser=parser)
    option(parser, "mode", metavar="MODE", help="self_consumption, backup or autonomous")
    reserve = parser.add_mutually_exclusive_group()
    option(
        reserve, "reserve", metavar="PCT", help="charge kept for an outage, 0 to 100, as in the app"
    )
    option(reserve, "current", action="store_true", help="reserve what the battery holds now")
    option(parser, "gridcharging", metavar="on|off", help="whether the grid may charge the battery")
    option(parser, "gridexport", metavar="|".join(EXPORTS), help="what may be exported")
    option(
        parser,
        "for",
        dest="for_",
        metavar="TIME",
        help="put the old values back after 90min, 2h, 1d; without -proxy the command stays",
    )
    option(
        parser,
        "wait",
        type=_seconds,
        default=SETTLES_S,
        metavar="SECONDS",
        help=f"how long to look whether it holds (default {SETTLES_S:.0f})",
    )
    option(
        parser,
        "resume",
        action="store_true",
        help="stay until what an interrupted -for has set is put back",
    )
    add_options(parser)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not (isfinite(value) and value >= 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return value


def run(arguments: argparse.Namespace) -> int:
    """Change what is asked for; succeed only when it is applied."""
    if arguments.resume and arguments.proxy:
        raise BadSetting("-resume: a proxy puts back by itself, and needs nobody to stay")
    typed = {wish.name: getattr(arguments, wish.name) for wish in WISHES}
    typed = {name: word for name, word in typed.items() if word is not None}
    asks = bool(typed) or arguments.current
    if not (asks or arguments.resume or arguments.for_ is not None):
        arguments.parser.print_help()
        return FAILED
    try:
        wanted = understood(typed, arguments.for_)
        if arguments.for_ is not None and not asks:
            raise BadCommand("-for goes with something to set")
        return carry_out(open_home(arguments, changes=True), arguments, wanted)
    except BadSetting:
        raise
    except PowerwallError as error:
        return _fail(error)


def carry_out(home: Home, arguments: argparse.Namespace, wanted: Wanted) -> int:
    """Change a home, let go of it, and return the exit code.

    Raises:
        BadCommand: The present charge is to be kept, and it is not known.
    """
    keeper = home.keeper if arguments.resume or wanted.for_s is not None else None
    try:
        say(f"powerwall-proxy [{__version__}] - Set Powerwall settings using {home.mode} mode.")
        if arguments.current:
            wanted = wanted.plus(current(home))
        if keeper is None:
            return _passing(home, wanted, arguments.wait)
        with interruptible():
            return _staying(home, keeper, wanted, arguments.wait)
    finally:
        home.close()
        # Only now is it certain that nothing more happens.
        if keeper is not None and keeper.promises():
            say(_LEFT)


def _passing(home: Home, wanted: Wanted, wait_s: float) -> int:
    """Change things for good, or where somebody else remembers to put them back."""
    if home.keeper is not None and _tell_earlier(home.keeper):
        say(_WHILE_HERE)
    try:
        return _all(home, wanted, wait_s)
    except KeyboardInterrupt:
        say(_INTERRUPTED)
        raise


def _staying(home: Home, keeper: Keeper, wanted: Wanted, wait_s: float) -> int:
    """Change things for a time, and be there at its end, whatever has become of the last."""
    seen = over(keeper)
    _tell_earlier(keeper)
    try:
        code = _all(home, wanted, wait_s)
        return hold(keeper, seen, say) or code
    except KeyboardInterrupt:
        return put_back_now(keeper, wait_s, say)


def _tell_earlier(keeper: Keeper) -> bool:
    """Say what is still to be put back; whether there is anything."""
    promises = keeper.promises()
    for promise in promises:
        say(promised(promise))
    return bool(promises)


def _all(home: Home, wanted: Wanted, wait_s: float) -> int:
    """Carry out one after the other, as long as each is applied."""
    for step in wanted.steps:
        for line in step.says:
            say(line)
        try:
            told = home.change(Command(step.changes, for_s=wanted.for_s, by="terminal"))
        except PowerwallError as error:
            return _fail(error)
        told = settled(home, told, wait_s)
        for line in said(told):
            say(line)
        if code := _DONE.get(str(told.get("outcome")), FAILED):
            return code
    return 0


def current(home: Home) -> Step:
    """Return what keeps the battery's present charge in reserve.

    Raises:
        BadCommand: It does not tell.
    """
    step = of_charge(home.ask("level"))
    if step is None:
        raise BadCommand(f"The battery does not tell its charge. {home.trouble()}".rstrip())
    return step


def _fail(error: PowerwallError) -> int:
    remedy = f". {error.remedy}" if error.remedy else ""
    say(f"ERROR: {error}{remedy}")
    return FAILED
