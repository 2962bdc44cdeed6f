"""The table of what the cloud can give, and documents of any kind put through it."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.anyjson import JSON
from support.cloud_documents import SITES, Documents, derived, translated

from pypowerwall_core import payloads
from pypowerwall_core.backends.cloud import constants
from pypowerwall_core.backends.cloud.claims import CLAIMS, NOT_SERVED, SOURCES, UNCLAIMED
from pypowerwall_core.backends.local.reader import ROWS
from pypowerwall_core.scales import raw_from_app

CONSTANTS = [
    constants.SITEMASTER,
    constants.AUTH_TOGGLE,
    constants.CUSTOMER,
    constants.PROBLEMS,
]
ENERGY_KEYS = ("energy_imported", "energy_exported")
WORDS = {
    "SystemGridConnected",
    "SystemIslandedActive",
    "SystemConnectedToGrid",
    "ScheduledIslandContactorOpen",
    "UnscheduledIslandContactorOpen",
    "",
}
"""All texts that come from no document, besides the constants."""
PARTS = {
    ("site", "energy_imported"): ["grid_energy_imported"],
    ("site", "energy_exported"): [
        f"grid_energy_exported_from_{origin}" for origin in ("solar", "battery", "generator")
    ],
    ("battery", "energy_imported"): [
        f"battery_energy_imported_from_{origin}" for origin in ("grid", "solar", "generator")
    ],
    ("battery", "energy_exported"): ["battery_energy_exported"],
    ("load", "energy_imported"): [
        f"consumer_energy_imported_from_{origin}"
        for origin in ("grid", "solar", "battery", "generator")
    ],
    ("solar", "energy_exported"): ["solar_energy_exported"],
}
"""How protocols call what makes up each counter of a gateway."""


# -- the table --------------------------------------------------------------------------------


def test_every_payload_is_claimed_or_there_is_a_reason() -> None:
    assert not CLAIMS.keys() & UNCLAIMED.keys()
    gateway = {row.payload for row in ROWS}
    assert {*CLAIMS, *UNCLAIMED} == gateway | {payloads.TIME_REMAINING, payloads.GRID_RULES}


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS)
def test_a_row_names_sources_and_can_do_without_any_of_them(claim: Any) -> None:
    assert set(claim.sources) <= set(SOURCES)
    assert len(set(claim.sources)) == len(claim.sources)
    document = derived(claim, {})
    assert document is None or (claim.constant and not claim.sources)


def test_all_that_is_made_up_is_marked_and_nothing_else_is() -> None:
    made = translated(SITES["battery"])
    marked = [made[payload] for payload, claim in CLAIMS.items() if claim.constant]
    assert all(document in CONSTANTS for document in marked)
    assert len(marked) == len(CONSTANTS)


def test_no_constant_can_be_taken_for_a_measurement_or_a_serial() -> None:
    assert not any(letter.isdigit() for letter in json.dumps(CONSTANTS))


# -- documents of any kind --------------------------------------------------------------------


ODD = JSON | st.floats() | st.sampled_from([0, 1, -1, "", "Active", 10**400])


def numbers(value: Any) -> Iterator[float]:
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield value
    for entry in _inner(value):
        yield from numbers(entry)


def texts(value: Any) -> Iterator[str]:
    """Every text that is a value, and the names of devices."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (key for key in value if key.startswith("STSTSM"))
    for entry in _inner(value):
        yield from texts(entry)


def sizes(value: Any) -> Iterator[int]:
    if isinstance(value, list):
        yield len(value)
    for entry in _inner(value):
        yield from sizes(entry)


def _inner(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value if type(value) is list else []


def raw(app_pct: float) -> float:
    try:
        return raw_from_app(app_pct)
    except OverflowError:
        return app_pct


def thousandth(told: float) -> float:
    try:
        return told / 1000
    except OverflowError:
        return told


def judge(site: Documents) -> None:
    """Hold what is made of a home against what it told."""
    made = {k: copy.deepcopy(v) for k, v in translated(site).items() if v is not NOT_SERVED}
    json.dumps(made, allow_nan=False)
    for meter, section in (made[payloads.AGGREGATES] or {}).items():
        for key in ENERGY_KEYS:
            _judge_energy(section.pop(key), site.get("history"), PARTS.get((meter, key), []))
    told = list(numbers(list(site.values())))
    known = {*told, *map(raw, told), *map(thousandth, told)}
    known |= {constants.STSTSM_ECU_TYPE, *sizes(list(site.values()))}
    assert set(numbers(made)) <= known
    _judge_texts(made, " ".join(texts(list(site.values()))))


def _judge_energy(shown_wh: Any, history: Any, fields: list[str]) -> None:
    if shown_wh is None:
        return
    parts = [row[field] for row in history["time_series"] for field in fields if field in row]
    assert all(type(part) in (int, float) for part in parts)
    assert parts
    assert shown_wh == sum(parts)


def _judge_texts(made: Any, told: str) -> None:
    """No word is made up: a serial is one that was told."""
    values = [document for document in made.values() if document not in CONSTANTS]
    for text in texts(values):
        assert text in WORDS or text.removeprefix("STSTSM--") in told


@pytest.mark.parametrize("home", SITES)
def test_what_is_made_of_a_home_was_told_by_it(home: str) -> None:
    judge(SITES[home])


@pytest.mark.parametrize("odd", [None, "text", True, []])
def test_any_field_may_be_missing_null_or_of_another_type(odd: Any) -> None:
    for home in ("battery", "solar only"):
        for site in spoiled_everywhere(SITES[home], odd):
            judge(site)


def spoiled_everywhere(value: Any, odd: Any) -> Iterator[Any]:
    """A document with one place after another spoiled, and once without it."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield {k: v for k, v in value.items() if k != key}
            yield value | {key: odd}
            yield from (value | {key: one} for one in spoiled_everywhere(inner, odd))
    elif isinstance(value, list) and value:
        yield [odd, *value[1:]]
        yield from ([one, *value[1:]] for one in spoiled_everywhere(value[0], odd))


@st.composite
def spoiled_homes(draw: st.DrawFn) -> Documents:
    site = copy.deepcopy(dict(SITES[draw(st.sampled_from(sorted(SITES)))]))
    for _ in range(draw(st.integers(1, 4))):
        holder: Any = site
        key: Any = draw(st.sampled_from(sorted(site)))
        while isinstance(holder[key], dict | list) and holder[key] and draw(st.integers(0, 5)):
            holder = holder[key]
            keys = sorted(holder) if isinstance(holder, dict) else list(range(len(holder)))
            key = draw(st.sampled_from(keys))
        holder[key] = draw(ODD)
    return site


@given(site=spoiled_homes())
def test_a_home_in_which_something_is_odd_is_told_truly(site: Documents) -> None:
    judge(site)


@given(site=st.fixed_dictionaries(dict.fromkeys(SOURCES, ODD)))
@example(site={"live_status": {"percentage_charged": 10**400}})
@example(site={"site_info": {"components": {"battery": True}, "nameplate_energy": 1e308}})
def test_any_documents_are_told_truly(site: Documents) -> None:
    judge(site)
