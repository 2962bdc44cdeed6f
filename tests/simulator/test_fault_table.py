"""The table of failure modes against the facts' table."""

from typing import Any

import pytest

from simulator.fault_table import FAULTS, IN_PART, NOT_ON_LOOPBACK

WANTED = {*range(1, 42), 58, 59, 60}


def test_every_row_of_the_facts_is_there_or_has_a_reason_not_to_be() -> None:
    shown = {row for fault in FAULTS.values() for row in fault.rows}
    assert shown == WANTED - NOT_ON_LOOPBACK.keys()
    assert NOT_ON_LOOPBACK.keys() <= WANTED
    assert shown >= IN_PART.keys()
    assert all((NOT_ON_LOOPBACK | IN_PART).values())


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
            fault.door.name != "OPEN",
            fault.new_certificate,
        )
    )
    for key, option in fault.options.items():
        parsed = option.parse(key, str(option.default))
        assert (parsed, type(parsed)) == (option.default, type(option.default))


PLANT = [name for name, fault in FAULTS.items() if fault.alter or fault.edits]
PATHS = ("/api/meters/aggregates", "/api/system_status", "/api/devices/vitals", "/api/operation")


@pytest.mark.parametrize("system", ["pw2", "novitals"])
def test_all_faults_of_the_plant_and_its_documents_may_be_on_at_once(
    start: Any, connect: Any, system: str
) -> None:
    sim = start(system=system, frozen=True)
    client = connect(sim)
    client.login()
    healthy = [client.ask(path).body for path in PATHS]
    for name in PLANT:
        if FAULTS[name].delay is None and FAULTS[name].misbehave is None:
            sim.faults.start(name)
    for path in (*PATHS, "/api/status", "/api/site_info", "/api/meters/site", "/api/powerwalls"):
        assert client.ask(path).status in {200, 404}
    sim.faults.stop()
    assert [client.ask(path).body for path in PATHS] == healthy
