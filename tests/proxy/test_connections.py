"""The gate: who makes room for whom."""

from __future__ import annotations

import contextlib
import socket
from contextlib import ExitStack

from proxy.connections import (
    CONNECTIONS_MOST,
    UNSENT_MOST,
    Gate,
    connections_most,
    keep_unsent_small,
)
from proxy.settings_table import ROWS, STREAMS_MOST


class Connection:
    def __init__(self, gate: Gate, *, busy: bool = False) -> None:
        self.busy = busy
        self.dropped = False
        gate.enter(self)

    def drop(self) -> None:
        self.dropped = True


def test_beyond_the_cap_the_longest_idle_makes_room() -> None:
    gate = Gate(most=3)
    first, second, third = (Connection(gate) for _ in range(3))
    gate.touch(first)
    fourth = Connection(gate)
    assert [c.dropped for c in (first, second, third, fourth)] == [False, True, False, False]
    assert len(gate) == 3


def test_nobody_is_dropped_in_the_middle_of_an_answer() -> None:
    gate = Gate(most=2)
    busy, idle = Connection(gate, busy=True), Connection(gate)
    Connection(gate)
    assert not busy.dropped
    assert idle.dropped


def test_when_all_are_busy_the_newcomer_goes() -> None:
    gate = Gate(most=2)
    old = [Connection(gate, busy=True) for _ in range(2)]
    new = Connection(gate)
    assert new.dropped
    assert not any(connection.dropped for connection in old)
    assert len(gate) == 2


def test_who_left_is_forgotten() -> None:
    gate = Gate(most=1)
    gone = Connection(gate)
    gate.leave(gone)
    gate.leave(gone)
    gate.touch(gone)
    assert len(gate) == 0
    Connection(gate)
    assert not gone.dropped


def test_however_many_streams_may_be_open_as_many_others_get_in_as_beside_the_default() -> None:
    default = next(int(row.default) for row in ROWS if row.name == "PW_MAX_STREAMS")
    assert connections_most(default) == connections_most(1) == CONNECTIONS_MOST == 512
    beside = CONNECTIONS_MOST - default
    assert connections_most(STREAMS_MOST) == STREAMS_MOST + beside


def test_a_kernel_takes_little_for_a_client_that_reads_nothing() -> None:
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        keep_unsent_small(listener)
        deaf = stack.enter_context(socket.create_connection(listener.getsockname()))
        accepted, _ = listener.accept()
        with accepted:
            accepted.setblocking(False)  # noqa: FBT003 - its only parameter
            deaf_takes = deaf.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
            taken = 0
            with contextlib.suppress(BlockingIOError):
                while True:
                    taken += accepted.send(b"a" * 1024)
    assert 0 < taken <= 2 * deaf_takes + 4 * UNSENT_MOST


def test_where_no_kernel_knows_how_it_takes_what_it_takes() -> None:
    one, other = socket.socketpair()
    with one, other:
        keep_unsent_small(one)
