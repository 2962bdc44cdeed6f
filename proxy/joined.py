"""A transport on which head and body of an answer leave together."""

from __future__ import annotations

import asyncio


class Joined:
    """Holds what is written until more is, or until the loop has turned.

    uvicorn writes the head of an answer, then its body: each would be a system call, a packet
    and a waking of the client of its own. A frame of a stream waits for a turn of the loop.
    """

    __slots__ = (
        "_held",
        "_loop",
        "_transport",
        "is_closing",
        "pause_reading",
        "resume_reading",
    )

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held = b""
        self.is_closing = transport.is_closing
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading

    def get_extra_info(self, name: str, default: object = None) -> object:
        """Tell of the two ends only the other one, as uvicorn takes it.

        It would make a socket of the connection, ask it for both names, and nobody reads our own.
        """
        if name == "peername":
            peer = self._transport.get_extra_info("peername")
            return peer[:2] if isinstance(peer, tuple) else peer
        if name in ("socket", "sockname"):
            return default
        return self._transport.get_extra_info(name, default)

    def write(self, data: bytes) -> None:
        """Send it with what is held, or hold it."""
        if self._held:
            held, self._held = self._held, b""  # what is written is counted below from now on
            self._transport.write(held + data)
        else:
            self._held = data
            self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Send what is held, unless the connection was lost meanwhile: uvloop makes that a bug."""
        held, self._held = self._held, b""
        if held and not self.is_closing():
            self._transport.write(held)

    def get_write_buffer_size(self) -> int:
        """Count the bytes that the other side has not taken yet."""
        return len(self._held) + self._transport.get_write_buffer_size()

    def close(self) -> None:
        """Close it when all is sent."""
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        """Close it at once."""
        self._held = b""
        self._transport.abort()
