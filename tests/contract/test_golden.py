"""Every route on every system answers what it answered when the golden files were made."""

from __future__ import annotations

from typing import Any

import pytest
from support import samples
from support.golden import ALL, FOLDER, answers, requests, stored
from support.unknown import CSV, UNKNOWN

from proxy.routes import ROUTES, VIEWS


@pytest.fixture(scope="module", params=ALL)
def house(request: pytest.FixtureRequest) -> tuple[dict[str, Any], dict[str, Any]]:
    return stored(request.param), answers(request.param)


@pytest.mark.parametrize("request_", requests())
def test_a_route_answers_as_it_did(
    house: tuple[dict[str, Any], dict[str, Any]], request_: str
) -> None:
    before, now = house
    assert now[request_] == before[request_]
    # Equal is not enough: 1 and 1.0 and true are, and keys in another order.
    assert repr(now[request_]) == repr(before[request_])


def test_the_golden_set_covers_the_whole_route_table_on_every_system() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(ALL)
    for system in ALL:
        assert set(stored(system)) == {row.path for row in ROUTES} | {f"{p}?headers" for p in CSV}


def test_every_view_is_known_on_some_system() -> None:
    """A route that no system serves would be covered by nothing but null."""
    never = {
        view.path
        for view in VIEWS
        if all(stored(system)[view.path]["cache"] != "hit" for system in ALL)
    }
    # Only the oldest firmware has these, and shows them only after a login, which stops it.
    old = {"/api/site_info/grid_codes", "/api/system/networks"}
    assert never == old | {view.path for view in VIEWS if not view.needs}


def test_the_house_of_which_nothing_is_known_has_no_number() -> None:
    nothing = stored("nothing")
    for view in VIEWS:
        assert nothing[view.path]["body"] == UNKNOWN.get(view.path)


def test_the_packaged_samples_are_those_of_these_systems() -> None:
    """`make golden` writes them anew; the difference is what /openapi.json says otherwise."""
    assert samples.FILE.read_text("utf-8") == samples.text()
