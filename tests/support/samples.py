"""proxy/samples.json: an example and a schema of every answer, from the simulated systems.

What the proxy knows stands still and is taken from the golden files; what tells of this moment
is asked of a proxy with a fake clock, and what would differ tomorrow is written over.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from falcon import testing

from proxy.openapi.told import USUAL
from proxy.routes import COMMANDS, CONTROLS, ROUTES
from proxy.rows import JSON_TYPE, Command, Family, Live, Scrape, View
from pypowerwall_core import commands
from pypowerwall_core.commands import Outcome, Record
from pypowerwall_core.errors import Unreachable, Unwell

from .commander import SECRET, Commanded, FakeCommander
from .desk import HERE, Served
from .frozen import documents
from .golden import ALL, NOTHING, client, stored
from .schemas import REFERENCE, cut, infer, infer_named, short

FILE = Path(__file__).parents[2] / "proxy" / "samples.json"
FIRST = ("pw2", "pwplus", "old", "threephase")
"""Whose answers are shown, the first that has something to say."""
SYSTEMS = (*FIRST, *(system for system in ALL if system not in FIRST))
LINES = 8
"""Of a text that is longer, so many are shown."""
ENDS = (Outcome.APPLIED, Outcome.PENDING)
RECORD = Record("", 0.0, commands.Command({})).document().keys()
UNSHOWN = ""
"""Whose answers count for the schema and are no example."""
STILL: dict[str, Any] = {
    "age_s": 1.5,
    "age_seconds": 1.5,
    "at": "2023-11-14T23:13:20.000+00:00",
    "at_s": 1700003600.0,
    "cache_size": 12,
    "clear": 1700000000,
    "core_age_s": {"aggregates": 1.5, "soe": 1.5, "grid_status": 1.5},
    "current_time": "2023-11-14T23:13:20",
    "failed_calls": 0,
    "flights": 1440,
    "gets": 240,
    "last_success_age_seconds": 1.5,
    "last_success_time": "2023-11-14T23:13:18.500000",
    "mean_latency_s": 0.05,
    "mem": 60000,
    "next_due_s": 0.5,
    "performance_cache": {"entries": 2, "size_bytes": 2600},
    "pypowerwall": "1.0.0 powerwall-proxy",
    "python": "3.13.0",
    "requests_per_minute": 24,
    "start": 1700000000,
    "startup_time": "2023-11-14T22:13:20",
    "success_rate_percent": 100.0,
    "successful_calls": 120,
    "time": "2023-11-14T23:13:18.500+00:00",
    "timeout": 0,
    "total_cache_bytes": 2600,
    "total_cache_mb": 0.0,
    "total_calls": 120,
    "total_gets": 240,
    "total_successes": 1440,
    "total_timeouts": 0,
    "ts": 1700003600,
    "uptime": "1:00:00",
    "uri": {"/aggregates": 120, "/soe": 120},
    "version": "1.0.0",
}
"""What an example of this moment says instead."""
TESLAS = "/cloud/"
OF_TESLA = {
    "type": "object",
    "properties": {"response": {"type": ["object", "null"]}, "error": {"type": "string"}},
}
"""What is in Tesla's own documents is Tesla's to describe."""
Answers = dict[str, list[tuple[str, Any]]]
"""By request: who answered, and what."""


def samples() -> dict[str, Any]:
    """Return the document that is packaged with the proxy."""
    stood, moments, given = _stood() | _controls(), _moments(), _given()
    answers = stood | moments | given
    named = ((request, body) for request, found in answers.items() for _, body in found)
    routes = {request: _sample(request, stood[request]) for request in stood}
    routes |= {request: _stilled(_sample(request, moments[request])) for request in moments}
    routes |= {request: _of_command(request, given[request]) for request in given}
    shared = {name: short(schema) for name, schema in infer_named(named).items()}
    routes = {r: sample | {"schema": short(sample["schema"])} for r, sample in routes.items()}
    return {"schemas": shared, "routes": _alike(routes)}


def text() -> str:
    """Spell the document, one line for each request: that is what a difference is read by."""
    parts = (
        f'"{part}": {{\n'
        + ",\n".join(f"{json.dumps(key)}: {_spelled(value)}" for key, value in rows.items())
        + "\n}"
        for part, rows in samples().items()
    )
    return "{\n" + ",\n".join(parts) + "\n}\n"


def write() -> None:
    """Make the file anew."""
    FILE.write_text(text(), "utf-8")


def _spelled(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _sample(request: str, found: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    # The first answer of each: a family has many.
    by_system = dict(reversed(found))
    order = [name for name in (*SYSTEMS, *dict(found)) if name in by_system and name]
    system = next((system for system in order if _tells(by_system[system])), order[0])
    flag = request.partition("?")[2]
    summary = f"simulated system {system}" if system in SYSTEMS else system
    sample = {
        "summary": f"?{flag}, {summary}" if flag else summary,
        "example": _shown(by_system[system], request),
    }
    if sample["summary"] == USUAL:
        del sample["summary"]
    if NOTHING in by_system and by_system[NOTHING] != by_system[system]:
        sample["unknown"] = by_system[NOTHING]
    if request.startswith(TESLAS):
        return sample | {"schema": OF_TESLA}
    return sample | {"schema": infer([body for _, body in found], request)}


def _tells(value: Any) -> bool:
    if isinstance(value, dict | list):
        return any(
            _tells(inner) for inner in (value.values() if isinstance(value, dict) else value)
        )
    return value not in (None, "")


def _shown(body: Any, request: str) -> Any:
    if isinstance(body, str):
        return "".join(body.splitlines(keepends=True)[:LINES])
    return cut(body, request)


def _alike(found: dict[str, Any]) -> dict[str, Any]:
    """Say once what several requests answer; what nobody has answered is like nothing else."""
    first: dict[str, str] = {}
    shown = {}
    for request, sample in found.items():
        told = sample["example"] is not None
        other = first.setdefault(json.dumps(sample, sort_keys=True), request) if told else request
        shown[request] = sample if other == request else {"like": other}
    return shown


# -- what stands still ------------------------------------------------------------------------


def _stood() -> Answers:
    golden = [(system, stored(system)) for system in SYSTEMS]
    return {
        request: [
            (system, answers[request]["body"])
            for system, answers in golden
            if answers.get(request, {}).get("status") == 200
        ]
        for row in ROUTES
        if isinstance(row, View)
        for request in _requests(row)
    }


# -- what tells of this moment ----------------------------------------------------------------


def _moments() -> Answers:
    found: Answers = {}
    for name, asked in _houses():
        for request, path in _live():
            result = _get(asked, path)
            body = result.text if path == "/metrics" else result.json
            found.setdefault(request, []).append((name, body))
    return found


def _houses() -> Iterator[tuple[str, testing.TestClient]]:
    """Yield houses by name, those whose lane is under way first: they have more to tell."""
    yield "pw2", _working().client
    yield "at the start", Served(PW_FAIL_FAST="yes").client
    yield "in trouble", _troubled().client
    yield "after some commands", _commanded().client
    for system in ALL:
        yield f"{system} standing still", client(system)


def _working() -> Served:
    served = Served()
    served.gateway.documents = documents("pw2")
    for _ in range(3):
        served.warm("/json", "/vitals", "/version", "/api/v1/state")
    return served


def _commanded() -> Served:
    """A house with a command of each outcome, the best the newest."""
    served = Commanded()
    for outcome in reversed(Outcome):
        served.commander.outcome = outcome
        served.json("/api/v1/commands", {"reserve_app_pct": 20, "mode": "self_consumption"})
        served.json("/api/v1/commands", {"grid_charging": True, "for": "2h"})
    return served


def _troubled() -> Served:
    served = _working()
    served.gateway.fails(Unwell("HTTP 500"), "vitals")
    served.world.run(30)
    served.warm("/vitals")
    served.gateway.fails(None, "vitals")
    served.gateway.fails(Unreachable("connection refused", remedy="Look at the cable."))
    served.world.run(60)
    return served


def _live() -> Iterator[tuple[str, str]]:
    """Yield each request as it is described, and the requests that are answered so."""
    for row in ROUTES:
        if isinstance(row, Family):
            for member in (one for one in row.members.values() if isinstance(one, Live)):
                for request in _requests(member):
                    yield request.replace(member.path, row.path, 1), request
        elif isinstance(row, Scrape):
            yield row.path, row.path
        elif isinstance(row, Live) and row.content_type == JSON_TYPE:
            yield from ((request, request) for request in _requests(row))


def _requests(row: View | Live) -> tuple[str, ...]:
    return (row.path, f"{row.path}?{row.word}") if row.word else (row.path,)


def _get(asked: testing.TestClient, request: str) -> testing.Result:
    path, _, query = request.partition("?")
    return asked.simulate_get(path, query_string=query, remote_addr=HERE)


def _stilled(sample: dict[str, Any]) -> dict[str, Any]:
    return sample | {"example": _still(sample["example"])}


def _still(value: Any) -> Any:
    if isinstance(value, list):
        return [_still(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    return {
        key: STILL[key] if key in STILL and inner is not None else _still(inner)
        for key, inner in value.items()
    }


# -- what commands answer ---------------------------------------------------------------------


def _controls() -> Answers:
    """Ask what commands change, which nobody is told without a secret."""
    open_to = [(system, client(system, PW_CONTROL_SECRET=SECRET)) for system in SYSTEMS]
    return {
        row.path: [
            *((system, _get(asked, row.path).json) for system, asked in open_to),
            (UNSHOWN, _get(client(NOTHING), row.path).json),
        ]
        for row in CONTROLS
    }


def _given() -> Answers:
    return {
        f"POST {command.path}": [*map(_ended(command), ENDS), *_question(command)]
        for command in COMMANDS
        if command.example
    }


def _ended(command: Command) -> Callable[[Outcome], tuple[str, Any]]:
    def give(outcome: Outcome) -> tuple[str, Any]:
        result = Commanded(FakeCommander(outcome)).json(command.path, dict(command.example))
        assert result.status_code in (200, 202), result.text
        return outcome.value, result.json

    return give


def _of_command(request: str, found: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Describe the record that is answered, and what clients of one route read beside it."""
    ended = [body for name, body in found if name != UNSHOWN]
    beside = [{key: body[key] for key in body if key not in RECORD} for body in ended]
    record = {"allOf": [{"$ref": f"{REFERENCE}Record"}, infer(beside, request)]}
    asked = [body for name, body in found if name == UNSHOWN]
    schema = {"anyOf": [record, infer(asked, request)]} if asked else record
    return _sample(request, found) | {"schema": schema}


def _question(command: Command) -> list[tuple[str, Any]]:
    """What is answered where there is nothing to change."""
    return [(UNSHOWN, Commanded().json(command.path, {}).json)] if command.state else []
