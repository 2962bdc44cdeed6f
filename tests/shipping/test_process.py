"""The process in the boxes that containers and systemd make: it starts, answers, reaps and ends."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.served import PASSWORD, request, until
from support.shipped import (
    STRANGER,
    Boxed,
    Shipped,
    as_pid_1,
    as_stranger,
    boxed,
    read_only,
)

from simulator.gateway import Simulator

DEMO = ("serve", "--demo")
PR_SET_MDWE = 65
needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root may become somebody else")


@pytest.fixture
def gateway() -> Iterator[dict[str, str]]:
    """A simulated gateway out here, and the settings that reach it."""
    with Simulator(system="pw2", password=PASSWORD) as simulator:
        yield {"PW_HOST": f"127.0.0.1:{simulator.port}", "PW_PASSWORD": PASSWORD}


def knows(box: Boxed) -> bool:
    return "percentage" in request(box.port, "/soe").body.decode()


def quiet(box: Boxed) -> bool:
    return not any(word in box.log for word in ("Traceback", "ERROR", "cannot", "denied"))


def healthy(shipped: Shipped, box: Boxed, *prefix: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own program
        [*prefix, shipped.powerwall, "healthcheck"],
        env=shipped.environment(PW_PORT=str(box.port), PW_BIND_ADDRESS="127.0.0.1"),
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


# -- another user ---------------------------------------------------------------------------


def test_a_user_whom_nobody_knows_can_run_it(
    shipped: Shipped, app: Path, gateway: dict[str, str]
) -> None:
    stranger = as_stranger()
    with boxed(shipped, app, (*stranger, shipped.powerwall, "serve"), gateway) as box:
        until(lambda: knows(box))
        done = healthy(shipped, box, *stranger)
        assert (done.returncode, done.stdout) == (0, "ok\n")
        assert box.end() == 0
        assert quiet(box), box.log
    session = (app / ".auth" / ".powerwall").stat()
    assert session.st_mode & 0o777 == 0o600
    assert healthy(shipped, box, *stranger).returncode == 1


@needs_root
def test_what_another_user_has_left_is_replaced(
    shipped: Shipped, app: Path, gateway: dict[str, str]
) -> None:
    left = app / ".auth" / ".powerwall"
    left.write_text("{}", "utf-8")
    left.chmod(0o600)
    with boxed(shipped, app, (*as_stranger(), shipped.powerwall, "serve"), gateway) as box:
        until(lambda: knows(box))
        until(lambda: left.stat().st_uid == STRANGER)
        assert box.end() == 0
        assert "Traceback" not in box.log


@needs_root
def test_with_sessions_that_cannot_be_kept_it_serves_and_says_so(
    shipped: Shipped, app: Path, gateway: dict[str, str]
) -> None:
    (app / ".auth").chmod(0o555)
    with boxed(shipped, app, (*as_stranger(), shipped.powerwall, "serve"), gateway) as box:
        until(lambda: knows(box))
        assert "cannot be written" in box.log
        assert box.end() == 0


# -- PID 1, and a root that is read-only ----------------------------------------------------


@pytest.mark.parametrize("shm", ["/dev/shm", "none"], ids=["with /dev/shm", "without"])  # noqa: S108
def test_as_pid_1_with_one_folder_that_can_be_written(
    shipped: Shipped, app: Path, gateway: dict[str, str], shm: str
) -> None:
    command = (*as_pid_1(), *read_only(), shipped.powerwall, "serve")
    with boxed(shipped, app, command, {**gateway, "WRITABLE": shm}, within=True) as box:
        assert number_inside(box.pid) == 1
        until(lambda: knows(box))
        for place in (app, shipped.root, Path("/tmp"), Path("/var/tmp")):  # noqa: S108 - looked at
            assert is_read_only(box, place), place
        assert not is_read_only(box, app / ".auth")
        inside = ("nsenter", f"--target={box.pid}", "--mount", "--pid", "--")
        if os.getuid() == 0:
            assert healthy(shipped, box, *inside).stdout == "ok\n"
        assert box.end() == 0
        assert quiet(box), box.log
    assert (app / ".auth" / ".powerwall").exists()


def number_inside(pid: int) -> int:
    """The number a process has in the innermost namespace it is in."""
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    return int(status.partition("NSpid:")[2].partition("\n")[0].split()[-1])


def is_read_only(box: Boxed, place: Path) -> bool:
    """Whether the mount that a place is on, as a process sees it, is read-only."""
    best = ("", "")
    for line in Path(f"/proc/{box.pid}/mountinfo").read_text("utf-8").splitlines():
        target, options = line.split()[4:6]
        below = place == Path(target) or Path(target) in place.parents
        if below and len(target) >= len(best[0]):
            best = (target, options)
    return "ro" in best[1].split(",")


def test_as_pid_1_it_reaps_what_others_leave(shipped: Shipped, app: Path) -> None:
    prefix = as_pid_1()
    if os.getuid() != 0 or shutil.which("nsenter") is None:
        pytest.skip("only root may enter a namespace, with nsenter of util-linux")
    with boxed(shipped, app, (*prefix, shipped.powerwall, *DEMO), within=True) as box:
        # A health check whose shell is gone: its child becomes PID 1's.
        enter = ("nsenter", f"--target={box.pid}", "--mount", "--pid", "--")
        subprocess.run([*enter, "sh", "-c", "sleep 1.5 &"], check=True, timeout=10)  # noqa: S603
        orphan = until(lambda: child_called(box.pid, "sleep"))
        until(lambda: not Path(f"/proc/{orphan}").exists())  # not even as a zombie
        assert box.answers()
        assert box.end() == 0


def child_called(pid: int, name: str) -> int | None:
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8").split():
        if Path(f"/proc/{child}/comm").read_text("utf-8").strip() == name:
            return int(child)
    return None


def test_as_pid_1_it_hears_from_the_start(shipped: Shipped, app: Path) -> None:
    command = (*as_pid_1(), shipped.powerwall, "serve")
    silent = app / ".auth" / "secret"  # nobody writes into it: the settings are never read
    os.mkfifo(silent, 0o644)
    settings = {"PW_CONTROL_SECRET_FILE": str(silent)}
    with boxed(shipped, app, command, settings, within=True, waits=False) as box:
        until(lambda: hears(box.pid, signal.SIGTERM))
        assert box.end() == 0
        assert "Traceback" not in box.log


def hears(pid: int, number: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    caught = int(status.partition("SigCgt:")[2].partition("\n")[0], 16)
    return bool(caught >> (number - 1) & 1)


# -- as the unit of systemd has it ----------------------------------------------------------


def test_memory_that_is_written_is_never_run(shipped: Shipped, app: Path) -> None:
    """Run it as MemoryDenyWriteExecute=yes does: compiled libraries may want otherwise."""
    if ctypes.CDLL(None).prctl(PR_SET_MDWE + 1, 0, 0, 0, 0) < 0:  # asks only
        pytest.skip("this kernel cannot forbid it (Linux 6.3 can)")
    forbids = (
        f"import ctypes, os, sys; ctypes.CDLL(None).prctl({PR_SET_MDWE}, 1, 0, 0, 0); "
        f"os.execv(sys.argv[1], sys.argv[1:])"
    )
    python = str(shipped.bin / "python")
    with boxed(shipped, app, (python, "-c", forbids, shipped.powerwall, *DEMO)) as box:
        until(lambda: knows(box))
        assert box.end() == 0
        assert quiet(box), box.log
