"""From a body to its fields: a form, or JSON where the content type says so. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

from .denied import invalid

TOKEN = "token"  # noqa: S105 - the name of a field


@dataclass(frozen=True, slots=True)
class Fields:
    """What a request says.

    Attributes:
        values: Without the token, and without what is empty.
        tokens: What was shown as the token, as bytes: it may be written in any way.
    """

    values: dict[str, Any] = field(default_factory=dict)
    tokens: tuple[bytes, ...] = ()


def parse_fields(body: bytes, content_type: str) -> Fields:
    """Read the fields of a body.

    Raises:
        Denied: It is not what it is said to be.
    """
    kind = content_type.partition(";")[0].strip().lower()
    is_json = kind == "application/json" or kind.endswith("+json")
    return _of_json(body) if is_json else _of_form(body)


def _of_form(body: bytes) -> Fields:
    """Read a form: the first that is not empty counts, as it always has."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        raise invalid("the body is not UTF-8") from None
    found: dict[bytes, bytes] = {}
    for pair in body.split(b"&"):
        name, _, value = pair.replace(b"+", b" ").partition(b"=")
        if value:
            found.setdefault(unquote_to_bytes(name), unquote_to_bytes(value))
    token = found.pop(TOKEN.encode(), None)
    return Fields(
        {_text(name): _text(value) for name, value in found.items()},
        () if token is None else (token,),
    )


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise invalid("a field is not UTF-8") from None


def _of_json(body: bytes) -> Fields:
    try:
        text = body.decode("utf-8")  # or it would guess UTF-16
        document = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise invalid("the body is not JSON") from None
    if not isinstance(document, dict):
        raise invalid("the body is not a JSON object")
    values = {name: value for name, value in document.items() if value not in (None, "")}
    token = values.pop(TOKEN, None)
    if token is not None and not isinstance(token, str):
        raise invalid("the token is a text")
    return Fields(values, () if token is None else (token.encode("utf-8", "surrogatepass"),))


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a name that is there twice: readers differ about which one counts."""
    pairs = list(pairs)
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is there twice")
    return found


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no number")
