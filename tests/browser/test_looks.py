"""Looks: every size, style and theme without overflow; kiosk, frames, prefixes, motion, keys."""

from __future__ import annotations

import contextlib
import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from browser.house import PASSWORD, Bench, House, serve, warm

from simulator.gateway import Simulator

STYLES = ("clear", "black", "dakboard", "white", "grafana", "grafana-dark", "solar")
DARK = {"black", "dakboard", "grafana-dark"}
LIGHT = {"white", "grafana"}


@pytest.fixture(autouse=True)
def _sunny(house: House) -> None:
    house.does(4600, 1200, -2600)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 768, 1920])
def test_it_fits(house: House, bench: Bench, width: int, scheme: str) -> None:
    height = {320: 640, 768: 1024, 1920: 1080}[width]
    screen = bench.open(house.url, (width, height), scheme).alive()
    screen.until("document.querySelectorAll('.ribbon').length === 3")
    assert not screen.overflows()
    screen.shoot(f"now-{width}-{scheme}")
    # No word of the drawing is cut off by the edge of the screen, and none is tiny.
    boxes = screen.page.eval_on_selector_all(
        ".flow text", "all => all.filter(t => t.textContent).map(t => t.getBoundingClientRect())"
    )
    assert boxes
    for box in boxes:
        assert box["left"] >= 0
        assert box["right"] <= width
        assert box["height"] >= 11


@pytest.mark.parametrize("view", ["status", "devices", "settings"])
@pytest.mark.parametrize("width", [320, 1920])
def test_the_other_views_fit(house: House, bench: Bench, width: int, view: str) -> None:
    screen = bench.open(f"{house.url}{view}", (width, 900)).alive()
    screen.until("document.querySelectorAll('main .card').length > 1")
    assert not screen.overflows()
    screen.shoot(f"{view}-{width}")


def brightness(colour: str) -> float:
    return sum(map(float, colour.partition("(")[2].rstrip(")").split(",")[:3])) / 3


@pytest.mark.parametrize("style", STYLES)
def test_a_style_is_what_is_asked_for(house: House, bench: Bench, style: str) -> None:
    for scheme in ("light", "dark"):
        screen = bench.open(f"{house.url}?style={style}", (1024, 700), scheme).alive()
        ground = screen.page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        is_dark = style in DARK or (style not in LIGHT and scheme == "dark")
        assert (brightness(ground) < 128) == is_dark
        assert screen.page.evaluate("document.documentElement.dataset.style") == style
        assert not screen.overflows()
        screen.shoot(f"style-{style}-{scheme}")


def test_a_theme_may_be_asked_for_and_follows_the_device_otherwise(
    house: House, bench: Bench
) -> None:
    screen = bench.open(f"{house.url}?theme=dark", scheme="light").alive()
    assert screen.page.evaluate("document.documentElement.dataset.theme") == "dark"
    screen = bench.open(house.url, scheme="light").alive()
    screen.page.emulate_media(color_scheme="dark")
    screen.until("document.documentElement.dataset.theme === 'dark'")


@pytest.mark.parametrize("size", [(1920, 1080), (1024, 600), (800, 1280), (420, 300), (320, 640)])
def test_a_kiosk_shows_all_and_scrolls_nowhere(
    house: House, bench: Bench, size: tuple[int, int]
) -> None:
    screen = bench.open(f"{house.url}?kiosk=1", size, "dark").alive()
    screen.until("document.querySelectorAll('.ribbon').length === 3")
    assert not screen.page.is_visible("nav")
    width, height = size
    tall = screen.page.evaluate("document.documentElement.scrollHeight")
    assert tall <= height
    assert not screen.overflows()
    boxes = screen.page.eval_on_selector_all(
        ".flow text, .flow .glyph",
        "all => all.filter(t => t.getBoundingClientRect().width).filter(t => "
        "t.tagName === 'text').map(t => t.getBoundingClientRect())",
    )
    assert all(box["top"] >= 0 and box["bottom"] <= height + 1 for box in boxes)
    assert all(box["left"] >= 0 and box["right"] <= width + 1 for box in boxes)
    screen.shoot(f"kiosk-{width}x{height}")


def test_the_page_may_be_framed_and_the_settings_may_not(house: House, bench: Bench) -> None:
    framed = "<!doctype html><iframe id=one width=600 height=400 src='{}'></iframe>"
    pages = {"/page": framed.format(house.url), "/settings": framed.format(f"{house.url}settings")}

    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages.get(self.path, "").encode()
            self.send_response(200 if body else 204)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with listening(Elsewhere) as port:
        shown = bench.open(f"http://127.0.0.1:{port}/page")
        inside = shown.page.frame_locator("#one")
        inside.locator(".station.home .value", has_text="1.20").wait_for()
        # The settings leave the frame: they refuse to be in one.
        inside.locator("#to-settings").wait_for()
        assert inside.locator("#to-settings").get_attribute("target") == "_blank"
        refused = bench.open(f"http://127.0.0.1:{port}/settings", forgiven=("frame", "Frame"))
        refused.page.wait_for_timeout(500)
        assert refused.page.frames[1].locator("form").count() == 0


def test_the_example_shows_the_page_twice(house: House, bench: Bench) -> None:
    screen = bench.open(f"{house.url}example.html", (900, 900))
    for frame in ("Power flow, dark", "Power flow, light"):
        inside = screen.page.frame_locator(f'iframe[title="{frame}"]')
        inside.locator(".station.home .value", has_text="1.20").wait_for()
    screen.shoot("example")


@contextmanager
def listening(handler: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


class Front(BaseHTTPRequestHandler):
    """A front end that shows the proxy under a prefix and takes it off again."""

    prefix = ""
    behind = 0

    def do_GET(self) -> None:
        if not self.path.startswith(self.prefix):
            self.send_error(404)
            return
        upstream = http.client.HTTPConnection("127.0.0.1", self.behind, timeout=20)
        # Who watches a stream goes without a word.
        with contextlib.suppress(OSError), contextlib.closing(upstream):
            path = self.path[len(self.prefix) - 1 :]
            upstream.request("GET", path, headers=dict(self.headers))
            with upstream.getresponse() as answer:
                self.hand_on(answer)

    def hand_on(self, answer: http.client.HTTPResponse) -> None:
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("connection", "transfer-encoding", "date"):
                self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        while part := answer.read1(65536):
            self.wfile.write(part)

    def log_message(self, *_: object) -> None:
        pass


def test_it_works_behind_a_front_end_that_strips_a_prefix(house: House, bench: Bench) -> None:
    handler = type("H", (Front,), {"prefix": "/house/power/", "behind": house.served.port})
    with listening(handler) as port:
        asked: list[str] = []
        screen = bench.open("about:blank")
        screen.page.on("request", lambda request: asked.append(request.url))
        screen.page.goto(f"http://127.0.0.1:{port}/house/power/")
        screen.alive().until_shows(".station.home .value", "1.20 kW")
        screen.page.click("nav >> text=Devices")
        screen.until_shows("#devices", "Firmware")
        assert all(f":{port}/house/power/" in url for url in asked)
        screen.page.close()


def test_it_works_under_a_base_url(bench: Bench, tmp_path: Path) -> None:
    with (
        Simulator(password=PASSWORD, frozen=True) as sim,
        serve(tmp_path, sim, PROXY_BASE_URL="/powerwall/") as served,
    ):
        warm(served)
        screen = bench.open(f"http://127.0.0.1:{served.port}/powerwall").alive()
        assert screen.page.url.endswith("/powerwall/")
        screen.page.click("nav >> text=Status")
        screen.until_shows("#lanes", "answers")
        assert "/powerwall/status" in screen.page.url
        bench.close()


def test_who_wants_no_motion_sees_arrows(house: House, bench: Bench) -> None:
    screen = bench.open(house.url, reduced_motion="reduce").alive()
    screen.until("document.querySelectorAll('.ribbon').length === 3")
    assert screen.page.evaluate("document.getAnimations().length") == 0
    assert screen.page.locator(".arrow").first.is_visible()
    assert not screen.page.locator(".beads").first.is_visible()


def test_everything_is_reached_by_keyboard_and_has_a_name(house: House, bench: Bench) -> None:
    screen = bench.open(house.url).alive()
    reached = []
    for _ in range(14):
        screen.page.keyboard.press("Tab")
        reached.append(
            screen.page.evaluate(
                "(() => { const one = document.activeElement;"
                "return one.getAttribute('aria-label') || one.textContent.trim(); })()"
            )
        )
    stations = [name for name in reached if name.endswith(". Details")]
    assert {name.partition(":")[0] for name in stations} == {"Solar", "Home", "Grid", "Powerwall"}
    assert {"Now", "Status", "Devices", "Settings"} <= set(reached)
    assert all(reached[:8])
    assert "Solar makes 4.60 kW." in screen.text("#flow-title")
