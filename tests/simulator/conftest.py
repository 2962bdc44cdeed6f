"""A client that sees what any client sees, and simulators that are stopped for sure."""

import http.client
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from pypowerwall_core.backends.local import tesla_pb2
from simulator.gateway import Simulator

PASSWORD = "password"


def unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@dataclass(frozen=True)
class Reply:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


class Client:
    """One keep-alive connection, and the token of its login."""

    def __init__(self, sim: Simulator, timeout_s: float = 20.0) -> None:
        self._connection = http.client.HTTPSConnection(
            sim.host, sim.port, timeout=timeout_s, context=unverified()
        )
        self.token = ""

    def close(self) -> None:
        self._connection.close()

    def ask(
        self, path: str, method: str = "GET", body: bytes | None = None, **headers: str
    ) -> Reply:
        if self.token:
            headers.setdefault("Cookie", f"AuthCookie={self.token}")
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            self._connection.request(method, path, body, named)
            response = self._connection.getresponse()
            return Reply(response.status, response.headers, response.read())
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise

    def login(self, password: str = PASSWORD, **more: Any) -> Reply:
        fields = {"username": "customer", "password": password, "email": "me@example.com", **more}
        reply = self.ask("/api/login/Basic", "POST", json.dumps(fields).encode())
        if reply.status == 200:
            self.token = reply.document["token"]
        return reply


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as held:
        yield held


@pytest.fixture
def start(stack: ExitStack) -> Callable[..., Simulator]:
    def run(**options: Any) -> Simulator:
        return stack.enter_context(Simulator(**options))

    return run


@pytest.fixture
def connect(stack: ExitStack) -> Callable[..., Client]:
    def open_one(sim: Simulator, timeout_s: float = 20.0) -> Client:
        client = Client(sim, timeout_s)
        stack.callback(client.close)
        return client

    return open_one


@pytest.fixture
def sim(start: Callable[..., Simulator]) -> Simulator:
    return start(frozen=True)


@pytest.fixture
def guest(sim: Simulator, connect: Callable[..., Client]) -> Client:
    return connect(sim)


@pytest.fixture
def client(guest: Client) -> Client:
    assert guest.login().status == 200
    return guest


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    """Wait for something that is sure to come; the test's own timeout is the limit."""

    def wait(true: Callable[[], bool]) -> None:
        pause = threading.Event()
        while not true():
            pause.wait(0.005)

    return wait


class Clock:
    def __init__(self) -> None:
        self.monotonic_s = 1000.0
        self.wall_s = 1_700_000_000.0

    def monotonic(self) -> float:
        return self.monotonic_s

    def wall(self) -> float:
        return self.wall_s

    def advance(self, seconds: float) -> None:
        self.monotonic_s += seconds
        self.wall_s += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def moving(start: Callable[..., Simulator], clock: Clock) -> Simulator:
    """One whose plant moves with that clock, and whose sessions never end."""
    return start(monotonic=clock.monotonic, wall=clock.wall, session_ttl_s=float("inf"))


@pytest.fixture
def timed(start: Callable[..., Simulator], clock: Clock) -> Simulator:
    """One that takes writes, and whose values stand still while that clock moves."""
    return start(
        frozen=True,
        allow_operation=True,
        monotonic=clock.monotonic,
        wall=clock.wall,
        session_ttl_s=float("inf"),
    )


@pytest.fixture
def writer(timed: Simulator, connect: Callable[..., Client]) -> Client:
    """One of its customers, logged in."""
    one = connect(timed)
    assert one.login().status == 200
    return one


Entries = dict[str, tesla_pb2.SiteControllerConnectedDeviceWithVitals]


@pytest.fixture
def vitals() -> Callable[[Client], Entries]:
    """Ask for the vitals: entry by DIN."""

    def ask(client: Client) -> Entries:
        message = tesla_pb2.DevicesWithVitals.FromString(client.ask("/api/devices/vitals").body)
        return {entry.device.device.din.value: entry for entry in message.devices}

    return ask


@pytest.fixture
def signals(vitals: Callable[[Client], Entries]) -> Callable[[Client, str], dict[str, Any]]:
    """Ask for the signals of the first device of a kind."""

    def ask(client: Client, kind: str) -> dict[str, Any]:
        found = (entry for din, entry in vitals(client).items() if din.startswith(f"{kind}--"))
        return {one.name: getattr(one, one.WhichOneof("value") or "") for one in next(found).vitals}

    return ask


@pytest.fixture
def alerts(vitals: Callable[[Client], Entries]) -> Callable[..., set[str]]:
    """Ask for the alerts of all devices of a kind."""

    def ask(client: Client, kind: str = "STSTSM") -> set[str]:
        found = [entry for din, entry in vitals(client).items() if din.startswith(f"{kind}--")]
        return {alert for entry in found for alert in entry.alerts}

    return ask
