"""Each fault, as a client sees it."""

import http.client
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from simulator.faults import FAULTS

CORE = "/api/meters/aggregates"
SOE = "/api/system_status/soe"


def test_faults_are_listed_with_what_they_do(sim: Any) -> None:
    listing = sim.faults.listing()
    assert [row["name"] for row in listing] == list(FAULTS)
    assert all(row["what"] and not row["active"] for row in listing)


@pytest.mark.parametrize(
    ("name", "status", "body"),
    [
        ("busy", 503, {"code": 503, "error": "current config mode is busy"}),
        ("forbidden", 403, {"code": 403, "error": "Unable to GET to resource"}),
        ("limited", 429, {"code": 429, "error": "Api Limit reached for this endpoint"}),
    ],
)
def test_a_refusal_is_json_and_ends_with_the_fault(
    sim: Any, client: Any, name: str, status: int, body: dict[str, Any]
) -> None:
    sim.faults.start(name)
    reply = client.ask(CORE)
    assert reply.status == status
    assert body.items() <= reply.document.items()
    sim.faults.stop(name)
    assert client.ask(CORE).status == 200


def test_a_path_and_a_count_narrow_a_fault(sim: Any, client: Any) -> None:
    sim.faults.start("busy", path=SOE, count=2)
    assert [client.ask(CORE).status, client.ask("/api/status").status] == [200, 200]
    assert [client.ask(SOE).status for _ in range(3)] == [503, 503, 200]
    assert not any(row["active"] for row in sim.faults.listing())


def test_the_newest_fault_wins_and_stopping_it_uncovers_the_older(sim: Any, client: Any) -> None:
    sim.faults.start("html")
    sim.faults.start("busy", path=SOE)
    assert [client.ask(SOE).status, client.ask(CORE).status] == [503, 200]
    sim.faults.stop("busy")
    assert client.ask(SOE).headers["content-type"].startswith("text/html")
    sim.faults.stop()
    assert client.ask(SOE).headers["content-type"] == "application/json"


def test_limited_says_when_to_come_back_and_may_meet_a_login(sim: Any, client: Any) -> None:
    sim.faults.start("limited", retry_after=17)
    assert client.ask(CORE).headers["retry-after"] == "17"
    assert client.login().status == 200
    sim.faults.stop()
    sim.faults.start("limited", path="/api/login/Basic")
    assert client.login().headers["retry-after"] == "5"
    assert client.ask(CORE).status == 200


def test_expired_is_one_401_and_the_session_is_gone(sim: Any, client: Any) -> None:
    sim.faults.start("expired")
    reply = client.ask(CORE)
    assert (reply.status, reply.document["code"]) == (401, 401)
    assert client.ask(CORE).status == 403
    client.login()
    assert client.ask(CORE).status == 200


def test_stopped_is_502_without_a_body_where_the_meters_are(sim: Any, client: Any) -> None:
    sim.faults.start("stopped")
    paths = (CORE, "/api/system_status", SOE, "/api/system_status/grid_status")
    for path in (*paths, "/api/system_status/grid_faults"):
        reply = client.ask(path)
        assert (reply.status, reply.body) == (502, b"")
        assert reply.headers["content-length"] == "0"
        assert "content-type" not in reply.headers
    assert client.ask("/api/sitemaster").document["running"] is False
    assert client.ask("/api/status").status == 200
    sim.faults.stop("stopped")
    assert client.ask("/api/sitemaster").document["running"] is True


def test_html_is_a_page_with_200(sim: Any, client: Any) -> None:
    sim.faults.start("html")
    reply = client.ask(CORE)
    assert reply.status == 200
    assert reply.body.startswith(b"<!doctype html>")


def test_empty_is_200_without_a_body(sim: Any, client: Any) -> None:
    sim.faults.start("empty")
    reply = client.ask(CORE)
    assert (reply.status, reply.body) == (200, b"")


def test_truncated_ends_before_it_should(sim: Any, client: Any) -> None:
    whole = client.ask(CORE).body
    sim.faults.start("truncated", count=1)
    with pytest.raises(http.client.IncompleteRead) as caught:
        client.ask(CORE)
    assert whole.startswith(caught.value.partial)
    assert caught.value.expected == len(whole) - len(caught.value.partial)
    assert client.ask(CORE).body == whole


def test_wrong_password_is_said_whatever_is_sent(sim: Any, client: Any) -> None:
    sim.faults.start("wrong_password")
    assert client.login().status == 401
    assert client.ask(CORE).status == 200
    sim.faults.stop("wrong_password")
    assert client.login().status == 200


def test_silent_says_nothing_until_it_ends(sim: Any, client: Any, until: Any) -> None:
    sim.faults.start("silent", path=CORE, count=1)
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(client.ask, CORE)
        until(lambda: sim.counters.snapshot()["requests"].get(CORE) == 1)
        assert not asking.done()
        sim.faults.stop("silent")
        assert asking.result(20).status == 200
    assert sim.counters.snapshot()["in_flight"] == 0


def test_silent_outlasts_a_client_that_gives_up(sim: Any, connect: Any) -> None:
    sim.faults.start("silent")
    impatient = connect(sim, timeout_s=0.2)
    with pytest.raises(TimeoutError):
        impatient.ask("/api/status")
    sim.faults.stop()
    assert impatient.ask("/api/status").status == 200
    assert sim.counters.snapshot()["most_in_flight"] == 1


def test_a_stop_ends_what_silence_holds(sim: Any, connect: Any, until: Any) -> None:
    client = connect(sim)
    sim.faults.start("silent")
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(client.ask, "/api/status")
        until(lambda: sim.counters.snapshot()["in_flight"] == 1)
        sim.stop()
        with pytest.raises((OSError, http.client.HTTPException)):
            asking.result(20)
    until(lambda: sim.counters.snapshot()["in_flight"] == 0)


def test_refusing_cuts_the_open_and_refuses_the_new(sim: Any, client: Any, connect: Any) -> None:
    port = sim.port
    sim.faults.start("refusing")
    with pytest.raises(OSError):
        client.ask(CORE)
    with pytest.raises(ConnectionRefusedError):
        connect(sim).ask(CORE)
    sim.faults.stop("refusing")
    assert sim.port == port
    assert client.ask(CORE).status == 200


@pytest.mark.parametrize("headers", [False, True])
def test_dripping_sends_bytes_and_no_end(sim: Any, connect: Any, headers: Any, until: Any) -> None:
    client = connect(sim)
    sim.faults.start("dripping", path="/api/status", headers=headers, seconds=0.001)
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(client.ask, "/api/status")
        until(lambda: sim.counters.snapshot()["in_flight"] == 1)
        assert not asking.done()
        sim.faults.stop("dripping")
        try:
            # Headers that were cut short read as an answer without a body.
            body = asking.result(20).body
        except http.client.IncompleteRead:
            body = b""
    assert body == b""


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("busy", {"count": 0}),
        ("busy", {"retry_after": 3}),
        ("limited", {"retry_after": "soon"}),
        ("limited", {"retry_after": -1}),
        ("dripping", {"headers": "perhaps"}),
        ("refusing", {"path": CORE}),
        ("refusing", {"count": 1}),
        ("busy", {"path": "api/status"}),
        ("busy", {"path": ""}),
        ("tls_stall", {"path": CORE}),
        ("clock", {"count": 1}),
        ("clock", {"offset_s": "nan"}),
        ("clock", {"offset_s": 1e12}),
        ("outage", {"path": CORE}),
        ("outage", {"state": "sideways"}),
        ("outage", {"scale": 0}),
        ("old_keys", {"path": SOE}),
        ("firmware_update", {"path": CORE}),
        ("firmware_update", {"release": "a\r\nb"}),
        ("expired", {"status": 402}),
        ("truncated", {"at": 1.5e10}),
        ("disabled_pack", {"pack": 0}),
        ("zeros", {"path": "/api/system_status"}),
        ("zeros", {"what": "sunshine"}),
        ("wrong_counters", {"how": "sideways"}),
        ("wrong_counters", {"path": SOE}),
        ("wrong_counters", {"wh": "nan"}),
    ],
)
def test_what_makes_no_sense_is_refused(sim: Any, name: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        sim.faults.start(name, **arguments)
    assert not any(row["active"] for row in sim.faults.listing())


def test_an_unknown_fault_is_a_key_error(sim: Any) -> None:
    with pytest.raises(KeyError):
        sim.faults.start("gremlins")
    with pytest.raises(KeyError):
        sim.faults.stop("gremlins")
