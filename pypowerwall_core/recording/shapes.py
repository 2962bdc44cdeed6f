"""What a text looks like: whether its shape alone says that it tells of nobody. Pure."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address

from .words import VOCABULARY

_DIGITS_MOST = 4
_RUNS_MOST = 4
_WORD_MOST = 64
_HEX_LEAST = 8

PART = r"\d{7}-\d{2}-[A-Z](?![A-Za-z0-9])"
"""A part number: what a device is, not which one."""
_TIME = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)"
    r"|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}"
    r"|\d{4}-\d\d-\d\d"
    r"|(\d{1,7}h)?(\d{1,2}m)?\d{1,9}(\.\d{1,9})?s,?"
)
_HARMLESS = re.compile(rf"[+-]?\d{{1,3}}|{PART}|/[a-z]+(_[a-z]+)*")
_ECU_WORD = re.compile(
    r"(PINV|POD|PVAC|PVS|PVI|PV|INV|THC|SYNC|ISLAND|STSTSM|METER|NEURIO|PWRLIM|PWS|HVP|PCH|BMS"
    r"|MSA|TRM|AcMode|DeviceState(Reason)?|TE[A-Z]{3})[_-][A-Za-z0-9_-]+"
    r"|(System|Device(State|StateReason)|Disabled|AcMode|Grid_|ISLAND_|synchrometer|neurio_)"
    r"[A-Za-z0-9_]*"
)
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*([_-][A-Za-z0-9]+)*")
_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_VERSION = re.compile(
    r"\d{1,2}(\.\d{1,2}){1,2}(-\d{1,2})?(-[A-Za-z][A-Za-z0-9]{0,7}){0,2}( [0-9a-f]{8})?\n?"
    r"|(?=\d*[a-f])[0-9a-f]{7,9}|[0-9a-f]{14}|[0-9a-f]{40}"
    r"|\d{4}-\d\d-\d\d-g[0-9a-f]{7,12}"
)
_MASK = re.compile(r"/{2,5}[A-Za-z0-9+/]{0,4}={0,2}")
_MODEL_TOKEN = re.compile(r"(?=.*[A-Z])(?=.*\d)[A-Z0-9]{2,8}")
_OUR_NETWORKS = ("198.18.", "198.19.", "2001:db8:")
_EVERYBODYS = frozenset({"0.0.0.0", "127.0.0.1", "::", "::1"}) | {  # noqa: S104 - a text
    "192.168.90.1",
    "192.168.90.2",
    "192.168.91.1",
}
"""Addresses that are the same for everybody, the gateway's own ports among them."""


def is_harmless(text: str) -> bool:
    """Say whether a text is a time, a duration, a small number, a part or one of our words."""
    return text in VOCABULARY or bool(
        _HARMLESS.fullmatch(text) or is_time(text) or is_ecu_word(text)
    )


def is_time(text: str) -> bool:
    """Say whether a text is a moment, a day or a duration."""
    return bool(_TIME.fullmatch(text))


def is_ecu_word(text: str) -> bool:
    """Say whether a text is a word of a Tesla controller: PINV_GridFollowing."""
    return bool(_ECU_WORD.fullmatch(text)) and is_word(text)


def is_word(text: str) -> bool:
    """Say whether a text is one word as programmers write it, and no identifier in disguise."""
    if not _WORD.fullmatch(text) or len(text) > _WORD_MOST:
        return False
    runs = re.findall(r"\d+", text)
    if len(runs) > _RUNS_MOST or any(len(run) > _DIGITS_MOST - 1 for run in runs):
        return False
    return not any(map(_is_identifier, re.split("[_-]", text)))


def _is_identifier(piece: str) -> bool:
    many = sum(map(str.isdigit, piece)) >= _DIGITS_MOST
    return many or (len(piece) >= _HEX_LEAST and bool(_HEX.fullmatch(piece)))


def is_version(text: str) -> bool:
    """Say whether a text is a firmware version or a hash of one."""
    return text in ("localbuild", "Unknown") or bool(_VERSION.fullmatch(text))


def is_mask(text: str) -> bool:
    """Say whether a text is a netmask: of four numbers, or of four bytes in base 64."""
    if _MASK.fullmatch(text):
        return True
    address = address_of(text)
    if not isinstance(address, IPv4Address):
        return False
    # Ones, then zeros: one less than a power of two, turned round.
    hosts = int(address) ^ 0xFFFF_FFFF
    return hosts & (hosts + 1) == 0


def is_model_token(text: str) -> bool:
    """Say whether a word is the short name of a model: SE7600A."""
    return bool(_MODEL_TOKEN.fullmatch(text)) and sum(map(str.isdigit, text)) <= _DIGITS_MOST


def address_of(text: str) -> IPv4Address | IPv6Address | None:
    """Read an IP address."""
    try:
        return ip_address(text)
    except ValueError:
        return None


def is_nobodys_address(text: str) -> bool:
    """Say whether an address is everybody's, or from the networks that replacements are of."""
    return text in _EVERYBODYS or text.startswith(_OUR_NETWORKS)
