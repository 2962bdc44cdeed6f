"""The story of one fault: what clients get, what the gateway sees, what the log says.

A story is lived first and judged afterwards, so that several can be lived at once.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pypowerwall_core.backends.local import vitals
from simulator.desk import Request
from simulator.gateway import Simulator

from .forked import Forked
from .served import PASSWORD, Reply
from .trouble import AGGREGATES, GRID_STATUS, SOE, SOLAR_POWERWALL, VITALS, Trouble

ALWAYS = ("/health", "/healthz", "/stats")
GATEWAY_PATHS = {
    AGGREGATES: "/api/meters/aggregates",
    SOE: "/api/system_status/soe",
    GRID_STATUS: GRID_STATUS,
    VITALS: "/api/devices/vitals",
    SOLAR_POWERWALL: SOLAR_POWERWALL,
}
FRESH_S = 1.0
KEPT_S = 3
KEPT_LONG_S = 30
BUDGET_S = 1
LIMIT_S = 45.0
GLANCE_S = 0.1
PROMPT_S = 3.0
"""The budget of a second, and a busy machine; most of the gateway's timeouts are longer."""
YOUNG_S = 20
"""What a busy machine may make of a second; wrong clocks are an hour or more off."""


@dataclass(slots=True)
class Story:
    """What happened, in order.

    Attributes:
        warm: What each route read before.
        told: What the gateway itself says meanwhile, by route.
        lasted_s: From before the fault until `health` and `seen` were taken.
        seen: The gateway's counters.
        after: What each route read when it was over ...
        health_after: ... and what /health said then, `after_s` after the fault began.
    """

    warm: dict[str, bytes]
    told: dict[str, Any]
    during: list[tuple[str, Reply]]
    health: dict[str, Any]
    lasted_s: float
    seen: dict[str, Any]
    log: str
    after: dict[str, Reply]
    health_after: dict[str, Any]
    after_s: float

    def replies(self, path: str) -> list[Reply]:
        return [reply for asked, reply in self.during if asked == path]

    @property
    def lane(self) -> dict[str, Any]:
        (lane,) = self.health["lanes"]
        return dict(lane)

    @property
    def logins(self) -> int:
        return logins(self.seen)


def store_session(sim: Simulator, folder: Path) -> None:
    """Write a session file as an earlier run would have left it."""
    folder.mkdir(parents=True, exist_ok=True)
    session = {"AuthCookie": sim._hub.desk.sessions.open(), "UserRecord": "user"}
    (folder / ".powerwall").write_text(json.dumps(session), "utf-8")


def told(sim: Simulator, path: str) -> Any:
    """Read a document over the gateway's desk: no request, no login, and nothing counts it."""
    sessions = sim._hub.desk.sessions
    token = sessions.open()
    answer = sim._hub.desk.answer(Request("GET", path, token))
    sessions.forget(token)
    if answer.status != 200:
        return None
    return vitals.decode(answer.body) if path.endswith("/vitals") else json.loads(answer.body)


def logins(counters: Mapping[str, Any]) -> int:
    return int(counters["logins"]) + int(counters["logins_refused"])


def live_through(trouble: Trouble, folder: Path) -> Story:
    return _Outage(trouble, folder).live()


class _Outage:
    """Warm up, break the gateway, watch, mend it, watch."""

    def __init__(self, trouble: Trouble, folder: Path) -> None:
        self._trouble = trouble
        self._folder = folder
        self._sim = Simulator(system=trouble.system, frozen=True, password=PASSWORD)
        self._during: list[tuple[str, Reply]] = []
        self._well: set[str] = set()

    def live(self) -> Story:
        trouble, folder = self._trouble, self._folder
        with self._sim as sim:
            store_session(sim, folder / "auth")
            began_s = time.monotonic()
            if trouble.early:
                self._break()
            with Forked(folder, **self._settings()) as self._proxy:
                return self._watch(began_s)

    def _settings(self) -> dict[str, str]:
        trouble, pin = self._trouble, self._folder / "gateway.pem"
        pin.write_text(self._sim.certificate_pem, "utf-8")
        return {
            "PW_HOST": self._sim.address,
            "PW_PASSWORD": PASSWORD,
            "PW_CACHE_EXPIRE": str(FRESH_S),
            "PW_CACHE_TTL": str(KEPT_S if trouble.ill else KEPT_LONG_S),
            "PW_TIMEOUT": "4",
            "PW_CLIENT_BUDGET": str(BUDGET_S),
            **({"PW_HOST_CERT": str(pin)} if trouble.pinned else {}),
            **trouble.settings,
        }

    def _watch(self, began_s: float) -> Story:
        trouble, sim, proxy = self._trouble, self._sim, self._proxy
        warm = self._warm_up()
        log_begins = 0 if trouble.early else len(proxy.log)
        if not trouble.early:
            sim.counters.reset()
            began_s = time.monotonic()
            self._break()
        settle(lambda: self._unseen(warm))
        health = proxy.get("/health").document
        seen = sim.counters.snapshot()
        lasted_s = time.monotonic() - began_s
        reading = self._told()
        sim.faults.stop()
        after = self._recovered(warm)
        return Story(
            warm=warm,
            told=reading,
            during=self._during,
            health=health,
            lasted_s=lasted_s,
            seen=seen,
            after=after,
            health_after=proxy.get("/health").document,
            after_s=time.monotonic() - began_s,
            log=proxy.log[log_begins:],
        )

    def _break(self) -> None:
        trouble = self._trouble
        self._sim.faults.start(trouble.fault, trouble.path, **trouble.options)
        if trouble.forgets_sessions:
            self._sim.expire_sessions()

    def _warm_up(self) -> dict[str, bytes]:
        """Ask until every route that should be is fresh."""
        warm: dict[str, bytes] = {}

        def cold() -> list[str]:
            for path, reply in self._look(self._trouble.watched).items():
                if reply.fresh:
                    warm[path] = reply.body
            named = self._trouble.surprises or self._proxy.get("/stats").document["site_name"]
            unnamed = [] if named else ["the site's name"]
            return [path for path in self._trouble.warmed if path not in warm] + unnamed

        settle(cold)
        return {path: warm[path] for path in self._trouble.warmed}

    def _look(self, paths: Collection[str]) -> dict[str, Reply]:
        return {path: self._proxy.get(path) for path in paths}

    def _told(self) -> dict[str, Any]:
        """What the gateway says, as far as it is asked."""
        said = {
            route: told(self._sim, path)
            for route, path in GATEWAY_PATHS.items()
            if route in self._trouble.watched
        }
        return said | dict(self._trouble.reads)

    def _unseen(self, warm: Mapping[str, bytes]) -> list[str]:
        """Look once; name what has not come yet, of all that the fault should bring."""
        trouble = self._trouble
        replies = self._look((*trouble.watched, *ALWAYS))
        self._during += replies.items()
        unseen = [path for path in trouble.ill if replies[path].body != b"null"]
        if logins(self._sim.counters.snapshot()) < trouble.logins:
            unseen.append("login")
        (lane,) = replies["/health"].document["lanes"]
        if lane["state"] != trouble.state:
            unseen.append(f"{trouble.state!r} instead of {lane['state']!r}")
        return unseen if trouble.noticed else unseen + self._not_yet_well(replies, warm)

    def _not_yet_well(self, replies: Mapping[str, Reply], warm: Mapping[str, bytes]) -> list[str]:
        """Name the routes that were not yet seen fresh with what the gateway says now."""
        trouble, requests = self._trouble, self._sim.counters.snapshot()["requests"]
        # One may have left before the fault; where it shows, that is proof enough.
        least = 1 if trouble.shows or trouble.logins or trouble.early else 2
        for route, document in self._told().items():
            reply = replies[route]
            changes = route not in trouble.shows or reply.body != warm[route]
            known = requests.get(GATEWAY_PATHS[route], 0) >= least and changes
            if known and reply.fresh and reply.document == document:
                self._well.add(route)
        return [route for route in self._told() if route not in self._well | set(trouble.ill)]

    def _recovered(self, warm: Mapping[str, bytes]) -> dict[str, Reply]:
        """Ask until fresh data is back wherever it comes back soon."""
        trouble = self._trouble
        if trouble.noticed and not trouble.recovers:
            return self._look(trouble.watched)
        resting = () if trouble.recovers else trouble.ill
        back: dict[str, Reply] = {}

        def away() -> list[str]:
            back.update(
                (path, reply)
                for path, reply in self._look(trouble.watched).items()
                if path in resting or (reply.fresh and reply.body == warm[path])
            )
            return [path for path in trouble.watched if path not in back]

        settle(away)
        return back


def settle(missing: Callable[[], Collection[str]], limit_s: float = LIMIT_S) -> None:
    """Look again and again until nothing is missing any more."""
    ends_s = time.monotonic() + limit_s
    while names := missing():
        if time.monotonic() > ends_s:
            raise AssertionError(f"not within {limit_s:g} s: {', '.join(names)}")
        time.sleep(GLANCE_S)
