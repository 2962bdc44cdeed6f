"""Builds the road to one site of a Tesla account. Sends nothing: the lane starts later."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from pypowerwall_core import payloads
from pypowerwall_core.build import CLOUD, ControlConfig
from pypowerwall_core.claims import Claim
from pypowerwall_core.lane import Lane
from pypowerwall_core.redact import Secrets
from pypowerwall_core.site import Reader

from .choice import email_of
from .controller import CloudController
from .files import TokenFile, stored_site
from .reach import checked_authorities
from .reader import LIVE_S, CloudUpstream, claimed, sources
from .regions import REGIONS, region_of
from .session import CloudSession, Servers
from .storing import unwritable

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CloudConfig:
    """How to reach one site of an account.

    Attributes:
        folder: Where the tokens and the chosen site are stored.
        email: Whose account; "" is the first that is stored.
        site_id: Which site; "" is the stored one.
        live_s: How long live data counts as new; never below 5.
        timeout_s: Per connect and per read; a whole request gets twice as long.
        fills: It tells what the gateway does not serve.
        control: Commands that are taken where there is no gateway.
        session_file: Beside it lives what outlives a restart.
    """

    folder: Path
    email: str = ""
    site_id: str = ""
    servers: Servers = field(default_factory=Servers)
    live_s: float = LIVE_S
    timeout_s: float = 10.0
    fills: bool = False
    control: ControlConfig | None = None
    session_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Cloud:
    """The road to a site, and who carries commands out there."""

    lane: Lane
    session: CloudSession
    upstream: CloudUpstream
    controller: CloudController

    def site_id(self) -> int | None:
        """Return the number of the site, once it is known."""
        return self.upstream.site.id if self.upstream.site else None

    def reader(self) -> Reader:
        """Return the reader of all that Tesla's cloud tells."""
        return Reader(self.lane, claimed(), CLOUD)

    def filler(self, *, fills: bool) -> Reader:
        """Return the reader of what a gateway may not serve; nothing unless it `fills`.

        Nothing that is made up, and no vitals: these are of the system alone, and would stand
        before what the gateway tells of the solar strings.
        """
        told = {name: claim for name, claim in claimed().items() if _fills(name, claim)}
        return Reader(self.lane, told if fills else {}, CLOUD)


def _fills(payload: str, claim: Claim) -> bool:
    return not claim.constant and payload != payloads.VITALS


def open_cloud(config: CloudConfig, secrets: Secrets) -> Cloud:
    """Make the road to a site.

    Raises:
        BadSetting: No account is stored, or not the one that is wanted; or PW_CLOUD_CA cannot
            be read.
    """
    checked_authorities(config.servers.ca_file)
    tokens = TokenFile(config.folder)
    tokens.tidy()
    accounts = tokens.load()
    email = email_of(config.email, accounts)
    # An account of China has its data in China too.
    home = REGIONS[region_of(str(accounts[email].get("url") or ""))]
    servers = replace(config.servers, api=config.servers.api or home.api)
    if (reason := unwritable(config.folder)) is not None:
        # Now, and not in 8 hours: by then the token that could have been kept is void.
        _log.warning(
            "new tokens cannot be stored in %s (%s), and Tesla gives them every 8 hours: they are "
            "lost when this program ends, and Tesla then wants a new login",
            config.folder,
            reason,
        )
    session = CloudSession(email, tokens, servers, secrets, config.timeout_s)
    upstream = CloudUpstream(
        session, wanted=config.site_id, stored=partial(stored_site, config.folder)
    )
    lane = Lane(upstream, sources(config.live_s), is_mended=upstream.is_mended)
    return Cloud(lane, session, upstream, CloudController(lane, session, upstream))
