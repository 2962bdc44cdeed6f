"""What a caller who waits is given: one memory, fresh where it can be, and its own copy of it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.anyjson import JSON
from support.library import (
    COOKIES,
    DOCUMENTS,
    EXPIRE_S,
    GRID,
    LOGIN,
    METERS,
    OPERATION,
    SOE,
    Faked,
    answer,
)

from pypowerwall_core import payloads
from pypowerwall_core.backends.local.documents import text_or_json
from pypowerwall_core.client import Client
from pypowerwall_core.commands import MODE, RESERVE, Command, Outcome
from pypowerwall_core.errors import (
    BadCommand,
    NotPermitted,
    NotSent,
    Refused,
    Unreachable,
    Unwell,
)
from pypowerwall_core.lane import SLOTS_MOST
from pypowerwall_core.site import Site

OTHER = "/api/meters/status"
SILENT = Unreachable("no answer within 5 s")
READS: dict[str, Callable[[Faked], Any]] = {
    "poll": lambda pw: pw.poll(METERS),
    "poll of another path": lambda pw: pw.poll(OTHER),
    "site": lambda pw: pw.site(verbose=True),
    "power": lambda pw: pw.power(),
    "strings": lambda pw: pw.strings(),
    "alerts": lambda pw: pw.alerts(),
    "battery_blocks": lambda pw: pw.battery_blocks(),
    "system_status": lambda pw: pw.system_status(),
    "status": lambda pw: pw.status(),
}


@pytest.fixture
def pw() -> Faked:
    faked = Faked()
    faked.gateway.documents[OTHER] = {"errors": ["none"]}
    return faked


def spoil(value: Any) -> None:
    """Change everything that can be changed."""
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            spoil(inner)
    value.clear()


# -- one memory -----------------------------------------------------------------------------


@pytest.mark.parametrize("call", READS)
def test_a_second_ask_costs_nothing(call: str, pw: Faked) -> None:
    first = READS[call](pw)
    pw.clock.advance(EXPIRE_S - 1)
    assert pw.costs(lambda: READS[call](pw)) == 0
    assert first
    assert READS[call](pw) == first


def test_calls_about_the_same_document_share_it(pw: Faked) -> None:
    assert pw.costs(pw.power) == 1
    assert pw.costs(lambda: [pw.site(), pw.home(), pw.grid(verbose=True), pw.poll(METERS)]) == 0
    assert pw.costs(pw.level) == 1
    assert pw.costs(lambda: [pw.level(scale=True), pw.poll(SOE)]) == 0


@pytest.mark.parametrize("call", READS)
def test_what_is_returned_belongs_to_the_caller(call: str, pw: Faked) -> None:
    mine = READS[call](pw)
    before = copy.deepcopy(mine)
    spoil(mine)
    assert READS[call](pw) == before


@pytest.mark.parametrize("latency_s", [0.05, 0.4, 3.0, 8.0])
@pytest.mark.parametrize("pause_s", [6.0, 11.0, 20.0, 60.0, 3600.0])
def test_what_has_expired_is_asked_for_anew_however_slow_the_gateway_is(
    pause_s: float, latency_s: float, pw: Faked
) -> None:
    pw.gateway.latency_s = latency_s
    assert pw.level() == 24.0
    pw.clock.advance(pause_s)
    pw.gateway.documents[SOE] = {"percentage": 50.0}
    assert pw.level() == 50.0
    assert pw.gateway.sent == [f"GET {SOE}"] * 2


@pytest.mark.parametrize("pause_s", [6.0, 60.0])
@pytest.mark.parametrize("call", ["power", "poll of another path"])
def test_what_comes_back_is_what_was_just_said(call: str, pause_s: float, pw: Faked) -> None:
    pw.gateway.latency_s = 8.0  # older than it counts as new when it comes
    READS[call](pw)
    pw.gateway.documents[METERS]["load"]["instant_power"] = 777
    pw.gateway.documents[OTHER] = {"errors": 777}
    pw.clock.advance(pause_s)
    assert "777" in json.dumps(READS[call](pw))


@pytest.mark.parametrize("latency_s", [0.05, 1.5, 3.0])
def test_a_question_every_half_minute_is_a_request_every_half_minute(
    latency_s: float, pw: Faked
) -> None:
    pw.gateway.latency_s = latency_s
    for _ in range(10):
        assert pw.power()["load"] == 1200
        # A lane that took the end of the waiting for another question would fetch ahead now.
        pw.lane.drive([Future()], 30.0)
    assert pw.gateway.count() == 11


def test_what_was_known_is_shown_for_a_while_when_the_gateway_falls_silent(pw: Faked) -> None:
    assert pw.level() == 24.0
    pw.gateway.script(f"GET {SOE}", SILENT)
    pw.clock.advance(10.0)
    assert pw.level() == 24.0
    pw.clock.advance(60.0)
    assert pw.level() is None


# -- force ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ask",
    [
        lambda pw: pw.poll(OPERATION, force=True),
        lambda pw: pw.poll(OPERATION, raw=True, force=True),
        lambda pw: pw.get_mode(force=True),
        lambda pw: pw.get_reserve(force=True),
    ],
)
def test_force_asks_for_a_new_flight_and_returns_what_it_brought(
    ask: Callable[[Faked], Any], pw: Faked
) -> None:
    ask(pw)
    pw.gateway.documents[OPERATION] = {"real_mode": "backup", "backup_reserve_percent": 100}
    assert pw.costs(lambda: ask(pw)) == 1
    found = ask(pw)
    assert found in ({"real_mode": "backup", "backup_reserve_percent": 100}, "backup", 100.0) or (
        json.loads(found) == pw.gateway.documents[OPERATION]
    )


def test_what_force_brought_is_what_others_see(pw: Faked) -> None:
    pw.level()
    pw.gateway.documents[SOE] = {"percentage": 50.0}
    pw.poll(SOE, force=True)
    assert pw.costs(pw.level) == 0
    assert pw.level() == 50.0


@pytest.mark.parametrize("path", [SOE, OTHER])
def test_force_does_not_break_a_rest(path: str, pw: Faked) -> None:
    pw.gateway.script(f"GET {METERS}", SILENT)
    assert pw.power()["site"] is None
    assert pw.costs(lambda: pw.poll(path, force=True)) == 0
    assert pw.poll(path, force=True) is None


def test_force_does_not_break_the_rest_of_a_path(pw: Faked) -> None:
    for path in ("/api/solar_powerwall", "/api/no/such/path"):
        pw.gateway.documents.pop(path, None)
        assert pw.poll(path) is None
        assert pw.costs(lambda path=path: pw.poll(path, force=True)) == 0


def test_a_forced_answer_that_is_old_when_it_comes_is_not_waited_for_twice(pw: Faked) -> None:
    pw.gateway.latency_s = 8.0
    for path in (SOE, OTHER):
        pw.level()
        assert pw.costs(lambda path=path: pw.poll(path, force=True)) == 1
        assert pw.poll(path, force=True)


# -- paths that no table has ----------------------------------------------------------------


def test_another_path_is_remembered_as_briefly_as_the_meters(pw: Faked) -> None:
    assert pw.poll(OTHER) == {"errors": ["none"]}
    pw.clock.advance(EXPIRE_S - 1)
    assert pw.costs(lambda: pw.poll(OTHER)) == 0
    pw.clock.advance(2)
    assert pw.costs(lambda: pw.poll(OTHER)) == 1


def test_it_is_fetched_when_somebody_asks_and_never_ahead(pw: Faked) -> None:
    for _ in range(5):
        pw.poll(OTHER)
        pw.clock.advance(6.0)
    assert pw.gateway.count(f"GET {OTHER}") == 5
    assert pw.costs(lambda: [pw.level(), pw.clock.advance(6.0), pw.level()]) == 2


def test_one_that_acts_and_answers_202_has_answered(pw: Faked) -> None:
    pw.gateway.script(f"GET {OTHER}", answer({"started": True}, 202))
    assert pw.poll(OTHER) == {"started": True}
    pw.gateway.script(f"GET {SOE}", answer({"percentage": 1}, 202))
    assert pw.level() is None


def test_one_that_is_not_served_rests_for_an_hour(pw: Faked) -> None:
    missing = "/api/no/such/path"
    assert pw.poll(missing) is None
    for _ in range(5):
        pw.clock.advance(600.0)
        assert pw.costs(lambda: pw.poll(missing)) == 0
    pw.clock.advance(700.0)
    pw.gateway.documents[missing] = [1]
    assert pw.poll(missing) == [1]
    assert pw.gateway.count(f"POST {LOGIN}") == 0


def test_only_so_many_are_taken_in_and_the_others_go_on(
    pw: Faked, caplog: pytest.LogCaptureFixture
) -> None:
    room = SLOTS_MOST - len(pw.lane.names)
    for n in range(room + 3):
        pw.gateway.documents[f"/api/{n}"] = {"n": n}
        assert pw.poll(f"/api/{n}") == ({"n": n} if n < room else None)
    assert len(pw.lane.names) == SLOTS_MOST
    assert f"/api/{room}: more than {SLOTS_MOST} different paths" in caplog.text
    assert pw.poll("/api/0", force=True) == {"n": 0}
    assert pw.level() == 24.0


def test_several_slow_ones_in_turn_are_all_answered(pw: Faked) -> None:
    paths = [f"/api/{n}" for n in range(6)]
    pw.gateway.documents |= {path: {"n": 1} for path in paths}
    pw.level()
    pw.gateway.latency_s = 4.0
    began_s = pw.clock.now_s
    assert [pw.poll(path) for path in paths] == [{"n": 1}] * 6
    assert pw.clock.now_s - began_s < 6 * 4.0 + 3.0


@pytest.mark.parametrize("path", ["", "api/status", "@example.com/api/status", ".example.com/"])
def test_what_is_no_path_never_becomes_part_of_a_host(
    path: str, pw: Faked, caplog: pytest.LogCaptureFixture
) -> None:
    assert pw.costs(lambda: [pw.poll(path), pw.poll(path, raw=True), pw.post(path, {})]) == 0
    assert pw.poll(path) is None
    assert "is no path" in caplog.text


def test_bytes_are_as_they_came_and_cost_no_second_request_either(pw: Faked) -> None:
    body = b' {"din" : "1-2--TG1"}\r\n'
    pw.gateway.script("GET /api/status", answer(body=body))
    assert pw.poll("/api/status", raw=True) == body
    assert pw.poll("/api/status", raw=True, jsonformat=True) == body
    assert pw.gateway.count("GET /api/status") == 1
    assert pw.din() == "1-2--TG1"
    assert pw.gateway.count("GET /api/status") == 2


@pytest.mark.parametrize(
    ("body", "document"),
    [
        (b"<html>", "<html>"),
        (b"OK", "OK"),
        (b"", None),
        (b"null", None),
        (b"0", 0),
        (b"[]", []),
        (b'{"a": NaN}', '{"a": NaN}'),
        (b"\xff", "\ufffd"),
    ],
)
def test_what_is_no_json_is_text(body: bytes, document: Any, pw: Faked) -> None:
    pw.gateway.script(f"GET {OTHER}", answer(body=body))
    assert pw.poll(OTHER) == document
    assert pw.poll(OTHER, jsonformat=True) == json.dumps(document)
    # Even where it is empty or null it is remembered.
    assert pw.gateway.count(f"GET {OTHER}") == 1


@given(JSON)
def test_json_of_any_kind_is_returned_as_it_is(document: Any) -> None:
    assert text_or_json(json.dumps(document).encode()) == document


@given(st.binary())
def test_no_bytes_are_too_odd_for_a_text(body: bytes) -> None:
    json.dumps(text_or_json(body), allow_nan=False)


# -- post -----------------------------------------------------------------------------------


def test_a_post_is_sent_once_as_it_is_and_its_answer_returned(pw: Faked) -> None:
    document = {"real_mode": "backup", "backup_reserve_percent": 100}
    assert pw.costs(lambda: pw.client.post(OPERATION, document)) == 1
    assert pw.gateway.bodies == [document]
    pw.gateway.script("POST /api/x", answer({"ok": 1}), answer(body=b"done"))
    assert pw.client.post("/api/x", []) == {"ok": 1}
    assert pw.client.post("/api/x", None) == "done"
    pw.gateway.script("POST /api/x", answer(body=b"", status=204))
    assert pw.client.post("/api/x", None) == ""


def test_a_post_has_what_it_may_have_changed_asked_anew_and_nothing_else(pw: Faked) -> None:
    pw.gateway.documents[OTHER] = 1
    for path in (OPERATION, OTHER):
        for raw in (False, True):
            pw.poll(path, raw=raw)
    pw.level()
    pw.client.post(OPERATION, {})
    assert pw.costs(pw.level) == 0
    assert pw.costs(lambda: [pw.poll(OTHER), pw.poll(OTHER, raw=True)]) == 0
    assert pw.costs(lambda: [pw.get_mode(), pw.poll(OPERATION, raw=True)]) == 2
    pw.client.post(OTHER, {})
    assert pw.costs(lambda: [pw.poll(OTHER), pw.poll(OTHER, raw=True)]) == 2


def test_a_post_whose_outcome_is_unknown_leaves_no_memory_behind_either(pw: Faked) -> None:
    pw.get_mode()
    pw.gateway.script(f"POST {OPERATION}", SILENT)
    with pytest.raises(Unreachable):
        pw.client.post(OPERATION, {})
    assert pw.costs(pw.get_mode) == 1


def test_an_expired_session_is_renewed_once_and_the_post_sent_again(pw: Faked) -> None:
    pw.level()
    pw.gateway.script("POST /api/x", answer({}, 401), answer({"ok": 1}))
    assert pw.client.post("/api/x", {}) == {"ok": 1}
    assert pw.gateway.sent[1:] == ["POST /api/x", f"POST {LOGIN}", "POST /api/x"]


@pytest.mark.parametrize("minutes", [2, 600])
def test_firmware_that_says_403_to_an_expired_session_is_asked_which_it_is(
    minutes: int, pw: Faked
) -> None:
    pw.gateway.wants_login = True
    pw.power()
    pw.gateway.session = "another, after a reboot"
    pw.clock.advance(60.0 * minutes)
    assert pw.client.post("/api/x", {"a": 1}) == {"a": 1}
    assert [one for one in pw.gateway.sent if "POST" in one] == [
        f"POST {LOGIN}",
        "POST /api/x",
        f"POST {LOGIN}",
        "POST /api/x",
    ]


def test_403_in_a_session_that_is_fine_is_the_role_and_nothing_is_sent_again(pw: Faked) -> None:
    pw.gateway.wants_login = True
    pw.power()
    pw.clock.advance(120.0)
    pw.gateway.script("POST /api/x", answer({"error": "no access"}, 403))
    with pytest.raises(NotPermitted):
        pw.client.post("/api/x", {})
    assert pw.gateway.count("POST /api/x") == pw.gateway.count(f"POST {LOGIN}") == 1


def test_a_post_that_the_new_session_does_not_help_is_refused(pw: Faked) -> None:
    pw.gateway.script("POST /api/x", answer({}, 401))
    with pytest.raises(Refused):
        pw.client.post("/api/x", {})
    assert pw.gateway.sent == ["POST /api/x", f"POST {LOGIN}", "POST /api/x"]
    with pytest.raises(NotSent, match="no session"):
        pw.client.post("/api/x", {})
    assert pw.gateway.count(f"POST {LOGIN}") == 1


@pytest.mark.parametrize(
    ("status", "error"),
    [(403, NotPermitted), (400, Refused), (429, Refused), (500, Unwell), (502, Unwell)],
)
def test_a_post_is_refused_by_name_and_not_repeated(
    status: int, error: type[Exception], pw: Faked
) -> None:
    pw.gateway.script("POST /api/x", answer({"message": "no"}, status))
    with pytest.raises(error):
        pw.client.post("/api/x", {})
    assert [one for one in pw.gateway.sent if "POST" in one] == ["POST /api/x"]


def test_429_to_a_post_rests_the_whole_lane(pw: Faked) -> None:
    pw.gateway.script("POST /api/x", answer({}, 429))
    with pytest.raises(Refused):
        pw.client.post("/api/x", {})
    assert pw.costs(lambda: [pw.power(), pw.poll(SOE, force=True)]) == 0
    with pytest.raises(NotSent):
        pw.client.post("/api/x", {})
    assert pw.gateway.count() == 1
    assert "polls this gateway" in pw.client.trouble()


@pytest.mark.parametrize(
    "document",
    [{1, 2}, float("nan"), object(), {"a": b"bytes"}, {("a",): 1}],
    ids=["a set", "nan", "an object", "bytes", "a pair as a key"],
)
def test_what_is_no_json_is_not_sent(document: Any, pw: Faked) -> None:
    with pytest.raises(BadCommand, match="JSON"):
        pw.client.post("/api/x", document)
    assert pw.gateway.sent == []


# -- the session, commands, trouble ---------------------------------------------------------


def test_the_session_is_shown_once_there_is_one(pw: Faked) -> None:
    pw.gateway.wants_login = True
    assert pw.client.session() == {}
    assert pw.power()["load"] == 1200
    assert pw.client.session() == COOKIES | {"AuthCookie": f"{COOKIES['AuthCookie']}1"}


def test_a_command_is_carried_out_by_the_one_commander(pw: Faked) -> None:
    record = pw.client.command(Command({RESERVE: 50.0, MODE: "backup"}))
    assert record.outcome is Outcome.APPLIED
    assert pw.gateway.bodies == [{"real_mode": "backup", "backup_reserve_percent": 52.5}]
    assert pw.client.site.commander is not None
    assert pw.client.site.commander.records() == [record]


def test_a_setting_is_read_now_or_not_at_all(pw: Faked, caplog: pytest.LogCaptureFixture) -> None:
    assert (pw.client.setting(MODE), pw.client.setting(RESERVE)) == ("self_consumption", 20.0)
    assert pw.client.setting("grid_export") is None
    pw.gateway.script(f"GET {OPERATION}", SILENT)
    assert pw.client.setting(MODE) is None
    assert "mode cannot be read: no answer within 5 s" in caplog.text


def test_trouble_is_told_with_what_to_do_and_gone_when_it_is_over(pw: Faked) -> None:
    assert pw.client.trouble() == ""
    pw.gateway.script(f"GET {GRID}", Unreachable("connection refused", remedy="Check the cable."))
    assert pw.grid_status() is None
    assert pw.client.trouble() == "connection refused. Check the cable"
    pw.gateway.script(f"GET {GRID}", answer(DOCUMENTS[GRID]))
    pw.clock.advance(60.0)
    assert pw.grid_status() == "UP"
    assert pw.client.trouble() == ""


def test_a_client_without_a_gateway_knows_nothing_and_says_why() -> None:
    client = Client(Site(trouble="no gateway here"), None, None, 1.0)
    client.start()
    assert client.document(payloads.SOE) is None
    assert client.document(payloads.SOE, force=True) is None
    assert client.poll(OTHER, force=True) is None
    assert (client.trouble(), dict(client.session())) == ("no gateway here", {})
    assert client.setting(MODE) is None
    for change in (lambda: client.post(OTHER, {}), lambda: client.command(Command({MODE: "x"}))):
        with pytest.raises((Unreachable, BadCommand), match="no gateway here"):
            change()
    client.close()
