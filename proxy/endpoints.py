"""From a route row to an HTTP answer."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib import resources
from typing import Any

import falcon
from falcon.asgi import Request, Response

from pypowerwall_core.snapshot import Absent, Snapshot, Unknown

from .desk import Desk
from .routes import Live, Page, View

CACHE_NAME = "powerwall-proxy"
JSON_TYPE = "application/json"
Headers = tuple[tuple[str, str], ...]
SECURITY = (
    ("Content-Security-Policy", "default-src 'self'; base-uri 'none'; form-action 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
)


@dataclass(frozen=True, slots=True)
class Body:
    """Rendered bytes and what they were rendered from."""

    identity: tuple[object, ...]
    data: bytes
    etag: str
    known: bool


class ViewEndpoint:
    """Serves a pure shape; its last body is remembered."""

    def __init__(self, view: View, desk: Desk) -> None:
        self._view = view
        self._desk = desk
        self._snapshot: Snapshot | None = None
        self._body: Body | None = None
        self._headers: Headers = ()

    async def on_get(self, request: Request, response: Response) -> None:
        """Answer from memory, or with what lands within the budget."""
        asked = await self._desk.ask(self._view.needs)
        body = self._rendered(asked.snapshot)
        self._desk.counters.answered(self._view.path, known=body.known)
        _send(request, response, body, self._headers)

    on_head = on_get

    def _rendered(self, snapshot: Snapshot) -> Body:
        """Render what has changed: headers with the snapshot, the body with its documents."""
        body = self._body
        if body is not None and snapshot is self._snapshot:
            return body
        if body is None or body.identity != snapshot.identity:
            document = self._view.render(snapshot)
            self._body = body = _body(document, snapshot.identity, self._view.indent)
        self._headers = (*self._desk.marks, *freshness_headers(snapshot))
        self._snapshot = snapshot
        return body


class LiveEndpoint:
    """Serves an account of this moment."""

    def __init__(self, live: Live, desk: Desk) -> None:
        self._live = live
        self._desk = desk

    async def on_get(self, request: Request, response: Response) -> None:
        """Answer with this moment's numbers."""
        asked = await self._desk.ask(self._live.needs)
        self._desk.counters.answered(self._live.path, known=True)
        body = _body(self._live.render(self._desk, asked.snapshot), ())
        _send(request, response, body, self._desk.marks)

    on_head = on_get


class PageEndpoint:
    """Serves a file of the page, read once."""

    def __init__(self, page: Page, desk: Desk) -> None:
        data = resources.files("proxy").joinpath("web", page.file).read_bytes()
        self._type = page.content_type
        self._headers = (*desk.marks, *SECURITY)
        self._body = Body((), data, _etag(data), known=True)

    async def on_get(self, request: Request, response: Response) -> None:
        """Answer with the file."""
        _send(request, response, self._body, self._headers, self._type)

    on_head = on_get


def freshness_headers(snapshot: Snapshot) -> Headers:
    """Say how old an answer is (RFC 9111) and where it came from (RFC 9211)."""
    known = snapshot.known
    if not known:
        return (("Cache-Status", f"{CACHE_NAME}; fwd=miss; detail={_absence(snapshot)}"),)
    ttl_s = min(entry.ttl_s for entry in known)
    status = f"hit; ttl={int(ttl_s)}" if ttl_s > 0 else "fwd=stale"
    age_s = max(entry.age_s for entry in known)
    return (("Age", str(int(age_s))), ("Cache-Status", f"{CACHE_NAME}; {status}"))


def _absence(snapshot: Snapshot) -> str:
    entries = snapshot.entries.values()
    unknown = any(isinstance(entry, Unknown) for entry in entries)
    absent = any(isinstance(entry, Absent) for entry in entries)
    return "not-served" if absent and not unknown else "unknown"


def _body(document: Any, identity: tuple[object, ...], indent: int | None = None) -> Body:
    # Compact bodies keep the blank after ":" and ","; indented ones are sorted: both as
    # clients that cut text have always seen them.
    text = json.dumps(document, indent=indent, sort_keys=indent is not None, allow_nan=False)
    data = text.encode("ascii")
    return Body(identity, data, _etag(data), known=document is not None)


def _etag(data: bytes) -> str:
    return f'"{hashlib.blake2b(data, digest_size=9).hexdigest()}"'


def _send(
    request: Request,
    response: Response,
    body: Body,
    headers: Headers,
    content_type: str = JSON_TYPE,
) -> None:
    response.set_headers((*headers, ("Cache-Control", "no-cache"), ("ETag", body.etag)))
    if _has(request, body.etag):
        response.status = falcon.HTTP_304
        return
    response.content_type = content_type
    response.data = body.data


def _has(request: Request, etag: str) -> bool:
    """Whether the client already holds this body (RFC 9110, 13.1.2)."""
    named = request.get_header("If-None-Match")
    if named is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in named.split(",")]
    return etag in tags or "*" in tags
