"""The files of the page: what is served, how it may be framed, what it may do."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from support.desk import Served

from proxy.routes import PAGES
from proxy.routes.pages import ASSETS, DOCUMENTS
from proxy.rows import HTML_TYPE, Page

WEB = Path(__file__).parents[2] / "proxy" / "web"
FILES = sorted(path for path in WEB.rglob("*") if path.is_file())
SCRIPTS = sorted((WEB / "page").glob("*.js"))
HTML = [page for page in DOCUMENTS if page.content_type == HTML_TYPE]
VIEWS = [page for page in HTML if page.view]
MOST_BYTES = 120_000
STYLES = ("clear", "black", "dakboard", "white", "grafana", "grafana-dark", "solar")


def named(path: Path) -> str:
    return path.relative_to(WEB).as_posix()


def policy(served: Served, path: str) -> dict[str, str]:
    header = served.get(path).headers["content-security-policy"]
    rules = (rule.strip().partition(" ") for rule in header.split(";"))
    return {name: value for name, _, value in rules}


def test_all_files_together_are_small() -> None:
    assert sum(path.stat().st_size for path in FILES) < MOST_BYTES


def test_every_file_is_served_and_nothing_else() -> None:
    parts = {page.file for page in PAGES} | {"shell.html"}
    assert parts == {named(path) for path in FILES}
    assert [page.path for page in PAGES if page not in DOCUMENTS] == [
        f"/page/{name}" for name in ASSETS.members
    ]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_module_is_short_and_writes_text_only(script: Path) -> None:
    text = script.read_text("utf-8")
    assert text.count("\n") < 350
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert way not in text
    assert "localStorage" not in text
    # What a module imports is there, and is ours.
    for source in re.findall(r'from "([^"]+)"', text):
        assert source.startswith("./")
        assert (WEB / "page" / source).exists()


@pytest.mark.parametrize("page", HTML, ids=lambda page: page.path)
def test_a_document_has_relative_addresses_and_nothing_inline(page: Page) -> None:
    served = Served(PW_STYLE="black")
    # What is shown for copying is another matter.
    text = re.sub(r"<pre>.*?</pre>", "", served.get(page.path).text, flags=re.DOTALL)
    addresses = re.findall(r'(?:href|src)="([^"]*)"', text)
    assert addresses
    assert not [address for address in addresses if address.startswith("/") or ":" in address]
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script>|<script(?![^>]*\ssrc=)", text)
    known = {row.path for row in PAGES} | {"/json", "/docs", "/help", "/metrics", "/api/v1/state"}
    assert {f"/{address.partition('?')[0].removeprefix('./')}" for address in addresses} <= known


@pytest.mark.parametrize("page", VIEWS, ids=lambda page: page.path)
def test_a_view_is_whole_and_tells_which_it_is(page: Page) -> None:
    text = Served().get(page.path).text
    assert "{" not in text
    assert text.count("aria-current") == 1
    assert f'data-view="{page.view}" aria-current="page"' in text
    assert f'src="page/{page.view}.js"' in text


@pytest.mark.parametrize("style", STYLES)
def test_the_style_is_in_the_document_itself(style: str) -> None:
    for page in VIEWS:
        assert f'data-style="{style}"' in Served(PW_STYLE=style).get(page.path).text
    themes = (WEB / "page" / "themes.css").read_text("utf-8")
    assert style == "clear" or f'[data-style="{style}"]' in themes
    assert f'"{style}"' in (WEB / "page" / "boot.js").read_text("utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_a_page_loads_only_what_is_ours(page: Page) -> None:
    served = Served()
    rules = policy(served, page.path)
    assert rules.pop("frame-ancestors") == page.frames
    assert rules == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "manifest-src": "'self'",
        "frame-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    headers = served.get(page.path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_dashboards_may_frame_the_page_and_nobody_the_settings() -> None:
    served = Served()
    assert policy(served, "/")["frame-ancestors"] == "*"
    assert "x-frame-options" not in served.get("/").headers
    assert policy(served, "/settings")["frame-ancestors"] == "'none'"
    assert served.get("/settings").headers["x-frame-options"] == "DENY"


def test_what_modules_load_is_asked_for_at_once() -> None:
    """Each module that is not announced costs the first paint a round trip."""
    wanted: set[str] = set()
    todo = ["now.js"]
    while todo:
        text = (WEB / "page" / todo.pop()).read_text("utf-8")
        new = set(re.findall(r'from "\./([^"]+)"', text)) - wanted
        wanted |= new
        todo += new
    announced = re.findall(r'modulepreload" href="page/([^"]+)"', Served().get("/").text)
    assert sorted(announced) == sorted(wanted)


def test_the_manifest_names_icons_that_are_served() -> None:
    answer = Served().get("/manifest.webmanifest")
    assert answer.headers["content-type"] == "application/manifest+json"
    manifest = json.loads(answer.text)
    served = {page.path for page in PAGES}
    assert {f"/{icon['src']}" for icon in manifest["icons"]} <= served
    assert not manifest["start_url"].startswith("/")
