"""How findings are written, and how the command ends."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from pypowerwall_core.doctor.finding import (
    SETTINGS,
    Finding,
    State,
    exit_code,
    failed,
    span,
    took,
    warning,
    well,
)
from pypowerwall_core.doctor.report import document, lines, summary

GOOD = Finding(State.OK, "fine", details=("more",), name="TCP")
POOR = Finding(State.WARNING, "slow", "Wait.", name="latency")
BAD = Finding(State.FAILED, "refused", "Look.", name="TLS")
SKIPPED = Finding(State.SKIPPED, "not looked at", name="login")


def written(finding: Finding, **options: bool | int) -> list[str]:
    return lines(finding, **{"color": False, "verbose": False, **options})  # type: ignore[arg-type]


def test_a_finding_is_a_line() -> None:
    assert written(GOOD) == ["ok   TCP             fine"]
    assert written(SKIPPED) == ["skip login           not looked at"]


def test_its_remedy_is_the_next_line_behind_an_arrow() -> None:
    assert written(BAD) == ["FAIL TLS             refused", f"{' ' * 21}-> Look."]
    assert written(POOR)[0].startswith("warn latency")


def test_details_are_for_who_wants_them() -> None:
    assert written(GOOD, verbose=True)[1:] == [f"{' ' * 21}   more"]


def test_colors_are_around_the_state_only() -> None:
    assert written(BAD, color=True)[0] == "\x1b[1;31mFAIL\x1b[0m TLS             refused"


@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_remedy_fits_the_terminal(width: int) -> None:
    long = Finding(State.FAILED, "x", "Some words of advice. " * 20, name="TLS")
    told = written(long, width=width)
    assert all(len(line) <= width for line in told)
    assert " ".join("".join(told[1:]).split()).count("advice.") == 20


def test_a_terminal_too_narrow_wraps_by_itself() -> None:
    assert len(written(BAD, width=30)) == 2


@pytest.mark.parametrize(
    ("findings", "says", "code"),
    [
        ([GOOD], "All is well.", 0),
        ([GOOD, SKIPPED], "All is well.", 0),
        ([GOOD, POOR], "1 warning. Data can be read.", 0),
        ([GOOD, POOR, POOR], "2 warnings. Data can be read.", 0),
        ([GOOD, POOR, BAD, SKIPPED], "1 failed, 1 warning. Begin with: TLS.", 1),
        (
            [Finding(State.FAILED, "x", name=SETTINGS), SKIPPED],
            "1 failed. Begin with: settings.",
            2,
        ),
    ],
)
def test_the_last_line_and_the_exit_code_agree(
    findings: Sequence[Finding], says: str, code: int
) -> None:
    assert summary(findings) == says
    assert exit_code(findings) == code
    assert json.loads(document(findings))["ok"] is (code == 0)


def test_json_has_every_field() -> None:
    told = json.loads(document([BAD]))
    assert told == {
        "ok": False,
        "findings": [
            {
                "name": "TLS",
                "state": "failed",
                "says": "refused",
                "remedy": "Look.",
                "details": [],
                "facts": {},
            }
        ],
    }


def test_findings_are_made_by_their_state() -> None:
    assert well("a").state is State.OK
    assert warning("a", "b") == Finding(State.WARNING, "a", "b")
    assert failed("a", "b").remedy == "b"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0004, "under 1 ms"),
        (0.004, "4 ms"),
        (0.9994, "999 ms"),
        (1.0, "1.0 s"),
        (12.34, "12.3 s"),
    ],
)
def test_short_times_are_written_as_people_do(seconds: float, text: str) -> None:
    assert took(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (113, "113 s"),
        (119.6, "2 min"),
        (300, "5 min"),
        (7199.6, "2 h"),
        (172800, "2 days"),
    ],
)
def test_long_times_are_written_roughly(seconds: float, text: str) -> None:
    assert span(seconds) == text
