"""The road to an account from its settings: what is trusted, what is told, what stays as it is."""

from __future__ import annotations

import json
import os
import ssl
from pathlib import Path
from typing import Any

import pytest
from support.accounts import Account
from support.cloudlogin import full_disk

from pypowerwall_core import payloads
from pypowerwall_core.backends.cloud.connect import CloudConfig, open_cloud
from pypowerwall_core.backends.cloud.files import AUTH_FILE
from pypowerwall_core.backends.cloud.reader import claimed
from pypowerwall_core.backends.cloud.session import Servers
from pypowerwall_core.backends.local.address import Address
from pypowerwall_core.backends.local.session import Credentials
from pypowerwall_core.commands import RESERVE
from pypowerwall_core.connect import GatewayConfig, open_gateway, open_site
from pypowerwall_core.errors import BadSetting
from pypowerwall_core.policy import Patience
from pypowerwall_core.redact import Secrets
from pypowerwall_core.settings.cloud import cloud_config, wants_cloud

TESLA, CHINA = "https://auth.tesla.com/", "https://auth.tesla.cn/"


def stored(folder: Path, **urls: str) -> Path:
    accounts = {f"{name}@example.com": {"url": url, "sso": {}} for name, url in urls.items()}
    (folder / AUTH_FILE).write_text(json.dumps(accounts))
    return folder


def values(folder: Path, **more: Any) -> dict[str, Any]:
    return {
        "host": None,
        "email": "",
        "auth_path": folder,
        "cache_file": None,
        "cache_expire_s": 5.0,
        "timeout_s": 5.0,
        "site_id": "",
        "cloud_fallback": False,
        "cloud_sso_url": "",
        "cloud_api_url": "",
        "cloud_ca": None,
        "control_via": ("local", "cloud"),
        **more,
    }


def test_it_is_told_at_the_start_that_new_tokens_cannot_be_stored(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = CloudConfig(stored(tmp_path, me=TESLA))
    open_cloud(config, Secrets())
    assert not caplog.records
    with full_disk():
        open_cloud(config, Secrets())
    (said,) = (one.getMessage() for one in caplog.records)
    assert str(tmp_path) in said
    assert "File too large" in said


@pytest.mark.parametrize(("url", "api"), [(TESLA, "teslamotors.com"), (CHINA, ".tesla.cn")])
def test_an_account_has_its_data_where_it_has_its_login(tmp_path: Path, url: str, api: str) -> None:
    cloud = open_cloud(CloudConfig(stored(tmp_path, me=url)), Secrets())
    assert api in cloud.session.servers.api
    assert cloud.site_id() is None


@pytest.mark.parametrize("content", [None, b"no certificate"])
def test_authorities_that_cannot_be_read_are_told_at_the_start(
    tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    config = CloudConfig(stored(tmp_path, me=TESLA), servers=Servers(ca_file=str(file)))
    with pytest.raises(BadSetting, match="PW_CLOUD_CA"):
        open_cloud(config, Secrets())


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"email": "else@example.com"}, "PW_EMAIL: no tokens are stored for it"),
        ({"servers": Servers(ca_file="/nonexistent.pem")}, "PW_CLOUD_CA: /nonexistent.pem"),
    ],
)
def test_an_account_that_cannot_be_used_is_one_line_and_everything_else_goes_on(
    tmp_path: Path, config: dict[str, Any], says: str, caplog: pytest.LogCaptureFixture
) -> None:
    cloud = CloudConfig(stored(tmp_path, me=TESLA), **config)
    alone = open_site(None, Secrets(), cloud)
    assert alone.readers == ()
    assert says in alone.trouble
    near = GatewayConfig(Address("192.0.2.1", 443), Credentials("x", "y"))
    beside = open_gateway(near, Secrets(), cloud).site
    assert [reader.name for reader in beside.readers] == ["gateway"]
    assert [says in record.getMessage() for record in caplog.records] == [True, True]
    assert beside.tesla_site_id() is None


def test_a_gateway_is_filled_up_only_where_that_is_wanted(tmp_path: Path) -> None:
    near = GatewayConfig(Address("192.0.2.1", 443), Credentials("x", "y"))
    for fills in (False, True):
        cloud = CloudConfig(stored(tmp_path, me=TESLA), fills=fills)
        told = open_gateway(near, Secrets(), cloud).site.readers[1].claims
        assert (payloads.AGGREGATES in told) is fills
        assert payloads.VITALS not in told
        assert not any(claim.constant for claim in told.values())
    assert any(claim.constant for claim in claimed().values())


def test_a_site_says_its_number_once_it_is_known(account: Account, tmp_path: Path) -> None:
    config = CloudConfig(account.folder, servers=account.servers, session_file=tmp_path / "s")
    site = open_site(None, Secrets(), config)
    assert site.tesla_site_id() is None
    (reader,) = site.readers
    site.start()
    try:
        asked = site.ask([payloads.AGGREGATES], Patience.FRESH)
        for flight in asked.flights:
            flight.result(10)
    finally:
        site.stop()
    assert site.tesla_site_id() == account.cloud.site_id
    assert reader.name == "cloud"
    assert site.commander is None


def test_a_gateway_says_the_number_of_its_site_too(account: Account) -> None:
    near = GatewayConfig(Address("192.0.2.1", 443), Credentials("x", "y"))
    cloud = CloudConfig(account.folder, servers=account.servers)
    site = open_gateway(near, Secrets(), cloud).site
    lane = site.readers[1].lane
    lane.start()
    lane.demand("live_status").result(10)
    lane.stop()
    assert site.tesla_site_id() == account.cloud.site_id


# -- settings -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "wants"),
    [
        ({}, False),
        ({"email": "me@example.com"}, True),
        ({"email": "nobody@nowhere.com"}, False),
        ({"email": "me@example.com", "host": "192.0.2.1"}, False),
        ({"host": "192.0.2.1", "cloud_fallback": True}, True),
    ],
)
def test_who_wants_a_cloud_says_so(tmp_path: Path, more: dict[str, Any], *, wants: bool) -> None:
    assert wants_cloud(values(tmp_path, **more)) is wants
    assert (cloud_config(values(tmp_path, **more)) is not None) is wants
    stored(tmp_path, me=TESLA)
    assert wants_cloud(values(tmp_path, **more))


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_a_folder_that_may_not_be_searched_holds_no_account(tmp_path: Path) -> None:
    tmp_path.chmod(0)
    assert not wants_cloud(values(tmp_path))
    tmp_path.chmod(0o700)


@pytest.mark.parametrize(("expire_s", "live_s"), [(5.0, 15.0), (1.0, 3.0), (60.0, 180.0)])
def test_live_data_is_asked_for_more_rarely_than_a_gateway(
    tmp_path: Path, expire_s: float, live_s: float
) -> None:
    found = cloud_config(values(stored(tmp_path, me=TESLA), cache_expire_s=expire_s, timeout_s=1.0))
    assert found is not None
    assert (found.live_s, found.timeout_s) == (live_s, 10.0)
    assert found.control is not None
    assert RESERVE in open_cloud(found, Secrets()).controller.claims


def test_the_authorities_of_a_setting_are_the_only_ones(account: Account) -> None:
    file = str(account.folder / "ca.pem")
    found = cloud_config(values(account.folder, cloud_ca=Path(file)))
    assert found is not None
    assert found.servers.ca_file == file
    assert ssl.create_default_context(cafile=file).get_ca_certs()
