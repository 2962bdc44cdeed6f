"""Each thing that can be in the way to the gateway has its own remedy."""

from __future__ import annotations

from typing import Any

import pytest

from pypowerwall_core.backends.local.address import Address
from pypowerwall_core.doctor.chart import (
    Attempt,
    Chart,
    NoName,
    Resolved,
    SettingsSeen,
    Trouble,
)
from pypowerwall_core.doctor.finding import Finding, State
from pypowerwall_core.doctor.network import judge_name, judge_tcp

IP = "192.168.1.50"


def named(host: str, *addresses: str, **more: Any) -> Finding:
    resolved = Resolved(addresses, **more)
    return judge_name(Chart(settings=SettingsSeen(Address(host)), resolved=resolved))


def tried(*attempts: Attempt, port: int = 443) -> Finding:
    return judge_tcp(Chart(settings=SettingsSeen(Address(IP, port)), attempts=attempts))


# -- names --------------------------------------------------------------------------------------


def test_an_address_needs_no_name_server() -> None:
    finding = named(IP, IP)
    assert (finding.state, finding.says) == (State.OK, f"{IP} is an address")


def test_a_name_is_told_with_all_it_stands_for() -> None:
    finding = named("powerwall.lan", IP, "fd00::5", took_s=0.012)
    assert finding.state is State.OK
    assert finding.says == f"powerwall.lan is {IP}, fd00::5 (12 ms)"
    assert finding.facts["addresses"] == [IP, "fd00::5"]


@pytest.mark.parametrize(
    ("why", "says", "remedy"),
    [
        (NoName.UNKNOWN, "no such name", ".local"),
        (NoName.NO_SERVER, "no name server answers", "resolv.conf"),
        (NoName.LATE, "no answer from the name server within 5.0 s", "resolv.conf"),
        (NoName.OTHER, "odd words", "resolv.conf"),
    ],
)
def test_a_name_without_an_address_has_a_remedy(why: NoName, says: str, remedy: str) -> None:
    finding = named("pw.lan", took_s=5.0, why=why, text="odd words")
    assert (finding.state, finding.says) == (State.FAILED, f"pw.lan: {says}")
    assert remedy in finding.remedy
    assert "powerwall scan" in finding.remedy


def test_a_slow_name_server_is_a_warning() -> None:
    finding = named("pw.lan", IP, took_s=2.34)
    assert finding.state is State.WARNING
    assert "2.3 s" in finding.says
    assert "address" in finding.remedy


def test_a_name_that_leads_out_of_the_house_is_a_warning() -> None:
    finding = named("pw.lan", "8.8.8.8", took_s=0.01)
    assert finding.state is State.WARNING
    assert "name server" in finding.remedy


# -- connections --------------------------------------------------------------------------------


def test_a_connection_is_told_with_its_time() -> None:
    finding = tried(Attempt(IP, 0.004))
    assert (finding.state, finding.says) == (State.OK, f"connected to {IP}:443 in 4 ms")
    assert finding.remedy == ""


REMEDIES = {
    Trouble.REFUSED: ("connection refused", "takes no connections at this port"),
    Trouble.TIMEOUT: ("no answer within 5.0 s", "still the gateway's address"),
    Trouble.UNREACHABLE: ("host unreachable", "cable or Wi-Fi"),
    Trouble.NO_ROUTE: ("network unreachable", "no way to that network"),
    Trouble.RESET: ("connection reset", "firewall"),
    Trouble.OWN: ("this machine does not connect: the text", "own firewall"),
    Trouble.OTHER: ("the text", "powerwall scan"),
}


@pytest.mark.parametrize("trouble", list(Trouble))
def test_every_trouble_has_its_words_and_its_remedy(trouble: Trouble) -> None:
    says, remedy = REMEDIES[trouble]
    finding = tried(Attempt(IP, 5.0, trouble, "the text"))
    assert (finding.state, finding.says) == (State.FAILED, f"{IP}:443: {says}")
    assert remedy in finding.remedy


def test_a_device_that_holds_the_address_and_is_silent_is_told_apart() -> None:
    silent = tried(Attempt(IP, 5.0, Trouble.TIMEOUT, neighbour=True))
    nobody = tried(Attempt(IP, 5.0, Trouble.TIMEOUT, neighbour=False))
    assert "overloaded or hangs" in silent.remedy
    assert "Routers hand out new ones" in nobody.remedy


@pytest.mark.parametrize(
    ("attempt", "port", "hint"),
    [
        (Attempt("192.168.91.1", 5.0, Trouble.TIMEOUT), 443, "own Wi-Fi only"),
        (Attempt("127.0.0.1", 0.0, Trouble.REFUSED), 443, "the container this runs in"),
        (Attempt("8.8.8.8", 5.0, Trouble.TIMEOUT), 443, "not an address of a home network"),
        (Attempt(IP, 0.0, Trouble.REFUSED), 8443, "Gateways listen at port 443"),
        (Attempt(IP, 5.0, Trouble.TIMEOUT, source="172.17.0.2"), 443, "172.17.0.2"),
    ],
)
def test_what_is_odd_about_the_address_is_said(attempt: Attempt, port: int, hint: str) -> None:
    assert hint in tried(attempt, port=port).remedy


@pytest.mark.parametrize("source", ["192.168.1.7", "", "fd00::1"])
def test_a_machine_beside_it_is_not_called_apart(source: str) -> None:
    finding = tried(Attempt(IP, 5.0, Trouble.TIMEOUT, source=source))
    assert "another network" not in finding.remedy


def test_a_first_address_that_does_not_answer_costs_every_connection() -> None:
    finding = tried(Attempt("fd00::5", 5.0, Trouble.TIMEOUT), Attempt(IP, 0.004))
    assert finding.state is State.WARNING
    assert f"set PW_HOST to {IP}" in finding.remedy
    assert finding.details == ("fd00::5: no answer within 5.0 s", f"{IP}: connected in 4 ms")


def test_a_connection_that_took_a_second_lost_packets() -> None:
    finding = tried(Attempt(IP, 1.03))
    assert finding.state is State.WARNING
    assert "cable" in finding.remedy


def test_all_attempts_are_facts() -> None:
    finding = tried(Attempt("fe80::1%eth0", 0.1, Trouble.NO_ROUTE), port=8443)
    assert finding.says == "[fe80::1%eth0]:8443: network unreachable"
    assert finding.facts["attempts"] == [
        {"ip": "fe80::1%eth0", "trouble": "no_route", "took_s": 0.1}
    ]
