"""The story of one outage: what clients get, what the gateway sees, what the log says.

A story is lived first and judged afterwards, so that several can be lived at once.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulator.gateway import Simulator

from .served import PASSWORD, Reply, Served, until

CORE = ("/aggregates", "/soe", "/api/system_status/grid_status")
DEVICES = {"pw2": "/vitals", "novitals": "/api/solar_powerwall"}
ALWAYS = ("/health", "/healthz", "/stats")
KEPT_S = 3
LIMIT_S = 40.0


@dataclass(frozen=True, slots=True)
class Trouble:
    """A failure mode and what it may cost.

    Attributes:
        says: What the log's one line about the cause holds.
        remedy: What a person is told to do (a pattern), where a person can do something.
        state: What /health calls it, "up" where no client notices anything.
        logins: Logins that the gateway sees because of it, refused ones included.
        asked_most: Requests that the gateway sees during the fault at most ...
        each_s: ... and one more for each so many seconds that it lasts.
        recovers: It is over soon after the fault is, and not only after a minute or more.
    """

    fault: str
    says: str
    remedy: str = ""
    state: str = "down"
    options: Mapping[str, Any] = field(default_factory=dict)
    timeout_s: float = 4.0
    logins: int = 0
    asked_most: int = 12
    each_s: float = 8.0
    recovers: bool = True
    forgets_sessions: bool = False
    system: str = "pw2"

    @property
    def noticed(self) -> bool:
        return self.state != "up"

    @property
    def watched(self) -> tuple[str, ...]:
        return (*CORE, DEVICES[self.system], "/version")


@dataclass(slots=True)
class Story:
    """What happened, in order."""

    warm: dict[str, bytes]
    during: list[tuple[str, Reply]]
    health: dict[str, Any]
    lasted_s: float
    asked: int
    logins: int
    most_in_flight: int
    log: str
    after: dict[str, Reply]

    def replies(self, path: str) -> list[Reply]:
        return [reply for asked, reply in self.during if asked == path]


def store_session(sim: Simulator, folder: Path) -> str:
    """Write a session file as an earlier run would have left it; return the token."""
    token = sim._hub.desk.sessions.open()
    folder.mkdir(parents=True, exist_ok=True)
    session = {"AuthCookie": token, "UserRecord": "user"}
    (folder / ".powerwall").write_text(json.dumps(session), "utf-8")
    return token


def live_through(trouble: Trouble, folder: Path) -> Story:
    """Warm up, break the gateway, watch, mend it, watch."""
    with Simulator(system=trouble.system, frozen=True, password=PASSWORD) as sim:
        store_session(sim, folder / "auth")
        with Served(folder, **_settings(sim, trouble)) as proxy:
            return _Outage(trouble, sim, proxy).live()


def _settings(sim: Simulator, trouble: Trouble) -> dict[str, str]:
    return {
        "PW_HOST": sim.address,
        "PW_PASSWORD": PASSWORD,
        "PW_CACHE_EXPIRE": "1",
        "PW_CACHE_TTL": str(KEPT_S),
        "PW_TIMEOUT": str(trouble.timeout_s),
        "PW_CLIENT_BUDGET": "1",
    }


class _Outage:
    def __init__(self, trouble: Trouble, sim: Simulator, proxy: Served) -> None:
        self._trouble = trouble
        self._sim = sim
        self._proxy = proxy
        self._during: list[tuple[str, Reply]] = []

    def live(self) -> Story:
        warm = {path: self._proxy.known(path, LIMIT_S).body for path in self._trouble.watched}
        until(lambda: all(reply.fresh for reply in self._round().values()), LIMIT_S)
        log_begins = len(self._proxy.log)
        self._sim.counters.reset()
        began_s = time.monotonic()
        self._break()
        until(self._glance, LIMIT_S)
        health = self._proxy.get("/health").document
        seen = self._sim.counters.snapshot()
        lasted_s = time.monotonic() - began_s
        self._sim.faults.stop()
        after = self._recovered(warm) if self._trouble.recovers else {}
        return Story(
            warm=warm,
            during=self._during,
            health=health,
            lasted_s=lasted_s,
            asked=seen["total"],
            logins=_logins(seen),
            most_in_flight=seen["most_in_flight"],
            log=self._proxy.log[log_begins:],
            after=after,
        )

    def _break(self) -> None:
        self._sim.faults.start(self._trouble.fault, **self._trouble.options)
        if self._trouble.forgets_sessions:
            self._sim.expire_sessions()

    def _round(self) -> dict[str, Reply]:
        return {path: self._proxy.get(path) for path in self._trouble.watched}

    def _glance(self) -> bool:
        """Look once; say whether there is no more to see while the fault lasts."""
        replies = {path: self._proxy.get(path) for path in (*self._trouble.watched, *ALWAYS)}
        self._during += replies.items()
        if self._trouble.noticed:
            return all(replies[path].body == b"null" for path in CORE)
        logged_in = _logins(self._sim.counters.snapshot()) > 0
        return logged_in and all(replies[path].fresh for path in CORE)

    def _recovered(self, warm: Mapping[str, bytes]) -> dict[str, Reply]:
        def fresh() -> dict[str, Reply] | None:
            replies = self._round()
            good = all(reply.fresh and reply.body == warm[path] for path, reply in replies.items())
            return replies if good else None

        return until(fresh, LIMIT_S)


def _logins(counters: Mapping[str, Any]) -> int:
    return int(counters["logins"]) + int(counters["logins_refused"])
