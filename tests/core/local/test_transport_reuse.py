"""A connection that dies while it is idle, or as it is used again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Barrier, Event, Semaphore
from typing import Any

import pytest
from support.peer import Line, Peer, Script, answer, answers
from urllib3.connectionpool import HTTPSConnectionPool

from pypowerwall_core.backends.local.address import Address
from pypowerwall_core.backends.local.transport import Transport
from pypowerwall_core.errors import Unreachable

Opens = Callable[..., Transport]


@pytest.fixture
def transport() -> Iterator[Opens]:
    with ExitStack() as stack:

        def opened(peer: Peer, timeout_s: float = 10.0) -> Transport:
            one = Transport(Address("127.0.0.1", peer.port), timeout_s=timeout_s)
            stack.callback(one.close)
            return one

        yield opened


def once(then: Script) -> Script:
    """Answer one request; do something else when the next arrives."""

    def script(line: Line) -> None:
        line.request()
        line.say(answer(b"[1]"))
        then(line)

    return script


def drops_unread(line: Line) -> None:
    line.notice()
    line.reset()


def drops_read(line: Line) -> None:
    line.request()


def get(transport: Transport, path: str) -> bytes:
    return transport.request("GET", path, headers={}).body


def test_a_get_is_sent_again_when_the_idle_connection_closes_under_it(transport: Opens) -> None:
    with Peer(once(drops_unread), answers(answer(b"[2]"))) as peer:
        one = transport(peer)
        assert [get(one, "/first"), get(one, "/second")] == [b"[1]", b"[2]"]
        assert [request.split()[1] for request in peer.requests] == [b"/first", b"/second"]
        assert peer.connections == 2


def test_a_get_is_sent_again_once_and_no_more(transport: Opens) -> None:
    with Peer(once(drops_read), drops_read) as peer:
        one = transport(peer)
        get(one, "/first")
        with pytest.raises(Unreachable, match="connection reset"):
            get(one, "/second")
        assert len(peer.requests) == 3


@pytest.mark.parametrize("size", [1, 4_000_000])
def test_a_post_is_never_sent_again(transport: Opens, size: int) -> None:
    with Peer(once(drops_unread), answers(answer())) as peer:
        one = transport(peer)
        get(one, "/first")
        with pytest.raises(Unreachable, match="connection reset"):
            one.request("POST", "/second", headers={}, json="x" * size)
        assert len(peer.requests) == 1
        assert peer.connections == 1


def test_a_get_on_a_new_connection_is_not_sent_again(transport: Opens) -> None:
    with Peer(drops_read) as peer:
        with pytest.raises(Unreachable, match="connection reset"):
            get(transport(peer), "/first")
        assert len(peer.requests) == 1


def test_a_connection_opened_in_place_of_a_dead_one_is_new(transport: Opens) -> None:
    gone = Event()

    def leaves(line: Line) -> None:
        line.sock.close()
        gone.set()

    with Peer(once(leaves), drops_read) as peer:
        one = transport(peer)
        get(one, "/first")
        assert gone.wait(10)
        with pytest.raises(Unreachable):
            get(one, "/second")
        assert [request.split()[1] for request in peer.requests] == [b"/first", b"/second"]


def test_an_answer_that_breaks_in_the_middle_is_not_asked_for_again(transport: Opens) -> None:
    def breaks(line: Line) -> None:
        line.request()
        line.say(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
        line.reset()

    with Peer(once(breaks), answers(answer())) as peer:
        one = transport(peer)
        get(one, "/first")
        with pytest.raises(Unreachable):
            get(one, "/second")
        assert len(peer.requests) == 2


def test_a_gateway_that_goes_away_between_two_requests_is_unreachable(transport: Opens) -> None:
    def dies(line: Line) -> None:
        line.notice()
        peer.deafen()
        line.reset()

    with Peer(once(dies)) as peer:
        one = transport(peer)
        get(one, "/first")
        with pytest.raises(Unreachable, match="connection refused"):
            get(one, "/second")


def together(then: Script) -> Script:
    """Answer one request when a second one is there on another connection, so that both live."""
    both = Barrier(2)

    def script(line: Line) -> None:
        line.request()
        both.wait(10)
        line.say(answer(b"[1]"))
        then(line)

    return script


def open_two(transport: Transport) -> None:
    with ThreadPoolExecutor() as pool:
        bodies = pool.map(lambda path: get(transport, path), ("/one", "/two"))
    assert list(bodies) == [b"[1]", b"[1]"]


def test_a_get_is_sent_again_on_a_new_connection_and_not_on_another_old_one(
    transport: Opens,
) -> None:
    script = together(drops_unread)
    with Peer(script, script, answers(answer(b"[2]"))) as peer:
        one = transport(peer)
        open_two(one)
        assert get(one, "/three") == b"[2]"
        assert peer.connections == 3


def test_after_a_failure_no_old_connection_is_kept(transport: Opens) -> None:
    left = Semaphore(0)

    def watch(line: Line) -> None:
        line.hold()
        left.release()

    script = together(watch)
    with Peer(script, script, answers(answer(b"[2]"))) as peer:
        one = transport(peer, timeout_s=0.5)
        open_two(one)
        with pytest.raises(Unreachable, match="no answer within"):
            get(one, "/three")
        assert left.acquire(timeout=10)
        assert left.acquire(timeout=10)
        assert get(one, "/four") == b"[2]"


def test_a_pool_that_another_call_closes_under_it_is_no_failure(
    transport: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PW_POOL_MAXSIZE=0 and PW_MAX_IN_FLIGHT above 1: whoever ends closes what is idle."""
    with Peer(answers(answer(b"[1]"))) as peer:
        one = transport(peer)
        taken = HTTPSConnectionPool._get_conn
        left = ["closed once"]

        def get_conn(pool: HTTPSConnectionPool, timeout: Any = None) -> Any:
            if left:
                left.clear()
                one.drop_idle()
            return taken(pool, timeout)

        monkeypatch.setattr(HTTPSConnectionPool, "_get_conn", get_conn)
        assert one.request("POST", "/first", headers={}, json={}).body == b"[1]"
        assert (len(peer.requests), peer.connections) == (1, 1)


def test_a_call_that_close_ended_is_not_sent_again(transport: Opens) -> None:
    asked = Event()

    def mute(line: Line) -> None:
        line.request()
        asked.set()
        line.hold()

    with Peer(once(mute), answers(answer())) as peer, ThreadPoolExecutor() as pool:
        one = transport(peer)
        get(one, "/first")
        call = pool.submit(get, one, "/second")
        assert asked.wait(10)
        one.close()
        assert str(call.exception(10)) == "closed before the answer came"
        assert (len(peer.requests), peer.connections) == (2, 1)
