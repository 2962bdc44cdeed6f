"""A TLS server on loopback that does, connection by connection, exactly what a script says."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Self

from simulator.certificate import make_certificate, server_context

RESETS = struct.pack("ii", 1, 0)
LIMIT_S = 20.0


@cache
def certificate() -> tuple[str, str]:
    return make_certificate()


def answer(body: bytes = b"{}", status: str = "200 OK", **headers: str) -> bytes:
    named = {"content-length": str(len(body))} | {k.replace("_", "-"): headers[k] for k in headers}
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in named.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Line:
    """One connection, seen from the server."""

    def __init__(self, peer: Peer, sock: socket.socket) -> None:
        self._peer = peer
        self.sock = sock

    def request(self) -> bytes:
        """Read one whole request and note it; b"" when the client hangs up instead."""
        data = b""
        while b"\r\n\r\n" not in data:
            got = self.sock.recv(65536)
            if not got:
                return b""
            data += got
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            (
                int(row[15:])
                for row in head.split(b"\r\n")
                if row.lower()[:15] == b"content-length:"
            ),
            0,
        )
        while len(body) < length:
            body += self.sock.recv(65536)
        self._peer.requests.append(head + b"\r\n\r\n" + body)
        self._peer.asked.set()
        return self._peer.requests[-1]

    def say(self, data: bytes) -> None:
        self.sock.sendall(data)

    def drip(self, data: bytes) -> None:
        """Say the same again and again until the client has had enough."""
        while not self._peer.closing.wait(0.02):
            self.say(data)

    def notice(self) -> None:
        """Wait until something arrives, and leave it unread."""
        socket.socket.recv(self.sock, 1, socket.MSG_PEEK)

    def hold(self) -> None:
        """Say nothing until the client hangs up."""
        while self.sock.recv(65536):
            pass

    def reset(self) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESETS)
        self.sock.close()


Script = Callable[[Line], None]


def answers(*replies: bytes) -> Script:
    """Answer one request after the other, the last reply again and again."""

    def script(line: Line) -> None:
        left = list(replies)
        while line.request():
            line.say(left.pop(0) if len(left) > 1 else left[0])

    return script


class Peer:
    """The nth connection is given to the nth script; later ones to the last."""

    def __init__(self, *scripts: Script, tls: bool = True, host: str = "127.0.0.1") -> None:
        self.requests: list[bytes] = []
        self.asked = threading.Event()
        self.closing = threading.Event()
        self.connections = 0
        self._scripts = list(scripts)
        self._context = self.context() if tls else None
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family)
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._listen)]

    @staticmethod
    def context() -> ssl.SSLContext:
        return server_context(*certificate())

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self.deafen()
        for sock in self._open:
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(LIMIT_S)

    def deafen(self) -> None:
        """Refuse connections from now on; the open ones live on."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _listen(self) -> None:
        with suppress(OSError):  # no longer listening
            while True:
                sock, _ = self._listener.accept()
                self.connections += 1
                script = self._scripts[min(self.connections, len(self._scripts)) - 1]
                thread = threading.Thread(target=self._serve, args=(sock, script))
                self._threads.append(thread)
                thread.start()

    def _serve(self, sock: socket.socket, script: Script) -> None:
        sock.settimeout(LIMIT_S)
        with suppress(OSError):  # clients that leave are the subject here
            if self._context is not None:
                sock = self._context.wrap_socket(sock, server_side=True)
            self._open.append(sock)
            script(Line(self, sock))
        with suppress(OSError):
            sock.close()
