"""A proxy that reads Tesla's cloud on a bad day: killed, rate limited, its site replaced."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from support.accounts import Account
from support.forked import Forked
from support.served import Served, until

from simulator.cloud import CloudSimulator

TOKEN_CALL = "POST /oauth2/v3/token"
KILLS_AFTER_S = (0.0, 0.005, 0.01)
"""From Tesla's hearing of a refresh: its answer, the file, and what is asked with it."""


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """Tesla takes a refresh token once more for a while: an answer may be lost on the way."""
    folder = tmp_path_factory.mktemp("hard") / "auth"
    with CloudSimulator(frozen=True, refresh_grace_s=60.0) as cloud:
        one = Account(cloud, folder)
        yield one
        one.close()


@pytest.fixture(scope="module")
def served(account: Account) -> Iterator[Served]:
    servers = account.servers
    settings = {
        "PW_AUTH_PATH": str(account.folder),
        "PW_CLOUD_API_URL": servers.api,
        "PW_CLOUD_CA": str(servers.ca_file),
        "PW_CACHE_EXPIRE": "1",
    }
    with Forked(account.folder.with_name("proxy"), **settings) as one:
        one.known("/pw/power")
        yield one


def lane(served: Served) -> dict[str, Any]:
    found: dict[str, Any] = served.get("/health").document["lanes"][0]
    return found


def calls(account: Account) -> dict[str, int]:
    counted: dict[str, int] = account.cloud.counters.snapshot()["calls"]
    return counted


def kill(served: Served) -> None:
    """Kill the worker, and wait for the one that is begun in its place."""
    (worker,) = served.workers
    os.kill(worker, signal.SIGKILL)
    until(lambda: [pid for pid in served.workers if pid != worker])


def asked(served: Served) -> None:
    with contextlib.suppress(OSError, http.client.HTTPException):  # it is killed meanwhile
        served.get("/pw/power")


def test_kills_in_the_middle_of_refreshes_never_cost_a_login(
    account: Account, served: Served
) -> None:
    kill(served)  # one that has just begun remembers nothing, so it asks at once
    for after_s in KILLS_AFTER_S:
        account.cloud.expire_sessions()
        before = calls(account).get(TOKEN_CALL, 0)
        client = threading.Thread(target=asked, args=(served,))
        client.start()
        until(lambda seen=before: calls(account).get(TOKEN_CALL, 0) > seen)
        time.sleep(after_s)
        kill(served)
        client.join()
        assert account.stored["refresh_token"]
        assert account.path.stat().st_mode & 0o777 == 0o600
    assert served.known("/pw/power").document["load"] == 1200
    assert account.refreshes[1] == 0
    assert "powerwall setup" not in served.log


def test_who_is_told_to_wait_asks_nothing_until_then(account: Account, served: Served) -> None:
    account.cloud.faults.start("limited", retry_after=1, count=1)
    until(lambda: served.get("/pod") and lane(served)["state"] == "rate limited")
    found, before = lane(served), account.asked()
    ends_s = time.monotonic() + found["resting_for_s"] - 0.1
    while time.monotonic() < ends_s:
        asked(served)
        assert served.get("/soe").took_s < 0.5
    assert account.asked() == before
    assert "429" in found["last_error"]
    until(lambda: served.get("/pod") and lane(served)["state"] == "up")


def test_a_site_that_was_replaced_is_an_error_and_no_other_is_shown(
    account: Account, served: Served
) -> None:
    heir = account.cloud.sites[0].identity.heir_id
    kill(served)
    account.cloud.faults.start("site_replaced")
    until(lambda: served.get("/aggregates") and lane(served)["state"] == "needs setup")
    found, before = lane(served)["last_error"], account.asked()
    assert all(str(one) in found for one in (account.cloud.site_id, heir))
    assert served.get("/aggregates").document is None
    assert account.asked() == before
    assert not any(f"/{heir}/" in call for call in calls(account))
