"""What a scan says and how it ends, over visits that are made up: nothing is connected to."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable
from ipaddress import IPv4Network
from typing import Any

import pytest
from support.served import free_port

from pypowerwall_core import scan as module
from pypowerwall_core.backends.local.address import Address
from pypowerwall_core.errors import BadSetting
from pypowerwall_core.scan import Visit, scan, search
from pypowerwall_core.scanned import Seen, Tally
from pypowerwall_core.scanning import Effort, Task, entry_of_status
from pypowerwall_core.scantalk import JsonTalk, Silent, TextTalk

NETWORK = "127.0.0.0/29"
DIN = b'{"din": "1232100-00-E--TG123456789ABC", "version": "23.44.0"}'
ROW = "\t 127.0.0.{} [1232100-00-E--TG123456789ABC] Firmware 23.44.0\n"
ONE = Effort(threads=1)


class Screen(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


def gateways(*numbers: int) -> Visit:
    """Visits that find gateways at these addresses."""
    hosts = {f"127.0.0.{number}" for number in numbers}

    def visit(address: Address, _timeout_s: float) -> Seen:
        if address.host not in hosts:
            return Seen(address)
        return Seen(address, is_open=True, entry=entry_of_status(address, DIN))

    return visit


def lost(address: Address, _timeout_s: float) -> Seen:
    return Seen(address, trouble="Network is unreachable")


def never() -> str:
    raise AssertionError("who names a network is not asked where this machine is")


class Told:
    """What a text talk printed."""

    def __init__(
        self, *, color: bool = False, typed: str | None = None, screen: bool = True
    ) -> None:
        self.out = Screen() if screen else io.StringIO()
        self.err = Screen() if screen else io.StringIO()
        stdin = io.StringIO() if typed is None else Screen(typed)
        self.talk = TextTalk(color=color, out=self.out, err=self.err, stdin=stdin)

    @property
    def text(self) -> str:
        return self.out.getvalue()

    @property
    def aside(self) -> str:
        return self.err.getvalue()


class Keeping(Silent):
    """Says nothing, and keeps what it hears."""

    task: Task | None = None
    ended: Tally | None = None

    def begin(self, task: Task) -> None:
        self.task = task

    def end(self, task: Task, tally: Tally) -> None:
        assert task is self.task
        self.ended = tally


# -- text -----------------------------------------------------------------------------------


def test_text_is_a_banner_the_count_and_a_row_each() -> None:
    told = Told(screen=False)
    search(NETWORK, ONE, told.talk, visit=gateways(5, 2), own=never)
    assert told.text.startswith("powerwall-proxy ")
    assert "Network 127.0.0.0/29: 6 addresses, port 443, 1 at a time" in told.text
    assert f"\nDiscovered 2 Powerwall Gateway(s)\n{ROW.format(2)}{ROW.format(5)}\n" in told.text
    assert told.aside == "", "no progress where nobody watches"
    assert "\x1b" not in told.text
    assert "\r" not in told.text


def test_a_terminal_is_shown_progress_that_is_wiped_away_at_the_end() -> None:
    told = Told()
    search(NETWORK, ONE, told.talk, visit=gateways(1), own=never)
    shown = told.aside.split("\r")
    assert shown[1:3] == [" 16 % looked at, 1 found", " 33 % looked at, 1 found"]
    assert shown[-3].startswith("100 %")
    assert shown[-2].strip() == ""
    assert len(shown[-2]) == len(shown[-3])
    assert shown[-1] == ""
    assert "\r" not in told.text, "only the progress is written over itself"


def test_progress_is_for_those_who_see_both_streams() -> None:
    out, err = io.StringIO(), Screen()
    search(NETWORK, ONE, TextTalk(color=False, out=out, err=err), visit=gateways(1))
    assert err.getvalue() == ""


def test_colors_are_put_around_lines_and_change_no_word() -> None:
    plain, colored = Told(), Told(color=True)
    for told in (plain, colored):
        search(NETWORK, ONE, told.talk, visit=gateways(1))
    assert "\x1b[36m" + ROW.format(1).rstrip("\n") + "\x1b[0m" in colored.text
    bare = colored.text
    for code in ("\x1b[0m", "\x1b[1m", "\x1b[1;32m", "\x1b[36m"):
        bare = bare.replace(code, "")
    assert bare == plain.text


def test_who_finds_nobody_gets_the_count_and_advice() -> None:
    told = Told()
    tally = search(NETWORK, ONE, told.talk, visit=gateways())
    assert "Discovered 0 Powerwall Gateway(s)\n" in told.text
    assert "What to try:" in told.text
    assert not tally.could_not_look


def test_a_machine_that_cannot_look_says_so() -> None:
    told = Told()
    tally = search(NETWORK, ONE, told.talk, visit=lost)
    assert "6 addresses could not be tried: Network is unreachable" in told.text
    assert tally.could_not_look


def test_a_large_network_is_warned_of() -> None:
    told = Told()
    search("127.0.0.0/23", Effort(), told.talk, visit=gateways())
    assert "127.0.0.0/23 is larger than a /24" in told.aside


# -- JSON -----------------------------------------------------------------------------------


def as_json(network: str, visit: Visit) -> tuple[str, str]:
    out, err = Screen(), Screen()
    search(network, ONE, JsonTalk(out, err), visit=visit)
    return out.getvalue(), err.getvalue()


def test_json_is_an_array_in_order_and_nothing_else() -> None:
    out, err = as_json(NETWORK, gateways(4, 3))
    assert [entry["ip"] for entry in json.loads(out)] == ["127.0.0.3", "127.0.0.4"]
    assert out.startswith('[\n  {\n    "ip": "127.0.0.3",\n    "din": ')
    assert err == ""


def test_json_of_nobody_is_an_empty_array() -> None:
    assert as_json(NETWORK, gateways()) == ("[]\n", "")


def test_json_leaves_trouble_and_warnings_to_the_other_stream() -> None:
    out, err = as_json("127.0.0.0/23", lost)
    assert out == "[]\n"
    assert "larger than a /24" in err
    assert "510 addresses could not be tried: Network is unreachable" in err


# -- which network --------------------------------------------------------------------------


def networks(typed: str | None, own: Callable[[], str | None]) -> tuple[Task | None, Told]:
    """What is scanned when no network is named, and this is typed."""
    told, begun = Told(typed=typed), []
    told.talk.begin = begun.append  # type: ignore[method-assign]
    search("", Effort(), told.talk, own=own, visit=gateways())
    return (begun[0] if begun else None), told


def test_enter_takes_the_own_network() -> None:
    task, told = networks("\n", lambda: "127.5.5.5")
    assert told.aside.startswith("Network to scan [127.5.5.0/24]: ")
    assert task == Task(IPv4Network("127.5.5.0/24"), Effort(), is_guess=True)


def test_what_is_typed_is_scanned() -> None:
    task, _ = networks("127.9.0.0/28\n", lambda: "127.5.5.5")
    assert task == Task(IPv4Network("127.9.0.0/28"), Effort())


def test_a_typing_error_is_told_and_asked_again() -> None:
    task, told = networks("127.9/28\n::1\n127.0.0.0/1\n127.9.0.0/28\n", lambda: "127.5.5.5")
    assert told.aside.count("Network to scan") == 4
    assert task is not None
    assert task.network == IPv4Network("127.9.0.0/28")


@pytest.mark.parametrize("typed", ["", "nonsense\n"])
def test_who_does_not_answer_gets_no_scan(typed: str) -> None:
    task, told = networks(typed, lambda: "127.5.5.5")
    assert task is None
    assert told.text == ""


class Interrupted(Screen):
    def readline(self, *_: Any) -> str:
        raise KeyboardInterrupt


def test_an_interrupt_at_the_question_declines() -> None:
    talk = TextTalk(color=False, out=Screen(), err=Screen(), stdin=Interrupted())
    assert search("", ONE, talk, own=lambda: "127.5.5.5", visit=gateways()).total == 0


def test_nobody_at_the_keyboard_is_not_asked() -> None:
    task, told = networks(None, lambda: "127.5.5.5")
    assert "Network to scan" not in told.aside
    assert task is not None
    assert task.network == IPv4Network("127.5.5.0/24")


def test_a_machine_without_an_address_says_where_it_looks_instead() -> None:
    task, told = networks(None, lambda: None)
    assert task == Task(IPv4Network("192.168.1.0/24"), Effort(), is_guess=True)
    assert "does not know its own address" in told.aside


def test_a_network_of_strangers_is_an_error_before_anything_is_tried() -> None:
    with pytest.raises(BadSetting, match="public"):
        search("", ONE, Silent(), own=lambda: "8.8.8.8", visit=never)  # type: ignore[arg-type]


@pytest.mark.parametrize("blank", ["", " \n"])
def test_a_blank_network_is_none(blank: str) -> None:
    keeping = Keeping()
    search(blank, ONE, keeping, own=lambda: "127.5.5.5", visit=gateways())
    assert keeping.task is not None
    assert keeping.task.network == IPv4Network("127.5.5.0/24")


# -- threads --------------------------------------------------------------------------------


def test_as_many_at_a_time_as_asked_for_and_no_more() -> None:
    together, lock = threading.Barrier(3), threading.Lock()
    now, most = 0, 0

    def visit(address: Address, _timeout_s: float) -> Seen:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        together.wait(10.0)
        with lock:
            now -= 1
        return Seen(address)

    assert search(NETWORK, Effort(threads=3), Silent(), visit=visit).tried == 6
    assert most == 3


def test_every_address_is_visited_once() -> None:
    visited: list[str] = []

    def visit(address: Address, timeout_s: float) -> Seen:
        assert timeout_s == 0.5
        visited.append(str(address))
        return Seen(address)

    search("127.0.0.0/24", Effort(threads=30, timeout_s=0.5), Silent(), visit=visit)
    assert sorted(visited) == sorted(f"127.0.0.{n}" for n in range(1, 255))


def test_a_bug_over_one_answer_costs_that_one_and_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    finds = gateways(2, 3)

    def visit(address: Address, timeout_s: float) -> Seen:
        if address.host == "127.0.0.2":
            raise ZeroDivisionError("\x1b[2J")
        return finds(address, timeout_s)

    tally = search(NETWORK, ONE, Silent(), visit=visit)
    assert [entry["ip"] for entry in tally.entries] == ["127.0.0.3"]
    assert caplog.messages == ["127.0.0.2: ZeroDivisionError, this is a bug"]


def interrupted(talk: Any) -> list[str]:
    """Visit until the second visit, where somebody presses Ctrl-C; return who was visited."""
    visited: list[str] = []
    go_on, finds = threading.Event(), gateways(1, 2, 3)

    def visit(address: Address, timeout_s: float) -> Seen:
        visited.append(address.host)
        if len(visited) > 1:
            go_on.wait(10.0)
        return finds(address, timeout_s)

    def press(_tally: Tally) -> None:
        raise KeyboardInterrupt

    talk.step = press
    with pytest.raises(KeyboardInterrupt):
        search(NETWORK, ONE, talk, visit=visit)
    go_on.set()
    for thread in threading.enumerate():
        if thread.name.startswith("scan-"):
            thread.join(10.0)
    return visited


def test_who_has_seen_enough_is_told_what_was_found_and_the_rest_is_left_alone() -> None:
    told = Told()
    visited = interrupted(told.talk)
    assert "Stopped after 1 of 6." in told.text
    assert f"Discovered 1 Powerwall Gateway(s)\n{ROW.format(1)}" in told.text
    assert len(visited) <= 2


def test_json_is_whole_when_interrupted() -> None:
    out = Screen()
    interrupted(JsonTalk(out, Screen()))
    assert [entry["ip"] for entry in json.loads(out.getvalue())] == ["127.0.0.1"]


class Few:
    """Threads of a container that allows two."""

    def __init__(self) -> None:
        self.started = 0

    def __call__(self, **_: Any) -> Few:
        return self

    def start(self) -> None:
        if self.started == 2:
            raise RuntimeError("can't start new thread")
        self.started += 1


def test_fewer_threads_than_asked_for_are_enough_but_not_none() -> None:
    few = Few()
    module._start(lambda: None, 30, few)
    assert few.started == 2
    with pytest.raises(RuntimeError):
        module._start(lambda: None, 30, few)


# -- the library ----------------------------------------------------------------------------


def test_the_library_is_silent_unless_asked(capsys: pytest.CaptureFixture[str]) -> None:
    nobody = [free_port()]
    assert scan("127.0.0.1/32", None, 30, 0.5, False, False, False, nobody) == []  # noqa: FBT003
    assert capsys.readouterr() == ("", "")
    scan("127.0.0.1/32", json_output=True, ports=nobody)
    assert capsys.readouterr() == ("[]\n", "")
    scan("127.0.0.1/32", interactive=True, color=True, ports=nobody)
    told = capsys.readouterr()
    assert "\x1b[1;33mDiscovered 0 Powerwall Gateway(s)\x1b[0m" in told.out
    assert told.err == ""


@pytest.mark.parametrize(
    "wrong", [{"cidr": "127.0.0.0/8"}, {"max_threads": 0}, {"timeout": 0.0}, {"ports": []}]
)
def test_the_library_refuses_what_cannot_be_done(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadSetting):
        scan(**{"cidr": "127.0.0.1/32", **wrong})
