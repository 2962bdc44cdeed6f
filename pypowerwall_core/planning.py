"""What to do with a command whose knobs have just been read, and after a restart. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from . import temporary, watching
from .commands import Outcome, Record, Value, is_as_requested
from .controller import Controller
from .errors import NotPermitted, NotServed, PowerwallError
from .ledger import ENDS_MOST, Entry, Ledger, Stage
from .temporary import End

VIA_CLOUD = "The Tesla account that is set up can change it: set PW_CONTROL_VIA=cloud,local."
WAS_SO = "was so already; nothing was sent"
NOT_BEFORE_RESTART = "the proxy was restarted before it was sent"
FORGOTTEN = "nothing was remembered of it over a restart of the proxy"


@dataclass(frozen=True, slots=True)
class Plan:
    """What comes of a command.

    Attributes:
        record: Final where nothing is to be sent.
        end: What puts the old values back, to be remembered first.
        send: Everything one write has to hold.
    """

    record: Record
    end: End | None = None
    send: Mapping[str, Value] = field(default_factory=dict)


def plan(
    ledger: Ledger,
    record: Record,
    before: Mapping[str, Value | None],
    *,
    now_s: float,
    wall_s: float,
) -> Plan:
    """Decide what comes of a command."""
    changes, for_s = record.command.changes, record.command.for_s
    record = replace(record, before=before, after=before)
    if for_s is not None and (reason := _cannot_end(ledger, record)):
        return Plan(record.becoming(Outcome.REJECTED, reason))
    coming = watching.on_their_way(ledger, record, changes.keys(), before)
    set_to = {**before, **coming}
    turn, ends = ledger.entries[record.id].turn, ledger.ends.values()
    end = temporary.begin(record, set_to, ends, turn=turn, now_s=now_s, wall_s=wall_s)
    record = replace(record, until_s=end.at_s if end else None)
    # What has been sent and does not show yet may still change it.
    is_contested = any(ledger.others(record, changes.keys()))
    if is_as_requested(changes, before) and not is_contested:
        needless = for_s is not None and end is None
        reason = f"{WAS_SO}, and there is nothing to put back" if needless else WAS_SO
        return Plan(record.becoming(Outcome.APPLIED, reason), end)
    along = watching.sent_along(ledger, record, before)
    return Plan(replace(record, after=None), end, {**along, **changes})


def _cannot_end(ledger: Ledger, record: Record) -> str:
    before = record.before or {}
    untold = [name for name in record.command.changes if before.get(name) is None]
    if untold:
        return f"what {' and '.join(untold)} is now cannot be read, so it could not be put back"
    return "too many temporary settings wait for their end" if len(ledger.ends) >= ENDS_MOST else ""


def controller_for(controllers: Iterable[Controller], knobs: Collection[str]) -> Controller | None:
    """Return the first controller that can turn all of some knobs."""
    return next((one for one in controllers if one.claims >= set(knobs)), None)


def advice(
    controllers: Iterable[Controller],
    controller: Controller | None,
    record: Record,
    error: PowerwallError,
) -> str:
    """Return what a person can do about a refusal, or "".

    Most gateways let their customers change nothing, and a Powerwall 3 does not even tell its
    settings; where an account is set up that can, it is one setting away.
    """
    knobs = record.command.changes.keys()
    others = {one.name for one in controllers if one is not controller and one.claims >= knobs}
    is_final = isinstance(error, NotPermitted | NotServed)
    return VIA_CLOUD if is_final and "cloud" in others else error.remedy


# -- after a restart ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Awoken:
    """A ledger after a restart.

    Attributes:
        final: Records that have become final by it.
    """

    ledger: Ledger
    final: tuple[Record, ...]


def awake(ledger: Ledger, logged: Mapping[str, Record], *, now_s: float, wall_s: float) -> Awoken:
    """Say what becomes of everything that was under way when the last process ended."""
    final: list[Record] = []
    entries: dict[str, Entry] = {}
    for entry in ledger.entries.values():
        record = _final(entry, logged.get(entry.id), wall_s)
        if record is None:
            entries[entry.id] = watching.awoken(entry, now_s, wall_s)
        else:
            entries[entry.id] = entry
            final.append(record)
    ends = {of: end.awoken(now_s, wall_s) for of, end in ledger.ends.items()}
    for record in logged.values():
        end = ends.get(record.reverts)
        if end is not None and end.revert is None and record.outcome is Outcome.PENDING:
            # The process ended between its line in the log and the journal.
            ends[end.of] = replace(end, revert=record)
    known = entries.keys() | {end.revert.id for end in ends.values() if end.revert}
    final += [
        replace(record.becoming(Outcome.UNKNOWN, FORGOTTEN), ended_s=wall_s)
        for record in logged.values()
        if record.outcome is Outcome.PENDING and record.id not in known
    ]
    return Awoken(replace(ledger, entries=entries, ends=ends), tuple(final))


def _final(entry: Entry, logged: Record | None, wall_s: float) -> Record | None:
    """Return what had become of a command, if it is known without reading anything back."""
    if logged is not None and logged.outcome is not Outcome.PENDING:
        # The same, for its last line.
        return replace(
            entry.record,
            outcome=logged.outcome,
            reason=logged.reason,
            remedy=logged.remedy,
            after=logged.after,
            ended_s=logged.ended_s,
        )
    if entry.stage in (Stage.QUEUED, Stage.READING):
        record = entry.record.becoming(Outcome.REJECTED, NOT_BEFORE_RESTART)
        return replace(record, ended_s=wall_s)
    return None
