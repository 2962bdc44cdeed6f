"""A running proxy, or whatever else answers at its address: nothing hurts, nothing leaks."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from support.peer import Line, Peer, Script, answer, answers
from support.served import free_port

from pypowerwall_core.cli.asking import BODY_MOST, Asker, Reply
from pypowerwall_core.cli.get import ask, tell
from pypowerwall_core.cli.home import CALLS
from pypowerwall_core.cli.proxied import COMMANDS, Proxied
from pypowerwall_core.cli.telling import said
from pypowerwall_core.commands import GRID_CHARGING, MODE, RESERVE, Command
from pypowerwall_core.errors import (
    BadCommand,
    BadSetting,
    LogInAgain,
    NotSent,
    NotServed,
    PowerwallError,
    Unreachable,
    Unwell,
)
from pypowerwall_core.settings.tokens import Tokens

Captured = pytest.CaptureFixture[str]
READ, CONTROL = "r3ad-me-only", "c0ntröl-me"
TOKENS = Tokens(control_secret=CONTROL, read_token=READ)
ALIVE = answer(b'{"status": "ok"}')
RESERVE_30 = Command({RESERVE: 30.0})
LIMIT_S = 0.3


def document(value: Any, status: str = "200 OK", **headers: str) -> bytes:
    return answer(json.dumps(value).encode(), status, **headers)


def http(*scripts: Script) -> Peer:
    return Peer(*scripts, tls=False)


def at(peer: Peer, tokens: Tokens = TOKENS) -> Proxied:
    return Proxied(Asker(f"http://127.0.0.1:{peer.port}"), tokens)


def paths(peer: Peer) -> list[str]:
    return [request.split(b" ", 2)[1].decode() for request in peer.requests]


def header(request: bytes, name: str) -> bytes | None:
    rows = request.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    pairs = (row.partition(b": ") for row in rows)
    return next((value for key, _, value in pairs if key.decode().lower() == name), None)


# -- addresses and tokens -------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://host", "http://", "http://[::1", "http://host:99999", "http://host:abc"),
        *("http://host:0", "http://us3r:w0rd@host", "http://host/?a=b", "http://host/#top"),
        *("http://ho st", "http://host\x1b[2J", "//host", ":8675"),
    ],
)
def test_an_address_that_is_none_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(BadSetting) as raised:
        Proxied.of(url, {}, {})
    assert str(raised.value) == "-proxy: is not http://HOST:PORT or https://HOST:PORT"


@pytest.mark.parametrize("token", ["two\nlines", " bl4nk", "\x1b[2J", "end\r"])
@pytest.mark.parametrize("name", ["PW_READ_TOKEN", "PW_CONTROL_SECRET"])
def test_a_token_that_no_header_can_hold_is_refused_and_not_repeated(name: str, token: str) -> None:
    with pytest.raises(BadSetting) as raised:
        Proxied.of("http://127.0.0.1:9", {name: token}, {})
    assert str(raised.value).startswith(f"{name}: ")
    assert token not in str(raised.value)


def test_certificates_to_trust_that_are_not_there_are_a_wrong_setting() -> None:
    with pytest.raises(BadSetting, match=r"REQUESTS_CA_BUNDLE: there is no '/nowhere\.pem'"):
        Proxied.of("https://127.0.0.1:9", {"REQUESTS_CA_BUNDLE": "/nowhere.pem"}, {})


@pytest.mark.parametrize("path", ["", "/", "/base", "/base/"])
def test_a_proxy_may_be_below_a_path_and_needs_no_scheme(path: str) -> None:
    with http(answers(document({"site_name": "Home"}))) as peer:
        home = Proxied.of(f"127.0.0.1:{peer.port}{path}", {"PW_READ_TOKEN": READ}, {})
        assert home.ask("site_name") == "Home"
    assert paths(peer) == [f"{path.rstrip('/')}/pw/site_name"]
    assert header(peer.requests[0], "authorization") == f"Bearer {READ}".encode()


# -- reading --------------------------------------------------------------------------------


def test_each_call_is_read_from_where_its_route_has_it() -> None:
    bodies = [{"mode": "backup"}, {"reserve": 20.0}, {"time_remaining": 1.5}, {"site": 1}, {}]
    calls = ["get_mode", "get_reserve", "get_time_remaining", "power", "grid_status"]
    with http(answers(*(document(body) for body in bodies))) as peer:
        home = at(peer)
        assert [home.ask(call) for call in calls] == ["backup", 20.0, 1.5, {"site": 1}, {}]
        home.close()
    assert paths(peer) == [f"/pw/{call}" for call in calls]
    assert peer.connections == 1


NONSENSE: dict[str, bytes] = {
    "a web page": answer(b"<html>router</html>", content_type="text/html"),
    "no JSON": answer(b"\xff\xfe not json"),
    "nothing": answer(b""),
    "half of it": answer(b'{"site_name": "Ho'),
    "NaN": answer(b'{"level": NaN}'),
    "more than a float": answer(b'{"level": 1e999}'),
    "deep": answer(b"[" * 100_000),
    "an error": document({"error": "no \x1b[2J such"}),
    "404": document({"error": "x"}, "404 Not Found"),
    "405": answer(b"", "405 Method Not Allowed"),
}


@pytest.mark.parametrize("reply", NONSENSE.values(), ids=NONSENSE)
def test_who_is_no_proxy_is_told_so(reply: bytes, capsys: Captured) -> None:
    with http(answers(reply)) as peer:
        assert tell(at(peer), "text") == 1
    out = capsys.readouterr().out
    assert out.startswith(f"ERROR: Unable to connect. http://127.0.0.1:{peer.port} answers ")
    assert out.endswith("is it a powerwall proxy?\n")
    assert out.rstrip("\n").isprintable()
    asked = len(CALLS)
    assert len(peer.requests) == asked, "one route may be missing, the others are asked for"


SHAPES = [[1, 2], 5, "text", None, True, {}, {"site_name": ["x"], "level": "50", "site": {}}]


@pytest.mark.parametrize("shape", SHAPES)
def test_wrong_shapes_are_unknown(shape: Any, capsys: Captured) -> None:
    with http(answers(document(shape))) as peer:
        found = ask(at(peer))
        assert {value for value in found.values() if not isinstance(value, dict)} == {None}
        assert tell(at(peer), "text") == 1
    assert "Nothing is known yet; try again." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("status", "kind", "says"),
    [
        ("401 Unauthorized", LogInAgain, "401: it wants a token: set PW_READ_TOKEN as it is set"),
        ("403 Forbidden", LogInAgain, "403: something in front of it"),
        ("404 Not Found", NotServed, "404: is it a powerwall proxy?"),
        ("421 Misdirected Request", Unwell, "421: not under this name: see PW_ALLOWED_HOSTS"),
        ("429 Too Many Requests", Unwell, "429: too many wrong tokens, or too many requests"),
        ("503 Service Unavailable", Unwell, "503: is it"),
        ("599 Whatever", Unwell, "599: is it"),
        ("299 Fine", Unwell, "299: is it"),
    ],
)
def test_an_answer_that_is_none_says_why(
    status: str, kind: type[PowerwallError], says: str
) -> None:
    with http(answers(document({"a": 1}, status))) as peer:
        home = at(peer)
        with pytest.raises(kind):
            home.records()
        assert home.ask("level") is None
        assert says in home.trouble()


def test_an_error_with_the_status_of_a_success_is_quoted(capsys: Captured) -> None:
    with http(answers(document({"error": "mode\noff"}))) as peer:
        assert tell(at(peer), "text") == 1
    assert "with an error instead of data: mode off: is it" in capsys.readouterr().out


@pytest.mark.parametrize(
    "reply", [document({}, "401 Unauthorized"), document({}, "503 Busy"), b"nonsense\r\n\r\n"]
)
def test_who_refuses_once_is_not_asked_ten_times(reply: bytes) -> None:
    with http(answers(reply)) as peer:
        assert set(ask(at(peer)).values()) == {None}
        assert len(peer.requests) == 1


def test_why_the_proxy_knows_nothing_is_what_its_gateway_said() -> None:
    lanes = [{"last_error": None}, {"last_error": "bad\x1b[2J password.", "remedy": "Set it."}]
    with http(answers(document({"lanes": lanes}))) as peer:
        home = at(peer)
        assert home.ask("level") is None
        assert home.trouble() == "bad [2J password. Set it"
        assert paths(peer)[-1] == "/health"


def test_what_a_gateway_said_in_an_outage_that_is_over_is_no_reason() -> None:
    spring = {"state": "up", "last_error": "connection refused"}
    now = {"state": "needs setup", "last_error": "no login is stored"}
    with http(
        answers(*(document({"lanes": lanes}) for lanes in ([spring], [spring, now])))
    ) as peer:
        home = at(peer)
        assert home.trouble() == ""
        assert home.trouble() == "no login is stored"


@pytest.mark.parametrize("health", [[], {"lanes": 5}, {"lanes": [5, None, []]}, {"lanes": [{}]}])
def test_where_nobody_has_a_reason_there_is_none(health: Any) -> None:
    with http(answers(document(health))) as peer:
        assert at(peer).trouble() == ""


# -- slow, long, elsewhere ------------------------------------------------------------------


def hold(line: Line) -> None:
    line.request()
    line.hold()


def drip_headers(line: Line) -> None:
    line.request()
    line.say(b"HTTP/1.1 200 OK\r\n")
    line.drip(b"x-slow: 1\r\n")


def drip_body(line: Line) -> None:
    line.request()
    line.say(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
    line.drip(b" ")


@pytest.mark.parametrize("script", [hold, drip_headers, drip_body])
def test_who_is_slow_is_not_waited_for(script: Script) -> None:
    with http(script) as peer, pytest.raises(Unreachable, match=r"no whole answer within 0\.3 s"):
        Asker(f"http://127.0.0.1:{peer.port}").get("/", {}, LIMIT_S)


def test_who_talks_for_ever_is_cut_off() -> None:
    def talk(line: Line) -> None:
        line.request()
        line.say(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(2 * BODY_MOST >> 16):
            line.say(b" " * 65536)

    with http(talk) as peer, pytest.raises(Unreachable, match="more than 4 MB"):
        Asker(f"http://127.0.0.1:{peer.port}").get("/", {}, 10)


def elsewhere(port: int, more: bytes = b"") -> bytes:
    body = b"moved" + more
    return answer(body, "307 Temporary Redirect", location=f"http://127.0.0.1:{port}/\x1b[2J")


def test_a_token_does_not_follow_a_redirect(capsys: Captured) -> None:
    with http(answers(ALIVE)) as target, http(answers(elsewhere(target.port))) as peer:
        home = at(peer)
        assert tell(home, "text") == 1
        with pytest.raises(NotSent, match="nothing was sent"):
            home.change(RESERVE_30)
    assert target.connections == 0
    assert not any(request.startswith(b"POST") for request in peer.requests)
    assert f"it sends us to http://127.0.0.1:{target.port}/" in capsys.readouterr().out


def test_a_redirect_of_the_command_itself_is_a_refusal() -> None:
    with (
        http(answers(ALIVE)) as target,
        http(answers(ALIVE), answers(elsewhere(target.port))) as peer,
        pytest.raises(BadCommand, match=r"refuses \(307\): it sends us to"),
    ):
        at(peer).change(RESERVE_30)
    assert target.connections == 0


def test_what_the_environment_says_of_other_proxies_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with http(answers(document({"level": 1}))) as other, http(answers(document(RECORD))) as peer:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{other.port}")
        monkeypatch.setenv("no_proxy", "")
        monkeypatch.setenv("NO_PROXY", "")
        home = at(peer)
        home.ask("level")
        home.change(RESERVE_30)
        home.close()
    assert other.connections == 0
    assert len(peer.requests) == 3


@pytest.mark.parametrize(
    ("address", "says"),
    [
        (lambda: f"http://127.0.0.1:{free_port()}", "connection refused"),
        (lambda: "http://nowhere.invalid", "its name cannot be resolved"),
        (lambda: f"http://{'a' * 64}.example", "that is no address"),
    ],
)
def test_who_is_not_there_is_told_so_and_nothing_was_sent(
    address: Callable[[], str], says: str
) -> None:
    home = Proxied(Asker(address()), TOKENS)
    assert home.ask("level") is None
    with pytest.raises(NotSent, match=rf"({says}); nothing was sent"):
        home.change(RESERVE_30)


def test_a_wrong_scheme_is_told() -> None:
    def refuse(line: Line) -> None:
        line.notice()
        line.say(answer(b"", "400 Bad Request"))

    with http(refuse) as plain, Peer(answers(ALIVE)) as tls:
        for url, says in [
            (f"https://127.0.0.1:{plain.port}", "no TLS connection; is it http:// there"),
            (f"https://127.0.0.1:{tls.port}", "its certificate is not trusted; name a file"),
            (f"http://127.0.0.1:{tls.port}", "is it https:// there"),
        ]:
            with pytest.raises(NotSent, match=says):
                Proxied(Asker(url), TOKENS).change(RESERVE_30)
        assert not plain.requests
        assert not tls.requests


# -- changing -------------------------------------------------------------------------------

RECORD = {"id": "c1", "outcome": "applied", "after": {"reserve_app_pct": 30.0}}


def sent_to(peer: Peer, command: Command = RESERVE_30) -> Any:
    return at(peer).change(command)


def test_a_command_is_sent_once_on_its_own_connection_with_its_token_alone() -> None:
    with http(answers(ALIVE), answers(document(RECORD))) as peer:
        home = at(peer)
        assert home.change(Command({RESERVE: 33.333333, MODE: "backup"}, for_s=7200.0)) == RECORD
        assert home.change(Command({GRID_CHARGING: False})) == RECORD
    alive, *posts = peer.requests
    assert peer.connections == 3
    assert header(alive, "authorization") is None
    assert [header(post, "authorization") for post in posts] == [f"Bearer {CONTROL}".encode()] * 2
    assert [json.loads(post.partition(b"\r\n\r\n")[2]) for post in posts] == [
        {"reserve_app_pct": 33.33, "mode": "backup", "for": 7200.0},
        {"grid_charging": False},
    ]
    keys = {header(post, "idempotency-key") for post in posts}
    assert len(keys) == 2
    assert None not in keys
    assert all(post.startswith(f"POST {COMMANDS} ".encode()) for post in posts)
    assert READ.encode() not in b"".join(peer.requests)


def test_reading_does_not_show_the_control_token() -> None:
    with http(answers(document({"commands": [RECORD, 5]}))) as peer:
        assert at(peer).records() == [RECORD, {}]
    assert CONTROL.encode() not in b"".join(peer.requests)


@pytest.mark.parametrize("status", ["200 OK", "202 Accepted", "403 F", "409 C", "504 G"])
def test_a_record_is_a_record_whatever_the_status(status: str) -> None:
    with http(answers(ALIVE), answers(document(RECORD, status))) as peer:
        assert sent_to(peer)["outcome"] == "applied"


@pytest.mark.parametrize(
    ("reply", "says", "remedy"),
    [
        (
            document({"error": "E", "reason": "show it"}, "401 Unauthorized"),
            "(401): show it",
            "it wants a token: set PW_CONTROL_SECRET as it is set where it runs",
        ),
        (answer(b"<html>", "401 Unauthorized"), "(401): it wants a token: set PW_CONTROL", ""),
        (
            document({"reason": "no \x1b[2J", "remedy": "Pray."}, "400 Bad"),
            "(400): no  [2J",
            "Pray.",
        ),
        (answer(b"", "404 Not Found"), "(404): is it a powerwall proxy?", ""),
        (document([1], "405 Method Not Allowed"), "(405): is it a powerwall proxy?", ""),
        (document({"reason": ["x"]}, "421 Misdirected"), "(421): not under this name", ""),
        (document({"error": "wait"}, "429 Too Many"), "(429): wait", "too many wrong tokens"),
    ],
)
def test_a_refusal_says_why_and_what_to_do(reply: bytes, says: str, remedy: str) -> None:
    with http(answers(ALIVE), answers(reply)) as peer, pytest.raises(BadCommand) as raised:
        sent_to(peer)
    assert says in f"{raised.value}"
    assert raised.value.remedy.startswith(remedy)
    assert bool(raised.value.remedy) == bool(remedy)


def cut(line: Line) -> None:
    line.request()
    line.reset()


UNTOLD: dict[str, Script] = {
    "cut off": cut,
    "a web page": answers(answer(b"<html>")),
    "nothing": answers(answer(b"")),
    "another document": answers(document({"commands": []})),
    "an outcome that is no word": answers(document({"outcome": 1})),
    "a list": answers(document([RECORD])),
    "NaN": answers(answer(b'{"outcome": "applied", "after": NaN}')),
    "broken": answers(document({"error": "bug"}, "500 Internal Server Error")),
    "a front end that waits no longer": answers(answer(b"", "502 Bad Gateway")),
}


@pytest.mark.parametrize("script", UNTOLD.values(), ids=UNTOLD)
def test_a_command_without_a_record_may_have_been_carried_out(script: Script) -> None:
    with http(answers(ALIVE), script) as peer, pytest.raises(Unreachable) as raised:
        sent_to(peer)
    assert "does not say what became of it" in str(raised.value)
    assert raised.value.remedy.endswith("before you try again.")
    posts = [request for request in peer.requests if request.startswith(b"POST")]
    assert len(posts) == 1, "it is never sent twice"


def test_a_token_that_is_echoed_is_not_printed(capsys: Captured) -> None:
    environ = {"PW_READ_TOKEN": READ, "PW_CONTROL_SECRET": CONTROL}
    echo = {"outcome": "rejected", "reason": f"{CONTROL}?", "remedy": f"not {READ}"}
    with http(answers(ALIVE), answers(document(echo, "409 C"))) as peer:
        told = Proxied.of(f"127.0.0.1:{peer.port}", environ, {}).change(RESERVE_30)
    assert said(told)[1:] == ["  ***?", "  not ***"]
    with http(answers(document({"lanes": [{"last_error": f"by {CONTROL}"}]}))) as peer:
        assert tell(Proxied.of(f"127.0.0.1:{peer.port}", environ, {}), "text") == 1
    assert "by ***" in capsys.readouterr().out


def test_an_answer_keeps_what_it_says_of_itself_short() -> None:
    assert repr(Reply(200, b"x" * 3)) == "Reply(status=200, body=b'xxx', location='')"
