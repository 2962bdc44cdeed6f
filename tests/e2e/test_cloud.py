"""A proxy that reads Tesla's cloud: the real library, real files, and a simulated Tesla.

The login is at one host and the data at another, as Tesla has it.
"""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from support.accounts import Account
from support.served import PASSWORD, Reply, Served, request, until

from proxy.routes import LIVE, PAGES, SCRAPES, V1, VIEWS
from simulator.cloud import CloudSimulator
from simulator.cloud.certificate import Authority
from simulator.gateway import Simulator

SECRET = "a control secret"
MEMORY_MOST_MB = 85.0
FIGURES = (
    "/pw/power",
    "/csv",
    "/csv/v2",
    "/version",
    "/soe",
    "/pw/level",
    "/api/site_info/site_name",
)
READ_ONLY = [
    row.path
    for row in (*VIEWS, *LIVE, *PAGES)
    if not row.path.startswith(("/stats/c", "/health/r"))
]
Clouds = Callable[..., CloudSimulator]
Gateways = Callable[..., Simulator]
Proxies = Callable[..., Served]


def settings_of(cloud: CloudSimulator, folder: Path) -> dict[str, str]:
    return {
        "PW_AUTH_PATH": str(folder),
        "PW_CLOUD_API_URL": cloud.api_url.replace("127.0.0.1", "localhost"),
        "PW_CLOUD_CA": str(folder / "ca.pem"),
        "PW_CONTROL_SECRET": SECRET,
    }


@pytest.fixture
def start_cloud(stack: ExitStack) -> Clouds:
    def start(**options: Any) -> CloudSimulator:
        return stack.enter_context(CloudSimulator(**{"frozen": True, **options}))

    return start


@pytest.fixture
def cloud(start_cloud: Clouds) -> CloudSimulator:
    return start_cloud()


@pytest.fixture
def account(cloud: CloudSimulator, stack: ExitStack, tmp_path: Path) -> Account:
    one = Account(cloud, tmp_path / "auth")
    stack.callback(one.close)
    return one


@pytest.fixture
def reads(proxy: Proxies, tmp_path: Path) -> Proxies:
    """Start a proxy of a cloud, and of a gateway where one is given.

    Without access it has a refresh token alone.
    """

    def start(
        cloud: CloudSimulator,
        sim: Simulator | None = None,
        *,
        access: bool = True,
        **settings: str,
    ) -> Served:
        folder = tmp_path / "auth"
        if not folder.exists():
            cloud.write_auth(folder, access=access)
        return proxy(sim, **settings_of(cloud, folder) | settings)

    return start


def lane(served: Served, number: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = served.get("/health").document["lanes"][number]
    return found


def in_state(served: Served, state: str) -> dict[str, Any]:
    """Ask, and wait until the road to Tesla is said to be so."""
    served.get("/aggregates")
    return until(lambda: found if (found := lane(served))["state"] == state else {})


def facts(served: Served) -> dict[str, Any]:
    found: dict[str, Any] = served.get("/api/v1/state").document["sites"]["home"]
    return found


def calls(cloud: CloudSimulator) -> int:
    total: int = sum(cloud.counters.snapshot()["calls"].values())
    return total


def pester(served: Served, for_s: float) -> None:
    """Ask for everything again and again, as an impatient household does."""
    ends_s = time.monotonic() + for_s
    while time.monotonic() < ends_s:
        for path in ("/api/v1/state", "/metrics", "/health", "/aggregates"):
            served.get(path)


def post(served: Served, path: str, **fields: str) -> Reply:
    body = urlencode({"token": SECRET} | fields).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return request(served.port, path, headers, method="POST", body=body)


def no_secret_of(account: Account, served: Served, *tokens: dict[str, Any]) -> None:
    shown = served.log + "".join(
        served.get(path).body.decode() for path in ("/health", "/stats", "/api/v1/state")
    )
    for one in (account.stored, *tokens):
        for name in ("access_token", "refresh_token"):
            assert not one[name] or one[name] not in shown
    assert account.email not in shown


# -- the cloud alone ------------------------------------------------------------------------


@dataclass(frozen=True)
class Twins:
    """One home, read by way of the cloud and by way of its gateway."""

    cloud: CloudSimulator
    far: Served
    near: Served


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twins]:
    folder = tmp_path_factory.mktemp("twins")
    with (
        Simulator(password=PASSWORD, frozen=True) as sim,
        CloudSimulator(frozen=True, plant=sim.plant) as cloud,
    ):
        cloud.write_auth(folder / "auth")
        near = {"PW_HOST": sim.address, "PW_PASSWORD": PASSWORD}
        with (
            Served(folder / "far", **settings_of(cloud, folder / "auth")) as far,
            Served(folder / "near", **near) as beside,
        ):
            for served in (far, beside):
                for path in (*FIGURES, "/pod"):
                    served.known(path)
            yield Twins(cloud, far, beside)


def test_every_route_answers_200(twins: Twins) -> None:
    paths = [*READ_ONLY, *(row.path for row in (*V1, *SCRAPES) if "{" not in row.path)]
    found = {path: twins.far.get(path).status for path in paths}
    assert {path: status for path, status in found.items() if status != 200} == {}


@pytest.mark.parametrize("path", FIGURES)
def test_a_home_looks_the_same_from_afar(twins: Twins, path: str) -> None:
    far, near = twins.far.get(path), twins.near.get(path)
    if path.startswith("/csv"):
        assert far.body == near.body
    else:
        assert far.document == near.document


def test_facts_are_those_of_the_gateway_or_nothing(twins: Twins) -> None:
    far, near = facts(twins.far), facts(twins.near)
    for name in (
        "battery_level_app_pct",
        "battery_level_raw_pct",
        "reserve_app_pct",
        "mode",
        "battery_full_wh",
        "battery_remaining_wh",
        "packs_available",
    ):
        assert far[name]["value"] == near[name]["value"]
        assert far[name]["source"] == "cloud"
    for meter in ("site", "battery", "load", "solar"):
        assert far["power_w"][meter]["value"] == near["power_w"][meter]["value"]
    assert far["pack_power_w"]["value"] is None


def test_it_says_what_it_is_and_of_which_site(twins: Twins) -> None:
    stats = twins.far.get("/stats").document
    assert (stats["mode"], stats["cloudmode"]) == ("Cloud", True)
    assert stats["siteid"] == twins.cloud.site_id
    assert stats["site_name"] == twins.cloud.sites[0].system.site_name
    assert lane(twins.far)["upstream"] == "Tesla account s***@example.com"
    assert twins.far.lines("reads Tesla's cloud")
    assert twins.far.get("/readyz").status == 200


def test_a_tariff_is_told_to_who_asks_for_it_and_to_nobody_else(
    twins: Twins, start_cloud: Clouds, reads: Proxies
) -> None:
    assert twins.far.get("/cloud/tariff").document["response"]["currency"] == "USD"
    assert twins.near.get("/cloud/tariff").document == {"error": "Cloud API not enabled"}
    cloud = start_cloud()
    cloud.faults.start("failing", path=f"{_site(cloud)}/tariff_rate", status="404")
    served = reads(cloud)
    assert served.get("/cloud/tariff").document == {"response": None}
    assert served.get("/cloud/config").document["response"]


def test_it_asks_by_http_2_and_tls_1_3_alone(twins: Twins) -> None:
    counted = twins.cloud.counters.snapshot()
    assert (set(counted["http"]), set(counted["tls"])) == ({"HTTP/2"}, {"TLSv1.3"})
    assert counted["refreshes"] == 0


def test_memory_is_within_its_bounds(twins: Twins) -> None:
    (worker,) = twins.far.workers
    status = Path(f"/proc/{worker}/status").read_text()
    (peak,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    assert 20 < int(peak) / 1024 <= MEMORY_MOST_MB


# -- tokens -------------------------------------------------------------------------------------


def test_a_token_that_ends_in_the_middle_is_refreshed_once_and_nobody_notices(
    account: Account, reads: Proxies
) -> None:
    served = reads(account.cloud, PW_DEBUG="yes")
    served.known("/aggregates")
    first = account.stored
    account.cloud.expire_sessions()
    began_s = time.monotonic()
    reply = served.known("/pod", 2.0)  # has a source that nobody asked for before
    assert reply.document["time_remaining_hours"] > 0
    assert time.monotonic() - began_s < 2.5
    assert account.refreshes == (1, 0)
    assert account.stored["refresh_token"] != first["refresh_token"]
    assert account.path.stat().st_mode & 0o777 == 0o600
    assert lane(served)["state"] == "up"
    assert lane(served)["resting_paths"] == {}
    no_secret_of(account, served, first)


def test_tokens_that_another_program_has_refreshed_are_taken_over(
    account: Account, reads: Proxies
) -> None:
    served = reads(account.cloud)
    served.known("/aggregates")
    account.cloud.expire_sessions()
    account.session.login()
    written = account.path.read_bytes()
    reply = served.known("/pod", 2.0)
    assert reply.took_s < 1.0
    assert account.refreshes == (1, 0)
    assert account.path.read_bytes() == written
    assert lane(served)["resting_paths"] == {}


def test_a_refused_refresh_is_told_once_and_not_tried_again(
    cloud: CloudSimulator, reads: Proxies
) -> None:
    cloud.faults.start("refresh_rejected")
    served = reads(cloud, access=False)
    in_state(served, "needs setup")
    pester(served, 0.4)
    assert calls(cloud) == 1
    found = lane(served)
    assert "login_required" in found["last_error"]
    assert "powerwall setup" in found["remedy"]
    assert len(served.lines("login_required")) == 1
    assert "powerwall setup" in served.lines("login_required")[0]
    assert "wrong password" not in served.log
    assert served.get("/aggregates").document is None
    assert served.get("/aggregates").took_s < 0.5


def test_who_logs_in_anew_is_noticed_within_seconds_and_tesla_is_left_alone_until_then(
    account: Account, reads: Proxies
) -> None:
    cloud = account.cloud
    good = account.new_login()
    account.store(access_token="", expires_at=0, refresh_token="void")
    served = reads(cloud)
    in_state(served, "needs setup")
    asked = account.asked()
    pester(served, 0.3)
    assert (account.asked(), account.refreshes) == (asked, (0, 1))
    account.store(**good)
    written_s = time.monotonic()
    assert until(lambda: served.get("/pw/power").document["load"]) == 1200
    assert time.monotonic() - written_s < 10.0
    assert lane(served)["state"] == "up"
    assert account.refreshes == (0, 1)
    assert len(served.lines("tried again")) == 1
    no_secret_of(account, served)


def test_a_refresh_token_is_enough_and_asked_for_as_tesla_wants_it_since_june_2026(
    cloud: CloudSimulator, reads: Proxies
) -> None:
    for rule in ("require_h2", "require_tls13"):
        cloud.faults.start(rule)
    served = reads(cloud, access=False)
    assert served.known("/pw/power").document["load"] == 1200
    assert cloud.counters.snapshot()["refreshes"] == 1


def test_a_storm_of_403_is_one_request_and_what_to_do(
    cloud: CloudSimulator, reads: Proxies
) -> None:
    cloud.faults.start("refuse_all_refreshed")
    served = reads(cloud, access=False)
    in_state(served, "logged in but refused")
    pester(served, 0.4)
    counted = cloud.counters.snapshot()
    assert (counted["refreshes"], calls(cloud)) == (1, 2)
    found = lane(served)
    assert "HTTP 403" in found["last_error"]
    assert found["resting_for_s"] > 50
    assert all(words in found["remedy"] for words in ("powerwall setup", "PW_HOST"))
    assert len(served.lines("HTTP 403")) == 1


SAVES = """
import sys
from pathlib import Path
from pypowerwall_core.backends.cloud.files import TokenFile
file, n = TokenFile(Path(sys.argv[1])), 0
while True:
    n += 1
    file.save("a@b", {"sso": {"access_token": f"{n}", "refresh_token": f"{n}" * 999}})
    print(n, flush=True)
"""


def test_a_kill_during_a_write_leaves_all_of_the_old_or_all_of_the_new(account: Account) -> None:
    for kill in range(6):
        with subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-c", SAVES, str(account.folder)], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(0.003 * kill)
            process.send_signal(signal.SIGKILL)
        document = json.loads(account.path.read_text())
        sso = document["a@b"]["sso"]
        assert sso["refresh_token"] == sso["access_token"] * 999
        assert document[account.email]["sso"]["refresh_token"]
        assert account.path.stat().st_mode & 0o777 == 0o600


# -- which site -----------------------------------------------------------------------------


def test_the_site_that_is_set_is_shown_and_no_other(start_cloud: Clouds, reads: Proxies) -> None:
    cloud = start_cloud(sites="two")
    cabin = cloud.sites[1].identity.site_id
    served = reads(cloud, PW_SITEID=f"{cabin}")
    assert served.known("/api/site_info/site_name").document["site_name"] == "Cabin"
    served.known("/aggregates")
    assert served.get("/stats").document["siteid"] == cabin
    assert not any(f"/{cloud.site_id}/" in call for call in cloud.counters.snapshot()["calls"])


def test_a_site_that_the_account_lacks_is_told_with_those_it_has(
    start_cloud: Clouds, reads: Proxies
) -> None:
    cloud = start_cloud(sites="two")
    served = reads(cloud, PW_SITEID="123")
    in_state(served, "needs setup")
    pester(served, 0.3)
    found = lane(served)["last_error"]
    assert all(str(site.identity.site_id) in found for site in cloud.sites)
    assert "Cabin" in found
    assert set(cloud.counters.snapshot()["calls"]) == {"GET /api/1/products"}
    for path in ("/aggregates", "/soe", "/api/operation"):
        assert served.get(path).document is None
    assert len(served.lines("no site 123")) == 1


def test_a_roof_alone_has_no_battery_and_is_never_off_the_grid(
    start_cloud: Clouds, reads: Proxies
) -> None:
    cloud = start_cloud(sites="solar-only")
    cloud.faults.start("failing", path=f"{_site(cloud)}/backup_time_remaining")
    served = reads(cloud)
    assert served.known("/pw/power").document["solar"] == 3000
    home = until(lambda: _known_mode(facts(served)))
    battery = (
        "battery_level_app_pct",
        "reserve_app_pct",
        "mode",
        "battery_full_wh",
        "time_remaining_h",
    )
    assert {home[name]["state"] for name in battery} == {"not_served"}
    for path in ("/api/system_status/grid_status", "/alerts", "/freq"):
        assert not any(word in served.get(path).body for word in (b"Islanded", b"Island", b": -1"))
    assert served.get("/soe").document in (None, {"percentage": None})
    assert home["grid_status"]["value"] in (None, "on", "connected")


def _known_mode(home: dict[str, Any]) -> dict[str, Any]:
    return home if home["mode"]["state"] != "unknown" else {}


# -- a gateway and the cloud ----------------------------------------------------------------


def test_a_command_goes_to_the_cloud_alone_and_is_read_back_there(
    start_cloud: Clouds, gateway: Gateways, reads: Proxies
) -> None:
    sim = gateway(allow_operation=True)
    cloud = start_cloud(plant=sim.plant)
    served = reads(cloud, sim, PW_CONTROL_VIA="cloud,local")
    served.known("/aggregates")
    assert calls(cloud) == 0
    reply = post(served, "/control/reserve", value="30")
    assert (reply.status, reply.document["outcome"]) == (200, "applied")
    assert reply.document["after"]["reserve_app_pct"] == 30
    assert sim.counters.writes == []
    (write,) = cloud.counters.writes
    assert write.path.endswith(f"/{cloud.site_id}/backup")
    assert (write.first, write.document) == (True, {"backup_reserve_percent": 30})
    refused = post(served, "/control/reserve", value="90")
    assert refused.document["outcome"] == "rejected"
    assert "80" in json.dumps(refused.document)
    assert len(cloud.counters.writes) == 1
    assert served.get("/stats").document["mode"] == "Local"


def test_a_write_that_meets_an_ended_token_is_sent_once_more_and_applied(
    account: Account, gateway: Gateways, reads: Proxies
) -> None:
    sim = gateway()
    served = reads(account.cloud, sim, PW_CONTROL_VIA="cloud")
    account.cloud.faults.start("expired", path=f"{_site(account.cloud)}/operation", count=1)
    reply = post(served, "/control/mode", value="backup")
    assert (reply.status, reply.document["outcome"]) == (200, "applied")
    assert account.refreshes == (1, 0)
    assert len(account.cloud.counters.writes) == 2


def _site(cloud: CloudSimulator) -> str:
    return f"/api/1/energy_sites/{cloud.site_id}"


@pytest.fixture
def mixed(
    start_cloud: Clouds, gateway: Gateways, reads: Proxies
) -> tuple[Served, Simulator, CloudSimulator]:
    sim = gateway(system="pw3")
    cloud = start_cloud(plant=sim.plant, system="pw3")
    served = reads(cloud, sim, PW_CLOUD_FALLBACK="yes")
    served.known("/aggregates")
    return served, sim, cloud


def test_the_cloud_tells_what_the_gateway_does_not_and_neither_waits_for_the_other(
    mixed: tuple[Served, Simulator, CloudSimulator],
) -> None:
    served, sim, cloud = mixed
    home = until(lambda: _both(facts(served)))
    assert home["power_w"]["load"]["source"] == "gateway"
    filled = _sources(home)
    assert {"gateway", "cloud"} <= set(filled.values())
    assert "constant" not in filled.values()
    # Tesla falls silent: the gateway's figures are as quick and as new as before.
    cloud.faults.start("silent")
    for _ in range(15):
        reply = served.get("/aggregates")
        assert reply.document["load"]["instant_power"] == 1200
        assert reply.took_s < 1.0
        time.sleep(0.1)
    assert (served.get("/aggregates").age_s or 0) <= 3
    cloud.faults.stop()
    # The gateway goes: what the cloud tells is still there, and nobody waits.
    sim.faults.start("refusing")
    until(lambda: lane(served)["state"] == "down")
    after = _sources(facts(served))
    assert {name for name, source in filled.items() if source == "cloud"} <= {
        name for name, source in after.items() if source == "cloud"
    }
    assert served.get("/aggregates").took_s < 1.0


def _sources(home: dict[str, Any]) -> dict[str, str]:
    return {
        name: fact["source"]
        for name, fact in home.items()
        if isinstance(fact, dict) and isinstance(fact.get("source"), str)
    }


def _both(home: dict[str, Any]) -> dict[str, Any]:
    return home if "cloud" in _sources(home).values() else {}


# -- without the internet -------------------------------------------------------------------


def test_without_the_internet_it_starts_at_once_and_says_so(
    cloud: CloudSimulator, reads: Proxies
) -> None:
    cloud.faults.start("refusing")
    began_s = time.monotonic()
    served = reads(cloud)
    assert time.monotonic() - began_s < 10
    assert served.get("/aggregates").document is None
    until(lambda: lane(served)["state"] == "down")
    assert "internet" in lane(served)["remedy"]
    assert len(served.lines("Check that this machine reaches the internet")) == 1
    cloud.faults.stop()
    assert served.known("/pw/power").document["load"] == 1200


def test_who_is_not_tesla_hears_no_token(
    cloud: CloudSimulator, reads: Proxies, tmp_path: Path
) -> None:
    """Whatever the environment says: a bundle of its own, or a proxy in between."""
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        other = tmp_path / "other.pem"
        other.write_text(Authority.make().pem)
        cloud.faults.start("certificate")
        served = reads(
            cloud,
            REQUESTS_CA_BUNDLE=str(other),
            HTTPS_PROXY=f"http://127.0.0.1:{nobody.getsockname()[1]}",
        )
        served.get("/aggregates")
        until(lambda: "not trusted" in (lane(served)["last_error"] or ""))
        nobody.settimeout(0.05)
        with pytest.raises(TimeoutError):
            nobody.accept()
    assert calls(cloud) == 0
