"""Is there a way to the gateway: its name, and a connection. Pure."""

from __future__ import annotations

import ipaddress

from pypowerwall_core.backends.local.address import HTTPS_PORT, Address

from .chart import Attempt, Chart, NoName, Resolved, Trouble
from .finding import Finding, failed, took, warning, well

SLOW_NAME_S = 1.0
SLOW_CONNECTION_S = 0.9
"""A lost SYN is sent again after a second."""
WIFI_IP = "192.168.91.1"
_SAME_NETWORK = 24

_SCAN = "`powerwall scan` finds the gateway"
_NO_ADDRESS = {
    NoName.UNKNOWN: "no such name",
    NoName.NO_SERVER: "no name server answers",
    NoName.LATE: "no answer from the name server within {took}",
    NoName.OTHER: "{text}",
}
_NO_ADDRESS_REMEDY = {
    NoName.UNKNOWN: "Set PW_HOST to the gateway's address instead, and have the router reserve it "
    f"for the gateway; {_SCAN}. Names that end in .local are not known inside containers.",
    NoName.NO_SERVER: "Look at this machine's network and its name server (/etc/resolv.conf), or "
    f"set PW_HOST to the gateway's address; {_SCAN}.",
}
_NO_ADDRESS_REMEDY |= dict.fromkeys(
    (NoName.LATE, NoName.OTHER), _NO_ADDRESS_REMEDY[NoName.NO_SERVER]
)
_SLOW_NAME = "Every new connection waits so long: set PW_HOST to the gateway's address."
_FOREIGN = "A gateway has an address of the home network: see what the name server says."


def judge_name(chart: Chart) -> Finding:
    """Judge what PW_HOST stands for."""
    address, resolved = chart.address, chart.resolved
    facts = {
        "host": address.host,
        "addresses": list(resolved.addresses),
        "took_s": round(resolved.took_s, 3),
    }
    if resolved.why is not None:
        words = _NO_ADDRESS[resolved.why].format(took=took(resolved.took_s), text=resolved.text)
        remedy = _NO_ADDRESS_REMEDY[resolved.why]
        return failed(f"{address.host}: {words}", remedy, facts=facts)
    if address.is_ip:
        return well(f"{address.host} is an address", facts=facts)
    return _named(address, resolved, facts)


def _named(address: Address, resolved: Resolved, facts: dict[str, object]) -> Finding:
    says = f"{address.host} is {', '.join(resolved.addresses)}"
    if resolved.took_s > SLOW_NAME_S:
        says += f", found after {took(resolved.took_s)}"
        return warning(says, _SLOW_NAME, facts=facts)
    if all(_is_public(ip) for ip in resolved.addresses):
        return warning(f"{says}, which is not of a home network", _FOREIGN, facts=facts)
    return well(f"{says} ({took(resolved.took_s)})", facts=facts)


# -- TCP ----------------------------------------------------------------------------------------

_WORDS = {
    Trouble.REFUSED: "connection refused",
    Trouble.TIMEOUT: "no answer within {took}",
    Trouble.UNREACHABLE: "host unreachable",
    Trouble.NO_ROUTE: "network unreachable",
    Trouble.RESET: "connection reset",
    Trouble.OWN: "this machine does not connect: {text}",
    Trouble.OTHER: "{text}",
}
_GONE = (
    "Is that still the gateway's address? Routers hand out new ones: have yours reserve it; "
    f"{_SCAN}. If it is, look at the gateway's cable or Wi-Fi, and restart the gateway."
)
_REMEDIES = {
    Trouble.REFUSED: "Something is there, but it takes no connections at this port. Is it the "
    f"gateway? {_SCAN}. One that starts needs some minutes; one whose port stays closed has to be "
    "restarted.",
    Trouble.TIMEOUT: _GONE,
    Trouble.UNREACHABLE: _GONE,
    Trouble.NO_ROUTE: "This machine has no way to that network: look at its own network, its VPN, "
    "and in a container at the container's.",
    Trouble.RESET: "A firewall, or a gateway that starts or is overloaded: wait some minutes.",
    Trouble.OWN: "Look at this machine's own firewall and limits.",
    Trouble.OTHER: _GONE,
}
_HELD = (
    "A device holds this address in the local network, but takes no connection: a firewall, or a "
    "gateway that is overloaded or hangs. Stop what polls it, wait some minutes, then restart it."
)
_LOST_PACKETS = (
    "Packets get lost on the way, or the gateway is overloaded: prefer a cable to Wi-Fi, and look "
    "for other programs that poll it."
)


def judge_tcp(chart: Chart) -> Finding:
    """Judge the attempts to connect."""
    address = chart.address
    last, bad = chart.attempts[-1], chart.attempts[0]
    where = _at(last.ip, address.port)
    details = tuple(f"{one.ip}: {_outcome(one)}" for one in chart.attempts)
    facts = {
        "port": address.port,
        "attempts": [
            {"ip": one.ip, "trouble": one.trouble, "took_s": round(one.took_s, 3)}
            for one in chart.attempts
        ],
    }
    if last.trouble is not None:
        says = f"{_at(bad.ip, address.port)}: {_outcome(bad)}"
        return failed(says, _tcp_remedy(bad, address.port), details=details, facts=facts)
    says = f"connected to {where} in {took(last.took_s)}"
    if bad.trouble is not None:
        says += f", but {bad.ip} does not answer ({_outcome(bad)})"
        remedy = f"Every new connection tries that one first: set PW_HOST to {where}."
        return warning(says, remedy, details=details, facts=facts)
    if last.took_s > SLOW_CONNECTION_S:
        return warning(says, _LOST_PACKETS, details=details, facts=facts)
    return well(says, details=details, facts=facts)


def _at(ip: str, port: int) -> str:
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


def _outcome(attempt: Attempt) -> str:
    if attempt.trouble is None:
        return f"connected in {took(attempt.took_s)}"
    return _WORDS[attempt.trouble].format(took=took(attempt.took_s), text=attempt.text)


def _tcp_remedy(attempt: Attempt, port: int) -> str:
    held = attempt.trouble is Trouble.TIMEOUT and attempt.neighbour
    hints = [_HELD if held else _REMEDIES[attempt.trouble or Trouble.OTHER]]
    hints += [hint for is_so, hint in _hints(attempt, port) if is_so]
    return " ".join(hints)


_ON_WIFI = (
    "This address exists on the gateway's own Wi-Fi only, and newer firmware answers nobody else "
    "there: use the one that the gateway has in your network."
)
_APART = (
    "This machine is {source}, which may be another network: then a router or the container's "
    "host has to let it through."
)


def _hints(attempt: Attempt, port: int) -> list[tuple[bool, str]]:
    """Return what else may be the matter, each with whether it may."""
    ip = _ip(attempt.ip)
    loopback = ip is not None and ip.is_loopback
    return [
        (attempt.ip == WIFI_IP, _ON_WIFI),
        (loopback, f"{attempt.ip} is this machine itself, or the container this runs in."),
        (_is_public(attempt.ip), f"{attempt.ip} is not an address of a home network."),
        (port != HTTPS_PORT, f"Gateways listen at port {HTTPS_PORT}; PW_HOST names {port}."),
        (_is_apart(attempt), _APART.format(source=attempt.source)),
    ]


def _is_apart(attempt: Attempt) -> bool:
    ip, source = _ip(attempt.ip), _ip(attempt.source)
    silent = attempt.trouble in (Trouble.TIMEOUT, Trouble.UNREACHABLE)
    return silent and ip is not None and source is not None and not _is_near(ip, source)


def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _is_public(text: str) -> bool:
    ip = _ip(text)
    return ip is not None and ip.is_global


def _is_near(
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address,
    source: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> bool:
    """Say whether two addresses are likely to be of one network, as home networks are cut."""
    if ip.version == 6 or source.version == 6:  # noqa: PLR2004 - of the two there are
        return True
    return ip in ipaddress.ip_network(f"{source}/{_SAME_NETWORK}", strict=False)
