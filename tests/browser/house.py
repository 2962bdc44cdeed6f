"""What the stories in the browser share: a house to set, screens to look at."""

from __future__ import annotations

import re
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, Route
from support.served import Served

from simulator.gateway import Simulator

PASSWORD = "K3y_4-me"
SECRET = "opensesame"
"""Of commands."""
SCREENS = Path(__file__).parents[2] / "build" / "screens"
SOON_MS = 15_000
NETWORK = ("Failed to load resource", "net::ERR")
"""Console errors of a test that has the proxy refuse or go."""
WARM_S = 20.0
_FUNCTION = re.compile(r"(\w+|\([^)]*\)) =>")
_WATCH = """
window.broken = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.broken.push(`${event.violatedDirective} ${event.blockedURI}`));
"""


@dataclass
class House:
    """A simulated house and the proxy that reads it."""

    sim: Simulator
    served: Served

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.served.port}/"

    def does(self, solar: float, home: float, battery: float) -> None:
        """Set the powers; the grid makes up the difference."""
        plant = self.sim.plant
        with plant._lock:
            view = plant._view
            plant._view = replace(
                view,
                solar=replace(view.solar, power_w=solar),
                load=replace(view.load, power_w=home),
                battery=replace(view.battery, power_w=battery),
                site=replace(view.site, power_w=home - solar - battery),
            )

    def gives(self, *watts: float) -> None:
        """Set what each Powerwall discharges."""
        plant = self.sim.plant
        with plant._lock:
            packs = zip(plant._view.packs, watts, strict=True)
            new = tuple(replace(pack, power_w=power_w) for pack, power_w in packs)
            plant._view = replace(plant._view, packs=new)


@dataclass
class Screen:
    """One open page, and everything that went wrong in it."""

    page: Page
    context: BrowserContext
    forgiven: tuple[str, ...] = ()
    errors: list[str] = field(default_factory=list)

    def watch(self) -> None:
        page = self.page
        page.on("pageerror", lambda error: self.errors.append(f"script: {error}"))
        page.on(
            "console",
            lambda said: self.errors.append(said.text) if said.type == "error" else None,
        )
        page.on("dialog", lambda dialog: self.errors.append(f"dialog: {dialog.message}"))

    def text(self, selector: str) -> str:
        return (self.page.text_content(selector, timeout=SOON_MS) or "").replace("\u2009", " ")

    def until(self, script: str, argument: Any = None, within_ms: float = SOON_MS) -> None:
        """Wait until something is true in the page; a function, as its policy forbids eval."""
        script = script if _FUNCTION.match(script) else f"() => {script}"
        self.page.wait_for_function(script, arg=argument, timeout=within_ms)

    def until_shows(self, selector: str, text: str, within_ms: float = SOON_MS) -> None:
        self.until(
            "([where, text]) => document.querySelector(where)?.textContent"
            ".replace(/\\u2009/g, ' ').includes(text)",
            [selector, text],
            within_ms,
        )

    def alive(self) -> Screen:
        self.until_shows("#chip", "Live")
        return self

    def flows(self) -> dict[tuple[str, str], int]:
        found = self.page.eval_on_selector_all(
            ".ribbon", "all => all.map(one => ({...one.dataset}))"
        )
        return {(one["from"], one["to"]): int(one["watts"]) for one in found}

    def overflows(self) -> bool:
        wide: bool = self.page.evaluate(
            "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        )
        return wide

    def shoot(self, name: str, *, whole: bool = True) -> None:
        """Keep a picture for who wants to look."""
        SCREENS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENS / f"{name}.png", full_page=whole)

    def close(self) -> list[str]:
        """Close, and tell what went wrong."""
        broken = [] if self.page.is_closed() else self.page.evaluate("window.broken || []")
        self.context.close()
        errors = [e for e in self.errors if not any(word in e for word in self.forgiven)]
        return [*errors, *broken]


class Bench:
    """Opens screens, and closes them all."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._screens: list[Screen] = []

    def open(
        self,
        url: str,
        size: tuple[int, int] = (1280, 800),
        scheme: Any = "light",
        *,
        forgiven: tuple[str, ...] = (),
        routes: dict[str, Any] | None = None,
        **more: Any,
    ) -> Screen:
        """Open a page; forgiven are words of console errors that the test causes itself."""
        width, height = size
        context = self._browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, **more
        )
        context.add_init_script(_WATCH)
        for pattern, handler in (routes or {}).items():
            context.route(pattern, handler)
        screen = Screen(context.new_page(), context, forgiven)
        screen.watch()
        self._screens.append(screen)
        screen.page.goto(url)
        return screen

    def close(self) -> None:
        """Close all screens; their house may still be there, or its end is an error of theirs."""
        screens, self._screens = self._screens, []
        wrong = [error for screen in screens for error in screen.close()]
        assert not wrong, wrong


def answers(status: int) -> Any:
    """A handler that answers a status and nothing else."""

    def handle(route: Route) -> None:
        route.fulfill(status=status, body="")

    return handle


def rows_with(values: dict[str, Any]) -> Any:
    """A handler of /api/v1/state?rows that has facts say something else: {fact: value}."""

    def handle(route: Route) -> None:
        answer = route.fetch()
        rows = [row | {"value": values.get(row["fact"], row["value"])} for row in answer.json()]
        route.fulfill(response=answer, json=rows)

    return handle


def serve(folder: Path, sim: Simulator, **settings: str) -> Served:
    return Served(
        folder,
        (sys.executable, "-m", "proxy"),
        PW_HOST=sim.address,
        PW_PASSWORD=PASSWORD,
        PW_CACHE_EXPIRE="1",
        PW_CACHE_TTL="8",
        **settings,
    )


def warm(served: Served) -> None:
    """Wait until all there is to know is known, as it is where somebody reads already."""
    ends_s = time.monotonic() + WARM_S
    while time.monotonic() < ends_s:
        leaves = served.get("/api/v1/state").document["sites"]["home"]
        if leaves["power_w"].get("solar", {}).get("value") is not None:
            return
        time.sleep(0.1)
    raise AssertionError("the house is not known")
