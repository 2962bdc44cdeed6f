"""Replaces what is private in documents, by the names of fields and by the shapes of texts. Pure.

Documents are learned first, all of them, and then rewritten: what stood once in a private
field is replaced wherever else it stands. Times stay as they are, so do all other numbers;
a text of which nobody knows that it is harmless is replaced.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from . import jsontext
from .jsontext import Number
from .keys import PRIVATE, Kind, kind_of
from .pseudonyms import Pseudonyms
from .shapes import (
    PART,
    address_of,
    is_ecu_word,
    is_harmless,
    is_mask,
    is_model_token,
    is_time,
    is_version,
    is_word,
)
from .words import COUNTRIES, PLACELESS, TALK, TECHNICAL, VOCABULARY

_OCTET = r"[0-9A-Fa-f]{2}"
_TOKEN = r"(?:[^\W_]|[^\x00-\x7f])+"  # noqa: S105 - a piece of a text
"""Letters and digits, and whatever else is not ASCII: names are written in signs as well."""
_PIECES = re.compile(
    rf"(?P<part>(?<![A-Za-z0-9]){PART})"
    r"|(?P<kind>(?<![A-Za-z0-9])[A-Z]{3,6}(?=--[A-Z0-9]*\d))"
    r"|(?P<scheme>\b(?:https?|wss?|mqtts?)(?=://))"
    rf"|(?P<mac>(?<![A-Za-z0-9]){_OCTET}(?P<gap>[:-])(?:{_OCTET}(?P=gap)){{4}}{_OCTET}"
    r"(?![A-Za-z0-9]))"
    r"|(?P<ip>(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\d)"
    r"|(?<![\w.:])[0-9A-Fa-f]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*(?![\w:]))"
    r"|(?P<serial>[A-Z0-9]+)(?P<tail>synchrometer[XYZ])"
    rf"|(?P<token>{_TOKEN})"
)
_SERIAL_LIKE = re.compile(r"(?=(?:.*\d){5})[A-Z0-9]{8,}|(?=(?:.*\d){6})[A-Za-z0-9]{10,}")
_MAIL = re.compile(r"[^\s@<>\"]+@[^\s@<>\"]+")
_GRID_CODE = re.compile(r"(\d\dHz_\d{3}V_[a-z0-9]_[A-Za-z]+\d+[A-Za-z]*(?::\d{4})?)(_.+)?")
_PAGE = "<!doctype html><title>page</title>"
_LEARNED_FROM = 4
_WITHIN_FROM = 6
_NUMBER_FROM = 4
_DIGITS_MOST = 4
_DIGITS_LEARNED_FROM = 5
_NUMBERED = frozenset({Kind.SECRET, Kind.SERIAL, Kind.PERSON, Kind.PLACE})
_SPARED_NUMBERS = frozenset({"serialbaud"})
_EITHER = "state"
"""Of a device or of the United States: what is no state of a device is expected to be one."""
_ALLOWED_NETWORK = frozenset({"PWRview"})


@dataclass(frozen=True, slots=True)
class Finding:
    """A text that a recording should not hold.

    Attributes:
        kind: What it seems to be.
    """

    key: str
    kind: Kind


class Anonymiser:
    """Replaces what is private, the same by the same, in all documents of one recording.

    Attributes:
        unknown: The fields whose texts were replaced because nobody knows what they hold.
    """

    def __init__(self, pseudonyms: Pseudonyms, secrets: Iterable[str] = ()) -> None:
        self._names = pseudonyms
        self._soft: set[str] = set()
        self._hard: set[str] = set()
        self._secrets = [
            secret
            for secret in secrets
            if len(secret) >= _LEARNED_FROM and secret.lower() not in TECHNICAL
        ]
        self.unknown: set[str] = set()
        for secret in self._secrets:
            self._learn_all(secret)

    # -- learning --------------------------------------------------------------------------

    def learn(self, key: str, value: str) -> str:
        """Note what is private in one text; returns it unchanged."""
        inner = _inner(value)
        if inner is not None:
            jsontext.mapped(inner, self.learn, self.learn_key, key)
        elif not isinstance(value, Number):
            self._learn_text(kind_of(key), value)
        return value

    def learn_key(self, key: str) -> str:
        """Note what is private in the name of a field; returns it unchanged."""
        if not is_word(key):
            self._learn_shapes(key)
        return key

    def _learn_text(self, kind: Kind, value: str) -> None:
        if kind in PRIVATE and not _is_spared(kind, value):
            self._learn_all(value)
        elif not is_harmless(value) and not (kind is Kind.VERSION and is_version(value)):
            self._learn_shapes(value)

    def _learn_all(self, value: str) -> None:
        for found in _PIECES.finditer(value):
            piece = found["serial"] or found["token"]
            # A house number is part of many a reading, too.
            least = _DIGITS_LEARNED_FROM if piece and piece.isdigit() else _LEARNED_FROM
            if piece and len(piece) >= least and piece.lower() not in TECHNICAL:
                self._note(piece)

    def _learn_shapes(self, value: str) -> None:
        for found in _PIECES.finditer(value):
            piece = found["serial"] or found["token"]
            if piece and _SERIAL_LIKE.fullmatch(piece):
                self._note(piece)
        for mail in _MAIL.findall(value):
            self._learn_all(mail)

    def _note(self, piece: str) -> None:
        (self._hard if any(map(str.isdigit, piece)) else self._soft).add(piece.lower())
        self._names.reserve(piece)

    # -- rewriting -------------------------------------------------------------------------

    def rewritten(self, key: str, value: str) -> Any:
        """Return what stands in the place of a text, or of a Number, in the field `key`."""
        kind = kind_of(key)
        if isinstance(value, Number):
            return self._number(kind, key, value)
        inner = _inner(value)
        if inner is not None:
            return jsontext.dumps(jsontext.mapped(inner, self.rewritten, self.key, key))
        made = self._text(kind, key, value)
        if any(secret in made for secret in self._secrets if secret not in VOCABULARY):
            return self._scrambled(made, Kind.SECRET)
        return made

    def key(self, key: str) -> str:
        """Return what stands in the place of the name of a field: itself, unless it is none."""
        if not is_word(key):
            return self._scrambled(key, Kind.SERIAL)
        return self._without(key, self._hard)

    def talk(self, text: str) -> str:
        """Return an answer that is no document: a message, or nobody knows what."""
        if text.lstrip().startswith("<"):
            return _PAGE
        return self._said(text)

    def _number(self, kind: Kind, key: str, value: Number) -> Any:
        if kind is Kind.POSITION:
            return None
        plain = value.lstrip("-")
        if kind not in _NUMBERED or not plain.isdigit() or len(plain) < _NUMBER_FROM:
            return value
        if key.lower() in _SPARED_NUMBERS:
            return value
        return Number(self._names.number(value, kind))

    def _text(self, kind: Kind, key: str, value: str) -> str:
        if kind is Kind.POSITION:
            return ""
        if not any(letter.isalnum() or not letter.isascii() for letter in value):
            return value
        if _is_spared(kind, value):
            return self._kept(value)
        if kind in PRIVATE:
            return self._private(kind, key, value)
        if _fits(kind, value):
            return value if kind is Kind.MASK else self._kept(value)
        return self._unfit(kind, key, value)

    def _unfit(self, kind: Kind, key: str, value: str) -> str:
        """Replace what is not what its field should hold, but for what can be kept of it."""
        match kind:
            case Kind.MESSAGE:
                return self._said(value)
            case Kind.MODEL:
                return self._model(value)
            case Kind.GRID_CODE if code := _GRID_CODE.fullmatch(value):
                return code[1] + self._scrambled(code[2] or "", Kind.PLACE)
        if key != _EITHER:
            self.unknown.add(self.key(key))
        return self._scrambled(value, kind)

    def _private(self, kind: Kind, key: str, value: str) -> str:
        if "timezone" in key.lower():
            if value in PLACELESS:
                return value
            self._names.count(value, Kind.PLACE)
            return "Etc/UTC"  # a name that is no zone would stop clients
        return self._scrambled(value, kind)

    def _scrambled(self, value: str, kind: Kind) -> str:
        return self._each(value, lambda piece: self._names.token(piece, kind))

    def _said(self, value: str) -> str:
        """Keep the words that gateways use in their messages, and small numbers."""
        small = _has_few_digits(value)

        def one(piece: str) -> str:
            known = piece.lower() in TALK or is_ecu_word(piece) or (small and _is_small(piece))
            return piece if known else self._names.token(piece, Kind.MESSAGE)

        return value if value in VOCABULARY else self._each(value, one)

    def _model(self, value: str) -> str:
        small = _has_few_digits(value)

        def one(piece: str) -> str:
            short = small and (_is_small(piece) or is_model_token(piece))
            if (short or piece.lower() in TECHNICAL) and not self._is_learned(piece):
                return piece
            return self._names.token(piece, Kind.MODEL)

        return self._each(value, one)

    def _kept(self, value: str) -> str:
        """Return a harmless text, without what was learned to be private elsewhere."""
        if is_time(value):
            return value
        if value in VOCABULARY or is_ecu_word(value):
            return self._without(value, self._hard)
        if any(len(one) >= _WITHIN_FROM and one in value.lower() for one in self._soft):
            return self._scrambled(value, Kind.UNKNOWN)
        return self._without(value, self._hard | self._soft)

    def _without(self, value: str, learned: set[str]) -> str:
        def one(piece: str) -> str:
            return self._names.token(piece, Kind.SERIAL) if piece.lower() in learned else piece

        return self._each(value, one)

    def _is_learned(self, piece: str) -> bool:
        return piece.lower() in self._hard or piece.lower() in self._soft

    def _each(self, value: str, one: Callable[[str], str]) -> str:
        """Let `one` at every token; parts, kinds of devices and schemes stay as they are."""

        def replaced(found: re.Match[str]) -> str:
            if found["part"] or found["kind"] or found["scheme"]:
                return found[0]
            if mac := found["mac"]:
                return self._mac(mac, found["gap"])
            if ip := found["ip"]:
                return (
                    self._names.address(ip)
                    if address_of(ip)
                    else _PIECES_IN_IP.sub(lambda inner: one(inner[0]), ip)
                )
            if found["serial"]:
                return one(found["serial"]) + found["tail"]
            piece = found["token"]
            return piece if piece in _ALLOWED_NETWORK else one(piece)

        return _PIECES.sub(replaced, value)

    def _mac(self, mac: str, gap: str) -> str:
        digits = self._names.token(mac.replace(gap, ""), Kind.NETWORK)
        return gap.join(digits[at : at + 2] for at in range(0, len(digits), 2))


_PIECES_IN_IP = re.compile(_TOKEN)


def _inner(value: str) -> Any:
    """Return the document that a text is, as in decoded_alert; None for any other text."""
    if isinstance(value, Number) or not value.startswith(("[", "{")):
        return None
    try:
        return jsontext.loads(value)
    except (ValueError, RecursionError):
        return None


def _fits(kind: Kind, value: str) -> bool:
    """Say whether a text is of the shape that such a field has when nothing is wrong."""
    match kind:
        case Kind.VERSION:
            return is_version(value) or is_harmless(value)
        case Kind.COUNTRY:
            return value in COUNTRIES
        case Kind.MASK:
            return is_mask(value)
        case Kind.STATE:
            return is_harmless(value) or is_word(value)
        case _:
            return is_harmless(value)


def _is_spared(kind: Kind, value: str) -> bool:
    """Say whether a private field holds one of the words that are the same for everybody."""
    return kind in (Kind.NETWORK, Kind.PLACE) and value in VOCABULARY


def _is_small(piece: str) -> bool:
    return piece.isdecimal() and len(piece) < _NUMBER_FROM


def _has_few_digits(value: str) -> bool:
    """Say whether a text holds no more digits than a status or a rating has; a number to dial has.

    Counted over the whole text: some countries write those in pairs.
    """
    return sum(map(str.isdigit, value)) <= _DIGITS_MOST
