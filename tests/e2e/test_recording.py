"""From the command to the clients: a gateway recorded, served again, and read by a proxy."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.golden import stored
from support.served import PASSWORD, Served, run

from simulator.gateway import Simulator
from simulator.recording import load

RECORD = (sys.executable, "-m", "pypowerwall_core", "record")
SAME = ("/aggregates", "/soe", "/freq", "/strings", "/temps/pw", "/alerts/pw", "/csv/v2")
"""Shapes of numbers, states and alerts, without a name among them but those that are taken out."""
NAMED = ("PackageSerialNumber", "_name")


def _without_names(body: Any) -> Any:
    if not isinstance(body, dict):
        return body
    return {key: value for key, value in body.items() if not key.endswith(NAMED)}


def test_what_was_recorded_is_served_and_read_as_the_original_was(
    gateway: Callable[..., Simulator], proxy: Callable[..., Served], tmp_path: Path
) -> None:
    original = gateway(system="threephase")
    folder = tmp_path / "mine"
    ended = run(
        tmp_path,
        (*RECORD, str(folder), "-host", original.address),
        PW_PASSWORD=PASSWORD,
        PW_AUTH_PATH=str(tmp_path / "auth"),
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert json.loads((folder / "system.json").read_text())["complete"] is True
    served = proxy(gateway(system=load(folder)))
    golden = stored("threephase")
    for path in SAME:
        reply = served.known(path)
        body = reply.body.decode() if path.startswith("/csv") else reply.document
        assert _without_names(body) == _without_names(golden[path]["body"]), path
    pod = served.known("/pod").document
    assert {pod[f"PW{n}_PackageSerialNumber"][:2] for n in (1, 2, 3)} == {"TG"}
    for reply in (served.known("/pod"), served.known("/vitals"), served.known("/version")):
        assert original.system.gateway_serial.encode() not in reply.body
        assert not any(pack.serial.encode() in reply.body for pack in original.system.packs)


def test_powerwall_simulate_serves_a_folder(tmp_path: Path) -> None:
    kept = Path(__file__).parents[1] / "fixtures" / "recordings" / "simulated-pwplus"
    command = [sys.executable, "-m", "simulator", "--port", "0", "--system", str(kept)]
    with subprocess.Popen(  # noqa: S603 - our own program
        command, stdout=subprocess.PIPE, text=True, cwd=tmp_path
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
    assert "(system simulated-pwplus, password password)" in line
