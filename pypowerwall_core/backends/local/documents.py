"""Bytes to documents: strict enough that half an answer never becomes a number. Pure."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from pypowerwall_core.errors import Unwell


def any_json(body: bytes) -> Any:
    """Parse JSON of any kind; `null` is a document too (meters/solar sends it).

    Raises:
        Unwell: Empty, HTML, broken, or an error in the clothes of a success.
    """
    text = body.strip()
    if not text:
        raise Unwell("empty body")
    if text.startswith(b"<"):
        raise Unwell("a web page instead of JSON", remedy="Is PW_HOST a Powerwall gateway?")
    try:
        document = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Unwell("broken JSON") from error
    # Very old firmware answered 200 with {"error": "..."}.
    if isinstance(document, dict) and set(document) <= {"code", "error", "message"} and document:
        raise Unwell(f"an error instead of data: {str(document.get('error'))[:100]}")
    return document


def json_object(body: bytes) -> dict[str, Any]:
    """Parse a JSON object.

    Raises:
        Unwell: As any_json, or any other kind of JSON.
    """
    document = any_json(body)
    if not isinstance(document, dict):
        raise Unwell(f"{_kind(document)} where an object belongs")
    return document


def _no_constant(word: str) -> NoReturn:
    """Refuse NaN and Infinity: no JSON reader but Python's would accept them from us."""
    raise ValueError(word)


def _kind(document: Any) -> str:
    return "null" if document is None else type(document).__name__
