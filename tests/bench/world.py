"""A household at work: gateway, proxy, watch and load together, warmed up."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

from clients import METRICS
from needs import needed
from rig import Gateway, Load, proxy
from samples import Sample
from support.served import Served
from watch import Watch

WARM_UP_MOST_S = 60.0
GLANCE_S = 0.1


@dataclass(frozen=True, slots=True)
class World:
    gateway: Gateway
    proxy: Served
    watch: Watch
    load: Load
    latency_s: float

    def warm_up(self) -> float:
        """Wait until every needed source was seen or has failed once; say how long it took.

        The first scrape, which loads a library, is over then: `scraped` measures it.
        """
        began_s, paths = time.monotonic(), set(needed())
        while (took_s := time.monotonic() - began_s) < WARM_UP_MOST_S:
            point = self.watch.look()
            down = point.lane is not None and point.lane["state"] != "up"
            scraped = any(sample.path == METRICS for sample in list(self.load.samples))
            if scraped and (down or paths <= point.requests.keys()):
                time.sleep(0 if down else self.latency_s + 0.5)  # the last one lands
                break
            time.sleep(GLANCE_S)
        return took_s

    def fresh_after(self, at_s: float, most_s: float) -> Sample | None:
        """Wait until the household reads meters that were measured after a moment."""
        ends_s = time.monotonic() + most_s
        seen = len(self.load.samples)
        while time.monotonic() < ends_s:
            new = self.load.samples[seen:]
            seen += len(new)
            for sample in new:
                if sample.metered and sample.measured_s > at_s:
                    return sample
            time.sleep(GLANCE_S)
        return None


@contextlib.contextmanager
def world(
    *load: str, latency_s: float = 0.05, fault: str | None = None, **settings: str
) -> Iterator[World]:
    """All processes; the fault is on before the proxy starts."""
    with Gateway(latency_s) as gateway:
        if fault is not None:
            gateway.break_it(fault)
        with (
            proxy(gateway, **settings) as served,
            Watch(gateway, served) as watch,
            Load(served.port, *load) as people,
        ):
            yield World(gateway, served, watch, people, latency_s)
