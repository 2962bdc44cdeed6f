"""A client that people use, over HTTP/1.1, with nothing but its own arguments.

It takes the address of the login; that of the API it knows by heart, so an adapter
takes those requests where they belong.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import teslapy
from requests.adapters import HTTPAdapter

from simulator.cloud import CloudSimulator

OWNER_API = "https://owner-api.teslamotors.com"


class Detour(HTTPAdapter):
    """Sends what is meant for the Owner API to a simulator."""

    def __init__(self, api_url: str) -> None:
        super().__init__()
        self._api_url = api_url

    def send(self, request: requests.PreparedRequest, *args: Any, **named: Any) -> Any:
        request.url = (request.url or "").replace(OWNER_API, self._api_url, 1)
        return super().send(request, *args, **named)


@pytest.fixture
def folder(cloud: CloudSimulator, tmp_path: Path) -> Path:
    cloud.write_auth(tmp_path)
    return tmp_path


@pytest.fixture
def tesla(cloud: CloudSimulator, folder: Path) -> Iterator[teslapy.Tesla]:
    with teslapy.Tesla(
        cloud.email,
        verify=str(folder / "ca.pem"),
        sso_base_url=f"{cloud.sso_url}/",
        cache_file=str(folder / ".pypowerwall.auth"),
    ) as client:
        # A bundle named in the environment would overrule the authority above.
        client.trust_env = False
        client.mount(OWNER_API, Detour(cloud.api_url))
        yield client


def test_it_takes_the_file_and_reads_the_site(tesla: teslapy.Tesla, cloud: CloudSimulator) -> None:
    assert tesla.authorized
    (battery,) = tesla.battery_list()
    assert battery["energy_site_id"] == cloud.site_id
    assert battery.get_site_data()["load_power"] == 1200
    assert battery.get_site_info()["backup_reserve_percent"] == 20
    assert battery.get_tariff()["name"] == "Flat (simulated)"
    told = battery.get_calendar_history_data(kind="energy", period="week")
    assert len(told["time_series"]) == 7


def test_it_writes(tesla: teslapy.Tesla) -> None:
    (battery,) = tesla.battery_list()
    battery.set_backup_reserve_percent(35)
    battery.set_operation("autonomous")
    battery.set_import_export(allow_grid_charging=False, allow_battery_export=True)
    info = battery.get_site_info()
    assert (info["backup_reserve_percent"], info["default_real_mode"]) == (35, "autonomous")
    assert info["components"]["disallow_charge_from_grid_with_solar_installed"] is True
    assert info["components"]["customer_preferred_export_rule"] == "battery_ok"


def test_it_refreshes_and_saves_what_it_got(
    tesla: teslapy.Tesla, cloud: CloudSimulator, folder: Path
) -> None:
    before = json.loads((folder / ".pypowerwall.auth").read_text())[cloud.email]["sso"]
    tesla.refresh_token()
    saved = json.loads((folder / ".pypowerwall.auth").read_text())[cloud.email]["sso"]
    assert saved["refresh_token"] != before["refresh_token"]
    assert tesla.battery_list()
    counted = cloud.counters.snapshot()
    assert (counted["refreshes"], set(counted["http"])) == (1, {"HTTP/1.1"})


def test_it_logs_in_by_the_app_s_way(cloud: CloudSimulator, folder: Path) -> None:
    def browse(url: str) -> str:
        """Fill in the form, as a person does."""
        assert parse_qs(urlsplit(url).query)["code_challenge_method"] == ["S256"]
        with requests.Session() as browser:
            browser.trust_env = False
            browser.verify = str(folder / "ca.pem")
            assert "password" in browser.get(url).text
            login = {"identity": cloud.email, "credential": "any"}
            return browser.post(url, login, allow_redirects=False).headers["location"]

    (folder / "other.json").write_text("{}")
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("REQUESTS_CA_BUNDLE", raising=False)
        environment.delenv("CURL_CA_BUNDLE", raising=False)
        with teslapy.Tesla(
            cloud.email,
            verify=str(folder / "ca.pem"),
            sso_base_url=f"{cloud.sso_url}/",
            authenticator=browse,
            cache_file=str(folder / "other.json"),
        ) as client:
            client.fetch_token()
    assert cloud.counters.snapshot()["logins"] == 1
