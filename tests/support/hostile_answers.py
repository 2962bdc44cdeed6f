"""The other half of hostile.py: hold a conversation, read the answers strictly, judge them."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from proxy.routes import PAGES

from .hostile import Conversation

QUIET_S = 0.05
"""So long nothing comes: the server waits for more, and gets to hear that there is none."""
ENDS_WITHIN_S = 10.0
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) [ -~]*\r\n")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ([ -~]*)\r\n")
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
TELLING = (b"Traceback", b'File "', b"site-packages", b".py", b"Error: ", b"Exception")
"""Words of a program about itself."""
_RESETS = struct.pack("ii", 1, 0)


PARSERS = ("as installed", "h11")
"""httptools with uvloop where wheels exist; h11 with asyncio on armv7."""


def parser(folder: Path, name: str) -> dict[str, str]:
    """Settings of a proxy that has one of the parsers, whatever is installed here."""
    if name != "h11":
        return {}
    folder.mkdir(exist_ok=True)
    for absent in ("httptools", "uvloop"):
        (folder / f"{absent}.py").write_text("raise ImportError\n")
    return {"PYTHONPATH": str(folder)}


class Unclean(AssertionError):
    """What came back is not what a client may be given."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[bytes, bytes]
    body: bytes


@dataclass(frozen=True, slots=True)
class Heard:
    """What came back, and whether the server cut it off because it was sent more."""

    data: bytes
    reset: bool


def exchange(port: int, held: Conversation) -> Heard:
    """Send a conversation and read until the server closes; who leaves hears nothing."""
    with socket.create_connection(("127.0.0.1", port), timeout=ENDS_WITHIN_S) as connection:
        with contextlib.suppress(ConnectionError):  # it may close before it has read all
            connection.sendall(held.data)
        if held.leaves == "leaves":
            return Heard(b"", reset=True)
        if held.leaves == "resets":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESETS)
            return Heard(b"", reset=True)
        if held.leaves == "half-closes":
            _end(connection)
        return _read(connection, ENDS_WITHIN_S if held.sound else QUIET_S)


def _read(connection: socket.socket, patience_s: float) -> Heard:
    """Read to the end; after a silence say that nothing more will be asked."""
    connection.settimeout(patience_s)
    data, said = bytearray(), False
    while True:
        try:
            more = connection.recv(65536)
        except TimeoutError:
            if said:
                raise Unclean("the connection is never closed") from None
            said = True
            _end(connection)
            continue
        except ConnectionError:
            return Heard(bytes(data), reset=True)
        if not more:
            return Heard(bytes(data), reset=False)
        data += more


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
    connection.settimeout(ENDS_WITHIN_S)


def _telling(data: bytes) -> bytes | None:
    return next((word for word in TELLING if word in data), None)


def _without_files(data: bytes) -> bytes:
    """Leave out what the page is made of: it has words of its own (`.pylon`)."""
    for file in _files():
        data = data.replace(file, b"")
    return data


@cache
def _files() -> tuple[bytes, ...]:
    folder = resources.files("proxy").joinpath("web")
    return tuple(folder.joinpath(page.file).read_bytes() for page in PAGES if not page.view)


def judge(held: Conversation, heard: Heard) -> int:
    """Return how many answers came.

    Raises:
        Unclean: They are not well formed, not the right ones, too many, or tell too much.
    """
    if word := _telling(heard.data) and _telling(_without_files(heard.data)):
        raise Unclean(f"an answer says {word!r}: {heard.data[-500:]!r}")
    answers = list(_answers(held, heard))
    for place, answer in enumerate(answers):
        # Beyond the first broken request who can say which one an answer is for?
        last = place + 1 if place < held.sure else len(held.asked)
        # ... and garbage behind good requests may be refused before they are answered.
        refused = answer.status in {400, 431} and answer is answers[-1] and not held.sound
        if not refused and not any(one.may(answer.status) for one in held.asked[place:last]):
            raise Unclean(f"{answer.status} for {held.asked[place].data[:200]!r}")
        _documented(answer)
    if held.sound and len(answers) != len(held.asked):
        raise Unclean(f"{len(answers)} answers to {len(held.asked)} sound requests")
    return len(answers)


def _answers(held: Conversation, heard: Heard) -> Iterator[Answer]:
    """Take the answers apart, one for each request at most."""
    left, expects = heard.data, b"100-continue" in held.data
    for place, asked in enumerate(held.asked):
        while expects and left.startswith(_CONTINUE):
            left = left.removeprefix(_CONTINUE)
        if not left:
            return
        try:
            answer, left = _first(left, asked.method if place < held.sure else None)
        except Unclean:
            if heard.reset:
                return  # the end was lost on the way
            raise
        yield answer
    if left:
        raise Unclean(f"more answers than requests: {left[:200]!r}")


def _first(data: bytes, method: str | None) -> tuple[Answer, bytes]:
    line = _STATUS.match(data)
    if line is None:
        raise Unclean(f"no status line: {data[:200]!r}")
    status, place, headers = int(line[1]), line.end(), {}
    while (header := _HEADER.match(data, place)) is not None:
        name, place = header[1].lower(), header.end()
        if name in headers:
            raise Unclean(f"{name!r} twice: {data[:500]!r}")
        headers[name] = header[2]
    if not data.startswith(b"\r\n", place):
        raise Unclean(f"no end of the headers: {data[:500]!r}")
    rest = data[place + 2 :]
    size = 0 if _has_no_body(status, method, rest) else _size(headers, rest)
    if headers.get(b"connection") == b"close" and rest[size:]:
        raise Unclean(f"something after the last answer: {rest[size:][:200]!r}")
    return Answer(status, headers, rest[:size]), rest[size:]


def _has_no_body(status: int, method: str | None, rest: bytes) -> bool:
    """Whether the head is all (RFC 9112, 6.3)."""
    if status == 304:
        return True
    if method is None or status in {400, 431}:  # only the server knows if it took it for a HEAD
        return not rest or rest.startswith(b"HTTP/1.1 ")
    return method == "HEAD"


def _size(headers: dict[bytes, bytes], rest: bytes) -> int:
    """How long the body is; nothing of ours comes in chunks."""
    if b"content-length" not in headers or b"transfer-encoding" in headers:
        raise Unclean(f"a body without a length: {headers}")
    size = int(headers[b"content-length"])
    if len(rest) < size:
        raise Unclean(f"a body of {len(rest)} bytes instead of {size}")
    return size


def _documented(answer: Answer) -> None:
    """JSON that says so is JSON."""
    if answer.body and answer.headers.get(b"content-type") == b"application/json":
        json.loads(answer.body)
