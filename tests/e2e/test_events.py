"""The live stream of a real proxy: over sockets, over TLS, and at the end of the process."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import ExitStack

import pytest
from support.events import Listener
from support.forked import Forked
from support.peer import RESETS
from support.served import Served, until

from simulator.gateway import Simulator

GONE_WITHIN_S = 5.0
SIXTY = 60
Proxies = Callable[..., Served]
Gateways = Callable[..., Simulator]


@pytest.fixture
def kind() -> type[Served]:
    return Forked


def listen(stack: ExitStack, served: Served, path: str = "/events", last_id: str = "") -> Listener:
    return stack.enter_context(Listener(served.connect(), path, last_id))


def test_everything_first_then_what_changes_then_what_was_missed(
    gateway: Gateways, proxy: Proxies, stack: ExitStack
) -> None:
    sim = gateway(frozen=False)
    served = proxy(sim)
    served.known("/aggregates")
    first = listen(stack, served)
    assert first.status == 200
    assert b"content-type: text/event-stream\r\n" in first.head.lower()
    first.until(1)
    assert first.others == [b"retry: 3000"]
    before = first.rows["power_w", "load"]["value"]
    assert before is not None
    while first.rows["power_w", "load"]["value"] == before:
        assert first.read_more()
    assert set(first.names[1:]) == {"change"}
    assert len(first.events[1][1]["rows"]) < len(first.rows)
    again = listen(stack, served, last_id=first.last_id).until(1)
    assert again.names == ["change"]
    fresh = listen(stack, served).until(1)
    assert fresh.names == ["state"]
    state = {row["fact"] for row in served.get("/api/v1/state?rows").document}
    assert {fact for fact, *_ in fresh.rows} == state
    numbers = served.get("/stats").document["streams"]
    assert numbers == {"open": 3, "refused": 0, "dropped": 0}
    recent = served.get("/api/v1/recent").document["sites"]["home"]["power_w"]["load"]
    assert recent[-1] is not None or recent[-2] is not None


def test_beyond_the_cap_others_are_served_and_a_place_comes_free(
    sim: Simulator, proxy: Proxies, stack: ExitStack
) -> None:
    served = proxy(sim, PW_MAX_STREAMS="2", PW_READ_TOKEN="read")
    held = [listen(stack, served, "/events?token=read").until(1) for _ in range(2)]
    refused = served.get("/events?token=read", {"Accept": "application/problem+json"})
    assert refused.status == 503
    assert int(refused.headers["Retry-After"]) > 0
    assert refused.document["status"] == 503
    assert "PW_MAX_STREAMS" in refused.document["detail"]
    assert served.get("/events").status == 401
    assert served.get("/api/v1/state?rows&token=read").status == 200
    held[0].connection.shutdown(socket.SHUT_RDWR)
    until(lambda: listen(stack, served, "/events?token=read").status == 200)


def test_a_stream_ends_with_its_client_whatever_was_sent_behind_it(
    sim: Simulator, proxy: Proxies, stack: ExitStack
) -> None:
    """What is told of a close is the last request; the stream is the first."""
    served = proxy(sim)
    for behind in (b"", b"GET /soe HTTP/1.1\r\nHost: test\r\n\r\n"):
        connection = stack.enter_context(served.connect())
        connection.sendall(b"GET /events HTTP/1.1\r\nHost: test\r\n\r\n" + behind)
        until(lambda: served.get("/stats").document["streams"]["open"] == 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESETS)
        connection.close()
        until(lambda: served.get("/stats").document["streams"]["open"] == 0)


def test_a_connection_is_kept_after_a_head_and_used_for_a_stream(
    sim: Simulator, proxy: Proxies, stack: ExitStack
) -> None:
    served = proxy(sim)
    connection = stack.enter_context(served.connect())
    connection.sendall(b"HEAD /events HTTP/1.1\r\nHost: test\r\n\r\n")
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += connection.recv(65536)
    assert head.startswith(b"HTTP/1.1 200")
    assert Listener(connection).until(1).names == ["state"]


def test_streams_end_as_they_should_when_the_process_does_one_that_does_not_read_included(
    sim: Simulator, proxy: Proxies, stack: ExitStack
) -> None:
    served = proxy(sim)
    listeners = [listen(stack, served).until(1) for _ in range(SIXTY)]
    deaf = stack.enter_context(socket.socket())
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.connect(("127.0.0.1", served.port))
    deaf.sendall(b"GET /events HTTP/1.1\r\nHost: test\r\n\r\n")
    until(lambda: served.get("/stats").document["streams"]["open"] == SIXTY + 1)
    assert served.end(GONE_WITHIN_S) == 0
    for one in listeners:
        while one.read_more():
            pass
        assert one.connection.recv(1) == b""
    assert not served.lines("Traceback")
    assert not served.lines("ERROR")
