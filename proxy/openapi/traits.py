"""What the description of the routes needs to know of a row, whatever kind of row it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

from proxy.access import OPEN_PATHS
from proxy.rows import JSON_TYPE, Family, Guide, Live, Page, Row, Scrape, Stream, Style, View


@dataclass(frozen=True, slots=True)
class Tag:
    """A family of routes.

    Attributes:
        prefixes: Whose paths begin so belong to it.
    """

    name: str
    says: str
    prefixes: tuple[str, ...] = ()


HOUSE, PROXY, PAGE, ABOUT = (
    Tag("house", "Power, charge, packs, strings and alerts: what dashboards read."),
    Tag("proxy", "How the proxy itself is doing."),
    Tag("page", "The page with live values."),
    Tag("about", "What there is to ask."),
)
TAGS = (
    HOUSE,
    Tag(
        "state",
        "Every fact with unit, age and source, for programs and for Prometheus.",
        ("/api/v1/", "/metrics", "/readyz", "/events"),
    ),
    Tag("gateway", "The gateway's own documents under their own paths.", ("/api/",)),
    Tag("pw", "Single facts, as the calls of the pypowerwall library gave them.", ("/pw/",)),
    PROXY,
    Tag("control", "What commands change: how it is set, and `POST` to change it.", ("/control/",)),
    Tag(
        "off",
        "Routes of modes that are not on; they say so.",
        ("/tedapi", "/cloud", "/fleetapi", "/fans"),
    ),
    PAGE,
    ABOUT,
)
"""In the order of the page; the first whose prefix fits, else that of the kind of row."""


@dataclass(frozen=True, slots=True)
class Traits:
    """How a row answers.

    Attributes:
        answers: What a good answer is.
        content_types: Of a good answer, without parameters.
        headers: Of a good answer; with an ETag among them it can be 304.
        flag: A word in the query that changes the answer.
        parameters: Of the query, with a value.
        names: What may stand for the word in braces of its path.
        errors: Statuses of refusals, besides that of the read token.
        tells_trouble: 503 with the same document says that something is wrong.
        acts: It is for this machine and for who has the control token.
        is_open: It asks for no read token.
        is_stream: It goes on until one side ends it; so many may be open.
    """

    tag: Tag
    answers: str
    content_types: tuple[str, ...] = (JSON_TYPE,)
    headers: tuple[str, ...] = ("Cache-Control", "ETag")
    flag: str = ""
    parameters: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    errors: tuple[int, ...] = ()
    tells_trouble: bool = False
    acts: bool = False
    is_open: bool = False
    is_stream: bool = False


def traits(row: Row) -> Traits:
    """Return the traits of a row; a kind nobody has described answers JSON."""
    found = _KINDS.get(type(row), _of_another)(row)
    tag = next((tag for tag in TAGS if row.path.startswith(tag.prefixes)), found.tag)
    return replace(found, tag=tag, is_open=found.is_open or row.path in OPEN_PATHS)


def _of_view(view: View) -> Traits:
    is_text = view.style is Style.TEXT
    found = Traits(
        HOUSE,
        "What is known; `null` or empty where it is not.",
        ("text/plain",) if is_text else (JSON_TYPE,),
        ("Age", "Cache-Status", "Cache-Control", "ETag"),
        flag=view.word,
        errors=(503,) if is_text else (),
    )
    constant = "Always the same."
    return found if view.needs else replace(found, answers=constant, headers=found.headers[1:])


_ALWAYS_OK = {field.name: field.default for field in fields(Live)}["status"]


def _of_live(live: Live) -> Traits:
    acts, asks = live.acts is not None, live.told is not None
    refusals = {400: asks, 403: acts, 421: live.shows_settings, 429: acts or asks}
    return Traits(
        PROXY,
        "An account of this moment.",
        (_bare(live.content_type),),
        flag=live.word,
        parameters=_parameters(live.says) if asks else (),
        errors=tuple(status for status, may_be in refusals.items() if may_be),
        tells_trouble=live.status is not _ALWAYS_OK,
        acts=acts,
    )


def _parameters(says: str) -> tuple[str, ...]:
    """Return the parameters that a sentence names; tokens are for all routes."""
    named: list[str] = re.findall(r"`\?(\w+)=`", says)
    return tuple(name for name in named if name != "token")


def _of_family(family: Family) -> Traits:
    members = [_KINDS[type(member)](member) for member in family.members.values()]
    member, types = members[0], dict.fromkeys(t for m in members for t in m.content_types)
    return replace(
        member,
        content_types=tuple(types),
        names=tuple(family.members),
        errors=(*member.errors, 404),
    )


def _of_scrape(scrape: Scrape) -> Traits:  # noqa: ARG001 - a kind's signature
    types = ("text/plain", "application/openmetrics-text")
    return Traits(PROXY, "In the format that `Accept` asks for.", types, ("Cache-Control",))


def _of_stream(stream: Stream) -> Traits:  # noqa: ARG001 - a kind's signature
    says = "Events `state` and `change`, and a comment every 15 s while nothing changes."
    return Traits(PROXY, says, ("text/event-stream",), ("Cache-Control",), is_stream=True)


def _of_page(page: Page) -> Traits:
    return Traits(PAGE, "The file.", (_bare(page.content_type),), is_open=True)


def _of_guide(guide: Guide) -> Traits:
    return Traits(ABOUT, "The description.", (_bare(guide.content_type),))


def _of_another(row: Row) -> Traits:  # noqa: ARG001 - a kind's signature
    return Traits(PROXY, "The answer.")


_KINDS: dict[type, Callable[[Any], Traits]] = {
    View: _of_view,
    Live: _of_live,
    Family: _of_family,
    Scrape: _of_scrape,
    Stream: _of_stream,
    Page: _of_page,
    Guide: _of_guide,
}


def _bare(content_type: str) -> str:
    return content_type.partition(";")[0]
