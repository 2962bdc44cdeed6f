"""The control port."""

import http.client
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from simulator.faults import FAULTS
from simulator.gateway import Simulator

Ask = Callable[..., tuple[int, Any]]


@pytest.fixture
def controlled(start: Any) -> Simulator:
    simulator: Simulator = start(frozen=True, control_port=0)
    return simulator


@pytest.fixture
def ask(controlled: Simulator) -> Iterator[Ask]:
    connection = http.client.HTTPConnection("127.0.0.1", controlled.control_port, timeout=20)

    def send(method: str, path: str) -> tuple[int, Any]:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, json.loads(response.read())

    yield send
    connection.close()


def test_without_one_there_is_none(sim: Simulator) -> None:
    assert sim.control_port is None


def test_the_front_page_lists_what_can_be_asked(ask: Ask) -> None:
    status, listing = ask("GET", "/")
    assert status == 200
    assert "GET /counters" in listing
    assert "POST /faults/NAME" in listing


def test_counters_can_be_read_and_reset(controlled: Simulator, ask: Ask, connect: Any) -> None:
    connect(controlled).ask("/api/status")
    assert ask("GET", "/counters")[1]["requests"] == {"/api/status": 1}
    assert ask("POST", "/counters/reset")[1]["total"] == 0
    assert ask("GET", "/counters")[1]["total"] == 0


def test_writes_can_be_read_with_their_bodies(
    controlled: Simulator, ask: Ask, connect: Any
) -> None:
    connect(controlled).ask("/api/operation", "POST", b'{"real_mode":"backup"}')
    wanted = {"method": "POST", "path": "/api/operation", "body": '{"real_mode":"backup"}'}
    assert ask("GET", "/writes") == (200, [{**wanted, "first": True}])
    assert ask("GET", "/counters")[1]["writes"] == {"POST /api/operation": 1}


def test_a_fault_can_be_narrowed_to_a_method(controlled: Simulator, ask: Ask, connect: Any) -> None:
    ask("POST", "/faults/busy?path=/api/operation&method=POST")
    client = connect(controlled)
    assert client.ask("/api/operation", "POST", b"{}").status == 503
    assert client.ask("/api/operation").status == 403


def test_faults_can_be_switched(controlled: Simulator, ask: Ask, connect: Any) -> None:
    client = connect(controlled)
    status, listing = ask("POST", "/faults/limited?path=/api/status&count=1&retry_after=9")
    assert status == 200
    on = [row["on"] for row in listing if row["active"]]
    assert on == [[{"path": "/api/status", "method": None, "remaining": 1, "retry_after": 9}]]
    reply = client.ask("/api/status")
    assert (reply.status, reply.headers["retry-after"]) == (429, "9")
    assert client.ask("/api/status").status == 200
    ask("POST", "/faults/busy")
    ask("POST", "/faults/html")
    ask("DELETE", "/faults/html")
    assert client.ask("/api/status").status == 503
    assert not any(row["active"] for row in ask("DELETE", "/faults")[1])
    assert client.ask("/api/status").status == 200


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_is_switched_with_its_own_defaults(
    controlled: Simulator, ask: Ask, connect: Any, name: str
) -> None:
    options = {key: option.default for key, option in FAULTS[name].options.items()}
    status, listing = ask("POST", f"/faults/{name}?{urlencode(options)}")
    (row,) = [row for row in listing if row["active"]]
    assert (status, row["name"], row["rows"]) == (200, name, list(FAULTS[name].rows))
    (on,) = row["on"]
    assert {key: on[key] for key in options} == options == row["options"]
    assert ask("DELETE", f"/faults/{name}")[0] == 200
    assert connect(controlled).ask("/api/status").status == 200


def test_refusing_does_not_lock_out_the_control_port(
    controlled: Simulator, ask: Ask, connect: Any
) -> None:
    ask("POST", "/faults/refusing")
    with pytest.raises(ConnectionRefusedError):
        connect(controlled).ask("/api/status")
    assert ask("DELETE", "/faults/refusing")[0] == 200
    assert connect(controlled).ask("/api/status").status == 200


def test_sessions_can_be_forgotten(controlled: Simulator, ask: Ask, connect: Any) -> None:
    client = connect(controlled)
    client.login()
    assert ask("POST", "/sessions/expire") == (200, {"sessions": 0})
    assert client.ask("/api/operation").status == 403


def test_latency_can_be_set(ask: Ask) -> None:
    assert ask("POST", "/latency?seconds=0.5") == (200, {"latency_s": 0.5})


def test_the_plant_can_be_seen(ask: Ask) -> None:
    status, plant = ask("GET", "/plant")
    assert (status, plant["load"]["power_w"], plant["soe_percent"]) == (200, 1200.0, 50.0)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("POST", "/counters", 404),
        ("POST", "/faults/gremlins", 404),
        ("DELETE", "/faults/gremlins", 404),
        ("POST", "/faults/busy?count=many", 400),
        ("POST", "/faults/busy?count=0", 400),
        ("POST", "/faults/busy?wings=2", 400),
        ("POST", "/faults/busy?method=PUT", 400),
        ("POST", "/faults/limited?retry_after=soon", 400),
        ("POST", "/faults/expired?status=402", 400),
        ("POST", "/faults/outage?state=sideways", 400),
        ("POST", "/faults/outage?path=/api/status", 400),
        ("POST", "/faults/truncated?at=1.5", 400),
        ("POST", "/faults/slow?seconds=nan", 400),
        ("POST", "/faults/old_keys?path=/api/customer", 400),
        ("POST", "/faults/firmware_update?release=a%0ab", 400),
        ("POST", "/latency", 400),
        ("POST", "/latency?seconds=fast", 400),
        ("POST", "/latency?seconds=-1", 400),
        ("POST", "/latency?seconds=inf", 400),
    ],
)
def test_mistakes_are_told_in_json(ask: Ask, method: str, path: str, status: int) -> None:
    answered, document = ask(method, path)
    assert answered == status
    assert document["error"]
