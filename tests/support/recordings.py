"""Recordings of gateways: those in tests/fixtures/recordings, and ones made here without a network.

Any folder of `powerwall record` that is put there is tested with the others.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pypowerwall_core.backends.local.reader import ROWS, Row
from pypowerwall_core.errors import Unwell
from pypowerwall_core.recording.capture import Plan
from pypowerwall_core.recording.folder import prepare, write
from pypowerwall_core.recording.heard import Heard, redacted
from simulator.endpoints import find
from simulator.plant import Plant
from simulator.recording import is_recording
from simulator.system import System
from simulator.systems import SYSTEMS
from simulator.view import View
from simulator.wire import NOT_FOUND, no_access

FOLDER = Path(__file__).parents[1] / "fixtures" / "recordings"
RECORDINGS = {
    path.name: path
    for path in (sorted(FOLDER.iterdir()) if FOLDER.is_dir() else ())
    if is_recording(path)
}
MADE = ("pwplus", "threephase")
"""The systems of which recordings are kept; `python -m support.recordings` writes them anew."""
KEY = b"of tests"


def heard(system: str | System) -> list[Heard]:
    """What a recorder hears of a system whose values are frozen, all paths included."""
    home = SYSTEMS[system] if isinstance(system, str) else system
    view = _frozen(home)
    # The oldest one stops at a login, so a recorder has no session there.
    session = not home.old
    found = []
    for row in Plan(all=True).rows:
        endpoint = find(home, row.path)
        if endpoint is None:
            answer = NOT_FOUND
        elif endpoint.open or session:
            answer = endpoint.answer(home, view)
        else:
            answer = no_access("GET")
        kind = answer.content_type or ""
        found.append(Heard(row.path, answer.status, kind, answer.body, 0.05, session))
    return found


def _frozen(system: System) -> View:
    """A look at a plant that stands still; a whole simulator would make a certificate first."""
    return Plant(system, monotonic=lambda: 0.0, wall=lambda: 0.0, frozen=True).view()


def recorded(answers: Sequence[Heard], folder: Path, **about: Any) -> Path:
    """Write answers as `powerwall record` does, the names replaced."""
    prepare(folder, force=True)
    write(folder, redacted(answers, KEY), {"complete": True, **about})
    return folder


def documents(system: System) -> dict[str, Any]:
    """What the local backend reads of a system, by payload; None where it has none."""
    told = {one.path: one for one in heard(system)}
    return {row.payload: _parsed(row, told.get(row.path)) for row in ROWS}


def _parsed(row: Row, answer: Heard | None) -> Any:
    if answer is None or answer.status != 200:
        return None
    try:
        return row.parse(answer.body)
    except Unwell:
        return None


def main() -> None:
    """Write the kept recordings anew."""
    for name in MADE:
        folder = FOLDER / f"simulated-{name}"
        shutil.rmtree(folder, ignore_errors=True)
        answers = [replace(one, after_s=0.1 * n) for n, one in enumerate(heard(name))]
        recorded(answers, folder, software="the simulator", recorded="2024-06-15T20:00:00+00:00")


if __name__ == "__main__":
    main()
