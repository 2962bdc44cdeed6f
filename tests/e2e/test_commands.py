"""The commands a person types."""

import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.served import (
    ENDS_WITHIN_S,
    POWERWALL,
    PROXY,
    Served,
    environment,
    free_port,
    run,
    until,
)

from proxy.routes import LIVE, PAGES, VIEWS
from pypowerwall_core.version import __version__
from simulator.gateway import Simulator

HEALTHCHECK = (*POWERWALL, "healthcheck")
DEMO = (*POWERWALL, "serve", "--demo")


def test_version_is_one_line(tmp_path: Path) -> None:
    ended = run(tmp_path, (*POWERWALL, "version"))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == f"powerwall-proxy {__version__}\n"


@pytest.mark.parametrize("command", [(*POWERWALL, "serve"), PROXY])
def test_both_ways_to_serve_serve(sim: Simulator, tmp_path: Path, command: tuple[str, ...]) -> None:
    with Served(tmp_path, command, PW_HOST=sim.address, PW_PASSWORD="wrong") as served:
        assert served.get("/healthz").document == {"status": "ok"}
        assert len(served.lines(f"powerwall-proxy {__version__} on http://")) == 1
        assert served.end() == 0
    assert served.output == ""


def test_an_unknown_command_is_refused(tmp_path: Path) -> None:
    ended = run(tmp_path, (*POWERWALL, "dance"))
    assert ended.returncode == 2
    assert "dance" in ended.stderr


def test_healthcheck_says_ok_of_a_proxy_that_answers(
    proxy: Callable[..., Served], tmp_path: Path
) -> None:
    served = proxy()
    for address in ("127.0.0.1", "", "0.0.0.0"):  # noqa: S104 - asked, not listened on
        settings = {"PW_PORT": str(served.port), "PW_BIND_ADDRESS": address}
        ended = run(tmp_path, HEALTHCHECK, **settings)
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "ok\n", "")


def test_healthcheck_stays_ok_while_the_gateway_is_away(
    proxy: Callable[..., Served], tmp_path: Path
) -> None:
    served = proxy(PW_HOST=f"127.0.0.1:{free_port()}", PW_PASSWORD="any")
    assert served.get("/soe").document is None
    ended = run(tmp_path, HEALTHCHECK, PW_PORT=str(served.port))
    assert (ended.returncode, ended.stdout) == (0, "ok\n")


def test_healthcheck_fails_where_nothing_listens(tmp_path: Path) -> None:
    ended = run(tmp_path, HEALTHCHECK, PW_PORT=str(free_port()))
    assert ended.returncode == 1
    assert ended.stdout.startswith("not healthy: ")
    assert ended.stderr == ""


def test_healthcheck_takes_a_wrong_setting_as_serve_does(tmp_path: Path) -> None:
    ended = run(tmp_path, HEALTHCHECK, PW_PORT="x")
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Served]:
    with Served(tmp_path / "demo", DEMO, PW_CACHE_EXPIRE="1", PW_AUTH_PATH="") as served:
        yield served


def test_the_demo_marks_every_answer_as_simulated(demo: Served) -> None:
    for path in [*(row.path for row in (*VIEWS, *LIVE, *PAGES)), "/nowhere", "//soe"]:
        assert demo.get(path).headers["X-Demo"] == "simulated", path
    meters = demo.known("/aggregates").document
    assert set(meters) >= {"site", "battery", "load", "solar"}
    until(lambda: demo.get("/stats").document["site_name"] == "Demo (simulated)")


def test_the_demo_says_what_it_is_and_how_to_go_on(demo: Served) -> None:
    assert "SIMULATED" in demo.output
    assert f"http://127.0.0.1:{demo.port}/" in demo.output
    assert "PW_HOST=" in demo.output
    assert demo.log == ""


def test_the_demo_writes_nothing(demo: Served) -> None:
    demo.known("/aggregates")
    demo.known("/version")
    assert demo.end() == 0
    assert list(demo.cwd.iterdir()) == []
    assert {entry.name for entry in demo.folder.iterdir()} == {"cwd", "stdout", "stderr"}


def test_the_demo_reads_no_gateway_even_when_one_is_set(sim: Simulator, tmp_path: Path) -> None:
    with Served(tmp_path, DEMO, PW_HOST=sim.address, PW_PASSWORD="any") as served:
        served.known("/aggregates")
    assert sim.counters.snapshot()["connections"] == 0


def test_a_proxy_that_is_no_demo_is_not_marked(
    sim: Simulator, proxy: Callable[..., Served]
) -> None:
    served = proxy(sim)
    assert served.known("/soe").headers["X-Demo"] is None
    until(lambda: served.get("/stats").document["site_name"] == "Home")


@contextmanager
def _simulating(tmp_path: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(  # noqa: S603 - our own program
        (*POWERWALL, "simulate", *arguments),
        env=environment(tmp_path, {}),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def test_simulate_says_ready_and_a_proxy_can_read_it(
    proxy: Callable[..., Served], tmp_path: Path
) -> None:
    with _simulating(tmp_path, "--port", "0", "--frozen", "--password", "abcde") as process:
        assert process.stdout is not None
        ready = process.stdout.readline()
        match = re.fullmatch(
            r"ready: https://(127\.0\.0\.1:\d+) \(system pw2, password abcde\)\n", ready
        )
        assert match, ready
        served = proxy(PW_HOST=match[1], PW_PASSWORD="abcde")
        assert served.known("/soe").document == {"percentage": 50}
        process.send_signal(signal.SIGTERM)
        out, error = process.communicate(timeout=ENDS_WITHIN_S)
        assert (process.returncode, out, error) == (0, "", "")
