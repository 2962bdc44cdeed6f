from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.configcheck import check
from proxy.not_yet import NOT_YET
from proxy.settings import Settings, read_settings
from proxy.settings_table import ROWS, SCHEMA
from pypowerwall_core.backends.local.address import Address
from pypowerwall_core.errors import BadSetting
from pypowerwall_core.settings.configfile import read_config
from pypowerwall_core.settings.row import Row, file_key


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "powerwall.toml"
    path.touch(mode=0o600)
    return path


def _read(file: Path, text: str, **environ: str) -> Settings:
    file.write_text(text, "utf-8")
    return read_settings({"PW_CONFIG": str(file)} | environ)


def _wrong(file: Path, text: str) -> list[str]:
    file.write_text(text, "utf-8")
    return read_config(file, SCHEMA).errors


def test_a_file_speaks_toml(file: Path) -> None:
    settings = _read(
        file,
        """
        host = "10.0.0.5"
        port = 9000
        password = "s3cret"
        cache_expire = 2.5
        debug = true
        neg_solar = false
        https = "http"
        proxy_base_url = "/home"
        allowed_hosts = ["Solar.example.org", "box"]
        """,
    )
    assert settings.host == Address("10.0.0.5")
    assert (settings.port, settings.password) == (9000, "s3cret")
    assert settings.cache_expire_s == 2.5
    assert (settings.debug, settings.negative_solar) == (True, False)
    assert (settings.https, settings.base_path) == ("http", "/home/")
    assert settings.allowed_hosts == ("solar.example.org", "box")
    assert settings.notes == ()


@pytest.mark.parametrize("row", [row for row in ROWS if row.name != "PW_CONFIG"])
def test_every_setting_can_be_in_a_file(file: Path, row: Row) -> None:
    assert not _wrong(file, f'{row.key} = "{row.default or "x"}"')
    assert row.name in read_config(file, SCHEMA).texts


def test_flags_win_over_the_environment_over_the_file_over_the_defaults(file: Path) -> None:
    file.write_text('port = 1111\ntimeout = 7\ncache_ttl = 60\nlog_level = "error"')
    environ = {"PW_CONFIG": str(file), "PW_PORT": "2222", "PW_TIMEOUT": "8"}
    settings = read_settings(environ, {"PW_PORT": "3333", "PW_HOST": ""})
    assert (settings.port, settings.timeout_s, settings.cache_ttl_s) == (3333, 8, 60)
    assert settings.pool_maxsize == 15


def test_an_empty_variable_lets_the_file_show_through(file: Path) -> None:
    assert _read(file, "port = 1111", PW_PORT="").port == 1111
    assert _read(file, 'port = ""').port == 8675


def test_a_flag_names_the_file_as_well(file: Path, tmp_path: Path) -> None:
    file.write_text("port = 1111")
    other = tmp_path / "other.toml"
    other.write_text("port = 2222")
    settings = read_settings({"PW_CONFIG": str(file)}, {"PW_CONFIG": str(other)})
    assert (settings.port, settings.config) == (2222, other)


def test_an_unknown_key_is_told_by_its_full_path(file: Path) -> None:
    errors = _wrong(file, 'prot = 1\n[gateway]\nhots = "x"\nport = 1\n[a.b]\nc = 1\n[empty]')
    assert errors == [
        f"{file}: prot is not a setting; did you mean port?",
        f"{file}: gateway.hots is not a setting; did you mean host?",
        f"{file}: gateway.port is not a setting; did you mean port?",
        f"{file}: a.b.c is not a setting",
        f"{file}: empty is not a setting",
    ]


def test_a_file_cannot_name_another(file: Path) -> None:
    (error,) = _wrong(file, 'config = "more.toml"')
    assert error.startswith(f"{file}: config is not a setting")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("port = 1979-05-27", "write one text, number, true or false"),
        ('host = ["a"]', "write one text, number, true or false"),
        ('bind_address = "\\u0000"', "write one text, number, true or false"),
        ("host = {}", "write one text, number, true or false"),
        ("allowed_hosts = [[1]]", "write one text, number, true or false"),
        ("debug = 1", "write true or false"),
        ('debug = "true"', "write true or false"),
        ("password = 12345", "write it in quotes"),
        ("read_token = true", "write it in quotes"),
    ],
)
def test_a_value_of_the_wrong_kind_is_told(file: Path, text: str, reason: str) -> None:
    key = text.partition(" ")[0]
    assert _wrong(file, text) == [f"{file}: {key}: {reason}"]


@pytest.mark.parametrize("text", ["port = true", "port = 80.5", 'port = "x"', "port = 0"])
def test_a_wrong_value_names_the_file_and_its_key(file: Path, text: str) -> None:
    with pytest.raises(BadSetting, match=rf"^{file}: port: .* is not a whole number"):
        _read(file, text)


def test_a_wrong_flag_is_called_as_it_was_typed() -> None:
    with pytest.raises(BadSetting, match=r"^--bind-address|^--port: 'x' is not"):
        read_settings({}, {"PW_PORT": "x"})
    with pytest.raises(BadSetting, match=r"^--config: '/nowhere' cannot be read: No such file"):
        read_settings({}, {"PW_CONFIG": "/nowhere"})


@pytest.mark.parametrize("text", ["port", "port = ", "a = 1\na = 2", "x = " + "[" * 5000])
def test_what_is_no_toml_is_one_line(file: Path, text: str) -> None:
    with pytest.raises(
        BadSetting, match=r"^PW_CONFIG: '.*powerwall\.toml' cannot be read: "
    ) as bad:
        _read(file, text)
    assert "\n" not in str(bad.value)


def test_a_file_of_bytes_a_folder_and_a_missing_file_are_one_line(
    file: Path, tmp_path: Path
) -> None:
    file.write_bytes(b'host = "\xff"')
    for path in (file, tmp_path, tmp_path / "missing.toml"):
        with pytest.raises(BadSetting, match=r"^PW_CONFIG: ") as bad:
            read_settings({"PW_CONFIG": str(path)})
        assert "\n" not in str(bad.value)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("any")


@given(text=st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60))
def test_any_text_is_settings_or_one_line(folder: Path, text: str) -> None:
    path = folder / "powerwall.toml"
    path.write_text(text, "utf-8")
    said = ""
    try:
        read_settings({"PW_CONFIG": str(path)})
    except BadSetting as error:
        said = str(error)
    assert "\n" not in said


def test_a_secret_may_be_in_a_file_that_the_file_names(file: Path, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("s3cret\n")
    text = f'password_file = "{tmp_path / "password"}"'
    assert _read(file, text).password == "s3cret"
    assert _read(file, text, PW_PASSWORD="other").password == "other"
    with pytest.raises(BadSetting, match=r": password: set it or .*: password_file, not both"):
        _read(file, f'{text}\npassword = "x"')


@pytest.mark.parametrize("key", ["password", "gw_pwd"])
def test_others_who_can_read_a_secret_are_told_of_once(file: Path, key: str) -> None:
    file.chmod(0o640)
    notes = [note for note in _read(file, f'{key} = "s3cret"').notes if "chmod" in note]
    assert notes == [f"{file} holds a secret and others can read it: chmod 600 {file}"]
    file.chmod(0o600)
    assert not [note for note in _read(file, f'{key} = "s3cret"').notes if "chmod" in note]
    file.chmod(0o644)
    assert not _read(file, 'host = "10.0.0.5"\npassword = ""').notes


@pytest.mark.parametrize("name", NOT_YET)
def test_settings_not_served_yet_are_notes_also_here(file: Path, name: str) -> None:
    key = file_key(name)
    file.write_text(f'{key} = ""')
    config = read_config(file, SCHEMA)
    assert not config.errors
    assert config.notes == [f"{file}: {key} has no effect yet: {NOT_YET[name]}"]


def test_a_check_tells_all_settings_and_where_they_come_from(file: Path) -> None:
    file.write_text('timeout = 7\npassword = "s3cret"\nfail_fast = true')
    lines, errors = check({"PW_CONFIG": str(file), "PW_CACHE_TTL": "9"}, {"PW_PORT": "99"})
    told = {line.split()[0]: line.split(maxsplit=1)[1] for line in lines}
    assert not errors
    assert set(told) == {row.name for row in ROWS} | {"note:"}
    assert told["PW_PORT"] == "99  [flag]"
    assert told["PW_CACHE_TTL"] == "9  [environment]"
    assert told["PW_TIMEOUT"] == "7  [file]"
    assert told["PW_CACHE_EXPIRE"] == "5  [default]"
    assert told["PW_PASSWORD"] == "***  [file]"
    assert told["PW_HOST"] == "(not set)  [default]"
    assert told["PW_FAIL_FAST"] == "yes  [file]"
    assert told["note:"].startswith("PW_FAIL_FAST: Without effect")
    assert "s3cret" not in "\n".join(lines)


def test_a_check_tells_all_errors(file: Path, tmp_path: Path) -> None:
    file.write_text("prot = 1\ntimeout = 0")
    environ = {
        "PW_CONFIG": str(file),
        "PW_PORT": "x",
        "PW_PASSWORD_FILE": "/nowhere",
        "PW_TLS_KEY": "key.pem",
    }
    lines, errors = check(environ, {"PW_HOST": "a b"})
    assert [error.partition(":")[0] for error in errors] == [
        str(file),
        "PW_PORT",
        "--host",
        "PW_PASSWORD",
        str(file),
        "PW_TLS_KEY",
    ]
    assert "PW_PORT" in [line.split()[0] for line in lines if line.endswith("(wrong)")]
    (tmp_path / "no.pem").touch()
    found = {"PW_HOST": "10.0.0.5", "PW_HOST_CERT": str(tmp_path / "no.pem")}
    found |= {"PW_TLS_CERT": "/nowhere", "PW_TLS_KEY": "/nowhere"}
    _, errors = check(found, {})
    assert [error.partition(":")[0] for error in errors] == ["PW_HOST_CERT", "PW_TLS_CERT"]
