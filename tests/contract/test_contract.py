"""Every route of the contract on every system: keys, their order, types, nulls and spelling."""

from __future__ import annotations

import json
from typing import Any

import pytest
from contract.houses import ALL, reply, told
from contract.paths import PATHS
from contract.promises import MOMENT, PROMISES
from support.contract import JSON_TYPE, NUMBER, TEXT, Promise, at_least, compact, exactly, keys
from support.frozen import HOMES
from support.golden import NOTHING

from proxy.routes import LIVE, ROUTES

OWN = {live.path for live in LIVE if live.shows_settings}
PATHS_OF_ALL = [path for paths in PATHS.values() for path in paths]


def body(promise: Promise, system: str) -> Any:
    text = reply(system, promise.path).text
    return json.loads(text) if promise.content_type == JSON_TYPE else text


def violations(promise: Promise, system: str) -> list[str]:
    return list(promise.shape(told(system))(body(promise, system), promise.path))


# -- the lists ------------------------------------------------------------------------------


def test_every_path_of_the_contract_is_described_and_no_other() -> None:
    assert len(PATHS_OF_ALL) == len(set(PATHS_OF_ALL))
    assert set(PROMISES) == set(PATHS_OF_ALL)
    assert len(PATHS["1.5 the library's calls"]) == 25


@pytest.mark.parametrize("path", sorted({path.partition("?")[0] for path in PATHS_OF_ALL}))
def test_every_path_of_the_contract_is_a_route(path: str) -> None:
    assert path in {row.path for row in ROUTES}


@pytest.mark.parametrize("path", sorted(PROMISES.keys() - MOMENT))
def test_what_is_promised_of_nothing_fits_what_is_promised_of_a_system(path: str) -> None:
    """The two lists are written apart; a null column would show in one of them only."""
    promise = PROMISES[path]
    if promise.nothing_status == 200 and promise.nothing not in (None, {}):
        assert list(promise.shape({})(promise.nothing, path)) == []


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"a": 1, "b": "x"}, []),
        ({"b": "x", "a": 1}, ["/r: keys are in another order: b, a"]),
        ({"a": 1}, ["/r.b: is missing"]),
        ({"a": True, "b": None}, ["/r.a: True is no number", "/r.b: None is no text"]),
        ({"a": 1, "b": "x", "c": 2}, ["/r.c: is not promised"]),
        (None, ["/r: None is no object"]),
    ],
)
def test_a_violation_is_named_by_its_place(value: Any, found: list[str]) -> None:
    assert list(keys({"a": NUMBER, "b": TEXT})(value, "/r")) == found


def test_what_is_equal_is_not_the_same() -> None:
    for value in (1.0, True, "1", [1]):
        assert list(exactly(1)(value, "/r"))
    assert list(at_least({"a": NUMBER})({"a": 1, "b": 2}, "/r")) == []


# -- what is served -------------------------------------------------------------------------


@pytest.mark.parametrize("system", HOMES)
@pytest.mark.parametrize("promise", PROMISES.values(), ids=lambda promise: promise.path)
def test_a_route_keeps_its_promise(promise: Promise, system: str) -> None:
    answer = reply(system, promise.path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == promise.content_type
    assert violations(promise, system) == []


@pytest.mark.parametrize("promise", PROMISES.values(), ids=lambda promise: promise.path)
def test_a_route_of_nothing_says_so(promise: Promise) -> None:
    answer = reply(NOTHING, promise.path)
    assert answer.status_code == promise.nothing_status
    if promise.path in MOMENT:
        assert violations(promise, NOTHING) == []
    else:
        assert answer.headers["content-type"] == JSON_TYPE
        assert answer.text == compact(promise.nothing)


@pytest.mark.parametrize("system", ALL)
def test_bodies_are_spelled_as_they_always_were(system: str) -> None:
    for path, promise in PROMISES.items():
        if promise.content_type == JSON_TYPE:
            text = reply(system, path).text
            assert text == promise.spelled(json.loads(text)), path


@pytest.mark.parametrize("system", ["pw2", NOTHING])
def test_every_answer_may_be_read_by_any_page_and_hands_out_no_cookie(system: str) -> None:
    """Any page but for what shows settings: that was a weakness of the original."""
    for path in PROMISES:
        headers = reply(system, path).headers
        readers = None if path in OWN else "*"
        assert headers.get("access-control-allow-origin") == readers, path
        assert headers["content-length"] == str(len(reply(system, path).content)), path
        assert "set-cookie" not in headers, path


def test_systems_tell_enough_to_prove_something() -> None:
    """A promise that no system fills would be kept by saying nothing."""
    only_null = {
        path
        for path, promise in PROMISES.items()
        if promise.content_type == JSON_TYPE
        and all(reply(system, path).json in (None, {}) for system in HOMES)
    }
    old_firmware = {"/api/site_info/grid_codes", "/api/system/networks"}
    assert only_null == {"/fans", "/fans/pw"} | old_firmware
