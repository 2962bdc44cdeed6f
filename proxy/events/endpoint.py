"""GET /events over HTTP: the headers, the cap, and who has hung up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import falcon
from falcon.asgi import Request, Response

from proxy.desk import Desk
from proxy.rows import Stream

from .streams import Reader, Streams

EVENTS_TYPE = "text/event-stream"
RETRY_S = 10
RECEIVE = "powerwall.receive"
"""Where a scope holds what tells that a client has hung up: Falcon shows it to nobody."""
_HEADERS = (
    ("Cache-Control", "no-store"),
    ("X-Accel-Buffering", "no"),  # nginx would collect events until its buffer is full
)
_watching: set[asyncio.Task[None]] = set()
"""The loop holds tasks only weakly."""


class StreamEndpoint:
    """Serves the live stream."""

    def __init__(self, stream: Stream, desk: Desk, streams: Streams) -> None:
        self._path = stream.path
        self._desk = desk
        self._streams = streams

    async def on_get(self, request: Request, response: Response) -> None:
        """Begin a stream, unless too many are open."""
        self._begin(response)
        reader = self._streams.open(request.get_header("Last-Event-ID"))
        response.stream = reader
        self._desk.counters.answered(self._path, known=True)
        watching = asyncio.create_task(_until_gone(request.scope[RECEIVE], reader))
        _watching.add(watching)
        watching.add_done_callback(_watching.discard)

    async def on_head(self, request: Request, response: Response) -> None:  # noqa: ARG002
        """Answer as GET would begin."""
        self._begin(response)
        response.stream = _Nothing()  # else Falcon promises a length of 0
        self._desk.counters.answered(self._path, known=True)

    def _begin(self, response: Response) -> None:
        if self._streams.is_full:
            self._desk.streams.refused += 1
            raise falcon.HTTPServiceUnavailable(
                title="PW_MAX_STREAMS are open",
                description="As many streams as PW_MAX_STREAMS allows are open; "
                "/api/v1/state?rows tells the same to who asks again and again.",
                retry_after=RETRY_S,
            )
        response.set_headers((*self._desk.marks, *_HEADERS))
        response.content_type = EVENTS_TYPE


class _Nothing:
    """A body that HEAD does not send."""

    def __aiter__(self) -> _Nothing:
        return self

    async def __anext__(self) -> bytes:
        raise StopAsyncIteration


async def _until_gone(receive: Callable[[], Awaitable[Any]], reader: Reader) -> None:
    """End a reader as soon as its client has hung up: nobody else would notice before a frame."""
    while (await receive())["type"] != "http.disconnect":
        pass
    reader.end()
