"""The files that a login leaves behind."""

import json
import ssl
import stat
from pathlib import Path
from typing import Any

import pytest

from simulator.cloud.files import refuse_the_files_of_others

NAMES = {".pypowerwall.auth", ".pypowerwall.site", "ca.pem"}


def entry(folder: Path, email: str) -> Any:
    return json.loads((folder / ".pypowerwall.auth").read_text())[email]


def test_they_work_and_are_their_owner_s_only(
    cloud: Any, guest: Any, clock: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "deep" / "er"
    cloud.write_auth(folder)
    assert {file.name for file in folder.iterdir()} == NAMES
    for file in folder.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    saved = entry(folder, cloud.email)
    assert saved["url"] == f"{cloud.sso_url}/"
    assert saved["sso"]["expires_at"] > clock.wall()
    guest.tokens = saved["sso"]
    site_id = int((folder / ".pypowerwall.site").read_text())
    assert guest.site("live_status", site_id).status == 200
    assert guest.refresh().status == 200
    ssl.create_default_context(cafile=str(folder / "ca.pem"))


def test_a_login_without_an_access_token_has_to_be_refreshed(
    cloud: Any, guest: Any, tmp_path: Path
) -> None:
    cloud.write_auth(tmp_path, access=False)
    sso = entry(tmp_path, cloud.email)["sso"]
    assert (sso["access_token"], sso["expires_at"]) == ("", 0)
    guest.tokens = sso
    assert guest.ask("/api/1/products").status == 401
    cloud.faults.start("refuse_cold_refresh")
    guest.renew()
    assert guest.ask("/api/1/products").status == 403


def test_its_own_files_are_replaced(cloud: Any, tmp_path: Path) -> None:
    cloud.write_auth(tmp_path)
    before = entry(tmp_path, cloud.email)
    cloud.write_auth(tmp_path)
    assert entry(tmp_path, cloud.email) != before
    assert {file.name for file in tmp_path.iterdir()} == NAMES


@pytest.mark.parametrize(
    "text", ['{"me@example.com": {"url": "https://auth.tesla.com/"}}', "[]", "not json", ""]
)
def test_somebody_s_real_login_is_never_touched(cloud: Any, tmp_path: Path, text: str) -> None:
    file = tmp_path / ".pypowerwall.auth"
    file.write_text(text)
    with pytest.raises(FileExistsError, match="choose an empty folder"):
        cloud.write_auth(tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == [file.name]
    assert file.read_text() == text


def test_an_empty_folder_and_none_are_nobody_s(tmp_path: Path) -> None:
    refuse_the_files_of_others(tmp_path, "x")
    refuse_the_files_of_others(tmp_path / "none", "x")
