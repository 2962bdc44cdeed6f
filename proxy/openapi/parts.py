"""What every description of the routes has in common: headers, refusals, tokens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from proxy.problems import PROBLEM_TYPE
from proxy.rows import JSON_TYPE

Json = dict[str, Any]
TEXT = {"type": "string"}
ABOUT = """A caching proxy for the gateway of a Tesla Powerwall. Reads are answered from memory: \
`Age` says how old an answer is, `Cache-Status` where it came from. What is not known is `null`, \
never an invented 0. Powers are W, energies Wh, temperatures °C.

Any web page may read (`Access-Control-Allow-Origin: *`) all but what shows settings. Paths match \
byte for byte. Answers of a simulated Powerwall carry `X-Demo: simulated`.

Examples come from simulated systems, cut to a few entries. Schemas say what these have in common; \
another firmware may say more, or leave something out."""

HEADERS: Json = {
    "Age": {
        "description": "Seconds since the request for the oldest document in the answer left for "
        "the gateway; absent while nothing is known.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "Cache-Status": {
        "description": "Whether it is fresh, stale, unknown or not served (RFC 9211).",
        "required": True,
        "schema": TEXT,
        "example": "powerwall-proxy; hit; ttl=2",
    },
    "Cache-Control": {
        "description": "What others may keep.",
        "required": True,
        "schema": TEXT,
        "example": "no-cache",
    },
    "ETag": {
        "description": "Names this body; `If-None-Match` asks whether it has changed.",
        "required": True,
        "schema": TEXT,
    },
    "Retry-After": {
        "description": "Seconds after which it is worth another try.",
        "required": True,
        "schema": {"type": "integer", "minimum": 0},
    },
    "WWW-Authenticate": {
        "description": "How to show the token.",
        "required": True,
        "schema": TEXT,
        "example": "Bearer",
    },
}
PARAMETERS: Json = {
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "The `ETag` of the body you hold: 304 says that it is still the one.",
        "schema": TEXT,
    },
    "LastEventID": {
        "name": "Last-Event-ID",
        "in": "header",
        "description": "The `id` of the last event you have: only what changed since is sent.",
        "schema": TEXT,
    },
}
SCHEMAS: Json = {
    "Error": {
        "type": "object",
        "properties": {"error": TEXT},
        "required": ["error"],
    },
    "Problem": {
        "description": "A problem document (RFC 9457): under /api/v1, and for who accepts it.",
        "type": "object",
        "properties": {
            "type": TEXT,
            "title": TEXT,
            "status": {"type": "integer"},
            "detail": TEXT,
            "instance": TEXT,
        },
        "required": ["type", "title", "status", "detail", "instance"],
    },
}
SECURITY: Json = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "PW_READ_TOKEN for reads; PW_CONTROL_SECRET for what acts.",
    },
    "token": {
        "type": "apiKey",
        "in": "query",
        "name": "token",
        "description": "The same where no header can be set.",
    },
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is none.

    Attributes:
        name: Of its component.
        error: An example of what the body says.
    """

    name: str
    says: str
    error: str
    headers: tuple[str, ...] = ()


REFUSALS = {
    400: Refusal("Invalid", "A parameter is not what it has to be.", "limit is a number"),
    401: Refusal(
        "Unauthorized",
        "PW_READ_TOKEN is set, and was not shown.",
        "PW_READ_TOKEN is wanted",
        ("WWW-Authenticate",),
    ),
    403: Refusal(
        "Forbidden",
        "Asked by another machine without the control token.",
        "for this machine, or with the control token",
    ),
    404: Refusal("NotFound", "There is none of this name.", "404 Not Found"),
    421: Refusal(
        "Misdirected",
        "Asked under a name that is not of a home network; PW_ALLOWED_HOSTS adds names.",
        "not under this name: PW_ALLOWED_HOSTS",
    ),
    429: Refusal(
        "Resting",
        "Too many wrong tokens came from this address.",
        "Control Command Error: 10 wrong tokens",
        ("Retry-After",),
    ),
    503: Refusal(
        "NothingKnown",
        "Nothing at all is known just now; text has no `null`.",
        "nothing is known just now",
        ("Cache-Status", "Retry-After"),
    ),
}
STREAMS_FULL = Refusal(
    "StreamsFull",
    "As many streams as PW_MAX_STREAMS allows are open; `/api/v1/state?rows` tells the same.",
    "PW_MAX_STREAMS are open",
    ("Retry-After",),
)


def info(version: str) -> Json:
    """Say what is described."""
    return {
        "title": "powerwall-proxy",
        "version": version,
        "summary": "A Tesla Powerwall, read gently.",
        "description": ABOUT,
        "license": {"name": "MIT", "identifier": "MIT"},
    }


def summary(says: str) -> str:
    """Return the first sentence of a row, as plain text."""
    return says.partition(". ")[0].removesuffix(".").replace("`", "")


def responses(refused: Iterable[int]) -> Json:
    """Return the answers that several routes share, those without a document."""
    unchanged = {
        "description": "Not changed: the body you hold is still the one.",
        "headers": header_refs(("Cache-Control", "ETag")),
    }
    found = [*(REFUSALS[status] for status in sorted(refused)), STREAMS_FULL]
    return {"NotModified": unchanged} | {refusal.name: refusal_of(refusal) for refusal in found}


def flag(name: str) -> Json:
    """Describe a word of the query whose presence is enough."""
    says = {"description": "A flag: its presence is enough.", "allowEmptyValue": True}
    return {**parameter(name), **says}


def parameter(name: str) -> Json:
    """Describe a parameter of the query."""
    return {"name": name, "in": "query", "schema": TEXT}


def ref(section: str, name: str) -> Json:
    """Point at a component."""
    return {"$ref": f"#/components/{section}/{name}"}


def header_refs(names: Iterable[str]) -> Json:
    """Point at headers."""
    return {name: ref("headers", name) for name in names}


def refusal_of(refusal: Refusal) -> Json:
    """Describe an answer that is none."""
    content = {
        JSON_TYPE: {"schema": ref("schemas", "Error"), "example": {"error": refusal.error}},
        PROBLEM_TYPE: {"schema": ref("schemas", "Problem")},
    }
    headers = {"headers": header_refs(refusal.headers)} if refusal.headers else {}
    return {"description": refusal.says, **headers, "content": content}
