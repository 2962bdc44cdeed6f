"""Where a gateway is: HOST, HOST:PORT, IPv6 bare or in brackets."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from pypowerwall_core.errors import BadSetting

HTTPS_PORT = 443
HIGHEST_PORT = 65535
GATEWAY_NAMES = ("powerwall", "teg", "powerpack")
"""The server names a gateway's TLS accepts; any other aborts the handshake."""

_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")
_WITH_PORT = re.compile(r"(?:\[(?P<v6>[^\]]+)\]|(?P<name>[^:\[\]]+))(?::(?P<port>[0-9]{1,5}))?")
_ZONE = re.compile(r"[A-Za-z0-9_.-]+")


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a port."""

    host: str
    port: int = HTTPS_PORT

    @property
    def is_ip(self) -> bool:
        """Whether the host is an IP address rather than a name."""
        return _ip(self.host) is not None

    @property
    def server_name(self) -> str | None:
        """The TLS server name to send: none for an IP address.

        A DNS alias such as powerwall.home.lan would make the gateway abort the handshake.
        """
        if self.is_ip:
            return None
        return self.host if self.host in GATEWAY_NAMES else GATEWAY_NAMES[0]

    def __str__(self) -> str:
        """HOST or HOST:PORT, as people write it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == HTTPS_PORT else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The start of every URL there."""
        return f"https://{self}"


def parse_address(text: str) -> Address:
    """Parse what people write into PW_HOST.

    Raises:
        BadSetting: It is no host, or the port is out of range.
    """
    text = text.strip()
    if _ip(text) is not None:
        return Address(text)
    match = _WITH_PORT.fullmatch(text)
    if match is None:
        raise BadSetting(f"{text!r} is not HOST, HOST:PORT or [IPv6]:PORT")
    host, port = match["v6"] or match["name"], int(match["port"] or HTTPS_PORT)
    good = _ip(host) is not None if match["v6"] else _is_host(host)
    if not good or not 0 < port <= HIGHEST_PORT:
        raise BadSetting(f"{text!r} is not HOST, HOST:PORT or [IPv6]:PORT")
    return Address(host, port)


def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        ip = ipaddress.ip_address(text)
    except ValueError:
        return None
    zone = getattr(ip, "scope_id", None)
    return ip if zone is None or _ZONE.fullmatch(zone) else None


def _is_host(text: str) -> bool:
    if _ip(text) is not None:
        return True
    # A resolver reads 192.168.1 as 192.168.0.1; no name ends in a number.
    last = text.rstrip(".").rpartition(".")[2]
    return _NAME.fullmatch(text) is not None and not last.isdigit()
