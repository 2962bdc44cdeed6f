"""What has changed between two looks, and since any of them. Pure.

No list of changes is kept: each row remembers in which change it became what it is. So a reader
that was away for a night is told each row once, and memory is that of one state.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]
Key = tuple[str, ...]
GONE_MOST = 256
"""So many rows that are no more are remembered; who missed more of them is told all anew."""
_COMPARED = ("value", "state", "source")
_AGO = re.compile(r"\d+ s ago")
"""A detail tells the age of a doubt, and age alone is no change."""


@dataclass(frozen=True, slots=True)
class Change:
    """Rows that are new or other than before, and the keys of those that are no more.

    Attributes:
        n: Which change it is, or up to which one it goes.
    """

    n: int
    rows: tuple[Row, ...]
    gone: tuple[Key, ...]


class Differ:
    """The rows of the last look, and since when each of them is as it is.

    Attributes:
        n: The number of the last change.
    """

    def __init__(self, key_of: Callable[[Row], Key]) -> None:
        self.n = 0
        self._key_of = key_of
        self._rows: dict[Key, Row] = {}
        self._since: dict[Key, int] = {}
        self._gone: dict[Key, int] = {}
        self._first = 0

    @property
    def rows(self) -> tuple[Row, ...]:
        """All rows of the last look."""
        return tuple(self._rows.values())

    def saw(self, rows: Iterable[Row]) -> Change | None:
        """Take in all rows there are now; return what has changed, None for nothing."""
        now = {self._key_of(row): row for row in rows}
        before, self._rows = self._rows, now
        changed = [key for key, row in now.items() if not _alike(before.get(key), row)]
        gone = [key for key in before if key not in now]
        if not changed and not gone:
            return None
        self.n += 1
        for key in changed:
            self._since[key] = self.n
            self._gone.pop(key, None)
        for key in gone:
            del self._since[key]
            self._gone[key] = self.n
        self._forget()
        return Change(self.n, tuple(now[key] for key in changed), tuple(gone))

    def since(self, n: int) -> Change | None:
        """Return all that has changed after a change as one; None where that is not known."""
        if not self._first <= n <= self.n:
            return None
        rows = tuple(row for key, row in self._rows.items() if self._since[key] > n)
        return Change(self.n, rows, tuple(key for key, at in self._gone.items() if at > n))

    def _forget(self) -> None:
        """Bound what is remembered of rows that are no more, the oldest first."""
        while len(self._gone) > GONE_MOST:
            self._first = self._gone.pop(next(iter(self._gone)))


def _alike(before: Row | None, now: Row) -> bool:
    return (
        before is not None
        and all(before.get(name) == now.get(name) for name in _COMPARED)
        and _lasting(before) == _lasting(now)
    )


def _lasting(row: Row) -> str:
    return _AGO.sub("", row.get("detail") or "")
