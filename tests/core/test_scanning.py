"""Where a scan looks and what an answer means: no sockets."""

from __future__ import annotations

import json
from ipaddress import IPv4Network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pypowerwall_core.backends.local.address import Address
from pypowerwall_core.errors import BadSetting
from pypowerwall_core.scanned import Seen, Tally, about, advice, progress, row, troubles, warnings
from pypowerwall_core.scanning import (
    UNKNOWN,
    Effort,
    Entry,
    Task,
    entry_of_status,
    entry_of_tedapi,
    guess_network,
    network_of,
    ports_of,
)

HOME = Address("192.168.1.5")
DIN = "1232100-00-E--TG123456789ABC"


def task(network: str = "192.168.1.0/24", *, is_guess: bool = False, **effort: Any) -> Task:
    return Task(IPv4Network(network), Effort(**effort), is_guess=is_guess)


def tally_of(*seen: Seen) -> Tally:
    tally = Tally(total=len(seen))
    for one in seen:
        tally.add(one)
    return tally


def found(ip: str, port: int = 443, din: str = DIN) -> Seen:
    body = json.dumps({"din": din, "version": "23.44.0 9c04be16"}).encode()
    return Seen(Address(ip, port), is_open=True, entry=entry_of_status(Address(ip, port), body))


# -- where to look --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("192.168.1.0/24", "192.168.1.0/24"),
        ("192.168.1.77", "192.168.1.0/24"),
        (" 10.1.2.3/28\n", "10.1.2.0/28"),
        ("192.168.91.1/32", "192.168.91.1/32"),
        ("10.0.0.0/255.255.255.0", "10.0.0.0/24"),
        ("10.7.0.0/16", "10.7.0.0/16"),
    ],
)
def test_a_network_is_a_cidr_or_the_24_of_an_address(text: str, network: str) -> None:
    assert network_of(text) == IPv4Network(network)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("10.0.0.0/15", "131072 addresses"),
        ("0.0.0.0/0", "65536 of a /16"),
        ("fe80::1", "IPv6"),
        ("fe80::1%eth0/64", "IPv6"),
        ("2001:db8::/64", "IPv6"),
        ("192.168.1.5:443", "not an IPv4 network"),
        ("192.168.1", "not an IPv4 network"),
        ("192.168.1.0/33", "not an IPv4 network"),
        ("192.168.1.0/", "not an IPv4 network"),
        ("/24", "not an IPv4 network"),
        ("192.168.1.999", "not an IPv4 network"),
        ("powerwall", "not an IPv4 network"),
        ("0.1.2.3", "no hosts"),
        ("224.0.0.0/24", "no hosts"),
        ("255.255.255.255", "no hosts"),
        ("\x1b[2J", r"'\\x1b\[2J'"),
    ],
)
def test_any_other_network_is_refused_and_never_replaced(text: str, says: str) -> None:
    with pytest.raises(BadSetting, match=says):
        network_of(text)


def test_nobody_named_a_network_so_it_is_the_24_of_this_machine() -> None:
    guess = guess_network("10.1.2.3")
    assert (guess.network, guess.is_own) == (IPv4Network("10.1.2.0/24"), True)


def test_a_machine_without_an_address_looks_where_most_homes_are() -> None:
    guess = guess_network(None)
    assert (guess.network, guess.is_own) == (IPv4Network("192.168.1.0/24"), False)


def test_a_rented_server_does_not_scan_its_neighbours_unasked() -> None:
    with pytest.raises(BadSetting, match=r"8\.8\.4\.0/24 is a public one"):
        guess_network("8.8.4.4")


@pytest.mark.parametrize(
    ("effort", "says"),
    [
        ({"threads": 0}, "0 hosts"),
        ({"threads": -5}, "-5 hosts"),
        ({"timeout_s": 0.0}, "timeout of 0 s"),
        ({"timeout_s": -1.0}, "timeout of -1 s"),
        ({"timeout_s": float("nan")}, "timeout of nan s"),
        ({"timeout_s": float("inf")}, "timeout of inf s"),
        ({"ports": ()}, "0 ports"),
        ({"ports": tuple(range(1, 18))}, "17 ports"),
        ({"ports": (0,)}, "no port 0"),
        ({"ports": (443, 65536)}, "no port 65536"),
    ],
)
def test_an_impossible_effort_is_refused(effort: dict[str, Any], says: str) -> None:
    with pytest.raises(BadSetting, match=says):
        Effort(**effort)


def test_a_list_of_ports_names_each_once() -> None:
    assert ports_of("443, 8443,443") == (443, 8443)


@pytest.mark.parametrize("text", ["", "443,", "https", "4.5", "443;8443"])
def test_a_list_of_other_things_is_refused(text: str) -> None:
    with pytest.raises(BadSetting, match="not a list of ports"):
        ports_of(text)


@pytest.mark.parametrize(
    ("network", "hosts"),
    [("10.0.0.0/24", 254), ("10.0.0.0/30", 2), ("10.0.0.0/31", 2), ("10.0.0.7/32", 1)],
)
def test_hosts_are_the_usable_addresses_and_all_of_them_are_targets(
    network: str, hosts: int
) -> None:
    one = task(network)
    targets = list(one.targets())
    assert one.hosts == one.count == len(targets) == hosts
    assert {target.port for target in targets} == {443}


def test_every_port_of_an_address_is_a_target() -> None:
    one = task("10.0.0.0/31", ports=(443, 8443))
    assert [str(target) for target in one.targets()] == [
        "10.0.0.0",
        "10.0.0.0:8443",
        "10.0.0.1",
        "10.0.0.1:8443",
    ]


@pytest.mark.parametrize(
    ("network", "asked", "threads"),
    [("10.0.0.0/24", 30, 30), ("10.0.0.0/20", 1000, 256), ("10.0.0.0/30", 30, 2)],
)
def test_threads_are_as_many_as_asked_for_allowed_and_useful(
    network: str, asked: int, threads: int
) -> None:
    assert task(network, threads=asked).threads == threads


# -- what an answer means -------------------------------------------------------------------


def judged(document: Any, address: Address = HOME) -> Entry | None:
    return entry_of_status(address, json.dumps(document).encode())


def test_a_gateway_tells_who_it_is() -> None:
    status = {"din": DIN, "version": "1.15.0\n", "up_time_seconds": "230h55m59.9s", "leader": ""}
    assert judged(status) == {
        "ip": "192.168.1.5",
        "din": DIN,
        "firmware": "1.15.0",
        "up_time": "230h55m59.9s",
    }


def test_a_port_is_told_where_it_is_not_the_usual_one() -> None:
    assert judged({"din": DIN}, Address("10.0.0.1", 8443)) == {
        "ip": "10.0.0.1",
        "din": DIN,
        "firmware": UNKNOWN,
        "up_time": UNKNOWN,
        "port": 8443,
    }


@pytest.mark.parametrize("din", [None, True, [], {}, "", " \n", "\x00\x1b"])
def test_what_is_no_text_is_unknown(din: Any) -> None:
    entry = judged({"din": din, "version": "23.44.0", "up_time_seconds": 5})
    assert entry is not None
    assert (entry["din"], entry["up_time"]) == (UNKNOWN, "5")


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        None,
        7,
        "din",
        {"status": "ok"},
        {"version": 2},
        {"version": {"major": 1}, "din": None},
        {"code": 403, "error": "Unable to GET to resource"},
        [{"din": DIN}],
    ],
)
def test_somebody_else_is_no_gateway(document: Any) -> None:
    assert judged(document) is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>din</html>",
        b'{"din": "x"',
        b'{"din": "x", "n": 1e999}',
        b'{"din": "x", "n": %s}' % (b"9" * 5000),
        b"[" * 100_000,
        b"\xff\xfe\x00",
    ],
)
def test_what_is_no_json_is_no_gateway(body: bytes) -> None:
    assert entry_of_status(HOME, body) is None


def test_what_a_host_says_cannot_paint_the_terminal() -> None:
    evil = "\x1b]0;owned\x07\r\n\x9b2J\u202eabc\ud800 <b>" + "x" * 5000
    entry = judged({"din": evil, "version": evil, "up_time_seconds": evil})
    assert entry is not None
    for name in ("din", "firmware", "up_time"):
        assert entry[name].isascii()
        assert entry[name].isprintable()
        assert len(entry[name]) <= 100
    assert "<b>" in entry["din"], "what can be shown is shown"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["din", "version", "up_time_seconds", "x"]), _JSON))
def test_any_object_is_judged_and_what_is_told_of_it_fits_a_line(document: Any) -> None:
    entry = judged(document)
    is_gateway = isinstance(document.get("din"), str) or isinstance(document.get("version"), str)
    # NaN and Infinity are no JSON, so neither is what holds them.
    assert is_gateway or entry is None
    if entry is not None:
        assert set(entry) == {"ip", "din", "firmware", "up_time"}
        assert all(text and text.isascii() and text.isprintable() for text in entry.values())


@given(st.binary())
def test_any_bytes_are_judged(body: bytes) -> None:
    assert entry_of_status(HOME, body) is None


def test_a_powerwall_3_is_known_by_its_refusal() -> None:
    body = b'{"code":403,"message":"User does not have adequate access rights"}'
    entry = entry_of_tedapi(HOME, body)
    assert entry is not None
    assert entry_of_tedapi(HOME, b"404 page not found") is None
    assert set(entry) == {"ip", "din", "firmware"}
    assert (entry["ip"], entry["din"]) == ("192.168.1.5", "Powerwall-3")
    assert entry["firmware"].startswith("Cloud and TEDAPI Mode support only - ")
    assert entry_of_tedapi(Address("10.0.0.1", 8443), body) == {
        **entry,
        "ip": "10.0.0.1",
        "port": 8443,
    }


# -- what was found -------------------------------------------------------------------------


def test_entries_are_in_the_order_of_numbers_not_of_letters() -> None:
    tally = tally_of(
        found("10.0.0.100"), found("10.0.0.9"), found("10.0.0.9", 8443), found("9.255.0.1")
    )
    assert [(entry["ip"], entry.get("port")) for entry in tally.entries] == [
        ("9.255.0.1", None),
        ("10.0.0.9", None),
        ("10.0.0.9", 8443),
        ("10.0.0.100", None),
    ]


def test_a_row_is_a_tab_a_blank_and_what_was_found() -> None:
    entry = found("192.168.1.5").entry
    assert entry is not None
    assert row(entry) == f"\t 192.168.1.5 [{DIN}] Firmware 23.44.0 9c04be16"
    assert row({**entry, "port": 8443}).startswith("\t 192.168.1.5:8443 [")


def test_a_scan_that_could_not_look_is_not_one_that_found_nobody() -> None:
    lost = Seen(HOME, trouble="Network is unreachable")
    assert tally_of(lost, lost).could_not_look
    assert not tally_of(lost, Seen(HOME)).could_not_look
    assert not tally_of().could_not_look
    assert troubles(tally_of(lost, lost, Seen(HOME))) == [
        "2 addresses could not be tried: Network is unreachable"
    ]


def test_progress_moves_by_the_percent() -> None:
    tally = Tally(total=254)
    told = {progress(tally)}
    for _ in range(254):
        tally.add(Seen(HOME))
        told.add(progress(tally))
    assert len(told) == 101
    assert progress(tally) == "100 % looked at, 0 found"


def test_what_is_about_to_happen_is_told() -> None:
    assert about(task()) == (
        "Network 192.168.1.0/24: 254 addresses, port 443, 30 at a time, about 9 s."
    )
    assert about(task("10.0.0.7/32", ports=(443, 8443), timeout_s=0.2)) == (
        "Network 10.0.0.7/32: 1 address, ports 443, 8443, 2 at a time, about 1 s."
    )


@pytest.mark.parametrize(
    ("network", "said"),
    [
        ("192.168.1.0/24", []),
        ("127.0.0.0/24", []),
        ("100.64.1.0/24", []),
        ("10.0.0.0/16", ["larger than a /24: about 37 min; -hosts 256"]),
        ("8.8.8.0/24", ["public"]),
    ],
)
def test_what_is_unusual_is_told(network: str, said: list[str]) -> None:
    told = warnings(task(network))
    assert len(told) == len(said)
    assert all(part in line for line, part in zip(told, said, strict=True))


def advised(one: Task, *seen: Seen) -> str:
    return "\n".join(advice(one, tally_of(*seen)))


def test_who_found_nobody_is_told_what_to_try() -> None:
    told = advised(task(), Seen(HOME))
    assert all(word in told for word in ("router", "192.168.91.1", "-timeout 3", "Powerwall 3"))
    assert "container" not in told
    assert "listens" not in told
    assert "container" in advised(task(is_guess=True), Seen(HOME))
    assert "-timeout 60" in advised(task(timeout_s=45.0), Seen(HOME))


def test_who_listens_without_being_a_gateway_is_named_but_not_without_end() -> None:
    others = [Seen(Address(f"10.0.0.{n}"), is_open=True) for n in range(20, 0, -1)]
    told = advised(task(), *others)
    assert "10.0.0.1, 10.0.0.2, 10.0.0.3" in told
    assert "10.0.0.8 and 12 more" in told
    assert "10.0.0.9" not in told


def test_who_found_a_gateway_is_told_what_is_next() -> None:
    told = advised(task(), found("10.0.0.1"), found("10.0.0.2", din="other"))
    assert "PW_HOST" in told
    assert "same DIN" not in told
    assert "same DIN" in advised(task(), found("10.0.0.1"), found("10.0.0.2"))
