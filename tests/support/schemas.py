"""JSON Schema (2020-12) inferred from answers, and examples cut to a readable length.

A schema says what all simulated systems have in common, no more: a key is required where it is
always there, and keys that nobody has seen are welcome, because firmware differs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from proxy.openapi.told import within
from proxy.routes import COMMANDS

Schema = dict[str, Any]

MAPS = {
    "/cloud/battery/response": 4,
    "/cloud/power/response": 4,
    "/cloud/config/response": 4,
    "/cloud/tariff/response": 4,
    "/alerts/pw": 5,
    "/json/strings": 2,
    "/pw/battery_blocks": 1,
    "/pw/strings": 1,
    "/pw/temps": 2,
    "/pw/vitals": 3,
    "/strings": 2,
    "/temps": 2,
    "/temps/pw": 2,
    "/vitals": 3,
    "/api/v1/state/sites": 1,
    "/api/v1/state/sites/*": 4,
    "/api/v1/state/{fact}/sites": 1,
    "/health/cached_data/endpoints": 2,
    "/health/endpoint_statistics": 1,
    "/health/lanes/*/resting_paths": 1,
    "Lane/resting_paths": 1,
    "/readyz/sites": 1,
    "/readyz/sites/*/core_age_s": 3,
    "/stats/config": 8,
    "/stats/uri": 3,
    "/stats/clear/config": 8,
    "/stats/clear/uri": 3,
    "/stats/lanes/*/resting_paths": 1,
}
"""Objects whose keys are serials, names or paths, and how many entries an example shows."""
FAMILIES = (
    (re.compile(r"PW\d+_(.+)"), r"^PW[0-9]+_\1$", 1),
    (re.compile(r"[A-Z]+_a\d+_.+"), "^[A-Z]+_a[0-9]+_", 2),
    (re.compile(r"METER_[XYZ]_CT[ABC]_(.+)"), r"^METER_[XYZ]_CT[ABC]_\1$", 1),
    (re.compile(r"METER_[XYZ]_VL\d([NG])"), r"^METER_[XYZ]_VL[123]\1$", 1),
    (re.compile(r"(real_power|reactive_power|energy_[a-z]+)_[abc]"), r"^\1_[abc]$", 1),
    (re.compile(r"ISLAND_(Freq|V)L\d(N?)_(.+)"), r"^ISLAND_\1L[123]\2_\3$", 1),
)
"""Keys that differ in a number or letter: of pack, alert, phase; and how many an example shows."""
LISTS = {"battery_blocks": 1, "checks": 1, "powerwalls": 1}
MOST = 2
"""Entries of a list that an example shows, by the list's name."""
_SELF = ("/stats", "/stats/clear", "/health")
_GIVEN = tuple(f"POST {command.path}" for command in COMMANDS)
NAMED = {
    "/api/v1/commands/commands/*": "Record",
    "/api/v1/state/sites/*/*": "Readings",
    "/api/v1/state/{fact}/sites/*": "Readings",
    **{f"{path}/lanes/*": "Lane" for path in _SELF},
    **{f"{path}/fallback_mode": "Fallback" for path in _SELF},
    **{f"{path}/connection_health": "Connection" for path in _SELF},
    **{f"/pw/{meter}": "Meter" for meter in ("site", "grid", "solar", "battery", "load", "home")},
    **{
        f"{path}/{meter}": "Meter"
        for path in ("/aggregates", "/api/meters/aggregates", "/pw/aggregates")
        for meter in ("site", "solar", "battery", "load")
    },
    **{f"/api/meters/{meter}/*": "MeterOfPhases" for meter in ("site", "solar")},
    **{
        f"/api/powerwalls/{part}/{kind}_diagnostic": "Diagnostic"
        for part in ("powerwalls/*", "sync")
        for kind in ("commissioning", "update")
    },
    **{
        f"{place}/{part}": "Settings"
        for place in (*_GIVEN, "/api/v1/commands/commands/*", "Record")
        for part in ("requested", "before", "after")
    },
}
"""What is described once, by its places."""
REFERENCE = "#/components/schemas/"
READINGS = {
    "anyOf": [
        {"$ref": f"{REFERENCE}Reading"},
        {"type": "object", "additionalProperties": {"$ref": f"{REFERENCE}Readings"}},
    ]
}
"""Readings lie as deep as their fact has dimensions."""

_KINDS: dict[type, str] = {
    dict: "object",
    list: "array",
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
    type(None): "null",
}
_ORDER = tuple(dict.fromkeys(_KINDS.values()))


def infer(values: Sequence[Any], at: str) -> Schema:
    """Return the schema of all values seen at one place.

    What was null whenever it was looked at may be anything.
    """
    kinds = {_KINDS[type(value)] for value in values}
    if kinds <= {"null"}:
        return {}
    if at in NAMED:
        named = {"$ref": f"{REFERENCE}{NAMED[at]}"}
        return {"anyOf": [named, {"type": "null"}]} if "null" in kinds else named
    ordered = [kind for kind in _ORDER if kind in kinds]
    schema: Schema = {"type": ordered[0] if len(ordered) == 1 else ordered}
    if objects := [value for value in values if isinstance(value, dict)]:
        schema |= _of_objects(objects, at)
    if entries := [entry for value in values if isinstance(value, list) for entry in value]:
        schema["items"] = infer(entries, f"{at}/*")
    return schema


def infer_named(answers: Iterable[tuple[str, Any]]) -> dict[str, Schema]:
    """Return the schemas of what is described once, from answers and where they were given."""
    seen: dict[str, list[Any]] = {}
    for at, answer in answers:
        for place, value in _places(answer, at):
            if name := "Reading" if _is_reading(value) else NAMED.get(place):
                seen.setdefault(name, []).append(value)
    found = {name: infer([v for v in seen[name] if v is not None], name) for name in sorted(seen)}
    return found | {"Readings": READINGS}


def short(schema: Schema) -> Any:
    """Let the name of a type stand for a schema that says no more."""
    return schema["type"] if schema.keys() == {"type"} else within(schema, short)


def cut(value: Any, at: str) -> Any:
    """Return an example that shows the same with fewer entries."""
    if isinstance(value, list):
        most = LISTS.get(at.rpartition("/")[2], MOST)
        return [cut(entry, f"{at}/*") for entry in value[:most]]
    if not isinstance(value, dict):
        return value
    if at in MAPS:
        # Devices in one order, whichever order their document has.
        keys = sorted(value) if any("--" in key for key in value) else list(value)
        return {key: cut(value[key], f"{at}/*") for key in keys[: MAPS[at]]}
    kept: Counter[str] = Counter()
    shown = {}
    for key, inner in value.items():
        family, most = _family(key)
        kept[family] += 1
        if kept[family] <= most:
            shown[key] = cut(inner, f"{at}/{key}")
    return shown


def _places(value: Any, at: str) -> Iterator[tuple[str, Any]]:
    yield at, value
    inner: Iterable[tuple[str, Any]] = ()
    if isinstance(value, dict):
        inner = ((("*" if at in MAPS else key), entry) for key, entry in value.items())
    elif isinstance(value, list):
        inner = (("*", entry) for entry in value)
    for key, entry in inner:
        yield from _places(entry, f"{at}/{key}")


def _is_reading(value: Any) -> bool:
    return isinstance(value, dict) and {"value", "unit", "state"} <= value.keys()


def _of_objects(objects: Sequence[dict[str, Any]], at: str) -> Schema:
    if at in MAPS:
        inner = [entry for value in objects for entry in value.values()]
        return {"additionalProperties": infer(inner, f"{at}/*")} if inner else {}
    seen: dict[str, list[Any]] = {}
    for value in objects:
        for key, inner in value.items():
            seen.setdefault(_family(key)[0], []).append(inner)
    schemas = {key: infer(inner, f"{at}/{key}") for key, inner in seen.items()}
    numbered = {key: schema for key, schema in schemas.items() if key.startswith("^")}
    plain = {key: schema for key, schema in schemas.items() if key not in numbered}
    required = sorted(key for key in plain if all(key in value for value in objects))
    found = {"properties": plain, "patternProperties": numbered, "required": required}
    return {name: part for name, part in found.items() if part}


def _family(key: str) -> tuple[str, int]:
    """Return the pattern a key belongs to and how often it is shown; itself, once, if to none."""
    for pattern, family, most in FAMILIES:
        if pattern.fullmatch(key):
            return pattern.sub(family, key), most
    return key, 1
