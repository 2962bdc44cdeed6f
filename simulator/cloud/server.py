"""The cloud's listener: HTTP/1.1 and, where a client wants it, HTTP/2 on one port."""

import ssl
from collections.abc import Callable
from typing import Any, Final

from simulator.cloud.call import HTTP_1, Call
from simulator.cloud.exchange import CloudExchange, CloudHub
from simulator.cloud.http2 import Http2
from simulator.exchange import PlainWire
from simulator.https import Reader
from simulator.listening import Address, Listener

H2_NAME: Final = "h2"
H1_NAME: Final = "http/1.1"


class CloudReader(Reader):
    """HTTP/1.1."""

    server: "CloudServer"
    connection: ssl.SSLSocket

    @property
    def now_s(self) -> float:
        """The time that answers tell."""
        return self.server.wall()

    def exchange(self, body: bytes) -> None:
        """Answer one request."""
        call = Call(
            method=self.command,
            target=self.path,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
            http=HTTP_1,
            tls=self.connection.version() or "",
            first=self.asked == 1,
        )
        CloudExchange(PlainWire(self), self.server.hub, call, self.now_s).run()


class CloudServer(Listener):
    """Gives each connection the HTTP that was agreed upon in its handshake."""

    def __init__(self, hub: CloudHub, address: Address, wall: Callable[[], float]) -> None:
        self.hub = hub
        self.wall = wall
        super().__init__(hub, address)

    def talk(self, connection: ssl.SSLSocket, client_address: Any) -> None:
        """Serve one connection to its end."""
        if connection.selected_alpn_protocol() == H2_NAME:
            Http2(connection, self.hub, self.wall).serve()
        else:
            CloudReader(connection, client_address, self)
