"""A firmware update, as a client lives through it."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

CORE = "/api/meters/aggregates"
STATUS = "/api/status"
UPDATE = "/api/system/update/status"
VITALS = "/api/devices/vitals"
MIA = {"PINV_a010_can_gtwMIA", "PINV_a039_can_thcMIA"}


@pytest.mark.parametrize("scale", [1.0, 0.1])
def test_an_update_from_the_download_to_the_new_version(  # noqa: PLR0915 - one story
    start: Any, connect: Any, clock: Any, alerts: Any, until: Any, scale: float
) -> None:
    sim = start(frozen=True, monotonic=clock.monotonic, wall=clock.wall)
    client = connect(sim)
    client.login()
    old = client.ask(STATUS).document["version"]

    def later(seconds: float) -> None:
        clock.advance(seconds * scale)

    sim.faults.start("firmware_update", scale=scale, release="23.43.1")
    assert client.ask(UPDATE).document["state"] == "/download"
    later(61)
    assert client.ask(UPDATE).document["state"] == "/update_staged"
    assert client.ask(CORE).status == 200
    later(30)
    sim.counters.reset()
    with ThreadPoolExecutor(1) as pool:
        lost = pool.submit(connect(sim, timeout_s=0.2).ask, STATUS)
        until(lambda: sim.counters.snapshot()["in_flight"] == 1)
        with pytest.raises(TimeoutError):
            lost.result(20)
    later(60)
    reply = client.ask(CORE)
    assert (reply.status, reply.body) == (502, b"")
    status = client.ask(STATUS).document
    assert status["version"].startswith("23.43.1 ")
    assert status["version"] != old
    assert status["git_hash"].startswith(status["version"].split()[1])
    assert client.ask("/api/operation").status == 403
    client.login()
    assert client.ask("/api/sitemaster").document["running"] is False
    later(120)
    assert client.ask(CORE).status == 200
    assert alerts(client, "TEPINV") >= MIA
    assert "POD_w058_SW_App_Boot" in alerts(client, "TEPOD")
    later(120)
    assert client.ask(UPDATE).document["state"] == "/update_succeeded"
    assert not MIA & alerts(client, "TEPINV")
    assert client.ask(STATUS).document == {
        **status,
        "up_time_seconds": client.ask(STATUS).document["up_time_seconds"],
        "start_time": client.ask(STATUS).document["start_time"],
    }
    sim.faults.stop()
    assert client.ask(STATUS).document["version"] == old


@pytest.mark.parametrize(
    ("release", "status"), [("23.36.9", 200), ("23.44.0", 404), ("24.12.0", 404), ("25", 404)]
)
def test_an_update_may_take_the_vitals_away(
    start: Any, connect: Any, clock: Any, release: str, status: int
) -> None:
    sim = start(frozen=True, monotonic=clock.monotonic, wall=clock.wall)
    client = connect(sim)
    sim.faults.start("firmware_update", scale=0.01, release=release)
    clock.advance(60)
    client.login()
    assert client.ask(VITALS).status == status
    assert client.ask(CORE).status == 200


def test_a_request_that_nobody_took_ends_with_a_reset(
    start: Any, connect: Any, clock: Any, until: Any
) -> None:
    sim = start(frozen=True, monotonic=clock.monotonic, wall=clock.wall)
    sim.faults.start("firmware_update", release="23.36.9")
    clock.advance(91)
    with ThreadPoolExecutor(1) as pool:
        lost = pool.submit(connect(sim).ask, STATUS)
        until(lambda: sim.counters.snapshot()["in_flight"] == 1)
        assert not lost.done()
        clock.advance(60)
        with pytest.raises(ConnectionResetError):
            lost.result(20)


def test_an_update_ends_when_it_is_stopped(start: Any, connect: Any, clock: Any) -> None:
    sim = start(frozen=True, monotonic=clock.monotonic, wall=clock.wall)
    client = connect(sim)
    client.login()
    sim.faults.start("firmware_update", scale=1e-6)
    clock.advance(1)
    assert client.ask(STATUS).document["version"].startswith("24.12.0 ")
    assert client.ask(CORE).status == 403
    sim.faults.stop()
    assert client.ask(STATUS).document["version"] == sim.system.version
    assert client.ask(CORE).status == 200
