"""Contract 1.7 with a control secret, on every system; no token is needed to read."""

from __future__ import annotations

import pytest
from contract.control import PROMISES_ON
from contract.houses import ALL, ask, house, told
from contract.paths import PATHS
from support.contract import JSON_TYPE, Promise
from support.golden import NOTHING

SECRET = {"PW_CONTROL_SECRET": "s3cret"}


def test_every_path_of_the_contract_is_described() -> None:
    assert [promise.path for promise in PROMISES_ON] == list(PATHS["1.7 control"])


@pytest.mark.parametrize("system", ALL)
@pytest.mark.parametrize("promise", PROMISES_ON, ids=lambda promise: promise.path)
def test_a_control_route_keeps_its_promise(promise: Promise, system: str) -> None:
    answer = ask(house(system, **SECRET), promise.path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == JSON_TYPE
    assert answer.headers["access-control-allow-origin"] == "*"
    assert list(promise.shape(told(system))(answer.json, promise.path)) == []
    assert answer.text == promise.spelled(answer.json)


@pytest.mark.parametrize("promise", PROMISES_ON, ids=lambda promise: promise.path)
def test_a_control_route_of_nothing_says_so(promise: Promise) -> None:
    assert ask(house(NOTHING, **SECRET), promise.path).json == promise.nothing


def test_a_token_in_the_query_changes_nothing() -> None:
    client = house("pw2", **SECRET)
    for token in ("s3cret", "wrong"):
        answer = ask(client, f"/control/max_backup?token={token}")
        assert (answer.status_code, list(answer.json)) == (200, ["error"])
