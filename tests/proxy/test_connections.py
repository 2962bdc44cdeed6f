"""The gate: who makes room for whom."""

from __future__ import annotations

from proxy.connections import Gate


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
