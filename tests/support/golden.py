"""Golden files: what every route answers on every frozen system, as JSON that can be compared.

`make golden` writes them anew; the difference in git is what to look at before a commit.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from falcon import testing

from proxy.app import Application
from proxy.desk import Desk
from proxy.routes import ABOUT, LIVE, PAGES, ROUTES, SCRAPES, STREAMS, VIEWS
from proxy.settings import read_settings
from pypowerwall_core.payloads import STANDS_IN_FOR
from pypowerwall_core.site import Asked, Site
from pypowerwall_core.snapshot import Absent, Snapshot

from .desk import HERE, Client
from .frozen import CLOUDS, SYSTEMS, frozen, of_nothing

FOLDER = Path(__file__).parents[1] / "contract" / "golden"
NOTHING = "nothing"
"""A house of which nothing is known."""
ALL = (*SYSTEMS, *CLOUDS, NOTHING)
_MOMENT = {live.path for live in LIVE}
_LONG = {row.path for row in (*ABOUT, *SCRAPES, *STREAMS, *PAGES)}
"""What has tests of its own, and would hide every other difference."""


class StoodStill(Site):
    """A site that knows one snapshot for ever."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__()
        self._still = snapshot

    def ask(self, needs: Any, patience: Any = None) -> Asked:  # noqa: ARG002 - as Site.ask
        return Asked(self.look(needs), (), self.now_s())

    def look(self, needs: Any) -> Snapshot:
        known = self._still.entries
        entries = {need: known[need] for need in needs if self._asks(need, needs)}
        return replace(self._still, entries=entries)

    def _asks(self, need: str, needs: Any) -> bool:
        other = STANDS_IN_FOR.get(need)
        return other not in needs or isinstance(self._still.entries[other], Absent)


def requests() -> list[str]:
    """Every request the golden files answer: each route, and each that a query changes."""
    worded = [f"{view.path}?{view.word}" for view in VIEWS if view.word]
    return [*(row.path for row in ROUTES), *worded]


def answers(system: str) -> dict[str, Any]:
    """What every request is answered on one system."""
    asked = client(system)
    return {request: _answer(asked, request) for request in requests()}


def client(system: str, **environ: str) -> Client:
    """A client of a proxy that knows one system for ever."""
    return Client(application(system, **environ))


def application(system: str, **environ: str) -> Application:
    """A proxy that knows one system for ever."""
    snapshot = _of_nothing() if system == NOTHING else frozen(system)
    return Application(Desk(StoodStill(snapshot), read_settings(environ)))


def stored(system: str) -> dict[str, Any]:
    """What was answered when the golden file was made."""
    document: dict[str, Any] = json.loads(_file(system).read_text("utf-8"))
    return document


def write() -> None:
    """Make all golden files anew."""
    FOLDER.mkdir(exist_ok=True)
    for system in ALL:
        text = json.dumps(answers(system), indent=1, ensure_ascii=False)
        _file(system).write_text(text + "\n", "utf-8")


def _file(system: str) -> Path:
    return FOLDER / f"{system}.json"


def _of_nothing() -> Snapshot:
    return Snapshot(of_nothing(), 1.7e9)


def _answer(client: testing.TestClient, request: str) -> dict[str, Any]:
    path, _, query = request.partition("?")
    result = client.simulate_get(path, query_string=query, remote_addr=HERE)
    content_type = result.headers["content-type"]
    is_json = content_type == "application/json"
    head = {"status": result.status_code, "type": content_type}
    if path in _LONG:
        return head
    if path in _MOMENT:
        return head | ({"kinds": _kinds(result.json)} if is_json else {})
    if content_type.startswith("text/html"):
        return head
    known = result.headers.get("cache-status", "").partition("; ")[2].partition("; ttl")[0]
    return head | {"cache": known, "body": result.json if is_json else result.text}


def _kinds(value: Any) -> Any:
    """The shape of what changes with every moment: keys and types."""
    if isinstance(value, dict):
        return {key: _kinds(inner) for key, inner in value.items()}
    return type(value).__name__


if __name__ == "__main__":
    from support import helpsamples, samples  # which are made of these

    write()
    samples.write()
    helpsamples.write()
