"""Reads the folder that `powerwall record` wrote, and makes a system of it."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from simulator.endpoints import ENDPOINTS, VITALS_PATH
from simulator.recorded import RecordedPath, Recording, Sample
from simulator.system import System

SYSTEM_FILE: Final = "system.json"
FORMAT: Final = 1
_STATUS_PATH: Final = "/api/status"
# Where none is told, as on a Powerwall 3: none of the old ones.
_UNTOLD: Final = "24.0.0"
_FILE: Final = re.compile(r"[A-Za-z0-9_]+(\.\d+)?\.(json|pb|txt)")
_STRING_OR_GAP: Final = re.compile(r'("(?:[^"\\]|\\.)*")|\s+')


def is_recording(folder: Path) -> bool:
    """Say whether a folder holds a recording, complete or not."""
    return (folder / SYSTEM_FILE).is_file()


def load(folder: Path) -> System:
    """Read a recording; ValueError says why it is none."""
    try:
        about = json.loads((folder / SYSTEM_FILE).read_text("utf-8"))
        written = about["format"]
        paths = {path: _path(folder, path, rows) for path, rows in about.get("paths", {}).items()}
    except (OSError, LookupError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"{folder} is no recording: {error}") from error
    if written != FORMAT:
        raise ValueError(f"{folder} is a recording of format {written}, not {FORMAT}")
    known = {path: told for path, told in paths.items() if told.samples}
    if not known:
        raise ValueError(f"{folder} is a recording of nothing")
    return _system(folder.resolve().name, Recording(known))


def _path(folder: Path, path: str, rows: list[dict[str, Any]]) -> RecordedPath:
    answered = [row for row in rows if row["status"] is not None]
    first_s = answered[0]["after_s"] if answered else 0.0
    samples = tuple(
        Sample(row["status"], row["content_type"], _body(folder, row), row["after_s"] - first_s)
        for row in answered
    )
    # Which paths exist is no secret.
    told_all = any(row["status"] == 404 or not row["session"] for row in answered)  # noqa: PLR2004
    return RecordedPath(samples, open=told_all or _is_open(path))


def _is_open(path: str) -> bool:
    return path in ENDPOINTS and ENDPOINTS[path].open


def _body(folder: Path, row: Mapping[str, Any]) -> bytes:
    name = row.get("file", "")
    if not name:
        return b""
    if not _FILE.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a file")
    content = (folder / name).read_bytes()
    # Laid out for people; a gateway sends it without a blank.
    return _compact(content.decode()).encode() if name.endswith(".json") else content


def _compact(text: str) -> str:
    return _STRING_OR_GAP.sub(lambda found: found[1] or "", text)


def _system(name: str, recording: Recording) -> System:
    status = _status(recording)
    part, _, serial = str(status.get("din", "")).partition("--")
    version = str(status.get("version", "")).split()
    vitals = recording.paths.get(VITALS_PATH)
    return System(
        name=name,
        what="a recording",
        release=version[0] if version else _UNTOLD,
        git_hash=str(status.get("git_hash", "")),
        gateway_part=part,
        gateway_serial=serial,
        packs=(),
        vitals=vitals is not None and vitals.samples[0].status == 200,  # noqa: PLR2004 - OK
        recording=recording,
    )


def _status(recording: Recording) -> dict[str, Any]:
    told = recording.paths.get(_STATUS_PATH)
    try:
        document = json.loads(told.samples[0].body) if told else {}
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
