"""The table of failure modes against the facts' table."""

from typing import Any

import pytest

from simulator.counters import Counters
from simulator.desk import Desk, Request
from simulator.endpoints import PATHS as KNOWN
from simulator.fault_table import FAULTS, IN_PART
from simulator.faults import Faults
from simulator.plant import Plant
from simulator.sessions import Sessions
from simulator.systems import SYSTEMS

WANTED = {*range(1, 42), 58, 59, 60}


def test_every_row_of_the_facts_is_there_and_where_a_part_is_not_it_says_why() -> None:
    shown = {row for fault in FAULTS.values() for row in fault.rows}
    assert shown == WANTED
    assert shown >= IN_PART.keys()
    assert all(IN_PART.values())


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_described_and_does_something(name: str) -> None:
    fault = FAULTS[name]
    assert fault.name == name
    assert fault.rows
    assert fault.what
    assert any(
        (
            fault.delay,
            fault.misbehave,
            fault.edits,
            fault.alter,
            fault.greet,
            fault.bend,
            fault.door.name != "OPEN",
            fault.new_certificate,
        )
    )
    for key, option in fault.options.items():
        parsed = option.parse(key, str(option.default))
        assert (parsed, type(parsed)) == (option.default, type(option.default))


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if fault.told_by])
def test_what_only_some_documents_tell_is_about_the_plant_and_about_known_paths(name: str) -> None:
    fault = FAULTS[name]
    assert fault.alter is not None
    assert set(fault.told_by) <= KNOWN
    assert not fault.edits, "one answer would be two strokes"


PLANT = [name for name, fault in FAULTS.items() if fault.alter or fault.edits]
PATHS = ("/api/meters/aggregates", "/api/system_status", "/api/devices/vitals", "/api/operation")


@pytest.mark.parametrize("system", SYSTEMS)
def test_all_faults_of_the_plant_and_its_documents_may_be_on_at_once(
    start: Any, connect: Any, system: str
) -> None:
    sim = start(system=system, frozen=True)
    client = connect(sim)
    client.login()
    # The oldest firmware stops at a login.
    client.ask("/api/sitemaster/run")
    healthy = [client.ask(path).body for path in PATHS]
    for name in PLANT:
        if FAULTS[name].delay is None and FAULTS[name].misbehave is None:
            sim.faults.start(name)
    for path in (*PATHS, "/api/status", "/api/site_info", "/api/meters/site", "/api/powerwalls"):
        assert client.ask(path).status in {200, 404}
    sim.faults.stop()
    assert [client.ask(path).body for path in PATHS] == healthy


SETTINGS: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in PLANT),
    *(("outage", {"state": state}) for state in ("to_island", "ready", "islanded", "to_grid")),
    ("blackout", {"state": "waiting", "reboot": True}),
    ("disabled_pack", {"pack": 9}),
    ("missing_pack", {"pack": 9}),
    ("zeros", {"what": "powers"}),
    *(("wrong_counters", {"how": how}) for how in ("reset", "jump", "back")),
]


@pytest.mark.parametrize("system", SYSTEMS)
def test_each_fault_of_the_plant_leaves_every_document_of_every_system_whole(
    system: str, clock: Any
) -> None:
    plant = Plant(
        SYSTEMS[system], monotonic=clock.monotonic, wall=clock.wall, utc_offset_s=3600, seed=3
    )
    faults = Faults(lambda: None, plant.view, clock.monotonic)
    sessions = Sessions(float("inf"), clock.monotonic)
    desk = Desk(SYSTEMS[system], plant, faults, Counters(KNOWN), sessions, password="x")
    token = sessions.open()
    for name, options in SETTINGS:
        faults.start(name, **options)
        clock.advance(4000.0)
        view = desk.view()
        sum_w = view.site.power_w + view.solar.power_w + view.battery.power_w
        assert view.load.power_w == sum_w, name
        if any(pack.works for pack in view.packs):
            packs_w = sum(pack.power_w for pack in view.packs)
            assert packs_w == pytest.approx(view.battery.power_w), name
        else:
            assert view.battery.power_w == 0, name
        for path in KNOWN:
            status = desk.answer(Request("GET", path, token)).status
            assert status in {200, 202, 204, 400, 403, 404, 409, 500}, (name, path)
            token = sessions.open()
        faults.stop()
