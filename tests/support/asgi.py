"""One request over bare ASGI: bodies in pieces, and clients that go away."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from falcon import testing


@dataclass
class Exchange:
    """What came back, and how much of the request was taken."""

    pieces: Sequence[bytes]
    cut: bool = False
    taken: int = 0
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    async def receive(self) -> dict[str, Any]:
        if self.taken == len(self.pieces):
            return {"type": "http.disconnect"}
        piece = self.pieces[self.taken]
        self.taken += 1
        more = self.cut or self.taken < len(self.pieces)
        return {"type": "http.request", "body": piece, "more_body": more}

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.body += message.get("body", b"")


def post_in_pieces(
    application: Any, path: str, pieces: Sequence[bytes], *, cut: bool = False, **headers: str
) -> Exchange:
    """Post a body without a length; with `cut` the client goes away before its end."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = sent or {"Transfer-Encoding": "chunked"}
    scope = testing.create_scope(
        path, method="POST", headers=sent, host="powerwall", remote_addr="127.0.0.1"
    )
    scope["raw_path"] = path.encode()
    exchange = Exchange(pieces, cut)
    asyncio.run(application(scope, exchange.receive, exchange.send))
    return exchange
