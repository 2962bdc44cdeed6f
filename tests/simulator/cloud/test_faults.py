"""The failure modes of the cloud, one by one and together, by either HTTP."""

import http.client
import json
import ssl
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from simulator.cloud.faults import FAULTS
from simulator.cloud.tokens import RULES
from simulator.fault_table import FAULTS as GATEWAY_FAULTS

PRODUCTS = "/api/1/products"
# What the desk looks up by itself.
BY_NAME = {*RULES, "not_rotated", "void_callback_refused", "site_replaced"}
CLOUD_ROWS = {51, 52, 53, 54, 55, 56, 57}


def test_every_row_of_the_facts_about_the_cloud_is_there() -> None:
    shown = {row for fault in FAULTS.values() for row in fault.rows}
    assert shown >= CLOUD_ROWS
    assert {name for name, fault in FAULTS.items() if CLOUD_ROWS & set(fault.rows)} >= set(RULES)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_described_and_does_something(name: str) -> None:
    fault = FAULTS[name]
    assert (fault.name, bool(fault.rows), bool(fault.what)) == (name, True, True)
    does = (
        fault.delay,
        fault.misbehave,
        fault.alter,
        fault.greet,
        fault.bend,
        fault.door.name != "OPEN",
        fault.new_certificate,
        name in BY_NAME,
    )
    assert any(does)
    for key, option in fault.options.items():
        assert option.parse(key, str(option.default)) == option.default


def test_what_both_have_is_the_same_thing() -> None:
    for name in ("silent", "slow", "outage", "refusing"):
        assert FAULTS[name].what == GATEWAY_FAULTS[name].what
    # Nothing here looks at paths that only a gateway has.
    assert not any(fault.edits or fault.told_by or fault.writes for fault in FAULTS.values())


@pytest.fixture(params=["http/1.1", "h2"])
def caller(request: Any, owner: Any, meet: Any, cloud: Any) -> Any:
    """Somebody with a token, by either HTTP."""
    if request.param == "http/1.1":
        return owner
    person = meet(cloud, h2=True)
    person.tokens = owner.tokens
    return person


def test_forbidden_has_three_forms(caller: Any, cloud: Any) -> None:
    cloud.faults.start("forbidden")
    assert "fleet-api" in caller.ask(PRODUCTS).document["error"]
    cloud.faults.start("forbidden", form="text")
    assert caller.ask(PRODUCTS).body.startswith(b"forbidden, see https://developer.tesla.com")
    cloud.faults.start("forbidden", form="html")
    reply = caller.ask(PRODUCTS)
    assert (reply.status, reply.headers["content-type"]) == (403, "text/html; charset=utf-8")
    assert caller.ask("/oauth2/v3/logout").status == 200


def test_unauthorized_is_whatever_the_token_and_expired_is_for_good(
    caller: Any, cloud: Any
) -> None:
    cloud.faults.start("unauthorized", count=1)
    assert [caller.ask(PRODUCTS).status for _ in range(2)] == [401, 200]
    cloud.faults.start("expired")
    assert [caller.ask(PRODUCTS).status for _ in range(2)] == [401, 401]
    caller.renew()
    assert caller.ask(PRODUCTS).status == 200


def test_the_token_endpoint_may_refuse(caller: Any, cloud: Any) -> None:
    cloud.faults.start("refresh_rejected")
    reply = caller.refresh()
    assert (reply.status, reply.document["error"]) == (401, "login_required")
    cloud.faults.start("refresh_rejected", error="invalid_grant", status=400)
    reply = caller.refresh()
    assert (reply.status, reply.document["error"]) == (400, "invalid_grant")
    cloud.faults.start("fingerprint")
    reply = caller.refresh()
    assert (reply.status, b"Access Denied" in reply.body) == (403, True)
    assert caller.ask(PRODUCTS).status == 200
    cloud.faults.stop()
    # What was refused was not used up.
    assert caller.refresh().status == 200
    assert cloud.counters.snapshot()["refreshes_refused"] == 3


def test_limited_says_how_long(caller: Any, cloud: Any) -> None:
    cloud.faults.start("limited", retry_after=7)
    reply = caller.ask(PRODUCTS)
    assert (reply.status, reply.headers["retry-after"]) == (429, "7")
    cloud.faults.start("limited", retry_after=8, form="body")
    reply = caller.ask(PRODUCTS)
    assert "retry-after" not in reply.headers
    assert "Retry in 8 seconds" in reply.document["error"]
    cloud.faults.start("limited", "/oauth2/v3/token")
    assert caller.refresh().status == 429


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 412])
def test_failing_has_many_numbers_and_two_forms(owner: Any, cloud: Any, status: int) -> None:
    cloud.faults.start("failing", status=status)
    reply = owner.ask(PRODUCTS)
    assert (reply.status, reply.response) == (status, None)
    cloud.faults.start("failing", status=status, html=True)
    reply = owner.ask(PRODUCTS)
    assert (reply.status, reply.body[:9]) == (status, b"<!doctype")


def test_a_response_may_be_null_for_who_may_read_it(caller: Any, cloud: Any) -> None:
    cloud.faults.start("null_response")
    assert caller.site("live_status").document == {"response": None}
    assert caller.write("storm_mode", enabled=True).response["code"] == 201
    caller.tokens = {}
    assert caller.site("live_status").status == 401


def test_fields_may_be_missing(caller: Any, cloud: Any) -> None:
    cloud.faults.start("missing")
    live, info = caller.site("live_status").response, caller.site("site_info").response
    assert {"percentage_charged", "load_power", "grid_status"}.isdisjoint(live)
    assert "timestamp" in live
    assert "backup_reserve_percent" not in info
    cloud.faults.start("missing", fields="timestamp, response")
    assert caller.site("live_status").document == {}
    cloud.faults.start("missing", fields="energy_site_id")
    assert all("energy_site_id" not in one for one in caller.ask(PRODUCTS).response)


def test_powers_may_be_null_and_the_grid_strange(caller: Any, cloud: Any) -> None:
    cloud.faults.start("null_powers")
    live = caller.site("live_status").response
    assert [live[name] for name in ("solar_power", "grid_power", "generator_power")] == [
        None,
        None,
        0,
    ]
    cloud.faults.stop()
    for word, wanted in (("empty", ""), ("null", None), ("strange", "Sideways")):
        cloud.faults.start("odd_grid", word=word)
        assert caller.site("live_status").response["grid_status"] == wanted


def test_a_lost_gateway_leaves_one_watt_hour(caller: Any, cloud: Any) -> None:
    cloud.faults.start("lost_contact")
    for name in ("site_status", "live_status"):
        told = caller.site(name).response
        assert (told["energy_left"], told["total_pack_energy"]) == (0, 1)


def test_the_tariff_may_be_a_text(caller: Any, cloud: Any) -> None:
    plain = caller.site("tariff_rate").response
    cloud.faults.start("tariff_text")
    assert json.loads(caller.site("tariff_rate").response) == plain


def test_a_site_gets_another_number(caller: Any, cloud: Any) -> None:
    before = cloud.site_id
    cloud.faults.start("site_replaced")
    assert caller.site("live_status", before).status == 404
    listed = caller.ask(PRODUCTS).response[-1]["energy_site_id"]
    assert listed == cloud.site_id != before
    assert caller.site("live_status", listed).status == 200
    assert caller.site("nothing", listed).status == 404


def test_stale_is_the_same_minute_again_and_again(start_cloud: Any, meet: Any, clock: Any) -> None:
    cloud = start_cloud(sites="two", wall=clock.wall, monotonic=clock.monotonic)
    person = meet(cloud)
    person.login()
    numbers = [one.identity.site_id for one in cloud.sites]

    def times() -> list[str]:
        return [person.site("live_status", one).response["timestamp"] for one in numbers]

    cloud.faults.start("stale")
    before = times()
    clock.advance(600.0)
    after = times()
    assert before[0] == after[0]
    assert before[1] < after[1]
    cloud.faults.stop()
    assert times()[0] == after[1]


@pytest.mark.parametrize(
    ("fault", "options", "wanted"),
    [
        ("outage", {"state": "islanded"}, ("Inactive", "off_grid_unintentional")),
        ("outage", {"state": "to_grid"}, ("Inactive", "off_grid_unintentional")),
        ("blackout", {}, ("Inactive", "island_status_unknown")),
    ],
)
def test_the_cloud_sees_the_grid_go(
    owner: Any, cloud: Any, fault: str, options: dict[str, str], wanted: tuple[str, str]
) -> None:
    cloud.faults.start(fault, **options)
    live = owner.site("live_status").response
    assert (live["grid_status"], live["island_status"]) == wanted
    assert live["grid_power"] == 0


def test_who_leaves_the_grid_by_choice_is_told_apart(owner: Any, cloud: Any) -> None:
    cloud.plant.islanding_scale = 1e-6
    cloud.plant.island(off=True)
    live = owner.site("live_status").response
    assert (live["grid_status"], live["island_status"]) == ("Inactive", "off_grid_intentional")


@pytest.mark.parametrize(
    ("name", "options"), [("truncated", {}), ("reset", {}), ("reset", {"after": 20})]
)
def test_an_answer_may_not_arrive_whole(
    caller: Any, cloud: Any, name: str, options: dict[str, int]
) -> None:
    cloud.faults.start(name, **options)
    with pytest.raises((OSError, http.client.HTTPException)):
        caller.ask(PRODUCTS)


def test_an_answer_may_stop_half_way_and_go_on(cloud: Any, meet: Any) -> None:
    person = meet(cloud, h2=True)
    person.login()
    whole = person.ask(PRODUCTS).body
    cloud.faults.start("stalled")
    headers = {"authorization": f"Bearer {person.tokens['access_token']}"}
    stream = person.talk.begin("GET", PRODUCTS, None, headers)
    half = person.talk._streams[stream]
    while len(half.body) < len(whole) // 2:
        person.talk.read()
    assert (half.ended, len(half.body)) == (False, len(whole) // 2)
    cloud.faults.stop()
    assert person.talk.await_reply(stream).body == whole


@pytest.mark.parametrize(
    ("name", "body"), [("empty", b""), ("null", b"null"), ("html", b"<!doctype")]
)
def test_other_bodies_are_the_same_by_either_http(
    caller: Any, cloud: Any, name: str, body: bytes
) -> None:
    cloud.faults.start(name)
    reply = caller.ask(PRODUCTS)
    assert (reply.status, reply.body[:9]) == (200, body)


def test_the_login_is_left_alone_unless_it_is_named(caller: Any, cloud: Any) -> None:
    cloud.faults.start("html")
    assert caller.refresh().document["token_type"] == "Bearer"
    cloud.faults.start("html", "/oauth2/v3/token")
    assert caller.token().body.startswith(b"<!doctype")


def test_another_authority_is_not_trusted(cloud: Any, meet: Any) -> None:
    cloud.faults.start("certificate")
    for h2 in (False, True):
        with pytest.raises(ssl.SSLCertVerificationError):
            meet(cloud, h2=h2).login()
    cloud.faults.stop()
    meet(cloud).login()


def test_a_handshake_may_be_aborted(cloud: Any, meet: Any) -> None:
    cloud.faults.start("tls_abort", count=1)
    with pytest.raises(ssl.SSLError):
        meet(cloud).login()
    meet(cloud).login()


def test_refusing_shuts_the_port_and_opens_it_again(owner: Any, cloud: Any, meet: Any) -> None:
    cloud.faults.start("refusing")
    with pytest.raises(OSError):
        owner.ask(PRODUCTS)
    cloud.faults.stop()
    again = meet(cloud)
    again.tokens = owner.tokens
    assert again.ask(PRODUCTS).status == 200


Ask = Callable[..., tuple[int, Any]]


@pytest.fixture
def control(start_cloud: Any) -> Any:
    cloud = start_cloud(frozen=True, control_port=0)

    def send(method: str, path: str) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", cloud.control_port, timeout=20)
        connection.request(method, path)
        response = connection.getresponse()
        document = json.loads(response.read())
        connection.close()
        return response.status, document

    return cloud, send


def test_every_fault_is_switched_while_it_runs(control: Any, meet: Any) -> None:
    cloud, ask = control
    for name, fault in FAULTS.items():
        options = {key: option.default for key, option in fault.options.items()}
        status, listing = ask("POST", f"/faults/{name}?{urlencode(options)}")
        assert (status, [row["name"] for row in listing if row["active"]]) == (200, [name])
        assert ask("DELETE", f"/faults/{name}")[0] == 200
    assert [row["name"] for row in ask("GET", "/faults")[1]] == list(FAULTS)
    assert ask("POST", "/faults/no_vitals")[0] == 404
    assert ask("POST", "/faults/require_h2?path=/x")[0] == 400
    person = meet(cloud)
    person.login()
    assert person.ask(PRODUCTS).status == 200
    counted = ask("GET", "/counters")[1]
    assert counted["calls"] == {
        "POST /oauth2/v3/authorize": 1,
        "POST /oauth2/v3/token": 1,
        f"GET {PRODUCTS}": 1,
    }
    assert (counted["http"], counted["tls"]) == ({"HTTP/1.1": 3}, {"TLSv1.3": 3})
    assert ask("GET", "/plant")[1]["load"]["power_w"] == 1200.0
    assert ask("POST", "/sessions/expire")[0] == 200
    assert person.ask(PRODUCTS).status == 401
    assert ask("POST", "/counters/reset")[1]["calls"] == {}


def test_latency_is_for_every_answer_and_a_client_need_not_wait(
    owner: Any, cloud: Any, until: Any
) -> None:
    with pytest.raises(ValueError, match="0 or more"):
        cloud.set_latency(float("nan"))
    cloud.set_latency(30.0)
    owner.talk._connection.request("GET", PRODUCTS)
    until(lambda: cloud.counters.snapshot()["in_flight"] == 1)
    owner.talk.close()
    until(lambda: cloud.counters.snapshot()["in_flight"] == 0)
