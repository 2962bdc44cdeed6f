from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pypowerwall_core.backends.local.address import Address
from pypowerwall_core.corrections import Corrections
from pypowerwall_core.errors import BadSetting
from pypowerwall_core.settings.gateway import GatewaySettings, read_gateway
from pypowerwall_core.settings.table import GATEWAY_ROWS


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "powerwall.toml"
    path.touch(mode=0o600)
    return path


def _read(file: Path, text: str, **environ: str) -> GatewaySettings:
    file.write_text(text, "utf-8")
    return read_gateway({"PW_CONFIG": str(file)} | environ, {})


def test_nothing_set_is_no_gateway_and_the_defaults_everybody_knows() -> None:
    settings = read_gateway({}, {})
    assert settings.host is None
    assert settings.gateway() is None
    assert settings.secrets == ()
    assert settings.session_file == Path(".powerwall")
    assert set(settings.values) == {row.field for row in GATEWAY_ROWS}
    assert settings.origins == {row.name: "default" for row in GATEWAY_ROWS}
    assert settings.values["timeout_s"] == 5
    assert settings.values["control_via"] == ("cloud", "local")


def test_empty_texts_are_unset_wherever_they_are() -> None:
    empty = dict.fromkeys((row.name for row in GATEWAY_ROWS), "")
    assert read_gateway(empty, empty) == read_gateway({}, {})


def test_a_gateway_is_described_by_its_settings(tmp_path: Path) -> None:
    environ = {
        "PW_HOST": "10.0.0.5:8443",
        "PW_PASSWORD": "s3cret",
        "PW_EMAIL": "me@example.org",
        "PW_TIMEZONE": "Europe/Berlin",
        "PW_AUTH_MODE": "TOKEN",
        "PW_AUTH_PATH": str(tmp_path),
        "PW_CACHE_EXPIRE": "0",
        "PW_CACHE_TTL": "60",
        "PW_TIMEOUT": "7",
        "PW_POOL_MAXSIZE": "0",
        "PW_MAX_IN_FLIGHT": "2",
        "PW_NEG_SOLAR": "no",
        "PW_SITE_ZERO_THRESHOLD": "60",
        "PW_CONTROL_VIA": "local",
        "PW_ALLOW_ISLANDING": "yes",
    }
    settings = read_gateway(environ, {})
    config = settings.gateway()
    assert config is not None
    assert config.address == settings.host == Address("10.0.0.5", 8443)
    told = config.credentials
    assert (told.password, told.email) == ("s3cret", "me@example.org")
    assert (told.timezone, told.auth_mode) == ("Europe/Berlin", "token")
    assert config.session_file == settings.session_file == tmp_path / ".powerwall"
    assert config.fingerprint is None
    assert (config.cache_expire_s, config.cache_ttl_s, config.timeout_s) == (1, 60, 7)
    assert (config.pool_maxsize, config.max_in_flight) == (0, 2)
    assert config.corrections == Corrections(negative_solar=False, site_zero_threshold_w=60)
    assert config.control is not None
    assert (config.control.via, config.control.allows_islanding) == (("local",), True)


def test_an_empty_password_is_no_password() -> None:
    config = read_gateway({"PW_HOST": "10.0.0.5"}, {}).gateway()
    assert config is not None
    assert config.credentials.password is None


def test_a_session_file_may_be_named() -> None:
    named = {"PW_CACHE_FILE": "/run/session", "PW_AUTH_PATH": "/auth"}
    assert read_gateway(named, {}).session_file == Path("/run/session")


def test_flags_win_over_the_environment_over_the_file_over_the_defaults(file: Path) -> None:
    file.write_text('host = "10.0.0.1"\ntimeout = 7\ncache_ttl = 60\nneg_solar = false')
    environ = {"PW_CONFIG": str(file), "PW_HOST": "10.0.0.2", "PW_TIMEOUT": "8"}
    settings = read_gateway(environ, {"PW_HOST": "10.0.0.3", "PW_TIMEOUT": ""})
    values, origins = settings.values, settings.origins
    assert settings.host == Address("10.0.0.3")
    assert (values["timeout_s"], values["cache_ttl_s"], values["pool_maxsize"]) == (8, 60, 15)
    assert values["negative_solar"] is False
    asked = ("PW_HOST", "PW_TIMEOUT", "PW_CACHE_TTL", "PW_POOL_MAXSIZE", "PW_CONFIG")
    told = ["flag", "environment", "file", "default", "environment"]
    assert [origins[name] for name in asked] == told


def test_a_flag_names_the_file_as_well(file: Path, tmp_path: Path) -> None:
    file.write_text('host = "10.0.0.1"')
    other = tmp_path / "other.toml"
    other.write_text('host = "10.0.0.2"')
    settings = read_gateway({"PW_CONFIG": str(file)}, {"PW_CONFIG": str(other)})
    assert settings.host == Address("10.0.0.2")


PROXYS = """
port = "eighty"
bind_address = ["not", "a", "text"]
read_token = 12345
control_secret_file = "/nowhere"
allowed_hosts = ["a b"]
debug = "perhaps"
fail_fast = true
tls_cert = "only.pem"
gw_pwd = "x"
config = "more.toml"
nonsense = 1979-05-27
mqtt.host = 1
[gateway]
host = "10.0.0.9"
[empty]
"""


def test_what_only_the_proxy_knows_is_ignored_in_the_file(file: Path) -> None:
    settings = _read(file, f'host = "10.0.0.1"\n{PROXYS}')
    assert settings.host == Address("10.0.0.1")
    assert set(settings.values) == {row.field for row in GATEWAY_ROWS}
    assert settings.values == _read(file, 'host = "10.0.0.1"').values


def test_what_only_the_proxy_knows_is_ignored_in_environment_and_flags() -> None:
    other = {
        "PW_PORT": "eighty",
        "PW_STYLE": "pink",
        "PW_TLS_KEY": "only.pem",
        "PW_READ_TOKEN_FILE": "/nowhere",
        "PW_GW_PWD": "x",
        "PW_HOTS": "typo",
        "PROXY_BASE_URL": "/..",
    }
    assert read_gateway(other, other) == read_gateway({}, {})


def test_a_password_may_come_from_a_file_however_that_is_named(file: Path, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("s3cret\n")
    name = str(password)
    for settings in (
        read_gateway({"PW_PASSWORD_FILE": name}, {}),
        read_gateway({"PW_PASSWORD": "other"}, {"PW_PASSWORD_FILE": name}),
        _read(file, f'password_file = "{name}"'),
    ):
        assert settings.values["password"] == "s3cret"
        assert settings.secrets == ("s3cret",)
    assert _read(file, f'password_file = "{name}"', PW_PASSWORD="x").secrets == ("x",)


def test_a_password_is_not_in_what_settings_look_like() -> None:
    settings = read_gateway({"PW_PASSWORD": "s3cret", "PW_EMAIL": "me@example.org"}, {})
    assert "s3cret" not in repr(settings)
    assert "me@example.org" not in repr(settings)


@pytest.mark.parametrize("text", ["", "\n"])
def test_an_empty_secret_file_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "password").write_text(text)
    with pytest.raises(BadSetting, match=r"^PW_PASSWORD: .*password is empty$"):
        read_gateway({"PW_PASSWORD_FILE": str(tmp_path / "password")}, {})


def test_a_secret_cannot_come_twice_nor_from_a_file_that_is_missing(file: Path) -> None:
    with pytest.raises(BadSetting, match=r"^PW_PASSWORD: /nowhere cannot be read"):
        read_gateway({"PW_PASSWORD_FILE": "/nowhere"}, {})
    with pytest.raises(BadSetting, match=r"^PW_PASSWORD: set it or PW_PASSWORD_FILE, not both$"):
        read_gateway({"PW_PASSWORD_FILE": "/nowhere", "PW_PASSWORD": "x"}, {})
    with pytest.raises(BadSetting) as caught:
        _read(file, 'password = "x"\npassword_file = "/nowhere"')
    assert str(caught.value) == f"{file}: password: set it or {file}: password_file, not both"


@pytest.mark.parametrize(
    ("name", "text", "flag"),
    [
        ("PW_HOST", "a b", "--host"),
        ("PW_HOST", "https://10.0.0.5", "--host"),
        ("PW_TIMEOUT", "nan", "--timeout"),
        ("PW_CACHE_EXPIRE", "-1", "--cache-expire"),
        ("PW_MAX_IN_FLIGHT", "9", "--max-in-flight"),
        ("PW_AUTH_MODE", "magic", "--auth-mode"),
        ("PW_AUTH_PATH", "~nobody-of-this-name/auth", "--auth-path"),
        ("PW_CONTROL_VIA", "fleet", "--control-via"),
        ("PW_CONFIG", "/nowhere/powerwall.toml", "--config"),
    ],
)
def test_a_wrong_value_is_one_line_that_calls_it_as_it_was_written(
    name: str, text: str, flag: str
) -> None:
    for environ, flags, called in (({name: text}, {}, name), ({}, {name: text}, flag)):
        with pytest.raises(BadSetting, match=f"^{called}: ") as caught:
            read_gateway(environ, flags)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("timeout = 0", "timeout: '0' is not a number of seconds from 0.1 to 300"),
        ('host = ["a"]', "host: write one text, number, true or false"),
        ('control_via = ["local"]', "control_via: write one text, number, true or false"),
        ("neg_solar = 1", "neg_solar: write true or false"),
        ("password = 12345", "password: write it in quotes"),
    ],
)
def test_a_wrong_value_in_the_file_names_the_file_and_its_key(
    file: Path, text: str, reason: str
) -> None:
    with pytest.raises(BadSetting) as caught:
        _read(file, f"{text}\n{PROXYS}")
    assert str(caught.value) == f"{file}: {reason}"


def test_a_file_that_is_no_toml_is_told_by_who_named_it(file: Path) -> None:
    file.write_text("host = ")
    with pytest.raises(BadSetting, match=r"^PW_CONFIG: '.*powerwall\.toml' cannot be read: "):
        read_gateway({"PW_CONFIG": str(file)}, {})
    with pytest.raises(BadSetting, match=r"^--config: '.*powerwall\.toml' cannot be read: "):
        read_gateway({}, {"PW_CONFIG": str(file)})


def test_the_first_of_many_errors_is_told(file: Path) -> None:
    with pytest.raises(BadSetting, match=r"powerwall\.toml: password: write it in quotes"):
        _read(file, "password = 1", PW_HOST="a b", PW_TIMEOUT="x")
    with pytest.raises(BadSetting, match=r"^PW_HOST: "):
        read_gateway({"PW_TIMEOUT": "x", "PW_HOST": "a b"}, {"PW_CACHE_TTL": "x"})


def test_a_certificate_that_is_none_is_told_when_the_gateway_is_asked_for(tmp_path: Path) -> None:
    cert = tmp_path / "cert.pem"
    cert.write_text("hello")
    settings = read_gateway({"PW_HOST": "10.0.0.5", "PW_HOST_CERT": str(cert)}, {})
    with pytest.raises(BadSetting, match=r"^PW_HOST_CERT: .*cert\.pem holds no certificate"):
        settings.gateway()
    assert read_gateway({"PW_HOST_CERT": str(cert)}, {}).gateway() is None


@given(name=st.sampled_from([row.name for row in GATEWAY_ROWS]), text=st.text(max_size=20))
def test_any_text_is_a_value_or_one_clear_line(name: str, text: str) -> None:
    said = ""
    try:
        read_gateway({name: text}, {})
    except BadSetting as error:
        said = str(error)
    assert said == "" or said.startswith(f"{name}: ")
    assert "\n" not in said


def test_reading_settings_loads_nothing_of_the_road_to_a_gateway() -> None:
    """The proxy's master process reads them, and keeps what it loads for ever."""
    late = {"pypowerwall_core.connect", "requests", "urllib3", "cryptography", "ssl", "socket"}
    code = (
        "import sys, proxy.settings, pypowerwall_core.settings.gateway as gateway\n"
        "gateway.read_gateway({'PW_HOST': '10.0.0.5'}, {})\n"
        f"print(sorted({late!r} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"
