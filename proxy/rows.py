"""What a row of the route table is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from falcon.asgi import Request

from pypowerwall_core.commands import Record
from pypowerwall_core.snapshot import Snapshot

from .control.wishes import Wish
from .desk import Desk
from .settings import Settings
from .views.documents import as_is

JSON_TYPE = "application/json"
HTML_TYPE = "text/html; charset=utf-8"
ANYBODY, NOBODY = "*", "'none'"
"""Who may show a page in a frame, as CSP's frame-ancestors says it."""


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


def _always_ok(document: Any) -> str:  # noqa: ARG001 - a row's signature
    return "200 OK"


def _nothing(desk: Desk, snapshot: Snapshot) -> None:
    """Render nothing, where `told` does it."""


@dataclass(frozen=True, slots=True)
class Live:
    """An account of this moment; asks nothing of the gateway beyond its needs.

    Attributes:
        render: Returns a document, or a text where `content_type` is no JSON.
        acts: Done before rendering; see access.py for who may.
        shows_settings: Answers only under names of this machine; see access.py.
        status: The HTTP status of a document.
        word: A parameter of the query that has `worded` rendered instead.
        counts_as: The route under which its answers are counted, `path` if empty.
        told: Renders instead where an answer depends on who asks, or for how much. May refuse:
            a refused request is counted as an error only.
    """

    path: str
    says: str
    render: Callable[[Desk, Snapshot], Any] = _nothing
    needs: tuple[str, ...] = ()
    content_type: str = JSON_TYPE
    acts: Callable[[Desk], None] | None = None
    shows_settings: bool = False
    status: Callable[[Any], str] = _always_ok
    word: str = ""
    worded: Callable[[Desk, Snapshot], Any] | None = None
    counts_as: str = ""
    told: Callable[[Desk, Request], Any] | None = None


@dataclass(frozen=True, slots=True)
class Family:
    """Routes that differ in one word, described once.

    Attributes:
        path: With the name of the word in braces.
        members: The rows by that word.
    """

    path: str
    says: str
    members: Mapping[str, Live | Page]


@dataclass(frozen=True, slots=True)
class Scrape:
    """The metrics; asks nothing of the gateway and waits for nothing."""

    path: str
    says: str


@dataclass(frozen=True, slots=True)
class Stream:
    """Facts as they change, as Server-Sent Events; asks nothing of the gateway itself."""

    path: str
    says: str


@dataclass(frozen=True, slots=True)
class Page:
    """A file of the page.

    Attributes:
        frames: Who may show it in a frame.
        view: The name of a view; its file is then what the shell of all views holds.
    """

    path: str
    says: str
    file: str
    content_type: str
    frames: str = ANYBODY
    view: str = ""


@dataclass(frozen=True, slots=True)
class Guide:
    """What there is to ask: written at the first request, then remembered.

    Attributes:
        write: Pure; what it writes depends on the settings and the table only.
    """

    path: str
    says: str
    write: Callable[[Settings], str]
    content_type: str


@dataclass(frozen=True, slots=True)
class Command:
    """What POST does at a route. What GET answers there is a row of its own, of the same path.

    Attributes:
        fields: What it reads of a form or of JSON besides `token` and `for`, with a sentence each.
        wish: What they wish to change; no changes are a question, which `state` answers.
        told: What existing clients read in the answer beside the record, when all is well.
        state: How it is set now.
        is_strict: Fields of other names are refused, not overlooked.
        example: A body that a person may try.
    """

    path: str
    says: str
    fields: Mapping[str, str]
    wish: Callable[[Mapping[str, Any]], Wish]
    told: Callable[[Record], dict[str, Any]]
    state: View | None = None
    is_strict: bool = False
    example: Mapping[str, Any] = field(default_factory=dict)


Row = View | Live | Family | Scrape | Stream | Guide | Page


def as_is_row(path: str, payload: str, says: str, style: Style = Style.COMPACT) -> View:
    """Return the row that shows a payload's document as it is."""
    return View(path, says, as_is(payload), (payload,), style)
