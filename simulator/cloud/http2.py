"""HTTP/2: many requests at once on one connection, each in a thread of its own.

OpenSSL takes one thread at a time: reading, writing and the state of the protocol
are under one lock, and nobody waits for the network while he holds it for long.
"""

import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, RequestReceived, StreamEnded, StreamReset
from h2.exceptions import H2Error

from simulator.cloud.call import HTTP_2, Call
from simulator.cloud.exchange import CloudExchange, CloudHub
from simulator.connections import cut, has_left
from simulator.https import MAX_BODY
from simulator.listening import IDLE_S
from simulator.wire import Answer, head

_CHUNK: Final = 65_536
# How soon the reader notices that a stream has ended the connection.
_GLANCE_S: Final = 0.02
_METHODS: Final = ("GET", "POST")
_HOP_BY_HOP: Final = frozenset({"connection", "keep-alive", "transfer-encoding", "upgrade"})


@dataclass(slots=True)
class _Incoming:
    """A request as far as it has arrived."""

    headers: dict[str, str]
    body: bytearray = field(default_factory=bytearray)


def _headers(pairs: Iterable[tuple[str | bytes, str | bytes]]) -> dict[str, str]:
    """Read headers, which the library has decoded; of several of one name, the last."""
    return {str(name): str(value) for name, value in pairs}


def response_head(data: bytes) -> tuple[list[tuple[str, str]], int]:
    """Read a status line and headers as HTTP/2 says them, and how much body they promise."""
    first, *lines = data.decode("latin-1").split("\r\n")
    pairs = [line.partition(": ")[::2] for line in lines]
    headers = [(name, value) for name, value in pairs if name not in _HOP_BY_HOP]
    promised = int(dict(headers).get("content-length", "0"))
    return [(":status", first.split()[1]), *headers], promised


class StreamWire:
    """The way back to the client of one stream; an HTTP/1.1 answer is retold in frames."""

    def __init__(self, owner: "Http2", stream_id: int) -> None:
        self._owner = owner
        self._stream_id = stream_id
        self._head = b""
        # How much of the body is still to come; None before the headers are said.
        self._missing: int | None = None
        self._last = False
        self.cancelled = False

    def send_raw(self, data: bytes) -> None:
        """Put the bytes of an HTTP/1.1 answer on it; a head that is not whole is not said."""
        if self._missing is None:
            self._head += data
            text, end, data = self._head.partition(b"\r\n\r\n")
            if not end:
                return
            headers, self._missing = response_head(text)
            self._owner.say_head(self._stream_id, headers, last=self._missing == 0)
        while data and self._missing:
            sent = self._owner.say_body(self._stream_id, data, self._missing)
            data, self._missing = data[sent:], self._missing - sent

    def finish(self) -> None:
        """End the stream, and the connection where that was asked for."""
        if self._missing != 0 and not self.cancelled:
            self._owner.give_up(self._stream_id)
        if self._last:
            self._owner.close()

    def hang_up(self) -> None:
        """Say goodbye after this; other streams are cut off."""
        # Who takes one stream back has not left.
        self._last = self._last or not self.cancelled

    def reset(self) -> None:
        """Reset the connection after this."""
        self._owner.cut()
        self._last = True

    def left(self) -> bool:
        """Say whether the client is gone, or wants this answer no more."""
        return self.cancelled or self._owner.left()


class Http2:
    """One connection."""

    def __init__(self, connection: ssl.SSLSocket, hub: CloudHub, wall: Callable[[], float]) -> None:
        self._connection = connection
        self._hub = hub
        self._wall = wall
        self._h2 = H2Connection(
            H2Configuration(client_side=False, header_encoding="latin-1", logger=None)
        )
        self._changed = threading.Condition()
        self._over = False
        self._cut = False
        self._incoming: dict[int, _Incoming] = {}
        self._wires: dict[int, StreamWire] = {}

    def serve(self) -> None:
        """Read until one side has had enough."""
        self._connection.settimeout(0.0)
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            with self._changed:
                self._h2.initiate_connection()
                self._flush()
            while data := self._receive():
                self._take(data)
        finally:
            with self._changed:
                self._over = True
                self._changed.notify_all()

    def left(self) -> bool:
        """Say whether the client is gone."""
        return self._over or has_left(self._connection)

    def cut(self) -> None:
        """Let the connection end with a reset, without a word."""
        self._cut = True
        cut(self._connection)

    def close(self) -> None:
        """Say goodbye, and end the connection."""
        with self._changed:
            if not self._over and not self._cut:
                self._h2.close_connection()
                self._flush()
            self._over = True
            self._changed.notify_all()

    def say_head(self, stream_id: int, headers: list[tuple[str, str]], *, last: bool) -> None:
        """Say the headers of an answer."""
        with self._changed:
            self._check()
            self._speak(lambda: self._h2.send_headers(stream_id, headers, end_stream=last))

    def say_body(self, stream_id: int, data: bytes, missing: int) -> int:
        """Say as much of a body as the client has room for; how much that was."""
        until = time.monotonic() + IDLE_S
        with self._changed:
            while True:
                self._check()
                room = self._room(stream_id)
                if room > 0:
                    break
                if not self._changed.wait(until - time.monotonic()):
                    raise TimeoutError
            part = data[:room]
            last = len(part) >= missing
            self._speak(lambda: self._h2.send_data(stream_id, part, end_stream=last))
            return len(part)

    def give_up(self, stream_id: int) -> None:
        """End a stream whose answer is not whole."""
        with self._changed:
            if not self._over and not self._cut:
                self._speak(lambda: self._h2.reset_stream(stream_id, ErrorCodes.INTERNAL_ERROR))

    def _room(self, stream_id: int) -> int:
        try:
            window = self._h2.local_flow_control_window(stream_id)
        except H2Error as error:
            raise ConnectionAbortedError from error
        return min(window, self._h2.max_outbound_frame_size)

    def _speak(self, say: Callable[[], None]) -> None:
        try:
            say()
        except H2Error as error:
            # The client has taken the stream back.
            raise ConnectionAbortedError from error
        self._flush()

    def _check(self) -> None:
        if self._over:
            raise ConnectionAbortedError

    def _flush(self) -> None:
        """Send what the protocol has to say; the lock is held."""
        data = memoryview(self._h2.data_to_send())
        while data:
            try:
                data = data[self._connection.send(data) :]
            except ssl.SSLWantWriteError:
                if not _ready(self._connection, select.POLLOUT, IDLE_S):
                    raise TimeoutError from None

    def _receive(self) -> bytes:
        """Wait for bytes; none at the end."""
        until = time.monotonic() + IDLE_S
        # Who waits for an answer is not idle.
        while self._wires or time.monotonic() < until:
            with self._changed:
                if self._over:
                    return b""
                try:
                    return self._connection.recv(_CHUNK)
                except ssl.SSLWantReadError:
                    pass
            _ready(self._connection, select.POLLIN, _GLANCE_S)
        return b""

    def _take(self, data: bytes) -> None:
        with self._changed:
            try:
                for event in self._h2.receive_data(data):
                    self._note(event)
            except H2Error:
                # What it has to say of that is already written.
                self._over = True
            self._flush()
            self._changed.notify_all()

    def _note(self, event: Any) -> None:
        match event:
            case RequestReceived():
                self._incoming[event.stream_id] = _Incoming(_headers(event.headers))
            case DataReceived():
                self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                self._add(event.stream_id, event.data)
            case StreamEnded():
                self._begin(event.stream_id)
            case StreamReset():
                self._incoming.pop(event.stream_id, None)
                if event.stream_id in self._wires:
                    self._wires[event.stream_id].cancelled = True

    def _add(self, stream_id: int, data: bytes) -> None:
        incoming = self._incoming.get(stream_id)
        if incoming is None:
            return
        incoming.body += data
        if len(incoming.body) > MAX_BODY:
            del self._incoming[stream_id]
            self._h2.reset_stream(stream_id, ErrorCodes.ENHANCE_YOUR_CALM)

    def _begin(self, stream_id: int) -> None:
        incoming = self._incoming.pop(stream_id, None)
        if incoming is None:
            return
        wire = self._wires[stream_id] = StreamWire(self, stream_id)
        call = Call(
            method=incoming.headers.get(":method", ""),
            target=incoming.headers.get(":path", ""),
            headers=incoming.headers,
            body=bytes(incoming.body),
            http=HTTP_2,
            tls=self._connection.version() or "",
            first=stream_id == 1,
        )
        threading.Thread(
            target=self._answer,
            args=(call, wire, stream_id),
            name=f"simulator-stream-{stream_id}",
            daemon=True,
        ).start()

    def _answer(self, call: Call, wire: StreamWire, stream_id: int) -> None:
        try:
            if call.method in _METHODS:
                CloudExchange(wire, self._hub, call, self._wall()).run()
            else:
                wire.send_raw(head(Answer(404), self._wall()))
        except OSError:
            pass  # the client has left, and nobody waits for this
        finally:
            self._end(wire, stream_id)

    def _end(self, wire: StreamWire, stream_id: int) -> None:
        try:
            wire.finish()
        except OSError:
            pass  # as above
        finally:
            with self._changed:
                self._wires.pop(stream_id, None)


def _ready(connection: socket.socket, event: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(connection, event)
    return bool(poll.poll(seconds * 1000))
