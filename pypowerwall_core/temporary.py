"""The ends of temporary settings: when each is due, and what is put back. Pure.

Rule: only what still is as the temporary setting left it is put back. What somebody has changed
meanwhile stays; so an end that nobody needs any more does no harm, and none has to be forgotten
before it is proven that nobody needs it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .commands import KNOBS, RESERVE, SHOWS_WITHIN_S, Command, Record, Value, iso, shown

RETRY_S = (60.0, 120.0, 300.0, 600.0, 900.0)
"""After failures one, two ...; the last pause is for all further ones."""
NEAR_PCT = 0.6
"""A gateway may round a reserve to a whole raw percent."""


@dataclass(frozen=True, slots=True)
class End:
    """A temporary setting and what is to be put back.

    Attributes:
        of: The record that set it.
        wanted: What was set for a time.
        back: What is put back, for the same knobs.
        turn: The setting's place in the order of all commands.
        at_s: When it ends, seconds since 1970.
        span_s: How long it was to last.
        proven: The setting was read back; else its write may still take effect.
        revert: The record of putting back, once it has begun.
        tries: How often that failed.
        trouble: Why.
        remedy: What a person can do about it.
        due_s: The next attempt, on the monotonic clock; not kept on disk.
        by_wall: It has survived a restart, so only the wall clock knows when it ends.
    """

    of: str
    wanted: Mapping[str, Value]
    back: Mapping[str, Value]
    turn: int
    at_s: float
    span_s: float
    proven: bool = False
    revert: Record | None = None
    tries: int = 0
    trouble: str = ""
    remedy: str = ""
    due_s: float = 0.0
    by_wall: bool = False

    def is_due_s(self, now_s: float, wall_s: float) -> float:
        """Return when it is due, on the monotonic clock.

        A span that began in this process is measured by the clock that cannot be set; one that
        began before a restart by the other, and never lasts longer than it was to last at all.
        """
        if self.by_wall and not self.tries:
            return min(self.due_s, now_s + self.at_s - wall_s)
        return self.due_s

    def awoken(self, now_s: float, wall_s: float) -> End:
        """Return it as it is after a restart."""
        left_s = min(max(0.0, self.at_s - wall_s), self.span_s)
        return replace(self, due_s=now_s + left_s, by_wall=True, tries=0)

    def without(self, knobs: Collection[str]) -> End | None:
        """Return what is left of it when some knobs are not put back, None for nothing."""
        back = {name: value for name, value in self.back.items() if name not in knobs}
        wanted = {name: self.wanted[name] for name in back}
        return replace(self, wanted=wanted, back=back) if back else None

    def may_come(self, wall_s: float) -> bool:
        """Whether the setting, which was never read back, may still take effect."""
        return not self.proven and wall_s - (self.at_s - self.span_s) < SHOWS_WITHIN_S

    def failed(self, trouble: str, remedy: str, now_s: float) -> End:
        """Return it after an attempt that did not succeed."""
        pause_s = RETRY_S[min(self.tries, len(RETRY_S) - 1)]
        return replace(
            self,
            tries=self.tries + 1,
            trouble=trouble,
            remedy=remedy,
            due_s=now_s + pause_s,
        )

    def document(self, now_s: float, wall_s: float) -> dict[str, Any]:
        """Return it as clients see it."""
        next_s = max(wall_s, wall_s + self.is_due_s(now_s, wall_s) - now_s)
        return {
            "id": self.of,
            "set": shown(self.wanted),
            "puts_back": shown(self.back),
            "until": iso(self.at_s),
            "next_attempt": iso(next_s),
            "attempts": self.tries,
            "trouble": self.trouble or None,
            "remedy": self.remedy or None,
            "revert": self.revert.id if self.revert else None,
        }


@dataclass(frozen=True, slots=True)
class Move:
    """What an end does after reading.

    Attributes:
        send: What is to be put back; nothing ends it.
        left: Knobs that somebody has changed meanwhile.
        untold: Knobs of which nothing can be said yet; they have to be read again.
    """

    send: Mapping[str, Value] = field(default_factory=dict)
    left: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """Say what is left alone."""
        if not self.left:
            return ""
        return f"{' and '.join(self.left)} was changed meanwhile and is left alone"


def begin(
    record: Record,
    before: Mapping[str, Value | None],
    ends: Collection[End],
    *,
    turn: int,
    now_s: float,
    wall_s: float,
) -> End | None:
    """Return the end of a temporary setting; None where there is nothing to put back.

    `before` is what was set before, or was about to be.
    """
    changes, span_s = record.command.changes, record.command.for_s
    originals = {name: original(name, before.get(name), ends) for name in changes}
    back = {
        name: value
        for name, value in originals.items()
        if value is not None and not KNOBS[name].same(changes[name], value)
    }
    if not back or span_s is None:
        return None
    wanted = {name: changes[name] for name in back}
    at_s = wall_s + span_s
    return End(record.id, wanted, back, turn, at_s, span_s, due_s=now_s + span_s)


def original(name: str, before: Value | None, ends: Collection[End]) -> Value | None:
    """Return what a knob was set to before the temporary setting that it has now, if it has."""
    found = before
    for end in ends:
        if before is not None and name in end.wanted and near(name, end.wanted[name], before):
            found = end.back[name]
    return found


def near(name: str, wanted: Value, found: Value) -> bool:
    """Whether a value is what was set, as a gateway may have rounded it."""
    if name != RESERVE or isinstance(wanted, str) or isinstance(found, str):
        return KNOBS[name].same(wanted, found)
    return abs(wanted - found) <= NEAR_PCT


def decide(end: End, found: Mapping[str, Value | None], wall_s: float) -> Move:
    """Say what an end does, knob by knob, after reading what is set now."""
    may_come = end.may_come(wall_s)
    fates = {name: _fate(end, name, found.get(name), may_come=may_come) for name in end.back}
    return Move(
        {name: end.back[name] for name, fate in fates.items() if fate == "send"},
        tuple(name for name, fate in fates.items() if fate == "left"),
        tuple(name for name, fate in fates.items() if fate == "untold"),
    )


def _fate(end: End, name: str, found: Value | None, *, may_come: bool) -> str:
    if found is None:
        return "untold"
    if KNOBS[name].same(end.back[name], found):
        # What is sent now takes effect after what is still to come.
        return "send" if may_come else "there"
    if near(name, end.wanted[name], found):
        return "send"
    # What somebody else has set may be overtaken by the setting, and would never end then.
    return "untold" if may_come else "left"


def revert_of(end: End, id_: str, wall_s: float) -> Record:
    """Return the record of putting back."""
    command = Command(dict(end.back), by=f"end of {end.of}", confirmed=True)
    return Record(id_, wall_s, command, reverts=end.of)
