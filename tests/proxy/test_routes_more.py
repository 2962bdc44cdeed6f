"""Text, query words, the base path, /stats/clear and /help, over a lane with a fake clock."""

from __future__ import annotations

import asyncio
from datetime import datetime
from html.parser import HTMLParser
from typing import Any

import falcon
import pytest
from falcon import testing
from falcon.asgi import Request, Response
from hypothesis import example, given
from hypothesis import strategies as st
from support.desk import HERE, Client, Served

from proxy.access import is_local
from proxy.app import Application
from proxy.desk import Desk
from proxy.endpoints import RedirectEndpoint
from proxy.routes import PATHS, ROUTES
from proxy.rows import Family

METERS = {meter: {"instant_power": 1.5} for meter in ("site", "load", "solar", "battery")}
LINE = b"1.50,1.50,1.50,1.50,24.00\n"
NAMES = b"Grid,Home,Solar,Battery,BatteryLevel\n"


@pytest.fixture
def served() -> Served:
    one = Served()
    one.gateway.documents |= {"aggregates": METERS, "soe": {"percentage": 24}}
    return one


# -- /csv -----------------------------------------------------------------------------------


def test_csv_is_plain_text(served: Served) -> None:
    served.warm("/csv")
    answer = served.get("/csv")
    assert answer.content == LINE
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["age"] == "1"


@pytest.mark.parametrize("query", ["headers", "headers=1", "x=1&headers", "noheaders"])
def test_a_query_with_the_word_puts_the_names_above(served: Served, query: str) -> None:
    served.warm("/csv")
    plain = served.get("/csv")
    worded = served.get("/csv", query_string=query)
    assert worded.content == NAMES + LINE
    assert worded.headers["etag"] != plain.headers["etag"]
    assert served.get("/csv", query_string="header").content == LINE
    assert served.get("/csv").headers["etag"] == plain.headers["etag"]


def test_csv_of_half_a_house_leaves_the_rest_empty(served: Served) -> None:
    served.gateway.documents["aggregates"] = {"load": {"instant_power": 5}, "solar": None}
    served.gateway.fails(Exception("never"), "soe")
    served.warm("/csv")
    assert served.get("/csv").content == b",5.00,,,\n"


# -- the base path --------------------------------------------------------------------------


@pytest.fixture
def below() -> Served:
    return Served(PROXY_BASE_URL="/tesla")


@pytest.mark.parametrize("path", PATHS)
def test_every_route_is_served_below_the_base_path_and_without_it(below: Served, path: str) -> None:
    below.gateway.documents |= {"aggregates": METERS}
    below.warm(path, path)
    plain, prefixed = below.get(path), below.get("/tesla" + path)
    assert prefixed.status_code == plain.status_code == 200
    assert prefixed.headers["content-type"] == plain.headers["content-type"]
    head = below.client.simulate_head("/tesla" + path, remote_addr=HERE)
    assert head.status_code == 200


def test_the_base_path_alone_leads_to_its_folder(below: Served) -> None:
    answer = below.get("/tesla")
    assert answer.status_code == 308
    assert answer.headers["location"] == "/tesla/"


@pytest.mark.parametrize("query", ["kiosk=1&token=T", "t=a%2Bb%0D%0Ac", "//elsewhere/@x", "x?"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_its_query_goes_along(below: Served, method: str, query: str) -> None:
    answer = below.client.simulate_request(method, "/tesla", query_string=query)
    assert (answer.status_code, answer.headers["location"]) == (308, f"/tesla/?{query}")


@given(st.text())
@example("a=1\r\nSet-Cookie: b=c")
@example("name=é€#")
def test_no_query_ends_the_header_it_goes_into(query: str) -> None:
    scope = testing.create_scope(path="/tesla") | {"query_string": query.encode()}
    with pytest.raises(falcon.HTTPStatus) as caught:
        asyncio.run(RedirectEndpoint("/tesla/").on_get(Request(scope, receive=None), Response()))
    location = caught.value.headers["location"]
    assert location.isascii()
    assert location.isprintable()
    assert not {" ", "#"} & set(location)
    folder, mark, rest = location.partition("?")
    assert (folder, bool(mark)) == ("/tesla/", bool(query))
    assert all(letter in rest for letter in query if letter.isascii() and letter.isalnum())


@pytest.mark.parametrize(
    "path",
    ["/teslasoe", "/tesla//soe", "/tesla/tesla/soe", "/Tesla/soe", "/tesla/../soe", "/%74esla/soe"],
)
def test_nothing_else_is_the_base_path(below: Served, path: str) -> None:
    assert below.get(path).status_code == 404


def test_a_count_is_that_of_the_route(below: Served) -> None:
    below.get("/tesla/soe")
    below.get("/soe?x")
    assert below.get("/stats").json["uri"]["/soe"] == 2


# -- /stats/clear ---------------------------------------------------------------------------

FAR = {"remote_addr": "192.168.1.20"}
TOKEN = "s3cret-token"


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_this_machine_may_clear_the_counters(served: Served, address: str) -> None:
    served.get("/soe")
    served.get("/nowhere")
    answer = served.client.simulate_get("/stats/clear", remote_addr=address)
    assert answer.status_code == 200
    stats = answer.json
    assert (stats["gets"], stats["errors"], stats["uri"]) == (1, 0, {"/stats/clear": 1})
    assert stats["clear"] >= stats["start"]
    assert stats["timeout"] == 1


@pytest.mark.parametrize("address", ["192.168.1.20", "::2", "::ffff:10.0.0.1", "host", "1.2.3"])
def test_nobody_else_may(served: Served, address: str) -> None:
    served.get("/soe")
    answer = served.client.simulate_get("/stats/clear", remote_addr=address)
    assert answer.status_code == 403
    assert "error" in answer.json
    assert "/soe" in served.get("/stats").json["uri"]


@pytest.mark.parametrize("client", [None, ("", 0)])
def test_who_has_no_address_is_nobody(client: Any) -> None:
    scope = testing.create_scope("/stats/clear") | {"client": client}
    request = Request(scope, None)
    assert not is_local(request)


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"])
def test_a_front_end_on_this_machine_is_not_this_machine(served: Served, name: str) -> None:
    answer = served.get("/stats/clear", headers={name: "127.0.0.1"})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"query_string": f"token={TOKEN}"}, 200),
        ({"headers": {"Authorization": f"Bearer {TOKEN}"}}, 200),
        ({"query_string": "token=wrong"}, 403),
        ({"query_string": "token="}, 403),
        ({"query_string": f"token={TOKEN}x"}, 403),
        ({"query_string": "token=%C3%BC"}, 403),
        ({"headers": {"Authorization": "Bearer"}}, 403),
        ({}, 403),
    ],
)
def test_the_control_token_opens_it_from_anywhere(more: Any, status: int) -> None:
    served = Served(PW_CONTROL_SECRET=TOKEN)
    answer = served.client.simulate_get("/stats/clear", **FAR, **more)
    assert answer.status_code == status
    assert TOKEN not in answer.text


def test_without_a_control_token_no_token_opens_it(served: Served) -> None:
    answer = served.client.simulate_get("/stats/clear", query_string="token=", **FAR)
    assert answer.status_code == 403


def test_head_clears_nothing(served: Served) -> None:
    served.get("/soe")
    head = served.client.simulate_head("/stats/clear", remote_addr=HERE)
    assert head.status_code == 200
    assert served.get("/stats").json["uri"]["/soe"] == 1


# -- /help ----------------------------------------------------------------------------------


class Page(HTMLParser):
    """Collects the text and the links of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_help_lists_every_route_with_relative_links() -> None:
    served = Served(PW_EMAIL="someone@example.org", PW_PASSWORD="K3y_4-me")
    answer = served.get("/help")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    page = Page(answer.text)
    for row in ROUTES:
        assert row.path in page.words
        assert ((row.path[1:] or "./") in page.links) is not isinstance(row, Family)
    assert not [link for link in page.links if link.startswith(("/", "http"))]
    assert "script" not in page.tags
    assert "K3y_4-me" not in answer.text
    assert "someone@" not in answer.text


def test_help_escapes_what_it_shows() -> None:
    served = Served(PW_TIMEZONE="<script>alert(1)</script>")
    answer = served.get("/help")
    assert "<script>" not in answer.text
    assert "&lt;script&gt;alert(1)" in answer.text


def test_help_shows_how_often_a_route_was_asked(served: Served) -> None:
    for _ in range(3):
        served.get("/soe")
    assert "<td>3" in served.get("/help").text
    assert isinstance(served.client, testing.TestClient)


# -- /stats ---------------------------------------------------------------------------------

STATS = [
    "pypowerwall",
    "mode",
    "gets",
    "posts",
    "errors",
    "timeout",
    "uri",
    "ts",
    "start",
    "clear",
    "uptime",
    "mem",
    "site_name",
    "cloudmode",
    "fleetapi",
    "tedapi",
    "pw3",
    "tedapi_mode",
    "tedapi_api_version",
    "siteid",
    "counter",
    "cf",
    "config",
    "authmode",
    "connection_health",
    "fallback_mode",
    "mem_cache",
]


def test_stats_has_every_key_of_the_original(served: Served) -> None:
    served.warm("/aggregates", "/csv", "/stats")
    stats = served.get("/stats").json
    assert set(STATS) <= set(stats)
    assert set(stats["connection_health"]) >= {
        "consecutive_failures",
        "total_failures",
        "total_successes",
        "is_degraded",
        "last_success_time",
        "cache_size",
    }
    assert stats["connection_health"]["cache_size"] == 3
    assert stats["mem_cache"]["performance_cache"]["entries"] == 2
    assert stats["mem_cache"]["total_cache_bytes"] > 0
    assert stats["fallback_mode"]["is_fallback_mode"] is False


class SetRight:
    """A monotonic clock, and a wall clock that is wrong until somebody tells it the time."""

    def __init__(self, served: Served) -> None:
        self.now_s = 40.0
        self.wrong_by_s = -36_000.0
        times: Any = {"clock": lambda: self.now_s, "wall_clock": self.wall_s, "started_s": 40.0}
        self.client = Client(Application(Desk(served.site, served.desk.settings, **times)))

    def wall_s(self) -> float:
        return 1_700_000_000.25 + self.now_s + self.wrong_by_s

    def get(self, path: str) -> Any:
        return self.client.simulate_get(path, remote_addr=HERE).json

    def told(self) -> tuple[int, int, int, str]:
        stats = self.get("/stats")
        return stats["start"], stats["clear"], stats["ts"], stats["uptime"]


def test_a_start_is_told_by_a_clock_that_was_set_right_since(served: Served) -> None:
    clock = SetRight(served)
    clock.now_s += 90.0
    assert clock.told() == (1_699_964_040, 1_699_964_040, 1_699_964_130, "0:01:30")
    clock.get("/stats/clear")
    clock.now_s += 10.0
    clock.wrong_by_s = 0.0
    assert clock.told() == (1_700_000_040, 1_700_000_130, 1_700_000_140, "0:01:40")
    clock.wrong_by_s = -86_400.0
    assert clock.told()[-1] == "0:01:40"


def test_health_tells_the_same_start_whenever_it_is_asked(served: Served) -> None:
    clock = SetRight(served)
    clock.wrong_by_s = 0.0
    for _ in range(3):
        clock.now_s += 0.3001
        told = clock.get("/health")["startup_time"]
        assert datetime.fromisoformat(told).timestamp() == 1_700_000_040
