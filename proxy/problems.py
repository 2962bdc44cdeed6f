"""Errors of /api/v1 as problem documents (RFC 9457)."""

from __future__ import annotations

from typing import Any

import falcon
from falcon.asgi import Request

PROBLEM_TYPE = "application/problem+json"
API = "/api/v1/"
STATE = f"{API}state/"
_DETAILS = {
    404: "There is no such route; /help lists them.",
    405: "The Allow header names the methods of this route.",
    500: "This is a bug; the log of the proxy tells more.",
}
"""What to say of errors that say nothing themselves."""


def wants_problem(request: Request) -> bool:
    """Whether a client reads problem documents: all of ours do, and who asks for them."""
    accepted = request.get_header("Accept") or ""
    return request.path.startswith(API) or PROBLEM_TYPE in accepted


def problem(request: Request, error: falcon.HTTPError) -> dict[str, Any]:
    """Return the problem document of an error; its type says no more than its status."""
    status = falcon.code_to_http_status(error.status)
    return problem_of(request, status, _detail(request, error, status.partition(" ")[2]))


def problem_of(request: Request, status: str, detail: str) -> dict[str, Any]:
    """Return the problem document of a status line."""
    code, _, title = status.partition(" ")
    document = {"type": "about:blank", "title": title, "status": int(code)}
    return document | {"detail": detail, "instance": request.path}


def _detail(request: Request, error: falcon.HTTPError, title: str) -> str:
    if request.path.startswith(STATE) and error.status_code == 404:  # noqa: PLR2004 - Not Found
        return f"There is no fact of this name; {STATE.rstrip('/')} lists them."
    said = error.title or ""
    own = "" if said == falcon.code_to_http_status(error.status) else said
    return error.description or own or _DETAILS.get(error.status_code, title)
