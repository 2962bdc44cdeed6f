"""Who answers at the port, by TLS and certificate."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pypowerwall_core.doctor.chart import CertificateSeen, Chart, Handshake, Saved, TlsTrouble
from pypowerwall_core.doctor.finding import Finding, State
from pypowerwall_core.doctor.tls import is_of_gateway, judge, judge_saved

PRINT = ":".join(["AB"] * 32)
CERTIFICATE = CertificateSeen(
    PRINT, "CN=powerwall", ("powerwall", "teg", "powerpack"), "2020-01-01", "2045-01-01"
)
GOOD = Handshake(
    None,
    0.03,
    version="TLSv1.2",
    cipher="ECDHE-ECDSA-AES128-GCM-SHA256",
    certificate=CERTIFICATE,
    refuses_strange_names=True,
)


def judged(handshake: Handshake) -> Finding:
    return judge(Chart(handshake=handshake))


def test_a_gateway_is_told_with_its_fingerprint() -> None:
    finding = judged(GOOD)
    assert finding.state is State.OK
    assert finding.says == (
        f"TLSv1.2 without server name, certificate of powerwall, teg, powerpack; SHA-256 {PRINT}"
    )
    assert finding.facts["sha256"] == PRINT
    assert finding.facts["is_of_gateway"] is True
    assert finding.details == (
        "cipher ECDHE-ECDSA-AES128-GCM-SHA256, handshake 30 ms",
        "subject CN=powerwall",
        "valid from 2020-01-01 to 2045-01-01; nobody checks that",
        "another server name is refused, as gateways do",
    )


def test_the_name_that_was_sent_is_told() -> None:
    assert "with the server name powerwall" in judged(replace(GOOD, server_name="powerwall")).says


def test_the_certificate_of_the_setting_is_recognised() -> None:
    pinned = judged(replace(GOOD, is_pinned=True))
    assert (pinned.state, "the one of PW_HOST_CERT" in pinned.says) == (State.OK, True)


def test_another_certificate_than_that_of_the_setting_is_a_failure_that_shows_it() -> None:
    finding = judged(replace(GOOD, is_pinned=False))
    assert finding.state is State.FAILED
    assert finding.says == f"the certificate is not the one of PW_HOST_CERT, but SHA-256 {PRINT}"
    assert "-save-cert" in finding.remedy
    assert "do not send it the password" in finding.remedy


def test_a_certificate_of_somebody_else_is_a_warning() -> None:
    names = tuple(f"n{number}.example" for number in range(9))
    other = replace(GOOD, certificate=replace(CERTIFICATE, names=names))
    finding = judged(other)
    assert finding.state is State.WARNING
    assert "n3.example and 5 more, not of a gateway" in finding.says
    assert judged(replace(other, is_pinned=True)).state is State.OK


def test_a_certificate_that_is_none_is_a_warning_and_has_a_fingerprint() -> None:
    finding = judged(replace(GOOD, certificate=CertificateSeen(PRINT, is_readable=False)))
    assert finding.state is State.WARNING
    assert "that cannot be read" in finding.says
    assert PRINT in finding.says


@pytest.mark.parametrize(
    ("trouble", "says", "remedy"),
    [
        (TlsTrouble.STALLED, "no TLS answer came within 5.0 s", "restart it"),
        (TlsTrouble.ABORTED, "aborted (with the server name teg)", "powerwall, teg, powerpack"),
        (TlsTrouble.NOT_TLS, "does not speak TLS", "its port"),
        (TlsTrouble.INCOMPATIBLE, "in common: old words", "too old"),
        (TlsTrouble.OTHER, "failed: old words", "powerwall scan"),
    ],
)
def test_every_trouble_has_its_words_and_its_remedy(
    trouble: TlsTrouble, says: str, remedy: str
) -> None:
    finding = judged(Handshake("teg", 5.0, trouble, "old words"))
    assert finding.state is State.FAILED
    assert says in finding.says
    assert remedy in finding.remedy
    assert finding.details == ("old words",)


def test_no_certificate_at_all_is_a_failure() -> None:
    assert judged(Handshake(version="TLSv1.3")).state is State.FAILED


@pytest.mark.parametrize(
    ("refused", "says"),
    [(None, "was not tried"), (True, "is refused"), (False, "is taken")],
)
def test_what_became_of_a_strange_name_is_a_detail(says: str, *, refused: bool | None) -> None:
    assert says in judged(replace(GOOD, refuses_strange_names=refused)).details[-1]


def test_names_are_compared_whatever_their_case() -> None:
    assert is_of_gateway(CertificateSeen(PRINT, names=("TEG",)))
    assert not is_of_gateway(CertificateSeen(PRINT, names=("powerwall.example",)))
    assert not is_of_gateway(None)


@pytest.mark.parametrize(
    ("saved", "state", "says"),
    [
        (None, State.SKIPPED, "showed no certificate"),
        (Saved("a.pem"), State.OK, "saved to a.pem"),
        (Saved("a.pem", exists=True), State.FAILED, "exists and was left"),
        (Saved("a.pem", "Read-only file system"), State.FAILED, "Read-only file system"),
    ],
)
def test_what_became_of_the_file_is_told(saved: Saved | None, state: State, says: str) -> None:
    finding = judge_saved(Chart(saved=saved))
    assert finding.state is state
    assert says in finding.says
    assert bool(finding.remedy) == (state is State.FAILED)
