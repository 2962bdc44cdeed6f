"""The library over a gateway of paper: no socket, no thread, a clock that is set by hand.

Whoever waits for a flight flies it, so that hours of a script's life take milliseconds.
"""

from __future__ import annotations

import json
import weakref
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from requests.structures import CaseInsensitiveDict

from pypowerwall_core.backends.local.address import Address
from pypowerwall_core.backends.local.controller import LocalController
from pypowerwall_core.backends.local.reader import LocalUpstream, sources
from pypowerwall_core.backends.local.session import Credentials
from pypowerwall_core.backends.local.transport import Answer
from pypowerwall_core.build import ControlConfig
from pypowerwall_core.claims import plain
from pypowerwall_core.client import Client
from pypowerwall_core.commander import Commander
from pypowerwall_core.commandlog import CommandLog
from pypowerwall_core.commands import Command
from pypowerwall_core.connect import Gateway, GatewayConfig, open_session
from pypowerwall_core.execution import Execution
from pypowerwall_core.flights import Hold
from pypowerwall_core.journal import Journal
from pypowerwall_core.lane import Lane
from pypowerwall_core.policy import Patience
from pypowerwall_core.powerwall import CACHE_TTL_S, Powerwall
from pypowerwall_core.redact import Secrets
from pypowerwall_core.site import Reader, Site
from pypowerwall_core.slot import Slot

from .controllers import FakeClock

HOST = "10.0.0.5"
PASSWORD = "K3y_4-me"
BUDGET_S = 10.0
EXPIRE_S = 5.0
LOGIN, OPERATION, COMPLETED = "/api/login/Basic", "/api/operation", "/api/config/completed"
METERS, SOE, GRID = (
    "/api/meters/aggregates",
    "/api/system_status/soe",
    "/api/system_status/grid_status",
)
COOKIES = {"AuthCookie": "c00kie-of-a-session", "UserRecord": "rec0rd-of-a-user"}
DOCUMENTS: Mapping[str, Any] = {
    METERS: {
        "site": {"instant_power": -300},
        "battery": {"instant_power": -1500},
        "load": {"instant_power": 1200},
        "solar": {"instant_power": 3000},
    },
    SOE: {"percentage": 24.0},
    GRID: {"grid_status": "SystemGridConnected", "grid_services_active": False},
    OPERATION: {"real_mode": "self_consumption", "backup_reserve_percent": 24.0},
    "/api/status": {"din": "1-2--TG1", "version": "23.44.1 9064fc6a", "up_time_seconds": "1h2m3s"},
    "/api/site_info/site_name": {"site_name": "Home", "timezone": "UTC"},
    "/api/system_status": {
        "nominal_full_pack_energy": 27000,
        "nominal_energy_remaining": 13500,
        "battery_blocks": [{"PackageSerialNumber": "TG9", "disabled_reasons": ["none"]}],
    },
    "/api/solar_powerwall": {
        "pvac_status": {"string_vitals": [{"connected": True, "current": [4.0]}]},
        "pvac_alerts": {"PVAC_a042": True},
    },
}
Reply = Answer | Exception


def answer(
    document: Any = None,
    status: int = 200,
    *,
    body: bytes | None = None,
    cookies: dict[str, str] | None = None,
) -> Answer:
    content = json.dumps(document).encode() if body is None else body
    return Answer(status, CaseInsensitiveDict(), content, cookies or {})


@dataclass
class PaperGateway:
    """What stands where the transport does.

    `wants_login`: what comes without the cookie of `session` is refused, but the status.
    `applies`: what is written shows.
    """

    clock: FakeClock
    documents: dict[str, Any] = field(default_factory=lambda: json.loads(json.dumps(DOCUMENTS)))
    latency_s: float = 0.05
    wants_login: bool = False
    applies: bool = True
    session: str = "none yet"
    sent: list[str] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    _scripts: dict[str, list[Reply]] = field(default_factory=dict)
    _stored: dict[str, Any] | None = None

    def script(self, request: str, *replies: Reply) -> None:
        """Have the next requests answered so, the last reply again and again."""
        self._scripts[request] = list(replies)

    def request(
        self, method: str, path: str, *, headers: Mapping[str, str], json: Any = None, **_: Any
    ) -> Answer:
        self.clock.advance(self.latency_s)
        request = f"{method} {path}"
        self.sent.append(request)
        if method == "POST":
            self.bodies.append(json)
        if replies := self._scripts.get(request):
            reply = replies.pop(0) if len(replies) > 1 else replies[0]
            if isinstance(reply, Exception):
                raise reply
            return reply
        return self._reply(method, path, headers, json)

    def _reply(self, method: str, path: str, headers: Mapping[str, str], document: Any) -> Answer:
        if path == LOGIN:
            self.session = f"{COOKIES['AuthCookie']}{self.count(f'POST {LOGIN}')}"
            return answer({"token": "t0ken"}, cookies=COOKIES | {"AuthCookie": self.session})
        cookie = f"AuthCookie={self.session};"
        if self.wants_login and path != "/api/status" and cookie not in headers.get("Cookie", ""):
            return answer({"code": 403}, 403)
        if method == "POST":
            self._stored = document if path == OPERATION else self._stored
            return answer(document)
        if path == COMPLETED:
            self._apply()
            return answer({}, 202)
        if path not in self.documents:
            return answer({"code": 404}, 404)
        return answer(self.documents[path])

    def _apply(self) -> None:
        if self.applies and self._stored is not None:
            self.documents[OPERATION] |= self._stored

    def count(self, request: str = "") -> int:
        return sum(request in (one, "") for one in self.sent)

    def close(self) -> None:
        """Have nothing to close."""


class DrivenLane(Lane):
    """A lane that whoever waits for it moves."""

    fake: FakeClock

    def ask(
        self, names: Collection[str], patience: Patience = Patience.NEWS
    ) -> tuple[dict[str, Slot], list[Future[None]]]:
        slots, flights = super().ask(names, patience)
        self.drive(flights)
        return slots, flights

    def demand(self, name: str) -> Future[Any]:
        future = super().demand(name)
        self.drive([future])
        return future

    def errand(self, call: Callable[[], Any], touches: Collection[str] = ()) -> Future[Any]:
        future = super().errand(call, touches)
        self.drive([future])
        return future

    def drive(self, futures: Collection[Future[Any]], within_s: float = BUDGET_S) -> None:
        """Fly until something has come of everything, or so long."""
        ends_s = self.fake.now_s + within_s
        while self.fake.now_s < ends_s and not all(future.done() for future in futures):
            hold = self.step()
            if isinstance(hold, Hold):
                until_s = ends_s if hold.until_s is None else min(hold.until_s, ends_s)
                self.fake.advance(max(1e-6, until_s - self.fake.now_s))


class DrivenCommander(Commander):
    """A commander that whoever commands moves."""

    fake: FakeClock

    def submit(self, command: Command) -> Execution:
        execution = super().submit(command)
        while not execution.settled.done() and (due_s := self.step()) is not None:
            self.fake.advance(max(0.0, due_s - self.fake.now_s))
        return execution


class Faked(Powerwall):
    """A Powerwall over a gateway of paper."""

    def __init__(  # its attributes are those of a real one; what they are made of is not
        self, *, expire_s: float = EXPIRE_S, session_file: Path | None = None, **gateway: Any
    ) -> None:
        self.clock = FakeClock()
        self.gateway = PaperGateway(self.clock, **gateway)
        self.host, self.mode = HOST, "local"
        self.client = self._made(expire_s, session_file)
        self._closed = weakref.finalize(self, self.client.close)

    def _made(self, expire_s: float, session_file: Path | None) -> Client:
        config = GatewayConfig(
            Address(HOST),
            Credentials(PASSWORD),
            session_file=session_file,
            cache_expire_s=expire_s,
            cache_ttl_s=CACHE_TTL_S,
            control=ControlConfig(allows_islanding=True, journal=""),
        )
        gateway = self.gateway
        session = open_session(config, Secrets(), lambda *_args, **_more: gateway)
        rows = sources(config.cache_expire_s, config.cache_ttl_s)
        clocks = {"clock": self.clock.monotonic, "wall_clock": self.clock.wall}
        lane = DrivenLane(LocalUpstream(HOST, session), rows, clock=self.clock.monotonic)
        controller = LocalController(lane, session)
        commander = DrivenCommander(
            [controller], Journal(None), CommandLog(None), allows_islanding=True, **clocks
        )
        lane.fake = commander.fake = self.clock
        claims = plain({row.name: row.name for row in rows})
        site = Site([Reader(lane, claims)], commander=commander, **clocks)
        return Client(site, Gateway(site, lane, session, controller), config, BUDGET_S)

    @property
    def lane(self) -> DrivenLane:
        lane = self.client.site.readers[0].lane
        assert isinstance(lane, DrivenLane)
        return lane

    def costs(self, ask: Callable[[], Any]) -> int:
        """How many requests something costs."""
        before = self.gateway.count()
        ask()
        return self.gateway.count() - before
