"""What a scan found, and how it reads. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from math import ceil

from .backends.local.address import HTTPS_PORT, Address
from .scanning import (
    POWERWALL_3,
    THREADS_MOST,
    TIMEOUT_MOST_S,
    UNKNOWN,
    USUAL_PREFIX,
    Entry,
    Task,
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of one address.

    Attributes:
        is_open: Somebody took the connection.
        entry: It is a gateway.
        trouble: Why this machine could not even try, or "".
    """

    address: Address
    is_open: bool = False
    entry: Entry | None = None
    trouble: str = ""


@dataclass(slots=True)
class Tally:
    """What has been seen so far, of so many."""

    total: int
    tried: int = 0
    found: list[Entry] = field(default_factory=list)
    others: list[Address] = field(default_factory=list)
    """The port is open, but no gateway answered."""
    troubles: Counter[str] = field(default_factory=Counter)

    def add(self, seen: Seen) -> None:
        """Count one more."""
        self.tried += 1
        if seen.entry is not None:
            self.found.append(seen.entry)
        elif seen.is_open:
            self.others.append(seen.address)
        elif seen.trouble:
            self.troubles[seen.trouble] += 1

    @property
    def entries(self) -> list[Entry]:
        """What was found, by address as a number."""
        return sorted(self.found, key=lambda entry: _order(_address(entry)))

    @property
    def open_elsewhere(self) -> list[Address]:
        """Who else took a connection, in order."""
        return sorted(self.others, key=_order)

    @property
    def could_not_look(self) -> bool:
        """Whether not a single address could be tried: that is not the same as nobody there."""
        return self.tried > 0 and self.troubles.total() == self.tried


def _address(entry: Entry) -> Address:
    return Address(entry["ip"], entry.get("port", HTTPS_PORT))


def _order(address: Address) -> tuple[int, int]:
    return int(IPv4Address(address.host)), address.port


# -- how it reads ---------------------------------------------------------------------------


def about(task: Task) -> str:
    """Say what is about to happen."""
    ports = ", ".join(map(str, task.effort.ports))
    named = f"port{'s' if len(task.effort.ports) > 1 else ''} {ports}"
    return (
        f"Network {task.network}: {_many(task.hosts, 'address')}, {named}, "
        f"{task.threads} at a time, about {_time(task.lasts_s)}."
    )


def warnings(task: Task) -> list[str]:
    """Say what is unusual about a task."""
    told = []
    if task.network.prefixlen < USUAL_PREFIX:
        faster = f"; -hosts {THREADS_MOST} is faster" if task.threads < THREADS_MOST else ""
        told.append(f"{task.network} is larger than a /24: about {_time(task.lasts_s)}{faster}")
    if task.network.is_global:
        told.append(f"{task.network} is public: scan only what is yours")
    return told


def progress(tally: Tally) -> str:
    """Say how far a scan is, in steps of a percent."""
    return f"{100 * tally.tried // tally.total:3d} % looked at, {len(tally.found)} found"


def row(entry: Entry) -> str:
    """Say what was found at an address."""
    return f"\t {_address(entry)} [{entry['din']}] Firmware {entry['firmware']}"


def troubles(tally: Tally) -> list[str]:
    """Say what kept this machine from looking."""
    return [
        f"{_many(count, 'address')} could not be tried: {why}"
        for why, count in tally.troubles.most_common()
    ]


def advice(task: Task, tally: Tally) -> list[str]:
    """Say what to do next."""
    return _advice_found(tally) if tally.found else _advice_none(task, tally)


def _advice_found(tally: Tally) -> list[str]:
    lines = [
        "Next: set PW_HOST to the address, and PW_PASSWORD to the last five characters of the",
        "password on the gateway's label.",
    ]
    dins = Counter(entry["din"] for entry in tally.found)
    if any(count > 1 for din, count in dins.items() if din not in (UNKNOWN, POWERWALL_3)):
        lines.append("Addresses with the same DIN are the same gateway: use one of them.")
    return lines


_NAMED_MOST = 8


def _advice_none(task: Task, tally: Tally) -> list[str]:
    others, slower_s = tally.open_elsewhere, min(3 * task.effort.timeout_s, TIMEOUT_MOST_S)
    lines = []
    if others:
        named = ", ".join(map(str, others[:_NAMED_MOST]))
        more = f" and {len(others) - _NAMED_MOST} more" if len(others) > _NAMED_MOST else ""
        lines += [
            f"Somebody listens at {named}{more}, but did not answer as a gateway does.",
            "A gateway that is restarting or overloaded does not either: try again later.",
        ]
    lines += [
        "What to try:",
        "- Find the gateway in the router's list of devices: powerwall scan ADDRESS/32",
        "- Scan the other networks of the house: powerwall scan 192.168.0.0/24",
        f"- Give a slow network more time: powerwall scan -timeout {slower_s:g}",
        "- A Powerwall 3, or a gateway that is only on its own Wi-Fi: join that Wi-Fi",
        "  (TeslaPW_... or TEG-...) and powerwall scan 192.168.91.1/32",
    ]
    if task.is_guess:
        lines.append(
            f"- Inside a container or a VPN, {task.network} is not the network of the house."
        )
    return lines


def _time(seconds: float) -> str:
    minutes = ceil(seconds / 60)
    return f"{minutes} min" if minutes > 1 else f"{ceil(seconds)} s"


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}es"
