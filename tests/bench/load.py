"""The load generator, a process of its own: asks on time, writes a line for each answer."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import math
import os
import signal
import sys
import time
from collections.abc import Coroutine
from datetime import datetime
from typing import Any

import clients
from clients import Client
from figures import percentile
from samples import TIMED_OUT, UNANSWERED, Sample, write

HOST = "127.0.0.1"
TICK_S = 0.05
STALL_S = 0.01
"""The generator's own lateness above this is written down: it shows in latencies."""
REOPEN_S = 5.0
DRIP_S = 1.0
BODY_MOST = 4_000_000
LAGS_MOST = 200_000


async def fetch(port: int, path: str, accept: str) -> tuple[dict[str, str], bytes]:
    """Send one GET on a new connection; the status is in the headers, as `:status`."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        asked = f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nAccept: {accept}\r\nConnection: close"
        writer.write(f"{asked}\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        named = (line.partition(":")[::2] for line in head[1:] if line)
        headers = {name.lower(): value.strip() for name, value in named}
        headers[":status"] = head[0].split(" ")[1]
        length = min(int(headers.get("content-length", "0")), BODY_MOST)
        return headers, await reader.readexactly(length)
    finally:
        writer.close()


async def ask(port: int, client: Client, path: str) -> Sample:
    """Time one GET from connect to last byte; whatever goes wrong is a status too."""
    began_s = time.monotonic()
    try:
        async with asyncio.timeout(client.timeout_s):
            headers, body = await fetch(port, path, client.accept)
    except TimeoutError:
        return Sample(began_s, client.name, path, TIMED_OUT, time.monotonic() - began_s)
    except (OSError, EOFError, ValueError, LookupError):
        return Sample(began_s, client.name, path, UNANSWERED, time.monotonic() - began_s)
    took_s = time.monotonic() - began_s
    age = headers.get("age")
    return Sample(
        round(began_s, 6),
        client.name,
        path,
        int(headers[":status"]),
        round(took_s, 6),
        None if age is None else int(age),
        true_age_s(path, body),
        cache_word(headers.get("cache-status", "")),
    )


def true_age_s(path: str, body: bytes) -> float | None:
    """The wall clock against the time the gateway's own meter says it was read."""
    if path not in clients.METERS or not body.startswith(b"{"):
        return None
    try:
        said = datetime.fromisoformat(json.loads(body)["site"]["last_communication_time"])
    except (ValueError, LookupError, TypeError):
        return None
    return round(time.time() - said.timestamp(), 3)


def cache_word(status: str) -> str:
    """`hit`, `fwd=stale`, `fwd=miss`, or nothing where the route tells none."""
    words = [word.strip() for word in status.split(";")[1:]]
    return words[0] if words else ""


class Load:
    """All clients on one event loop."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._lags_s: list[float] = []
        self._stalls: list[tuple[float, float]] = []
        self._attached = 0

    async def poll(self, client: Client) -> None:
        """Take a turn every so often; turns that were slept through are left out."""
        begins_s, turn = time.monotonic() + client.starts_s, 0
        while True:
            await asyncio.sleep(begins_s + turn * client.every_s - time.monotonic())
            asked = (ask(self._port, client, path) for path in client.paths)
            for sample in await asyncio.gather(*asked):
                sys.stdout.write(write(sample) + "\n")
            sys.stdout.flush()
            late = math.ceil((time.monotonic() - begins_s) / client.every_s)
            turn = max(turn + 1, late)

    async def idle(self, n: int, drips: bytes = b"") -> None:
        """Hold a connection that never asks, or never finishes asking; reopen it when cut."""
        await asyncio.sleep(n * 0.002)
        while True:
            with contextlib.suppress(OSError):
                reader, writer = await asyncio.open_connection(HOST, self._port)
                self._attached += 1
                try:
                    await self._linger(reader, writer, drips)
                finally:
                    self._attached -= 1
                    writer.close()
            await asyncio.sleep(REOPEN_S)

    @staticmethod
    async def _linger(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, drips: bytes
    ) -> None:
        if not drips:
            await reader.read()
        for at in range(len(drips)):
            writer.write(drips[at : at + 1])
            await writer.drain()
            with contextlib.suppress(TimeoutError):
                if await asyncio.wait_for(reader.read(1024), DRIP_S) == b"":
                    return

    async def watch_itself(self) -> None:
        """Measure how late this loop wakes: what it adds to every latency."""
        while len(self._lags_s) < LAGS_MOST:
            due_s = time.monotonic() + TICK_S
            await asyncio.sleep(TICK_S)
            lag_s = time.monotonic() - due_s
            self._lags_s.append(lag_s)
            if lag_s > STALL_S:
                self._stalls.append((round(due_s, 3), round(lag_s, 4)))

    async def run(self, work: list[Coroutine[Any, Any, None]]) -> None:
        """Go on until standard input is closed: it never outlives who started it."""
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(sys.stdin.fileno(), ended.set)
        loop.add_signal_handler(signal.SIGTERM, ended.set)
        tasks = [loop.create_task(part) for part in (*work, self.watch_itself())]
        await ended.wait()
        attached = self._attached
        for task in tasks:
            task.cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        broken = [repr(e) for e in done if not isinstance(e, asyncio.CancelledError) and e]
        sys.stdout.write(json.dumps(self._account(attached, broken)) + "\n")
        sys.stdout.flush()

    def _account(self, attached: int, broken: list[str]) -> dict[str, Any]:
        used = os.times()
        return {
            "cpu_s": round(used.user + used.system, 3),
            "lag_p99_s": round(percentile(self._lags_s, 0.99), 5) if self._lags_s else 0.0,
            "lag_most_s": round(max(self._lags_s, default=0.0), 5),
            "stalls": self._stalls,
            "attached": attached,
            "broken": broken,
        }


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--household", action="store_true")
    parser.add_argument("--rare", action="store_true")
    parser.add_argument("--crowd", type=int, default=0)
    parser.add_argument("--idle", type=int, default=0)
    parser.add_argument("--loris", type=int, default=0)
    said = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started it decides when it ends
    load = Load(said.port)
    people = (clients.HOUSEHOLD if said.household else ()) + (clients.RARE if said.rare else ())
    drips = b"GET /aggregates HTTP/1.1\r\nHost: " + b"x" * 600
    asyncio.run(
        load.run(
            [
                *(load.poll(client) for client in (*people, *clients.crowd(said.crowd))),
                *(load.idle(n) for n in range(said.idle)),
                *(load.idle(n, drips) for n in range(said.loris)),
            ]
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
