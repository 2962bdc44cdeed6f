"""What becomes of a command while somebody at a terminal looks."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

from pypowerwall_core.commands import NAMES, Command
from pypowerwall_core.errors import LogInAgain, NotServed, PowerwallError
from pypowerwall_core.fields import mapping
from pypowerwall_core.temporary import near

from .home import Home, Keeper, Told
from .main import FAILED, INTERRUPTED
from .telling import APPLIED, PENDING, said

LOOK_EVERY_S = 1.0
_LEFT_ALONE = "Nothing is put back now: somebody has set it anew meanwhile."
_NEVER = (LogInAgain, NotServed)
"""Who looks again after these sees no more."""
_ENDINGS = (signal.SIGTERM, signal.SIGHUP)
Say = Callable[[str], object]
Sleep = Callable[[float], None]


def settled(
    home: Home | Keeper,
    told: Told,
    wait_s: float,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Sleep = time.sleep,
) -> Told:
    """Look at a command again until its outcome is final, or the time is over."""
    ends_s, trouble = clock() + wait_s, ""
    while told.get("outcome") == PENDING and clock() < ends_s:
        sleep(LOOK_EVERY_S)
        try:
            records = home.records()
        except PowerwallError as error:
            trouble = str(error)
            if isinstance(error, _NEVER):
                break
            continue
        trouble = ""
        told = next((one for one in records if one.get("id") == told.get("id")), told)
    if not trouble:
        return told
    return {**told, "remedy": f"What becomes of it cannot be seen from here: {trouble}"}


# -- what lasts as long as this process -----------------------------------------------------


@contextmanager
def interruptible() -> Iterator[None]:
    """Have whoever ends this process, or closes its terminal, press Ctrl-C.

    Else what was to last two hours would last for ever. Who has it ignored, as nohup does with
    a closed terminal, is obeyed.
    """

    def press(*_: Any) -> None:
        raise KeyboardInterrupt

    taken = {one: signal.getsignal(one) for one in _ENDINGS}
    taken = {one: before for one, before in taken.items() if before is signal.SIG_DFL}
    for one in taken:
        signal.signal(one, press)
    try:
        yield
    finally:
        for one, before in taken.items():
            signal.signal(one, before)


def over(keeper: Keeper | None) -> set[str]:
    """Return the names of the commands that are over by now."""
    records = [] if keeper is None else keeper.records()
    return {str(one.get("id")) for one in records if one.get("ended")}


def hold(keeper: Keeper, seen: Collection[str], say: Say, *, sleep: Sleep = time.sleep) -> int:
    """Stay until every temporary setting has been put back, and tell how that went.

    Args:
        keeper: Who puts them back.
        seen: The commands that were over before: see `over`.
        say: Prints a line.
        sleep: Passes the time.
    """
    if keeper.promises():
        say("Stays until the old values are back; Ctrl-C puts them back now.")
    troubles: set[str] = set()
    while promises := keeper.promises():
        for trouble in {str(one["trouble"]) for one in promises if one["trouble"]} - troubles:
            troubles.add(trouble)
            say(f"  not yet put back: {trouble}; tries again")
        sleep(LOOK_EVERY_S)
    ended = [one for one in keeper.records() if one.get("reverts") and one.get("id") not in seen]
    say("The end of -for:" if ended else "Nothing waits to be put back.")
    return 0 if _tell(ended, say) else FAILED


def put_back_now(keeper: Keeper, wait_s: float, say: Say, *, sleep: Sleep = time.sleep) -> int:
    """Put every temporary setting back before its time, and return the exit code."""
    old_values = list(_old_values(keeper))
    if not old_values:
        is_left = bool(keeper.promises())
        say(_LEFT_ALONE if is_left else "Interrupted. Nothing waits to be put back.")
    code = INTERRUPTED
    for command in old_values:
        say("Puts the old values back:")
        try:
            told = settled(keeper, keeper.change(command), wait_s, sleep=sleep)
        except PowerwallError as error:
            say(f"  {error}. {error.remedy}".rstrip())
            code = FAILED
        else:
            code = code if _tell([told], say) else FAILED
    return code


def _old_values(keeper: Keeper) -> Iterator[Command]:
    """Return what puts back what still is as it was set: what others have changed stays."""
    for promise in keeper.promises():
        wanted, back = (
            {NAMES[name]: value for name, value in mapping(values).items() if name in NAMES}
            for values in (promise["set"], promise["puts_back"])
        )
        now = {knob: keeper.setting(knob) for knob in back}
        old = {
            knob: value
            for knob, value in back.items()
            if (found := now[knob]) is None
            or near(knob, wanted[knob], found)
            or near(knob, value, found)  # it has not shown yet, and may still come
        }
        if old:
            yield Command(old, by="terminal")


def _tell(records: Collection[Told], say: Say) -> bool:
    """Say what became of some commands; whether all are applied."""
    for told in records:
        for line in said(told):
            say(line)
    return all(told.get("outcome") == APPLIED for told in records)
