"""What a user sets: a wrong value ends the start in one line, a strange one is told in one."""

import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from support.served import PASSWORD, POWERWALL, Served, free_port, run, until

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
    ("PW_READ_TOKEN_FILE", "missing"),
    ("PW_HTTPS", "true"),
    ("PW_STYLE", "pink"),
    ("PW_BROWSER_CACHE", "soon"),
    ("PW_NETWORK_ERROR_RATE_LIMIT", "few"),
    ("PW_ALLOWED_HOSTS", "http://solar.example.org"),
    ("PROXY_BASE_URL", "/api"),
    ("PW_CONFIG", "missing.toml"),
    ("PW_CONFIG", "binary"),
    ("PW_CONFIG", "."),
]
CHECK = (*POWERWALL, "config", "check")


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


@pytest.mark.parametrize("address", ["127.0.0.1", "192.0.2.1"], ids=["taken", "not ours"])
def test_an_address_that_is_not_to_be_had_just_now_is_no_wrong_setting(
    tmp_path: Path, address: str
) -> None:
    """After a power cut it comes with the network: systemd tries again, but not after code 2."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = run(tmp_path, PW_BIND_ADDRESS=address, PW_PORT=port)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.count("\n") == 1
    assert f"cannot listen on {address}:{port}: " in ended.stderr
    assert "Set PW_PORT or PW_BIND_ADDRESS, or stop what uses the port." in ended.stderr


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


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "powerwall.toml"
    path.touch(mode=0o600)
    return path


def test_a_file_of_settings_is_served_and_environment_and_flags_win(
    sim: Simulator, file: Path, tmp_path: Path
) -> None:
    file.write_text(
        f'host = "127.0.0.1:1"\nport = 1\ntimeout = 3\ncache_expire = 1\npassword = "{PASSWORD}"'
        '\ngw_pwd = "gateway-secret"\ncache_ttl = 70'
    )
    file.chmod(0o644)
    command = (*POWERWALL, "serve", "--config", str(file), "--host", sim.address)
    with Served(tmp_path / "proxy", command, PW_CACHE_TTL="60", PW_TIMEOUT="") as served:
        assert served.known("/soe").document == {"percentage": 50}
        config = served.get("/stats").document["config"]
        assert (config["PW_TIMEOUT"], config["PW_CACHE_TTL"]) == (3, 60)
        assert config["PW_CONFIG"] == str(file)
        assert config["PW_PASSWORD"] == "***"
        assert len(served.lines("gw_pwd has no effect yet")) == 1
        assert len(served.lines("others can read it")) == 1
        assert len(served.get("/stats").document["notes"]) == 2
        for secret in (PASSWORD, "gateway-secret"):
            assert secret not in served.log
            assert secret not in served.get("/stats").body.decode()
        ended = run(tmp_path, (*POWERWALL, "healthcheck", "--port", str(served.port)))
        assert (ended.returncode, ended.stdout) == (0, "ok\n")


def test_healthcheck_reads_the_same_file(
    proxy: Callable[..., Served], file: Path, tmp_path: Path
) -> None:
    file.write_text(f"port = {proxy().port}")
    healthcheck = (*POWERWALL, "healthcheck")
    assert run(tmp_path, healthcheck, PW_CONFIG=str(file)).stdout == "ok\n"
    assert run(tmp_path, (*healthcheck, "--config", str(file))).stdout == "ok\n"


@pytest.mark.parametrize("text", ["gateway.hots = 1", "port = 0", "port = ", "debug = 1"])
def test_a_wrong_file_is_one_line_and_exit_code_2(file: Path, tmp_path: Path, text: str) -> None:
    file.write_text(text)
    for command in (("serve", "--config", str(file)), ("healthcheck", "--config", str(file))):
        ended = run(tmp_path, (*POWERWALL, *command))
        assert (ended.returncode, ended.stdout) == (2, "")
        assert ended.stderr.count("\n") == 1, ended.stderr
        assert "powerwall.toml" in ended.stderr


def test_no_flag_takes_a_secret(tmp_path: Path) -> None:
    for flag in ("--password", "--control-secret", "--read-token"):
        ended = run(tmp_path, (*POWERWALL, "serve", flag, "s3cret"))
        assert ended.returncode == 2
        assert "unrecognized" in ended.stderr
    for command in (("serve", "--help"), ("config", "check", "--help")):
        assert "--password" not in run(tmp_path, (*POWERWALL, *command)).stdout


def test_a_check_of_the_settings_tells_everything_but_secrets(file: Path, tmp_path: Path) -> None:
    file.write_text('timeout = 7\nread_token = "token-of-mine"')
    ended = run(tmp_path, (*CHECK, "--config", str(file), "--port", "99"), PW_PASSWORD=PASSWORD)
    assert (ended.returncode, ended.stderr) == (0, "")
    lines = {line.split()[0]: line.split()[1:] for line in ended.stdout.splitlines()}
    assert lines["PW_PORT"] == ["99", "[flag]"]
    assert lines["PW_TIMEOUT"] == ["7", "[file]"]
    assert lines["PW_PASSWORD"] == ["***", "[environment]"]
    assert lines["PW_READ_TOKEN"] == ["***", "[file]"]
    assert lines["PW_CACHE_TTL"] == ["30", "[default]"]
    for secret in (PASSWORD, "token-of-mine"):
        assert secret not in ended.stdout
    assert list(tmp_path.iterdir()) == [file], "it makes nothing"


def test_a_check_of_wrong_settings_tells_all_of_them(file: Path, tmp_path: Path) -> None:
    file.write_text("prot = 1\ntimeout = 0")
    settings = {"PW_CONFIG": str(file), "PW_PORT": "x", "PW_COLOUR": "green", "PW_HTTPS": "yes"}
    ended = run(tmp_path, CHECK, **settings)
    assert ended.returncode == 2
    told = ended.stderr.splitlines()
    assert len(told) == 3
    for text in ("prot is not a setting", "timeout: '0'", "PW_PORT: 'x'"):
        assert [line for line in told if text in line]
    assert "note: PW_COLOUR is not a setting" in ended.stdout


def test_what_has_no_effect_is_shown_as_given_and_told_once(proxy: Callable[..., Served]) -> None:
    served = proxy(
        PW_FAIL_FAST="yes",
        PW_GRACEFUL_DEGRADATION="no",
        PW_HEALTH_CHECK="yes",
        PW_NETWORK_ERROR_RATE_LIMIT="7",
        PW_SUPPRESS_NETWORK_ERRORS="no",
        PW_STYLE="solar.js",
    )
    config = served.get("/stats").document["config"]
    assert config["PW_FAIL_FAST"] is config["PW_HEALTH_CHECK"] is True
    assert config["PW_GRACEFUL_DEGRADATION"] is config["PW_SUPPRESS_NETWORK_ERRORS"] is False
    assert (config["PW_NETWORK_ERROR_RATE_LIMIT"], config["PW_STYLE"]) == (7, "solar.js")
    told = [line.split(" WARNING ")[1].split(":")[0] for line in served.lines("Without effect")]
    assert told == ["PW_NETWORK_ERROR_RATE_LIMIT", "PW_FAIL_FAST", "PW_GRACEFUL_DEGRADATION"]
    assert not served.lines("PW_HEALTH_CHECK")


@pytest.mark.parametrize(("suppressed", "told"), [("no", 2), ("yes", 0)])
def test_network_errors_can_be_kept_out_of_the_log(
    sim: Simulator, proxy: Callable[..., Served], suppressed: str, told: int
) -> None:
    served = proxy(sim, PW_SUPPRESS_NETWORK_ERRORS=suppressed, PW_CACHE_TTL="3")
    served.known("/soe")
    sim.faults.start("html")
    until(lambda: served.get("/soe").document is None)
    assert "web page" in served.get("/health").document["lanes"][0]["last_error"]
    sim.faults.stop()
    until(lambda: served.get("/soe").fresh, 40)
    until(lambda: len(_of_the_gateway(served)) >= told)
    assert len(_of_the_gateway(served)) == told


def _of_the_gateway(served: Served) -> list[str]:
    return [line for text in ("web page", "answers again") for line in served.lines(text)]


def test_a_refused_login_is_told_also_where_network_errors_are_not(
    sim: Simulator, proxy: Callable[..., Served]
) -> None:
    served = proxy(sim, PW_PASSWORD="wrong-one", PW_SUPPRESS_NETWORK_ERRORS="yes")
    served.get("/soe")
    until(lambda: served.lines("wrong password"))
