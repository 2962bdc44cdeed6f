"""Contract 1.10 and 2.1: what is counted, and what the two acting reads set to nothing."""

from __future__ import annotations

from typing import Any

from contract.houses import ask, over, snapshot
from falcon import testing
from support.desk import HERE
from support.golden import NOTHING

COUNTED = ("gets", "posts", "errors", "timeout")


def fresh(system: str = "pw2") -> testing.TestClient:
    """A proxy that has counted nothing yet."""
    return over(snapshot(system))


def counted(client: testing.TestClient) -> dict[str, Any]:
    """Without the request that asks."""
    stats = ask(client, "/stats").json
    uri = {path: count for path, count in stats["uri"].items() if path != "/stats"}
    asked = stats["uri"]["/stats"]
    return {name: stats[name] for name in COUNTED} | {"gets": stats["gets"] - asked, "uri": uri}


def test_answers_are_counted_by_their_path_whatever_the_query() -> None:
    client = fresh()
    for request in ("/soe", "/soe?x=1", "/fans/pw", "/tedapi", "/control/mode", "/pw/level"):
        assert ask(client, request).status_code == 200
    assert counted(client) == {
        "gets": 6,
        "posts": 0,
        "errors": 0,
        "timeout": 0,
        "uri": {"/soe": 2, "/fans/pw": 1, "/tedapi": 1, "/control/mode": 1, "/pw/level": 1},
    }


def test_answers_without_data_are_not_gets() -> None:
    client = fresh(NOTHING)
    for request in ("/soe", "/json", "/csv/v2", "/fans/pw"):
        ask(client, request)
    after = counted(client)
    assert (after["gets"], after["timeout"]) == (1, 3)


def test_a_refused_command_is_an_error_and_no_get() -> None:
    client = fresh()
    client.simulate_post("/control/mode", body=b"value=backup&token=x", remote_addr=HERE)
    after = counted(client)
    assert {name: after[name] for name in COUNTED} == {
        "gets": 0,
        "posts": 0,
        "errors": 1,
        "timeout": 0,
    }


def test_a_refused_command_has_its_body_whatever_the_client_holds_already() -> None:
    client = fresh()
    etag = ask(client, "/control/mode").headers["etag"]
    answer = client.simulate_post(
        "/control/mode", body=b"value=backup", headers={"If-None-Match": etag}, remote_addr=HERE
    )
    assert (answer.status_code, "error" in (answer.json or {})) == (400, True)


def test_stats_clear_sets_gets_errors_and_uri_to_nothing() -> None:
    client = fresh(NOTHING)
    for request in ("/soe", "/fans/pw", "/nothing"):
        ask(client, request)
    before = ask(client, "/stats").json
    assert (before["errors"], before["timeout"]) == (1, 1)
    ask(client, "/stats/clear")
    after = ask(client, "/stats").json
    assert (after["gets"], after["errors"], after["timeout"]) == (2, 0, 1)
    assert after["uri"].keys() == {"/stats", "/stats/clear"}
    assert after["clear"] >= before["clear"]


def test_health_tells_of_four_routes_how_often_they_knew_something() -> None:
    client = fresh()
    assert "endpoint_statistics" not in ask(client, "/health").json
    for request in ("/soe", "/soe", "/vitals", "/strings", "/pod", "/json"):
        ask(client, request)
    statistics = ask(client, "/health").json["endpoint_statistics"]
    assert statistics.keys() == {"/soe", "/vitals", "/strings"}
    soe = statistics["/soe"]
    assert (soe["total_calls"], soe["successful_calls"], soe["failed_calls"]) == (2, 2, 0)
    assert soe["success_rate_percent"] == 100


def test_health_reset_says_what_it_cleared() -> None:
    client = fresh()
    for request in ("/soe", "/soe", "/vitals", "/pod"):
        ask(client, request)
    first = ask(client, "/health/reset").json
    assert first["endpoint_stats_cleared"] == 2
    assert "endpoint_statistics" not in ask(client, "/health").json
    assert ask(client, "/health/reset").json["endpoint_stats_cleared"] == 0


def test_health_reset_leaves_what_stats_counts() -> None:
    """Its counters are those of /health; /stats/clear is for the others."""
    client = fresh()
    for request in ("/soe", "/pod", "/nothing"):
        ask(client, request)
    before = counted(client)
    ask(client, "/health/reset")
    after = counted(client)
    assert after.pop("uri").items() >= before.pop("uri").items()
    assert after["gets"] >= before["gets"]
    assert after["errors"] == before["errors"] == 1
