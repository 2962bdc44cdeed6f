"""What a stream tells, without a stream: differences, frames, and readers of every kind."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.events import House, blocks, key_of, lasting

from proxy.events.broadcast import Broadcast
from proxy.events.differ import GONE_MOST, Differ
from proxy.events.frames import FRAMES_MOST, HEARTBEAT, Inbox, frame, number_of

AT = {"at": "now", "at_s": 0.0}
NAMES = ("load", "solar", "site", "alert")


def row(name: str, value: Any = 1, **more: Any) -> dict[str, Any]:
    leaf = {"value": value, "state": "fresh", "source": "gateway", "age_s": 1.0}
    return {"fact": "power_w", "meter": name} | leaf | more


def house(**values: Any) -> list[dict[str, Any]]:
    return [row(name, value) for name, value in values.items()]


# -- differences ------------------------------------------------------------------------------


def test_only_what_is_another_is_a_change() -> None:
    differ = Differ(key_of)
    differ.saw(house(load=1, solar=2))
    change = differ.saw(house(load=1, solar=3, site=4))
    assert change is not None
    assert [one["meter"] for one in change.rows] == ["solar", "site"]
    assert change.gone == ()
    assert differ.saw(house(load=1, solar=3, site=4)) is None


def test_what_is_no_more_is_told_by_its_key() -> None:
    differ = Differ(key_of)
    differ.saw(house(load=1, alert=1))
    change = differ.saw(house(load=1))
    assert change is not None
    assert (change.rows, change.gone) == ((), (("power_w", "alert"),))


@pytest.mark.parametrize(
    ("other", "is_change"),
    [
        ({"age_s": 9.0, "time": "later"}, False),
        ({"state": "stale"}, True),
        ({"source": "cloud"}, True),
        ({"value": None}, True),
        ({"detail": "a sample was left out 8 s ago: jump"}, False),
        ({"detail": "a sample was left out 8 s ago: zero"}, True),
        ({"detail": ""}, True),
    ],
)
def test_age_alone_is_no_change(other: dict[str, Any], *, is_change: bool) -> None:
    differ = Differ(key_of)
    differ.saw([row("load", detail="a sample was left out 7 s ago: jump")])
    doubted = {"detail": "a sample was left out 7 s ago: jump"}
    change = differ.saw([row("load") | doubted | other])
    assert (change is not None) == is_change


def test_since_a_change_each_row_is_told_once_and_as_it_is_now() -> None:
    differ = Differ(key_of)
    differ.saw(house(load=1, solar=1, site=1))
    for value in range(2, 50):
        differ.saw(house(load=value, solar=1))
    missed = differ.since(1)
    assert missed is not None
    assert [(one["meter"], one["value"]) for one in missed.rows] == [("load", 49)]
    assert missed.gone == (("power_w", "site"),)
    assert missed.n == differ.n
    nothing = differ.since(differ.n)
    assert nothing is not None
    assert (nothing.rows, nothing.gone) == ((), ())
    assert differ.since(differ.n + 1) is None


def test_rows_that_are_no_more_are_remembered_in_bounds() -> None:
    differ = Differ(key_of)
    differ.saw([row(f"alert {n}") for n in range(GONE_MOST)])
    differ.saw([row("last")])
    assert differ.since(1) is not None
    differ.saw([])
    assert differ.since(1) is None, "one of them has been forgotten"
    kept = differ.since(2)
    assert kept is not None
    assert kept.gone == (("power_w", "last"),)


# -- frames -----------------------------------------------------------------------------------


def test_no_text_of_a_gateway_ends_a_frame_early() -> None:
    hostile = "a\n\nevent: state\ndata: {}\r\n\r\n\u2028\x00</script>é"
    spelled = frame("change", "boot", 7, {"rows": [row("load", hostile)], "gone": []})
    (block,) = blocks(spelled)
    client = House()
    client.read(block)
    assert client.names == ["change"]
    assert client.last_id == "boot-7"
    assert client.rows["power_w", "load"]["value"] == hostile


@pytest.mark.parametrize(
    ("told", "number"),
    [
        ("boot-0", 0),
        ("boot-12", 12),
        *((bad, None) for bad in (None, "", "12", "-12", "boot-", "boot", "other-1", "boot--1")),
        *(
            (bad, None)
            for bad in ("boot-1 ", "boot-²", "boot-" + 5000 * "9", "boot-1-1", "boot-1e3")
        ),
    ],
)
def test_an_id_counts_only_if_it_is_of_this_process(told: str | None, number: int | None) -> None:
    assert number_of(told, "boot") == number


def test_a_reader_that_leaves_its_frames_loses_them_all_and_needs_a_state() -> None:
    inbox = Inbox()
    inbox.begin(b"first")
    assert [inbox.put(b"next") for _ in range(FRAMES_MOST - 1)] == [0] * (FRAMES_MOST - 1)
    assert inbox.put(b"too many") == FRAMES_MOST + 1
    assert inbox.behind
    assert inbox.put(b"not kept") == 0
    assert inbox.take() is None


def test_a_heartbeat_is_only_for_who_has_nothing_else_to_read() -> None:
    broadcast = Broadcast("boot", key_of)
    broadcast.saw(house(load=1), AT)
    idle, busy, new = broadcast.enter("boot-1"), broadcast.enter("boot-1"), broadcast.enter()
    broadcast.take(idle)
    broadcast.beat()
    assert [broadcast.take(idle), broadcast.take(idle)] == [HEARTBEAT, None]
    for inbox in (busy, new):
        assert broadcast.take(inbox) != HEARTBEAT
        assert broadcast.take(inbox) is None


def test_readers_share_the_bytes_of_a_frame() -> None:
    broadcast = Broadcast("boot", key_of)
    broadcast.saw(house(load=1), AT)
    inboxes = [broadcast.enter() for _ in range(3)]
    states = [broadcast.take(inbox) for inbox in inboxes]
    broadcast.saw(house(load=2), AT)
    changes = [broadcast.take(inbox) for inbox in inboxes]
    assert len({id(state) for state in states}) == len({id(change) for change in changes}) == 1


# -- readers of every kind --------------------------------------------------------------------

VALUES = st.dictionaries(st.sampled_from(NAMES), st.integers(0, 2))
LOOK = st.tuples(st.just("look"), VALUES)
STEPS = st.lists(
    LOOK | LOOK | st.sampled_from([("take", 1), ("take", 3), ("drop", 0), ("beat", 0)]), max_size=60
)


class Client(House):
    """A reader that comes and goes; what is on its way when it goes is lost."""

    def __init__(self, broadcast: Broadcast, *, forgets: bool) -> None:
        super().__init__()
        self.broadcast = broadcast
        self.forgets = forgets
        self.inbox = broadcast.enter()

    def take(self, most: int) -> bool:
        for _ in range(most):
            told = self.broadcast.take(self.inbox)
            if told is None:
                return False
            for block in blocks(told):
                self.read(block)
        return True

    def come_again(self) -> None:
        self.broadcast.leave(self.inbox)
        self.inbox = self.broadcast.enter("" if self.forgets else self.last_id)


@given(steps=STEPS, forgets=st.booleans())
def test_state_and_changes_make_the_same_rows_however_a_reader_drops_and_comes_again(
    steps: list[tuple[str, Any]], *, forgets: bool
) -> None:
    broadcast = Broadcast("boot", key_of)
    now = house(load=0)
    broadcast.saw(now, AT)
    client = Client(broadcast, forgets=forgets)
    for step, told in steps:
        if step == "look":
            now = house(**told)
            broadcast.saw(now, AT)
        elif step == "take":
            client.take(told)
        elif step == "beat":
            broadcast.beat()
        else:
            client.come_again()
    while client.take(1):
        pass
    assert client.known == lasting(now)


def test_a_slow_reader_among_others_is_told_all_anew() -> None:
    broadcast = Broadcast("boot", key_of)
    broadcast.saw(house(load=0), AT)
    slow, quick = (Client(broadcast, forgets=False) for _ in range(2))
    slow.take(1)
    for value in range(1, 3 * FRAMES_MOST):
        broadcast.saw(house(load=value), AT)
        quick.take(9)
    slow.take(9)
    assert slow.names == ["state", "state"]
    assert quick.names == ["state", *["change"] * (3 * FRAMES_MOST - 2)]
    assert slow.known == quick.known
    assert broadcast.dropped == FRAMES_MOST + 1
