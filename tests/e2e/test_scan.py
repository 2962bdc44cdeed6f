"""`powerwall scan` as it is typed. Every network here is on loopback."""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.peer import Line, Peer
from support.served import POWERWALL, environment, free_port
from support.terminal import Terminal

from pypowerwall_core.backends.local.address import Address
from pypowerwall_core.cli.main import main
from pypowerwall_core.cli.scan import add_arguments, run
from pypowerwall_core.errors import BadSetting
from pypowerwall_core.scanned import Seen
from simulator.gateway import Simulator

CORE = (sys.executable, "-m", "pypowerwall_core")
NETWORK = "127.0.0.0/28"
DIN = "1232100-00-E--TG122000000001"
ROW = "\t 127.0.0.1:{} [" + DIN + "] Firmware 23.36.4 3f8a51c2\n"
DRIVER = """
import argparse, sys
from pypowerwall_core.cli.scan import add_arguments, run
parser = argparse.ArgumentParser()
add_arguments(parser)
sys.exit(run(parser.parse_args(), own=lambda: "127.0.0.1"))
"""
AT_HOME = (sys.executable, "-c", DRIVER)
"""The command on a machine whose own network is loopback."""
WARNING = "powerwall: 127.0.0.0/23 is larger than a /24: about 17 s; -hosts 256 is faster\n"
QUESTION = "Network to scan [127.0.0.0/24]: "


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    return {**environment(tmp_path, {}), "TERM": "xterm"}


def ran(
    command: tuple[str, ...], *arguments: str, env: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - the command under test
        [*command, "scan", *arguments],
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def shell(typed: str, env: dict[str, str]) -> tuple[int, str, str]:
    done = subprocess.run(  # noqa: S602 - what a shell does with streams is the subject
        typed, shell=True, env=env, capture_output=True, text=True, timeout=30, check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("command", [POWERWALL, CORE], ids=["powerwall", "python -m"])
def test_text_goes_through_a_pipe_without_colors_or_progress(
    sim: Simulator, bare: dict[str, str], command: tuple[str, ...]
) -> None:
    done = ran(command, NETWORK, "-port", str(sim.port), env=bare)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Discovered 1 Powerwall Gateway(s)\n" + ROW.format(sim.port) in done.stdout
    assert "\x1b" not in done.stdout
    assert "\r" not in done.stdout
    assert sim.counters.snapshot()["total"] == 1


def test_json_is_what_a_script_can_read(sim: Simulator, bare: dict[str, str]) -> None:
    done = ran(POWERWALL, "--json", f"--port={sim.port},{free_port()}", NETWORK, env=bare)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == [
        {
            "ip": "127.0.0.1",
            "din": DIN,
            "firmware": "23.36.4 3f8a51c2",
            "up_time": "230h55m59.5s",
            "port": sim.port,
        }
    ]


@pytest.mark.parametrize(
    ("end", "told"), [(">&-", ("", WARNING)), ("2>&-", ("[]\n", "")), ("<&-", ("[]\n", WARNING))]
)
def test_a_stream_that_is_closed_is_done_without(
    bare: dict[str, str], end: str, told: tuple[str, str]
) -> None:
    typed = f"{CORE[0]} -m pypowerwall_core scan 127.0.0.0/23 -json -port {free_port()} {end}"
    assert shell(typed, bare) == (0, *told)


def test_who_has_read_enough_hears_no_complaint(bare: dict[str, str]) -> None:
    typed = f"{CORE[0]} -m pypowerwall_core scan {NETWORK} -port {free_port()} | true"
    assert shell(typed, bare) == (0, "", "")


def test_nobody_found_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", NETWORK, "-json", "-port", str(free_port())]) == 0
    assert capsys.readouterr() == ("[]\n", "")


def test_not_a_single_address_tried_is_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    # Broadcast on loopback: the kernel refuses, nothing is sent.
    assert main(["scan", "127.255.255.255/32", "-json"]) == 1
    told = capsys.readouterr()
    assert told.out == "[]\n"
    assert told.err.startswith("powerwall: 1 address could not be tried: ")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["127.0.0.0/8"], "more than the 65536"),
        ([NETWORK, "-hosts", "0"], "0 hosts"),
        ([NETWORK, "-timeout", "0"], "timeout of 0 s"),
        ([NETWORK, "-port", "0"], "no port 0"),
        ([NETWORK, "-port", "443,"], "'443,' is not a list of ports"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["scan", "-json", *arguments]) == 2
    told = capsys.readouterr()
    assert says in told.err
    assert told.err.count("\n") == 1
    assert told.out == ""


@pytest.mark.parametrize("arguments", [["nonsense"], ["::1"], ["-ip", "10.0.0"]])
def test_a_network_that_is_none_is_refused_and_no_other_is_scanned(arguments: list[str]) -> None:
    def visit(address: Address, _timeout_s: float) -> Seen:
        raise AssertionError(address)

    parser = argparse.ArgumentParser()
    add_arguments(parser)
    with pytest.raises(BadSetting, match="IPv4"):
        run(parser.parse_args(arguments), own=lambda: "127.0.0.1", visit=visit)


@pytest.mark.parametrize("arguments", [["-hosts", "x"], ["-timeout", "soon"], ["a", "b"]])
def test_what_cannot_be_understood_is_exit_code_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["scan", *arguments])
    assert ended.value.code == 2


# -- at a terminal --------------------------------------------------------------------------


@pytest.mark.parametrize(("typed", "scanned"), [("\n", "127.0.0.0/24"), (f"{NETWORK}\n", NETWORK)])
def test_at_a_terminal_the_network_is_asked_for_and_progress_is_shown(
    sim: Simulator, bare: dict[str, str], typed: str, scanned: str
) -> None:
    with Terminal((*AT_HOME, "-port", str(sim.port)), bare) as terminal:
        terminal.await_text(QUESTION)
        terminal.type(typed)
        assert terminal.end() == 0
        shown = terminal.shown
    assert f"\nNetwork {scanned}: " in shown
    assert "% looked at, 1 found" in shown
    assert "\x1b[1;32mDiscovered 1 Powerwall Gateway(s)\x1b[0m\n" in shown


class Screen(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("options", "more", "colored"),
    [
        ([], {}, True),
        (["-nocolor"], {}, False),
        ([], {"NO_COLOR": "1"}, False),
        ([], {"TERM": "dumb"}, False),
    ],
)
def test_colors_can_be_refused(
    options: list[str], more: dict[str, str], *, colored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = Screen()
    monkeypatch.setattr(sys, "stdout", screen)
    for name, value in {"NO_COLOR": "", "TERM": "xterm", **more}.items():
        monkeypatch.setenv(name, value)
    assert main(["scan", NETWORK, "-port", str(free_port()), *options]) == 0
    assert "Discovered 0 Powerwall Gateway(s)" in screen.getvalue()
    assert ("\x1b" in screen.getvalue()) is colored


def test_ctrl_c_prints_what_was_found_so_far(sim: Simulator, bare: dict[str, str]) -> None:
    def hold(line: Line) -> None:
        line.hold()

    with (
        Peer(hold) as silent,
        Terminal(
            (*POWERWALL, "scan", "127.0.0.1/32", "-port", f"{sim.port},{silent.port}"), bare
        ) as terminal,
    ):
        terminal.await_text("1 found")
        terminal.interrupt()
        assert terminal.end() == 130
        shown = terminal.shown
    assert "Stopped after 1 of 2." in shown
    assert ROW.format(sim.port).rstrip("\n") in shown
    assert "Traceback" not in shown


def test_ctrl_c_at_the_question_scans_nothing(bare: dict[str, str]) -> None:
    with Terminal(AT_HOME, bare) as terminal:
        terminal.await_text(QUESTION)
        terminal.interrupt()
        assert terminal.end() == 0
        assert "Discovered" not in terminal.shown
