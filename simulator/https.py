"""The HTTPS server: TLS in each connection's own thread, HTTP/1.1 with keep-alive.

Whatever a client does to its connection stays within that connection's thread.
"""

import socket
import socketserver
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from simulator.certificate import Certificate
from simulator.connections import Connections, Flights, cut, has_left
from simulator.counters import Counters
from simulator.desk import Desk, Request
from simulator.endpoints import is_write
from simulator.faults import Faults
from simulator.sessions import token_of
from simulator.wire import NOT_FOUND, TEXT_TYPE, Answer, head

HANDSHAKE_S: Final = 10.0
IDLE_S: Final = 120.0
MAX_BODY: Final = 1_000_000
# How soon a held request notices that its client has left.
_GLANCE_S: Final = 0.1


@dataclass(slots=True, kw_only=True)
class Hub:
    """What all connections of one simulator share."""

    desk: Desk
    faults: Faults
    counters: Counters
    flights: Flights
    certificate: Certificate
    connections: Connections = field(default_factory=Connections)
    stopping: threading.Event = field(default_factory=threading.Event)
    latency_s: float = 0.0


class HttpExchange:
    """One request on one connection: what faults.Exchange promises to faults."""

    def __init__(self, handler: "Handler", hub: Hub, request: Request) -> None:
        self._handler = handler
        self._hub = hub
        self._request = request

    @property
    def now_s(self) -> float:
        """The gateway's time."""
        return self._hub.desk.view().now_s

    @property
    def method(self) -> str:
        """The request's method."""
        return self._request.method

    @property
    def path(self) -> str:
        """The request's path."""
        return self._request.path

    @property
    def running(self) -> bool:
        """Whether the site controller runs."""
        return self._hub.desk.view().running

    @property
    def served(self) -> bool:
        """Whether this system has such a path."""
        return self._hub.desk.serves(self._request.path)

    def run(self) -> None:
        """Answer, or misbehave."""
        hub, method, path = self._hub, self._request.method, self._request.path
        if is_write(method, path):
            hub.counters.wrote(method, path, self._request.body, first=self._request.first)
        hub.flights.begin(self, path)
        try:
            if hub.latency_s > 0 and not self.hold(hub.stopping, hub.latency_s):
                raise ConnectionAbortedError
            self._wait()
            active = hub.faults.claim(method, path)
            if active is None or active.fault.misbehave is None:
                self.send(self.normal())
            else:
                active.fault.misbehave(self, active)
        finally:
            hub.flights.end(self)

    def _wait(self) -> None:
        """Be late, if a fault says so; an answer that nobody waits for is not made."""
        for active in self._hub.faults.delays(self.method, self.path):
            if active.fault.delay is not None:
                active.fault.delay(self, active)
            if self.left():
                raise ConnectionAbortedError

    def normal(self, password: str | None = None) -> Answer:
        """Make the answer that would have been given, with another password if one is named."""
        return self._hub.desk.answer(self._request, password)

    def complete(self) -> None:
        """Put what was written into effect, though nobody asked for that yet."""
        self._hub.desk.clerk.complete()

    def send(self, answer: Answer) -> None:
        """Give an answer."""
        self._hub.desk.note(self._request, answer)
        # Landed before it is seen: a client may ask again the moment it reads this.
        self._hub.flights.end(self)
        self.send_raw(head(answer, self.now_s) + answer.body)

    def send_raw(self, data: bytes) -> None:
        """Put bytes on the connection."""
        self._handler.connection.sendall(data)

    def hang_up(self) -> None:
        """Close the connection after this."""
        self._handler.close_connection = True

    def reset(self) -> None:
        """Reset the connection after this: what was not read yet may be lost."""
        cut(self._handler.connection)
        self.hang_up()

    def left(self) -> bool:
        """Say whether the client is gone."""
        return has_left(self._handler.connection)

    def hold(self, ended: threading.Event, seconds: float | None = None) -> bool:
        """Wait for seconds, or for ever; false once the fault has ended or the client left."""
        if hold(self._handler.connection, ended, seconds):
            return True
        if self.left():
            self.hang_up()
        return False

    def forget_session(self) -> None:
        """End the session this request came with."""
        self._hub.desk.sessions.forget(self._request.token)

    def forget_sessions(self) -> None:
        """End every session."""
        self._hub.desk.sessions.forget_all()


def hold(connection: socket.socket, ended: threading.Event, seconds: float | None = None) -> bool:
    """Wait for seconds, or for ever; false once it has ended or the other side left."""
    until = None if seconds is None else time.monotonic() + seconds
    while not has_left(connection):
        left_s = _GLANCE_S if until is None else until - time.monotonic()
        if left_s <= 0:
            return True
        if ended.wait(min(left_s, _GLANCE_S)):
            return False
    return False


class Greeter:
    """A connection before its handshake: what faults.Greeting promises to faults."""

    def __init__(self, hub: Hub, connection: socket.socket) -> None:
        self._hub = hub
        self._connection = connection
        self.context = hub.certificate.context

    def meet(self) -> None:
        """Let a fault at the connection, and give up one whose client has left."""
        active = self._hub.faults.claim_greeting()
        if active is None or active.fault.greet is None:
            return
        with self._hub.connections.holding(self._connection):
            active.fault.greet(self, active)
        if has_left(self._connection):
            raise ConnectionAbortedError

    def hold(self, ended: threading.Event) -> None:
        """Wait until the fault has ended or the client left."""
        hold(self._connection, ended)

    def refuse_every_name(self) -> None:
        """Abort the handshake whatever name the client asks for."""
        self.context = self._hub.certificate.refusing


class Handler(BaseHTTPRequestHandler):
    """Reads requests from one connection, one after the other."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    asked = 0
    server: "Server"

    def do_GET(self) -> None:
        """Answer a GET."""
        self._exchange()

    def do_POST(self) -> None:
        """Answer a POST."""
        self._exchange()

    def _exchange(self) -> None:
        self.asked += 1
        body = self._body()
        if body is None:
            self.send_error(400)
            return
        authorization = self.headers.get("authorization")
        request = Request(
            method=self.command,
            path=self.path.partition("?")[0],
            token=token_of(self.headers.get("cookie"), authorization),
            body=body,
            content_type=self.headers.get("content-type", ""),
            first=self.asked == 1,
        )
        HttpExchange(self, self.server.hub, request).run()

    def _body(self) -> bytes | None:
        """Read the body; None when its length is not said, or too much."""
        length = self.headers.get("content-length", "0")
        chunked = "transfer-encoding" in self.headers
        if chunked or not length.isdigit() or int(length) > MAX_BODY:
            return None
        return self.rfile.read(int(length))

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what is not a request for anything, without http.server's page and name."""
        del message, explain
        self.close_connection = True
        # A method nobody serves is a path nobody serves.
        unknown = code == 501  # noqa: PLR2004 - what http.server calls an unknown method
        answer = NOT_FOUND if unknown else Answer(code, b"Bad Request", TEXT_TYPE)
        answer = replace(answer, headers=(("connection", "close"),))
        body = b"" if self.command == "HEAD" else answer.body
        self.connection.sendall(head(answer, self.server.hub.desk.view().now_s) + body)

    def log_message(self, *_args: Any) -> None:
        """Say nothing: requests are counted, not printed."""


class Server(ThreadingHTTPServer):
    """Listens, and gives every connection a thread that begins with the handshake."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(
        self, hub: Hub, address: tuple[str, int], listener: socket.socket | None = None
    ) -> None:
        self.hub = hub
        # Another process may hold the same socket: shutting it would end theirs.
        self._borrowed = listener is not None
        super().__init__(address, Handler, bind_and_activate=False)
        if listener is not None:
            self.socket.close()
            self.socket = listener
            self.server_address = listener.getsockname()
            return
        try:
            self.server_bind()
            self.server_activate()
        except OSError:
            self.server_close()
            raise

    def server_bind(self) -> None:
        """Bind without asking the resolver for our own name, as HTTPServer does."""
        socketserver.TCPServer.server_bind(self)

    def end(self) -> None:
        """Stop listening; the loop is woken where the socket is ours to shut."""
        if not self._borrowed:
            with suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)
        self.shutdown()
        self.server_close()

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands, then serve; runs in the connection's own thread."""
        hub = self.hub
        hub.counters.connected()
        greeter = Greeter(hub, request)
        greeter.meet()
        request.settimeout(HANDSHAKE_S)
        with (
            greeter.context.wrap_socket(
                request, server_side=True, do_handshake_on_connect=False
            ) as connection,
            hub.connections.holding(connection),
        ):
            connection.do_handshake()
            connection.settimeout(IDLE_S)
            Handler(connection, client_address, self)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet about clients that leave or shake hands badly; our own bugs are shown."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)
