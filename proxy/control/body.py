"""The body of a command: at most 4 KB, whole or not at all."""

from __future__ import annotations

from typing import Any

import falcon
from falcon.asgi import Request

from .denied import invalid

BODY_MOST = 4096
CUT = "powerwall.cut"
"""In a scope: the client went away before its request was complete."""


async def read_body(request: Request) -> bytes:
    """Read a body, and no further than it may be long.

    Raises:
        Denied: It is too long, incomplete, or of a length nobody can know.
    """
    told = request.get_header("Content-Length")
    if told is None and request.get_header("Transfer-Encoding") is None:
        raise invalid("a command has a body; its length is in Content-Length")
    if told is not None and not (told.isascii() and told.isdigit()):
        raise invalid("Content-Length is a number")
    if told is not None and (len(told) > len(str(BODY_MOST)) or int(told) > BODY_MOST):
        raise _too_long()
    body = await request.stream.read(BODY_MOST + 1)
    if len(body) > BODY_MOST:
        raise _too_long()
    if request.scope.get(CUT) or (told is not None and len(body) != int(told)):
        # "value=2" may have been the beginning of "value=20".
        raise invalid("the request is incomplete")
    return bytes(body)


def _too_long() -> falcon.HTTPError:
    return invalid(f"a body has at most {BODY_MOST} bytes", falcon.HTTP_413)


def noting_cuts(scope: Any, receive: Any) -> Any:
    """Wrap what a request is received by: Falcon takes a body that was cut off for a whole one."""

    async def noting() -> Any:
        event = await receive()
        if event["type"] == "http.disconnect":
            scope[CUT] = True
        return event

    return noting
