"""PWn is the same Powerwall for ever, whatever is missing and whoever comes first."""

from __future__ import annotations

import json
import logging
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pypowerwall_core import payloads
from pypowerwall_core.numbering import Numbering, Settled, settle
from pypowerwall_core.snapshot import Absent, Entry, Known, Numbers, Unknown

SERIALS = st.lists(st.sampled_from("ABCDE"), max_size=5, unique=True)


def vitals(*serials: str, inverters: tuple[str, ...] = ()) -> Entry:
    devices: dict[str, Any] = {"STSTSM--1--GW": {}}
    for serial in serials:
        devices[f"TETHC--1--{serial}"] = {"componentParentDin": "STSTSM--1--GW"}
        devices[f"TEPOD--9--pod of {serial}"] = {"componentParentDin": f"TETHC--1--{serial}"}
    for serial in inverters:
        devices[f"PVAC--1--{serial}"] = {}
    return Known(devices, 1, 0.0, 5.0)


def blocks(*serials: str | None) -> Entry:
    return Known({"battery_blocks": [{"PackageSerialNumber": s} for s in serials]}, 1, 0.0, 5.0)


def seen(vitals: Entry, status: Entry) -> dict[str, Entry]:
    return {payloads.VITALS: vitals, payloads.SYSTEM_STATUS: status}


def join() -> None:
    for thread in threading.enumerate():
        if thread.name == "numbering":
            thread.join()


def test_the_order_of_the_vitals_is_that_of_the_numbers() -> None:
    numbers = settle(Numbers(), seen(vitals("B", "A"), blocks("A", "B"))).kept
    assert numbers.packs == ("B", "A")


def test_without_vitals_the_blocks_are_numbered_in_their_order() -> None:
    numbers = settle(Numbers(), seen(Absent(), blocks("B", "A"))).kept
    assert numbers.packs == ("B", "A")


@pytest.mark.parametrize(
    "entries", [seen(Unknown(), blocks("A", "B")), {"system_status": blocks("A")}]
)
def test_while_vitals_may_still_come_nothing_new_is_numbered(entries: Any) -> None:
    assert settle(Numbers(), entries) == Settled(Numbers(), Numbers())
    known = Numbers(("C", "A"))
    assert settle(known, entries) == Settled(known, known)


def test_where_vitals_fail_for_long_the_blocks_are_numbered() -> None:
    failing = seen(Unknown(failing=True), blocks("B", "A"))
    assert settle(Numbers(), failing).kept.packs == ("B", "A")


def test_a_pack_keeps_its_number_while_others_are_missing() -> None:
    numbering = Numbering()
    both = numbering.settle(seen(vitals("B", "A"), blocks("B", "A")))
    assert numbering.settle(seen(vitals("A"), blocks("A"))) == both
    assert numbering.settle(seen(Unknown(), blocks("A"))) == both
    assert numbering.settle(seen(Unknown(), Unknown())) == both
    assert numbering.settle(seen(vitals("A", "B"), blocks("A", "B"))) == both


def test_a_new_pack_is_appended() -> None:
    numbers = settle(Numbers(("B", "A")), seen(vitals("C", "A", "B"), Unknown())).kept
    assert numbers.packs == ("B", "A", "C")


def test_where_none_of_the_known_packs_is_left_counting_begins_anew() -> None:
    numbers = settle(Numbers(("B", "A")), seen(vitals("C", "D"), Unknown())).kept
    assert numbers.packs == ("C", "D")


def test_a_block_without_a_serial_comes_last_and_is_not_remembered() -> None:
    settled = settle(Numbers(), seen(Absent(), blocks(None, "A", "", "A")))
    assert settled.shown.packs == ("A", "#1", "#3", "#4")
    assert settled.kept.packs == ("A",)


def test_inverters_keep_their_numbers_too() -> None:
    numbering = Numbering()
    numbering.settle(seen(vitals(inverters=("Y", "X")), Unknown()))
    again = numbering.settle(seen(vitals(inverters=("X",)), Unknown()))
    assert again.inverters == ("Y", "X")


@given(st.lists(st.tuples(SERIALS, SERIALS, st.booleans()), max_size=6))
def test_a_number_never_changes_while_one_known_pack_is_left(
    steps: list[tuple[list[str], list[str], bool]],
) -> None:
    known = Numbers(("A",))
    for in_vitals, in_blocks, gone in steps:
        entry = Unknown() if gone else vitals("A", *(s for s in in_vitals if s != "A"))
        kept = settle(known, seen(entry, blocks("A", *in_blocks))).kept
        assert kept.packs[: len(known.packs)] == known.packs
        assert len(set(kept.packs)) == len(kept.packs)
        known = kept


def test_numbers_survive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "new" / ".powerwall.numbers"
    first = Numbering(path)
    numbers = first.settle(seen(vitals("B", "A", inverters=("X",)), Unknown()))
    join()
    assert json.loads(path.read_text()) == {"packs": ["B", "A"], "inverters": ["X"]}
    assert path.stat().st_mode & 0o777 == 0o600
    assert Numbering(path).settle(seen(vitals("A", "B"), Unknown())) == numbers


@pytest.mark.parametrize("stored", ["", "null", "[]", "{", '{"packs": 5}', '{"packs": [1, null]}'])
def test_a_broken_file_is_no_number(tmp_path: Path, stored: str) -> None:
    path = tmp_path / "numbers"
    path.write_text(stored)
    numbering = Numbering(path)
    assert numbering.settle(seen(vitals("A"), Unknown())).packs == ("A",)
    join()
    assert json.loads(path.read_text())["packs"] == ["A"]


def test_a_folder_that_cannot_be_written_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    numbering = Numbering(tmp_path / "file" / "numbers")
    with caplog.at_level(logging.WARNING):
        for n in range(3):
            numbering.settle(seen(vitals("A", str(n)), Unknown()))
            join()
    assert len([r for r in caplog.records if "numbered anew" in r.getMessage()]) == 1
