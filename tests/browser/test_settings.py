"""The settings: what is pressed is sent once, and what became of it is told as it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser.house import NETWORK, SECRET, Bench, House, Screen, answers, rows_with
from playwright.sync_api import Route
from support.served import until

LONG_MS = 40_000


@pytest.fixture
def open_settings(house: House, bench: Bench) -> Iterator[Screen]:
    house.does(3000, 1200, -1500)
    screen = bench.open(f"{house.url}settings", forgiven=NETWORK).alive()
    screen.page.wait_for_selector("#form", state="visible")
    yield screen
    house.sim.faults.stop()


def reserve(screen: Screen, percent: int) -> None:
    screen.page.eval_on_selector(
        "#new-reserve",
        "(range, percent) => { range.value = percent;"
        "range.dispatchEvent(new Event('input', {bubbles: true})); }",
        percent,
    )


def wanted(house: House) -> int | None:
    """A reserve that is not the one there is."""
    now = house.served.get("/control/reserve").document
    return 35 if now is None or round(now["reserve"]) != 35 else 45


def test_a_command_is_applied_and_listed(house: House, open_settings: Screen) -> None:
    screen = open_settings
    target = wanted(house)
    assert screen.page.is_disabled("#apply")
    reserve(screen, target)
    screen.page.fill("#token", SECRET)
    screen.until_shows("#change", f"reserve {target} %")
    screen.page.click("#apply")
    screen.until_shows("#answer", "Applied", LONG_MS)
    screen.until_shows("#is", f"reserve {target} %", LONG_MS)
    screen.until_shows("#records", f"reserve {target} %")
    assert screen.page.input_value("#token") == SECRET
    kept = screen.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert SECRET not in kept
    assert SECRET not in screen.page.url
    screen.shoot("settings-applied")
    screen.page.reload()
    screen.page.wait_for_selector("#form", state="visible")
    assert screen.page.input_value("#token") == ""


def test_a_wrong_token_is_said_and_nothing_is_sent(house: House, open_settings: Screen) -> None:
    screen = open_settings
    before = len(house.sim.counters.writes)
    reserve(screen, wanted(house))
    screen.page.fill("#token", "wrong")
    screen.page.click("#apply")
    screen.until_shows("#answer", "The token is wrong")
    assert len(house.sim.counters.writes) == before


@pytest.mark.parametrize("known", [None, 20.0])
def test_what_nobody_chose_is_not_sent_and_follows_the_house(
    house: House, bench: Bench, known: float | None
) -> None:
    told: dict[str, object] = {"reserve_app_pct": known, "mode": "self_consumption"}
    sent: list[object] = []

    def take(route: Route) -> None:
        if route.request.method == "POST":
            sent.append(route.request.post_data_json)
            route.abort()
        else:
            route.continue_()

    routes = {
        "**/events": answers(404),
        "**/api/v1/state?rows": rows_with(told),
        "**/api/v1/commands**": take,
    }
    screen = bench.open(f"{house.url}settings", forgiven=NETWORK, routes=routes)
    screen.until_shows("#is", "mode Self-powered")
    screen.page.check("input[value=backup]")
    screen.until_shows("#change", "Will be set: mode Backup only.")
    assert screen.text("#reserve-said") == ("\u2013" if known is None else "20 %")
    # Meanwhile somebody moves the reserve in Tesla's app.
    told["reserve_app_pct"] = 65.0
    screen.until_shows("#reserve-said", "65 %")
    assert screen.page.is_checked("input[value=backup]")
    assert screen.text("#change") == "Will be set: mode Backup only."
    screen.page.fill("#token", SECRET)
    screen.page.click("#apply")
    screen.until_shows("#answer", "No answer came")
    assert sent == [{"mode": "backup"}]


def test_what_is_not_confirmed_yet_is_pending_and_watched(
    house: House, open_settings: Screen
) -> None:
    screen = open_settings
    house.sim.faults.start("delayed", seconds=4.0)
    target = wanted(house)
    reserve(screen, target)
    screen.page.fill("#token", SECRET)
    screen.page.click("#apply")
    screen.until_shows("#answer", "Sent, not yet confirmed", LONG_MS)
    screen.until_shows(".record:first-child", "Applied", LONG_MS * 2)
    assert f"{target}" in screen.text(".record:first-child")


def test_a_lost_answer_is_no_success_and_pressing_again_is_the_same_command(
    house: House, open_settings: Screen
) -> None:
    screen = open_settings
    keys: list[str] = []

    def lose_first(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    screen.page.route(
        "**/api/v1/commands",
        lambda route: lose_first(route) if route.request.method == "POST" else route.continue_(),
    )
    target = wanted(house)
    before = len(house.sim.counters.writes)
    reserve(screen, target)
    screen.page.fill("#token", SECRET)
    screen.page.click("#apply")
    screen.until_shows("#answer", "No answer came", LONG_MS)
    screen.until_shows("#records", f"reserve {target} %")
    if screen.page.is_enabled("#apply"):
        screen.page.click("#apply")
        screen.until_shows("#answer", "Applied", LONG_MS)
        assert len(set(keys)) == 1
    until(lambda: len(house.sim.counters.writes) > before)


def test_without_a_secret_nothing_is_offered(bench: Bench, house: House) -> None:
    off = '{"error": "Control Commands Disabled - Set PW_CONTROL_SECRET to enable"}'
    routes = {
        "**/control/reserve": lambda route: route.fulfill(
            status=200, content_type="application/json", body=off
        )
    }
    screen = bench.open(house.url, routes=routes).alive()
    assert not screen.page.is_visible("#to-settings")
    screen = bench.open(f"{house.url}settings", routes=routes)
    screen.until_shows("#off", "Commands are off here")
    screen.page.wait_for_selector("#off", state="visible")
    assert not screen.page.is_visible("#form")
