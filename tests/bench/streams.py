"""Five hundred live streams: what they cost the gateway, memory, other clients, and the end."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import ssl
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from conditions import P99_MS
from figures import NEVER, Figure, percentile, worst
from rig import HERE, Child, Gateway, proxy
from support.served import PASSWORD, Served
from usage import Usage
from watch import Watch

GROUP = "streams"
STREAMS = 500
OTHERS = 200
MEMORY_MOST_MB = 50
ENDS_MOST_S = 5
MORE_MOST = 3
"""Requests that may be chance: two spells of one stream differ by as much, however long."""
SETTLES_S = 8.0
ASKS_EVERY_S = 0.02
SETTINGS = {"PW_MAX_STREAMS": "512"}


class Listeners(Child):
    """Clients of the live stream."""

    def __init__(self, port: int, count: int, *options: str) -> None:
        asked = ("--port", str(port), "--count", str(count))
        super().__init__(str(HERE / "listen.py"), *asked, *options)
        self.first_line()

    def account(self) -> list[dict[str, Any]]:
        """Wait for the end of all, or end them, and say what they have heard."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        listeners: list[dict[str, Any]] = json.loads(self.process.stdout.readline())["listeners"]
        return listeners


@dataclass(frozen=True, slots=True)
class Spell:
    """Some time with some streams open."""

    requests_per_minute: float
    took_ms: list[float]
    usage: Usage
    cpu_s_per_minute: float
    minutes: float


def streams(seconds: float) -> list[Figure]:
    """One stream, then five hundred, then the end, plain and over TLS."""
    with (
        Gateway() as gateway,
        proxy(gateway, **SETTINGS) as served,
        Watch(gateway, served) as watch,
    ):
        with Listeners(served.port, 1):
            time.sleep(SETTLES_S)
            one = spell(served, watch, seconds)
        with Listeners(served.port, STREAMS) as listeners:
            time.sleep(SETTLES_S)
            many = spell(served, watch, seconds)
            figures = [
                *of_others(served),
                Figure(GROUP, "most requests in flight", watch.last().most_in_flight, most=1),
            ]
            ended_s = end(served)
            heard = listeners.account()
    return [
        *of_listeners(heard),
        *of_spells(one, many),
        *figures,
        Figure(GROUP, "SIGTERM with all of them open", ended_s, "s", ENDS_MOST_S),
        *over_tls(),
    ]


def spell(served: Served, watch: Watch, seconds: float) -> Spell:
    """Ask for the meters all the time, and see what it all costs."""
    before, since_s, first = watch.usage(), time.monotonic(), watch.look()
    took_ms = [1000 * took_s for took_s in asked(served.port, since_s + seconds)]
    last, after = watch.look(), watch.usage()
    minutes = (time.monotonic() - since_s) / 60
    return Spell(
        (last.total - first.total) / minutes,
        took_ms,
        after,
        (after.cpu_s - before.cpu_s) / minutes,
        minutes,
    )


def asked(port: int, until_s: float) -> Iterator[float]:
    """Ask for the meters on one connection until a moment; yield how long each answer took."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.closing(connection):
        while (began_s := time.monotonic()) < until_s:
            connection.request("GET", "/aggregates")
            answer = connection.getresponse()
            answer.read()
            yield time.monotonic() - began_s if answer.status == 200 else NEVER
            time.sleep(ASKS_EVERY_S)


def of_listeners(heard: list[dict[str, Any]]) -> list[Figure]:
    return [
        Figure(GROUP, "streams open", sum(one["status"] == 200 for one in heard), least=STREAMS),
        Figure(
            GROUP, "... ended as they should", sum(one["whole"] for one in heard), least=STREAMS
        ),
        Figure(GROUP, "states told to one, most", worst(one["states"] for one in heard), most=1),
        Figure(GROUP, "changes told to one, fewest", min(one["changes"] for one in heard), least=1),
        Figure(GROUP, "bytes told to one, median", median(one["size"] for one in heard)),
    ]


def of_spells(one: Spell, many: Spell) -> list[Figure]:
    least = one.requests_per_minute
    most = least + MORE_MOST / many.minutes
    grown_mb = many.usage.pss_mb - one.usage.pss_mb
    return [
        Figure(GROUP, "requests a minute, one stream", least),
        Figure(GROUP, f"... {STREAMS} streams", many.requests_per_minute, most=most),
        Figure(GROUP, "memory (PSS) grown by", grown_mb, "MB", MEMORY_MOST_MB),
        Figure(GROUP, "CPU per minute, one stream", one.cpu_s_per_minute, "s"),
        Figure(GROUP, f"... {STREAMS} streams", many.cpu_s_per_minute, "s"),
        Figure(GROUP, "p99 of /aggregates, one stream", percentile(one.took_ms, 0.99), "ms"),
        Figure(GROUP, f"... {STREAMS} streams", percentile(many.took_ms, 0.99), "ms", P99_MS),
        Figure(GROUP, "... slowest", worst(many.took_ms), "ms"),
    ]


def of_others(served: Served) -> list[Figure]:
    """More clients, each on a connection that it keeps."""
    with contextlib.ExitStack() as held:
        found = []
        for _ in range(OTHERS):
            other = held.enter_context(
                contextlib.closing(http.client.HTTPConnection("127.0.0.1", served.port, timeout=10))
            )
            other.request("GET", "/soe")
            answer = other.getresponse()
            answer.read()
            found.append(answer.status == 200)
        still = served.get("/stats").document["streams"]["open"]
    return [
        Figure(GROUP, "other clients served beside them", sum(found), least=OTHERS),
        Figure(GROUP, "... streams open then", still, least=STREAMS),
    ]


def end(served: Served) -> float:
    """Ask the proxy to end; return how long it took."""
    began_s = time.monotonic()
    code = served.end()
    return time.monotonic() - began_s if code == 0 else NEVER


class Secure(Served):
    """A proxy over TLS, which answers no plain request that asks whether it is there."""

    def _answers(self) -> bool:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with contextlib.suppress(OSError):
            context.wrap_socket(socket.create_connection(("127.0.0.1", self.port))).close()
            return True
        return False


def over_tls() -> list[Figure]:
    """The same end where every connection has to say goodbye."""
    with (
        Gateway() as gateway,
        secure(gateway) as served,
        Listeners(served.port, STREAMS, "--tls") as listeners,
    ):
        time.sleep(SETTLES_S)
        ended_s = end(served)
        heard = listeners.account()
    return [
        Figure(GROUP, "SIGTERM, over TLS", ended_s, "s", ENDS_MOST_S),
        Figure(
            GROUP, "... ended as they should", sum(one["whole"] for one in heard), least=STREAMS
        ),
    ]


@contextlib.contextmanager
def secure(gateway: Gateway) -> Iterator[Served]:
    with tempfile.TemporaryDirectory(prefix="powerwall-bench-") as folder:
        about = {"PW_HOST": gateway.address, "PW_PASSWORD": PASSWORD, "PW_HTTPS": "yes"}
        with Secure(Path(folder), **about, **SETTINGS) as served:
            yield served
