"""What a user sets: a wrong value ends the start in one line, a strange one is told in one."""

import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from support.served import PASSWORD, Served, free_port, run, until

from simulator.gateway import Simulator

WRONG = [
    ("PW_PORT", "eight"),
    ("PW_PORT", "0"),
    ("PW_PORT", "65536"),
    ("PW_HOST", "bad host!"),
    ("PW_HOST", "gateway:99999"),
    ("PW_HOST", "https://192.168.1.50"),
    ("PW_HOST_CERT", "missing.pem"),
    ("PW_HOST_CERT", "broken.pem"),
    ("PW_HOST_CERT", "."),
    ("PW_PASSWORD_FILE", "missing"),
    ("PW_PASSWORD_FILE", "binary"),
    ("PW_LOG_LEVEL", "loud"),
    ("PW_LOG_FORMAT", "xml"),
    ("PW_TIMEOUT", "fast"),
    ("PW_TIMEOUT", "nan"),
    ("PW_CACHE_EXPIRE", "-1"),
    ("PW_AUTH_MODE", "magic"),
    ("PW_MAX_IN_FLIGHT", "9"),
    ("PW_BIND_ADDRESS", "256.1.1.1.1"),
    ("PW_AUTH_PATH", "~nobody-of-this-name/auth"),
    ("PW_CACHE_FILE", "~nobody-of-this-name/session"),
    ("PW_HOST_CERT", "~nobody-of-this-name/gateway.pem"),
    ("PW_PASSWORD_FILE", "~nobody-of-this-name/password"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_is_one_line_that_names_the_setting_and_exit_code_2(
    tmp_path: Path, name: str, value: str
) -> None:
    (tmp_path / "broken.pem").write_text(
        "-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----\n"
    )
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    settings = {"PW_BIND_ADDRESS": "127.0.0.1", "PW_PORT": str(free_port()), "PW_HOST": "127.0.0.1"}
    ended = run(tmp_path, **settings | {name: value})
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.count("\n") == 1, ended.stderr
    assert name.removesuffix("_FILE") in ended.stderr


def test_a_taken_port_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = run(tmp_path, PW_BIND_ADDRESS="127.0.0.1", PW_PORT=port)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.count("\n") == 1
    assert f"127.0.0.1:{port}" in ended.stderr
    assert "PW_PORT" in ended.stderr


def test_a_password_given_twice_is_refused_without_showing_it(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("another")
    ended = run(tmp_path, PW_PASSWORD=PASSWORD, PW_PASSWORD_FILE="password")
    assert ended.returncode == 2
    assert "not both" in ended.stderr
    assert PASSWORD not in ended.stderr
    assert "another" not in ended.stderr


def test_strange_names_and_settings_not_served_yet_are_one_line_each(
    proxy: Callable[..., Served],
) -> None:
    served = proxy(
        PW_GW_PWD="gateway-secret",
        PW_CACHE_EXPIER="7",
        PW_COLOUR="green",
        PW_NEG_SOLAR="",
        OTHER="mine",
    )
    (tedapi,) = served.lines("PW_GW_PWD")
    assert "no effect yet" in tedapi
    assert "works" in tedapi
    (typo,) = served.lines("PW_CACHE_EXPIER")
    assert "did you mean PW_CACHE_EXPIRE?" in typo
    (strange,) = served.lines("PW_COLOUR")
    assert "ignored" in strange
    assert not served.lines("PW_NEG_SOLAR"), "empty is unset"
    assert not served.lines("OTHER")
    assert "gateway-secret" not in served.log
    notes = served.get("/stats").document["notes"]
    assert [note.split()[0] for note in notes] == ["PW_GW_PWD", "PW_CACHE_EXPIER", "PW_COLOUR"]


def test_an_empty_value_is_an_unset_one(sim: Simulator, proxy: Callable[..., Served]) -> None:
    served = proxy(sim, PW_TIMEOUT="", PW_CACHE_TTL="", PW_AUTH_MODE="", PW_LOG_LEVEL="")
    assert served.known("/soe").document == {"percentage": 50}
    assert served.get("/stats").document["config"]["PW_TIMEOUT"] == 5


def test_json_logs_are_one_object_per_line_from_the_first_to_the_last(
    sim: Simulator, proxy: Callable[..., Served]
) -> None:
    served = proxy(sim, PW_LOG_FORMAT="json", PW_COLOUR="green", PW_CACHE_TTL="3")
    served.known("/soe")
    sim.faults.start("html")
    until(lambda: served.get("/soe").document is None and served.lines("a web page"))
    sim.faults.stop()
    until(lambda: served.get("/soe").fresh and served.lines("answers again"), 40)
    assert served.end() == 0
    records = [json.loads(line) for line in served.log.splitlines()]
    assert len(records) >= 4
    for record in records:
        assert {"time", "level", "logger", "message"} <= record.keys()
        assert record["level"] in {"info", "warning"}


@pytest.mark.parametrize(("level", "told"), [("info", True), ("warning", False)])
def test_the_log_level_says_what_is_told(
    proxy: Callable[..., Served], level: str, *, told: bool
) -> None:
    served = proxy(PW_LOG_LEVEL=level)
    assert bool(served.lines("reads nothing")) == told
    assert served.lines("no gateway is configured")
