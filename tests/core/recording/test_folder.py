"""The folder of a recording: what is written, for whom, and what is read of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.recordings import KEY, heard, recorded

from pypowerwall_core.errors import BadSetting
from pypowerwall_core.recording import folder, jsontext
from pypowerwall_core.recording.heard import Heard, redacted


def about(path: Path) -> dict[str, object]:
    told: dict[str, object] = json.loads((path / folder.SYSTEM).read_text("utf-8"))
    return told


def test_files_are_readable_and_for_their_owner_alone(tmp_path: Path) -> None:
    path = recorded(heard("pw2"), tmp_path / "new" / "r")
    assert path.stat().st_mode & 0o777 == 0o700
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in path.iterdir()} == {0o600}
    soe = (path / "api_system_status_soe.json").read_text("utf-8")
    assert soe == '{\n "percentage": 50\n}\n'
    assert (path / "api_site_info_grid_codes.txt").read_text("utf-8")


def test_a_folder_that_was_open_is_closed(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    recorded(heard("pw3"), tmp_path)
    assert tmp_path.stat().st_mode & 0o777 == 0o700


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    answers = (
        Heard("/api/a", 200, "application/json", b'{"a":1.0,"b":[]}', 0.25, session=True),
        Heard("/api/a", 200, "application/json", b"[-0]", 0.25, session=True, after_s=5.0),
        Heard("/api/b", 404, "text/plain; charset=utf-8", b"page not found", 0.5),
        Heard("/api/c", 502, "", b"", 0.125),
        Heard("/api/d", trouble="unreachable", latency_s=10.0),
    )
    made = folder.read(recorded(answers, tmp_path / "r", software="it")).answers
    assert [jsontext.loads(one.body.decode()) for one in made[:2]] == [
        {"a": "1.0", "b": []},
        ["-0"],
    ]
    told = [(one.path, one.status, one.content_type, one.session, one.after_s) for one in made]
    assert told == [
        (one.path, one.status, one.content_type, one.session, one.after_s) for one in answers
    ]
    assert [one.body for one in made[2:]] == [b"page not found", b"", b""]
    assert (made[4].trouble, made[4].latency_s) == ("unreachable", 10.0)
    assert (tmp_path / "r" / "api_a.2.json").exists()


def test_the_firmware_is_told(tmp_path: Path) -> None:
    assert about(recorded(heard("pw2"), tmp_path / "r"))["firmware"] == "23.36.4 3f8a51c2"
    assert about(recorded(heard("pw3"), tmp_path / "r"))["firmware"] == ""


def test_until_the_last_file_is_written_it_is_incomplete(tmp_path: Path) -> None:
    folder.prepare(tmp_path / "r", force=False)
    assert about(tmp_path / "r")["complete"] is False
    assert folder.read(tmp_path / "r").answers == ()


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(BadSetting, match="not empty; --force"):
        folder.prepare(tmp_path, force=False)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_what_was_there_stays_until_there_is_something_better(tmp_path: Path) -> None:
    recorded(heard("pw2"), tmp_path)
    before = sorted(path.name for path in tmp_path.iterdir())
    assert folder.prepare(tmp_path, force=True) is False
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert about(tmp_path)["complete"] is True


def test_force_replaces_a_recording_and_nothing_else(tmp_path: Path) -> None:
    recorded(heard("pw2"), tmp_path)
    (tmp_path / "mine.txt").write_text("x")
    recorded(heard("pw3"), tmp_path)
    assert not (tmp_path / "api_devices_vitals.pb").exists()
    assert folder.strangers(tmp_path, folder.read(tmp_path)) == ["mine.txt"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "No such file"),
        ("no json", "system.json is broken"),
        ("[]", "system.json is broken"),
        ("{}", "system.json is broken"),
        ('{"format": 2}', "of format 2, not 1"),
        ('{"format": 1, "paths": {"/a": [{"status": 200}]}}', "system.json is broken"),
        (
            '{"format": 1, "paths": {"/a": [{"status": 200, "file": "x.json"}]}}',
            "is broken|No such",
        ),
        ('{"format": 1, "paths": {"/a": [{"status": 200, "file": "../x.json"}]}}', "is broken"),
    ],
)
def test_what_is_no_recording_is_one_clear_line(tmp_path: Path, text: str | None, why: str) -> None:
    if text is not None:
        (tmp_path / folder.SYSTEM).write_text(text)
    with pytest.raises(BadSetting, match=why):
        folder.read(tmp_path)


def test_a_name_that_points_elsewhere_is_never_written(tmp_path: Path) -> None:
    made = redacted([Heard("/../../x y", 200, "", b"{}")], KEY)
    folder.prepare(tmp_path / "r", force=False)
    folder.write(tmp_path / "r", made, {"complete": True})
    assert [path.name for path in tmp_path.iterdir()] == ["r"]
