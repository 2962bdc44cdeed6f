"""The devices: what there is, and that it holds still for who reads it."""

from __future__ import annotations

from browser.house import Bench, House


def test_a_serial_number_can_be_marked_while_the_house_moves(house: House, bench: Bench) -> None:
    house.does(3000, 1200, -1500)
    house.gives(700, 800)
    screen = bench.open(f"{house.url}devices").alive()
    second = ".card:has(h2:text-is('Powerwall 2'))"
    screen.page.wait_for_selector(f"{second} >> text=800 W discharging")
    screen.page.click(f"{second} summary")
    serial = screen.page.text_content(f"{second} dd:right-of(:text('Serial'))")
    assert serial
    screen.page.click(f"{second} dd:text-is('{serial}')", click_count=3)
    screen.page.focus(f"{second} summary")
    house.does(3100, 1300, -1500)
    house.gives(500, 600)
    screen.page.wait_for_selector(f"{second} >> text=600 W discharging")
    marked = screen.page.evaluate("getSelection().toString().trim()")
    assert marked == serial
    assert screen.page.is_visible(f"{second} dd:text-is('{serial}')")
    assert screen.page.evaluate("document.activeElement.tagName") == "SUMMARY"
    screen.shoot("devices-opened")
