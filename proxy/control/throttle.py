"""Who has shown too many wrong tokens rests for a minute. Pure: the time is given."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

TRIES = 10
WITHIN_S = 60.0
REST_S = 60.0
ADDRESSES_MOST = 1000
"""Remembered at most; beyond, the one that has tried least lately is forgotten."""
NOBODY = "somebody without an address"
_HOME_BITS = 64
"""Of an IPv6 address: who has one has the whole network."""


@dataclass(frozen=True, slots=True)
class _Tries:
    """The wrong tokens of one address.

    Attributes:
        at_s: When, those of the last minute.
        rests_until_s: Until when it is not listened to.
    """

    at_s: tuple[float, ...] = ()
    rests_until_s: float = 0.0

    def plus(self, now_s: float) -> _Tries:
        """Return the tries after one more wrong token."""
        lately = (*(at_s for at_s in self.at_s if now_s - at_s < WITHIN_S), now_s)
        return _Tries((), now_s + REST_S) if len(lately) >= TRIES else _Tries(lately)


class Throttle:
    """The wrong tokens of everybody, by address."""

    def __init__(self) -> None:
        self._tries: dict[str, _Tries] = {}

    def rests_for_s(self, address: str, now_s: float) -> float:
        """Say for how long an address is not listened to; 0 when it is."""
        tries = self._tries.get(address)
        return max(0.0, tries.rests_until_s - now_s) if tries else 0.0

    def wrong(self, address: str, now_s: float) -> bool:
        """Note a wrong token; True when a rest begins with it."""
        tries = self._tries.pop(address, _Tries()).plus(now_s)
        self._tries[address] = tries
        if len(self._tries) > ADDRESSES_MOST:
            del self._tries[self._least(address, now_s)]
        return tries.rests_until_s > now_s

    def __len__(self) -> int:
        """Count the addresses that are remembered."""
        return len(self._tries)

    def _least(self, but: str, now_s: float) -> str:
        """Name who has tried least lately; who rests only where all others do."""
        others = [address for address in self._tries if address != but]
        return next((one for one in others if self.rests_for_s(one, now_s) == 0), others[0])


def home_of(address: str) -> str:
    """Return the address that tries are counted for: of IPv6, the network of one home."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address or NOBODY
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    network = IPv6Address(int(parsed) >> _HOME_BITS << _HOME_BITS)
    return f"{network}/{_HOME_BITS}"
