"""Every route of both systems, as clients read them from a healthy gateway."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from support.served import PASSWORD, Reply, Served, until
from support.unknown import CSV, UNKNOWN

from proxy.routes import LIVE, PAGES, VIEWS
from proxy.rows import Page, Style
from pypowerwall_core.backends.local.reader import ROWS
from pypowerwall_core.version import __version__
from simulator.endpoints import ENDPOINTS
from simulator.gateway import Simulator

VIEW_PATHS = [view.path for view in VIEWS]
LIVE_PATHS = [live.path for live in LIVE]
OWN = {live.path for live in LIVE if live.shows_settings}
"""A page from elsewhere, which names us by our address, is not to read these."""
PAGE_PATHS = [page.path for page in PAGES]
STEADY = [*VIEW_PATHS, *PAGE_PATHS, "/healthz"]
"""What stays the same byte for byte while the gateway's values do."""
OLD_FIRMWARE_ONLY = {"/api/system/networks", "/api/site_info/grid_codes"}
MODES_OFF = {view.path for view in VIEWS if not {row.payload for row in ROWS} & {*view.needs}}
"""What no gateway tells."""
ABSENT = {
    "pw2": {"/api/solar_powerwall"} | OLD_FIRMWARE_ONLY | MODES_OFF,
    "novitals": {"/vitals", "/temps", "/temps/pw", "/pw/vitals", "/pw/temps"}
    | OLD_FIRMWARE_ONLY
    | MODES_OFF,
}
"""What these systems do not have."""
NO_SUCH_METER = {("novitals", "/api/meters/solar")}
"""There the gateway itself says null."""
TYPE = {**dict.fromkeys(CSV, "text/plain; charset=utf-8"), "/help": "text/html; charset=utf-8"}
INDENTED = [view.path for view in VIEWS if view.style is Style.INDENTED]
COMPACT = [view.path for view in VIEWS if view.style is Style.COMPACT]
FIRMWARE = {
    "pw2": {"version": "23.36.4 3f8a51c2", "vint": 233604},
    "novitals": {"version": "23.44.0 9c04be16", "vint": 234400},
}
PASSED_THROUGH = {
    "/aggregates": "/api/meters/aggregates",
    "/api/meters/aggregates": "/api/meters/aggregates",
    "/soe": "/api/system_status/soe",
    "/api/system_status/grid_status": "/api/system_status/grid_status",
}


@dataclass(frozen=True)
class House:
    system: str
    sim: Simulator
    proxy: Served

    def get(self, path: str, headers: dict[str, str] | None = None) -> Reply:
        return self.proxy.get(path, headers)

    def served(self, path: str) -> Reply:
        """The answer once everything that this system has is known."""
        if path in VIEW_PATHS and path not in ABSENT[self.system]:
            return self.proxy.known(path)
        return self.get(path)


@pytest.fixture(scope="module", params=["pw2", "novitals"])
def house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    folder = tmp_path_factory.mktemp(request.param)
    with (
        Simulator(system=request.param, password=PASSWORD, frozen=True) as sim,
        Served(folder, PW_HOST=sim.address, PW_PASSWORD=PASSWORD) as proxy,
    ):
        yield House(request.param, sim, proxy)


@pytest.mark.parametrize("path", [*VIEW_PATHS, *LIVE_PATHS])
def test_every_route_is_200_and_json_with_the_promised_headers(house: House, path: str) -> None:
    reply = house.served(path)
    assert reply.status == 200
    assert reply.headers["Content-Type"] == TYPE.get(path, "application/json")
    assert reply.headers.get("Access-Control-Allow-Origin") == (None if path in OWN else "*")
    assert reply.headers["Cache-Control"] == "no-cache"
    assert reply.headers["ETag"].startswith('"')
    assert reply.headers["Content-Length"] == str(len(reply.body))
    assert not {"server", "set-cookie", "x-demo"} & {name.lower() for name in reply.headers}
    if path in ABSENT[house.system]:
        assert reply.document == UNKNOWN.get(path)
    elif (house.system, path) not in NO_SUCH_METER:
        assert reply.body not in (b"null", b"")
    if path not in TYPE:
        json.loads(reply.body)


@pytest.mark.parametrize("path", VIEW_PATHS)
def test_a_view_says_how_old_it_is_and_where_it_came_from(house: House, path: str) -> None:
    reply = house.served(path)
    status = reply.headers["Cache-Status"]
    if path in ABSENT[house.system]:
        assert status == "powerwall-proxy; fwd=miss; detail=not-served"
        assert reply.age_s is None
    else:
        assert status.startswith(("powerwall-proxy; hit; ttl=", "powerwall-proxy; fwd=stale"))
        assert reply.age_s is not None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_the_page_may_be_read_and_framed_but_takes_nothing_from_elsewhere(
    house: House, page: Page
) -> None:
    reply = house.get(page.path)
    assert reply.status == 200
    assert reply.headers["Content-Type"] == page.content_type
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
    assert ("X-Frame-Options" in reply.headers) == (page.path == "/settings")
    assert not {"server", "set-cookie"} & {name.lower() for name in reply.headers}


@pytest.mark.parametrize("path", [*VIEW_PATHS, *LIVE_PATHS, *PAGE_PATHS])
def test_head_is_like_get_without_a_body(house: House, path: str) -> None:
    whole = house.served(path)
    lines, _, body = house.proxy.send(
        f"HEAD {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n".encode()
    ).partition(b"\r\n\r\n")
    status, *fields = lines.decode("ascii").split("\r\n")
    headers = dict(field.lower().split(": ", 1) for field in fields)
    assert status == "HTTP/1.1 200 OK"
    assert body == b""
    changing = {"date", "age", "cache-status", "connection"}
    changing |= {"etag", "content-length"} if path not in STEADY else set()
    expected = {name.lower(): value.lower() for name, value in whole.headers.items()}
    assert headers.keys() - changing == expected.keys() - changing
    assert {name: headers[name] for name in headers.keys() - changing} == {
        name: expected[name] for name in expected.keys() - changing
    }


@pytest.mark.parametrize("path", STEADY)
def test_who_holds_the_body_already_gets_304(house: House, path: str) -> None:
    etag = house.served(path).headers["ETag"]
    for named in (etag, f"W/{etag}", f'"else", {etag}', "*"):
        reply = house.get(path, {"If-None-Match": named})
        assert (reply.status, reply.body) == (304, b"")
        assert reply.headers["ETag"] == etag
        assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert house.get(path, {"If-None-Match": '"else"'}).status == 200


def test_the_meters_are_those_of_the_gateway(house: House) -> None:
    for path in ("/aggregates", "/api/meters/aggregates"):
        meters = house.served(path).document
        powers = {name: meters[name]["instant_power"] for name in meters}
        assert powers["solar"] == 3000
        assert powers["battery"] == -1500
        assert powers["site"] == -300
        assert powers["load"] == 1200


@pytest.mark.parametrize(("path", "source"), PASSED_THROUGH.items())
def test_the_gateways_documents_pass_through_whole(house: House, path: str, source: str) -> None:
    said = ENDPOINTS[source].answer(house.sim.system, house.sim.plant.view()).body
    assert house.served(path).document == json.loads(said)


def test_the_two_scales_of_the_battery_level_are_told_apart_by_their_paths(house: House) -> None:
    assert house.served("/soe").document == {"percentage": 50}
    app = house.served("/api/system_status/soe").document
    assert app == {"percentage": pytest.approx(47.368421, abs=1e-6)}


def test_the_version_is_text_and_number(house: House) -> None:
    assert house.served("/version").document == FIRMWARE[house.system]


def test_vitals_are_indented_and_sorted_or_exactly_null(house: House) -> None:
    reply = house.served("/vitals")
    if house.system == "novitals":
        assert reply.body == b"null"
        return
    devices = reply.document
    assert reply.body.decode() == json.dumps(devices, indent=4, sort_keys=True)
    thermal = {pack.serial: f"TETHC--{pack.part}--{pack.serial}" for pack in house.sim.system.packs}
    assert devices[thermal["TG121000000002"]]["THC_AmbientTemp"] == pytest.approx(20.9)
    assert devices[thermal["TG121000000001"]]["THC_AmbientTemp"] == pytest.approx(21.4)


def test_solar_powerwall_is_an_object_or_exactly_null(house: House) -> None:
    reply = house.served("/api/solar_powerwall")
    if house.system == "pw2":
        assert reply.body == b"null"
        return
    strings = reply.document["pvac_status"]["string_vitals"]
    assert [string["measured_power"] for string in strings] == [1000, 0, 1050, 950 + 70]


@pytest.mark.parametrize("path", INDENTED)
def test_indented_bodies_are_indented_by_four_and_sorted(house: House, path: str) -> None:
    reply = house.served(path)
    assert reply.body.decode() == json.dumps(reply.document, indent=4, sort_keys=True)


@pytest.mark.parametrize("path", COMPACT)
def test_compact_bodies_keep_the_blanks_that_clients_cut_at(house: House, path: str) -> None:
    reply = house.served(path)
    assert reply.body.decode() == json.dumps(reply.document)


def test_the_proxy_tells_of_itself(house: House) -> None:
    until(lambda: house.get("/stats").document["site_name"] == "Home")
    stats = house.get("/stats").document
    assert stats["pypowerwall"] == f"{__version__} powerwall-proxy"
    assert stats["mode"] == "Local"
    assert stats["config"]["PW_PASSWORD"] == "***"
    assert stats["uri"]["/healthz"] >= 1
    health = house.get("/health").document
    assert health["connection_health"]["is_degraded"] is False
    assert health["connection_health"]["consecutive_failures"] == 0
    assert [lane["state"] for lane in health["lanes"]] == ["up"]
    assert [lane["logins"] for lane in health["lanes"]] == [1]
    assert house.get("/healthz").document == {"status": "ok"}


def test_after_all_this_the_gateway_was_asked_one_thing_at_a_time(house: House) -> None:
    for path in VIEW_PATHS:
        house.served(path)
    seen = house.sim.counters.snapshot()
    assert seen["most_in_flight"] == 1
    assert seen["logins"] == 1
    assert seen["logins_refused"] == 0
    # Only what the table allows was asked for, and what is missing not again and again.
    allowed = {row.path for row in ROWS}
    assert set(seen["requests"]) <= allowed | {"/api/login/Basic", "other"}
    assert seen["requests"].get("other", 0) <= len(OLD_FIRMWARE_ONLY)


def test_thirty_clients_at_once_share_one_flight(
    sim: Simulator, proxy: Callable[..., Served]
) -> None:
    served = proxy(sim, PW_CACHE_EXPIRE="60")
    with ThreadPoolExecutor(30) as pool:
        replies = list(pool.map(served.get, ["/aggregates"] * 30))
    bodies = {reply.body for reply in replies}
    assert len(bodies) == 1
    assert b"instant_power" in bodies.pop()
    # Once without a session, once with it.
    assert sim.counters.snapshot()["requests"] == {
        "/api/meters/aggregates": 2,
        "/api/login/Basic": 1,
    }


def _moved(served: Served, before: Any) -> Any:
    now = served.get("/aggregates").document
    powers = [now[name]["instant_power"] for name in ("site", "battery", "load", "solar")]
    assert all(type(power) in (int, float) for power in powers)
    return now if now != before else None


def test_numbers_move_when_the_gateways_do(
    gateway: Callable[..., Simulator], proxy: Callable[..., Served]
) -> None:
    served = proxy(gateway(frozen=False))
    before = served.known("/aggregates").document
    for _ in range(2):
        after = until(lambda before=before: _moved(served, before))
        power = {name: after[name]["instant_power"] for name in after}
        assert power["load"] == power["site"] + power["solar"] + power["battery"]
        assert after["load"]["energy_imported"] >= before["load"]["energy_imported"]
        before = after
