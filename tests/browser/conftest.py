"""A real browser, a simulated house and a proxy between them.

Whatever a test does: an error in the console, a script that failed or a break of the content
security policy fails it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from browser.house import PASSWORD, SECRET, Bench, House, Screen, serve, warm
from playwright.sync_api import Browser, sync_playwright

from simulator.gateway import Simulator

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.exit("no browser: sudo apt-get install --no-install-recommends chromium", 2)
    with sync_playwright() as playwright:
        one = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield one
        one.close()


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The house of most tests: two Powerwalls, commands on, what a test sets stays."""
    folder = tmp_path_factory.mktemp("house")
    with (
        Simulator(password=PASSWORD, frozen=True, allow_operation=True, site_name="Sunny") as sim,
        serve(folder, sim, PW_CONTROL_SECRET=SECRET, PW_CONTROL_WAIT="1") as served,
    ):
        warm(served)
        yield House(sim, served)


@pytest.fixture
def bench(browser: Browser) -> Iterator[Bench]:
    one = Bench(browser)
    yield one
    one.close()


@pytest.fixture
def screen(bench: Bench, house: House) -> Screen:
    """The page of the house, open."""
    return bench.open(house.url)
