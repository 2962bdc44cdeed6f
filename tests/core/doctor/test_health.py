"""Latency, clocks, and who else asks: judged by what was seen, and no more."""

from __future__ import annotations

from typing import Any

import pytest

from pypowerwall_core.backends.local.address import Address
from pypowerwall_core.doctor.chart import (
    Chart,
    LoginSeen,
    ProxySeen,
    Resolved,
    SettingsSeen,
    Visit,
)
from pypowerwall_core.doctor.finding import Finding, State
from pypowerwall_core.doctor.health import judge_clock, judge_latency, judge_pollers
from pypowerwall_core.doctor.login import AGGREGATES
from pypowerwall_core.errors import LogInAgain, NotServed, RateLimited, Unreachable

NOW_S = 1_700_000_000.0
HEARD = "2023-11-14T22:13:20.123456789Z"


def latency(*visits: Visit, timeout_s: float = 5.0) -> Finding:
    return judge_latency(Chart(settings=SettingsSeen(timeout_s=timeout_s), visits=list(visits)))


def test_latency_is_the_median_and_the_slowest() -> None:
    finding = latency(*(Visit(f"/{took}", took) for took in (0.04, 0.05, 0.6)))
    assert finding.state is State.OK
    assert finding.says == "median 50 ms, slowest 600 ms (/0.6), 3 answers"


def test_refusals_are_quick_and_do_not_count() -> None:
    finding = latency(Visit("/a", 2.0), *[Visit("/b", 0.01, error=NotServed("404"))] * 9)
    assert finding.facts["median_s"] == 2.0
    assert latency(Visit("/b", 0.01, error=NotServed("404"))).facts["median_s"] == 0.01


def test_a_slow_gateway_is_told_to_be_asked_less() -> None:
    finding = latency(*(Visit("/a", took) for took in (1.2, 1.5, 2.0)))
    assert finding.state is State.WARNING
    assert "PW_CACHE_EXPIRE=15" in finding.remedy
    assert "PW_TIMEOUT" not in finding.remedy


def test_a_gateway_near_its_timeout_is_given_more() -> None:
    assert "PW_TIMEOUT=10" in latency(Visit("/a", 2.6)).remedy
    assert "PW_TIMEOUT=40" in latency(Visit("/a", 12.0), timeout_s=20.0).remedy


def test_answers_that_did_not_come_are_counted() -> None:
    finding = latency(Visit("/a", 0.1), Visit("/b", 5.0, error=Unreachable("silence")))
    assert finding.state is State.WARNING
    assert finding.says.endswith("1 answer; 1 did not come")


def test_nothing_answered_is_nothing_to_judge() -> None:
    silent = Visit("/b", 5.0, error=Unreachable("silence"))
    for judge in (judge_latency, judge_clock):
        assert judge(Chart(visits=[])).state is State.SKIPPED
        assert judge(Chart(visits=[silent])).state is State.SKIPPED


# -- clocks -------------------------------------------------------------------------------------


def clock(ahead_s: float, document: Any = None) -> Finding:
    visits = [
        Visit(AGGREGATES, 0.0, NOW_S + late_s, NOW_S + ahead_s, document=document)
        for late_s in (0.2, 0.5, 0.8)
    ]
    return judge_clock(Chart(visits=visits))


def test_a_date_has_whole_seconds_and_that_is_no_skew() -> None:
    finding = clock(0.0)
    assert (finding.state, finding.says) == (
        State.OK,
        "the gateway's clock agrees within 1 s",
    )
    assert finding.facts["gateway_ahead_s"] == 0


@pytest.mark.parametrize(
    ("ahead_s", "state", "says"),
    [
        (59, State.OK, "agrees within 59 s"),
        (-59, State.OK, "agrees within 59 s"),
        (61, State.WARNING, "61 s ahead of"),
        (-90, State.WARNING, "90 s behind"),
        (7200, State.WARNING, "2 h ahead of"),
        (-3 * 86400, State.WARNING, "3 days behind"),
    ],
)
def test_a_wrong_clock_is_told_by_how_much(ahead_s: float, state: State, says: str) -> None:
    finding = clock(ahead_s)
    assert finding.state is state
    assert says in finding.says
    assert ("this machine's clock is right" in finding.remedy) == (state is State.WARNING)


def meter(heard: object) -> dict[str, object]:
    return {"last_communication_time": heard, "instant_power": 5}


def test_a_meter_long_unheard_of_is_told() -> None:
    document = {"site": meter(HEARD), "solar": meter("2023-11-14T21:13:20+00:00")}
    finding = clock(0.0, document)
    assert finding.state is State.WARNING
    assert finding.says == "meters were last heard of long ago: solar 60 min ago"
    assert finding.facts["meters_late_s"] == {"solar": 3600}


@pytest.mark.parametrize(
    "document",
    [
        {"load": meter("2023-11-14T21:13:20+00:00")},
        {"solar": meter("0001-01-01T00:00:00Z")},
        {"solar": meter(None)},
        {"solar": meter("now")},
        {"solar": meter(5)},
        {"solar": meter("2023-11-14T22:13:20")},
        {"solar": None},
        ["solar"],
        {},
    ],
)
def test_what_tells_no_time_is_not_late(document: Any) -> None:
    assert clock(0.0, document).state is State.OK


def test_a_gateway_without_a_date_is_skipped() -> None:
    finding = judge_clock(Chart(visits=[Visit("/a", 0.1, NOW_S)]))
    assert (finding.state, finding.says) == (State.SKIPPED, "the gateway tells no time")


# -- who else -----------------------------------------------------------------------------------


def pollers(*visits: Visit, proxy: ProxySeen | None = None, error: Any = None) -> Finding:
    chart = Chart(
        settings=SettingsSeen(Address("powerwall.lan")),
        resolved=Resolved(("10.0.0.5",)),
        visits=list(visits),
        proxy=proxy,
        login=LoginSeen(error=error),
    )
    return judge_pollers(chart)


STEADY = [Visit(AGGREGATES, took) for took in (0.04, 0.05, 0.9)]


def test_nobody_is_suspected_without_a_reason() -> None:
    finding = pollers(*STEADY)
    assert (finding.state, finding.says) == (State.OK, "nothing points to one")


@pytest.mark.parametrize(
    ("visits", "reason"),
    [
        ([Visit("/a", 0.1, error=RateLimited("429"))], "limits requests (429)"),
        (
            [Visit("/a", 0.1), Visit("/a", 0.1, error=LogInAgain("403"))],
            "a session that worked was refused moments later",
        ),
        (
            [Visit(AGGREGATES, 0.04), Visit(AGGREGATES, 2.1)],
            "the same request took 40 ms once and 2.1 s another time",
        ),
    ],
)
def test_a_suspicion_has_its_reason(visits: list[Visit], reason: str) -> None:
    finding = pollers(*visits)
    assert finding.state is State.WARNING
    assert finding.says.startswith("suspected, because ")
    assert reason in finding.says
    assert "Let one program ask the gateway" in finding.remedy


def test_a_login_that_was_limited_is_a_reason_too() -> None:
    assert "429" in pollers(Visit("/a", 0.1), error=RateLimited("429")).says


def test_a_path_refused_to_an_expired_session_is_no_reason() -> None:
    refused = Visit("/a", 0.1, error=LogInAgain("403"))
    assert pollers(refused, Visit("/a", 0.1, session=1)).state is State.OK


@pytest.mark.parametrize(
    ("proxy", "says"),
    [
        (ProxySeen(8675, "X", "10.0.0.5"), "X at localhost:8675 polls this gateway, so let"),
        (ProxySeen(8675, "X", "powerwall.lan"), "polls this gateway"),
        (ProxySeen(8675, "X", "10.0.0.6"), "polls 10.0.0.6;"),
        (ProxySeen(8675, "X", "10.0.0.5:8443"), "polls 10.0.0.5:8443;"),
        (ProxySeen(8675, "X", "::no::host::"), "polls ::no::host::"),
        (ProxySeen(8675, "X"), "may poll this gateway"),
    ],
)
def test_a_proxy_on_this_machine_is_told_with_what_it_reads(proxy: ProxySeen, says: str) -> None:
    finding = pollers(*STEADY, proxy=proxy)
    assert finding.state is State.OK
    assert says in finding.says


def test_a_suspicion_and_a_proxy_stand_side_by_side() -> None:
    finding = pollers(
        Visit("/a", 0.1, error=RateLimited("429")), proxy=ProxySeen(8675, "X", "10.0.0.5")
    )
    assert finding.says.startswith("suspected, because the gateway limits requests (429); X at")


def test_where_nothing_was_asked_nobody_is_cleared() -> None:
    assert pollers().state is State.SKIPPED
    alone = pollers(proxy=ProxySeen(1, "X", "10.0.0.5")).says
    assert alone == "X at localhost:1 polls this gateway, so let everything else ask it"
