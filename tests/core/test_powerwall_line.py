"""`Powerwall` over a real line: how it waits, ends, and keeps its secrets."""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from support.library import (
    COOKIES,
    PASSWORD,
)
from support.served import free_port, until

import pypowerwall_core
from pypowerwall_core import Powerwall, set_debug
from simulator.gateway import Simulator

OURS = ("lane-", "commands")
CORE_LOG = logging.getLogger("pypowerwall_core")


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(password=PASSWORD, frozen=True) as one:
        yield one


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Callable[..., Powerwall]]:
    """Make Powerwalls that end with the test."""
    held: list[Powerwall] = []

    def make(sim: Simulator, **options: Any) -> Powerwall:
        given = {"password": PASSWORD, "cachefile": str(tmp_path / "session"), **options}
        held.append(Powerwall(sim.address, **given))
        return held[-1]

    yield make
    for one in held:
        one.close()


@pytest.fixture
def quiet() -> Iterator[None]:
    """Leave the log as it was, whatever a test does with it."""
    level, handlers = CORE_LOG.level, list(CORE_LOG.handlers)
    yield
    CORE_LOG.level, CORE_LOG.handlers = level, handlers


def threads() -> list[str]:
    return [one.name for one in threading.enumerate() if one.name.startswith(OURS)]


def took_s(call: Callable[[], Any]) -> float:
    began_s = time.monotonic()
    call()
    return time.monotonic() - began_s


class Hasty(Powerwall):
    """Asks again at once."""

    _retry_s = 0.05


def test_retry_modes_waits_until_the_gateway_is_there(sim: Simulator) -> None:
    sim.faults.start("refusing")
    timer = threading.Timer(0.3, sim.faults.stop)
    timer.start()
    with Hasty(sim.address, PASSWORD, cachefile="", retry_modes=True) as pw:
        assert pw.is_connected()
        assert pw.level() == 50
    timer.join()


# -- over a real line -----------------------------------------------------------------------


def test_threads_that_ask_at_once_share_one_request_at_a_time(
    sim: Simulator, made: Callable[..., Powerwall]
) -> None:
    pw = made(sim)
    calls = (pw.level, pw.power, pw.alerts, pw.get_mode, lambda: pw.poll("/api/generators"))
    forced = (lambda: pw.get_mode(force=True), lambda: pw.poll("/api/status", raw=True, force=True))
    with ThreadPoolExecutor(20) as pool:
        results = list(pool.map(lambda n: (*calls, *forced)[n % 7](), range(28)))
    assert None not in results
    assert all(results[n] == results[n % 7] for n in range(28))
    seen = sim.counters.snapshot()
    assert (seen["most_in_flight"], seen["logins"], seen["connections"]) == (1, 1, 1)
    assert seen["requests"]["/api/system_status/soe"] == 1


def test_a_wrong_password_is_said_once_and_tried_once(
    sim: Simulator, made: Callable[..., Powerwall], caplog: pytest.LogCaptureFixture
) -> None:
    pw = made(sim, password="wr0ng-one")
    assert took_s(lambda: [pw.power(), pw.level(), pw.alerts()]) < 1.0
    assert (pw.level(), pw.is_connected()) == (None, False)
    assert pw.version() is not None
    seen = sim.counters.snapshot()
    assert (seen["logins"], seen["logins_refused"]) == (0, 1)
    assert len([one for one in caplog.records if "last five characters" in one.message]) == 1
    assert "wr0ng-one" not in caplog.text


def test_a_gateway_that_refuses_costs_no_time() -> None:
    with Powerwall(f"127.0.0.1:{free_port()}", PASSWORD, cachefile="") as pw:
        assert took_s(lambda: [pw.power(), pw.level(), pw.strings(), pw.alerts()]) < 1.0
        assert not pw.is_connected()
        assert pw.client.trouble().startswith("connection refused")


@pytest.mark.parametrize("timeout", [0.2, (0.1, 0.2)])
def test_a_silent_gateway_is_waited_for_twice_the_timeout_at_most(
    timeout: Any, sim: Simulator, made: Callable[..., Powerwall]
) -> None:
    pw = made(sim, timeout=timeout, pwcacheexpire=1)
    sim.faults.start("dripping")
    assert took_s(lambda: pw.poll("/api/generators")) < 0.4 + 0.3
    assert took_s(pw.level) < 0.4 + 0.3
    assert took_s(lambda: pw.poll("/api/status", force=True)) < 0.4 + 0.3


def test_a_question_about_much_waits_as_long_and_no_longer(
    made: Callable[..., Powerwall],
) -> None:
    with Simulator(system="novitals", password=PASSWORD, frozen=True) as sim:
        pw = made(sim, timeout=0.3)
        sim.set_latency(0.27)
        assert took_s(pw.alerts) < 0.6 + 0.2  # three requests in turn take longer
        until(lambda: len(pw.alerts()) == 3, 5.0)


@pytest.mark.parametrize(("given", "expire_s"), [(0, 1.0), (2, 2.0), (5, 5.0), (60, 60.0)])
def test_a_reading_counts_as_new_for_as_long_as_is_given_but_a_second_at_least(
    given: float, expire_s: float, sim: Simulator, made: Callable[..., Powerwall]
) -> None:
    (entry,) = made(sim, pwcacheexpire=given).client.snapshot("soe").known
    assert entry.ttl_s == pytest.approx(expire_s, abs=0.5)


@pytest.mark.parametrize(("poolmaxsize", "connections"), [(10, 1), (0, 4)])
def test_without_a_pool_every_request_has_a_connection_of_its_own(
    poolmaxsize: int, connections: int, sim: Simulator, made: Callable[..., Powerwall]
) -> None:
    made(sim, poolmaxsize=poolmaxsize).level()
    seen = sim.counters.snapshot()
    assert (seen["total"], seen["connections"]) == (4, connections)


def test_changes_leave_no_journal_that_a_proxy_would_carry_on(
    sim: Simulator, made: Callable[..., Powerwall], tmp_path: Path
) -> None:
    sim.allow_operation = True
    pw = made(sim)
    assert pw.set_mode("backup")["outcome"] == "applied"
    pw.close()
    assert [path.name for path in tmp_path.iterdir()] == ["session"]


@pytest.mark.parametrize(("authmode", "bears"), [("cookie", False), ("token", True), ("x", False)])
def test_the_session_is_there_to_be_looked_at(
    authmode: str,
    bears: bool,  # noqa: FBT001 - a column
    sim: Simulator,
    made: Callable[..., Powerwall],
) -> None:
    pw = made(sim, authmode=authmode)
    assert bool(pw.token) is bears
    assert set(pw.auth) == (set() if bears else set(COOKIES))
    pw.auth.clear()
    assert bool(pw.auth) is not bears


# -- the end --------------------------------------------------------------------------------


def test_closing_twice_is_closing(sim: Simulator, made: Callable[..., Powerwall]) -> None:
    pw = made(sim)
    assert threads()
    pw.close()
    assert threads() == []
    pw.close()
    with pw:
        pass
    assert pw.level() is None


def test_what_nobody_holds_ends_its_threads(sim: Simulator) -> None:
    def script() -> Any:
        return Powerwall(sim.address, PASSWORD, cachefile="").level()

    assert script() == 50
    assert threads() == []


def test_what_holds_itself_ends_with_the_collector_in_whichever_thread_that_runs(
    sim: Simulator,
) -> None:
    errors: list[Any] = []
    gc.disable()
    hook, threading.excepthook = threading.excepthook, errors.append
    try:
        pw = Powerwall(sim.address, PASSWORD, cachefile="")
        pw.itself = pw  # type: ignore[attr-defined]
        lane = pw.client.site.readers[0].lane
        del pw
        lane.errand(gc.collect)
        until(lambda: not threads(), 5.0)
    finally:
        gc.enable()
        threading.excepthook = hook
    assert errors == []


def test_an_error_in_a_with_ends_it_too(sim: Simulator) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        Powerwall(sim.address, PASSWORD, cachefile=""),
    ):
        _ = 1 / 0
    assert threads() == []


# -- secrets --------------------------------------------------------------------------------


def test_no_secret_is_in_what_it_says_of_itself(
    sim: Simulator, made: Callable[..., Powerwall]
) -> None:
    pw = made(sim)
    said = f"{pw!r} {pw} {vars(pw)} {vars(pw.client)} {pw.client.trouble()}"
    assert repr(pw) == f"<Powerwall local {sim.address}>"
    for secret in (PASSWORD, *pw.auth.values()):
        assert secret not in said


@pytest.mark.usefixtures("quiet")
def test_no_secret_is_in_what_is_printed(
    sim: Simulator,
    made: Callable[..., Powerwall],
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_debug()
    pw = made(sim)
    pw.set_mode("backup")
    pw.poll("/api/generators", force=True)
    secrets = (PASSWORD, *pw.auth.values())
    CORE_LOG.info("careless: %s", " ".join(secrets))
    printed = capsys.readouterr().err
    assert "command " in printed
    assert "careless: *** *** ***" in printed
    assert not [secret for secret in secrets if secret in printed]


@pytest.mark.usefixtures("quiet")
def test_set_debug_twice_prints_once_and_in_red(capsys: pytest.CaptureFixture[str]) -> None:
    set_debug(color=False)
    set_debug()
    CORE_LOG.debug("something")
    printed = capsys.readouterr()
    assert printed.err.count("something") == 1
    assert printed.err.startswith("\x1b[31;1m")
    assert printed.err.endswith("\x1b[0m\n")
    assert printed.out == ""


@pytest.mark.usefixtures("quiet")
def test_set_debug_without_color_has_none(capsys: pytest.CaptureFixture[str]) -> None:
    set_debug(True, False)  # noqa: FBT003 - as scripts write it
    CORE_LOG.debug("something")
    assert "\x1b" not in capsys.readouterr().err


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("level", [logging.NOTSET, logging.ERROR])
def test_set_debug_false_leaves_the_log_as_the_program_had_it(
    level: int, capsys: pytest.CaptureFixture[str]
) -> None:
    own = logging.NullHandler()
    CORE_LOG.addHandler(own)
    CORE_LOG.setLevel(level)
    for _ in range(2):
        set_debug()
        set_debug()
        assert CORE_LOG.level == logging.DEBUG
        set_debug(toggle=False)
        set_debug(toggle=False)
        assert CORE_LOG.level == level
    CORE_LOG.warning("something")
    assert CORE_LOG.handlers[-1] is own
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("name", ["gw_pwd", "rsa_key_path", "wifi_host"])
def test_what_has_no_effect_is_said_without_its_value(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pypowerwall_core.Powerwall(**{name: "s3cret-value"}):
        assert f"{name} has no effect" in caplog.text
    assert "s3cret-value" not in caplog.text
