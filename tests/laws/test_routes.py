"""Laws over the route table: every row, over every fixture, with anything missing."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.frozen import HOMES, documents

from proxy.routes import COMMANDS, LIVE, PAGES, ROUTES, VIEWS
from proxy.rows import View
from proxy.settings import ROWS
from pypowerwall_core import payloads
from pypowerwall_core.backends.local.paths import gateway_paths
from pypowerwall_core.numbering import settle
from pypowerwall_core.snapshot import Absent, Entry, Known, Numbers, Snapshot, Unknown

ROOT = Path(__file__).parents[2]
HELP = (ROOT / "HELP.md").read_text("utf-8")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


FIXTURES = {system: documents(system) for system in HOMES}


def snapshot_of(docs: dict[str, Any], view: View) -> Snapshot:
    entries: dict[str, Entry] = {}
    for need in view.needs:
        document = docs.get(need)
        entries[need] = Unknown() if document is None else Known(document, 1, 0.0, 5.0)
    return Snapshot(entries, 1.7e9, settle(Numbers(), entries).shown)


@pytest.mark.parametrize("system", FIXTURES)
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.path)
def test_a_view_changes_no_document_and_renders_the_same_twice(system: str, view: View) -> None:
    docs = FIXTURES[system]
    before = copy.deepcopy(docs)
    first = view.render(snapshot_of(docs, view))
    assert view.render(snapshot_of(docs, view)) == first
    assert docs == before
    json.dumps(first, allow_nan=False)


@pytest.mark.parametrize("system", FIXTURES)
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.path)
def test_a_view_survives_any_payload_missing(system: str, view: View) -> None:
    for missing in (*view.needs, None):
        docs = {k: v for k, v in FIXTURES[system].items() if missing not in (k, None)}
        json.dumps(view.render(snapshot_of(docs, view)), allow_nan=False)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.path)
def test_a_view_of_nothing_invents_no_number(view: View) -> None:
    for nothing in (Unknown(), Absent()):
        rendered = view.render(Snapshot(dict.fromkeys(view.needs, nothing), 1.7e9))
        assert not re.search(r"\d", json.dumps(rendered))


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.path)
@given(data=st.data())
def test_a_view_survives_any_document(view: View, data: st.DataObject) -> None:
    docs = {need: data.draw(JSON) for need in view.needs}
    json.dumps(view.render(snapshot_of(docs, view)))


def test_needs_are_payloads() -> None:
    known = {
        value for name, value in vars(payloads).items() if name.isupper() and isinstance(value, str)
    }
    for row in (*VIEWS, *LIVE):
        assert set(row.needs) <= known


def test_no_path_is_served_twice() -> None:
    paths = [row.path for row in (*VIEWS, *LIVE, *PAGES)]
    assert len(paths) == len(set(paths))


@pytest.mark.parametrize("row", ROUTES, ids=lambda row: row.path)
def test_every_route_has_its_line_in_the_help(row: Any) -> None:
    assert f"| `{row.path}` | {row.says} |\n" in HELP


@pytest.mark.parametrize("row", COMMANDS, ids=lambda row: row.path)
def test_every_command_has_its_line_in_the_help_and_a_route_to_read(row: Any) -> None:
    fields = ", ".join(f"`{name}`" for name in row.fields)
    assert f"| `POST {row.path}` | {row.says} | {fields} |\n" in HELP
    assert [route.path for route in ROUTES].count(row.path) == 1


def test_the_help_has_a_line_for_every_gateway_path_and_no_other() -> None:
    table = HELP.split("## Paths of the gateway")[1].split("\n## ")[0]
    lines = [line for line in table.splitlines() if line.startswith("| `")]
    assert lines == [
        f"| `{row.path}` | {row.treatment.value} | {row.why} |" for row in gateway_paths()
    ]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_setting_has_a_line_in_the_help(row: Any) -> None:
    assert f"| `{row.name}` |" in HELP
    assert row.help in HELP
