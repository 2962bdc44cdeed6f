"""The ledger on disk: written ahead of what it tells of, whole, for nobody else to read."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from .commands import LONGEST_S
from .ledger import ENDS_MOST, KEYS_MOST, Entry, Keyed, Ledger, Stage
from .statefile import StateFile
from .stored import (
    TIME_MOST_S,
    name_of,
    number_of,
    record_json,
    record_of,
    row_of,
    text_of,
    time_of,
    values_of,
)
from .temporary import End

ENTRIES_MOST = 256
TURNS_MOST = 1e15
ASIDE = ".broken"
_log = logging.getLogger(__name__)
_Row = TypeVar("_Row")


class Journal:
    """One file, or none (path None: nothing survives a restart)."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._file = StateFile(
            path,
            what="command journal",
            otherwise="temporary settings are refused, and a restart forgets what was sent",
        )
        self._document: Any = None
        self._stored: Ledger | None = None
        self._saving = threading.Lock()

    def load(self) -> Ledger:
        """Return what is stored. What cannot be read is kept aside, the rest is used."""
        document = self._file.load()
        if document is None:
            self._keep_aside()
            # No file says the same as an empty one.
            self._document = ledger_json(Ledger())
            return Ledger()
        broken: list[str] = []
        ledger = ledger_of(document, broken.append)
        if broken:
            _log.warning("command journal %s: left out: %s", self.path, "; ".join(broken[:3]))
            self._keep_aside()
        else:
            self._document = ledger_json(ledger)
        return ledger

    def save(self, ledger: Callable[[], Ledger]) -> bool:
        """Store what `ledger` returns; True once it is on disk, whatever happens next.

        It is called when its turn has come, so that nothing older is ever stored last.
        """
        if self.path is None:
            return False
        with self._saving:
            newest = ledger()
            if newest is self._stored:
                return True
            document = ledger_json(newest)
            if document != self._document:
                is_stored = self._file.save(document)
                self._document = document if is_stored else None
                if is_stored:
                    _flush_folder(self.path.parent)
            self._stored = newest if self._document else None
            return self._stored is not None

    def _keep_aside(self) -> None:
        if self.path is not None:
            with contextlib.suppress(OSError):
                self.path.replace(self.path.with_name(self.path.name + ASIDE))


def _flush_folder(folder: Path) -> None:
    """Without it, a power cut may bring back the file that was replaced."""
    # Some file systems know no such thing, and some folders may be written but not read.
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


# -- as JSON --------------------------------------------------------------------------------


def ledger_json(ledger: Ledger) -> dict[str, Any]:
    """Return a ledger as it is stored. Pure."""
    return {
        "commands": [_entry_json(entry) for entry in ledger.entries.values()],
        "ends": [_end_json(end) for end in ledger.ends.values()],
        "keys": {
            key: {"asks": row.asks, "record": record_json(row.record)}
            for key, row in ledger.keys.items()
        },
        "turns": ledger.turns,
    }


def ledger_of(document: Any, left_out: Callable[[str], None]) -> Ledger:
    """Read a ledger, and tell of every row that is none. Pure."""
    if not isinstance(document, Mapping):
        left_out("it is no journal")
        return Ledger()
    keys = document.get("keys")
    pairs = list(keys.items()) if isinstance(keys, Mapping) else None
    entries = list(_rows(_entry_of, document.get("commands"), left_out))[:ENTRIES_MOST]
    ends = list(_rows(_end_of, document.get("ends"), left_out))[:ENDS_MOST]
    turns = list(_rows(_turn_of, [document.get("turns")], left_out))
    turns += [entry.turn for entry in entries] + [end.turn for end in ends]
    return Ledger(
        {entry.id: entry for entry in entries},
        {end.of: end for end in ends},
        dict(list(_rows(_keyed_of, pairs, left_out))[:KEYS_MOST]),
        max(turns, default=0),
    )


def _rows(
    read: Callable[[Any], _Row], rows: Any, left_out: Callable[[str], None]
) -> Iterator[_Row]:
    if not isinstance(rows, list):
        left_out("a list is missing")
        return
    for row in rows:
        try:
            yield read(row)
        except (ValueError, OverflowError) as error:
            left_out(str(error))


def _turn_of(value: Any) -> int:
    return int(number_of(value, TURNS_MOST) or 0)


def _entry_json(entry: Entry) -> dict[str, Any]:
    return {
        "stage": entry.stage.value,
        "turn": entry.turn,
        "sent_at_s": entry.sent_at_s,
        "lost": entry.lost,
        "overtakes": entry.overtakes,
        "note": entry.note,
        "record": record_json(entry.record),
    }


def _entry_of(document: Any) -> Entry:
    row = row_of(document)
    return Entry(
        record_of(row.get("record")),
        Stage(row.get("stage")),
        _turn_of(row.get("turn")),
        sent_at_s=number_of(row.get("sent_at_s"), TIME_MOST_S),
        lost=text_of(row.get("lost")),
        overtakes=row.get("overtakes") is True,
        note=text_of(row.get("note")),
    )


def _end_json(end: End) -> dict[str, Any]:
    return {
        "of": end.of,
        "wanted": dict(end.wanted),
        "back": dict(end.back),
        "turn": end.turn,
        "at_s": end.at_s,
        "span_s": end.span_s,
        "proven": end.proven,
        "revert": record_json(end.revert) if end.revert else None,
    }


def _end_of(document: Any) -> End:
    row = row_of(document)
    wanted, back = values_of(row.get("wanted")), values_of(row.get("back"))
    if wanted.keys() != back.keys():
        raise ValueError("what is put back is not what was set")
    revert = row.get("revert")
    return End(
        name_of(row.get("of")),
        wanted,
        back,
        _turn_of(row.get("turn")),
        time_of(row.get("at_s")),
        number_of(row.get("span_s"), LONGEST_S) or 0.0,
        proven=row.get("proven") is True,
        revert=record_of(revert) if revert is not None else None,
    )


def _keyed_of(pair: tuple[Any, Any]) -> tuple[str, Keyed]:
    key, row = pair[0], row_of(pair[1])
    return name_of(key), Keyed(text_of(row.get("asks")), record_of(row.get("record")))
