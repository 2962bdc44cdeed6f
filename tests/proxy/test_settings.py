from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.contract import SETTINGS
from support.desk import Served

from proxy.not_yet import NOT_YET
from proxy.routes import check_base_path
from proxy.settings import ROWS, Settings, read_settings
from pypowerwall_core.backends.local.address import Address
from pypowerwall_core.corrections import Corrections
from pypowerwall_core.errors import BadSetting
from pypowerwall_core.settings.table import GATEWAY_ROWS


def test_the_table_and_the_object_agree() -> None:
    assert {row.field for row in ROWS} | {"notes"} == {field.name for field in fields(Settings)}
    assert {row.name for row in ROWS} & set(NOT_YET) == set()


def test_the_proxy_reads_every_setting_of_a_gateway_once_and_as_the_core_does() -> None:
    assert set(GATEWAY_ROWS) <= set(ROWS)
    assert len({row.name for row in ROWS}) == len(ROWS)


def test_without_any_variable_the_defaults_are_those_existing_installations_know() -> None:
    settings = read_settings({})
    assert settings.port == 8675
    assert settings.bind_address == ""
    assert settings.host is None
    assert settings.gateway() is None
    assert (settings.cache_expire_s, settings.cache_ttl_s, settings.timeout_s) == (5, 30, 5)
    assert (settings.pool_maxsize, settings.max_in_flight) == (15, 1)
    assert settings.client_budget_s == 2.5
    assert settings.auth_mode == "cookie"
    assert settings.notes == ()


def test_empty_values_are_unset_as_compose_files_pass_them() -> None:
    empty = dict.fromkeys((row.name for row in ROWS), "")
    assert read_settings(empty) == read_settings({})


def test_a_gateway_is_described_by_its_settings() -> None:
    config = read_settings(
        {
            "PW_HOST": "10.0.0.5:8443",
            "PW_PASSWORD": "secret",
            "PW_CACHE_EXPIRE": "0",
            "PW_AUTH_PATH": "/auth",
            "PW_AUTH_MODE": "TOKEN",
            "PW_POOL_MAXSIZE": "0",
        }
    ).gateway()
    assert config is not None
    assert config.address == Address("10.0.0.5", 8443)
    assert config.credentials.password == "secret"
    assert config.credentials.auth_mode == "token"
    assert config.cache_expire_s == 1.0
    assert config.session_file == Path("/auth/.powerwall")
    assert config.pool_maxsize == 0


def test_an_empty_password_is_no_password() -> None:
    config = read_settings({"PW_HOST": "10.0.0.5"}).gateway()
    assert config is not None
    assert config.credentials.password is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PW_PORT", "eighty"),
        ("PW_PORT", "0"),
        ("PW_PORT", "65536"),
        ("PW_PORT", "80.5"),
        ("PW_PORT", "\u00b2"),
        ("PW_HOST", "http://10.0.0.5"),
        ("PW_HOST", "10.0.0.5:port"),
        ("PW_HOST", "a b"),
        ("PW_CACHE_EXPIRE", "-1"),
        ("PW_CACHE_EXPIRE", "soon"),
        ("PW_CACHE_TTL", "nan"),
        ("PW_TIMEOUT", "0"),
        ("PW_TIMEOUT", "inf"),
        ("PW_POOL_MAXSIZE", "-1"),
        ("PW_MAX_IN_FLIGHT", "0"),
        ("PW_CLIENT_BUDGET", "1e9"),
        ("PW_AUTH_MODE", "biscuit"),
        ("PW_LOG_LEVEL", "loud"),
        ("PW_LOG_FORMAT", "xml"),
        ("PW_HTTPS", "maybe"),
        ("PW_STYLE", "pink"),
        ("PW_STYLE", ".js.js"),
        ("PW_BROWSER_CACHE", "-1"),
        ("PW_NETWORK_ERROR_RATE_LIMIT", "many"),
        ("PW_ALLOWED_HOSTS", "https://solar.example.org"),
        ("PW_ALLOWED_HOSTS", "solar.example.org:8675"),
        ("PW_CONFIG", "/nowhere/powerwall.toml"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_the_setting(name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=f"^{name}: ") as caught:
        read_settings({name: value})
    assert "\n" not in str(caught.value)


@given(st.sampled_from([row.name for row in ROWS]), st.text(max_size=20))
def test_any_text_is_a_value_or_one_clear_line(name: str, value: str) -> None:
    said = ""
    try:
        read_settings({name: value})
    except BadSetting as error:
        said = str(error)
    assert said == "" or said.startswith(f"{name}: ")
    assert "\n" not in said


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("s3cret\n")
    assert read_settings({"PW_PASSWORD_FILE": str(file)}).password == "s3cret"


def test_a_secret_file_that_is_missing_is_said() -> None:
    with pytest.raises(BadSetting, match=r"^PW_PASSWORD: /nowhere/password cannot be read"):
        read_settings({"PW_PASSWORD_FILE": "/nowhere/password"})


def test_a_secret_cannot_come_twice(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("one")
    with pytest.raises(BadSetting, match="not both"):
        read_settings({"PW_PASSWORD_FILE": str(file), "PW_PASSWORD": "two"})


@pytest.mark.parametrize("text", ["", "\n"])
def test_an_empty_secret_file_is_an_error_and_not_an_open_door(tmp_path: Path, text: str) -> None:
    file = tmp_path / "token"
    file.write_text(text)
    with pytest.raises(BadSetting, match="is empty"):
        read_settings({"PW_READ_TOKEN_FILE": str(file)})


def test_only_the_word_yes_is_yes() -> None:
    assert read_settings({"PW_DEBUG": "YES"}).debug
    assert not read_settings({"PW_DEBUG": "true"}).debug


def test_settings_without_effect_are_told_one_line_each() -> None:
    settings = read_settings(
        {"PW_GW_PWD": "x", "PW_TIMEOT": "5", "PW_FAIL_FAST": "yes", "HOME": "/", "PW_SITEID": ""}
    )
    fail_fast, gw_pwd, typo = settings.notes
    assert gw_pwd.startswith("PW_GW_PWD has no effect yet: TEDAPI is not served")
    assert fail_fast.startswith("PW_FAIL_FAST: Without effect")
    assert typo.endswith("did you mean PW_TIMEOUT?")


MOOT = {
    "PW_NETWORK_ERROR_RATE_LIMIT": ("9", 9),
    "PW_FAIL_FAST": ("yes", True),
    "PW_GRACEFUL_DEGRADATION": ("no", False),
    "PW_HEALTH_CHECK": ("no", False),
}


def test_what_our_design_makes_pointless_is_shown_as_given_and_says_so() -> None:
    assert set(MOOT) == {row.name for row in ROWS if row.moot}
    for name, (text, shown) in MOOT.items():
        settings = read_settings({name: text})
        assert settings.shown()[name] == shown
        assert [note.partition(":")[0] for note in settings.notes] == [name]


def test_what_is_pointless_is_not_told_to_who_asks_for_the_default() -> None:
    defaults = {row.name: row.default for row in ROWS if row.moot}
    assert read_settings(defaults).notes == ()


def test_shown_values_have_the_types_that_readers_know() -> None:
    shown = read_settings({"PW_STYLE": "SOLAR.js", "PW_ALLOWED_HOSTS": "a, B"}).shown()
    assert shown["PW_STYLE"] == "solar.js"
    assert shown["PW_ALLOWED_HOSTS"] == "a,b"
    assert (shown["PW_HTTPS"], shown["PW_NEG_SOLAR"], shown["PW_DEBUG"]) == ("no", True, False)
    numbers = ("PW_PORT", "PW_CACHE_EXPIRE", "PW_CACHE_TTL", "PW_TIMEOUT", "PW_BROWSER_CACHE")
    assert [repr(shown[name]) for name in numbers] == ["8675", "5", "30", "5", "0"]
    assert shown["PW_NETWORK_ERROR_RATE_LIMIT"] == 5
    assert shown["PW_TLS_CERT"] is shown["PW_READ_TOKEN"] is None


@pytest.mark.parametrize("style", ["clear", "grafana-dark", "Dakboard", "white.js"])
def test_a_style_may_end_with_js(style: str) -> None:
    assert read_settings({"PW_STYLE": style}).style == style.lower().removesuffix(".js")


def test_names_of_hosts_are_read_without_regard_to_case_and_blanks() -> None:
    hosts = read_settings({"PW_ALLOWED_HOSTS": " Solar.Example.org,box ,, 10.0.0.7"}).allowed_hosts
    assert hosts == ("solar.example.org", "box", "10.0.0.7")


@pytest.mark.parametrize(("given", "missing"), [("CERT", "KEY"), ("KEY", "CERT")])
def test_a_certificate_and_its_key_go_together(given: str, missing: str) -> None:
    with pytest.raises(BadSetting, match=f"^PW_TLS_{given}: set PW_TLS_{missing} as well"):
        read_settings({f"PW_TLS_{given}": "x.pem"})


def test_a_certificate_that_is_not_shown_to_anybody_is_told() -> None:
    pair = {"PW_TLS_CERT": "x.pem", "PW_TLS_KEY": "x.pem"}
    assert read_settings(pair | {"PW_HTTPS": "YES"}).notes == ()
    (note,) = read_settings(pair).notes
    assert note == "PW_TLS_CERT has no effect unless PW_HTTPS is yes"


@pytest.mark.parametrize(
    ("seconds", "kept"), [("0", "no-cache"), ("3600", "max-age=3600"), ("", "no-cache")]
)
def test_browsers_may_keep_icons_but_never_what_an_update_mixes(seconds: str, kept: str) -> None:
    """A new page with a kept module of before the update is no page at all."""
    served = Served(PW_BROWSER_CACHE=seconds)
    for path in ("/page/icon.svg", "/page/icon-192.png"):
        reply = served.get(path)
        assert reply.headers["Cache-Control"] == kept
        known = served.get(path, headers={"If-None-Match": reply.headers["ETag"]})
        assert (known.status_code, known.headers["Cache-Control"]) == (304, kept)
    for path in ("/", "/page.css", "/page/now.js", "/page/flow.css", "/healthz", "/soe"):
        assert served.get(path).headers["Cache-Control"] == "no-cache"


def test_every_setting_the_original_shows_is_shown() -> None:
    assert len(SETTINGS) == 31
    assert set(SETTINGS) <= set(read_settings({}).shown())


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("", "/"),
        ("/", "/"),
        ("tesla", "/tesla/"),
        ("/tesla", "/tesla/"),
        ("/a/b-c.d/", "/a/b-c.d/"),
    ],
)
def test_a_base_path_begins_and_ends_with_a_slash(text: str, path: str) -> None:
    assert read_settings({"PROXY_BASE_URL": text}).base_path == path


@pytest.mark.parametrize("text", ["/a//b", "/../x", "/a/./b", "/a b", "/a?b", "/{x}", "/ü", "/%41"])
def test_a_base_path_is_plain(text: str) -> None:
    with pytest.raises(BadSetting, match="PROXY_BASE_URL"):
        read_settings({"PROXY_BASE_URL": text})


@pytest.mark.parametrize("text", ["/api", "stats", "/help/", "/pw/x", "/page.css"])
def test_a_base_path_is_no_route(text: str) -> None:
    with pytest.raises(BadSetting, match="begins like a route"):
        check_base_path(read_settings({"PROXY_BASE_URL": text}).base_path)


def test_other_base_paths_hide_none() -> None:
    for text in ("/", "/tesla/", "/powerwall/api/"):
        check_base_path(read_settings({"PROXY_BASE_URL": text}).base_path)


def test_control_is_off_and_ready_by_default() -> None:
    settings = read_settings({})
    assert settings.control_secret == ""
    assert settings.control_wait_s == 5
    assert settings.control_via == ("cloud", "local")
    assert settings.allow_islanding is False
    shown = read_settings({"PW_CONTROL_SECRET": "s3cret", "PW_CONTROL_VIA": "local"}).shown()
    assert shown["PW_CONTROL_SECRET"] == "***"
    assert shown["PW_CONTROL_WAIT"] == 5
    assert shown["PW_CONTROL_VIA"] == "local"
    assert shown["PW_ALLOW_ISLANDING"] is False


@pytest.mark.parametrize(
    ("text", "roads"),
    [("local", ("local",)), ("Cloud, local", ("cloud", "local")), (" cloud ,", ("cloud",))],
)
def test_the_roads_of_commands_have_an_order(text: str, roads: tuple[str, ...]) -> None:
    assert read_settings({"PW_CONTROL_VIA": text}).control_via == roads


@pytest.mark.parametrize("text", [",", "fleet", "local,local", "local cloud"])
def test_a_road_that_is_none_is_an_error(text: str) -> None:
    with pytest.raises(BadSetting, match=r"PW_CONTROL_VIA: .* is not local or cloud"):
        read_settings({"PW_CONTROL_VIA": text})


@pytest.mark.parametrize("text", ["-1", "31", "soon"])
def test_nobody_waits_for_a_command_longer_than_half_a_minute(text: str) -> None:
    with pytest.raises(BadSetting, match="PW_CONTROL_WAIT"):
        read_settings({"PW_CONTROL_WAIT": text})


def test_a_control_secret_is_no_setting_without_effect() -> None:
    for environ in ({"PW_CONTROL_SECRET": "x"}, {"PW_ALLOW_ISLANDING": "yes"}):
        assert read_settings(environ).notes == ()


def test_the_corrections_reach_the_gateways_reader() -> None:
    plain = read_settings({"PW_HOST": "10.0.0.5"}).gateway()
    assert plain is not None
    assert plain.corrections == Corrections(negative_solar=True, site_zero_threshold_w=0)
    set_ = {"PW_HOST": "10.0.0.5", "PW_NEG_SOLAR": "no", "PW_SITE_ZERO_THRESHOLD": "60"}
    gateway = read_settings(set_).gateway()
    assert gateway is not None
    assert gateway.corrections == Corrections(negative_solar=False, site_zero_threshold_w=60)


def test_what_is_shown_holds_no_secret_not_even_its_length() -> None:
    short = read_settings({"PW_PASSWORD": "a", "PW_EMAIL": "a@b.example"}).shown()
    long = read_settings({"PW_PASSWORD": "a" * 40, "PW_EMAIL": "someone@b.example"}).shown()
    assert short == long
    assert short["PW_PASSWORD"] == "***"
    tokens = [read_settings({"PW_READ_TOKEN": text}).shown() for text in ("a", "a" * 40)]
    assert tokens[0] == tokens[1]
    assert read_settings({}).shown()["PW_PASSWORD"] is None


def test_a_certificate_that_is_none_is_said(tmp_path: Path) -> None:
    for text in ("", "hello", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"):
        file = tmp_path / "cert.pem"
        file.write_text(text)
        settings = read_settings({"PW_HOST": "10.0.0.5", "PW_HOST_CERT": str(file)})
        with pytest.raises(BadSetting, match=r"cert\.pem"):
            settings.gateway()
