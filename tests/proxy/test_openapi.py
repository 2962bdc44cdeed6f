"""/openapi.json and /docs: what they say is what is answered."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

import pytest
from falcon import testing
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from support.commander import SECRET, Commanded, FakeCommander
from support.desk import HERE, Served
from support.golden import ALL, NOTHING, client, stored

from proxy import docspage
from proxy.openapi import document, samples
from proxy.routes import ABOUT, COMMANDS, FAMILIES, PAGES, ROUTES
from proxy.rows import Family, Live, View
from proxy.settings import read_settings
from pypowerwall_core.commands import Outcome
from pypowerwall_core.errors import BadCommand
from pypowerwall_core.version import __version__

METHODS = {"get", "head", "post"}


def described(**environ: str) -> dict[str, Any]:
    said: dict[str, Any] = document((*ROUTES, *COMMANDS), read_settings(environ), samples())
    return said


DOCUMENT = described()
GUARDED = described(PW_READ_TOKEN="read")
COMMANDING = described(PW_CONTROL_SECRET=SECRET)


def operations(said: dict[str, Any] = DOCUMENT) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, item[method])
        for path, item in said["paths"].items()
        for method in METHODS & item.keys()
    ]


def schema_of(path: str, status: str = "200") -> dict[str, Any]:
    content = DOCUMENT["paths"][path]["get"]["responses"][status]["content"]
    (media, *others) = content.values()
    assert all(other == media for other in others)
    schema: dict[str, Any] = media["schema"]
    return schema


def faults(schema: dict[str, Any], answer: Any) -> list[str]:
    whole = Draft202012Validator({**schema, "components": DOCUMENT["components"]})
    return [error.message for error in whole.iter_errors(answer)]


# -- the document -----------------------------------------------------------------------------


@pytest.mark.parametrize("said", [DOCUMENT, GUARDED, COMMANDING])
def test_the_document_is_valid_openapi(said: dict[str, Any]) -> None:
    assert list(OpenAPIV31SpecValidator(said).iter_errors()) == []
    assert said["info"]["version"] == __version__


def test_every_route_is_described_and_nothing_else() -> None:
    assert list(DOCUMENT["paths"]) == [row.path for row in ROUTES]
    assert all({"get", "head"} <= item.keys() for item in DOCUMENT["paths"].values())
    for row in ROUTES:
        assert row.says in DOCUMENT["paths"][row.path]["get"]["description"]
    posts = {path: item["post"] for path, item in DOCUMENT["paths"].items() if "post" in item}
    assert {path: post["description"] for path, post in posts.items()} == {
        command.path: command.says for command in COMMANDS
    }


def test_operations_and_schemas_have_names_of_their_own() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(names) == len(set(names))
    sampled = samples()
    own = [request for request, sample in sampled["routes"].items() if "like" not in sample]
    schemas = DOCUMENT["components"]["schemas"]
    assert len(schemas) == len(own) + len(sampled["schemas"]) + len(("Error", "Problem"))


def test_every_route_belongs_to_a_family_that_is_described() -> None:
    families = {tag["name"] for tag in DOCUMENT["tags"]}
    assert families == {tag for _, _, operation in operations() for tag in operation["tags"]}


def test_every_route_with_an_answer_in_json_has_an_example_and_a_schema() -> None:
    for row in ROUTES:
        is_json = isinstance(row, Live) and "json" in row.content_type
        if isinstance(row, View) or row in FAMILIES or is_json:
            media = DOCUMENT["paths"][row.path]["get"]["responses"]["200"]["content"]
            assert all(told["examples"] and told["schema"] for told in media.values()), row.path


@pytest.mark.parametrize("name", DOCUMENT["components"]["examples"])
def test_an_example_fits_its_own_schema(name: str) -> None:
    schema = DOCUMENT["components"]["schemas"][name]
    assert faults(schema, DOCUMENT["components"]["examples"][name]["value"]) == []


def test_every_example_of_a_route_fits_what_the_route_is_said_to_answer() -> None:
    for path, method, operation in operations(COMMANDING):
        for status, answer in operation["responses"].items():
            for media in answer.get("content", {}).values():
                for example in media.get("examples", {}).values():
                    name = example.get("$ref", "").rpartition("/")[2]
                    known = COMMANDING["components"]["examples"][name] if name else example
                    assert faults(media["schema"], known["value"]) == [], (path, method, status)


@pytest.mark.parametrize("system", ALL)
def test_every_golden_answer_is_as_it_is_described(system: str) -> None:
    for request, answer in stored(system).items():
        path = request.partition("?")[0]
        if path not in DOCUMENT["paths"] or "body" not in answer or "{" in path:
            continue
        status = str(answer["status"])
        described = DOCUMENT["paths"][path]["get"]["responses"][status]
        if "content" in described:
            assert answer["type"].partition(";")[0] in described["content"], request
            assert faults(schema_of(path, status), answer["body"]) == [], request


@pytest.mark.parametrize("house", [Served, Commanded, lambda: None])
def test_every_account_of_this_moment_is_as_it_is_described(house: Any) -> None:
    served = house()
    asked = served.client if served else client(NOTHING)
    rows = [row for row in ROUTES if isinstance(row, Live) and "json" in row.content_type]
    for row in rows:
        for query in filter(None, ("x", row.word)):
            result = asked.simulate_get(row.path, query_string=query, remote_addr=HERE)
            assert faults(schema_of(row.path, str(result.status_code)), result.json) == [], row.path


def test_what_a_route_answers_to_a_fact_is_described() -> None:
    asked = Served().client
    for family in (row for row in ROUTES if isinstance(row, Family)):
        (parameter, *_) = DOCUMENT["paths"][family.path]["get"]["parameters"]
        assert parameter["schema"]["enum"] == list(family.members)
        for member in (one for one in family.members.values() if isinstance(one, Live)):
            for query in ("", member.word):
                result = asked.simulate_get(member.path, query_string=query, remote_addr=HERE)
                assert result.status_code == 200
                assert faults(schema_of(family.path), result.json) == []


# -- the settings -----------------------------------------------------------------------------


def test_the_base_path_is_where_the_server_is() -> None:
    assert DOCUMENT["servers"] == [{"url": "/"}]
    below = document(ROUTES, read_settings({"PROXY_BASE_URL": "/house/1"}), samples())
    assert below["servers"] == [{"url": "/house/1"}]


def test_without_tokens_only_what_acts_may_ask_for_one() -> None:
    secured = {path for path, _, operation in operations() if "security" in operation}
    assert secured == {row.path for row in ROUTES if isinstance(row, Live) and row.acts}
    assert not [path for path, _, operation in operations() if "401" in operation["responses"]]


def test_with_a_read_token_a_route_is_said_to_ask_for_it_exactly_if_it_does() -> None:
    asked = client(NOTHING, PW_READ_TOKEN="read")
    for path, item in GUARDED["paths"].items():
        real = path.replace("{fact}", "power_w").replace("{file}", "now.js")
        status = asked.simulate_get(real, remote_addr=HERE).status_code
        assert ("security" in item["get"]) == (status == 401), path
        assert ("401" in item["get"]["responses"]) == (status == 401), path
        if status == 401:
            result = asked.simulate_get(real, query_string="token=read", remote_addr=HERE)
            assert str(result.status_code) in item["get"]["responses"], path
    assert {"bearer", "token"} == GUARDED["components"]["securitySchemes"].keys()


# -- commands ---------------------------------------------------------------------------------

ENDS = [
    (FakeCommander(), 200),
    (FakeCommander(Outcome.PENDING, "not yet read back"), 202),
    (FakeCommander(refuses=BadCommand("not here")), 400),
    (FakeCommander(Outcome.REJECTED, "our role may not", forbidden=True), 403),
    (FakeCommander(Outcome.REJECTED, "no session"), 409),
    (FakeCommander(Outcome.UNKNOWN, "sent, but no answer"), 504),
]


def fits_a_post(result: testing.Result, path: str, said: dict[str, Any]) -> None:
    answers = said["paths"][path]["post"]["responses"]
    answer = answers[str(result.status_code)]
    if "$ref" in answer:
        answer = said["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    schema = answer["content"][result.headers["content-type"].partition(";")[0]].get("schema", {})
    assert faults(schema, result.json) == []
    for name in answer.get("headers", {}):
        assert name.lower() in result.headers


@pytest.mark.parametrize("command", COMMANDS, ids=lambda row: row.path)
def test_without_a_secret_a_command_is_said_to_be_refused(command: Any) -> None:
    assert DOCUMENT["paths"][command.path]["post"]["responses"].keys() == {"400"}
    fits_a_post(Served().client.simulate_post(command.path, json={}), command.path, DOCUMENT)


@pytest.mark.parametrize(("commander", "status"), ENDS)
@pytest.mark.parametrize("command", [c for c in COMMANDS if c.example], ids=lambda row: row.path)
def test_whatever_becomes_of_a_command_is_described(
    command: Any, commander: FakeCommander, status: int
) -> None:
    result = Commanded(commander).json(command.path, dict(command.example))
    assert result.status_code == status
    fits_a_post(result, command.path, COMMANDING)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda row: row.path)
def test_a_command_that_is_not_taken_up_is_described(command: Any) -> None:
    served = Commanded()
    for body, status in (("value=1", 401), ("x" * 5000, 413), ("\xff", 401)):
        result = served.post(command.path, body)
        assert result.status_code == status
        fits_a_post(result, command.path, COMMANDING)
    for _ in range(20):
        result = served.post(command.path, "token=wrong")
    assert result.status_code == 429
    fits_a_post(result, command.path, COMMANDING)


def test_the_fields_of_a_command_are_those_it_reads() -> None:
    for command in COMMANDS:
        body = COMMANDING["paths"][command.path]["post"]["requestBody"]["content"]
        assert body["application/json"]["schema"]["properties"].keys() >= command.fields.keys()
        assert faults(body["application/json"]["schema"], dict(command.example)) == []


# -- rows nobody has described ----------------------------------------------------------------


@dataclass(frozen=True)
class Novelty:
    path: str
    says: str


def test_a_row_of_a_new_kind_without_a_sample_is_described_all_the_same() -> None:
    rows: Any = (Novelty("/novelty", "New."),)
    said = document(rows, read_settings({}), samples())
    assert list(OpenAPIV31SpecValidator(said).iter_errors()) == []
    assert list(said["paths"]) == ["/novelty"]


# -- what is served ---------------------------------------------------------------------------


def test_the_document_is_served_and_named_by_an_etag() -> None:
    asked = client(NOTHING)
    first = asked.simulate_get("/openapi.json", remote_addr=HERE)
    assert first.headers["content-type"] == "application/json"
    assert first.json == json.loads(json.dumps(DOCUMENT))
    held = {"If-None-Match": first.headers["etag"]}
    assert asked.simulate_get("/openapi.json", headers=held).status_code == 304
    head = asked.simulate_head("/openapi.json")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == first.headers["content-length"]


def test_nothing_is_read_or_written_before_somebody_asks() -> None:
    late = {"proxy.openapi", "proxy.traits", "proxy.docspage"}
    code = f"import sys, proxy.server; print(sorted({late!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"


def test_the_samples_stay_small() -> None:
    assert len(json.dumps(samples(), separators=(",", ":"))) < 90_000


# -- the page ---------------------------------------------------------------------------------


class Page(HTMLParser):
    """What a page links to, and every tag it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        found = dict(attrs)
        if tag == "a":
            self.links.append(found["href"] or "")
        if "id" in found:
            self.ids.append(found["id"] or "")


def test_the_page_shows_every_route_and_links_those_that_only_tell() -> None:
    text = docspage.page(DOCUMENT)
    page = Page(text)
    for path, item in DOCUMENT["paths"].items():
        assert f">{path}<" in text or f"<h3>{path}" in text
        acts = "403" in item["get"]["responses"] or "{" in path
        assert ((path[1:] or "./") in page.links) == (not acts), path
    assert "api/v1/state/power_w" in page.links
    assert "csv?headers" in page.links


def test_links_of_the_page_lead_somewhere_also_below_a_base_path() -> None:
    page = Page(docspage.page(DOCUMENT))
    served = {path[1:] or "./" for path in DOCUMENT["paths"]}
    facts = {row.path[1:] for f in ROUTES if isinstance(f, Family) for row in f.members.values()}
    for link in page.links:
        assert not link.startswith("/")
        if link.startswith("#"):
            assert link[1:] in page.ids, link
        else:
            assert link.partition("?")[0] in served | facts, link
    assert len(page.ids) == len(set(page.ids))


def test_the_page_needs_neither_script_nor_style_of_its_own() -> None:
    page = Page(docspage.page(DOCUMENT))
    assert not {"script", "style", "iframe", "img"} & page.tags
    assert not {name for name in page.attributes if name == "style" or name.startswith("on")}
    served = client(NOTHING).simulate_get("/docs", remote_addr=HERE)
    assert served.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'self'" in served.headers["content-security-policy"]
    assert served.text == docspage.page(DOCUMENT)


def test_no_name_of_the_page_is_styled_as_something_of_another_page() -> None:
    (css,) = (page for page in PAGES if page.path == "/page.css")
    styled = re.findall(r"#([a-z]+)", client(NOTHING).simulate_get(css.path).text)
    assert styled
    assert not set(styled) & set(Page(docspage.page(DOCUMENT)).ids)


def test_what_a_row_says_is_text_on_the_page() -> None:
    rows: Any = (Novelty("/a<b>&", 'Says <script>"&`<i>`.'),)
    text = docspage.page(document(rows, read_settings({}), samples()))
    assert "<script>" not in text
    assert "<b>" not in text
    assert "<i>" not in text
    assert "Says &lt;script&gt;&quot;&amp;<code>&lt;i&gt;</code>." in text


def test_the_rows_that_describe_are_described() -> None:
    assert {row.path for row in ABOUT} == {"/openapi.json", "/docs"}
    assert {row.path for row in ABOUT} <= DOCUMENT["paths"].keys()
