"""Gateways that do not exist, proxies that do, and an end for all of them."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from support.served import PASSWORD, Served

from simulator.gateway import Simulator


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as held:
        yield held


@pytest.fixture
def gateway(stack: ExitStack) -> Callable[..., Simulator]:
    """Start a simulated gateway; its values are frozen unless asked otherwise."""

    def start(**options: Any) -> Simulator:
        return stack.enter_context(Simulator(**{"frozen": True, "password": PASSWORD, **options}))

    return start


@pytest.fixture
def sim(gateway: Callable[..., Simulator]) -> Simulator:
    return gateway()


@pytest.fixture(scope="session")
def farewell() -> Iterator[Callable[[Served], None]]:
    """End proxies behind the back of the tests that follow; each takes a moment to go."""
    with ThreadPoolExecutor(4) as pool:
        leaving = []
        yield lambda served: leaving.append(pool.submit(served.close))
        for one in leaving:
            one.result()


@pytest.fixture
def proxy(
    stack: ExitStack, tmp_path: Path, farewell: Callable[[Served], None]
) -> Callable[..., Served]:
    """Start a proxy, of a gateway where one is given; more settings by their names."""
    numbers = count(1)

    def start(sim: Simulator | None = None, **settings: str) -> Served:
        reads = {} if sim is None else {"PW_HOST": sim.address, "PW_PASSWORD": PASSWORD}
        given = {"PW_CACHE_EXPIRE": "1", **reads, **settings}
        served = Served(tmp_path / f"proxy{next(numbers)}", **given)
        stack.callback(farewell, served)
        return served.__enter__()

    return start
