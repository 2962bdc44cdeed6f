"""What needs minutes of real time: a rare client, and nobody at all."""

from __future__ import annotations

import time
from itertools import pairwise

from figures import Figure, worst
from world import world

AGGREGATES = "/api/meters/aggregates"
ASKED_EVERY_S = 45
ASKS = 6
LEFT_ALONE_AFTER_S = 120
LISTENED_S = 60


def rare_then_nobody() -> list[Figure]:
    """One client every 45 s; then it leaves, and two minutes later the gateway is left alone."""
    with world("--rare") as home:
        since_s = time.monotonic()
        time.sleep(ASKS * ASKED_EVERY_S - ASKED_EVERY_S / 2)
        home.load.stop()
        left_s = time.monotonic()
        asks = home.load.samples
        home.watch.look()
        fetched_s = home.watch.fetched_at_s(AGGREGATES, since_s - 5, left_s)
        settled_s = fetched_s[3:]  # a gap is known after two asks
        apart_s = [b - a for a, b in pairwise(settled_s)]
        time.sleep(LEFT_ALONE_AFTER_S)
        quiet_s = time.monotonic()
        home.watch.look()
        time.sleep(LISTENED_S)
        home.watch.look()
        late = home.watch.requests(left_s + LEFT_ALONE_AFTER_S, time.monotonic())
        after = home.watch.requests(left_s, quiet_s)
    group = "rare"
    fetches = len(fetched_s)
    return [
        Figure(group, f"fetches for {len(asks)} asks, one every 45 s", fetches, most=len(asks) + 1),
        Figure(group, "longest between two fetches", worst(apart_s), "s", ASKED_EVERY_S + 5),
        Figure(group, "shortest between two fetches", min(apart_s), "s", least=ASKED_EVERY_S - 5),
        Figure(group, "requests within 120 s of the last ask", after),
        Figure(group, "requests in the minute after that", late, most=0),
    ]
