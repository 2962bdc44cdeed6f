"""Temporary files find a place also where only one folder can be written."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from proxy.room import make_room
from pypowerwall_core.errors import BadSetting

NOWHERE = Path("/nonexistent")


@pytest.fixture
def crowded(monkeypatch: pytest.MonkeyPatch) -> None:
    """No usual folder for temporary files can be written."""
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: [str(NOWHERE)])


def test_the_usual_folder_is_used_where_there_is_one(tmp_path: Path) -> None:
    before = tempfile.gettempdir()
    make_room(tmp_path)
    assert tempfile.gettempdir() == before != str(tmp_path)


@pytest.mark.usefixtures("crowded")
def test_else_they_go_beside_the_sessions(tmp_path: Path) -> None:
    make_room(tmp_path, NOWHERE)
    assert tempfile.gettempdir() == str(tmp_path)


@pytest.mark.usefixtures("crowded")
def test_without_any_folder_it_is_one_line_unless_memory_is_shared(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="no folder can be written"):
        make_room(NOWHERE, NOWHERE)
    make_room(NOWHERE, tmp_path)
