"""Who may read, who sees settings, and what routes of modes that are off answer."""

from __future__ import annotations

from typing import Any

import pytest
from falcon.asgi import Request
from falcon.testing import create_scope
from support.desk import HERE, Served

from proxy.access import may_read
from proxy.routes import CONTROLS, LIVE, PAGES, VIEWS
from proxy.routes.off import OFF

TOKEN = "r3ad-me"
SHOWING = [live.path for live in LIVE if live.shows_settings]
CLOSED = [row.path for row in (*VIEWS, *LIVE, *CONTROLS) if row.path != "/healthz"]


# -- the read token -------------------------------------------------------------------------


@pytest.fixture
def closed() -> Served:
    return Served(PW_READ_TOKEN=TOKEN)


@pytest.fixture(scope="module")
def shut() -> Served:
    """One application for all that is refused: nothing of it may stay."""
    return Served(PW_READ_TOKEN=TOKEN)


@pytest.mark.parametrize("path", CLOSED)
def test_with_a_read_token_every_read_has_to_show_it(shut: Served, path: str) -> None:
    for more in ({}, {"headers": {"Authorization": "Bearer no"}}, {"query_string": "token=no"}):
        answer = shut.get(path, **more)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        said = answer.json.get("detail") or answer.json["error"]
        assert said == "PW_READ_TOKEN is wanted"
        assert TOKEN not in answer.text
    shut.world.run(5.0)
    assert shut.gateway.sent == []


@pytest.mark.parametrize("path", CLOSED)
def test_who_shows_it_reads(closed: Served, path: str) -> None:
    closed.gateway.documents["aggregates"] = {"site": {"instant_power": 1}}
    closed.get(path, query_string=f"token={TOKEN}")
    closed.world.run(2.0)
    answer = closed.get(path, headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/healthz", *(page.path for page in PAGES)])
def test_what_holds_no_data_stays_open(closed: Served, path: str) -> None:
    assert closed.get(path).status_code == 200


def test_without_a_read_token_nothing_is_closed() -> None:
    assert Served().get("/soe").status_code == 200


def test_the_read_token_below_a_base_path() -> None:
    served = Served(PW_READ_TOKEN=TOKEN, PROXY_BASE_URL="/tesla")
    assert served.get("/tesla/soe").status_code == 401
    assert served.get("/tesla/healthz").status_code == 200
    assert served.get("/tesla").status_code == 308
    assert served.get("/tesla/soe", query_string=f"token={TOKEN}").status_code == 200


@pytest.mark.parametrize(
    "more",
    [
        {"headers": {"Authorization": f"bearer {TOKEN}"}},
        {"headers": {"Authorization": "Basic eDp5"}, "query_string": f"token={TOKEN}"},
        {"query_string": f"token={TOKEN}&token=x"},
        {"query_string": f"token=x&token={TOKEN}"},
    ],
)
def test_the_token_is_found_whatever_stands_beside_it(closed: Served, more: Any) -> None:
    assert closed.get("/soe", **more).status_code == 200


def test_who_needs_both_tokens_can_show_both() -> None:
    served = Served(PW_READ_TOKEN=TOKEN, PW_CONTROL_SECRET="c0ntrol")
    shown = {"headers": {"Authorization": f"Bearer {TOKEN}"}, "query_string": "token=c0ntrol"}
    answer = served.client.simulate_get("/stats/clear", remote_addr="10.0.0.9", **shown)
    assert answer.status_code == 200


@pytest.mark.parametrize("token", ["grün", "\udcff"])
def test_a_token_of_any_letters_harms_nobody(token: str) -> None:
    served = Served(PW_READ_TOKEN=token)
    assert served.get("/soe").status_code == 401
    assert served.get("/soe", query_string="token=x").status_code == 401


@pytest.mark.parametrize("token", ["voilà", "Å", "grün", "ключ"])
@pytest.mark.parametrize("around", ["{}", " {}\t"])
def test_a_bearer_is_the_bytes_of_its_letters(token: str, around: str) -> None:
    """In Latin-1 the last byte of "à" is a space, and that of "Å" a line's end."""
    scope = create_scope()
    sent = around.format(token).encode()
    # The test client strips what it sends.
    scope["headers"] = [*scope["headers"], (b"authorization", b"Bearer " + sent)]
    assert may_read(Request(scope, nothing), token)


async def nothing() -> Any:
    raise AssertionError("a header is enough")


# -- names ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def named() -> Served:
    return Served(PW_ALLOWED_HOSTS="Powerwall.example.org, other.example")


@pytest.mark.parametrize("path", SHOWING)
@pytest.mark.parametrize(
    "host",
    [
        "192.168.1.9:8675",
        "127.0.0.1",
        "[::1]:8675",
        "[fe80::1]",
        "localhost",
        "pi:8675",
        "PI.local",
        "nas.lan:80",
        "box.home.arpa.",
        "powerwall.example.org:8675",
    ],
)
def test_settings_are_shown_under_names_of_home_networks(
    named: Served, path: str, host: str
) -> None:
    assert named.get(path, host=host).status_code == 200


@pytest.mark.parametrize("path", SHOWING)
@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8675", "local.evil", "x.locals", "1.2.3.4.evil", "a.b.c"]
)
def test_settings_are_not_shown_under_a_strangers_name(path: str, host: str) -> None:
    served = Served()
    served.get("/soe")
    answer = served.get(path, host=host)
    assert answer.status_code == 421
    assert "PW_ALLOWED_HOSTS" in answer.json["error"]
    assert served.get("/stats").json["uri"]["/soe"] == 1


def test_readings_are_not_settings() -> None:
    assert Served().get("/soe", host="evil.example").status_code == 200


# -- modes that are off ---------------------------------------------------------------------


@pytest.mark.parametrize("row", OFF, ids=lambda row: row.path)
def test_a_mode_that_is_off_says_so_and_asks_nobody(row: Any) -> None:
    served = Served()
    answer = served.get(row.path)
    assert answer.status_code == 200
    assert answer.json == {} or list(answer.json) == ["error"]
    assert answer.headers["cache-status"] == "powerwall-proxy; fwd=miss; detail=not-served"
    assert served.get("/stats").json["timeout"] == 0
    served.world.run(5.0)
    assert served.gateway.count() <= 2  # the site's name, for /stats


@pytest.mark.parametrize("path", ["/tedapix", "/tedapi/", "/tedapi/x", "/cloudfoo", "/fleetapi/"])
def test_what_only_begins_like_it_is_404(path: str) -> None:
    assert Served().get(path).status_code == 404


# -- /health --------------------------------------------------------------------------------

HEALTH = """pypowerwall mode tedapi_mode pypowerwall_cache_expire degradation_cache_ttl_seconds
graceful_degradation fail_fast_mode health_check_enabled startup_time current_time transports
proxy_stats connection_health fallback_mode cached_data"""


def test_health_is_complete() -> None:
    served = Served()
    served.warm("/aggregates", "/vitals")
    served.get("/aggregates")
    served.get("/soe")  # asked for the first time, and not answered yet
    health = served.get("/health").json
    assert set(health) >= set(HEALTH.split())
    assert set(health["cached_data"]["endpoints"]) == {
        "/api/meters/aggregates",
        "/api/devices/vitals",
    }
    assert health["cached_data"]["cache_size"] == 2
    tracked = health["endpoint_statistics"]
    assert set(tracked) == {"/aggregates", "/soe", "/vitals"}
    assert tracked["/aggregates"] == {
        "total_calls": 2,
        "successful_calls": 1,
        "failed_calls": 1,
        "success_rate_percent": 50.0,
    }


def test_what_is_too_old_to_show_is_called_expired() -> None:
    served = Served()
    served.warm("/aggregates")
    served.world.run(120.0)
    (entry,) = served.get("/health").json["cached_data"]["endpoints"].values()
    assert entry["is_expired"] is True
    assert entry["age_seconds"] > 100


def test_health_reset_counts_anew_and_forgets_nothing() -> None:
    served = Served()
    served.warm("/aggregates")
    known = served.get("/aggregates").content
    answer = served.get("/health/reset")
    assert answer.json["status"] == "reset_complete"
    health = served.get("/health").json
    assert health["connection_health"]["total_successes"] == 0
    assert "endpoint_statistics" not in health
    assert served.get("/aggregates").content == known
    assert served.client.simulate_get("/health/reset", remote_addr="10.0.0.9").status_code == 403
    served.get("/aggregates")
    assert served.client.simulate_head("/health/reset", remote_addr=HERE).status_code == 200
    assert "endpoint_statistics" in served.get("/health").json
