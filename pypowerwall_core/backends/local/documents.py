"""Bytes to documents: strict enough that half an answer never becomes a number. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import isfinite
from typing import Any, NoReturn

from pypowerwall_core.errors import Unwell
from pypowerwall_core.fields import printable

UNWELL = "The gateway is not well: wait some minutes; if it stays so, restart it."
_PRIVATE_KEY = "client_key"
WORDS_MOST = 100
DIGITS_MOST = 100

Masked = Callable[[str], str]
"""Takes our secrets out of a text: Secrets.masked."""


class ErrorInstead(Unwell):
    """An error in the clothes of a success.

    Attributes:
        said: Its words, which may be our own password: errors are shown on open pages.
    """

    def __init__(self, said: str) -> None:
        super().__init__("an error instead of data", remedy=UNWELL)
        self.said = said

    def quoting(self, masked: Masked) -> Unwell:
        """Return it with its words, as far as they may be shown."""
        return Unwell(f"{self}: {quoted(self.said, masked)}", remedy=self.remedy)


def any_json(body: bytes) -> Any:
    """Parse JSON of any kind; `null` is a document too (meters/solar sends it).

    Raises:
        Unwell: Empty, HTML or broken.
        ErrorInstead: Whose words are not quoted yet.
    """
    text = body.strip()
    if not text:
        raise Unwell("empty body", remedy=UNWELL)
    if text.startswith(b"<"):
        raise Unwell("a web page instead of JSON", remedy="Is PW_HOST a Powerwall gateway?")
    try:
        document = json.loads(
            text, parse_constant=_no_constant, parse_float=_finite, parse_int=_integer
        )
    except (ValueError, RecursionError) as error:
        raise Unwell("broken JSON", remedy=UNWELL) from error
    # Very old firmware answered 200 with {"error": "..."}.
    if isinstance(document, dict) and set(document) <= {"code", "error", "message"} and document:
        said = document.get("error") or document.get("message") or document.get("code")
        raise ErrorInstead(str(said))
    return document


def text_or_json(body: bytes) -> Any:
    """Parse what nobody has described: JSON, or the text that it is."""
    text = body.decode("utf-8", "replace")
    try:
        return json.loads(
            text, parse_constant=_no_constant, parse_float=_finite, parse_int=_integer
        )
    except (ValueError, RecursionError):
        return text


def json_object(body: bytes) -> dict[str, Any]:
    """Parse a JSON object.

    Raises:
        Unwell: As any_json, or any other kind of JSON.
    """
    document = any_json(body)
    if not isinstance(document, dict):
        raise Unwell(f"{_kind(document)} where an object belongs", remedy=UNWELL)
    return document


def meters(body: bytes) -> Any:
    """Parse the readings of meters without the private keys of their connections.

    Raises:
        Unwell: As any_json.
    """
    return _without_keys(any_json(body))


def _without_keys(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_keys(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    return {
        key: "" if key == _PRIVATE_KEY and entry else _without_keys(entry)
        for key, entry in value.items()
    }


def quoted(words: str, masked: Masked) -> str:
    """Return the words of others as they may be shown, in one line.

    Masked first: of a secret that has been cut, the mask would see nothing.
    """
    return one_line(masked(words))


def one_line(text: str) -> str:
    """Cut the gateway's words to what fits a log line."""
    return printable(text[:WORDS_MOST])


def _no_constant(word: str) -> NoReturn:
    """Refuse NaN and Infinity: no JSON reader but Python's would accept them from us."""
    raise ValueError(word)


def _finite(word: str) -> float:
    """Refuse 1e999, which is Infinity in disguise."""
    number = float(word)
    if not isfinite(number):
        raise ValueError(word)
    return number


def _integer(word: str) -> int:
    """Refuse what no float can hold: arithmetic in a view would fail on it."""
    if len(word.lstrip("-")) > DIGITS_MOST:
        raise ValueError("too many digits")
    return int(word)


def _kind(document: Any) -> str:
    return "null" if document is None else type(document).__name__
