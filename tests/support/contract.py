"""Shapes: what a body must look like. Each names the place of every violation. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

JSON_TYPE = "application/json"
TEXT_TYPE = "text/plain; charset=utf-8"
HTML_TYPE = "text/html; charset=utf-8"

Shape = Callable[[Any, str], Iterator[str]]
"""Value and place to the violations found there."""
Documents = Mapping[str, Any]
"""What a gateway tells, by payload; None where it tells nothing."""
SETTINGS = (
    "PW_BIND_ADDRESS",
    "PW_PORT",
    "PW_HTTPS",
    "PW_HOST",
    "PW_PASSWORD",
    "PW_EMAIL",
    "PW_TIMEZONE",
    "PW_GW_PWD",
    "PW_RSA_KEY_PATH",
    "PW_WIFI_HOST",
    "PW_SITEID",
    "PW_AUTH_PATH",
    "PW_AUTH_MODE",
    "PW_CACHE_FILE",
    "PW_CACHE_EXPIRE",
    "PW_CACHE_TTL",
    "PW_BROWSER_CACHE",
    "PW_TIMEOUT",
    "PW_POOL_MAXSIZE",
    "PW_STYLE",
    "PW_CONTROL_SECRET",
    "PW_NEG_SOLAR",
    "PW_SITE_ZERO_THRESHOLD",
    "PW_DEBUG",
    "PW_SUPPRESS_NETWORK_ERRORS",
    "PW_NETWORK_ERROR_RATE_LIMIT",
    "PW_FAIL_FAST",
    "PW_GRACEFUL_DEGRADATION",
    "PW_HEALTH_CHECK",
    "PW_TEDAPI_RECOVERY",
    "PW_TEDAPI_PROBE_INTERVAL",
)
"""What the original tells of itself under `config` in /stats."""


def kind(name: str, accepts: Callable[[Any], bool]) -> Shape:
    """One type of JSON."""

    def check(value: Any, place: str) -> Iterator[str]:
        if not accepts(value):
            yield f"{place}: {value!r} is no {name}"

    return check


# Not isinstance: a JSON true is no number, and clients drop it where they want one.
NUMBER = kind("number", lambda value: type(value) in (int, float))
WHOLE = kind("whole number", lambda value: type(value) is int)
FLAG = kind("0 or 1", lambda value: type(value) is int and value in (0, 1))
TEXT = kind("text", lambda value: type(value) is str)
BOOL = kind("bool", lambda value: type(value) is bool)
NULL = kind("null", lambda value: value is None)
ANYTHING = kind("value", lambda value: value is not None)


def either(*shapes: Shape) -> Shape:
    """Whatever satisfies one of them; the violations of the first are named."""

    def check(value: Any, place: str) -> Iterator[str]:
        found = [list(shape(value, place)) for shape in shapes]
        if all(found):
            yield from found[0]

    return check


def maybe(shape: Shape) -> Shape:
    """That, or null."""
    return either(shape, NULL)


def told(shape: Shape, *sources: Any) -> Shape:
    """That where the gateway tells it by one of its sources, and null where it does not."""
    return NULL if all(source is None for source in sources) else shape


def keys(expected: Mapping[str, Shape], *, ordered: bool = True) -> Shape:
    """An object of exactly these keys, in this order where one is promised."""

    def check(value: Any, place: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{place}: {value!r} is no object"
            return
        for name in value.keys() - expected.keys():
            yield f"{place}.{name}: is not promised"
        if ordered and value.keys() == expected.keys() and list(value) != list(expected):
            yield f"{place}: keys are in another order: {', '.join(value)}"
        yield from _inner(value, place, expected)

    return check


def at_least(required: Mapping[str, Shape], optional: Mapping[str, Shape] | None = None) -> Shape:
    """An object of these keys and perhaps more."""

    def check(value: Any, place: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{place}: {value!r} is no object"
            return
        yield from _inner(value, place, required)
        for name, shape in (optional or {}).items():
            if name in value:
                yield from shape(value[name], f"{place}.{name}")

    return check


def _inner(value: Mapping[str, Any], place: str, expected: Mapping[str, Shape]) -> Iterator[str]:
    for name, shape in expected.items():
        if name in value:
            yield from shape(value[name], f"{place}.{name}")
        else:
            yield f"{place}.{name}: is missing"


def each(shape: Shape) -> Shape:
    """An object whose every value is that."""

    def check(value: Any, place: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{place}: {value!r} is no object"
            return
        for name, inner in value.items():
            yield from shape(inner, f"{place}.{name}")

    return check


def exactly(expected: Any, *, ordered: bool = True) -> Shape:
    """This value: not merely equal, for 1 is equal to 1.0 and to true."""

    def check(value: Any, place: str) -> Iterator[str]:
        if _written(value, ordered=ordered) != _written(expected, ordered=ordered):
            yield f"{place}: {_short(value)} instead of {_short(expected)}"

    return check


def _written(value: Any, *, ordered: bool) -> str:
    return json.dumps(value, sort_keys=not ordered)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 200 else f"{text[:200]} ..."


# -- what the gateway tells -----------------------------------------------------------------


def said(documents: Documents, *place: str) -> Any:
    """What stands at a place of the documents; None where there is no such place."""
    value: Any = documents
    for name in place:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def devices(documents: Documents, *kinds: str) -> list[tuple[str, Mapping[str, Any]]]:
    """The devices of some kinds in the gateway's order."""
    vitals = said(documents, "vitals") or {}
    return [(name, device) for name, device in vitals.items() if name.split("--")[0] in kinds]


def blocks(documents: Documents) -> list[Mapping[str, Any]]:
    """The battery blocks in the gateway's order."""
    return said(documents, "system_status", "battery_blocks") or []


# -- promises -------------------------------------------------------------------------------


def compact(document: Any) -> str:
    """Spell with a blank after each comma and colon."""
    return json.dumps(document)


def indented(document: Any) -> str:
    """Spell with four blanks per level and sorted keys."""
    return json.dumps(document, indent=4, sort_keys=True)


@dataclass(frozen=True, slots=True)
class Promise:
    """One route of the contract.

    Attributes:
        shape: Of its body, given what the gateway tells.
        nothing: Its body while nothing is known.
        spelled: How a JSON body is written.
        nothing_status: Its status while nothing is known.
    """

    path: str
    shape: Callable[[Documents], Shape]
    nothing: Any = None
    spelled: Callable[[Any], str] = compact
    content_type: str = JSON_TYPE
    nothing_status: int = 200


def of_payload(path: str, payload: str, *, nothing: Any = None, **more: Any) -> Promise:
    """Promise the gateway's own object, every key passed through."""

    def shape(documents: Documents) -> Shape:
        document = said(documents, payload)
        return exactly(nothing if document is None else document)

    return Promise(path, shape, nothing, **more)


def constant(path: str, body: Any) -> Promise:
    """Promise the same body whatever is known."""
    return Promise(path, lambda _: exactly(body), body)
