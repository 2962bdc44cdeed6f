"""Commands, from a client's form to a gateway over TLS: sent once, read back, told truly."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from support.forked import Forked
from support.served import Reply, Served, lives, request, until

from simulator.gateway import Simulator
from simulator.plant import Settings

SECRET = "a control secret"
WRITES = {"POST /api/operation": 1, "GET /api/config/completed": 1}
Gateways = Callable[..., Simulator]
Proxies = Callable[..., Served]


def post(proxy: Served, path: str, **fields: str) -> Reply:
    """Send a form, as curl -d does."""
    body = urlencode({"token": SECRET} | fields).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return request(proxy.port, path, headers, method="POST", body=body)


def history(proxy: Served) -> list[dict[str, Any]]:
    shown: dict[str, Any] = proxy.get("/api/v1/commands").document
    commands: list[dict[str, Any]] = shown["commands"]
    return commands


def ended(proxy: Served, outcome: str, limit_s: float = 20.0) -> dict[str, Any]:
    """Wait until the newest command has ended so."""
    return until(
        lambda: next((r for r in history(proxy)[:1] if r["outcome"] == outcome), {}), limit_s
    )


def posts(sim: Simulator) -> int:
    return sum(write.method == "POST" for write in sim.counters.writes)


@pytest.fixture
def kind() -> type[Served]:
    return Forked


@pytest.fixture
def open_gateway(gateway: Gateways) -> Simulator:
    return gateway(allow_operation=True)


@pytest.fixture
def controlled(proxy: Proxies) -> Proxies:
    def start(sim: Simulator, **settings: str) -> Served:
        served = proxy(sim, **({"PW_CONTROL_SECRET": SECRET} | settings))
        served.known("/aggregates")
        return served

    return start


def test_a_reserve_is_sent_once_on_a_new_connection_and_read_back(
    open_gateway: Simulator, controlled: Proxies
) -> None:
    proxy = controlled(open_gateway)
    reply = post(proxy, "/control/reserve", value="50")
    assert (reply.status, reply.document["outcome"]) == (200, "applied")
    assert "error" not in reply.document
    assert reply.document["before"]["reserve_app_pct"] == 20
    assert reply.document["after"]["reserve_raw_pct"] == 52.5
    assert open_gateway.counters.snapshot()["writes"] == WRITES
    sent = open_gateway.counters.writes[0]
    assert sent.first
    assert sent.document == {"real_mode": "self_consumption", "backup_reserve_percent": 52.5}
    assert proxy.get("/control/reserve").document == {"reserve": 50.0}
    assert proxy.get("/api/operation").document["backup_reserve_percent"] == 52.5
    assert history(proxy)[0]["outcome"] == "applied"


def test_reserve_and_mode_are_one_write(open_gateway: Simulator, controlled: Proxies) -> None:
    proxy = controlled(open_gateway)
    reply = post(proxy, "/control/reserve", value="30", mode="backup")
    assert reply.document["outcome"] == "applied"
    assert open_gateway.counters.snapshot()["writes"] == WRITES
    assert proxy.get("/control/mode").document == {"mode": "backup"}


def test_the_gateways_own_document_is_raw(open_gateway: Simulator, controlled: Proxies) -> None:
    proxy = controlled(open_gateway)
    document = {"real_mode": "backup", "backup_reserve_percent": 33}
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {SECRET}"}
    body = json.dumps(document).encode()
    reply = request(proxy.port, "/api/operation", headers, method="POST", body=body)
    assert reply.status == 200
    assert reply.document["backup_reserve_percent"] == 33
    assert reply.document["outcome"] == "applied"
    assert open_gateway.counters.writes[0].document == document


def test_firmware_that_forbids_it_says_what_to_do(gateway: Gateways, controlled: Proxies) -> None:
    sim = gateway()
    proxy = controlled(sim)
    reply = post(proxy, "/control/reserve", value="50")
    assert (reply.status, reply.document["outcome"]) == (403, "rejected")
    assert "cloud" in reply.document["remedy"]
    assert posts(sim) == 1
    assert sim.counters.snapshot()["logins"] == 1


def test_the_oldest_gateway_is_changed_by_its_own_words(
    gateway: Gateways, controlled: Proxies
) -> None:
    sim = gateway(system="old")
    proxy = controlled(sim)
    reply = post(proxy, "/control/reserve", value="50")
    # Its operation needs a login, which would stop it: nothing is worth that.
    assert reply.document["outcome"] == "rejected"
    assert sim.counters.snapshot()["logins"] == 0
    assert posts(sim) == 0


def test_an_effect_that_comes_late_is_pending_and_then_applied(
    open_gateway: Simulator, controlled: Proxies
) -> None:
    proxy = controlled(open_gateway, PW_CONTROL_WAIT="1")
    open_gateway.faults.start("delayed", seconds=3.0)
    reply = post(proxy, "/control/reserve", value="50")
    assert (reply.status, reply.document["outcome"]) == (202, "pending")
    assert reply.took_s < 2
    assert ended(proxy, "applied")["after"]["reserve_app_pct"] == 50
    assert posts(open_gateway) == 1


def test_an_answer_that_is_lost_is_read_back(open_gateway: Simulator, controlled: Proxies) -> None:
    proxy = controlled(open_gateway)
    open_gateway.faults.start("dropped", count=1)
    reply = post(proxy, "/control/reserve", value="50")
    assert (reply.status, reply.document["outcome"]) == (200, "applied")
    assert posts(open_gateway) == 1


def test_a_request_that_is_lost_is_unknown_and_never_sent_again(
    open_gateway: Simulator, controlled: Proxies
) -> None:
    proxy = controlled(open_gateway)
    open_gateway.faults.start("lost", count=1)
    reply = post(proxy, "/control/reserve", value="50")
    assert (reply.status, reply.document["outcome"]) == (504, "unknown")
    assert "error" in reply.document
    assert posts(open_gateway) == 1


@pytest.mark.parametrize("status", [401])
def test_an_expired_session_costs_one_login_and_one_more_post(
    open_gateway: Simulator, controlled: Proxies, status: int
) -> None:
    proxy = controlled(open_gateway)
    logins = open_gateway.counters.snapshot()["logins"]
    # A minute lies between two logins; the first was the proxy's start.
    open_gateway.faults.start("expired", "/api/operation", 1, method="POST", status=status)
    reply = post(proxy, "/control/reserve", value="50")
    made = open_gateway.counters.snapshot()["logins"] - logins
    assert (made, reply.document["outcome"]) in ((1, "applied"), (0, "rejected"))
    assert posts(open_gateway) == 1 + made


def test_the_same_key_is_the_same_command(open_gateway: Simulator, controlled: Proxies) -> None:
    proxy = controlled(open_gateway)
    headers = {
        "Content-Type": "application/json",
        "Authorization": f"Bearer {SECRET}",
        "Idempotency-Key": "tonight",
    }
    body = json.dumps({"reserve_app_pct": 50}).encode()
    first, second = (
        request(proxy.port, "/api/v1/commands", headers, method="POST", body=body) for _ in range(2)
    )
    assert first.status == second.status == 200
    assert first.document["id"] == second.document["id"]
    assert posts(open_gateway) == 1


def test_a_temporary_setting_is_put_back(open_gateway: Simulator, controlled: Proxies) -> None:
    proxy = controlled(open_gateway)
    assert post(proxy, "/control/reserve", value="50", **{"for": "2s"}).status == 200
    until(lambda: proxy.get("/control/reserve").document == {"reserve": 20.0})
    assert posts(open_gateway) == 2
    assert history(proxy)[0]["reverts"] == history(proxy)[1]["id"]


def killed(proxy: Served) -> None:
    """Take the power away."""
    workers = proxy.workers
    proxy.process.send_signal(signal.SIGKILL)
    proxy.process.wait(10)
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    until(lambda: not any(map(lives, workers)))  # till then the port is theirs


def test_nothing_is_lost_and_nothing_sent_twice_when_the_power_goes_after_a_write(
    open_gateway: Simulator, controlled: Proxies
) -> None:
    proxy = controlled(open_gateway, PW_CONTROL_WAIT="0")
    open_gateway.faults.start("delayed", seconds=2.0)
    assert post(proxy, "/control/reserve", value="50").status == 202
    until(lambda: open_gateway.counters.snapshot()["writes"] == WRITES)
    killed(proxy)
    with proxy:
        assert ended(proxy, "applied")["after"]["reserve_app_pct"] == 50
    assert posts(open_gateway) == 1


def test_a_temporary_setting_ends_although_the_power_went_meanwhile(
    open_gateway: Simulator, controlled: Proxies
) -> None:
    proxy = controlled(open_gateway)
    assert post(proxy, "/control/reserve", value="50", **{"for": "3s"}).status == 200
    killed(proxy)
    with proxy:
        until(lambda: proxy.get("/control/reserve").document == {"reserve": 20.0})
    assert posts(open_gateway) == 2


def test_somebody_elses_choice_is_left_alone(open_gateway: Simulator, controlled: Proxies) -> None:
    proxy = controlled(open_gateway)
    assert post(proxy, "/control/reserve", value="50", **{"for": "2s"}).status == 200
    open_gateway.plant.choose(Settings("backup", 90.0))
    until(lambda: history(proxy)[0]["reverts"])
    assert history(proxy)[0]["outcome"] == "rejected"
    assert posts(open_gateway) == 1


def test_leaving_the_grid_needs_leave_and_a_word(gateway: Gateways, controlled: Proxies) -> None:
    sim = gateway(allow_operation=True, islanding_scale=0.2)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {SECRET}"}

    def command(proxy: Served, **document: str) -> Reply:
        body = json.dumps(document).encode()
        return request(proxy.port, "/api/v1/commands", headers, method="POST", body=body)

    shut = controlled(sim)
    assert command(shut, grid="off", confirm="yes").status == 403
    proxy = controlled(sim, PW_ALLOW_ISLANDING="yes")
    assert command(proxy, grid="off").status == 400
    assert posts(sim) == 0
    assert command(proxy, grid="off", confirm="yes").document["outcome"] == "applied"
    assert proxy.known("/api/v1/state/grid_state").document["sites"]["home"]["value"] == "islanded"


def test_readers_read_on_while_a_command_waits(
    open_gateway: Simulator, controlled: Proxies
) -> None:
    proxy = controlled(open_gateway, PW_CONTROL_WAIT="0")
    open_gateway.faults.start("slow", "/api/operation", method="POST", seconds=2.0)
    post(proxy, "/control/reserve", value="50")
    slowest_s = max(proxy.get("/aggregates").took_s for _ in range(20))
    assert slowest_s < 0.5
    assert ended(proxy, "applied")


def test_a_secret_is_never_written(
    open_gateway: Simulator, controlled: Proxies, tmp_path: Path
) -> None:
    proxy = controlled(open_gateway, PW_DEBUG="yes")
    post(proxy, "/control/reserve", value="50", token="wrong " + SECRET)
    post(proxy, "/control/reserve", value="50")
    proxy.end()
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(SECRET.encode() in text for text in written)
    modes = {p.name: p.stat().st_mode & 0o777 for p in (proxy.folder / "auth").iterdir()}
    assert {mode for name, mode in modes.items() if "commands" in name} == {0o600}
