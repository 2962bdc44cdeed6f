"""Firmware, paths, and whether the Powerwall runs."""

from __future__ import annotations

from typing import Any

import pytest

from pypowerwall_core.backends.local.reader import ROWS
from pypowerwall_core.doctor.chart import Chart, LoginSeen, Visit, Way
from pypowerwall_core.doctor.finding import Finding, State
from pypowerwall_core.doctor.gateway import PATHS, judge, judge_sitemaster, masked_din
from pypowerwall_core.doctor.login import AGGREGATES, SITEMASTER, STATUS
from pypowerwall_core.errors import (
    Busy,
    LogInAgain,
    NotServed,
    PowerwallError,
    RateLimited,
    Unreachable,
    Unwell,
)

TOLD = {"version": "23.44.0 9c04be16", "din": "1232100-00-E--TG122000000001"}
VITALS = "/api/devices/vitals"
OPERATION = "/api/operation"


def chart(stopped: str = "", way: Way | None = Way.NEW, **errors: PowerwallError | None) -> Chart:
    """All paths answer but those named."""
    documents: dict[str, Any] = {STATUS: TOLD, SITEMASTER: {"running": True}}
    visits = [
        Visit(
            path,
            0.02,
            error=errors.get(path),
            document=None if errors.get(path) else documents.get(path),
        )
        for path in PATHS
    ]
    return Chart(visits=visits, login=LoginSeen(way), stopped=stopped)


def judged(**errors: PowerwallError | None) -> Finding:
    return judge(chart(**errors))


def test_firmware_din_and_paths_are_one_line() -> None:
    finding = judged()
    assert finding.state is State.OK
    assert finding.says == (
        f"23.44.0 9c04be16, DIN 1232100-00-E--...001: {len(PATHS)} of {len(PATHS)} paths answer"
    )
    assert finding.facts["din"] == "1232100-00-E--...001"
    assert finding.facts["paths"][VITALS] == "answers"
    assert len(finding.details) == len(PATHS)


def test_every_row_but_those_on_demand_is_asked() -> None:
    assert set(PATHS) == {row.path for row in ROWS if not row.on_demand}
    assert "/api/system/update/status" not in PATHS


@pytest.mark.parametrize(
    ("din", "shown"),
    [
        ("1232100-00-E--TG122000000001", "1232100-00-E--...001"),
        ("TG122000000001", "...001"),
        ("1232100-00-E--", "1232100-00-E--..."),
        ("", ""),
        (None, ""),
        (5, ""),
    ],
)
def test_a_serial_is_shown_by_its_end_only(din: object, shown: str) -> None:
    assert masked_din(din) == shown


def test_404_and_403_beside_the_core_are_the_firmwares_choice() -> None:
    finding = judged(**{VITALS: NotServed("HTTP 404"), OPERATION: LogInAgain("HTTP 403")})
    assert finding.state is State.OK
    assert finding.says.endswith("paths answer, 1 not served, 1 forbidden")


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (NotServed("HTTP 404"), "another device"),
        (LogInAgain("HTTP 403"), "installer's"),
        (Busy("HTTP 503", remedy="It updates."), "It updates."),
        (Unwell("broken JSON"), "restart the gateway"),
        (Unreachable("silence"), "that path hangs"),
        (RateLimited("HTTP 429"), "30 minutes"),
    ],
)
def test_a_core_path_without_an_answer_is_a_failure(error: PowerwallError, remedy: str) -> None:
    finding = judged(**{AGGREGATES: error})
    assert finding.state is State.FAILED
    assert f"{AGGREGATES}: {error}" in finding.says
    assert remedy in finding.remedy


def test_another_path_that_fails_is_a_warning_but_a_429_is_not() -> None:
    assert judged(**{VITALS: Unwell("broken vitals")}).state is State.WARNING
    assert judged(**{OPERATION: RateLimited("HTTP 429")}).state is State.FAILED


def test_paths_not_asked_are_told_with_the_reason() -> None:
    asked = chart(stopped="the time for all of this is over")
    del asked.visits[15:]
    finding = judge(asked)
    assert finding.state is State.WARNING
    assert "15 of 24 paths answer" in finding.says
    assert finding.says.endswith("the rest was not asked, as the time for all of this is over")


def test_while_the_powerwall_is_stopped_that_alone_has_failed() -> None:
    stopped = chart(**{AGGREGATES: Unwell("HTTP 502 with an empty body")})
    stopped.visits.append(Visit(SITEMASTER, 0.1, document={"running": False}))
    assert judge(stopped).state is State.WARNING
    assert judge_sitemaster(stopped).state is State.FAILED


def test_a_session_that_ended_meanwhile_is_told_apart_from_a_role() -> None:
    cut = chart()
    cut.visits.append(Visit(AGGREGATES, 0.1, error=LogInAgain("HTTP 403")))
    finding = judge(cut)
    assert finding.state is State.FAILED
    assert "log out" in finding.remedy


def test_a_powerwall_3_tells_no_firmware() -> None:
    errors: dict[str, PowerwallError] = {STATUS: NotServed("HTTP 404")}
    assert judged(**errors).says.startswith("not told, as by a Powerwall 3: ")


def test_without_a_way_in_firmware_is_told_where_it_is_known() -> None:
    known = Chart(visits=[Visit(STATUS, 0.1, document=TOLD)])
    assert judge(known).says.startswith("23.44.0 9c04be16, DIN 1232100-00-E--...001; which paths")
    assert judge(Chart()).state is State.SKIPPED


def test_a_firmware_text_of_old_loses_its_line_end() -> None:
    old = Chart(
        visits=[Visit(STATUS, 0.1, document={"version": "1.15.0 "})], login=LoginSeen(Way.OPEN)
    )
    assert judge(old).says.startswith("1.15.0: ")


# -- the site master ----------------------------------------------------------------------------


def sitemaster(document: Any = None, error: PowerwallError | None = None) -> Finding:
    return judge_sitemaster(Chart(visits=[Visit(SITEMASTER, 0.1, error=error, document=document)]))


@pytest.mark.parametrize(
    ("document", "state", "says"),
    [
        (
            {"status": "StatusUp", "running": True, "connected_to_tesla": True},
            State.OK,
            "running (StatusUp), connected to Tesla",
        ),
        ({"running": True, "uptime": "802459s,"}, State.OK, "running"),
        (
            {"status": "StatusUp", "running": True, "connected_to_tesla": False},
            State.WARNING,
            "running (StatusUp), not connected to Tesla",
        ),
        (
            {"status": "StatusDown", "running": False, "connected_to_tesla": True},
            State.FAILED,
            "stopped (StatusDown)",
        ),
    ],
)
def test_the_site_master_is_told(document: Any, state: State, says: str) -> None:
    finding = sitemaster(document)
    assert (finding.state, finding.says) == (state, says)
    assert bool(finding.remedy) == (state is not State.OK)


def test_a_site_master_that_is_not_there_is_skipped() -> None:
    assert sitemaster(error=NotServed("HTTP 404")).says == "not served by this gateway"
    assert sitemaster(error=Unwell("broken JSON")).says == "broken JSON"
    assert judge_sitemaster(Chart()).state is State.SKIPPED
