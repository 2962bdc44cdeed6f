"""Warm /aggregates against the standard library's server, in turns within one run."""

from __future__ import annotations

import platform
from statistics import median

from figures import Figure, worst
from hammer import CONNECTIONS, Rate, hammer, has_wrk, tool
from rig import HERE, Child, Gateway, proxy

ROUNDS = 5
GROUP = "throughput"
KEEP_ALIVE_RATIO = 5
CLOSE_RATIO = 2.2
P99_MS = 5


class Plain(Child):
    """The server to compare with, serving the proxy's own bytes."""

    def __init__(self, body: bytes) -> None:
        super().__init__(str(HERE / "plain.py"), body.hex())
        self.port = int(self.first_line())


def throughput(seconds: float) -> list[Figure]:
    """Three servings in turn, five rounds, medians."""
    rates: dict[str, list[Rate]] = {"keep-alive": [], "plain": [], "close": []}
    with Gateway() as gateway, proxy(gateway) as served:
        body = served.known("/aggregates").body
        with Plain(body) as plain:
            for _ in range(ROUNDS):
                rates["keep-alive"].append(hammer(served.port, seconds, keep_alive=True))
                rates["plain"].append(hammer(plain.port, seconds, keep_alive=False))
                rates["close"].append(hammer(served.port, seconds, keep_alive=False))
    return _figures(rates, len(body))


def _figures(rates: dict[str, list[Rate]], size: int) -> list[Figure]:
    per_s = {name: median(rate.per_s for rate in found) for name, found in rates.items()}
    ratios = {
        name: median(a.per_s / b.per_s for a, b in zip(rates[name], rates["plain"], strict=True))
        for name in ("keep-alive", "close")
    }
    # Elsewhere the compiled parts may be missing; a client in Python is slower than the proxy.
    judged = platform.machine() == "x86_64" and has_wrk()
    p99_ms = median(rate.p99_ms for rate in rates["keep-alive"])
    failed = worst(rate.failed for rate in (*rates["keep-alive"], *rates["close"]))
    about = f"{tool()}, {CONNECTIONS} connections, {size} bytes"
    return [
        Figure(GROUP, f"keep-alive ({about})", per_s["keep-alive"], "/s"),
        Figure(GROUP, "without keep-alive", per_s["close"], "/s"),
        Figure(GROUP, "plain ThreadingHTTPServer", per_s["plain"], "/s"),
        _ratio("keep-alive : plain", ratios["keep-alive"], KEEP_ALIVE_RATIO if judged else None),
        _ratio("without keep-alive : plain", ratios["close"], CLOSE_RATIO if judged else None),
        Figure(GROUP, "p99 with keep-alive", p99_ms, "ms", P99_MS if judged else None),
        Figure(GROUP, "requests that failed", failed, most=0),
    ]


def _ratio(name: str, value: float, least: float | None) -> Figure:
    return Figure(GROUP, name, value, "x", least=least)
