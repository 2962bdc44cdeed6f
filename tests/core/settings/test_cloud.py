"""The settings of a Tesla account."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pypowerwall_core.errors import BadSetting
from pypowerwall_core.settings.cloud import read_cloud


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("", ""),
        ("https://127.0.0.1:8443", "https://127.0.0.1:8443/"),
        ("https://Cloud.Example/", "https://cloud.example/"),
        (" https://[::1]:443/ ", "https://[::1]:443/"),
    ],
)
def test_a_server_is_taken_and_ends_in_a_slash(text: str, server: str) -> None:
    settings = read_cloud({"PW_CLOUD_SSO_URL": text, "PW_CLOUD_API_URL": text}, {})
    assert settings.servers().sso == server
    assert settings.servers().api == server or not server


@pytest.mark.parametrize(
    "text",
    [
        "http://cloud.example",
        "cloud.example",
        "https://",
        "https://cloud.example:0",
        "https://cloud.example:70000",
        "https://cloud.example/path",
        "https://cloud.example?query=1",
        "https://cloud.example#part",
        "https://cloud .example",
        "https://cl\u00f6ud.example",
        "https://[::1",
        "https://cloud.example\nhttps://b.example",
    ],
)
@pytest.mark.parametrize("name", ["PW_CLOUD_SSO_URL", "PW_CLOUD_API_URL"])
def test_another_server_is_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(BadSetting, match=f"^{name}: "):
        read_cloud({name: text}, {})


def test_a_password_in_an_address_is_refused_and_not_shown() -> None:
    with pytest.raises(BadSetting) as raised:
        read_cloud({"PW_CLOUD_API_URL": "https://me:hunter2@cloud.example/x"}, {})
    assert "hunter2" not in f"{raised.value}"


@pytest.mark.parametrize(
    ("text", "site"), [("", ""), ("2252100000000101", "2252100000000101"), (" 007 ", "7")]
)
def test_a_site_is_its_number(text: str, site: str) -> None:
    assert read_cloud({"PW_SITEID": text}, {}).site_id == site


def test_a_file_of_settings_may_write_the_site_as_a_number(tmp_path: Path) -> None:
    file = tmp_path / "powerwall.toml"
    file.write_text('siteid = 2252100000000101\ncloud_sso_url = "https://a.example"\n', "utf-8")
    settings = read_cloud({"PW_CONFIG": str(file)}, {})
    assert settings.site_id == "2252100000000101"
    assert settings.servers().sso == "https://a.example/"


def test_flags_win() -> None:
    settings = read_cloud({"PW_EMAIL": "a@b", "PW_AUTH_PATH": "/a"}, {"PW_AUTH_PATH": "/b"})
    assert (settings.email, settings.folder) == ("a@b", Path("/b"))


@pytest.mark.parametrize(
    ("account_url", "api"),
    [
        ("", "https://owner-api.teslamotors.com/"),
        ("https://auth.tesla.com/", "https://owner-api.teslamotors.com/"),
        ("https://auth.tesla.cn", "https://owner-api.vn.cloud.tesla.cn/"),
        ("https://[", "https://owner-api.teslamotors.com/"),
    ],
)
def test_an_account_has_its_data_where_its_login_is(account_url: str, api: str) -> None:
    assert read_cloud({}, {}).servers(account_url).api == api


def test_a_home_without_an_account_loads_nothing_of_tesla(tmp_path: Path) -> None:
    """What stands below cloud mode takes 7 MB, in each proxy that reads a gateway alone."""
    code = (
        "import sys\n"
        "from proxy.settings import read_settings\n"
        f"settings = read_settings({{'PW_HOST': '10.0.0.5', 'PW_AUTH_PATH': {str(tmp_path)!r}}})\n"
        "assert settings.cloud() is None\n"
        "print([name for name in ('teslapy', 'httpcore', 'oauthlib') if name in sys.modules])"
    )
    ended = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert ended.stdout == "[]\n"
