"""Old clients, replayed command by command: pages, scripts and programs that read the original.

`house` is a healthy proxy, `lost` one whose gateway was never there. Each client must get from
the first what it needs, and from the second neither a made-up number nor an answer it chokes on.
"""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from contract.promises import PROMISES
from support.old_clients import (
    CACHED,
    HOME_ASSISTANT,
    PAGE_READS,
    PWSTATUS,
    TELEGRAF,
    ask_1_0,
    at_once,
    cut_stats,
    grid_is_down,
    kept,
)
from support.served import PASSWORD, Served, free_port, until
from support.shell import (
    HTTP_ERROR,
    bc,
    curl,
    curl_in_a_row,
    jq_r,
    jq_slurp,
    printf_0f,
    read_ifs,
    sed,
)
from support.telegraf import fields

from pypowerwall_core.version import __version__
from simulator.gateway import Simulator

Gateways = Callable[..., Simulator]
Proxies = Callable[..., Served]
WARM = (
    *("/vitals", "/strings", "/pod", "/csv/v2", "/version", "/api/sitemaster", "/api/site_info"),
    *("/api/powerwalls", "/api/troubleshooting/problems", "/api/auth/toggle/supported"),
)
CSV = ["-300.00", "1200.00", "3000.00", "-1500.00", "50.00", "1", "20"]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with (
        Simulator(system="pwplus", password=PASSWORD, frozen=True) as sim,
        Served(tmp_path_factory.mktemp("house"), PW_HOST=sim.address, PW_PASSWORD=PASSWORD) as one,
    ):
        for path in WARM:
            one.known(path)
        until(lambda: one.get("/stats").document["site_name"])
        until(lambda: read_ifs(one.get("/csv/v2").body.decode().rstrip(), 7) == CSV)
        yield one


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    host = f"127.0.0.1:{free_port()}"
    with Served(tmp_path_factory.mktemp("lost"), PW_HOST=host, PW_PASSWORD=PASSWORD) as one:
        one.get("/soe")
        until(lambda: one.lines("down: connection refused"))
        yield one


@pytest.fixture(params=["house", "lost"])
def either(request: pytest.FixtureRequest) -> Served:
    """Whatever a client must live through with both."""
    one: Served = request.getfixturevalue(request.param)
    return one


def is_number(value: Any) -> bool:
    return type(value) in (int, float)


# -- Grafana's panel and the page it frames -------------------------------------------------


def test_the_panel_reads_the_firmware_from_another_origin(house: Served) -> None:
    reply = house.get("/version", {"Origin": "http://grafana.example:9000"})
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert reply.document["version"].split(" ")[0] == "23.28.2"


def test_the_page_may_be_framed(either: Served) -> None:
    reply = either.get("/", {"Referer": "http://grafana.example:9000/"})
    assert (reply.status, reply.headers.get_content_type()) == (200, "text/html")
    assert "X-Frame-Options" not in reply.headers
    assert "frame-ancestors *" in reply.headers["Content-Security-Policy"]


def test_teslas_page_finds_every_field_it_asks_for(house: Served) -> None:
    answers = {path: reply.document for path, reply in at_once(house, (*PAGE_READS,)).items()}
    for path, names in PAGE_READS.items():
        assert answers[path].keys() >= set(names), path
    for meter in PAGE_READS["/api/meters/aggregates"]:
        assert is_number(answers["/api/meters/aggregates"][meter]["instant_power"])
    assert answers["/api/system_status/soe"]["percentage"] == pytest.approx(47.368421)
    assert isinstance(answers["/api/powerwalls"]["powerwalls"], list)
    assert isinstance(answers["/api/troubleshooting/problems"]["problems"], list)


def test_teslas_page_never_gets_anything_but_json(lost: Served) -> None:
    for path, reply in at_once(lost, (*PAGE_READS,)).items():
        assert (reply.status, reply.document) == (200, None), path


# -- Powerwall-Dashboard's scripts ----------------------------------------------------------


def test_the_health_check_of_the_compose_file(either: Served) -> None:
    """An outage of the gateway is no reason to restart the proxy: curl -sf .../health."""
    assert curl(either.port, "/health", fail=True, limit_s=10).exit_code == 0


def test_the_older_health_check(either: Served) -> None:
    """Asks as wget --spider does: HEAD, and a body would be read as the next answer."""
    head = b"HEAD /api/site_info HTTP/1.1\r\nUser-Agent: Wget/1.21\r\nHost: x\r\n"
    status, _, rest = either.send(head + b"Connection: close\r\n\r\n").partition(b"\r\n")
    assert status == b"HTTP/1.1 200 OK"
    assert rest.endswith(b"\r\n\r\n")


def test_verify_sh_cuts_the_right_pieces(house: Served) -> None:
    answers = {path: curl(house.port, path, limit_s=5) for path in ("/stats", "/version")}
    assert {answer.status for answer in answers.values()} == {200}
    assert cut_stats(answers["/stats"].output) == {
        "pypowerwall": f"{__version__} powerwall-proxy",
        "site_name": "Home",
        "cloudmode": "false",
        "siteid": "null",
        "tedapi": "false",
        # Wanted without a blank, which the original never wrote either.
        "tedapi_mode": "",
    }
    assert sed('"version": "([^"]*)"', answers["/version"].output) == "23.28.2 27626f98"


def test_verify_sh_reads_the_table(house: Served) -> None:
    answer = curl(house.port, "/csv/v2", limit_s=5)
    assert answer.status == 200
    columns = read_ifs(answer.output, 7)
    assert columns == CSV
    level = bc(columns[4]) / Decimal("0.95") - 5 / Decimal("0.95")
    assert round(level, 1) == Decimal("47.4")


def test_verify_sh_says_what_is_wrong_when_the_gateway_is(lost: Served) -> None:
    paths = ("/stats", "/version", "/csv/v2")
    assert [curl(lost.port, path).status for path in paths] == [200, 200, 503]
    stats = cut_stats(curl(lost.port, "/stats").output)
    assert (stats["site_name"], stats["tedapi"]) == ("null", "false")


def test_pwstatus_sh_reads_three_bodies_as_one(house: Served) -> None:
    grid, level, status = jq_slurp(curl_in_a_row(house.port, *PWSTATUS))
    assert jq_r("grid_status", grid) == "SystemGridConnected"
    assert jq_r("percentage", level) == "50"
    assert jq_r("version", status) == "23.28.2 27626f98"
    assert jq_r("up_time_seconds", status).endswith("s")
    assert [jq_r("code", one) for one in (grid, level, status)] == ["null"] * 3
    (app,) = jq_slurp(curl_in_a_row(house.port, "/api/system_status/soe"))
    assert bc(jq_r("percentage", app)) == pytest.approx(Decimal("47.368421"))


def test_pwstatus_sh_reports_an_unknown_grid_and_no_blackout(lost: Served) -> None:
    answers = jq_slurp(curl_in_a_row(lost.port, *PWSTATUS))
    assert len(answers) == 3
    assert [jq_r("code", one) for one in answers] == ["null"] * 3
    assert jq_r("grid_status", answers[0]) == "null"


def test_switch_mode_sh_stops_before_it_commands(either: Served) -> None:
    soe = jq_r("soe", json.loads(curl(either.port, "/json").output))
    for action, name in (("reserve", "reserve"), ("mode", "mode")):
        read = json.loads(curl(either.port, f"/control/{action}").output)
        assert jq_r(name, read) in ("null", "", "0")
        wrote = curl(either.port, f"/control/{action}", form="value=50&token=secret")
        assert wrote.status == 400
        assert jq_r("error", json.loads(wrote.output)).startswith("Control Commands Disabled")
    assert soe in ("50", "null")


@pytest.mark.parametrize("path", ["/stats", "/health"])
def test_a_running_proxy_tells_of_itself_as_the_contract_says(either: Served, path: str) -> None:
    """The contract's own tests have no lanes, which is where most of these numbers come from."""
    document = either.get(path).document
    name = document.get("site_name")
    shape = PROMISES[path].shape({"site_name": {"site_name": name}})
    assert list(shape(document, path)) == []


# -- other programs -------------------------------------------------------------------------


def test_fourteen_requests_of_home_assistant_at_once_are_all_json(either: Served) -> None:
    """200 with anything else breaks its whole refresh."""
    for path, reply in at_once(either, HOME_ASSISTANT, Connection="close").items():
        assert reply.status == 200, path
        assert reply.took_s < 10, path
        assert reply.headers["Connection"] == "close", path
        json.loads(reply.body)


def test_home_assistant_finds_its_fields(house: Served) -> None:
    answers = {path: house.get(path).document for path in HOME_ASSISTANT}
    names = ("solar", "battery", "grid", "home", "soe", "reserve", "time_remaining_hours")
    assert all(is_number(answers["/json"][name]) for name in names)
    assert answers["/json"]["grid_status"] == 1
    assert is_number(answers["/aggregates"]["site"]["instant_average_voltage"])
    health = answers["/health"]
    assert isinstance(health["pypowerwall"], str)
    assert health["connection_health"]["is_degraded"] is False
    for name in ("consecutive_failures", "total_failures", "total_successes"):
        assert type(health["connection_health"][name]) is int
    assert isinstance(answers["/version"]["version"], str)
    assert answers["/api/operation"]["real_mode"] == "self_consumption"
    assert isinstance(answers["/api/system_status"]["grid_faults"], list)
    found = {name for device in answers["/vitals"].values() for name in device}
    assert {name.split("--")[0] for name in answers["/vitals"]} >= {"PVAC", "PVS", "TEPOD"}
    assert found >= {"PVAC_Pout", "PVS_StringA_Connected", "POD_nom_energy_remaining", "alerts"}


def test_rest_sensors_of_home_assistant_show_no_number_in_an_outage(
    house: Served, lost: Served
) -> None:
    names = ("battery", "grid", "home", "solar")
    assert [house.get("/json").document[name] for name in names] == [-1500, -300, 1200, 3000]
    assert [lost.get("/json").document[name] for name in names] == [None] * 4


def test_a_caching_proxy_in_front_keeps_what_is_known_only(house: Served, lost: Served) -> None:
    assert kept(house) == {*CACHED, "/csv/v2"}
    # These four it could always overwrite in an outage.
    assert kept(lost) == {"/strings", "/freq", "/fans/pw", "/version"}
    meters = house.get("/aggregates").document
    assert all(is_number(meters[name]["instant_power"]) for name in ("site", "load", "solar"))
    assert is_number(house.get("/soe").document["percentage"])
    assert is_number(house.get("/pod").document["time_remaining_hours"])
    assert "SystemIslandedActive" not in house.get("/alerts/pw").document


def test_gridguard_stops_for_a_blackout_and_not_for_a_lost_gateway(
    gateway: Gateways, proxy: Proxies, lost: Served
) -> None:
    assert not grid_is_down(lost)
    sim = gateway()
    served = proxy(sim, PW_CACHE_TTL="1")
    until(lambda: read_ifs(curl(served.port, "/csv/v2").output, 7)[5] == "1")
    assert not grid_is_down(served)
    sim.faults.start("outage", state="islanded")
    until(lambda: grid_is_down(served))
    sim.faults.stop()
    until(lambda: read_ifs(curl(served.port, "/csv/v2").output, 7)[5] == "1")
    sim.faults.start("refusing")
    until(lambda: read_ifs(curl(served.port, "/csv/v2").output, 7)[5] != "1")
    assert not grid_is_down(served)


def test_cron_sh_prints_whole_numbers_or_fails(house: Served, lost: Served) -> None:
    answer = curl(house.port, "/csv/v2", fail=True, limit_s=5)
    last = answer.output.splitlines()[-1]
    printed = [printf_0f(column) for column in last.split(",")]
    assert printed == ["-300", "1200", "3000", "-1500", "50", "1", "20"]
    # An empty column would be printed as 0: of nothing it must get no line at all.
    assert curl(lost.port, "/csv/v2", fail=True, limit_s=5).exit_code == HTTP_ERROR


def test_tessolarcharge_waits_without_a_limit_and_not_for_long(house: Served, lost: Served) -> None:
    assert house.get("/aggregates").document["site"]["instant_power"] == -300
    reply = lost.get("/aggregates")
    assert reply.document is None
    assert reply.took_s < 4


def test_telegraf_stores_numbers_or_nothing(house: Served, lost: Served) -> None:
    for served in (house, lost):
        for path, reply in at_once(served, TELEGRAF, **{"Accept-Encoding": "gzip"}).items():
            assert (reply.status, reply.took_s < 4) == (200, True), path
            assert "Content-Encoding" not in reply.headers, path
            known = served is house and path != "/fans/pw"
            assert bool(fields(reply.document)) is known, path


@pytest.mark.parametrize("keeps", [b"", b"Connection: keep-alive\r\n"])
@pytest.mark.parametrize("path", ["/soe", "/csv/v2", "/json", "/api/status", "/fans"])
def test_clients_of_http_1_0_need_no_host_and_are_told_where_it_ends(
    house: Served, path: str, keeps: bytes
) -> None:
    status, body = ask_1_0(house, path, keeps)
    assert status == b"200 OK"
    assert body == house.get(path).body


TOOLS = ("sh", "curl", "wget", "jq", "bc")


@pytest.mark.skipif(not all(map(shutil.which, TOOLS)), reason=f"needs {', '.join(TOOLS)}")
def test_the_tools_themselves_agree(house: Served) -> None:
    url = f"http://127.0.0.1:{house.port}"
    script = f"""
        curl -sf {url}/health >/dev/null && echo healthy
        wget --spider -q {url}/api/site_info && echo spidered
        curl -s {url}/stats | grep -o '"tedapi":[^,}}]*'
        curl -s -S -m 10 --fail-early -k {url}/api/system_status/grid_status {url}/soe \
            | jq -r -s '.[0].grid_status, .[1].percentage'
        echo "scale=1; $(curl -sf {url}/csv/v2 | cut -d, -f5) / 0.95 - 5 / 0.95" | bc
    """
    ran = subprocess.run(  # noqa: S603 - our own script
        ["/bin/sh", "-c", script], capture_output=True, text=True, timeout=20, check=True
    )
    assert ran.stdout.splitlines() == [
        "healthy",
        "spidered",
        '"tedapi": false',
        "SystemGridConnected",
        "50",
        "47.4",
    ]
