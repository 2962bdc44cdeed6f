"""Listens to the live stream on many connections; a process of its own, so that it is no burden.

Says `open` when all are, and, when its standard input is closed or all have ended, how they were.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl
import sys
from dataclasses import asdict, dataclass, field
from typing import Any

TOGETHER = 20
_END = b"0\r\n\r\n"


@dataclass(slots=True)
class Heard:
    """What one listener has heard.

    Attributes:
        whole: The stream was ended as it should be.
    """

    status: int = 0
    states: int = 0
    changes: int = 0
    size: int = 0
    whole: bool = False


@dataclass(slots=True)
class Account:
    """What all have heard."""

    listeners: list[Heard] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        return {"listeners": [asdict(heard) for heard in self.listeners]}


async def listen(
    port: int, context: ssl.SSLContext | None, heard: Heard, is_open: asyncio.Event
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    try:
        writer.write(b"GET /events HTTP/1.1\r\nHost: bench\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        heard.status = int(head.split()[1])
        last = b""
        while data := await reader.read(65536):
            heard.size += len(data)
            heard.states += data.count(b"event: state")
            heard.changes += data.count(b"event: change")
            if heard.states:
                is_open.set()
            last = (last + data)[-len(_END) :]
        heard.whole = last == _END
    except (OSError, asyncio.IncompleteReadError):
        pass
    finally:
        is_open.set()
        writer.close()


async def run(port: int, count: int, *, tls: bool) -> Account:
    context = None
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    account, tasks = Account(), []
    for first in range(0, count, TOGETHER):
        opened = []
        for _ in range(min(TOGETHER, count - first)):
            heard, is_open = Heard(), asyncio.Event()
            account.listeners.append(heard)
            tasks.append(asyncio.create_task(listen(port, context, heard, is_open)))
            opened.append(is_open.wait())
        await asyncio.gather(*opened)
    sys.stdout.write("open\n")
    sys.stdout.flush()
    stop = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    await asyncio.wait([asyncio.gather(*tasks), stop], return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return account


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--tls", action="store_true")
    said = parser.parse_args()
    account = asyncio.run(run(said.port, said.count, tls=said.tls))
    sys.stdout.write(json.dumps(account.document()) + "\n")
    sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
