"""A recording served by the simulator: the same answers; doors, sessions and faults as usual."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from falcon import testing
from support.desk import HERE
from support.frozen import of_documents, of_recording
from support.golden import StoodStill
from support.recordings import documents, heard, recorded
from support.unknown import CSV

from proxy.app import Application
from proxy.desk import Desk as ProxyDesk
from proxy.routes import VIEWS
from proxy.settings import read_settings
from pypowerwall_core.recording.folder import read
from pypowerwall_core.snapshot import Snapshot
from simulator.cli import main, parser, simulator
from simulator.desk import Request
from simulator.endpoints import AGGREGATES_PATH, VITALS_PATH
from simulator.gateway import Simulator
from simulator.recording import load
from simulator.systems import SYSTEMS

SOE = "/api/system_status/soe"
ELSEWHERE = json.dumps(
    {
        "format": 1,
        "paths": {
            "/a": [
                {
                    "status": 200,
                    "after_s": 0,
                    "content_type": "",
                    "session": True,
                    "file": "../../etc/passwd",
                }
            ]
        },
    }
)
UPDATE = "/api/system/update/status"


def replaced(was: Any, now: Any, names: dict[str, str]) -> None:
    """Hold two documents against each other: only texts differ, one always for the same one."""
    assert type(was) is type(now)
    if isinstance(was, dict):
        for (key, one), (name, other) in zip(was.items(), now.items(), strict=True):
            replaced(key, name, names)
            replaced(one, other, names)
    elif isinstance(was, list):
        for one, other in zip(was, now, strict=True):
            replaced(one, other, names)
    elif isinstance(was, str):
        assert names.setdefault(was, now) == now
    else:
        assert repr(was) == repr(now)


def answers(snapshot: Snapshot) -> dict[str, str]:
    """What every view of the proxy answers."""
    client = testing.TestClient(Application(ProxyDesk(StoodStill(snapshot), read_settings({}))))
    return {
        view.path: client.simulate_get(view.path, remote_addr=HERE).text
        for view in VIEWS
        if not {"update_status"} & set(view.needs)
    }


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_proxy_answers_over_a_recording_what_it_answers_over_the_original(
    system: str, tmp_path: Path
) -> None:
    was = answers(of_documents(SYSTEMS[system]))
    now = answers(of_recording(recorded(heard(system), tmp_path / system)))
    names: dict[str, str] = {}
    for path, before in was.items():
        if path in CSV:
            assert now[path] == before, path
        else:
            replaced(json.loads(before), json.loads(now[path]), names)
    different = {one for one, other in names.items() if one != other}
    kept = names.keys() - different
    assert not any(pack.serial in kept for pack in SYSTEMS[system].packs)


@pytest.mark.parametrize("system", ["pwplus", "old"])
def test_a_recording_of_a_recording_is_like_the_first(system: str, tmp_path: Path) -> None:
    first = load(recorded(heard(system), tmp_path / "1"))
    second = load(recorded(heard(first), tmp_path / "2"))
    names: dict[str, str] = {}
    replaced(documents(first), documents(second), names)
    assert first.release == second.release == SYSTEMS[system].release


# -- doors ----------------------------------------------------------------------------------


@pytest.fixture
def system(tmp_path: Path) -> Callable[[str], Simulator]:
    def start(name: str) -> Simulator:
        return Simulator(system=load(recorded(heard(name), tmp_path / name)), password="p")

    return start


def ask(sim: Simulator, path: str, token: str | None = None) -> Any:
    return sim._hub.desk.answer(Request("GET", path, token))


def test_what_was_closed_needs_a_session_and_what_was_open_does_not(
    system: Callable[[str], Simulator],
) -> None:
    sim = system("pw2")
    assert ask(sim, AGGREGATES_PATH).status == 403
    assert ask(sim, "/api/status").status == 200
    assert ask(sim, "/api/solar_powerwall").status == 404
    assert ask(sim, UPDATE).status == 404
    assert ask(sim, "/api/never/heard/of").status == 404
    token = sim._hub.desk.sessions.open()
    assert ask(sim, AGGREGATES_PATH, token).status == 200
    assert ask(sim, VITALS_PATH, token).content_type == "application/octet-stream"


def test_the_oldest_one_stays_open(system: Callable[[str], Simulator]) -> None:
    sim = system("old")
    assert ask(sim, AGGREGATES_PATH).status == 200
    assert ask(sim, "/api/operation").status == 403


def test_bodies_are_compact_and_numbers_spelled_as_the_gateway_did(tmp_path: Path) -> None:
    one = next(one for one in heard("pw2") if one.path == SOE)
    body = b'{"percentage":-0,"b":1.50,"c":"a b","d":[1e-15,{}]}'
    sim = Simulator(system=load(recorded([replace(one, body=body, session=False)], tmp_path / "r")))
    made = ask(sim, SOE).body
    assert made.startswith(b'{"percentage":-0,"b":1.50,"c":"')
    assert made.endswith(b'","d":[1e-15,{}]}')
    assert b" " in made
    assert len(made) == len(body)


# -- time -----------------------------------------------------------------------------------


def test_samples_follow_each_other_as_they_were_taken_and_the_last_one_stays(
    tmp_path: Path,
) -> None:
    one = next(one for one in heard("pw2") if one.path == SOE)
    samples = [
        replace(one, body=b'{"percentage":%d}' % n, session=False, after_s=3.0 + 10 * n)
        for n in range(3)
    ]
    home = load(recorded(samples, tmp_path / "r"))
    now_s = 100.0
    sim = Simulator(system=home, monotonic=lambda: now_s, wall=lambda: 1.7e9 + now_s)
    still = Simulator(system=home, frozen=True, monotonic=lambda: now_s, wall=lambda: 1.7e9)
    told = []
    for at_s in (100.0, 109.0, 110.5, 121.0, 9999.0):
        now_s = at_s
        told.append(json.loads(ask(sim, SOE).body)["percentage"])
        assert json.loads(ask(still, SOE).body)["percentage"] == 0
    assert told == [0, 0, 1, 2, 2]


# -- faults ---------------------------------------------------------------------------------


def test_faults_of_documents_and_doors_work_and_those_of_the_plant_are_refused(
    system: Callable[[str], Simulator],
) -> None:
    sim = system("pw2")
    token = sim._hub.desk.sessions.open()
    before = ask(sim, AGGREGATES_PATH, token).body
    sim.faults.start("without_meter", meter="solar")
    assert "solar" not in json.loads(ask(sim, AGGREGATES_PATH, token).body)
    sim.faults.start("strange_keys")
    assert ask(sim, VITALS_PATH, token).status == 200
    sim.faults.stop()
    assert ask(sim, AGGREGATES_PATH, token).body == before
    for name in ("outage", "negative_solar", "missing_pack", "zeros"):
        with pytest.raises(ValueError, match="a recording has none"):
            sim.faults.start(name)
    sim.faults.start("expired")
    sim.faults.start("stopped")


def test_other_systems_take_every_fault() -> None:
    Simulator(system="pw2").faults.start("outage")


# -- the command ----------------------------------------------------------------------------


def test_the_command_takes_a_folder_in_the_place_of_a_name(tmp_path: Path) -> None:
    folder = recorded(heard("pwplus"), tmp_path / "mine")
    sim = simulator(parser().parse_args(["--system", str(folder), "--port", "0"]))
    assert sim.system.name == "mine"
    assert sim.system.din == json.loads((folder / "api_status.json").read_text())["din"]
    assert sim.system.vitals


@pytest.mark.parametrize(
    ("about", "why"),
    [
        (None, "neither a folder of `powerwall record` nor one of pw2"),
        ("x", "is no recording"),
        ('{"format": 7}', "of format 7, not 1"),
        ('{"format": 1}', "a recording of nothing"),
        ('{"format": 1, "paths": {"/a": [{"status": 200}]}}', "is no recording"),
        (ELSEWHERE, "is no name of a file"),
    ],
)
def test_what_is_no_recording_is_one_line_and_code_2(
    tmp_path: Path, about: str | None, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if about is not None:
        (tmp_path / "system.json").write_text(about)
    with pytest.raises(SystemExit) as ended:
        main(["--system", str(tmp_path)])
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert why in error
    assert error.count("\n") == 1


def test_a_recording_keeps_its_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = recorded(heard("pw2"), tmp_path / "r")
    with pytest.raises(SystemExit):
        main(["--system", str(folder), "--site-name", "Mine"])
    assert "a name of its own" in capsys.readouterr().err


def test_a_recording_that_broke_off_is_served_as_far_as_it_goes(tmp_path: Path) -> None:
    folder = recorded(heard("pw2")[:3], tmp_path / "r", complete=False)
    assert read(folder).about["complete"] is False
    assert set(load(folder).recording.paths) == {one.path for one in heard("pw2")[:3]}
