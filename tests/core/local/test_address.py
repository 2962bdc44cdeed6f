"""What people write into PW_HOST, and the server name that TLS is given."""

from __future__ import annotations

import ipaddress
import socket
import ssl

import pytest
import requests
from hypothesis import example, given
from hypothesis import strategies as st

from pypowerwall_core.backends.local.address import GATEWAY_NAMES, Address, parse_address
from pypowerwall_core.backends.local.transport import Transport
from pypowerwall_core.errors import BadSetting
from simulator.gateway import Simulator


@pytest.mark.parametrize(
    ("written", "host", "port"),
    [
        ("10.0.0.5", "10.0.0.5", 443),
        (" 10.0.0.5\n", "10.0.0.5", 443),
        ("10.0.0.5:8443", "10.0.0.5", 8443),
        ("powerwall", "powerwall", 443),
        ("powerwall.home.lan:1", "powerwall.home.lan", 1),
        ("powerwall.home.lan.", "powerwall.home.lan.", 443),
        ("my_gateway-2", "my_gateway-2", 443),
        ("fe80::1", "fe80::1", 443),
        ("fe80::1%eth0", "fe80::1%eth0", 443),
        ("[fe80::1]", "fe80::1", 443),
        ("[fe80::1%eth0]:65535", "fe80::1%eth0", 65535),
        ("::ffff:10.0.0.5", "::ffff:10.0.0.5", 443),
    ],
)
def test_a_host_is_written_in_the_usual_ways(written: str, host: str, port: int) -> None:
    assert parse_address(written) == Address(host, port)


@pytest.mark.parametrize(
    "written",
    [
        "",
        " ",
        "https://10.0.0.5",
        "10.0.0.5/api",
        "10.0.0.5:",
        "10.0.0.5:0",
        "10.0.0.5:65536",
        "10.0.0.5:-1",
        "10.0.0.5:https",
        "10.0.0.5:\u0664\u0664\u0663",
        "10.0.0.5 10.0.0.6",
        "10.0.0.5,10.0.0.6",
        "user@10.0.0.5",
        "192.168.1.300",
        "192.168.1",
        "10",
        "-gateway",
        "a..b",
        "a" * 64,
        "power wall",
        "gate%20way",
        "gätewäy",
        ":443",
        "[fe80::1",
        "[powerwall]",
        "fe80::1]",
        "fe80::1%a]b",
        "fe80::1%a b",
        "fe80::g",
        "1:2:3:4:5:6:7:8:443",
    ],
)
def test_what_is_no_host_is_said_in_one_line(written: str) -> None:
    with pytest.raises(BadSetting) as info:
        parse_address(written)
    assert len(str(info.value).splitlines()) == 1


WRITTEN = (
    st.text()
    | st.text("0123456789abcdef.:[]%-_ \n", max_size=30)
    | st.ip_addresses().map(str)
    | st.builds("[{}]:{}".format, st.ip_addresses(v=6), st.integers(0, 70000))
    | st.builds("{}%{}".format, st.ip_addresses(v=6), st.text(min_size=1, max_size=3))
    | st.builds("{}:{}".format, st.from_regex(r"[a-z0-9._-]+", fullmatch=True), st.integers())
)


@given(WRITTEN)
@example("fe80::1%]")
@example("[::1%a]:1")
def test_any_text_is_an_address_or_a_bad_setting(written: str) -> None:
    try:
        address = parse_address(written)
    except BadSetting:
        return
    assert parse_address(str(address)) == address
    assert address.is_ip == (address.server_name is None)


@given(WRITTEN)
def test_every_address_makes_a_url_that_can_be_sent(written: str) -> None:
    try:
        address = parse_address(written)
    except BadSetting:
        return
    assert address.url.startswith("https://")
    requests.Request("GET", f"{address.url}/api/status").prepare()


@pytest.mark.parametrize("host", ["10.0.0.5", "::1", "fe80::1%eth0", "[::1]"])
def test_an_ip_address_sends_no_server_name(host: str) -> None:
    address = parse_address(host)
    assert address.server_name is None
    assert ipaddress.ip_address(address.host)


@pytest.mark.parametrize("name", GATEWAY_NAMES)
def test_a_gateway_name_is_sent_as_it_is(name: str) -> None:
    assert parse_address(name).server_name == name


@pytest.mark.parametrize("name", ["powerwall.home.lan", "localhost", "TEG", "teg."])
def test_any_other_name_sends_one_that_gateways_accept(name: str) -> None:
    assert parse_address(name).server_name == "powerwall"


def test_a_gateway_that_refuses_the_alias_is_reached_by_it() -> None:
    strict = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    strict.check_hostname = False
    strict.verify_mode = ssl.CERT_NONE
    with Simulator(frozen=True) as sim:
        with (
            socket.create_connection((sim.host, sim.port), timeout=10) as sock,
            pytest.raises(ssl.SSLError, match=r"(?i)unrecognized.name"),
        ):
            strict.wrap_socket(sock, server_hostname="localhost")
        transport = Transport(parse_address(f"localhost:{sim.port}"))
        assert transport.request("GET", "/api/status", headers={}).status == 200
        transport.close()


def test_the_default_port_is_not_printed() -> None:
    assert str(Address("::1")) == "[::1]"
    assert str(Address("powerwall", 8443)) == "powerwall:8443"
    assert Address("10.0.0.5").url == "https://10.0.0.5"
