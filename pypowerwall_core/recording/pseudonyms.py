"""Gives everything private another name: always the same one, of the same shape and length.

The key is drawn for one recording and thrown away, so that nobody can try serial numbers
until one fits. Rule: given the key it is pure.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Collection, Iterator
from ipaddress import IPv6Address

from .keys import Kind
from .shapes import address_of, is_nobodys_address
from .words import SERIAL_MAKERS

_SERIAL = re.compile(rf"({'|'.join(SERIAL_MAKERS)})(\d[A-Z0-9]{{5,}})")
_TRIES = 100
_UNIQUE_FROM = 4
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_HEX_FROM = 8
_BENCHMARK = 0xC612_0000
"""198.18.0.0/15 is for tests of networks and belongs to nobody (RFC 2544)."""
_DOCUMENTS = 0x2001_0DB8 << 96
"""2001:db8::/32 is for documents (RFC 3849)."""


class Pseudonyms:
    """What stands for what in one recording.

    Attributes:
        given: Every replacement; who reads the recording knows by them what is replaced.
    """

    def __init__(self, key: bytes, trusted: Collection[str] = ()) -> None:
        self._key = key
        self._names: dict[str, str] = {}
        self._taken: set[str] = set()
        self._originals: set[str] = set()
        self._trusted = frozenset(trusted)
        self._counted: dict[Kind, set[str]] = {}
        self.given: set[str] = set()

    def reserve(self, original: str) -> None:
        """Make sure that a text that belongs to somebody is nobody's replacement."""
        self._originals.add(_folded(original))

    def counts(self) -> dict[str, int]:
        """Return how many different texts of each kind were replaced."""
        return {kind.value: len(self._counted[kind]) for kind in Kind if kind in self._counted}

    def count(self, original: str, kind: Kind) -> None:
        """Note that a text was replaced, by whatever."""
        self._counted.setdefault(kind, set()).add(original)

    def token(self, text: str, kind: Kind) -> str:
        """Replace letters and digits; a capital stays one, and so does a serial's maker."""
        folded = _folded(text)
        if folded in self._trusted:
            return text
        self.count(folded, kind)
        made = self._names.get(folded)
        if made is None:
            made = self._names[folded] = self._made(text, folded)
            self._taken.add(made)
            self.given.add(made)
        # One name for Smith, smith and SMITH, each spelled as it was.
        return "".join(
            new.upper() if old.isupper() else new for old, new in zip(text, made, strict=True)
        )

    def number(self, text: str, kind: Kind) -> str:
        """Replace the digits of a whole number, which begins with no zero."""
        replaced = self.token(text.lstrip("-"), kind)
        sign = "-" if text.startswith("-") else ""
        made = f"{sign}{replaced.replace('0', '1', 1) if replaced[0] == '0' else replaced}"
        self.given.add(made.lstrip("-"))
        return made

    def address(self, text: str) -> str:
        """Replace an IP address by one of a network that is nobody's."""
        if is_nobodys_address(text):
            return text
        address = address_of(text)
        self.count(text, Kind.NETWORK)
        drawn = int.from_bytes(self._draw(text, 0)[:8], "big")
        if isinstance(address, IPv6Address):
            return str(IPv6Address(_DOCUMENTS + drawn))
        number = _BENCHMARK + 1 + drawn % 0x1_FFFE
        return ".".join(str(number >> shift & 0xFF) for shift in (24, 16, 8, 0))

    def _made(self, text: str, folded: str) -> str:
        maker = _SERIAL.fullmatch(text)
        kept = maker[1].lower() if maker else ""
        for attempt in range(_TRIES):
            made = kept + _spelled(folded[len(kept) :], self._draw(folded, attempt))
            if made != folded and (len(made) < _UNIQUE_FROM or self._is_free(made)):
                return made
        return made

    def _is_free(self, made: str) -> bool:
        return made not in self._taken and made not in self._originals

    def _draw(self, folded: str, attempt: int) -> bytes:
        seed = f"{attempt}:{folded}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, seed, "sha256")


def _folded(text: str) -> str:
    return "".join(small if len(small := letter.lower()) == 1 else letter for letter in text)


def _spelled(folded: str, seed: bytes) -> str:
    letters = "abcdef" if _is_hex(folded) else _LETTERS
    return "".join(
        str(drawn % 10) if letter.isdecimal() else letters[drawn % len(letters)]
        for letter, drawn in zip(folded, _stream(seed), strict=False)
    )


def _is_hex(folded: str) -> bool:
    return len(folded) >= _HEX_FROM and not folded.strip("0123456789abcdef")


def _stream(seed: bytes) -> Iterator[int]:
    """Yield numbers for ever, each of sixteen bits: remainders of bytes would favour some."""
    while True:
        seed = hashlib.sha256(seed).digest()
        for at in range(0, len(seed), 2):
            yield int.from_bytes(seed[at : at + 2], "big")
