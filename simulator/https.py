"""The gateway's HTTPS server: HTTP/1.1 with keep-alive, one request after the other."""

import socket
import ssl
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler
from typing import Any, Final

from simulator.desk import Desk, Request
from simulator.endpoints import is_write
from simulator.exchange import BaseExchange, Line, PlainWire
from simulator.listening import Address, Listener
from simulator.sessions import token_of
from simulator.wire import NOT_FOUND, TEXT_TYPE, Answer, head

MAX_BODY: Final = 1_000_000


@dataclass(slots=True, kw_only=True)
class Hub(Line):
    """What all connections of one gateway share."""

    desk: Desk


class HttpExchange(BaseExchange):
    """One request on one connection: what faults.Exchange promises to faults."""

    def __init__(self, handler: "Handler", hub: Hub, request: Request) -> None:
        super().__init__(PlainWire(handler), hub, request.method, request.path)
        self._hub = hub
        self._request = request

    @property
    def now_s(self) -> float:
        """The gateway's time."""
        return self._hub.desk.view().now_s

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
        request = self._request
        if is_write(self.method, self.path):
            self._hub.counters.wrote(self.method, self.path, request.body, first=request.first)
        super().run()

    def normal(self, password: str | None = None) -> Answer:
        """Make the answer that would have been given, with another password if one is named."""
        return self._hub.desk.answer(self._request, password)

    def note(self, answer: Answer) -> None:
        """Count what is a login."""
        self._hub.desk.note(self._request, answer)

    def complete(self) -> None:
        """Put what was written into effect, though nobody asked for that yet."""
        self._hub.desk.clerk.complete()

    def forget_session(self) -> None:
        """End the session this request came with."""
        self._hub.desk.sessions.forget(self._request.token)

    def forget_sessions(self) -> None:
        """End every session."""
        self._hub.desk.sessions.forget_all()


class Reader(BaseHTTPRequestHandler):
    """Reads requests from one connection, one after the other."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    asked = 0

    @property
    def now_s(self) -> float:
        """The time that answers tell."""
        raise NotImplementedError

    def exchange(self, body: bytes) -> None:
        """Answer one request."""
        raise NotImplementedError

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
        self.exchange(body)

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
        self.connection.sendall(head(answer, self.now_s) + body)

    def log_message(self, *_args: Any) -> None:
        """Say nothing: requests are counted, not printed."""


class Handler(Reader):
    """Requests for the gateway."""

    server: "Server"

    @property
    def now_s(self) -> float:
        """The gateway's time."""
        return self.server.hub.desk.view().now_s

    def exchange(self, body: bytes) -> None:
        """Answer one request."""
        request = Request(
            method=self.command,
            path=self.path.partition("?")[0],
            token=token_of(self.headers.get("cookie"), self.headers.get("authorization")),
            body=body,
            content_type=self.headers.get("content-type", ""),
            first=self.asked == 1,
        )
        HttpExchange(self, self.server.hub, request).run()


class Server(Listener):
    """The gateway's listener."""

    def __init__(self, hub: Hub, address: Address, listener: socket.socket | None = None) -> None:
        self.hub = hub
        super().__init__(hub, address, listener)

    def talk(self, connection: ssl.SSLSocket, client_address: Any) -> None:
        """Serve one connection to its end."""
        Handler(connection, client_address, self)
