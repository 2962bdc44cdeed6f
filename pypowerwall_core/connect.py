"""Builds a Site from a configuration. Sends nothing: the lanes start later."""

from __future__ import annotations

import hashlib
import logging
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .backends.local.address import Address
from .backends.local.controller import LocalController
from .backends.local.reader import LocalUpstream, sources
from .backends.local.session import Credentials, GatewaySession
from .backends.local.sessionfile import SessionFile
from .backends.local.transport import Transport
from .build import CLOUD, LOCAL, ControlConfig, build_site
from .claims import plain
from .controller import Controller
from .corrections import NO_CORRECTIONS, Corrections
from .errors import BadSetting
from .lane import Lane
from .redact import Secrets
from .site import Reader, Site

if TYPE_CHECKING:  # and what it stands on are large, and not everybody has an account
    from .backends.cloud.connect import Cloud, CloudConfig
    from .backends.cloud.controller import CloudController


_log = logging.getLogger(__name__)
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


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


@dataclass(frozen=True, slots=True)
class Gateway:
    """The site of one gateway, and the road to it, for who may ask more than a client of ours."""

    site: Site
    lane: Lane
    session: GatewaySession
    controller: LocalController


def open_site(
    config: GatewayConfig | None, secrets: Secrets, cloud: CloudConfig | None = None
) -> Site:
    """Make the site of one gateway, of one Tesla account, or of both; of neither knows nothing.

    An account that cannot be used is said once: a gateway is read without it, and without a
    gateway nothing is known.
    """
    if config is not None:
        return open_gateway(config, secrets, cloud).site
    if cloud is None:
        return Site(trouble="no gateway is configured")
    return open_account(cloud, secrets)[0]


def open_account(config: CloudConfig, secrets: Secrets) -> tuple[Site, CloudController | None]:
    """Make the site of one Tesla account; no controller where the account cannot be used."""
    try:
        road = _open_cloud(config, secrets)
    except BadSetting as error:
        _log.warning("Tesla's cloud is not read: %s", error)
        return Site(trouble=str(error)), None
    site = build_site(
        [road.reader()],
        {CLOUD: road.controller},
        config.control,
        config.session_file,
        road.site_id,
    )
    return site, road.controller


def open_gateway(
    config: GatewayConfig, secrets: Secrets, cloud: CloudConfig | None = None
) -> Gateway:
    """Make the site of one gateway, which Tesla's cloud may stand beside."""
    session = open_session(config, secrets)
    rows = sources(config.cache_expire_s, config.cache_ttl_s)
    upstream = LocalUpstream(f"gateway {config.address}", session, config.corrections)
    lane = Lane(upstream, rows, max_in_flight=config.max_in_flight)
    controller = LocalController(lane, session)
    readers = [Reader(lane, plain({row.name: row.name for row in rows}))]
    controllers: dict[str, Controller] = {LOCAL: controller}
    site_id: Callable[[], int | None] = _no_site
    if cloud is not None:
        try:
            road = _open_cloud(cloud, secrets)
        except BadSetting as error:
            _log.warning("Tesla's cloud is not used: %s", error)
        else:
            readers.append(road.filler(fills=cloud.fills))
            controllers[CLOUD] = road.controller
            site_id = road.site_id
    site = build_site(readers, controllers, config.control, config.session_file, site_id)
    return Gateway(site, lane, session, controller)


def _no_site() -> None:
    """Say that no site of a Tesla account is known."""


def _open_cloud(config: CloudConfig, secrets: Secrets) -> Cloud:
    from .backends.cloud.connect import open_cloud  # noqa: PLC0415 - its libraries are large

    return open_cloud(config, secrets)


def open_session(
    config: GatewayConfig, secrets: Secrets, make: Callable[..., Transport] = Transport
) -> GatewaySession:
    """Make the session of one gateway, over a transport of one's own where one is named."""
    secrets.hide(config.credentials.password)
    transport = make(
        config.address,
        timeout_s=config.timeout_s,
        pool_maxsize=config.pool_maxsize,
        fingerprint=config.fingerprint,
    )
    return GatewaySession(transport, config.credentials, SessionFile(config.session_file), secrets)


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
