"""Which account and which site: the one that is wanted, or an error that lists what there is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.anyjson import JSON

from pypowerwall_core.backends.cloud.choice import (
    BATTERY,
    NOBODY,
    SOLAR,
    EnergySite,
    choose,
    email_of,
    sites_of,
)
from pypowerwall_core.errors import BadSetting

NUMBERS = st.integers(0, 5)
ANY_SITES = st.lists(
    st.builds(EnergySite, NUMBERS, st.sampled_from([BATTERY, SOLAR]), st.text(max_size=3)),
    unique_by=lambda site: site.id,
)
HOME, CABIN = EnergySite(1, BATTERY, "Home"), EnergySite(2, BATTERY, "Cabin")
ROOF = EnergySite(3, SOLAR, "Roof")


@given(ANY_SITES, NUMBERS)
def test_what_is_wanted_is_chosen_or_nothing_is(sites: list[EnergySite], wanted: int) -> None:
    by_id = {site.id: site for site in sites}
    if wanted in by_id:
        assert choose(sites, f"{wanted}", 99) == by_id[wanted]
        assert choose(sites, "", wanted) == by_id[wanted]
        return
    for text, stored in ((f"{wanted}", None), ("", wanted)):
        with pytest.raises(BadSetting) as info:
            choose(sites, text, stored)
        assert all(str(site.id) in str(info.value) for site in sites)


@given(ANY_SITES)
def test_without_a_wish_the_first_battery_then_the_first_solar(sites: list[EnergySite]) -> None:
    if not sites:
        with pytest.raises(BadSetting, match="neither"):
            choose(sites, "", None)
        return
    batteries = [site for site in sites if site.kind == BATTERY]
    assert choose(sites, "", None) == (batteries or sites)[0]


def test_what_is_set_goes_before_what_is_stored() -> None:
    assert choose([HOME, CABIN, ROOF], "3", 2) == ROOF


def test_a_wrong_site_is_told_with_all_there_are() -> None:
    with pytest.raises(BadSetting) as info:
        choose([HOME, ROOF], "7", None)
    assert str(info.value) == (
        "PW_SITEID: the account has no site 7; it has 1 (Home, battery), 3 (Roof, solar). "
        "Set one of them"
    )
    with pytest.raises(BadSetting, match="it has none"):
        choose([], "7", None)


def test_a_site_that_was_stored_and_has_gone_is_told() -> None:
    with pytest.raises(BadSetting, match=r"no site 9, .* it has 1 \(Home, battery\)"):
        choose([HOME], "", 9)


# -- the products of an account ----------------------------------------------------------------


@given(JSON)
def test_whatever_the_products_are_sites_are_sites(products: Any) -> None:
    for site in sites_of([products]) + sites_of(products):
        assert isinstance(site.id, int)
        assert site.kind in (BATTERY, SOLAR)


def test_cars_chargers_and_odd_numbers_are_no_sites() -> None:
    products = [
        {"vehicle_id": 1, "vin": "5YJ"},
        {"energy_site_id": 4, "resource_type": "wall_connector"},
        {"energy_site_id": "5", "resource_type": "battery"},
        {"energy_site_id": True, "resource_type": "battery"},
        {"energy_site_id": 6, "resource_type": "battery", "site_name": None, "gateway_id": 7},
        {"energy_site_id": 3, "resource_type": "solar", "site_name": "Roof"},
        None,
    ]
    assert sites_of(products) == [EnergySite(6, BATTERY, ""), ROOF]


def test_a_site_without_a_name_is_its_number() -> None:
    assert (str(EnergySite(6, SOLAR, "")), str(HOME)) == ("6 (solar)", "1 (Home, battery)")


# -- the account ----------------------------------------------------------------------------


NAMES = st.text("abcXYZ@.", min_size=1, max_size=8).filter(lambda name: name != NOBODY)


@given(st.lists(NAMES, min_size=1, unique_by=str.lower), st.data())
def test_the_account_that_is_wanted_in_any_case(accounts: list[str], data: st.DataObject) -> None:
    wanted = data.draw(st.sampled_from(accounts))
    assert email_of(wanted.swapcase(), accounts) == wanted
    assert email_of("", accounts) == email_of(NOBODY, accounts) == accounts[0]


def test_an_account_that_is_not_there_is_told_and_no_other_taken() -> None:
    with pytest.raises(BadSetting, match="PW_EMAIL") as info:
        email_of("me@example.com", ["you@example.com"])
    assert "@" not in str(info.value)


def test_without_any_account_there_are_two_ways_out() -> None:
    with pytest.raises(BadSetting, match=r"powerwall setup.*PW_HOST"):
        email_of("", [])
