"""From a TCP connection to one that speaks TLS, under the same guard as any other.

A TLS server of asyncio tells a protocol of a connection only after its handshake: sockets
that never shake hands would be neither counted nor ended with the others. Here a connection
enters the gate when it is accepted, and its handshake is part of its first 15 s.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from .connections import Gate

PAUSE_S = 1.0
"""After an accept that failed because this machine has run out of something."""

_log = logging.getLogger(__name__)


class Door:
    """Accepts connections and has each shake hands.

    Attributes:
        make: Makes an HTTP protocol; see secured().
        peers: Where uvicorn finds the connections that it has to end.
    """

    def __init__(
        self, gate: Gate, context: ssl.SSLContext, make: Callable[[], Any], peers: set[Any]
    ) -> None:
        self.gate = gate
        self.context = context
        self.make = make
        self.peers = peers

    async def accept(self, listener: socket.socket) -> None:
        """Accept until cancelled."""
        listener.setblocking(False)  # noqa: FBT003 - its only parameter
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, _ = await loop.sock_accept(listener)
            except ConnectionError:
                continue  # gone before it was accepted
            except OSError as error:
                _log.error("cannot accept connections for a moment: %s", error)
                await asyncio.sleep(PAUSE_S)
                continue
            Handshake(self, accepted).begin()


class Handshake:
    """Stands in the gate for a connection until its HTTP protocol takes over."""

    busy = False
    """Nothing is owed to who has not shaken hands: it may make room for another."""

    def __init__(self, door: Door, accepted: socket.socket) -> None:
        self._door = door
        self._accepted: socket.socket | None = accepted
        self._loop = asyncio.get_running_loop()
        self._began_s = self._loop.time()
        self._task = self._loop.create_task(self._shake_hands())

    def begin(self) -> None:
        """Enter the gate."""
        self._task.add_done_callback(self._forget)
        self._door.peers.add(self)
        self._door.gate.enter(self)

    def done(self) -> float:
        """Leave the place to the HTTP protocol; return how long it took."""
        self._leave()
        return self._loop.time() - self._began_s

    def drop(self) -> None:
        """End the connection at once."""
        self._task.cancel()

    shutdown = drop

    async def _shake_hands(self) -> None:
        accepted, self._accepted = self._accepted, None  # the transport's from now on
        most_s = self._door.gate.request_most_s
        with suppress(OSError):  # silence, old TLS, plain HTTP, or gone: nobody's news
            await self._loop.connect_accepted_socket(
                self._make_http,
                accepted,  # type: ignore[arg-type]
                ssl=self._door.context,
                ssl_handshake_timeout=most_s,
                ssl_shutdown_timeout=most_s,
            )

    def _make_http(self) -> Any:
        http = self._door.make()
        http.handshake = self
        return http

    def _forget(self, _: asyncio.Task[None]) -> None:
        self._leave()
        if self._accepted is not None:  # dropped before it had begun
            self._accepted.close()

    def _leave(self) -> None:
        self._door.peers.discard(self)
        self._door.gate.leave(self)


WRITES_MOST = 64 * 1024


class Secured:
    """Mixin over a guarded protocol; see secured()."""

    handshake: Handshake
    spent_s: float

    def connection_made(self, transport: Any) -> None:
        """Take the place of the handshake."""
        self.spent_s = self.handshake.done()
        # TLS would hold half a megabyte for a client that does not read; plain holds 64 KB.
        transport.set_write_buffer_limits(WRITES_MOST)
        super().connection_made(transport)  # type: ignore[misc]


def secured(protocol: type[asyncio.Protocol]) -> type[asyncio.Protocol]:
    """Return a guarded protocol class for connections that shake hands first."""
    return type(f"Secured{protocol.__name__}", (Secured, protocol), {})
