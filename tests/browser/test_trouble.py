"""Trouble: old values, none, a proxy that is gone; and that it ends by itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from browser.house import NETWORK, PASSWORD, Bench, House, answers, serve, warm
from playwright.sync_api import Route
from support.served import Served

from simulator.gateway import Simulator

LONG_MS = 40_000
# Letters that headers know, one that they do not, and one that ends as a space does.
READ_TOKEN = "möge-es-gehen-żà"
CONTROL_TOKEN = "öffne-dich-żà"


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


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a proxy that wants a read token."""
    with (
        Simulator(password=PASSWORD, frozen=True, allow_operation=True) as sim,
        serve(
            tmp_path_factory.mktemp("closed"),
            sim,
            PW_READ_TOKEN=READ_TOKEN,
            PW_CONTROL_SECRET=CONTROL_TOKEN,
        ) as served,
    ):
        yield f"http://127.0.0.1:{served.port}/"


def test_a_page_that_slept_through_an_update_is_replaced(healed: House, bench: Bench) -> None:
    version = {"name": "powerwall-proxy", "version": "1"}
    asked: list[str] = []

    def tell(route: Route) -> None:
        asked.append(version["version"])
        route.fulfill(json=version)

    screen = bench.open("about:blank", routes={"**/api/v1/version": tell})
    screen.page.clock.install()
    screen.page.goto(healed.url)
    screen.alive().page.evaluate("document.body.dataset.of = 'before'")
    at_first = len(asked)
    # A quiet house is no sleep: only its state is asked for.
    for _ in range(30):
        screen.page.clock.run_for(1000)
        screen.page.wait_for_timeout(30)
    assert len(asked) == at_first
    version["version"] = "2"
    screen.page.clock.fast_forward(8 * 3600_000)
    screen.until("!document.body.dataset.of")
    screen.alive()
    assert set(asked) == {"1", "2"}


def test_a_read_token_is_asked_for_taken_and_not_left_in_the_address(
    bench: Bench, closed: str
) -> None:
    url = closed
    shut = bench.open(url, forgiven=(*NETWORK, "events"))
    shut.until_shows("#banner strong", "read token")
    opened = bench.open(f"{url}?token={quote(READ_TOKEN)}&theme=dark").alive()
    assert opened.page.url == f"{url}?theme=dark"
    opened.page.reload()
    opened.alive()
    opened.page.click("nav >> text=Status")
    opened.until_shows("#lanes", "answers")
    opened.alive()
    bench.close()


def test_tokens_of_any_letters_open_and_command(bench: Bench, closed: str) -> None:
    screen = bench.open(f"{closed}settings?token={quote(READ_TOKEN)}").alive()
    screen.page.check("input[value=backup]")
    screen.page.fill("#token", CONTROL_TOKEN)
    screen.page.click("#apply")
    screen.until_shows("#answer", "Applied", LONG_MS)
    bench.close()


def test_settings_opened_from_a_frame_are_not_locked(bench: Bench, closed: str) -> None:
    inside = f"{closed}?theme=dark&token={quote(READ_TOKEN)}"
    around = f"<!doctype html><iframe id=one width=900 height=600 src='{inside}'></iframe>"
    routes = {
        "**/around": lambda route: route.fulfill(content_type="text/html", body=around),
    }
    screen = bench.open(f"{closed}around", routes=routes)
    link = screen.page.frame_locator("#one").locator("#to-settings")
    link.wait_for()
    with screen.context.expect_page() as opened:
        link.click()
    page = opened.value
    page.wait_for_selector("#form", state="visible")
    assert page.url == f"{closed}settings?theme=dark"
    assert page.evaluate("window.opener") is None
    # Nobody reads it off a wall where the address of a link is shown.
    assert "token" not in (link.get_attribute("href") or "")
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
