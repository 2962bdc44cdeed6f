"""The application over the frozen documents of each system, and over nothing."""

from __future__ import annotations

from functools import cache
from typing import Any

from falcon import testing
from support.desk import HERE
from support.frozen import HOMES, documents, frozen, of_nothing
from support.golden import NOTHING, StoodStill

from proxy.app import Application
from proxy.desk import Desk
from proxy.routes import VIEWS
from proxy.settings import read_settings
from pypowerwall_core.snapshot import Known, Snapshot, Unknown

ALL = (*HOMES, NOTHING)
_VIEWS = {view.path: view.render for view in VIEWS}


def snapshot(system: str) -> Snapshot:
    if system == NOTHING:
        return Snapshot(of_nothing(), 1.7e9)
    return frozen(system)


def told(system: str) -> dict[str, Any]:
    return {} if system == NOTHING else documents(system)


def changed(system: str, **edits: Any) -> Snapshot:
    """A system of which some documents are others; None is one that is not known."""
    entries: dict[str, Any] = dict(frozen(system).entries)
    for payload, document in edits.items():
        known = Known(document, 2, 0.0, 60.0)
        entries[payload] = Unknown() if document is None else known
    return Snapshot(entries, 1.7e9, frozen(system).numbers)


def render(known: Snapshot, path: str) -> Any:
    """What a view makes of what is known, without a server."""
    return _VIEWS[path](known)


def ask(client: testing.TestClient, request: str, method: str = "GET") -> testing.Result:
    path, _, query = request.partition("?")
    # Not Falcon's own host: what tells of settings answers under names of this machine only.
    return client.simulate_request(
        method, path, query_string=query, remote_addr=HERE, host="localhost"
    )


def over(known: Snapshot, **settings: str) -> testing.TestClient:
    """A client of the application over what is known."""
    return testing.TestClient(Application(Desk(StoodStill(known), read_settings(settings))))


@cache
def house(system: str, **settings: str) -> testing.TestClient:
    """A client of the application over one system."""
    return over(snapshot(system), **settings)


@cache
def reply(system: str, request: str) -> testing.Result:
    """What a request is answered on a system; asked once."""
    return ask(house(system), request)
