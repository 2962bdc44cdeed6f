"""Routes over a lane with a fake clock: bodies, headers and what the gateway sees."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from falcon import testing
from support.desk import HERE, Served
from support.unknown import CSV, UNKNOWN

from proxy.app import Application
from proxy.desk import Desk
from proxy.routes import LIVE, PAGES, VIEWS
from pypowerwall_core.backends.local.reader import ROWS
from pypowerwall_core.errors import NotServed, Unreachable


@pytest.fixture
def served() -> Served:
    return Served()


@pytest.fixture(scope="module")
def cold() -> Served:
    """One whose gateway is never reached, for all who ask what is not known."""
    return Served()


def test_a_document_passes_through_with_the_spelling_clients_cut(served: Served) -> None:
    served.gateway.documents["aggregates"] = {"site": {"instant_power": -300, "x": 0.1, "n": "é"}}
    served.warm("/aggregates")
    answer = served.get("/aggregates")
    assert answer.content == b'{"site": {"instant_power": -300, "x": 0.1, "n": "\\u00e9"}}'
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["age"] == "1"
    assert answer.headers["cache-status"] == "powerwall-proxy; hit; ttl=3"
    assert "set-cookie" not in answer.headers


def test_both_aggregates_paths_are_one_source(served: Served) -> None:
    served.warm("/aggregates", "/api/meters/aggregates")
    assert served.gateway.counts() == {"aggregates": 1}


def test_the_two_percent_scales(served: Served) -> None:
    served.gateway.documents["soe"] = {"percentage": 24.0}
    served.warm("/soe")
    assert served.get("/soe").json == {"percentage": 24.0}
    assert served.get("/api/system_status/soe").json == {"percentage": 20.0}
    served.gateway.documents["soe"] = {"percentage": 3}
    served.world.run(60.0)
    served.warm("/soe")
    assert served.get("/api/system_status/soe").json == {"percentage": 0.0}


def test_vitals_are_indented_and_sorted(served: Served) -> None:
    served.gateway.documents["vitals"] = {"TETHC--1": {"b": True, "a": None}, "STSTSM--2": {}}
    served.warm("/vitals")
    text = served.get("/vitals").text
    assert text == json.dumps(
        {"STSTSM--2": {}, "TETHC--1": {"a": None, "b": True}}, indent=4, sort_keys=True
    )


def test_version_folds_the_firmware_into_a_number(served: Served) -> None:
    served.gateway.documents["status"] = {"version": "23.44.1 9064fc6a"}
    served.warm("/version")
    assert served.get("/version").json == {"version": "23.44.1 9064fc6a", "vint": 234401}


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.path)
def test_what_is_not_known_is_null_at_once_and_never_an_error(cold: Served, view: Any) -> None:
    answer = cold.get(view.path)
    if view.path in CSV:
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "5"
    else:
        assert answer.status_code == 200
    assert answer.json == UNKNOWN.get(view.path)
    detail = "unknown" if {row.payload for row in ROWS} & {*view.needs} else "not-served"
    assert answer.headers["cache-status"] == f"powerwall-proxy; fwd=miss; detail={detail}"
    assert "age" not in answer.headers
    assert cold.gateway.sent == []


def test_what_is_not_served_here_says_so(served: Served) -> None:
    served.gateway.trouble["vitals"] = lambda: NotServed("HTTP 404")
    served.warm("/aggregates", "/vitals")
    answer = served.get("/vitals")
    assert answer.content == b"null"
    assert answer.headers["cache-status"] == "powerwall-proxy; fwd=miss; detail=not-served"


def test_an_outage_shows_the_last_answer_with_its_age_and_then_nothing(served: Served) -> None:
    served.warm("/aggregates")
    known = served.get("/aggregates").content
    served.gateway.fails(Unreachable("connection refused"))
    served.world.run(20.0)
    stale = served.get("/aggregates")
    assert stale.content == known
    assert stale.headers["cache-status"] == "powerwall-proxy; fwd=stale"
    assert int(stale.headers["age"]) in (21, 22)
    served.world.run(20.0)
    assert served.get("/aggregates").content == b"null"
    served.gateway.fails(None)
    served.get("/aggregates")
    served.world.run(40.0)
    served.warm("/aggregates")
    assert served.get("/aggregates").json is not None


def test_an_etag_saves_the_body(served: Served) -> None:
    served.warm("/aggregates")
    first = served.get("/aggregates")
    etag = first.headers["etag"]
    for named in (etag, f'W/{etag}, "other"', "*"):
        again = served.get("/aggregates", headers={"If-None-Match": named})
        assert again.status_code == 304
        assert again.content == b""
        assert again.headers["etag"] == etag
    assert served.get("/aggregates", headers={"If-None-Match": '"other"'}).status_code == 200


def test_the_body_is_rendered_anew_only_for_a_new_document(served: Served) -> None:
    served.warm("/aggregates")
    endpoint_body = served.get("/aggregates").headers["etag"]
    assert served.get("/aggregates").headers["etag"] == endpoint_body
    served.world.run(30.0)
    served.warm("/aggregates")
    assert served.get("/aggregates").headers["etag"] != endpoint_body


@pytest.mark.parametrize("row", [*VIEWS, *LIVE, *PAGES], ids=lambda row: row.path)
def test_head_is_get_without_the_body(served: Served, row: Any) -> None:
    served.gateway.documents["aggregates"] = {"site": {"instant_power": 1}}
    served.warm(row.path)
    get = served.get(row.path)
    if row in LIVE:  # what is asked twice at once is not ready before it has landed
        served.world.run(1.5)
    head = served.client.simulate_head(row.path, remote_addr=HERE)
    assert head.status_code == get.status_code == 200
    assert head.content == b""
    assert head.headers["content-type"] == get.headers["content-type"]
    if row not in LIVE:
        assert head.headers["content-length"] == get.headers["content-length"]


@pytest.mark.parametrize("path", ["/nothing", "/api/logout", "/api/sitemaster/stop", "/soe/x"])
def test_what_is_not_in_the_table_is_404_json_and_reaches_nobody(served: Served, path: str) -> None:
    answer = served.get(path)
    assert answer.status_code == 404
    assert "error" in answer.json
    assert answer.headers["access-control-allow-origin"] == "*"
    served.world.run(10.0)
    assert served.gateway.sent == []


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_a_read_cannot_be_written(served: Served, method: str) -> None:
    answer = served.client.simulate_request(method, "/aggregates")
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]
    assert "error" in answer.json


def test_stats_counts_by_route_and_not_by_what_people_type(served: Served) -> None:
    served.warm("/aggregates", "/aggregates", "/soe", "/nothing", "/another")
    stats = served.get("/stats").json
    assert stats["uri"]["/aggregates"] == 2
    assert "/nothing" not in stats["uri"]
    assert stats["timeout"] == 3
    assert stats["errors"] == 2


def test_stats_has_the_keys_that_scripts_cut_out(served: Served) -> None:
    served.gateway.documents["site_name"] = {"site_name": "Home", "timezone": "Etc/UTC"}
    served.warm("/stats")
    answer = served.get("/stats")
    for cut in ('"pypowerwall": "', '"site_name": "Home"', '"cloudmode": false', '"siteid":'):
        assert cut in answer.text
    assert answer.json["tedapi_mode"] == "off"
    assert answer.json["lanes"][0]["state"] == "up"


def test_health_tells_of_an_outage_without_asking_the_gateway(served: Served) -> None:
    served.gateway.fails(Unreachable("connection refused", remedy="Look at the cable."))
    served.warm("/aggregates")
    sent = len(served.gateway.sent)
    health = served.get("/health").json
    assert health["connection_health"]["is_degraded"] is True
    assert health["connection_health"]["consecutive_failures"] >= 1
    assert health["lanes"][0]["last_error"] == "connection refused"
    assert health["lanes"][0]["remedy"] == "Look at the cable."
    served.world.run(600.0)
    assert len(served.gateway.sent) == sent


def test_neither_health_nor_liveness_keeps_the_gateway_awake(served: Served) -> None:
    for _ in range(50):
        served.get("/health")
        served.get("/healthz")
        served.world.run(5.0)
    assert served.gateway.sent == []


def test_secrets_and_the_email_are_on_no_page() -> None:
    served = Served(PW_HOST="10.0.0.5", PW_PASSWORD="s3cret", PW_EMAIL="me@home.example")
    for path in ("/stats", "/health", "/"):
        text = served.get(path).text
        assert "s3cret" not in text
        assert "me@home" not in text


def test_a_bug_in_a_view_is_a_500_in_json_and_a_line_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    served = Served()
    served.gateway.documents["soe"] = {"percentage": float("inf")}
    served.warm("/soe")
    answer = served.get("/soe")
    assert answer.status_code == 500
    assert "error" in answer.json
    assert "bug while answering GET /soe" in caplog.text


def test_a_demo_says_so_on_every_answer() -> None:
    served = Served()
    desk = Desk(served.site, served.desk.settings, demo=True)
    client = testing.TestClient(Application(desk))
    for path in ("/", "/aggregates", "/nothing", "/healthz"):
        assert client.simulate_get(path).headers["x-demo"] == "simulated"
    assert "x-demo" not in served.get("/aggregates").headers


@pytest.mark.parametrize(
    ("version", "host", "status"),
    [
        ("1.1", "localhost", 200),
        ("1.1", "", 400),
        ("1.1", "one, two", 400),
        ("1.0", "", 200),
        ("0.9", "localhost", 400),
        ("2.0", "localhost", 400),
    ],
)
def test_a_request_has_a_version_and_one_host(
    served: Served, version: str, host: str, status: int
) -> None:
    answer = raw(Application(served.desk), version, host)
    assert answer == status


def raw(app: Application, version: str, host: str) -> int:
    """Call the application as a server does, without a test client's good manners."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": version,
        "method": "GET",
        "scheme": "http",
        "path": "/healthz",
        "raw_path": b"/healthz",
        "query_string": b"",
        "headers": [(b"host", host.encode())] if host else [],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
    }
    asyncio.run(app(scope, receive, send))
    return int(sent[0]["status"])


def test_requests_that_come_together_read_one_snapshot_and_later_ones_the_next(
    served: Served,
) -> None:
    served.warm("/aggregates")
    first = served.get("/aggregates")
    served.world.advance(served.world.now_s + 0.01)
    assert served.get("/aggregates").headers == first.headers
    served.world.run(30.0)
    served.warm("/aggregates")
    later = served.get("/aggregates")
    assert later.json != first.json
    assert later.headers["etag"] != first.headers["etag"]
    assert served.get("/stats").json["uri"]["/aggregates"] == 5
