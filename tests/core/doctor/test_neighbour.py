"""A proxy on this machine is recognised by its /stats."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.anyjson import JSON
from support.peer import Line, Peer, answer, answers
from support.served import free_port

from pypowerwall_core.doctor import neighbour
from pypowerwall_core.doctor.chart import ProxySeen
from pypowerwall_core.doctor.neighbour import look, port_of, seen_in

OURS = {"pypowerwall": "1.2.3 powerwall-proxy", "config": {"PW_HOST": "10.0.0.5"}}
THEIRS = {"pypowerwall": "0.16.2 Proxy t97", "config": {"PW_HOST": "10.0.0.5"}}


def plain(text: str) -> str:
    return text


@pytest.mark.parametrize(
    ("told", "seen"),
    [
        (OURS, ProxySeen(8675, "powerwall-proxy", "10.0.0.5")),
        (THEIRS, ProxySeen(8675, "the pypowerwall proxy", "10.0.0.5")),
        ({"pypowerwall": "0.9"}, ProxySeen(8675, "the pypowerwall proxy", "")),
        ({"pypowerwall": 5}, None),
        ({"status": "ok"}, None),
        ([], None),
    ],
)
def test_both_proxies_are_known_by_their_version(told: Any, seen: ProxySeen | None) -> None:
    assert seen_in(told, 8675, plain) == seen


@given(JSON)
def test_no_document_is_too_odd(told: Any) -> None:
    assert seen_in(told, 1, plain) is None or "pypowerwall" in told


def test_one_request_is_sent_and_it_is_for_stats() -> None:
    with Peer(answers(answer(json.dumps(OURS).encode())), tls=False) as peer:
        assert look(peer.port, plain) == ProxySeen(peer.port, "powerwall-proxy", "10.0.0.5")
        assert [request.split(b"\r\n")[0] for request in peer.requests] == [b"GET /stats HTTP/1.1"]


def drop(line: Line) -> None:
    line.request()


@pytest.mark.parametrize("script", [answers(b"SSH-2.0-x\r\n"), answers(answer(b"<html>")), drop])
def test_whoever_else_listens_there_is_no_proxy(script: Any) -> None:
    with Peer(script, tls=False) as peer:
        assert look(peer.port, plain) is None


def test_who_drips_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbour, "WHOLE_S", 0.2)
    with Peer(lambda line: line.drip(b"HTTP/1.1 200 OK\r\n"), tls=False) as peer:
        assert look(peer.port, plain) is None


def test_nobody_there_is_no_proxy() -> None:
    assert look(free_port(), plain) is None


@given(st.text())
def test_the_port_is_the_proxys_own_setting_where_it_is_one(text: str) -> None:
    assert 0 < port_of({"PW_PORT": text}) <= 65535


def test_the_usual_port_is_taken_where_none_is_set() -> None:
    assert (port_of({}), port_of({"PW_PORT": "9000"}), port_of({"PW_PORT": "0"})) == (
        8675,
        9000,
        8675,
    )
