"""What a scan looks at, and what an answer means. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network
from itertools import product
from math import ceil
from typing import Any

from .backends.local.address import HIGHEST_PORT, HTTPS_PORT, Address
from .backends.local.documents import json_object, one_line
from .errors import BadSetting, Unwell

USUAL_PREFIX = 24
FALLBACK = IPv4Network("192.168.1.0/24")
"""Looked at when this machine cannot tell its own address."""
_NOWHERE = IPv4Network("0.0.0.0/8")
ADDRESSES_MOST = 65_536
PORTS_MOST = 16
THREADS = 30
THREADS_MOST = 256
TIMEOUT_S = 1.0
TIMEOUT_MOST_S = 60.0

UNKNOWN = "Unknown"
POWERWALL_3 = "Powerwall-3"
POWERWALL_3_FIRMWARE = (
    "Cloud and TEDAPI Mode support only - here just power, level and grid state, after a login"
)
NO_RIGHTS = b"User does not have adequate access rights"

Entry = dict[str, Any]
"""What was found: ip, din, firmware, up_time; no up_time of a Powerwall 3, port if not 443."""


# -- where to look --------------------------------------------------------------------------


def network_of(text: str) -> IPv4Network:
    """Read an address (its /24 is meant) or a network; host bits are ignored.

    Raises:
        BadSetting: It is neither, IPv6, too large, or of no hosts.
    """
    text = text.strip()
    if text.count(":") > 1:
        raise BadSetting(f"{text!r} is IPv6; a scan needs an IPv4 network such as {FALLBACK}")
    try:
        network = IPv4Network(text if "/" in text else f"{text}/{USUAL_PREFIX}", strict=False)
    except ValueError as error:
        raise BadSetting(f"{text!r} is not an IPv4 network such as {FALLBACK}") from error
    if network.num_addresses > ADDRESSES_MOST:
        raise BadSetting(
            f"{network} has {network.num_addresses} addresses, more than the {ADDRESSES_MOST} "
            "of a /16: name a part of it"
        )
    if network.is_multicast or network.is_reserved or network.subnet_of(_NOWHERE):
        raise BadSetting(f"{network} has no hosts; most homes have {FALLBACK}")
    return network


@dataclass(frozen=True, slots=True)
class Guess:
    """The network that is looked at when nobody names one."""

    network: IPv4Network
    is_own: bool = True


def guess_network(own: str | None) -> Guess:
    """Take the /24 around this machine's own address, if it knows one.

    Raises:
        BadSetting: The neighbours are strangers on the Internet.
    """
    if own is None:
        return Guess(FALLBACK, is_own=False)
    network = network_of(own)
    if network.is_global:
        raise BadSetting(
            f"this machine's own network {network} is a public one and will not be scanned "
            "unasked: name the network of the gateway"
        )
    return Guess(network)


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard to look.

    Attributes:
        threads: So many addresses at a time; more than 256 are 256.
        timeout_s: For a connection to come about.

    Raises:
        BadSetting: One of them is out of bounds.
    """

    ports: tuple[int, ...] = (HTTPS_PORT,)
    threads: int = THREADS
    timeout_s: float = TIMEOUT_S

    def __post_init__(self) -> None:
        """Refuse what cannot be done, before anything is."""
        if self.threads < 1:
            raise BadSetting(f"{self.threads} hosts at a time are too few: 1 to {THREADS_MOST}")
        if not 0 < self.timeout_s <= TIMEOUT_MOST_S:
            raise BadSetting(
                f"a timeout of {self.timeout_s:g} s is not possible: above 0, at most "
                f"{TIMEOUT_MOST_S:g}"
            )
        if not 0 < len(self.ports) <= PORTS_MOST:
            raise BadSetting(f"{len(self.ports)} ports are not possible: 1 to {PORTS_MOST}")
        for port in self.ports:
            if not 0 < port <= HIGHEST_PORT:
                raise BadSetting(f"there is no port {port}: 1 to {HIGHEST_PORT}")


def ports_of(text: str) -> tuple[int, ...]:
    """Read a list of ports such as 443,8443; each once.

    Raises:
        BadSetting: One of them is not a number.
    """
    try:
        return tuple(dict.fromkeys(int(port) for port in text.split(",")))
    except ValueError as error:
        raise BadSetting(f"{text!r} is not a list of ports such as 443,8443") from error


@dataclass(frozen=True, slots=True)
class Task:
    """A network and the effort; `is_guess` when nobody named the network."""

    network: IPv4Network
    effort: Effort
    is_guess: bool = False

    @property
    def hosts(self) -> int:
        """How many addresses are looked at: without those of the network and of all."""
        count = self.network.num_addresses
        return count - 2 if count > 2 else count  # noqa: PLR2004 - /31 and /32 have neither

    @property
    def threads(self) -> int:
        """How many threads are worth starting."""
        return min(self.effort.threads, THREADS_MOST, self.count)

    @property
    def count(self) -> int:
        """How many connections are tried."""
        return self.hosts * len(self.effort.ports)

    @property
    def lasts_s(self) -> float:
        """How long it takes when nobody is there."""
        return ceil(self.count / self.threads) * self.effort.timeout_s

    def targets(self) -> Iterator[Address]:
        """Name them in order, one by one: a large network need not fit into memory."""
        for host, port in product(self.network.hosts(), self.effort.ports):
            yield Address(str(host), port)


# -- what an answer means -------------------------------------------------------------------


def entry_of_status(address: Address, body: bytes) -> Entry | None:
    """Judge an answer to GET /api/status: a gateway tells its DIN or its version."""
    try:
        told = json_object(body)
    except Unwell:
        return None
    # Other makers' devices have such a path too; their version is often a number or an object.
    if not any(isinstance(told.get(name), str) for name in ("din", "version")):
        return None
    texts = {"din": "din", "firmware": "version", "up_time": "up_time_seconds"}
    return _entry(address, **{name: _words(told.get(key)) for name, key in texts.items()})


def entry_of_tedapi(address: Address, body: bytes) -> Entry | None:
    """Judge an answer to GET /tedapi/din: a Powerwall 3 refuses it in these words."""
    if NO_RIGHTS not in body:
        return None
    return _entry(address, din=POWERWALL_3, firmware=POWERWALL_3_FIRMWARE)


def _entry(address: Address, **told: str) -> Entry:
    port = {} if address.port == HTTPS_PORT else {"port": address.port}
    return {"ip": address.host, **told, **port}


def _words(value: Any) -> str:
    """Take a text or a number from the network: printable ASCII, one line, not too long."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return UNKNOWN
    text = one_line(str(value)).encode("ascii", "replace").decode()
    return " ".join(text.split()) or UNKNOWN
