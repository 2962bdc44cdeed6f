"""From rows and settings to the document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from proxy.rows import JSON_TYPE, Command, Row
from proxy.settings import Settings
from pypowerwall_core.version import __version__

from . import commands, parts
from .parts import Json, header_refs, ref
from .told import Told, named
from .traits import TAGS, Traits, traits


def document(rows: Iterable[Row | Command], settings: Settings, found: Mapping[str, Any]) -> Json:
    """Return the description of some routes, and of what commands do at them.

    Args:
        rows: What is described, in this order.
        settings: Tokens and the base path count.
        found: The samples; a route without one is described all the same.
    """
    reads, told = [], Told(found)
    posts: dict[str, Command] = {}
    for row in rows:
        if isinstance(row, Command):
            posts[row.path] = row
        else:
            reads.append((row, traits(row)))
    tags = {of.tag for _, of in reads}
    paths = {row.path: _path(row, of, told, settings) for row, of in reads}
    for path, command in posts.items():
        common = {"operationId": f"post{named(path)}", "tags": paths[path]["get"]["tags"]}
        paths[path]["post"] = common | commands.operation(command, told, settings)
    refused = {status for _, of in reads for status in _refusals(of, settings)}
    return {
        "openapi": "3.1.1",
        "info": parts.info(__version__),
        "servers": [{"url": settings.base_path.rstrip("/") or "/"}],
        "tags": [{"name": tag.name, "description": tag.says} for tag in TAGS if tag in tags],
        "paths": paths,
        "components": {
            "schemas": {**parts.SCHEMAS, **told.schemas()},
            "examples": told.examples(),
            "parameters": parts.PARAMETERS | (commands.PARAMETERS if posts else {}),
            "headers": parts.HEADERS,
            "responses": parts.responses(refused) | (commands.responses(settings) if posts else {}),
            "securitySchemes": parts.SECURITY,
        },
    }


def _path(row: Row, of: Traits, told: Told, settings: Settings) -> Json:
    shape = _shape(of.content_types)
    media = told.media(row.path, f"{row.path}?{of.flag}") or shape
    content = {"content": dict.fromkeys(of.content_types, media)}
    common = {"tags": [of.tag.name], **_security(of, settings), **_parameters(row, of)}
    return {
        "get": {
            "operationId": f"get{named(row.path)}",
            "summary": parts.summary(row.says),
            "description": _description(row, told),
            **common,
            "responses": _answers(of, settings, content),
        },
        "head": {
            "operationId": f"head{named(row.path)}",
            "description": "As `GET`, without a body.",
            **common,
            "responses": _answers(of, settings, {}),
        },
    }


def _shape(content_types: Iterable[str]) -> Json:
    """Return what is said of a body that nobody was shown."""
    if any(name.endswith("+json") for name in content_types):
        return {"schema": {"type": "object"}}
    return {} if JSON_TYPE in content_types else {"schema": parts.TEXT}


def _description(row: Row, told: Told) -> str:
    like = told.like(row.path)
    # Alone on a page, it would not say as what.
    needs_it = row.says == "The same." and like != row.path
    return f"{row.says} See `{like}`." if needs_it else row.says


def _is_guarded(of: Traits, settings: Settings) -> bool:
    return bool(settings.read_token) and not of.is_open


def _security(of: Traits, settings: Settings) -> Json:
    tokens: list[Json] = [{"bearer": []}, {"token": []}]
    if _is_guarded(of, settings):
        return {"security": tokens}
    # On this machine nothing needs to be shown.
    return {"security": [{}, *tokens]} if of.acts else {}


def _refusals(of: Traits, settings: Settings) -> list[int]:
    """Return the statuses of answers that are none, in order."""
    found = {*of.errors, *((401,) if _is_guarded(of, settings) else ())}
    # Only guesses at the control token are counted.
    return sorted(found if settings.control_secret else found - {429})


def _answers(of: Traits, settings: Settings, content: Json) -> Json:
    headers = {"headers": header_refs(of.headers)}
    found: Json = {"200": {"description": of.answers, **headers, **content}}
    if "ETag" in of.headers:
        found["304"] = ref("responses", "NotModified")
    if of.tells_trouble:
        trouble = "The same document: something is wrong."
        found["503"] = {"description": trouble, **headers, **content}
    if of.is_stream:
        found["503"] = ref("responses", parts.STREAMS_FULL.name)
    refusals = {str(status): parts.REFUSALS[status].name for status in _refusals(of, settings)}
    return found | {status: ref("responses", name) for status, name in refusals.items()}


def _parameters(row: Row, of: Traits) -> Json:
    found = [parts.parameter(name) for name in of.parameters]
    if of.names:
        name = row.path.partition("{")[2].partition("}")[0]
        schema = {"type": "string", "enum": list(of.names)}
        found.append({"name": name, "in": "path", "required": True, "schema": schema})
    if of.flag:
        found.append(parts.flag(of.flag))
    if "ETag" in of.headers:
        found.append(ref("parameters", "IfNoneMatch"))
    if of.is_stream:
        found.append(ref("parameters", "LastEventID"))
    return {"parameters": found} if found else {}
