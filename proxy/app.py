"""Puts the routes together into one ASGI application. Has no effect until it is served."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterable
from typing import Any

import falcon
import falcon.asgi
from falcon.asgi import Request, Response
from falcon.routing import CompiledRouter, map_http_methods, set_default_responders

from .access import OPEN_PATHS, may_read
from .control.body import noting_cuts
from .control.denied import Denied
from .control.endpoint import CommandEndpoint
from .desk import Desk
from .endpoints import (
    GuideEndpoint,
    LiveEndpoint,
    MetricsEndpoint,
    RedirectEndpoint,
    ViewEndpoint,
    control_endpoint,
)
from .events.endpoint import RECEIVE, StreamEndpoint
from .events.streams import Pace, Streams
from .pages import PageEndpoint
from .problems import PROBLEM_TYPE, problem, wants_problem
from .routes import ABOUT, COMMANDS, CONTROLS, FAMILIES, LIVE, PAGES, SCRAPES, STREAMS, VIEWS
from .rows import JSON_TYPE

_log = logging.getLogger(__name__)


class ExactRouter(CompiledRouter):
    """Finds a route only by its very bytes.

    Falcon's own would take //soe for /soe, and be given /%73oe decoded. Front ends and allow-lists
    have been fooled by less; nothing is normalised here. Nor is a tree grown, which took half of
    the time that making an application takes.
    """

    def __init__(self) -> None:
        super().__init__()
        self._found: dict[bytes, tuple[object, Any, dict[str, Any], str]] = {}

    def add_route(self, uri_template: str, resource: object, **_options: Any) -> None:
        """Add a row."""
        methods = map_http_methods(resource)
        set_default_responders(methods, asgi=True)
        self._found[uri_template.encode("ascii")] = (resource, methods, {}, uri_template)

    def find(self, uri: str, req: Any = None) -> Any:  # noqa: ARG002 - Falcon's
        """Return the row of a request, None for anything else."""
        return self._found.get(req.scope["raw_path"])


class Starter:
    """Starts the site with the server."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def process_startup(self, scope: Any, event: Any) -> None:  # noqa: ARG002 - Falcon's
        """Start the lanes: only here, never at import."""
        self._desk.site.start()


class ReadGuard:
    """Closes reads to who does not show PW_READ_TOKEN, where it is set.

    Pages hold no data; /healthz tells only that this process lives. Commands ask for their own
    token, and for no other: who may give them need not be able to read everything.
    """

    def __init__(self, desk: Desk) -> None:
        self._token = desk.settings.read_token
        base = desk.settings.base_path.rstrip("/")
        self._open = {*OPEN_PATHS, base, *(page.path for page in PAGES)}
        self._commands = {command.path for command in COMMANDS}

    async def process_request(self, request: Request, response: Response) -> None:  # noqa: ARG002
        """Let a request pass, or refuse it before anything is looked up."""
        if request.method == "POST" and request.path in self._commands:
            return
        if request.path not in self._open and not may_read(request, self._token):
            raise falcon.HTTPUnauthorized(title="PW_READ_TOKEN is wanted", challenges=["Bearer"])


class Application:
    """The ASGI application of one desk."""

    def __init__(self, desk: Desk, pace: Pace | None = None) -> None:
        self._desk = desk
        self._streams = Streams(desk, pace)
        self._routes = _routes(desk, self._streams)
        self._base = desk.settings.base_path.encode("ascii")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request that is one."""
        if scope["type"] != "http":
            await self._routes(scope, receive, send)
        elif _is_request(scope):
            scope = self._below(scope)
            if scope["method"] == "POST":
                receive = noting_cuts(scope, receive)
            scope[RECEIVE] = receive
            await self._routes(scope, receive, _last(send) if _upgrades(scope) else send)
        else:
            await self._refuse(send)

    def _below(self, scope: Any) -> Any:
        """Take PROXY_BASE_URL off a path; what does not begin with it is served as it is."""
        path = scope["raw_path"]
        if self._base == b"/" or not path.startswith(self._base):
            return scope
        rest = path[len(self._base) - 1 :]
        return {**scope, "raw_path": rest, "path": rest.decode("latin-1")}

    async def close(self) -> None:
        """End the streams, then the lanes: who waits is let go, a flight under way is cut."""
        self._streams.end()
        await asyncio.to_thread(self._desk.site.stop)

    async def _refuse(self, send: Any) -> None:
        self._desk.counters.errors += 1
        data = json.dumps({"error": falcon.HTTP_400}).encode()
        marks = [(name.lower().encode(), value.encode()) for name, value in self._desk.marks]
        headers = [
            *marks,
            (b"content-type", JSON_TYPE.encode()),
            (b"content-length", str(len(data)).encode()),
            (b"connection", b"close"),
        ]
        await send({"type": "http.response.start", "status": 400, "headers": headers})
        await send({"type": "http.response.body", "body": data})


def _is_request(scope: Any) -> bool:
    """Ask for a version that is one, one Host, one length (RFC 9112): not all parsers do."""
    # Read once and kept: the specification lets them be iterators.
    scope["headers"] = headers = [(name, value) for name, value in scope["headers"]]
    if {b"content-length", b"transfer-encoding"} <= {name for name, _ in headers}:
        return False
    hosts = [value for name, value in headers if name == b"host"]
    if not hosts:
        return bool(scope["http_version"] == "1.0")
    one = len(hosts) == 1 and b"," not in hosts[0]
    return one and scope["http_version"] in ("1.0", "1.1")


def _upgrades(scope: Any) -> bool:
    return any(name == b"upgrade" for name, _ in scope["headers"])


def _last(send: Any) -> Any:
    """Close after the answer: httptools drops what came along with a wish to upgrade."""

    async def closing(message: Any) -> None:
        if message["type"] == "http.response.start":
            headers = [*message["headers"], (b"connection", b"close")]
            message = {**message, "headers": headers}
        await send(message)

    return closing


_SERVED: tuple[tuple[Iterable[Any], Callable[[Any, Desk], Any]], ...] = (
    (VIEWS, ViewEndpoint),
    (LIVE, LiveEndpoint),
    ([member for family in FAMILIES for member in family.members.values()], LiveEndpoint),
    (SCRAPES, MetricsEndpoint),
    (ABOUT, GuideEndpoint),
    (CONTROLS, control_endpoint),
    (PAGES, PageEndpoint),
)


def _routes(desk: Desk, streams: Streams) -> falcon.asgi.App[Any, Any]:
    middleware: list[Any] = [Starter(desk), ReadGuard(desk)]
    app = falcon.asgi.App(middleware=middleware, router=ExactRouter())
    app.set_error_serializer(_json_errors(desk))
    app.add_error_handler(Exception, _bug)
    commands = {command.path: command for command in COMMANDS}
    for rows, endpoint in _SERVED:
        for row in rows:
            served = endpoint(row, desk)
            if (command := commands.get(row.path)) is not None:
                served = CommandEndpoint(command, served, desk)
            app.add_route(row.path, served)
    for stream in STREAMS:
        app.add_route(stream.path, StreamEndpoint(stream, desk, streams))
    base = desk.settings.base_path
    if base != "/":
        # Relative links of a page need the slash.
        app.add_route(base.rstrip("/"), RedirectEndpoint(base))
    return app


def _json_errors(desk: Desk) -> Callable[[Request, Response, falcon.HTTPError], None]:
    """Say errors in JSON: a client that reads JSON must be able to read them."""

    def serialize(request: Request, response: Response, error: falcon.HTTPError) -> None:
        denied = error if isinstance(error, Denied) else None
        desk.counters.errors += denied is None or denied.counts
        # Their form depends on who asks, and what is 404 now may be served by the next release.
        response.set_headers((*desk.marks, ("Cache-Control", "no-store")))
        as_problem = wants_problem(request)
        response.content_type = PROBLEM_TYPE if as_problem else JSON_TYPE
        document = problem(request, error) if as_problem else {"error": error.title}
        if denied is not None:
            document |= {"error": error.title} | denied.more
        response.data = json.dumps(document).encode()

    return serialize


async def _bug(request: Request, response: Response, error: Exception, params: Any) -> None:  # noqa: ARG001
    _log.error("bug while answering %s %s", request.method, request.path, exc_info=error)
    raise falcon.HTTPInternalServerError
