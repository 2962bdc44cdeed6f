"""Contract 6: the library as scripts know it, held against the tables in `calls`."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from contract.calls import (
    CONSTRUCTOR,
    EXCEPTIONS,
    METHODS,
    ONLY_TEDAPI,
    PATHS,
    RETURNS,
    SYSTEMS,
    UNKNOWN,
    WITH_JSON,
)
from support.served import free_port

import pypowerwall_core
from pypowerwall_core import exceptions
from simulator.gateway import Simulator

PASSWORD = "ABCDE"
Answers = dict[str, Any]


def taken(call: Callable[..., Any]) -> tuple[tuple[str, Any], ...]:
    """What a call takes, in its order; all of it may be given by place and by name."""
    parameters = [one for one in inspect.signature(call).parameters.values() if one.name != "self"]
    assert all(one.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD for one in parameters)
    return tuple((one.name, one.default) for one in parameters)


def test_the_constructor_takes_what_it_always_took_in_the_same_order() -> None:
    assert taken(pypowerwall_core.Powerwall.__init__) == CONSTRUCTOR


@pytest.mark.parametrize("name", METHODS)
def test_a_call_takes_what_it_always_took(name: str) -> None:
    assert taken(getattr(pypowerwall_core.Powerwall, name)) == METHODS[name]


def test_there_is_no_call_without_a_row_here() -> None:
    ours = {"close", "auth", "token"}
    found = {name for name in dir(pypowerwall_core.Powerwall) if not name.startswith("_")}
    assert found == METHODS.keys() | ours


@pytest.mark.parametrize("name", ONLY_TEDAPI)
def test_what_only_tedapi_had_is_not_there_and_can_be_seen_not_to_be(name: str) -> None:
    assert not hasattr(pypowerwall_core.Powerwall, name)


def test_the_module_has_its_names() -> None:
    assert pypowerwall_core.version == pypowerwall_core.__version__
    assert re.match(r"\d+\.\d+\.\d+", pypowerwall_core.version)
    numbers = pypowerwall_core.version_tuple
    assert [type(one) for one in numbers] == [int, int, int]
    assert pypowerwall_core.version.startswith(".".join(map(str, numbers)))
    assert taken(pypowerwall_core.set_debug) == (("toggle", True), ("color", True))
    assert pypowerwall_core.AUTHFILE == ".pypowerwall.auth"
    assert pypowerwall_core.CONFIGFILE == ".pypowerwall.fleetapi"
    assert pypowerwall_core.SITEFILE == ".pypowerwall.site"
    assert all(hasattr(pypowerwall_core, name) for name in pypowerwall_core.__all__)
    with pytest.raises(AttributeError, match="nothing_like_it"):
        _ = pypowerwall_core.nothing_like_it


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_an_error_has_its_old_name_and_is_reached_through_the_module(name: str) -> None:
    error = getattr(exceptions, name)
    assert issubclass(error, Exception)
    assert getattr(pypowerwall_core.exceptions, name) is error


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("23.44.1", 234401),
        ("23.44.1 9064fc6a", 234401),
        ("24.4", 240400),
        ("21.1.1", 210101),
        ("24.4.0.1", 24040001),
        ("24.12.100", 241300),
        ("", None),
        ("24..1", None),
        (None, None),
        (24, None),
    ],
)
def test_a_firmware_is_one_number(text: Any, number: int | None) -> None:
    assert pypowerwall_core.parse_version(text) == number


# -- what is returned -----------------------------------------------------------------------


def ask_all(pw: pypowerwall_core.Powerwall) -> Answers:
    found = {name: ask(pw) for name, (ask, _) in RETURNS.items()}
    found |= {f"{name} as JSON": getattr(pw, name)(jsonformat=True) for name in WITH_JSON}
    polls = {path: pw.poll(path, jsonformat=True) for path in PATHS.values()}
    raw = {path: pw.poll(path, raw=True) for path in ("/api/status", "/api/system_status/soe")}
    documents = {name: pw.poll(path) for name, path in PATHS.items()}
    return {**found, "polls": polls, "raw": raw, "documents": documents}


def of_system(system: str, folder: Path) -> Answers:
    with (
        Simulator(system=system, password=PASSWORD, frozen=True) as sim,
        pypowerwall_core.Powerwall(
            sim.address, PASSWORD, pwcacheexpire=60, cachefile=str(folder / system)
        ) as pw,
    ):
        return ask_all(pw)


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Answers]:
    """Ask all systems everything, at the same time: a lane takes a breath between requests."""
    folder = tmp_path_factory.mktemp("library")
    with ThreadPoolExecutor() as pool:
        found = pool.map(lambda system: of_system(system, folder), SYSTEMS)
        return dict(zip(SYSTEMS, found, strict=True))


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("call", RETURNS)
def test_a_call_returns_what_is_promised(
    call: str, system: str, answers: dict[str, Answers]
) -> None:
    documents = answers[system]["documents"]
    if call == "is_connected()":
        assert documents["aggregates"]
    promised = RETURNS[call][1](documents)
    assert list(promised(answers[system][call], call)) == []


@pytest.mark.parametrize("system", SYSTEMS)
def test_systems_tell_something(system: str, answers: dict[str, Answers]) -> None:
    """Promises kept by knowing nothing would be kept by a library that does nothing."""
    known = {name for name, one in answers[system]["documents"].items() if one is not None}
    core = {"aggregates", "soe", "grid_status"}
    assert (
        known
        == core
        | {
            "pw2": {"vitals", "system_status", "operation", "status", "site_name"},
            "novitals": PATHS.keys() - core - {"vitals"},
            "pwplus": PATHS.keys() - core,
            "pw3": set(),
            "old": {"status", "site_name"},
        }[system]
    )


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("name", WITH_JSON)
def test_json_is_indented_by_four_and_sorted(
    name: str, system: str, answers: dict[str, Answers]
) -> None:
    plain = answers[system][f"{name}()"]
    assert answers[system][f"{name} as JSON"] == json.dumps(plain, indent=4, sort_keys=True)


@pytest.mark.parametrize("system", SYSTEMS)
def test_polled_json_is_compact_in_the_gateways_order_and_null_for_nothing(
    system: str, answers: dict[str, Answers]
) -> None:
    for name, path in PATHS.items():
        assert answers[system]["polls"][path] == json.dumps(answers[system]["documents"][name])


@pytest.mark.parametrize("system", SYSTEMS)
def test_raw_is_the_gateways_bytes(system: str, answers: dict[str, Answers]) -> None:
    for path, body in answers[system]["raw"].items():
        document = next(answers[system]["documents"][n] for n, p in PATHS.items() if p == path)
        assert (None if body is None else json.loads(body)) == document
        assert body is None or type(body) is bytes


# -- what is not known ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def nowhere() -> Iterator[pypowerwall_core.Powerwall]:
    with pypowerwall_core.Powerwall(
        f"127.0.0.1:{free_port()}", PASSWORD, timeout=1, cachefile=""
    ) as pw:
        yield pw


def test_what_is_not_known_is_none_or_empty_and_never_a_number(
    nowhere: pypowerwall_core.Powerwall,
) -> None:
    for name, found in ask_all(nowhere).items():
        assert found == UNKNOWN.get(name), name


def test_in_cloud_mode_which_is_yet_to_come_nothing_is_known_and_nothing_raised() -> None:
    with pypowerwall_core.Powerwall(email="me@example.com", siteid=7, cachefile="") as pw:
        assert (pw.mode, pw.cloudmode, pw.siteid) == ("cloud", True, 7)
        for name, found in ask_all(pw).items():
            assert found == UNKNOWN.get(name), name
        assert pw.set_operation(20, "backup") is None
        assert pw.post("/api/operation", {}) is None
        assert pw.post("/api/operation", {}, jsonformat=True) == "null"


# -- how it is reached, and what is refused -------------------------------------------------


@pytest.mark.parametrize(
    ("given", "mode", "cloudmode"),
    [
        ({}, "local", False),
        ({"auto_select": True}, "local", False),
        ({"host": ""}, "cloud", True),
        ({"cloudmode": True}, "cloud", True),
        ({"host": "", "auto_select": True}, "cloud", True),
        ({"fleetapi": True}, "unknown", False),
    ],
)
def test_the_way_is_chosen_by_what_is_given(
    given: dict[str, Any],
    mode: str,
    cloudmode: bool,  # noqa: FBT001 - a column
) -> None:
    where = {"host": f"127.0.0.1:{free_port()}", "timeout": 1, "cachefile": ""}
    with pypowerwall_core.Powerwall(**(where | given)) as pw:
        assert (pw.mode, pw.cloudmode) == (mode, cloudmode)


def test_scripts_find_what_they_look_at(
    nowhere: pypowerwall_core.Powerwall, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert (nowhere.cloudmode, nowhere.siteid, nowhere.authpath) == (False, None, "")
    assert (nowhere.auth, nowhere.token) == ({}, None)
    assert nowhere.client is not None
    with pypowerwall_core.Powerwall(authpath="~/auth", siteid="12") as pw:
        assert (pw.authpath, pw.siteid) == (str(tmp_path / "auth"), "12")


@pytest.mark.parametrize(
    "host",
    ["not a host!", "10.0.0.5:0", "10.0.0.5:65536", "10.0.0.5:https", "https://10.0.0.5", ":443"],
)
def test_a_host_that_is_none_raises_before_anything_is_sent(host: str) -> None:
    with pytest.raises(exceptions.PyPowerwallInvalidConfigurationParameter, match="host"):
        pypowerwall_core.Powerwall(host, PASSWORD)


@pytest.mark.parametrize("level", [-1, -0.1, 100.1, 101, float("nan"), float("inf"), "x", True])
def test_a_reserve_that_is_no_percentage_raises(
    level: Any, nowhere: pypowerwall_core.Powerwall
) -> None:
    for call in (nowhere.set_reserve, nowhere.set_operation):
        with pytest.raises(exceptions.InvalidBatteryReserveLevelException):
            call(level)


@pytest.mark.parametrize("level", [0, 4.9, 100])
def test_a_reserve_within_0_and_100_does_not(
    level: float, nowhere: pypowerwall_core.Powerwall
) -> None:
    assert nowhere.set_reserve(level) is None


@pytest.mark.parametrize("name", ["output_type", "type"])
@pytest.mark.parametrize("form", ["text", "String", "JSON"])
def test_another_form_of_the_grid_status_raises(
    name: str, form: str, nowhere: pypowerwall_core.Powerwall
) -> None:
    with pytest.raises(ValueError, match="string, json, numeric"):
        nowhere.grid_status(**{name: form})


def test_another_word_for_export_raises(nowhere: pypowerwall_core.Powerwall) -> None:
    with pytest.raises(ValueError, match="battery_ok, pv_only, never"):
        nowhere.set_grid_export("sometimes")
