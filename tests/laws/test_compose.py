"""Laws over docker-compose.yml: what starts, what it may use, what can be reached."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.examples import EXAMPLES, substituted, variables

from proxy.settings import read_settings
from proxy.settings_table import ROWS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text("utf-8")
COMPOSE = yaml.safe_load(TEXT)
SERVICES: Mapping[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("powerwall", "proxy-demo")
IMAGE = "powerwall-proxy"
WRITABLE = {  # what each may keep
    "powerwall": {"/app/.auth"},
    "proxy-demo": set(),
    "telegraf": set(),
    "influxdb": {"/var/lib/influxdb2", "/etc/influxdb2"},
    "grafana": {"/var/lib/grafana"},
}


def environment(name: str, **variables: str) -> dict[str, str]:
    told = SERVICES[name]["environment"]
    return {key: substituted(value, **variables) for key, value in told.items()}


def started(*profiles: str) -> set[str]:
    return {
        name
        for name, service in SERVICES.items()
        if not service.get("profiles") or set(service["profiles"]) & set(profiles)
    }


def test_without_a_profile_there_is_the_proxy_alone() -> None:
    assert started() == {"powerwall"}
    assert started("demo") == {"powerwall", "proxy-demo"}
    assert started("dashboard") == {"powerwall", "telegraf", "influxdb", "grafana"}


def test_the_head_names_what_there_is() -> None:
    head = TEXT[: TEXT.index("x-shelf")]
    profiles = {name for service in SERVICES.values() for name in service.get("profiles", ())}
    assert set(re.findall(r"--profile (\w+)", head)) == profiles
    for named in re.findall(r"up -d ([\w-]+)\b(?= {3})", head):
        assert named in SERVICES
    for service, port in re.findall(
        r"(the proxy|simulated Powerwall|Grafana), on port (\d+)", head
    ):
        name = {"the proxy": "powerwall", "Grafana": "grafana"}.get(service, "proxy-demo")
        assert published(name) == [port]


@pytest.mark.parametrize("name", SERVICES)
def test_each_lasts_on_a_shelf(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    assert set(service["logging"]["options"]) == {"max-size", "max-file"}
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_ours_or_of_one_release(name: str) -> None:
    service = SERVICES[name]
    if name in OURS:
        assert (service["build"], service["image"]) == (".", IMAGE)
    else:
        assert "build" not in service
        assert re.fullmatch(r"[\w/]+:\d+\.\d+\.\d+", service["image"])


@pytest.mark.parametrize("name", OURS)
def test_the_proxy_may_do_little(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    limit = service["ulimits"]["nofile"]
    assert limit["soft"] == limit["hard"] >= 2 * 512  # clients, and files beside them
    assert "cap_add" not in service
    assert "privileged" not in service


@pytest.mark.parametrize("name", OURS)
def test_the_proxys_own_settings_are_settings(name: str) -> None:
    environ = environment(name)
    assert set(environ) <= {row.name for row in ROWS}
    settings = read_settings(environ)
    (port,) = {ports.rpartition(":")[2] for ports in SERVICES[name]["ports"]}
    assert settings.port == int(port)
    assert settings.bind_address == ""
    assert str(settings.auth_path) == ".auth"


def test_the_demo_has_no_gateway() -> None:
    assert SERVICES["proxy-demo"]["command"] == ["powerwall", "serve", "--demo"]
    assert "env_file" not in SERVICES["proxy-demo"]
    (file,) = SERVICES["powerwall"]["env_file"]
    assert file == {"path": "powerwall.env", "required": False}


@pytest.mark.parametrize("name", SERVICES)
def test_mounts_exist_and_only_volumes_can_be_written(name: str) -> None:
    kept = set()
    for mount in SERVICES[name].get("volumes", ()):
        source, target, *mode = mount.split(":")
        if source.startswith("."):
            assert (ROOT / source).exists(), source
            assert mode == ["ro"]
        else:
            assert source in COMPOSE["volumes"]
            kept.add(target)
    assert kept == WRITABLE[name]


def published(name: str) -> list[str]:
    return [substituted(port).split(":")[0] for port in SERVICES[name].get("ports", ())]


def test_ports_differ_and_the_database_has_none() -> None:
    ports = [port for name in SERVICES for port in published(name)]
    assert len(set(ports)) == len(ports)
    assert {name for name in SERVICES if published(name)} == {*OURS, "grafana"}


def test_nobody_waits_for_what_a_profile_leaves_out() -> None:
    for name, service in SERVICES.items():
        there = started(*service.get("profiles", ()))
        for other, condition in service.get("depends_on", {}).items():
            assert other in there
            assert condition["condition"] == "service_healthy"
            assert "healthcheck" in SERVICES[other]
        assert name in there


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("telegraf", "telegraf.conf"),
        ("grafana", "grafana/provisioning/datasources/powerwall.yml"),
    ],
)
def test_configurations_are_given_their_variables(name: str, file: str) -> None:
    content = "\n".join(
        line for line in (EXAMPLES / file).read_text("utf-8").splitlines() if line[:1] != "#"
    )
    assert variables(content) <= set(environment(name))


@pytest.mark.parametrize("variables", [{}, {"INFLUXDB_TOKEN": f"{'x' * 86}=="}])
def test_the_databases_password_is_none_that_it_refuses(variables: dict[str, str]) -> None:
    given = environment("influxdb", **variables)
    assert 8 <= len(given["DOCKER_INFLUXDB_INIT_PASSWORD"].encode()) <= 72
    ours = environment("influxdb", **variables, INFLUXDB_PASSWORD="s3cret-enough")
    assert ours["DOCKER_INFLUXDB_INIT_PASSWORD"] == "s3cret-enough"
    token = variables.get("INFLUXDB_TOKEN", "known-to-this-network-only")
    assert ours["DOCKER_INFLUXDB_INIT_ADMIN_TOKEN"] == token


def test_all_mean_the_same_proxy_and_the_same_database() -> None:
    token = {environment(name)["INFLUXDB_TOKEN"] for name in ("telegraf", "grafana")}
    assert token == {environment("influxdb")["DOCKER_INFLUXDB_INIT_ADMIN_TOKEN"]}
    urls = {environment(name)["POWERWALL_URL"] for name in ("telegraf", "grafana")}
    assert urls == {"http://powerwall:8675"}
    assert environment("influxdb")["DOCKER_INFLUXDB_INIT_BUCKET"] == "powerwall"
    home = environment("grafana")["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    mounts = {m.split(":")[1]: m.split(":")[0] for m in SERVICES["grafana"]["volumes"]}
    folder = yaml.safe_load(
        (EXAMPLES / "grafana/provisioning/dashboards/powerwall.yml").read_text("utf-8")
    )["providers"][0]["options"]["path"]
    assert home.rpartition("/")[0] == folder
    assert (ROOT / mounts[folder] / home.rpartition("/")[2]).exists()
