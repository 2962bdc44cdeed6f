"""The pure modules, evaluated where they run."""

from __future__ import annotations

from typing import Any

import pytest
from browser.house import House, Screen


def call(screen: Screen, module: str, function: str, *arguments: Any) -> Any:
    return screen.page.evaluate(
        "async ([module, name, args]) => (await import(`/page/${module}`))[name](...args)",
        [module, function, list(arguments)],
    )


@pytest.fixture(scope="module")
def pure(browser: Any, house: House) -> Any:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{house.url}page.css")
    yield Screen(page, context)
    context.close()


@pytest.mark.parametrize(
    ("watts", "shown"),
    [
        (None, "\u2013"),
        ("12", "\u2013"),
        (0, "0.00"),
        (-0.0, "0.00"),
        (4, "0.00"),
        (-4, "0.00"),
        (5, "0.01"),
        (950, "0.95"),
        (9994, "9.99"),
        (9996, "10.0"),
        (-1234, "\u22121.23"),
        (123456, "123"),
    ],
)
def test_kilowatts(pure: Screen, watts: Any, shown: str) -> None:
    assert call(pure, "formats.js", "kilowatts", watts) == shown


@pytest.mark.parametrize(
    ("hours", "shown"),
    [
        (None, "\u2013"),
        (-1, "\u2013"),
        (0.5, "30 min"),
        (1.999, "2 h 0 min"),
        (26, "26 h"),
        (99, "4 days"),
    ],
)
def test_hours(pure: Screen, hours: Any, shown: str) -> None:
    assert call(pure, "formats.js", "hours", hours) == shown


def split(pure: Screen, **powers: Any) -> Any:
    found = call(pure, "flows.js", "split", powers)
    return None if found is None else {f"{one['from']}-{one['to']}": one["watts"] for one in found}


def test_an_unknown_part_leaves_no_flow(pure: Screen) -> None:
    assert split(pure, solar=None, home=1000, grid=0, battery=1000) is None


def test_a_house_may_have_no_battery_and_no_sun(pure: Screen) -> None:
    assert split(pure, home=1000, grid=1000) == {"grid-home": 1000}
    assert split(pure, solar=2000, home=500, grid=-1500) == {"solar-home": 500, "solar-grid": 1500}


def test_trembling_meters_draw_nothing(pure: Screen) -> None:
    assert split(pure, solar=-3, home=8, grid=6, battery=5) == {}


def test_a_home_that_gives_feeds_the_others(pure: Screen) -> None:
    assert split(pure, solar=0, home=-900, grid=-400, battery=-500) == {
        "home-battery": 500,
        "home-grid": 400,
    }


def test_no_flow_gives_more_than_its_source_or_its_target_has(pure: Screen) -> None:
    step = (-4000, -10, 0, 700, 5200)
    for solar in (0, 700, 5200):
        for home in (0, 700, 5200):
            for battery in step:
                powers = {
                    "solar": solar,
                    "home": home,
                    "battery": battery,
                    "grid": home - solar - battery,
                }
                found = call(pure, "flows.js", "split", powers)
                for part, watts in powers.items():
                    gives = sum(one["watts"] for one in found if one["from"] == part)
                    takes = sum(one["watts"] for one in found if one["to"] == part)
                    assert min(gives, takes) == 0
                    assert gives + takes <= abs(watts) + 1e-6
                    # In balance, nothing is lost but what trembles.
                    assert abs(watts) - gives - takes <= 3 * 25


@pytest.mark.parametrize(
    ("name", "words", "grave"),
    [
        ("BatteryFault", "A battery reports a fault", True),
        ("FWUpdateSucceeded", "New firmware was installed", False),
        ("PVAC_a019_ambient_overtemperature", "Solar inverter: ambient overtemperature", False),
        ("POD_f029_HW_CMA_OV", "Battery: CMA OV", True),
        ("SomethingNewHappened", "Something New Happened", True),
        ("constructor", "constructor", True),
        ("__proto__", "proto", True),
    ],
)
def test_alerts_are_told_in_words(pure: Screen, name: str, words: str, grave: bool) -> None:  # noqa: FBT001 - a column
    told = call(pure, "alerts.js", "alertOf", name)
    assert (told["words"], told["isGrave"]) == (words, grave)


def test_what_the_drawing_shows_is_no_alert(pure: Screen) -> None:
    assert call(pure, "alerts.js", "alertOf", "SystemConnectedToGrid") is None


def test_only_what_differs_is_sent(pure: Screen) -> None:
    chosen = {"reserve": 20, "mode": "backup", "charging": None, "exporting": None}
    now = {"reserve": 20.0, "mode": "self_consumption", "charging": None, "exporting": None}
    assert call(pure, "commands.js", "wishOf", chosen, now) == {"mode": "backup"}
    assert call(pure, "commands.js", "wishOf", chosen | {"mode": None}, now) == {}
    assert call(pure, "commands.js", "wishOf", chosen, now | {"reserve": None}) == {
        "reserve_app_pct": 20,
        "mode": "backup",
    }


def test_a_setting_nobody_has_heard_of_is_told_by_its_name(pure: Screen) -> None:
    for name in ("constructor", "__proto__"):
        said = call(pure, "commands.js", "settingWords", {"grid_export": name})
        assert said == f"selling: {name.strip('_')}"
        row = {"site": "home", "fact": "grid_export", "value": name}
        shown = pure.page.evaluate(
            "async (row) => { const { Details } = await import('/page/details.js');"
            "const { h } = await import('/page/dom.js');"
            "const { whole } = await import('/page/facts.js');"
            "const parts = [h('h2'), h('button'), h('div', { class: 'body' })];"
            "const dialog = h('dialog', {}, parts); document.body.append(dialog);"
            "new Details(dialog).open('battery', whole([row], 0), { battery: {}, powers: {} });"
            "dialog.remove(); return dialog.textContent; }",
            row,
        )
        assert f"May be sold{name.strip('_')}Charged" in shown


def test_only_what_differs_is_touched(pure: Screen) -> None:
    """Somebody may be marking it, or have opened it, or stand on it with the keyboard."""
    same, classes, text = pure.page.evaluate(
        "async () => { const { h, refill } = await import('/page/dom.js');"
        "const list = (of) => of.map((n) => h('p', { class: n }, h('b', {}, 'No. '), n));"
        "const box = h('div'); refill(box, list(['one', 'two', 'three']), h('details'));"
        "const [first, , , opened] = box.childNodes; opened.open = true;"
        "refill(box, null, list(['one', '2', 'three']), h('details', {}, 'more'));"
        "const same = box.firstChild === first && box.lastChild === opened && opened.open;"
        "refill(box, list(['one']), h('h3', { id: 'x' }), false);"
        "return [same && box.firstChild === first,"
        "[...box.children].map((one) => one.outerHTML), box.textContent]; }"
    )
    assert same
    assert classes == ['<p class="one"><b>No. </b>one</p>', '<h3 id="x"></h3>']
    assert text == "No. one"


def test_a_curve_has_gaps_where_nothing_is_known(pure: Screen) -> None:
    path = call(pure, "geometry.js", "sparkline", [0, 10, None, 5, None, 10, 10], 0, 10, 60, 10)
    assert path == {
        "line": "M0 10L10 0M30 5h.1M50 0L60 0",
        "area": "M0 10L0 10L10 0V10ZM30 10L30 5V10ZM50 10L50 0L60 0V10Z",
    }


def test_changes_are_laid_over_a_state(pure: Screen) -> None:
    row = {"site": "home", "fact": "power_w", "meter": "load", "value": 1, "unit": "W"}
    told = pure.page.evaluate(
        "async (row) => { const f = await import('/page/facts.js');"
        "let known = f.whole([row], 0);"
        "known = f.changed(known, [{...row, value: 2}], [], 1000);"
        "const two = f.value(known, 'power_w', 'load');"
        "known = f.changed(known, [], [['power_w', 'load']], 2000);"
        "return [two, f.value(known, 'power_w', 'load'), f.row(known, 'power_w', 'load').state]; }",
        row,
    )
    assert told == [2, None, "unknown"]


@pytest.mark.parametrize(
    ("powers", "line"),
    [
        ((5000, 1500, -2500), "The sun runs the home, charges the Powerwall and feeds the grid"),
        ((0, 1000, -3000), "The grid runs the home and charges the Powerwall"),
        ((0, 700, 4000), "The Powerwall runs the home and feeds the grid"),
        ((800, 6000, 4000), "The Powerwall, the grid and the sun run the home"),
        (
            (2000, 1000, -3000),
            "The sun runs the home and charges the Powerwall; the grid charges the Powerwall",
        ),
        ((0, 0, 0), "The house is quiet"),
    ],
)
def test_a_line_says_what_the_house_does(pure: Screen, powers: Any, line: str) -> None:
    solar, home, battery = powers
    given = {"solar": solar, "home": home, "battery": battery, "grid": home - solar - battery}
    flows = call(pure, "flows.js", "split", given)
    house = {"flows": flows, "grid": {"state": "on_grid"}, "trust": {"isKnown": True}}
    assert call(pure, "words.js", "headline", house) == line
    off = house | {"grid": {"state": "islanded"}}
    assert call(pure, "words.js", "headline", off) == f"Off grid: t{line[1:]}"
    gone = house | {"flows": None, "trust": {"isKnown": False}}
    assert call(pure, "words.js", "headline", gone) == "Nothing is known just now"
    assert call(pure, "words.js", "headline", house | {"isStopped": True}) == (
        "The Powerwall is stopped"
    )
