"""From a route row to an HTTP answer."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any
from urllib.parse import quote

import falcon
from falcon.asgi import Request, Response

from pypowerwall_core.policy import Patience
from pypowerwall_core.snapshot import Snapshot, Unknown

from .access import is_asked_by_our_name, is_local
from .control.denied import DISABLED
from .control.tokens import shows_token
from .desk import Desk
from .rows import JSON_TYPE, Guide, Live, Scrape, Style, View
from .views.documents import constant

CACHE_NAME = "powerwall-proxy"
INDENT = 4
TEXT_TYPE = "text/plain; charset=utf-8"
QUERY_SAFE = "%!$&'()*+,;=:@/?"
"""What a query may hold besides letters, digits and -._~ (RFC 3986); % begins what is encoded."""
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
    """Serves a pure shape; its last body is remembered, for each of its renderings."""

    def __init__(self, view: View, desk: Desk) -> None:
        self._view = view
        self._desk = desk
        self._plain = Rendering(view, view.render, desk)
        self._worded = Rendering(view, view.worded or view.render, desk)

    async def on_get(self, request: Request, response: Response) -> None:
        """Answer from memory, or with what lands within the budget."""
        view = self._view
        asked = await self._desk.ask(view.needs)
        worded = view.word and view.word in request.query_string
        rendering = self._worded if worded else self._plain
        body = rendering.of(asked.snapshot)
        self._desk.counters.answered(view.path, known=body.known)
        if view.style is Style.TEXT and not body.data:
            response.set_headers(rendering.headers)
            raise falcon.HTTPServiceUnavailable(title="nothing is known just now", retry_after=5)
        content_type = TEXT_TYPE if view.style is Style.TEXT else JSON_TYPE
        send(request, response, body, rendering.headers, content_type)

    on_head = on_get


class Rendering:
    """One way a view is rendered, and what came of it last."""

    def __init__(self, view: View, render: Callable[[Snapshot], Any], desk: Desk) -> None:
        self._style = view.style
        self._render = render
        self._desk = desk
        self._name = view.path if render is view.render else f"{view.path}?{view.word}"
        self._snapshot: Snapshot | None = None
        self._body: Body | None = None
        self.headers: Headers = ()

    def of(self, snapshot: Snapshot) -> Body:
        """Render what has changed: headers with the snapshot, the body with its documents."""
        body = self._body
        if body is not None and snapshot is self._snapshot:
            return body
        if body is None or body.identity != snapshot.identity:
            data = _spelled(self._render(snapshot), self._style)
            known = bool(snapshot.known or not snapshot.entries)
            self._body = body = Body(snapshot.identity, data, etag_of(data), known)
            self._desk.bodies[self._name] = len(data)
        self.headers = (*self._desk.marks, *freshness_headers(snapshot))
        self._snapshot = snapshot
        return body


class LiveEndpoint:
    """Serves an account of this moment."""

    def __init__(self, live: Live, desk: Desk) -> None:
        self._live = live
        self._desk = desk

    async def on_get(self, request: Request, response: Response) -> None:
        """Answer with this moment's numbers."""
        live, desk = self._live, self._desk
        settings = desk.settings
        if live.shows_settings and not is_asked_by_our_name(request, settings.allowed_hosts):
            raise falcon.HTTPError(falcon.HTTP_421, title="not under this name: PW_ALLOWED_HOSTS")
        if live.acts is not None:
            if not is_local(request) and not shows_token(desk, request):
                raise falcon.HTTPForbidden(title="for this machine, or with the control token")
            if request.method == "GET":
                live.acts(desk)
        # What is told here is told with its age: the old is no reason to wait.
        asked = await desk.ask(live.needs, Patience.ANYTHING)
        shown = self._shown(request, asked.snapshot)
        response.status = live.status(shown)
        is_json = live.content_type == JSON_TYPE
        data = _spelled(shown, Style.COMPACT if is_json else Style.TEXT)
        marks = desk.own_marks if live.shows_settings else desk.marks
        headers = marks if is_json else (*marks, *SECURITY)
        send(
            request, response, Body((), data, etag_of(data), known=True), headers, live.content_type
        )

    on_head = on_get

    def _shown(self, request: Request, snapshot: Snapshot) -> Any:
        """Count the answer when nothing can refuse it any more, yet before /stats tells of it."""
        live, desk = self._live, self._desk
        told = live.told(desk, request) if live.told else None
        desk.counters.answered(live.counts_as or live.path, known=True)
        if live.told:
            return told
        worded = live.worded if live.word and request.has_param(live.word) else None
        return (worded or live.render)(desk, snapshot)


class MetricsEndpoint:
    """Serves the metrics, rendered at most once a second."""

    def __init__(self, scrape: Scrape, desk: Desk) -> None:
        self._scrape = scrape
        self._desk = desk
        self._exposition: Any = None

    async def on_get(self, request: Request, response: Response) -> None:
        """Answer in the format that is asked for."""
        if self._exposition is None:
            # The library takes its time to load; clients need not notice.
            module = await asyncio.to_thread(import_module, "proxy.metrics")
            self._exposition = self._exposition or module.Exposition(self._desk)
        self._desk.counters.answered(self._scrape.path, known=True)
        data, content_type = self._exposition.render(request.get_header("Accept") or "")
        response.set_headers((*self._desk.marks, ("Cache-Control", "no-store")))
        response.content_type = content_type
        response.data = data

    on_head = on_get


class GuideEndpoint:
    """Serves what there is to ask, written once and off the loop: it takes its time."""

    def __init__(self, guide: Guide, desk: Desk) -> None:
        self._guide = guide
        self._desk = desk
        self._headers = (*desk.marks, *(() if guide.content_type == JSON_TYPE else SECURITY))
        self._body: Body | None = None
        self._writing = asyncio.Lock()

    async def on_get(self, request: Request, response: Response) -> None:
        """Answer with the description."""
        async with self._writing:  # many may come at first, and each would write it
            if self._body is None:
                self._body = await asyncio.to_thread(self._written)
        self._desk.counters.answered(self._guide.path, known=True)
        send(request, response, self._body, self._headers, self._guide.content_type)

    on_head = on_get

    def _written(self) -> Body:
        data = self._guide.write(self._desk.settings).encode()
        return Body((), data, etag_of(data), known=True)


def control_endpoint(view: View, desk: Desk) -> ViewEndpoint:
    """Serve what a command would change; without a control secret nothing is asked for it."""
    if not desk.settings.control_secret:
        view = replace(view, render=constant({"error": DISABLED}), needs=())
    return ViewEndpoint(view, desk)


class RedirectEndpoint:
    """Sends a browser to the folder it meant, with what it asked for there."""

    def __init__(self, location: str) -> None:
        self._location = location

    async def on_get(self, request: Request, response: Response) -> None:  # noqa: ARG002
        """Answer where to look."""
        # Not every parser refuses what would end a header, or what a header cannot hold.
        query = quote(request.query_string, safe=QUERY_SAFE)
        raise falcon.HTTPPermanentRedirect(f"{self._location}?{query}" if query else self._location)

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
    return "unknown" if unknown else "not-served"


def _spelled(document: Any, style: Style) -> bytes:
    if style is Style.TEXT:
        return (document or "").encode()
    indented = style is Style.INDENTED
    text = json.dumps(
        document, indent=INDENT if indented else None, sort_keys=indented, allow_nan=False
    )
    return text.encode("ascii")


def etag_of(data: bytes) -> str:
    """Return the entity tag of a body."""
    return f'"{hashlib.blake2b(data, digest_size=9).hexdigest()}"'


def send(
    request: Request,
    response: Response,
    body: Body,
    headers: Headers,
    content_type: str = JSON_TYPE,
) -> None:
    """Answer with a body, or with 304 to who holds it."""
    response.set_headers((*headers, ("Cache-Control", "no-cache"), ("ETag", body.etag)))
    if response.status == falcon.HTTP_200 and _has(request, body.etag):
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
