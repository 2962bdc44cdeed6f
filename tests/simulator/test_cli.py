"""The command."""

import re
import signal
import socket
import subprocess
import sys
import urllib.request
from typing import Any

import pytest

from simulator.cli import main, parser, simulator
from simulator.cloud.faults import FAULTS as CLOUD_FAULTS
from simulator.faults import FAULTS
from simulator.systems import SYSTEMS


def test_the_faults_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--faults"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line for line in said if line.startswith("#")] == ["# gateway", "# cloud (--cloud)"]
    lines = [line for line in said if not line.startswith("#")]
    faults = [*FAULTS.values(), *CLOUD_FAULTS.values()]
    assert [line.split()[0] for line in lines] == [fault.name for fault in faults]
    for line, fault in zip(lines, faults, strict=True):
        assert line.split()[1] == ",".join(map(str, fault.rows))
        assert fault.what in line
        assert all(f"{name}=" in line for name in fault.options)
    expired, _ = [line for line in lines if line.startswith("expired ")]
    assert expired.endswith(" (path, method, count, status=401|403)")


@pytest.mark.parametrize(
    "argv",
    [
        ["--system", "pw9"],
        ["--port", "x"],
        ["--port", "70000"],
        ["--latency", "-1"],
        ["--latency", "inf"],
        ["--seed", "x"],
        ["--nonsense"],
    ],
)
def test_a_wrong_value_is_one_line_and_code_2(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(argv)
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert argv[-1] in error


def test_help_tells_who_may_write(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "--allow-operation let the customer write" in said


@pytest.mark.parametrize(("argv", "allowed"), [([], False), (["--allow-operation"], True)])
def test_the_customer_writes_only_if_told_so(argv: list[str], *, allowed: bool) -> None:
    assert simulator(parser().parse_args(argv)).allow_operation == allowed


def test_an_unknown_system_names_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--system", "pw9"])
    error = capsys.readouterr().err
    assert all(name in error for name in SYSTEMS)


def test_a_port_in_use_is_one_line_and_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["--port", str(taken.getsockname()[1])]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_ready_serves_and_ends_on_a_signal(number: Any) -> None:
    command = [sys.executable, "-m", "simulator", "--port", "0", "--control-port", "0"]
    with subprocess.Popen(  # noqa: S603 - our own module
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        ready = re.fullmatch(
            r"ready: https://127\.0\.0\.1:\d+ "
            r"\(system pw2, password password, control (http://127\.0\.0\.1:\d+)\)\n",
            line,
        )
        assert ready
        with urllib.request.urlopen(f"{ready[1]}/counters", timeout=20) as reply:  # noqa: S310 - our own port
            assert reply.status == 200
        process.send_signal(number)
        out, error = process.communicate(timeout=20)
    assert (process.returncode, out, error) == (0, "", "")
