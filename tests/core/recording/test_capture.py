"""The recorder before a simulated gateway: what it asks, how often, and how it ends."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.recordings import heard, recorded
from support.served import until

from pypowerwall_core.backends.local.address import parse_address
from pypowerwall_core.backends.local.paths import Treatment, gateway_paths
from pypowerwall_core.backends.local.reader import Row
from pypowerwall_core.backends.local.session import Credentials
from pypowerwall_core.cli.main import main
from pypowerwall_core.connect import GatewayConfig
from pypowerwall_core.recording import folder
from pypowerwall_core.recording.capture import Incomplete, Plan, Recorder
from pypowerwall_core.redact import Secrets
from simulator.gateway import Simulator

PASSWORD = "p4ssw"
UPDATE = "/api/system/update/status"
FEW = ("aggregates", "soe", "system_status", "solar_powerwall", "operation", "status", "solars")
ACTING = {row.path for row in gateway_paths() if row.treatment is Treatment.ACTS}


class Few(Plan):
    """A shorter pass, as the lane takes a breath between two paths."""

    @property
    def rows(self) -> list[Row]:
        return [row for row in super().rows if row.payload in FEW]


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(password=PASSWORD) as one:
        yield one


def recorder(sim: Simulator, plan: Plan | None = None, password: str = PASSWORD) -> Recorder:
    config = GatewayConfig(parse_address(sim.address), Credentials(password), timeout_s=2.0)
    said: list[str] = []
    return Recorder(config, Secrets(), plan or Plan(), said.append)


def test_each_path_is_asked_once_and_what_acts_never(sim: Simulator) -> None:
    one = recorder(sim, Plan(all=True))
    one.run()
    seen = sim.counters.snapshot()
    asked = {path: n for path, n in seen["requests"].items() if path != "/api/login/Basic"}
    refused_first = asked.pop("/api/meters/aggregates")
    assert refused_first == 2
    assert set(asked.values()) == {1}
    assert not set(asked) & (ACTING | {UPDATE})
    assert seen["logins"] == 1
    assert seen["most_in_flight"] == 1
    assert not sim.counters.writes
    assert {"/api/networks", "/api/meters/readings"} <= set(asked)
    statuses = {answer.path: answer.status for answer in one.answers}
    assert statuses["/api/meters/aggregates"] == 200
    assert statuses["/api/solar_powerwall"] == 404
    assert statuses["/api/system/networks"] == 404


def test_what_hangs_is_asked_only_on_request() -> None:
    paths = {row.path for row in Plan().rows}
    assert "/api/networks" not in paths
    assert "/api/networks" in Plan().not_asked
    assert {row.path for row in Plan(all=True).rows} - paths == set(Plan().not_asked) - {UPDATE}
    assert Plan(all=True).not_asked == [UPDATE]


def test_the_fast_documents_are_asked_as_often_as_planned(sim: Simulator) -> None:
    one = recorder(sim, Few(samples=2, every_s=0.0))
    one.run()
    counts = [
        sum(answer.path == path for answer in one.answers)
        for path in ("/api/meters/aggregates", "/api/solar_powerwall", "/api/status")
    ]
    assert counts == [2, 1, 1]


def test_the_oldest_gateway_is_recorded_without_a_login() -> None:
    with Simulator(system="old", password=PASSWORD) as sim:
        one = recorder(sim, Few())
        one.run()
        assert sim.counters.snapshot()["logins"] == 0
    told = {answer.path: (answer.status, answer.session) for answer in one.answers}
    assert told["/api/meters/aggregates"] == (200, False)
    assert told["/api/operation"] == (403, False)


def test_a_wrong_password_ends_it_at_once_and_keeps_the_refusal(sim: Simulator) -> None:
    one = recorder(sim, password="wrong")
    with pytest.raises(Incomplete, match="bad credentials"):
        one.run()
    assert sim.counters.snapshot()["logins_refused"] == 1
    assert [(answer.path, answer.status) for answer in one.answers] == [
        ("/api/meters/aggregates", 403)
    ]


def test_a_429_ends_it(sim: Simulator) -> None:
    sim.faults.start("limited", path="/api/system_status")
    one = recorder(sim)
    with pytest.raises(Incomplete):
        one.run()
    assert one.answers[-1].status == 429
    assert len(one.answers) < len(Plan().rows)


def test_a_short_outage_is_waited_for(sim: Simulator) -> None:
    sim.faults.start("busy", path="/api/meters/aggregates", count=1)
    one = recorder(sim, Few())
    one.run()
    assert {answer.path for answer in one.answers} == {row.path for row in Few().rows}
    last = {answer.path: answer.status for answer in one.answers}
    assert last["/api/meters/aggregates"] == 200


def test_trouble_of_one_path_is_recorded_and_the_rest_as_well(sim: Simulator) -> None:
    sim.faults.start("reset", path="/api/operation")
    sim.faults.start("busy", path="/api/solars")
    one = recorder(sim, Few())
    one.run()
    told = {answer.path: answer for answer in one.answers}
    assert (told["/api/operation"].status, told["/api/operation"].trouble) == (None, "unreachable")
    assert told["/api/solars"].status == 503
    assert told["/api/status"].status == 200


# -- the command ----------------------------------------------------------------------------


def test_the_command_writes_a_recording_that_passes_its_own_check(
    sim: Simulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PW_PASSWORD", PASSWORD)
    monkeypatch.setenv("PW_EMAIL", "jane@example.org")
    monkeypatch.setenv("PW_AUTH_PATH", str(tmp_path / "auth"))
    where = tmp_path / "r"
    assert main(["record", str(where), "-host", sim.address]) == 0
    said = capsys.readouterr().out
    assert said.count("HTTP 200") >= 20
    assert "Look at the files" in said
    made = folder.read(where)
    assert made.about["complete"] is True
    texts = b"".join(file.read_bytes() for file in where.iterdir()).decode("utf-8", "replace")
    for private in (PASSWORD, "jane@example.org", sim.system.gateway_serial, "127.0.0.1"):
        assert private not in texts
        assert private not in said
    assert main(["record", "--check", str(where)]) == 0
    assert "nothing looks private" in capsys.readouterr().out
    status = where / "api_status.json"
    status.write_text(status.read_text().replace("--TG", "--TG99"))
    (where / "notes.txt").write_text("x")
    assert main(["record", "-check", str(where)]) == 1
    said = capsys.readouterr().out
    assert "/api/status: the field 'din'" in said
    assert "notes.txt" in said


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        ([], "PW_HOST: no gateway is named"),
        (["-samples", "0"], "-samples: between 1 and"),
        (["-every", "0.2"], "-every: at least 1 second"),
        (["-every", "nan"], "-every: at least 1 second"),
        (["-check"], "is no recording"),
    ],
)
def test_a_wrong_argument_is_one_line_and_nothing_is_written(
    argv: list[str],
    why: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("PW_HOST", raising=False)
    assert main(["record", str(tmp_path / "r"), *argv]) == 2
    error = capsys.readouterr().err
    assert why in error
    assert error.count("\n") == 1
    assert not (tmp_path / "r").exists()


def test_a_recording_that_breaks_off_says_so(
    sim: Simulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PW_PASSWORD", "wrong")
    monkeypatch.setenv("PW_AUTH_PATH", str(tmp_path / "auth"))
    where = tmp_path / "r"
    assert main(["record", str(where), "-host", sim.address]) == 1
    assert "is incomplete: the login was refused" in capsys.readouterr().out
    assert folder.read(where).about["complete"] is False
    assert main(["record", "-check", str(where)]) == 0
    assert "the recording is incomplete" in capsys.readouterr().out
    recorded(heard("pw3"), where)
    assert main(["record", str(where), "-host", sim.address, "-force"]) == 1
    assert "held before is kept" in capsys.readouterr().out
    assert folder.read(where).about["complete"] is True


def test_control_c_keeps_what_was_heard(
    sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PW_PASSWORD", PASSWORD)
    monkeypatch.setenv("PW_AUTH_PATH", str(tmp_path / "auth"))
    sim.faults.start("silent", path="/api/system_status/grid_status")

    def press() -> None:
        until(lambda: sim.counters.snapshot()["requests"].get("/api/system_status/grid_status"))
        os.kill(os.getpid(), signal.SIGINT)  # to the main thread, as a terminal does

    threading.Thread(target=press, daemon=True).start()
    code = main(["record", str(tmp_path / "r"), "-host", sim.address, "-timeout", "20"])
    assert code == 130
    kept = folder.read(tmp_path / "r")
    assert kept.about["complete"] is False
    assert {"/api/meters/aggregates", "/api/system_status/soe"} <= {
        answer.path for answer in kept.answers
    }
