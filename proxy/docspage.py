"""/docs: the OpenAPI document as a page for people. No script, nothing from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any
from urllib.parse import quote

from .helppage import marked

Json = Mapping[str, Any]
FEW_LINES = 6
"""An example of so many lines is shown at once, a longer one when it is opened."""
WIDTH = 72
"""An example that is no longer stays on one line."""
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="page.css">
<link rel="icon" href="data:,">
<main>
<h1>{title}</h1>
{about}
<p>Every route answers <code>GET</code> and <code>HEAD</code>. For programs:
<a href="openapi.json">openapi.json</a>, OpenAPI {openapi}.</p>
<nav aria-label="Contents">
{contents}
</nav>
{sections}
{shared}
</main>
</html>
"""
_FAMILY = "family-"
"""Names of families are no names of anything else that page.css or a route may use."""
_SHARED = "headers and refusals"
_REFUSED = "403"


def page(document: Json) -> str:
    """Return the page of a document."""
    info = document["info"]
    tags = document["tags"]
    names = [(_FAMILY + tag["name"], tag["name"]) for tag in tags] + [("shared", _SHARED)]
    return _PAGE.format(
        title=escape(f"{info['title']} {info['version']}"),
        about="\n".join(f"<p>{marked(part)}</p>" for part in info["description"].split("\n\n")),
        openapi=escape(document["openapi"]),
        contents="\n".join(f'<a href="#{escape(to)}">{escape(name)}</a>' for to, name in names),
        sections="\n".join(_section(document, tag) for tag in tags),
        shared=_shared(document),
    )


def _section(document: Json, tag: Json) -> str:
    name = escape(tag["name"])
    routes = (
        _route(document["components"], path, item)
        for path, item in document["paths"].items()
        if tag["name"] in item["get"]["tags"]
    )
    head = f'<section id="{_FAMILY}{name}">\n<h2>{name}</h2>\n<p>{marked(tag["description"])}</p>'
    return "\n".join((head, *routes, "</section>"))


def _route(components: Json, path: str, item: Json) -> str:
    get = item["get"]
    parts = (
        f'<article id="{escape(get["operationId"])}">',
        f"<h3>{_link(path, get, path)}</h3>",
        f"<p>{marked(get['description'])}</p>",
        *_parameters(path, get),
        _answers(get),
        *_examples(components, get),
        *_command(components, item.get("post")),
        "</article>",
    )
    return "\n".join(parts)


def _command(components: Json, post: Json | None) -> Iterable[str]:
    """Show what POST does, where it does something."""
    if post is None:
        return
    media = next(iter(post["requestBody"]["content"].values()))
    fields = (
        f"<li><code>{escape(name)}</code> {marked(field['description'])}"
        for name, field in media["schema"]["properties"].items()
    )
    yield f"<h4>POST</h4>\n<p>{marked(post['description'])}</p>"
    yield f"<ul>{''.join(fields)}</ul>"
    if "example" in media:
        yield _example("a body", _spelled(media["example"]))
    yield _answers(post)
    yield from _examples(components, post)


def _link(path: str, get: Json, shown: str) -> str:
    """Link what only tells; what acts should not be a click away."""
    tells = "{" not in path and _REFUSED not in get["responses"]
    return _anchor(path, shown) if tells else escape(shown)


def _anchor(path: str, shown: str) -> str:
    # Relative, so that it works below a base path.
    return f'<a href="{escape(quote(path[1:], safe="/?") or "./")}">{escape(shown)}</a>'


def _parameters(path: str, get: Json) -> Iterable[str]:
    for parameter in get.get("parameters", ()):
        if parameter.get("in") == "path":
            yield _names(path, parameter["name"], parameter["schema"]["enum"])
        elif parameter.get("allowEmptyValue"):
            flag = f"?{parameter['name']}"
            yield f"<p>{_link(path + flag, get, flag)} {marked(parameter['description'])}</p>"


def _names(path: str, name: str, known: Sequence[str]) -> str:
    links = (_anchor(path.replace(f"{{{name}}}", one), one) for one in known)
    summary = f"{len(known)} names for <code>{escape(name)}</code>"
    return f"<details><summary>{summary}</summary><nav>{' '.join(links)}</nav></details>"


def _answers(operation: Json) -> str:
    told = (_answer(status, answer) for status, answer in operation["responses"].items())
    return f"<p><small>{' &middot; '.join(told)}</small></p>"


def _answer(status: str, answer: Json) -> str:
    if "$ref" in answer:
        return f'<a href="#{escape(_target(answer))}">{escape(status)}</a>'
    return f"{escape(status)} {marked(answer['description'])}"


def _examples(components: Json, operation: Json) -> Iterable[str]:
    contents = operation["responses"].get("200", {}).get("content", {})
    media: Json = next(iter(contents.values()), {})
    for example in media.get("examples", {}).values():
        known = components["examples"][_target(example)] if "$ref" in example else example
        yield _example(known["summary"], _spelled(known["value"]))


def _example(summary: str, text: str) -> str:
    lines = text.count("\n") + 1
    return (
        f"<details{' open' if lines <= FEW_LINES else ''}><summary>{escape(summary)}</summary>"
        f"<pre>{escape(text)}</pre></details>"
    )


def _spelled(value: Any) -> str:
    if isinstance(value, str):
        return value.rstrip("\n")
    flat = json.dumps(value, ensure_ascii=False)
    return flat if len(flat) <= WIDTH else json.dumps(value, indent=2, ensure_ascii=False)


def _shared(document: Json) -> str:
    components = document["components"]
    headers = (
        f"<li><code>{escape(name)}</code>: {marked(header['description'])}"
        for name, header in components["headers"].items()
    )
    refusals = (
        f'<li id="{escape(name)}">{status}: {marked(components["responses"][name]["description"])}'
        for status, name in sorted(_refusals(document["paths"]))
    )
    return (
        f'<section id="shared">\n<h2>{_SHARED}</h2>\n'
        f"<ul>{''.join(headers)}</ul>\n<ul>{''.join(refusals)}</ul>\n</section>"
    )


def _refusals(paths: Json) -> set[tuple[str, str]]:
    """Return what several routes answer, by status and name."""
    return {
        (status, _target(answer))
        for item in paths.values()
        for operation in item.values()
        for status, answer in operation["responses"].items()
        if "$ref" in answer
    }


def _target(reference: Json) -> str:
    name: str = reference["$ref"].rpartition("/")[2]
    return name
