"""Trouble: old values, none, a proxy that is gone; and that it ends by itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser.house import PASSWORD, Bench, House, answers, serve, warm
from support.served import Served

from simulator.gateway import Simulator

LONG_MS = 40_000
NETWORK = ("Failed to load resource", "net::ERR")


@pytest.fixture
def healed(house: House) -> Iterator[House]:
    house.does(3000, 1200, -1500)
    yield house
    house.sim.faults.stop()


def test_old_values_are_grey_with_their_age_then_dashes_then_live_again(
    healed: House, bench: Bench
) -> None:
    screen = bench.open(healed.url, (768, 900)).alive()
    healed.sim.faults.start("refusing")
    screen.until_shows("#chip", "s old", LONG_MS)
    assert screen.page.evaluate("document.documentElement.classList.contains('old')")
    screen.until(
        "getComputedStyle(document.querySelector('.picture')).filter.includes('grayscale')"
    )
    screen.until_shows("#banner strong", "does not answer", LONG_MS)
    screen.until_shows("#banner", "Check PW_HOST")
    screen.shoot("stale")
    # What is too old to be shown is a dash, never a zero.
    screen.until_shows("#chip", "No data", LONG_MS)
    screen.until("document.querySelector('.station.home .value').textContent === '\u2013'")
    assert screen.flows() == {}
    assert screen.text(".inside") == "\u2013"
    assert screen.text("#level") == "\u2013"
    assert "0.00" not in screen.page.inner_text("main")
    screen.shoot("unknown")
    healed.sim.faults.stop()
    screen.until_shows("#chip", "Live", LONG_MS * 2)
    screen.until_shows(".station.home .value", "1.20 kW")
    assert not screen.page.is_visible("#banner")


def test_a_stopped_powerwall_is_said_to_be(healed: House, bench: Bench) -> None:
    screen = bench.open(healed.url).alive()
    healed.sim.faults.start("stopped")
    screen.until_shows("#banner strong", "The Powerwall is stopped", LONG_MS)
    screen.shoot("stopped")


@pytest.mark.parametrize("status", [404, 503])
def test_without_a_stream_the_page_asks(healed: House, bench: Bench, status: int) -> None:
    screen = bench.open(healed.url, forgiven=NETWORK, routes={"**/events": answers(status)})
    screen.until_shows(".station.home .value", "1.20 kW", LONG_MS)
    healed.does(3000, 1700, -1300)
    screen.until_shows(".station.home .value", "1.70 kW", LONG_MS)


def test_a_stream_tells_by_itself(healed: House, bench: Bench) -> None:
    asked: list[str] = []
    screen = bench.open(healed.url).alive()
    screen.until_shows(".station.home .value", "1.20 kW")
    screen.page.on("request", lambda request: asked.append(request.url))
    healed.does(3000, 1900, -1100)
    screen.until_shows(".station.home .value", "1.90 kW", 8000)
    assert not [url for url in asked if "state" in url]


def test_a_proxy_that_goes_is_lost_and_found_again(bench: Bench, tmp_path: Path) -> None:
    with Simulator(password=PASSWORD, frozen=True) as sim:
        with serve(tmp_path, sim) as served:
            warm(served)
            port = str(served.port)
            screen = bench.open(f"http://127.0.0.1:{port}/", forgiven=(*NETWORK, "events")).alive()
        screen.until_shows("#chip", "No connection", LONG_MS)
        assert screen.text("#banner strong") == "Connection to the proxy lost"
        assert screen.text(".station.home .value") == "1.20 kW"  # old, grey and said to be
        screen.until("document.documentElement.classList.contains('old')")
        screen.shoot("lost")
        with serve(tmp_path, sim, PW_PORT=port) as served:
            warm(served)
            screen.until_shows("#chip", "Live", LONG_MS)
            screen.page.close()


def test_a_read_token_is_asked_for_taken_and_not_left_in_the_address(
    bench: Bench, tmp_path: Path
) -> None:
    with (
        Simulator(password=PASSWORD, frozen=True) as sim,
        serve(tmp_path, sim, PW_READ_TOKEN="letmein") as served,
    ):
        url = f"http://127.0.0.1:{served.port}/"
        closed = bench.open(url, forgiven=(*NETWORK, "events"))
        closed.until_shows("#banner strong", "read token")
        opened = bench.open(f"{url}?token=letmein&theme=dark").alive()
        assert opened.page.url == f"{url}?theme=dark"
        opened.page.reload()
        opened.alive()
        opened.page.click("nav >> text=Status")
        opened.until_shows("#lanes", "answers")
        opened.alive()
        bench.close()


def test_the_first_numbers_come_within_a_second(healed: House, bench: Bench) -> None:
    times = []
    for _ in range(3):
        screen = bench.open(healed.url)
        handle = screen.page.wait_for_function(
            "() => document.querySelector('.station.home .value')?.textContent.includes('kW')"
            " && performance.now()"
        )
        times.append(handle.json_value())
    # The machine may be busy once; not three times.
    assert min(times) < 1000


def test_many_open_pages_are_all_told(healed: House, bench: Bench) -> None:
    screens = [bench.open(healed.url) for _ in range(4)]
    healed.does(2500, 2200, -300)
    for screen in screens:
        screen.until_shows(".station.home .value", "2.20 kW")


def test_simulated_numbers_are_said_to_be(bench: Bench, tmp_path: Path) -> None:
    command = (sys.executable, "-c", "from proxy.cli import main; main(['serve', '--demo'])")
    with Served(tmp_path, command) as served:
        screen = bench.open(f"http://127.0.0.1:{served.port}/").alive()
        screen.page.wait_for_selector("#simulated", state="visible")
        assert screen.text("#site") == "Demo (simulated)"
        bench.close()
