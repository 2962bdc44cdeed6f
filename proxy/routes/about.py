"""/openapi.json and /docs: the routes themselves, for programs and for people."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

from proxy.rows import HTML_TYPE, JSON_TYPE, Command, Guide, Row
from proxy.settings import Settings

Rows = Callable[[], Iterable[Row | Command]]


def about(rows: Rows) -> tuple[Guide, ...]:
    """Return the rows that describe all rows."""
    return (
        Guide(
            "/openapi.json",
            "All routes as an OpenAPI 3.1 document, with examples and schemas of what they answer.",
            lambda settings: _spelled(_document(rows, settings)),
            JSON_TYPE,
        ),
        Guide(
            "/docs",
            "All routes with examples as a page, without script or internet.",
            lambda settings: _module("docspage").page(_document(rows, settings)),
            HTML_TYPE,
        ),
    )


def _spelled(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _document(rows: Rows, settings: Settings) -> dict[str, Any]:
    openapi = _module("openapi")
    document: dict[str, Any] = openapi.document(rows(), settings, openapi.samples())
    return document


def _module(name: str) -> Any:
    """Import what most proxies never need; it costs time at the start."""
    return import_module(f"proxy.{name}")
