"""Golden files: what every route answers on every frozen system, as JSON that can be compared.

`make golden` writes them anew; the difference in git is what to look at before a commit.
"""

from __future__ import annotations

import json
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from falcon import testing

from proxy.app import Application
from proxy.desk import Desk
from proxy.routes import LIVE, ROUTES, VIEWS
from proxy.settings import read_settings
from pypowerwall_core.payloads import STANDS_IN_FOR
from pypowerwall_core.site import Asked, Site
from pypowerwall_core.snapshot import Absent, Snapshot, Unknown

from .desk import HERE, Client
from .frozen import NEEDS, SYSTEMS, frozen

FOLDER = Path(__file__).parents[1] / "contract" / "golden"
NOTHING = "nothing"
"""A house of which nothing is known."""
ALL = (*SYSTEMS, NOTHING)
_MOMENT = {live.path for live in LIVE}


class StoodStill(Site):
    """A site that knows one snapshot for ever."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__()
        self._snapshot = snapshot

    def ask(self, needs: Any) -> Asked:
        entries = {need: self._snapshot.entries[need] for need in needs if self._asks(need, needs)}
        flights: tuple[Future[None], ...] = ()
        numbers = self._snapshot.numbers
        return Asked(Snapshot(entries, self._snapshot.at_s, numbers), flights, self.now_s())

    def _asks(self, need: str, needs: Any) -> bool:
        other = STANDS_IN_FOR.get(need)
        return other not in needs or isinstance(self._snapshot.entries[other], Absent)


def requests() -> list[str]:
    """Every request the golden files answer: each route, and each that a query changes."""
    worded = [f"{view.path}?{view.word}" for view in VIEWS if view.word]
    return [*(row.path for row in ROUTES), *worded]


def answers(system: str) -> dict[str, Any]:
    """What every request is answered on one system."""
    snapshot = _of_nothing() if system == NOTHING else frozen(system)
    desk = Desk(StoodStill(snapshot), read_settings({}))
    client = Client(Application(desk))
    return {request: _answer(client, request) for request in requests()}


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
    return Snapshot(dict.fromkeys(NEEDS, Unknown()), 1.7e9)


def _answer(client: testing.TestClient, request: str) -> dict[str, Any]:
    path, _, query = request.partition("?")
    result = client.simulate_get(path, query_string=query, remote_addr=HERE)
    content_type = result.headers["content-type"]
    is_json = content_type == "application/json"
    head = {"status": result.status_code, "type": content_type}
    if path in _MOMENT:
        return head | ({"kinds": _kinds(result.json)} if is_json else {})
    if content_type.startswith(("text/html", "text/css", "text/javascript")):
        return head
    known = result.headers.get("cache-status", "").partition("; ")[2].partition("; ttl")[0]
    return head | {"cache": known, "body": result.json if is_json else result.text}


def _kinds(value: Any) -> Any:
    """The shape of what changes with every moment: keys and types."""
    if isinstance(value, dict):
        return {key: _kinds(inner) for key, inner in value.items()}
    return type(value).__name__


if __name__ == "__main__":
    write()
