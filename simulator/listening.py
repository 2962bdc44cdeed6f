"""The listener: a thread for every connection, TLS in each, and a door that faults can shut.

Whatever a client does to its connection stays within that connection's thread.
"""

import socket
import socketserver
import ssl
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from simulator.certificate import Certificate
from simulator.connections import FullQueue, has_left
from simulator.exchange import Line, hold
from simulator.fault import ActiveFault, Door

HANDSHAKE_S: Final = 10.0
IDLE_S: Final = 120.0
# Stopping the accept loop of a borrowed socket takes one turn of it.
_TURN_S: Final = 0.1

Address = tuple[str, int]


class Greeter:
    """A connection before its handshake: what faults.Greeting promises to faults."""

    def __init__(self, line: Line, connection: socket.socket) -> None:
        self._line = line
        self._connection = connection
        self.context = line.certificate.context

    def meet(self) -> None:
        """Let a fault at the connection, and give up one whose client has left."""
        active = self._line.faults.claim_greeting()
        if active is None or active.fault.greet is None:
            return
        with self._line.connections.holding(self._connection):
            active.fault.greet(self, active)
        if self.left():
            raise ConnectionAbortedError

    def left(self) -> bool:
        """Say whether the client is gone."""
        return has_left(self._connection)

    def hold(self, ended: threading.Event) -> None:
        """Wait until the fault has ended or the client left."""
        hold(self, ended)

    def refuse_every_name(self) -> None:
        """Abort the handshake whatever name the client asks for."""
        self.context = self._line.certificate.refusing


class Listener(ThreadingHTTPServer):
    """Listens, and gives every connection a thread that begins with the handshake."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, line: Line, address: Address, listener: socket.socket | None = None) -> None:
        self.line = line
        # Another process may hold the same socket: shutting it would end theirs.
        self._borrowed = listener is not None
        super().__init__(address, BaseHTTPRequestHandler, bind_and_activate=False)
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

    def talk(self, connection: ssl.SSLSocket, client_address: Any) -> None:
        """Serve one connection to its end."""
        raise NotImplementedError

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
        line = self.line
        line.counters.connected()
        greeter = Greeter(line, request)
        greeter.meet()
        request.settimeout(HANDSHAKE_S)
        with (
            greeter.context.wrap_socket(
                request, server_side=True, do_handshake_on_connect=False
            ) as connection,
            line.connections.holding(connection),
        ):
            connection.do_handshake()
            connection.settimeout(IDLE_S)
            self.talk(connection, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet about clients that leave or shake hands badly; our own bugs are shown."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class Doorway:
    """A port: listened at or not, and as whom, as the faults say."""

    def __init__(
        self,
        line: Line,
        bound: Address,
        *,
        serve: Callable[[Address, socket.socket | None], Listener],
        renew: Callable[[], Certificate],
        listener: socket.socket | None = None,
    ) -> None:
        self.bound: Address = listener.getsockname()[:2] if listener else bound
        self._line = line
        self._serve = serve
        self._renew = renew
        self._listener = listener
        self._certificate = line.certificate
        self._changed_by: ActiveFault | None = None
        self._lock = threading.RLock()
        self._server: Listener | None = None
        self._queue: FullQueue | None = None
        self._running = False

    def open(self) -> None:
        """Listen; connections are taken when this returns."""
        with self._lock:
            self._running = True
            self._line.stopping.clear()
            self.follow()

    def close(self) -> None:
        """Close everything, connections that a fault holds included; twice is fine."""
        with self._lock:
            self._running = False
            self._line.stopping.set()
            self.follow()
            if self._listener is not None:
                self._listener.close()

    def follow(self) -> None:
        """Listen, or not, and as whom, as the faults now say."""
        with self._lock:
            self._certify(self._line.faults.certificate())
            door = self._line.faults.door() if self._running else Door.CLOSED
            if door is not Door.OPEN and self._server is not None:
                self._deafen(self._server)
            if door is not Door.FULL and self._queue is not None:
                self._queue.close()
                self._queue = None
            if door is Door.OPEN and self._server is None:
                self._listen()
            if door is Door.FULL and self._queue is None:
                self._queue = self._fill()

    def _certify(self, changed_by: ActiveFault | None) -> None:
        """Be somebody else while a fault changed the certificate, each time anew."""
        if changed_by is not self._changed_by:
            self._changed_by = changed_by
            self._line.certificate = self._certificate if changed_by is None else self._renew()

    def _fill(self) -> FullQueue:
        """Take the port without accepting; one that nobody held yet is chosen here."""
        if self._listener is not None or self.bound[1] == 0:
            self._listen()
            if self._server is not None:
                self._deafen(self._server)
        return FullQueue(self.bound)

    def _listen(self) -> None:
        server = self._serve(self.bound, self._listener)
        self._listener = None
        host, port = server.socket.getsockname()[:2]
        self.bound = (host, port)
        self._server = server
        self._line.connections.open()
        threading.Thread(
            target=server.serve_forever,
            kwargs={"poll_interval": _TURN_S},
            name=f"simulator-{port}",
            daemon=True,
        ).start()

    def _deafen(self, server: Listener) -> None:
        server.end()
        self._server = None
        self._line.connections.reset()
