"""Builds a Site from a configuration. Sends nothing: the lanes start later."""

from __future__ import annotations

import hashlib
import re
import ssl
from dataclasses import dataclass
from pathlib import Path

from .backends.local.address import Address
from .backends.local.controller import LocalController
from .backends.local.reader import LocalUpstream, sources
from .backends.local.session import Credentials, GatewaySession
from .backends.local.sessionfile import SessionFile
from .backends.local.transport import Transport
from .commander import Commander
from .commandlog import CommandLog
from .corrections import NO_CORRECTIONS, Corrections
from .errors import BadSetting
from .journal import Journal
from .lane import Lane
from .numbering import Numbering
from .redact import Secrets
from .site import Reader, Site
from .totals import Bookkeeper

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


LOCAL = "local"


@dataclass(frozen=True, slots=True)
class ControlConfig:
    """Which commands are taken.

    Attributes:
        via: Which controllers take them, in this order.
        allows_islanding: Leaving the grid is allowed.
    """

    via: tuple[str, ...] = (LOCAL,)
    allows_islanding: bool = False


@dataclass(frozen=True, slots=True)
class GatewayConfig:
    """How to reach one gateway and how gently.

    Attributes:
        session_file: Where the session survives a restart; None keeps it in memory.
        fingerprint: SHA-256 of the one certificate to trust; None accepts any.
        cache_expire_s: How long fast readings are fresh.
        cache_ttl_s: How long they are shown when no newer ones can be had.
        timeout_s: Per connect and per read; a whole request gets twice as long.
        control: None takes no commands.
    """

    address: Address
    credentials: Credentials
    session_file: Path | None = None
    fingerprint: bytes | None = None
    cache_expire_s: float = 5.0
    cache_ttl_s: float = 30.0
    timeout_s: float = 5.0
    pool_maxsize: int = 15
    max_in_flight: int = 1
    corrections: Corrections = NO_CORRECTIONS
    control: ControlConfig | None = None


def open_site(config: GatewayConfig | None, secrets: Secrets) -> Site:
    """Make the site of one gateway, or one that knows nothing when none is configured."""
    if config is None:
        return Site(trouble="no gateway is configured")
    secrets.hide(config.credentials.password)
    transport = Transport(
        config.address,
        timeout_s=config.timeout_s,
        pool_maxsize=config.pool_maxsize,
        fingerprint=config.fingerprint,
    )
    session = GatewaySession(
        transport, config.credentials, SessionFile(config.session_file), secrets
    )
    rows = sources(config.cache_expire_s, config.cache_ttl_s)
    upstream = LocalUpstream(f"gateway {config.address}", session, config.corrections)
    lane = Lane(upstream, rows, max_in_flight=config.max_in_flight)
    reader = Reader(lane, claims={row.name: row.name for row in rows})
    commander = None
    if config.control is not None:
        commander = _commander(config.control, LocalController(lane, session), config.session_file)
    return Site(
        [reader],
        commander=commander,
        numbering=Numbering(_beside(config.session_file, "numbers")),
        bookkeeper=Bookkeeper(_beside(config.session_file, "energies")),
    )


def _commander(
    control: ControlConfig, local: LocalController, session_file: Path | None
) -> Commander:
    return Commander(
        [local] if LOCAL in control.via else [],
        Journal(_beside(session_file, "commands")),
        CommandLog(_beside(session_file, "commands.log")),
        allows_islanding=control.allows_islanding,
    )


def _beside(session_file: Path | None, what: str) -> Path | None:
    """Where the numbers live: one file per session file, so that homes do not mix."""
    return session_file and session_file.with_name(f"{session_file.name}.{what}")


def certificate_fingerprint(path: Path) -> bytes:
    """Return the SHA-256 of the first certificate in a PEM file.

    Raises:
        BadSetting: It cannot be read or holds no certificate.
    """
    try:
        pem = _PEM.search(path.read_text("ascii"))
        der = ssl.PEM_cert_to_DER_cert(pem[0]) if pem else b""
    except (OSError, ValueError) as error:
        raise BadSetting(f"{path} cannot be read as a certificate: {error}") from error
    if not der:
        raise BadSetting(f"{path} holds no certificate in PEM form")
    return hashlib.sha256(der).digest()
