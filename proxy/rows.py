"""What a row of the route table is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from pypowerwall_core.snapshot import Snapshot

from .desk import Desk
from .views.documents import as_is

JSON_TYPE = "application/json"
HTML_TYPE = "text/html; charset=utf-8"


class Style(Enum):
    """How a body is spelled; clients that cut text have always seen it so."""

    COMPACT = "a blank after each comma and colon"
    INDENTED = "four blanks per level, keys in alphabetical order"
    TEXT = "plain text, and 503 while nothing at all is known"


@dataclass(frozen=True, slots=True)
class View:
    """A shape of what is known.

    Attributes:
        says: Its line in HELP.md.
        render: Pure; returns None when nothing is known, which is answered as `null`.
        needs: The payloads it reads; asking for it keeps them fresh.
        word: A word that, anywhere in the query, has `worded` rendered instead.
    """

    path: str
    says: str
    render: Callable[[Snapshot], Any]
    needs: tuple[str, ...]
    style: Style = Style.COMPACT
    word: str = ""
    worded: Callable[[Snapshot], Any] | None = None


@dataclass(frozen=True, slots=True)
class Live:
    """An account of this moment; asks nothing of the gateway beyond its needs.

    Attributes:
        render: Returns a document, or a text where `content_type` is no JSON.
        acts: Done before rendering; see access.py for who may.
        shows_settings: Answers only under names of this machine; see access.py.
    """

    path: str
    says: str
    render: Callable[[Desk, Snapshot], Any]
    needs: tuple[str, ...] = ()
    content_type: str = JSON_TYPE
    acts: Callable[[Desk], None] | None = None
    shows_settings: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A file of the page."""

    path: str
    says: str
    file: str
    content_type: str


Row = View | Live | Page


def as_is_row(path: str, payload: str, says: str, style: Style = Style.COMPACT) -> View:
    """Return the row that shows a payload's document as it is."""
    return View(path, says, as_is(payload), (payload,), style)
