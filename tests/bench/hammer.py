"""As many GETs as 16 connections carry: wrk where it is, else a small client of ours."""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass

from figures import percentile

CONNECTIONS = 16
_UNITS_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0}
_CLOSE = "Connection: close"


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests a second, the 99th percentile of their latency, and what went wrong."""

    per_s: float
    p99_ms: float
    failed: int


def has_wrk() -> bool:
    return shutil.which("wrk") is not None


def tool() -> str:
    return "wrk -t1" if has_wrk() else "our own client, one process"


def hammer(port: int, seconds: float, *, keep_alive: bool) -> Rate:
    url = f"http://127.0.0.1:{port}/aggregates"
    wrk = shutil.which("wrk")
    if wrk is None:
        own = (sys.executable, __file__, "--port", str(port), "--seconds", str(seconds))
        return Rate(**json.loads(_output(*own, *(() if keep_alive else ("--close",)))))
    close = () if keep_alive else ("-H", _CLOSE)
    sized = ("-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", "--latency")
    return parsed(_output(wrk, *sized, *close, url))


def parsed(said: str) -> Rate:
    """Read wrk's report."""
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)\b", said)
    if rate is None or p99 is None:
        raise RuntimeError(f"wrk says {said!r}")
    status = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    sockets = re.search(r"connect (\d+), read \d+, write (\d+), timeout (\d+)", said)
    # wrk counts a server's hang-up after an HTTP/1.0 answer as a read error.
    failed = sum(map(int, sockets.groups())) if sockets else 0
    bad = int(status[1]) if status else 0
    return Rate(float(rate[1]), float(p99[1]) * _UNITS_MS[p99[2]], failed + bad)


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)  # noqa: S603 - our own
    return done.stdout


async def _connection(port: int, ends_s: float, took_ms: list[float], *, keep: bool) -> int:
    """Ask again and again; say how often that failed."""
    failed, streams = 0, None
    asked = f"GET /aggregates HTTP/1.1\r\nHost: 127.0.0.1\r\n{'' if keep else _CLOSE + chr(13)}"
    request = (asked + ("\r\n" if keep else "\n\r\n")).encode()
    while (began_s := time.monotonic()) < ends_s:
        try:
            reader, writer = streams or await asyncio.open_connection("127.0.0.1", port)
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            await reader.readexactly(int(length[1]) if length else 0)
            took_ms.append(1000 * (time.monotonic() - began_s))
            streams = (reader, writer) if keep and head.startswith(b"HTTP/1.1") else None
            if streams is None:
                writer.close()
        except (OSError, EOFError):
            failed, streams = failed + 1, None
    return failed


async def _all(port: int, seconds: float, *, keep: bool) -> Rate:
    took_ms: list[float] = []
    ends_s = time.monotonic() + seconds
    each = (_connection(port, ends_s, took_ms, keep=keep) for _ in range(CONNECTIONS))
    failed = sum(await asyncio.gather(*each))
    return Rate(len(took_ms) / seconds, percentile(took_ms, 0.99), failed)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--close", action="store_true")
    said = parser.parse_args()
    rate = asyncio.run(_all(said.port, said.seconds, keep=not said.close))
    about = {"per_s": rate.per_s, "p99_ms": rate.p99_ms, "failed": rate.failed}
    sys.stdout.write(json.dumps(about) + "\n")


if __name__ == "__main__":
    main()
