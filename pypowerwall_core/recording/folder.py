"""The folder of a recording: readable files, for nobody else to read, complete or said to be not.

system.json                   what was asked, when, and what came of it
api_meters_aggregates.json    one file per path; later samples end in .2.json and so on
api_devices_vitals.pb         the protobuf
api_networks.txt              what is no JSON
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pypowerwall_core.errors import BadSetting
from pypowerwall_core.privatefile import make_private_folder, write_private

from . import jsontext
from .heard import Heard, Redacted, firmware

SYSTEM = "system.json"
FORMAT = 1
_OURS = re.compile(r"api(_[A-Za-z0-9_]+)?(\.\d+)?\.(json|pb|txt)")
_OUR_NAME = re.compile(r"[A-Za-z0-9_]+(\.\d+)?\.(json|pb|txt)")


@dataclass(frozen=True, slots=True)
class Recording:
    """A folder that was read.

    Attributes:
        about: What system.json says.
    """

    about: Mapping[str, Any]
    answers: tuple[Heard, ...]


def prepare(folder: Path, *, force: bool) -> bool:
    """Make the folder, and say in it that it is incomplete; what is there already stays so far.

    Returns:
        Whether nothing was there.

    Raises:
        BadSetting: It holds something, and nobody said that this may go.
    """
    try:
        make_private_folder(folder)
        fresh = next(folder.iterdir(), None) is None
        if not fresh and not force:
            raise BadSetting(f"{folder} is not empty; --force replaces a recording in it")
        if fresh:
            _write_about(folder, {"format": FORMAT, "complete": False})
    except OSError as error:
        raise BadSetting(f"{folder} cannot be written: {error.strerror or error}") from error
    return fresh


def write(folder: Path, redacted: Redacted, about: Mapping[str, Any]) -> None:
    """Write a recording in the place of another; `complete` is told by the last file alone.

    Raises:
        OSError: It cannot be written; what is there then says that it is incomplete.
    """
    _clear(folder)
    paths: dict[str, list[dict[str, Any]]] = {}
    for answer in redacted.answers:
        rows = paths.setdefault(answer.path, [])
        rows.append(_written(folder, answer, len(rows) + 1))
    document = {
        "format": FORMAT,
        **about,
        "firmware": firmware(redacted.answers),
        "replaced": dict(redacted.replaced),
        "unknown_fields": list(redacted.unknown),
        "paths": paths,
        "replacements": list(redacted.replacements),
    }
    _write_about(folder, document)


def read(folder: Path) -> Recording:
    """Read a recording.

    Raises:
        BadSetting: It is none, or a file of it is missing.
    """
    try:
        about = json.loads((folder / SYSTEM).read_text("utf-8"))
        if about["format"] != FORMAT:
            raise BadSetting(f"{folder} is a recording of format {about['format']}, not {FORMAT}")
        answers = tuple(
            _read(folder, path, row)
            for path, rows in about.get("paths", {}).items()
            for row in rows
        )
    except OSError as error:
        raise BadSetting(f"{folder} is no recording: {error}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadSetting(f"{folder} is no recording: {SYSTEM} is broken") from error
    return Recording(about, answers)


def strangers(folder: Path, recording: Recording) -> list[str]:
    """Return the files of a folder that its recording says nothing of, and so nobody checks."""
    rows = [row for rows in recording.about.get("paths", {}).values() for row in rows]
    known = {SYSTEM} | {row.get("file") for row in rows}
    return sorted(path.name for path in folder.iterdir() if path.name not in known)


def _clear(folder: Path) -> None:
    """Take the files of an earlier recording away, and let nobody else look in."""
    folder.chmod(0o700)
    _write_about(folder, {"format": FORMAT, "complete": False})
    for path in folder.iterdir():
        if _OURS.fullmatch(path.name):
            path.unlink()


def _written(folder: Path, answer: Heard, number: int) -> dict[str, Any]:
    row: dict[str, Any] = {
        "status": answer.status,
        "after_s": round(answer.after_s, 3),
        "latency_s": round(answer.latency_s, 3),
        "session": answer.session,
    }
    if answer.status is None:
        return {**row, "trouble": answer.trouble}
    row["content_type"] = answer.content_type
    if answer.body:
        suffix, content = _content(answer)
        nth = f".{number}" if number > 1 else ""
        row["file"] = f"{answer.path.strip('/').replace('/', '_') or 'root'}{nth}.{suffix}"
        _write(folder / row["file"], content)
    return row


def _content(answer: Heard) -> tuple[str, bytes]:
    if answer.is_vitals:
        return "pb", answer.body
    try:
        document = jsontext.loads(answer.body.decode())
    except (ValueError, RecursionError):
        return "txt", answer.body
    return "json", f"{jsontext.dumps(document, indent=1)}\n".encode()


def _read(folder: Path, path: str, row: Mapping[str, Any]) -> Heard:
    name = row.get("file", "")
    if name and not _OUR_NAME.fullmatch(name):
        raise ValueError(name)
    return Heard(
        path,
        row["status"],
        row.get("content_type", ""),
        (folder / name).read_bytes() if name else b"",
        row["latency_s"],
        row["session"],
        row["after_s"],
        row.get("trouble", ""),
    )


def _write_about(folder: Path, document: Mapping[str, Any]) -> None:
    write_private(folder / SYSTEM, json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def _write(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
