"""Gateways that do not exist, proxies that do, and an end for all of them."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from support.cloudlogin import Home
from support.outage import Story, live_through
from support.served import PASSWORD, Served
from support.special import Plot
from support.trouble import Trouble

from simulator.cloud import CloudSimulator
from simulator.gateway import Simulator

AT_ONCE = 8
"""Stories mostly wait; more at once would tell of this machine, not of the proxy."""
PATIENCE_S = 58.0
"""Shorter than a test may take, so that a story that hangs is named."""

Stories = dict[str, "Future[Any]"]


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
def kind() -> type[Served]:
    """How a proxy is started: as a user does, where a file does not say otherwise."""
    return Served


@pytest.fixture
def proxy(
    stack: ExitStack, tmp_path: Path, farewell: Callable[[Served], None], kind: type[Served]
) -> Callable[..., Served]:
    """Start a proxy, of a gateway where one is given; more settings by their names."""
    numbers = count(1)

    def start(sim: Simulator | None = None, **settings: str) -> Served:
        reads = {} if sim is None else {"PW_HOST": sim.address, "PW_PASSWORD": PASSWORD}
        given = {"PW_CACHE_EXPIRE": "1", **reads, **settings}
        served = kind(tmp_path / f"proxy{next(numbers)}", **given)
        stack.callback(farewell, served)
        return served.__enter__()

    return start


def _subjects(items: list[pytest.Item]) -> dict[str, Trouble | Plot]:
    """Name the stories that the selected tests judge, the longest first."""
    calls = [item.callspec for item in items if hasattr(item, "callspec")]
    subjects = [one for call in calls for one in call.params.values()]
    found = {one.name: one for one in subjects if isinstance(one, Trouble | Plot)}
    return dict(sorted(found.items(), key=lambda named: not named[1].is_long))


def _live(one: Trouble | Plot, folder: Path) -> Any:
    return live_through(one, folder) if isinstance(one, Trouble) else one.live(folder)


@pytest.fixture(scope="module")
def stories(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stories]:
    """Begin to live all stories of a file, a few at a time, while the first are judged.

    By file, because a file is what one of several test processes is given.
    """
    mine = [item for item in request.session.items if item.path == request.path]
    pool = ThreadPoolExecutor(AT_ONCE)
    yield {
        name: pool.submit(_live, one, tmp_path_factory.mktemp("story"))
        for name, one in _subjects(mine).items()
    }
    pool.shutdown(wait=True, cancel_futures=True)


@pytest.fixture
def story(trouble: Trouble, stories: Stories) -> Story:
    lived: Story = stories[trouble.name].result(PATIENCE_S)
    return lived


@pytest.fixture
def lived(plot: Plot, stories: Stories) -> Any:
    return stories[plot.name].result(PATIENCE_S)


# -- an account at Tesla ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def one() -> Iterator[CloudSimulator]:
    with CloudSimulator(frozen=True) as cloud:
        yield cloud


@pytest.fixture
def cloud(one: CloudSimulator) -> Iterator[CloudSimulator]:
    one.counters.reset()
    yield one
    one.faults.stop()


@pytest.fixture
def home(cloud: CloudSimulator, tmp_path: Path) -> Home:
    return Home(cloud, tmp_path)
