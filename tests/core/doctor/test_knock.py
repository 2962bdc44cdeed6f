"""Getting in: never a login where none is needed, never two, never the password for a stranger."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest

from pypowerwall_core.doctor.chart import (
    CertificateSeen,
    Chart,
    Handshake,
    Kind,
    LoginSeen,
    Way,
)
from pypowerwall_core.doctor.knock import TEDAPI, knock
from pypowerwall_core.doctor.login import AGGREGATES, PROBES, SITEMASTER, SOE, STATUS
from pypowerwall_core.doctor.visitor import SILENT_MOST, Clocks, Visitor, date_of
from pypowerwall_core.errors import (
    BadCredentials,
    Busy,
    LogInAgain,
    NotServed,
    PowerwallError,
    RateLimited,
    Unreachable,
    Unwell,
)

GATEWAY = Handshake(certificate=CertificateSeen("AB", names=("teg",)))
STRANGER = Handshake(certificate=CertificateSeen("AB", names=("router.lan",)))
DIN = b'{"din": "1232100-00-E--TG1", "version": "23.44.0"}'
NO_RIGHTS = LogInAgain("HTTP 403: User does not have adequate access rights")
Reply = bytes | PowerwallError


@dataclass
class Gateway:
    """A gateway and the session at it, as far as a visitor asks.

    Attributes:
        replies: By path; of all others `{}`.
        session: "" none, "old" stored, "new" after a login.
        wanted: Sessions that may read; what is open is in `replies` with STATUS.
        asked: What was sent, in order.
    """

    replies: dict[str, Reply] = field(default_factory=lambda: {STATUS: DIN})
    session: str = ""
    wanted: tuple[str, ...] = ("new",)
    refusal: PowerwallError | None = None
    asked: list[str] = field(default_factory=list)

    @property
    def has_session(self) -> bool:
        return bool(self.session)

    def get(self, path: str, _timeout_s: float) -> bytes:
        self.asked.append(path)
        reply = self.replies.get(path)
        if reply is None:
            reply = b"{}" if self.session in self.wanted else LogInAgain("HTTP 403")
        if isinstance(reply, PowerwallError):
            raise reply
        return reply

    def login(self) -> None:
        self.asked.append("login")
        if self.refusal is not None:
            raise self.refusal
        self.session = "new"

    def forget(self) -> None:
        self.session = ""

    def shown(self) -> dict[str, str]:
        record = {"roles": ["Home_Owner", "hunter22"]}
        return {"UserRecord": base64.b64encode(json.dumps(record).encode()).decode()}


class Passing:
    """A clock that goes on only while somebody sleeps, or an answer takes its time."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_s += seconds

    def clocks(self) -> Clocks:
        return Clocks(lambda: self.now_s, lambda: self.now_s, self.sleep)


def visitor_of(
    gateway: Any, chart: Chart, passing: Passing | None = None, ends_s: float = 1e9
) -> Visitor:
    return Visitor(
        gateway,
        SimpleNamespace(date_s=None),  # type: ignore[arg-type]
        chart,
        str,
        timeout_s=5.0,
        ends_s=ends_s,
        clocks=(passing or Passing()).clocks(),
        progress=lambda _what: None,
    )


def knocked(
    gateway: Gateway, handshake: Handshake = GATEWAY, *, password: bool = True
) -> LoginSeen:
    chart = Chart(handshake=handshake)
    seen = knock(visitor_of(gateway, chart), chart, masked, has_password=password)
    assert seen.roles == (("Home_Owner", "***") if seen.way else ())
    return replace(seen, roles=())


def masked(text: str) -> str:
    return text.replace("hunter22", "***")


def test_a_stored_session_that_works_sends_no_login() -> None:
    gateway = Gateway(session="old", wanted=("old",))
    assert knocked(gateway) == LoginSeen(Way.STORED)
    assert gateway.asked == [STATUS, AGGREGATES]


def test_reads_that_are_open_send_no_login() -> None:
    gateway = Gateway(wanted=("",))
    assert knocked(gateway) == LoginSeen(Way.OPEN)
    assert gateway.asked == [STATUS, AGGREGATES]


def test_where_a_session_is_wanted_one_login_is_sent() -> None:
    gateway = Gateway()
    assert knocked(gateway) == LoginSeen(Way.NEW, logins=1)
    assert gateway.asked == [STATUS, AGGREGATES, "login", AGGREGATES]


def test_an_expired_session_is_dropped_and_reads_tried_without_before_a_login() -> None:
    gateway = Gateway(session="old")
    assert knocked(gateway) == LoginSeen(Way.NEW, logins=1, had_expired=True)
    assert gateway.asked == [STATUS, AGGREGATES, AGGREGATES, "login", AGGREGATES]
    still_open = Gateway(session="old", wanted=("",))
    assert knocked(still_open) == LoginSeen(Way.OPEN, had_expired=True)
    assert "login" not in still_open.asked


def test_a_refused_login_is_not_repeated() -> None:
    gateway = Gateway(refusal=BadCredentials("bad"))
    seen = knocked(gateway)
    assert (seen.way, seen.error, seen.logins) == (None, gateway.refusal, 1)
    assert gateway.asked.count("login") == 1


def test_without_a_password_no_login_was_sent() -> None:
    gateway = Gateway(refusal=BadCredentials("the gateway wants a login"))
    assert knocked(gateway, password=False).logins == 0


def test_a_login_that_opens_nothing_is_told() -> None:
    seen = knocked(Gateway(wanted=()))
    assert (seen.way, seen.logins) == (None, 1)
    assert isinstance(seen.error, LogInAgain)


def test_while_the_powerwall_is_stopped_another_path_proves_the_session() -> None:
    replies: dict[str, Reply] = {STATUS: DIN, AGGREGATES: Unwell("HTTP 502")}
    gateway = Gateway(replies=replies, session="old", wanted=("old",))
    assert knocked(gateway).way is Way.STORED
    assert gateway.asked == [STATUS, AGGREGATES, SITEMASTER]


def test_where_no_path_tells_anything_no_login_is_sent() -> None:
    busy = Busy("HTTP 503")
    gateway = Gateway(replies=dict.fromkeys((STATUS, *PROBES), busy))
    assert knocked(gateway) == LoginSeen(error=busy, path=SOE)
    assert "login" not in gateway.asked


def test_after_a_429_nothing_more_is_asked() -> None:
    limited = RateLimited("HTTP 429")
    gateway = Gateway(replies={STATUS: limited})
    assert knocked(gateway) == LoginSeen(error=limited, path=STATUS)
    assert gateway.asked == [STATUS]


def test_after_a_429_to_the_login_nothing_more_is_asked() -> None:
    chart = Chart(handshake=GATEWAY)
    visitor = visitor_of(Gateway(refusal=RateLimited("HTTP 429")), chart)
    assert knock(visitor, chart, str, has_password=True).logins == 1
    assert visitor.ask(SOE) is None
    assert "429" in chart.stopped


def test_a_gateway_that_says_nothing_is_soon_left_alone() -> None:
    silence = Unreachable("silence")
    gateway = Gateway(replies=dict.fromkeys((STATUS, *PROBES), silence))
    assert knocked(gateway).error is silence
    assert len(gateway.asked) == SILENT_MOST


# -- who it is ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reply",
    [
        Unwell("a web page instead of JSON"),
        LogInAgain("HTTP 401"),
        NotServed("HTTP 404"),
        Unwell("HTTP 500"),
        b"{}",
        b'{"version": 5}',
    ],
)
def test_who_is_no_gateway_is_not_sent_the_password(reply: Reply) -> None:
    gateway = Gateway(replies={STATUS: reply, TEDAPI: NotServed("HTTP 404")})
    seen = knocked(gateway, STRANGER)
    assert seen.way is None
    assert STATUS in seen.stranger
    assert set(gateway.asked) <= {STATUS, TEDAPI}


@pytest.mark.parametrize(
    ("status", "tedapi", "handshake"),
    [
        (DIN, b"", STRANGER),
        (b'{"version": "23.44.0"}', b"", STRANGER),
        (NotServed("HTTP 404"), NO_RIGHTS, STRANGER),
        (NotServed("HTTP 404"), b"", GATEWAY),
        (Unwell("HTTP 500"), b"", GATEWAY),
        (Unwell("HTTP 500"), b"", Handshake(certificate=STRANGER.certificate, is_pinned=True)),
    ],
)
def test_a_gateway_is_known_by_what_it_says_or_by_its_certificate(
    status: Reply, tedapi: Reply, handshake: Handshake
) -> None:
    gateway = Gateway(replies={STATUS: status, TEDAPI: tedapi})
    assert knocked(gateway, handshake) == LoginSeen(Way.NEW, logins=1)


# -- how a visitor asks -------------------------------------------------------------------------


@pytest.mark.parametrize(("took_s", "breath_s"), [(0.02, 0.1), (2.0, 0.5), (30.0, 1.0)])
def test_there_is_a_breath_between_two_requests_and_a_longer_one_for_the_slow(
    took_s: float, breath_s: float
) -> None:
    passing = Passing()

    class Slow(Gateway):
        def get(self, path: str, timeout_s: float) -> bytes:
            passing.now_s += took_s
            return super().get(path, timeout_s)

    visitor = visitor_of(Slow(wanted=("",)), Chart(), passing)
    first, _ = visitor.ask(SOE), visitor.ask(SOE)
    assert first is not None
    assert first.took_s == pytest.approx(took_s)
    assert passing.slept == [pytest.approx(breath_s)]


def test_the_whole_has_an_end() -> None:
    chart, passing = Chart(), Passing()
    visitor = visitor_of(Gateway(wanted=("",)), chart, passing, ends_s=101.0)
    asked = 0
    while visitor.ask(SOE) is not None:
        asked += 1
        assert asked < 50
    assert "time for all of this" in chart.stopped
    assert passing.now_s <= 101.0


def test_a_session_that_ends_meanwhile_ends_the_visit() -> None:
    chart, gateway = Chart(), Gateway(session="old", wanted=("old",))
    visitor = visitor_of(gateway, chart)
    visitor.ask(SOE)
    gateway.wanted = ()
    visit = visitor.ask(SOE)
    assert visit is not None
    assert visit.kind is Kind.FORBIDDEN
    assert chart.stopped == "the session ended"


@pytest.mark.parametrize(
    "body", [b'{"a": {"b": ["x"], "c": "hunter22\\u001b"}, "n": 1, "hunter22": null}']
)
def test_what_a_gateway_echoes_is_masked_on_one_line_and_not_deep(body: bytes) -> None:
    chart = Chart()
    visitor = visitor_of(Gateway(replies={SOE: body}), chart)
    visitor._masked = masked
    visit = visitor.ask(SOE)
    assert visit is not None
    assert visit.document == {"a": {"b": None, "c": "*** "}, "n": 1, "***": None}


@pytest.mark.parametrize("text", ["", "now", "Tue, 99 Nov 2023", "\x00", "9" * 400])
def test_a_date_that_is_none_is_none(text: str) -> None:
    assert date_of(text) is None


def test_a_date_is_seconds_since_1970() -> None:
    assert date_of("Tue, 14 Nov 2023 22:13:20 GMT") == 1_700_000_000.0
