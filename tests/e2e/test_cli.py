"""`powerwall get` and `powerwall set` as they are typed, at a gateway and at a running proxy.

Each test mostly waits for processes, so all of them are begun when the first is judged.
"""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.served import PASSWORD, POWERWALL, Served, environment, until

from simulator.gateway import Simulator
from simulator.plant import Settings

CORE = (sys.executable, "-m", "pypowerwall_core")
READ, CONTROL = "r3ad-me-only", "c0ntrol-me-only"
TOKENS = {"PW_READ_TOKEN": READ, "PW_CONTROL_SECRET": CONTROL}
APPLIED, FAILED, PENDING, INTERRUPTED = 0, 1, 3, 130
POST = "POST /api/operation"
STAYS = "Stays until the old values are back; Ctrl-C puts them back now."
LIMIT_S = 40.0
AT_ONCE = 8
"""They mostly wait: for read-backs, for pauses between requests, for the end of a time."""
Env = dict[str, str]
Life = Callable[[Path], None]
Lives = Mapping[str, "Future[None]"]
_LIVES: dict[str, Life] = {}


def meanwhile(life: Life) -> Callable[[Lives], None]:
    """Have a test begin with the others of this file."""
    _LIVES[life.__name__] = life

    def test(lives: Lives) -> None:
        lives[life.__name__].result(LIMIT_S)

    test.__name__ = life.__name__
    return test


@pytest.fixture(scope="module")
def lives(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lives]:
    chosen = {item.name for item in request.session.items if item.path == request.path}
    pool = ThreadPoolExecutor(AT_ONCE)
    yield {
        name: pool.submit(life, tmp_path_factory.mktemp("life"))
        for name, life in _LIVES.items()
        if name in chosen
    }
    pool.shutdown(wait=True, cancel_futures=True)


# -- what happens ---------------------------------------------------------------------------


@contextmanager
def at_home(folder: Path, **options: Any) -> Iterator[tuple[Simulator, Env]]:
    """A gateway, and the settings of somebody who knows it."""
    given = {"frozen": True, "password": PASSWORD, "allow_operation": True, **options}
    with Simulator(**given) as sim:
        reads = {"PW_HOST": sim.address, "PW_PASSWORD": PASSWORD, "PW_AUTH_PATH": str(folder)}
        yield sim, environment(folder, reads)


@contextmanager
def behind_a_proxy(folder: Path, **settings: str) -> Iterator[tuple[Simulator, Env, str]]:
    """A gateway, the settings of somebody who knows a proxy of it, and the proxy's URL."""
    with (
        at_home(folder) as (sim, env),
        Served(
            folder / "proxy",
            **{name: env[name] for name in ("PW_HOST", "PW_PASSWORD")},
            **TOKENS,
            **settings,
        ) as served,
    ):
        until(lambda: served.get("/soe", {"Authorization": f"Bearer {READ}"}).document)
        yield sim, environment(folder, TOKENS), f"http://127.0.0.1:{served.port}"


def ran(
    env: Env, *typed: str, command: tuple[str, ...] = POWERWALL, out: Any = subprocess.PIPE
) -> tuple[int, str, str]:
    done = subprocess.run(  # noqa: S603 - the command under test
        [*command, *typed],
        env=env,
        cwd=env["HOME"],
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=subprocess.PIPE,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout, done.stderr


class Running:
    """A command that has not ended yet; its output is in a file, as it comes."""

    def __init__(self, env: Env, *typed: str) -> None:
        self._file = Path(env["HOME"]) / f"output-{os.urandom(4).hex()}"
        with self._file.open("wb") as out:
            self.process = subprocess.Popen(  # noqa: S603 - the command under test
                [*POWERWALL, *typed],
                env=env,
                cwd=env["HOME"],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    @property
    def shown(self) -> str:
        return self._file.read_text("utf-8")

    def await_text(self, text: str) -> None:
        until(lambda: text in self.shown)

    def end(self, number: signal.Signals | None = None) -> int:
        if number is not None:
            self.process.send_signal(number)
        code = self.process.wait(LIMIT_S)
        assert "Traceback" not in self.shown, self.shown
        return code


@contextmanager
def running(env: Env, *typed: str) -> Iterator[Running]:
    one = Running(env, *typed)
    try:
        yield one
    finally:
        one.process.kill()
        one.process.wait()


def told(sim: Simulator) -> Mapping[str, Any]:
    return sim.counters.snapshot()


def set_to(sim: Simulator) -> tuple[str, float]:
    """The mode, and the reserve in raw percent."""
    view = sim.plant.view()
    return view.real_mode, view.reserve_percent


def secrets_in(text: str, folder: Path) -> list[str]:
    """The secrets that a text shows, those of the session among them."""
    session = json.loads((folder / ".powerwall").read_text("utf-8"))
    tokens = [str(value).removeprefix("Bearer ") for value in session.values()]
    assert tokens
    return [one for one in (PASSWORD, READ, CONTROL, *tokens) if one in text]


def unwritable(env: Env) -> Env:
    """Settings of a folder that nobody can write to, root neither."""
    file = Path(env["HOME"]) / "file"
    file.touch()
    return {**env, "PW_AUTH_PATH": str(file)}


# -- at a proxy -----------------------------------------------------------------------------


@meanwhile
def test_both_roads_tell_the_same_and_a_proxy_needs_no_second_login(folder: Path) -> None:
    with behind_a_proxy(folder) as (sim, env, url):
        logins = told(sim)["logins"]
        code, by_proxy, log = ran(env, "get", "-debug", "-proxy", url, "-format", "json")
        assert code == 0
        assert told(sim)["logins"] == logins == 1
        own = {**env, "PW_HOST": sim.address, "PW_PASSWORD": PASSWORD}
        code, direct, err = ran(own, "get", "--format", "JSON", command=CORE)
        assert (code, err) == (0, "")
        assert told(sim)["logins"] == 2
        assert json.loads(direct) == json.loads(by_proxy)
        assert json.loads(direct)["home"] == 1200
        assert f"GET {url}/pw/power: 200" in log
        assert told(sim)["writes"] == {}, "who asks changes nothing"
        for missing, typed, says in [
            ("PW_READ_TOKEN", ["get"], "401: it wants a token: set PW_READ_TOKEN as it is set"),
            ("PW_CONTROL_SECRET", ["set", "-reserve", "5"], "set PW_CONTROL_SECRET as it is set"),
        ]:
            bare = {name: value for name, value in env.items() if name != missing}
            code, out, err = ran(bare, *typed, "-debug", "-proxy", url)
            assert code == FAILED
            assert out.splitlines()[-1].startswith("ERROR: ")
            assert says in out
            log += out + err
        assert told(sim)["writes"] == {}
        code, out, err = ran(env, "set", "-debug", "-proxy", url, "-reserve", "20")
        assert code == APPLIED
        assert "'reserve_app_pct': 20.0" in err
        assert secrets_in(log + out + err, folder) == []


@meanwhile
def test_a_proxy_puts_back_by_itself_and_is_looked_at_until_a_change_shows(folder: Path) -> None:
    with behind_a_proxy(folder, PW_CONTROL_WAIT="1") as (sim, env, url):
        code, out, err = ran(env, "set", "-proxy", url, "-reserve", "50", "-for", "1s")
        assert (code, err) == (APPLIED, "")
        assert "using proxy mode.\n" in out
        assert "then back to reserve 20 % (raw 24 %)\n" in out
        assert "Stays" not in out
        until(lambda: told(sim)["writes"][POST] == 2)
        until(lambda: set_to(sim) == ("self_consumption", 24))
        assert told(sim)["logins"] == 1
        sim.faults.start("delayed", seconds=1.5)
        code, out, _ = ran(env, "set", "-proxy", url, "-current", "-wait", "20")
        assert (code, out.splitlines()[1:]) == (
            APPLIED,
            [
                "Setting Powerwall Reserve to Current Charge Level 47.37",
                "  applied",
                "  is: mode self_consumption, reserve 47.37 % (raw 50 %)",
            ],
        )
        # Who may change things but not read is told so, and does not wait for nothing.
        bare = {name: value for name, value in env.items() if name != "PW_READ_TOKEN"}
        code, out, _ = ran(bare, "set", "-proxy", url, "-reserve", "20", "-wait", "20")
        assert code == PENDING
        assert "  What becomes of it cannot be seen from here: " in out


# -- get ------------------------------------------------------------------------------------


@meanwhile
def test_a_gateway_is_logged_in_to_once_however_often_it_is_asked(folder: Path) -> None:
    with at_home(folder) as (sim, env):
        assert ran(env, "get")[0] == 0
        # A reader that has seen enough is no failure.
        line = f"{POWERWALL[0]} get | true; echo ${{PIPESTATUS[0]}}"
        assert ran(env, "-c", line, command=("/bin/bash",)) == (0, "0\n", "")
        assert told(sim)["logins"] == 1
        assert told(sim)["writes"] == {}


@meanwhile
def test_an_answer_that_cannot_be_written_is_a_failure(folder: Path) -> None:
    with at_home(folder) as (_, env), Path("/dev/full").open("w") as full:
        code, _, err = ran(env, "get", out=full)
        assert code == FAILED
        assert err == "powerwall: the answer cannot be written: No space left on device\n"


@meanwhile
def test_a_name_is_printed_in_whatever_letters_the_terminal_has(folder: Path) -> None:
    with at_home(folder, site_name='Süd "家", \x1b[2J') as (_, env):
        ascii_only = {**env, "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
        code, out, _ = ran(ascii_only, "get", "-format", "csv")
        assert code == 0
        assert next(csv.DictReader(io.StringIO(out)))["site"] == 'S?d "?",  [2J'


@meanwhile
def test_ctrl_c_while_a_gateway_is_silent_ends_at_once(folder: Path) -> None:
    with at_home(folder) as (sim, env):
        sim.faults.start("silent")
        with running(env, "get") as one:
            until(lambda: told(sim)["total"])
            assert one.end(signal.SIGINT) == INTERRUPTED
            assert one.shown == ""
        with running(env, "set", "-reserve", "50") as one:
            one.await_text("Setting Powerwall Reserve to 50")
            assert one.end(signal.SIGINT) == INTERRUPTED
            assert one.shown.endswith("`powerwall get` tells what is set.\n")
        assert told(sim)["writes"] == {}


@meanwhile
def test_a_wrong_password_is_told_once_and_not_shown(folder: Path) -> None:
    with at_home(folder) as (sim, env):
        wrong = {**env, "PW_PASSWORD": "not-the-one"}
        code, out, err = ran(wrong, "get", "-debug", "-format", "json")
        assert (code, out) == (FAILED, "")
        assert "ERROR: Unable to connect. " in err
        assert "PW_PASSWORD" in err
        assert "not-the-one" not in err
        assert told(sim)["logins_refused"] == 1


@meanwhile
def test_a_folder_that_cannot_be_written_is_told_and_keeps_only_what_needs_it(
    folder: Path,
) -> None:
    with at_home(folder) as (sim, env):
        code, out, err = ran(unwritable(env), "get")
        assert code == 0
        assert "  Home              1200\n" in out
        assert "powerwall: session file" in err
        assert "Set PW_CACHE_FILE to a writable place." in err
        code, out, _ = ran(unwritable(env), "set", "-reserve", "80", "-for", "2h")
        assert code == FAILED
        assert "could not be remembered; nothing was sent" in out
        assert told(sim)["writes"] == {}


# -- set, at a gateway ----------------------------------------------------------------------


@meanwhile
def test_a_change_is_sent_once_and_told(folder: Path) -> None:
    with at_home(folder) as (sim, env):
        code, out, err = ran(env, "set", "-mode", "Backup", "--reserve=30")
        assert (code, err) == (APPLIED, "")
        assert out.splitlines()[1:] == [
            "Setting Powerwall Mode to backup",
            "Setting Powerwall Reserve to 30",
            "  applied",
            "  is: mode backup, reserve 30 % (raw 33.5 %)",
        ]
        assert set_to(sim) == ("backup", 33.5)
        code, out, _ = ran(env, "set", "-reserve", "30", command=CORE)
        assert code == APPLIED
        assert "  was so already; nothing was sent\n" in out
        code, out, _ = ran(env, "set", "-mode", "autonomous", "-gridexport", "never")
        assert code == FAILED
        assert "ERROR: grid_export cannot be changed here. " in out
        assert told(sim)["writes"][POST] == 1
        assert told(sim)["logins"] == 1


@meanwhile
def test_a_gateway_that_forbids_it_is_a_failure_that_says_so(folder: Path) -> None:
    with at_home(folder, allow_operation=False) as (sim, env):
        code, out, _ = ran(env, "set", "-reserve", "30", "-for", "1h")
        assert code == FAILED
        assert "  rejected: nothing was changed\n" in out
        assert "cloud" in out
        assert STAYS not in out
        assert told(sim)["writes"][POST] == 1


@meanwhile
def test_what_does_not_show_is_pending(folder: Path) -> None:
    with at_home(folder) as (sim, env):
        sim.faults.start("delayed", seconds=60.0)
        code, out, _ = ran(env, "set", "-reserve", "30", "-wait", "0")
        assert (code, told(sim)["writes"][POST]) == (PENDING, 1)
        assert "  pending: it was sent and does not show yet" in out


@meanwhile
def test_what_nothing_proves_is_unknown_and_a_failure(folder: Path) -> None:
    with at_home(folder) as (sim, env):
        sim.faults.start("lost", count=1)
        code, out, _ = ran(env, "set", "-reserve", "30", "-wait", "0")
        assert (code, told(sim)["writes"][POST]) == (FAILED, 1)
        assert "  unknown: nothing proves what became of it; it is not sent again" in out


@meanwhile
def test_what_is_lost_and_reads_as_requested_is_applied(folder: Path) -> None:
    with at_home(folder) as (sim, env):
        sim.faults.start("dropped", count=1)
        code, out, _ = ran(env, "set", "-reserve", "30", "-wait", "0")
        assert (code, told(sim)["writes"][POST]) == (APPLIED, 1)
        assert "  no answer to it (connection reset), but it reads as requested" in out


@meanwhile
def test_who_no_longer_reads_does_not_stop_a_change(folder: Path) -> None:
    with at_home(folder) as (sim, env):
        line = f"{POWERWALL[0]} set -reserve 30 -for 1s | true; echo ${{PIPESTATUS[0]}}"
        assert ran(env, "-c", line, command=("/bin/bash",)) == (0, "0\n", "")
        assert told(sim)["writes"][POST] == 2
        assert set_to(sim)[1] == 24


# -- set, for a time ------------------------------------------------------------------------


@meanwhile
def test_ctrl_c_puts_the_old_values_back_and_nobody_else_changes_them_before(
    folder: Path,
) -> None:
    with at_home(folder) as (sim, env):
        change = ("-mode", "backup", "-reserve", "80", "-for", "2h")
        with running(env, "set", "-debug", *change) as one:
            one.await_text(STAYS)
            command_line = Path(f"/proc/{one.process.pid}/cmdline").read_text("utf-8")
            assert "then back to mode self_consumption, reserve 20 % (raw 24 %)" in one.shown
            assert set_to(sim) == ("backup", 81)
            code, out, _ = ran(env, "set", "-reserve", "50")
            assert code == FAILED
            assert out.startswith("ERROR: another `powerwall set` is at work here. Wait for it")
            assert one.end(signal.SIGINT) == INTERRUPTED
            assert "Puts the old values back:\n" in one.shown
            assert one.shown.count("  applied\n") == 2
            assert "asks the gateway at" in one.shown
            assert secrets_in(command_line + one.shown, folder) == []
        assert set_to(sim) == ("self_consumption", 24)
        assert "Nothing waits to be put back." in ran(env, "set", "-resume")[1]


@meanwhile
def test_what_a_power_cut_has_left_is_put_back_by_who_resumes(folder: Path) -> None:
    with at_home(folder) as (sim, env):
        with running(env, "set", "-reserve", "80", "-for", "5s") as one:
            one.await_text(STAYS)
            one.end(signal.SIGKILL)
        assert set_to(sim)[1] == 81
        code, out, _ = ran(env, "set", "-resume")
        assert code == 0
        assert "NOTE: an earlier -for ends " in out
        assert "The end of -for:\n  applied\n" in out
        assert set_to(sim)[1] == 24
        assert told(sim)["writes"][POST] == 2


@meanwhile
def test_what_somebody_else_has_set_meanwhile_is_left_alone(folder: Path) -> None:
    with at_home(folder) as (sim, env):
        with running(env, "set", "-reserve", "80", "-for", "2h") as one:
            one.await_text(STAYS)
            sim.plant.choose(Settings("backup", 90.0))
            assert one.end(signal.SIGTERM) == INTERRUPTED
            assert "Nothing is put back now: somebody has set it anew meanwhile." in one.shown
        assert set_to(sim) == ("backup", 90)
