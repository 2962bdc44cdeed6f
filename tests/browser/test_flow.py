"""The drawing: what flows where, in eight states of the plant and in houses of other kinds."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser.house import PASSWORD, Bench, House, Screen, serve, warm

from simulator.gateway import Simulator

STATES = {
    "the sun does it all": ((5000, 1500, -2500), "solar-home solar-battery solar-grid"),
    "the sun feeds home and battery": ((4000, 1500, -2500), "solar-home solar-battery"),
    "the sun alone": ((1500, 1500, 0), "solar-home"),
    "the battery at night": ((0, 1200, 1200), "battery-home"),
    "the grid at night": ((0, 900, 0), "grid-home"),
    "everybody for the home": ((800, 6000, 4000), "solar-home battery-home grid-home"),
    "the grid charges": ((0, 1000, -3000), "grid-home grid-battery"),
    "the battery sells": ((0, 700, 4000), "battery-home battery-grid"),
}


@pytest.mark.parametrize("name", STATES)
def test_power_flows_where_it_does(house: House, bench: Bench, name: str) -> None:
    (solar, home, battery), routes = STATES[name]
    house.does(solar, home, battery)
    screen = bench.open(house.url)
    screen.until_shows(".station.home .value", f"{home / 1000:.2f} kW")
    screen.until_shows(".station.solar .value", f"{solar / 1000:.2f} kW")
    wanted = {tuple(route.split("-")) for route in routes.split()}
    screen.until("count => document.querySelectorAll('.ribbon').length === count", len(wanted))
    flows = screen.flows()
    assert set(flows) == wanted
    assert sum(watts for (_, to), watts in flows.items() if to == "home") == home
    # A ribbon begins at its source: beads run along the path, and the path has that direction.
    for source, target in wanted:
        starts, ends = screen.page.evaluate(
            "([from, to]) => { const bed = document.querySelector("
            "`.ribbon[data-from=${from}][data-to=${to}] .bed`), length = bed.getTotalLength();"
            "const at = (name) => { const box = document.querySelector(`.station.${name} .glyph`)"
            ".getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; };"
            "const far = (part, along) => { const p = bed.getPointAtLength(along)"
            ".matrixTransform(bed.getScreenCTM()), [x, y] = at(part);"
            "return Math.hypot(p.x - x, p.y - y); };"
            "return [[far(from, 0), far(to, 0)], [far(from, length), far(to, length)]]; }",
            [source, target],
        )
        assert starts[0] < starts[1]
        assert ends[1] < ends[0]
    screen.shoot(f"state-{name.replace(' ', '-')}")


def test_beads_run_from_the_beginning_of_a_path_to_its_end(house: House, bench: Bench) -> None:
    house.does(4000, 1500, -2500)
    screen = bench.open(house.url).alive()
    offsets = screen.page.evaluate(
        "async () => { const beads = document.querySelector('.beads');"
        "const at = () => parseFloat(getComputedStyle(beads).strokeDashoffset);"
        "const turn = (t) => { beads.getAnimations()[0].currentTime = t; return at(); };"
        "return [turn(0), turn(500)]; }"
    )
    # A shrinking offset moves dashes towards the end of the path.
    assert offsets[1] < offsets[0]


def test_a_wider_ribbon_is_more_power(house: House, bench: Bench) -> None:
    house.does(4000, 1000, -3000)
    screen = bench.open(house.url).alive()
    screen.until("document.querySelectorAll('.ribbon').length === 2")
    wide = screen.page.eval_on_selector_all(
        ".ribbon",
        "all => all.map(r => [+r.dataset.watts, +r.querySelector('.bed')"
        ".getAttribute('stroke-width')])",
    )
    (less, narrow), (more, broad) = sorted(wide)
    assert broad / narrow == pytest.approx(more / less, rel=0.05)


def test_level_reserve_and_words_are_those_of_the_house(house: House, bench: Bench) -> None:
    house.does(0, 1400, 1400)
    screen = bench.open(house.url)
    screen.until_shows(".inside", "47 %")
    screen.until_shows(".station.home .value", "1.40 kW")
    assert screen.text(".mark") == "reserve 20 %"
    assert screen.text(".station.battery .label") == "Discharging"
    assert screen.text("#headline") == "The Powerwall runs the home"
    assert "The Powerwall gives 1.40 kW. It holds 47 %." in screen.text("#flow-title")
    assert "at this load" in screen.text(".station.battery .note")


def test_leaving_the_grid_and_coming_back_is_told(house: House, bench: Bench) -> None:
    house.does(3000, 1000, -2000)
    screen = bench.open(house.url).alive()
    house.sim.faults.start("outage", scale=0.01)
    try:
        screen.until_shows("#grid .state", "Off grid")
        screen.until_shows(".station.grid .label", "Off grid")
        assert screen.text("#headline").startswith("Off grid: ")
        screen.shoot("off-grid")
    finally:
        house.sim.faults.stop()
    screen.until_shows("#grid .state", "On grid")


def test_a_station_tells_more_when_it_is_tapped(screen: Screen) -> None:
    screen.alive()
    screen.page.focus(".station.battery")
    screen.page.keyboard.press("Enter")
    screen.until("document.querySelector('#details').open")
    assert "Powerwall 2" in screen.text("#details .body")
    screen.shoot("details", whole=False)
    screen.page.keyboard.press("Escape")
    screen.until("!document.querySelector('#details').open")
    # The dialog gives the focus back to where it came from.
    assert screen.page.evaluate("document.activeElement.dataset.part") == "battery"


@pytest.fixture(scope="module")
def solar_only(tmp_path_factory: pytest.TempPathFactory) -> object:
    folder = tmp_path_factory.mktemp("solar")
    with (
        Simulator(system="solaronly", password=PASSWORD, frozen=True) as sim,
        serve(folder, sim) as served,
    ):
        warm(served)
        yield House(sim, served)


@pytest.mark.parametrize("width", [320, 1280])
def test_a_home_without_a_battery_is_drawn_without_one(
    solar_only: House, bench: Bench, width: int
) -> None:
    screen = bench.open(solar_only.url, (width, 800)).alive()
    screen.until_shows(".station.grid .label", "To the grid")
    assert set(screen.flows()) == {("solar", "home"), ("solar", "grid")}
    assert screen.page.locator(".station.battery").count() == 0
    assert not screen.page.is_visible("#battery")
    # Its inverter says that it is an island; it cannot be one.
    assert "Off grid" not in screen.page.inner_text("body")
    assert not screen.overflows()
    screen.shoot(f"solar-only-{width}")


def test_a_hostile_name_is_a_text(bench: Bench, tmp_path: Path) -> None:
    name = "<img src=x onerror=alert(1)> \"'><script>alert(2)</script> & `${1}`"
    with (
        Simulator(password=PASSWORD, frozen=True, site_name=name) as sim,
        serve(tmp_path, sim) as served,
    ):
        warm(served)
        for view in ("", "status", "devices"):
            screen = bench.open(f"http://127.0.0.1:{served.port}/{view}", (320, 640)).alive()
            screen.until_shows("#site", "<img src=x")
            assert screen.text("#site") == name
            assert screen.page.locator("img").count() == 0
            assert name in screen.page.title()
            assert not screen.overflows()
        bench.close()
