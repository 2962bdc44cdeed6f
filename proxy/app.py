"""Puts the routes together into one ASGI application. Has no effect until it is served."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import falcon
import falcon.asgi
from falcon.asgi import Request, Response
from falcon.routing import CompiledRouter

from .desk import Desk
from .endpoints import JSON_TYPE, LiveEndpoint, PageEndpoint, ViewEndpoint
from .routes import LIVE, PAGES, VIEWS

_log = logging.getLogger(__name__)


class ExactRouter(CompiledRouter):
    """Finds a route only by its very bytes.

    Falcon would take //soe for /soe, and be given /%73oe decoded. Front ends and allow-lists
    have been fooled by less; nothing is normalised here.
    """

    def __init__(self) -> None:
        super().__init__()
        self._paths: set[bytes] = set()

    def add_route(self, uri_template: str, resource: object, **kwargs: Any) -> None:
        """Add a row."""
        self._paths.add(uri_template.encode("ascii"))
        super().add_route(uri_template, resource, **kwargs)

    def find(self, uri: str, req: Any = None) -> Any:
        """Return the row of a request, None for anything else."""
        return super().find(uri, req) if req.scope["raw_path"] in self._paths else None


class Doorkeeper:
    """Starts the site with the server, and marks every answer."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def process_startup(self, scope: Any, event: Any) -> None:  # noqa: ARG002 - Falcon's
        """Start the lanes: only here, never at import."""
        self._desk.site.start()

    async def process_request(self, request: Request, response: Response) -> None:  # noqa: ARG002
        """Want a Host, and one (RFC 9112, 3.2): httptools does not ask."""
        hosts = request.get_header("Host")
        if request.scope["http_version"] == "1.1" and (not hosts or "," in hosts):
            raise falcon.HTTPBadRequest

    async def process_response(
        self,
        request: Request,  # noqa: ARG002
        response: Response,
        resource: object,  # noqa: ARG002
        succeeded: bool,  # noqa: FBT001
    ) -> None:
        """Let any page read us (Grafana does, from its own origin), and mark a demo."""
        response.set_header("Access-Control-Allow-Origin", "*")
        if self._desk.demo:
            response.set_header("X-Demo", "simulated")
        if not succeeded:
            self._desk.counters.errors += 1


class Application:
    """The ASGI application of one desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._routes = _routes(desk)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request of a version that is one; httptools lets any pass."""
        if scope["type"] != "http" or scope["http_version"] in ("1.0", "1.1"):
            await self._routes(scope, receive, send)
        else:
            await _refuse(send)

    async def close(self) -> None:
        """End the lanes: who waits is let go, and a flight under way is cut."""
        await asyncio.to_thread(self._desk.site.stop)


def _routes(desk: Desk) -> falcon.asgi.App[Any, Any]:
    app = falcon.asgi.App(middleware=[Doorkeeper(desk)], router=ExactRouter())
    app.set_error_serializer(_json_error)
    app.add_error_handler(Exception, _bug)
    for view in VIEWS:
        app.add_route(view.path, ViewEndpoint(view, desk))
    for live in LIVE:
        app.add_route(live.path, LiveEndpoint(live, desk))
    for page in PAGES:
        app.add_route(page.path, PageEndpoint(page))
    return app


async def _refuse(send: Any) -> None:
    data = json.dumps({"error": falcon.HTTP_400}).encode()
    headers = [
        (b"content-type", JSON_TYPE.encode()),
        (b"content-length", str(len(data)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 400, "headers": headers})
    await send({"type": "http.response.body", "body": data})


def _json_error(request: Request, response: Response, error: falcon.HTTPError) -> None:  # noqa: ARG001
    """Say errors in JSON: a client that reads JSON must be able to read them."""
    response.content_type = JSON_TYPE
    response.data = json.dumps({"error": error.title}).encode()


async def _bug(request: Request, response: Response, error: Exception, params: Any) -> None:  # noqa: ARG001
    _log.error("bug while answering %s %s", request.method, request.path, exc_info=error)
    raise falcon.HTTPInternalServerError
