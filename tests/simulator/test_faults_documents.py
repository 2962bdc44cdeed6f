"""Documents that are not what a reader expects, as a client sees them."""

import copy
import json
from typing import Any

import pytest
from google.protobuf.message import DecodeError

from pypowerwall_core.backends.local import tesla_pb2
from simulator.endpoints import ENDPOINTS
from simulator.fault import Moment
from simulator.fault_table import FAULTS
from simulator.option import parse_options
from simulator.plant import Plant
from simulator.systems import SYSTEMS

CORE = "/api/meters/aggregates"
GRID = "/api/system_status/grid_status"
OPERATION = "/api/operation"
SITE = "/api/site_info"
STATUS = "/api/status"
SYSTEM = "/api/system_status"
VITALS = "/api/devices/vitals"


@pytest.mark.parametrize(
    ("meter", "unknown"),
    [("all", {"site", "battery", "load", "solar"}), ("solar", {"solar"}), ("load", {"load"})],
)
def test_power_may_be_null(sim: Any, client: Any, meter: str, unknown: set[str]) -> None:
    sim.faults.start("null_power", meter=meter)
    document = client.ask(CORE).document
    assert {name for name, row in document.items() if row["instant_power"] is None} == unknown
    assert all(row["energy_exported"] is not None for row in document.values())


def test_a_meter_may_be_missing(sim: Any, client: Any) -> None:
    sim.faults.start("without_meter")
    assert list(client.ask(CORE).document) == ["site", "battery", "load"]
    sim.faults.start("without_meter", meter="site")
    assert list(client.ask(CORE).document) == ["battery", "load", "solar"]


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        (GRID, {"grid_services_active"}),
        (OPERATION, {"backup_reserve_percent"}),
        (STATUS, {"teg_type", "can_reboot"}),
    ],
)
def test_old_firmware_lacks_keys(sim: Any, client: Any, path: str, keys: set[str]) -> None:
    now = client.ask(path).document
    sim.faults.start("old_keys")
    old = client.ask(path).document
    assert now.keys() - old.keys() == keys
    assert old.items() <= now.items()


def test_old_site_info_is_flat(sim: Any, client: Any) -> None:
    sim.faults.start("old_keys", path=SITE)
    document = client.ask(SITE).document
    assert document["grid_code"] == "60Hz_240V_s_UL1741SA:2019_California"
    assert (document["country"], document["grid_freq_setting"]) == ("United States", 60)
    assert "nominal_system_power_kW" not in document
    assert "backup_reserve_percent" in client.ask(OPERATION).document


def test_old_aggregates_are_small_and_have_three_meters_more(sim: Any, client: Any) -> None:
    sim.faults.start("old_keys")
    document = client.ask(CORE).document
    assert list(document)[4:] == ["busway", "frequency", "generator"]
    assert {len(row) for row in document.values()} == {12}
    assert document["generator"]["instant_power"] == 0
    assert document["solar"]["instant_power"] == 3000


@pytest.mark.parametrize(
    ("path", "key", "value"),
    [
        (GRID, "grid_status", "SystemGridMeditating"),
        (OPERATION, "real_mode", "meditation"),
        (STATUS, "device_type", "xyz"),
        (SYSTEM, "system_island_state", "SystemGridMeditating"),
    ],
)
def test_strange_values_and_keys_are_additions(
    sim: Any, client: Any, path: str, key: str, value: str
) -> None:
    known = client.ask(path).document
    sim.faults.start("strange_keys", path=path)
    strange = client.ask(path).document
    assert strange[key] == value
    assert "mood" in strange
    assert known.keys() <= strange.keys()


def test_strange_meters_devices_and_roles(sim: Any, client: Any, vitals: Any) -> None:
    known = vitals(client)
    sim.faults.start("strange_keys")
    aggregates = client.ask(CORE).document
    assert {"busway", "frequency", "generator"} < aggregates.keys()
    assert aggregates["site"]["instant_mood"] == "calm"
    strange = vitals(client)
    assert list(strange)[:-1] == list(known)
    assert list(strange)[-1] == "TEXYZ--9999999-00-A--XY0000000001"
    assert client.login().document["roles"] == ["Home_Owner", "Home_Astronaut"]
    assert client.ask(CORE).status == 200


@pytest.mark.parametrize("how", ["empty", "garbage", "cut"])
def test_vitals_may_be_no_message(sim: Any, client: Any, how: str) -> None:
    whole = client.ask(VITALS)
    sim.faults.start("bad_vitals", how=how)
    reply = client.ask(VITALS)
    assert reply.status == 200
    assert (reply.body == b"") == (how == "empty")
    assert whole.body.startswith(reply.body) == (how != "garbage")
    if reply.body:
        with pytest.raises(DecodeError):
            tesla_pb2.DevicesWithVitals.FromString(reply.body)


def test_bad_vitals_need_a_session_all_the_same(sim: Any, guest: Any) -> None:
    sim.faults.start("bad_vitals")
    assert guest.ask(VITALS).status == 403


def test_meters_may_never_have_been_heard_of(sim: Any, client: Any) -> None:
    sim.faults.start("no_times")
    never = "0001-01-01T00:00:00Z"
    for meter in client.ask(CORE).document.values():
        assert meter["last_communication_time"] == never
    for path in ("/api/meters/site", "/api/meters/solar"):
        (meter,) = client.ask(path).document
        assert meter["Cached_readings"]["last_communication_time"] == never


def test_numbers_may_be_odd(sim: Any, client: Any) -> None:
    sim.faults.start("odd_numbers")
    body = client.ask(CORE).body
    assert b'"site":{' in body
    assert b'"instant_power":-0,' in body
    assert b'"instant_power":1e-15,' in body
    assert b"-0.0" not in body
    assert json.loads(body)["load"]["instant_power"] == 1200
    status = client.ask(SYSTEM)
    assert b'"grid_services_power":-0,' in status.body
    assert status.document["battery_blocks"][0]["nominal_energy_remaining"] == 6950.000000000001
    assert client.ask("/api/system_status/soe").document["percentage"] == 50.00000000000001
    assert client.ask(OPERATION).document["backup_reserve_percent"] == 24.000000000000004


EDITING = sorted(name for name, fault in FAULTS.items() if fault.edits)


@pytest.mark.parametrize("first", EDITING)
def test_edits_combine_in_any_order_and_change_nothing_they_are_given(first: str) -> None:
    system = SYSTEMS["pw2"]
    view = Plant(system, monotonic=lambda: 0.0, wall=lambda: 0.0, frozen=True).view()
    for second in EDITING:
        for path in FAULTS[first].edits.keys() & FAULTS[second].edits.keys() & ENDPOINTS.keys():
            document = ENDPOINTS[path].read(system, view)
            before = copy.deepcopy(document)
            edited = document
            for name in (first, second, first):
                options = parse_options(name, FAULTS[name].options, {})
                edited = FAULTS[name].edits[path](edited, Moment(options, 0.0, view))
            assert ENDPOINTS[path].write(edited) != ENDPOINTS[path].write(document)
            assert document == before


def test_edits_are_counted_by_answers_and_combine(sim: Any, client: Any) -> None:
    sim.faults.start("without_meter", count=2)
    sim.faults.start("null_power")
    for meters in (3, 3, 4):
        document = client.ask(CORE).document
        assert len(document) == meters
        assert all(row["instant_power"] is None for row in document.values())
    assert [row["name"] for row in sim.faults.listing() if row["active"]] == ["null_power"]


def test_a_refused_request_is_no_stroke(sim: Any, guest: Any) -> None:
    sim.faults.start("without_meter", count=1)
    assert guest.ask(CORE).status == 403
    guest.login()
    assert "solar" not in guest.ask(CORE).document
