"""How long a user waits for the first real number after starting the proxy."""

from __future__ import annotations

import contextlib
import http.client
import tempfile
import time
from pathlib import Path
from statistics import median

from figures import NEVER, Figure, worst
from rig import Gateway
from support.served import PASSWORD, Served

TIMES = 3
MOST_S = 1.5
GIVE_UP_S = 20.0
GLANCE_S = 0.01


def start() -> list[Figure]:
    """Process start to meters, with a login, three times."""
    with Gateway(latency_s=0.05) as gateway:
        took_s = [_once(gateway) for _ in range(TIMES)]
    return [
        Figure(
            "start", f"to the first real answer, median of {TIMES}", median(took_s), "s", MOST_S
        ),
        Figure("start", "the slowest of them", worst(took_s), "s"),
    ]


def _once(gateway: Gateway) -> float:
    with tempfile.TemporaryDirectory(prefix="powerwall-bench-") as folder:
        served = Served(Path(folder), PW_HOST=gateway.address, PW_PASSWORD=PASSWORD)
        try:
            began_s = time.monotonic()
            served.launch()
            return _answered_s(served, began_s)
        finally:
            served.close()


def _answered_s(served: Served, began_s: float) -> float:
    while time.monotonic() - began_s < GIVE_UP_S:
        with contextlib.suppress(OSError, http.client.HTTPException):
            reply = served.get("/aggregates")
            if reply.status == 200 and reply.document is not None:
                return time.monotonic() - began_s
        time.sleep(GLANCE_S)
    return NEVER
