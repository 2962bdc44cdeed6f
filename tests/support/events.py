"""Clients of the live stream: frames out of bytes, and rows out of frames."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterable, Iterator
from typing import Any, Self

FRAME = re.compile(rb"event: (\w+)\nid: (\S+)\ndata: (.*)")
DETAILS = {"site", "value", "unit", "kind", "state", "age_s", "source", "time", "detail"}
LASTING = ("value", "state", "source")
Rows = dict[tuple[str, ...], Any]


def key_of(row: Any) -> tuple[str, ...]:
    """What a client that knows no catalog takes for the key: all that is no detail, in order."""
    return tuple(text for name, text in row.items() if name not in DETAILS)


def lasting(rows: Iterable[Any]) -> Rows:
    """What has to agree wherever rows came from: all but ages."""
    return {key_of(row): tuple(row[name] for name in LASTING) for row in rows}


class House:
    """What a client knows by the frames it has read."""

    def __init__(self) -> None:
        self.rows: Rows = {}
        self.last_id = ""
        self.events: list[tuple[str, Any]] = []
        self.others: list[bytes] = []

    def read(self, block: bytes) -> None:
        """Apply one frame, without the empty line after it."""
        found = FRAME.fullmatch(block)
        if found is None:
            self.others.append(block)
            return
        event, self.last_id, data = found[1].decode(), found[2].decode(), json.loads(found[3])
        self.events.append((event, data))
        if event == "state":
            self.rows = {}
        self.rows |= {key_of(row): row for row in data["rows"]}
        for key in data.get("gone", ()):
            self.rows.pop(tuple(key), None)

    @property
    def names(self) -> list[str]:
        return [event for event, _ in self.events]

    @property
    def known(self) -> Rows:
        return lasting(self.rows.values())


class Listener(House):
    """A client of a real server."""

    def __init__(self, connection: socket.socket, path: str = "/events", last_id: str = "") -> None:
        super().__init__()
        self.connection = connection
        self._file = connection.makefile("rb")
        again = f"Last-Event-ID: {last_id}\r\n" if last_id else ""
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: test\r\n{again}\r\n".encode())
        self.head = b"".join(iter(self._file.readline, b"\r\n"))
        self.status = int(self.head.split()[1])
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self.connection.close()

    def until(self, count: int) -> Self:
        """Read until so many events have come."""
        while len(self.events) < count:
            assert self.read_more(), "ended before"
        return self

    def read_more(self) -> bool:
        """Read one chunk; False where the stream has ended as it should."""
        size = int(self._file.readline(), 16)
        chunk = self._file.read(size + 2)
        blocks = (self._rest + chunk[:-2]).split(b"\n\n")
        self._rest = blocks.pop()
        for block in blocks:
            self.read(block)
        return size > 0


def blocks(data: bytes) -> Iterator[bytes]:
    """Split what was sent into frames; all of them are whole."""
    *whole, rest = data.split(b"\n\n")
    assert rest == b""
    yield from whole
