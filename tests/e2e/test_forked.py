"""A forked proxy is what a started one is: its settings, its ends, and nothing of its nursery."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.forked import Forked
from support.served import Served, children

PORTS = {"PW_PORT", "PW_AUTH_PATH"}


def shown(kind: type[Served], folder: Path) -> dict[str, object]:
    with kind(folder, PW_TIMEOUT="7", PW_CACHE_TTL="77") as served:
        config = served.get("/stats").document["config"]
        return {name: value for name, value in config.items() if name not in PORTS}


def test_it_reads_the_same_settings(tmp_path: Path) -> None:
    forked = shown(Forked, tmp_path / "forked")
    assert forked == shown(Served, tmp_path / "started")
    assert (forked["PW_TIMEOUT"], forked["PW_CACHE_TTL"]) == (7, 77)


def test_one_knows_nothing_of_another(tmp_path: Path) -> None:
    with Forked(tmp_path / "one", PW_TIMEOUT="7"), Forked(tmp_path / "other") as other:
        assert other.get("/stats").document["config"]["PW_TIMEOUT"] == 5
        assert other.cwd == Path(f"/proc/{other.pid}/cwd").readlink()
        sockets = [
            name
            for one in Path(f"/proc/{other.pid}/fd").iterdir()
            if (name := str(one.readlink())).startswith("socket:")
        ]
        assert len(sockets) == 1, "its own port"


def test_it_ends_as_it_is_told_and_its_worker_with_it(tmp_path: Path) -> None:
    with Forked(tmp_path) as forked:
        (worker,) = forked.workers
        assert worker in children(forked.pid)
        with pytest.raises(subprocess.TimeoutExpired):
            forked.process.wait(0.01)
        assert forked.end() == forked.process.poll() == 0
    assert not Path(f"/proc/{worker}").exists()
    with forked:  # and can be started again
        workers = forked.workers
        forked.signal(signal.SIGKILL)
        assert forked.process.wait(10) == -signal.SIGKILL
        for pid in workers:
            os.kill(pid, signal.SIGKILL)


def test_a_start_that_fails_is_told(tmp_path: Path) -> None:
    forked = Forked(tmp_path, PW_TIMEOUT="fast")
    with pytest.raises(AssertionError, match=r"exit code 2: powerwall: PW_TIMEOUT"):
        forked.__enter__()


def test_only_settings_can_be_given(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="PYTHONPATH"):
        Forked(tmp_path, PYTHONPATH=str(tmp_path))
    with pytest.raises(ValueError, match="command"):
        Forked(tmp_path, (sys.executable, "-m", "proxy", "--demo"))
