"""What is done for each check, in order; each notes on the chart what it saw."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from pypowerwall_core.backends.local.session import GatewaySession
from pypowerwall_core.backends.local.sessionfile import SessionFile
from pypowerwall_core.connect import GatewayConfig
from pypowerwall_core.errors import BadSetting
from pypowerwall_core.redact import Secrets
from pypowerwall_core.settings.gateway import GatewaySettings
from pypowerwall_core.settings.layers import survey
from pypowerwall_core.settings.schema import Schema
from pypowerwall_core.settings.table import GATEWAY_ROWS

from . import certificate, neighbour, settings, sockets
from .chart import Attempt, Chart, Kind
from .gateway import PATHS
from .knock import knock
from .login import AGGREGATES, CORE
from .visitor import Clocks, NotingTransport, Visitor

PATIENCE_S = 10.0
"""For a name, a connection, a handshake and a read, however long PW_TIMEOUT is."""
WHOLE_S = 120.0
"""For all requests together."""
ADDRESSES_MOST = 4
REPEATS = 2
"""The meters are asked so often again: one request that takes now long, now short, tells much."""
_SCHEMA = Schema(GATEWAY_ROWS)
_LOG = "pypowerwall_core"


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asked the doctor for.

    Attributes:
        save_to: Where the certificate is to be saved.
        force: An existing file may be replaced.
        progress: Told what is about to be looked at.
    """

    environ: Mapping[str, str] = field(repr=False)
    flags: Mapping[str, str] = field(repr=False, default_factory=dict)
    save_to: Path | None = None
    force: bool = False
    clocks: Clocks = field(default_factory=Clocks)
    progress: Callable[[str], None] = lambda _what: None


class Overheard(logging.Handler):
    """What our own log says meanwhile: that a session file cannot be read, or written."""

    def __init__(self, secrets: Secrets) -> None:
        super().__init__(logging.WARNING)
        self.told: list[str] = []
        self._secrets = secrets

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what was said."""
        self.told.append(self._secrets.masked(record.getMessage()))


class Hands:
    """Sees what there is to see; leave it as a `with` block does."""

    def __init__(self, wish: Wish, secrets: Secrets) -> None:
        self.wish = wish
        self.chart = Chart()
        self._secrets = secrets
        self._config: GatewayConfig | None = None
        self._visitor: Visitor | None = None
        self._sock: socket.socket | None = None
        self._der: bytes | None = None
        self._stack = ExitStack()
        self._overheard = Overheard(secrets)
        self._ends_s = wish.clocks.monotonic() + WHOLE_S

    def __enter__(self) -> Self:
        """Begin to listen to the log."""
        log = logging.getLogger(_LOG)
        log.addHandler(self._overheard)
        self._stack.callback(log.removeHandler, self._overheard)
        return self

    def __exit__(self, *_: object) -> None:
        """Close everything."""
        self._stack.close()

    def look_at_settings(self) -> None:
        """Read the settings."""
        found = survey(_SCHEMA, self.wish.environ, self.wish.flags)
        for row in GATEWAY_ROWS:
            if row.secret or row.private:
                self._secrets.hide(found.values.get(row.field))
        trouble = ""
        if not found.errors:
            try:
                self._config = GatewaySettings(found.values, found.origins).gateway()
            except BadSetting as error:
                trouble = str(error)
        typos = settings.likely_typos(self.wish.environ)
        self.chart.settings = settings.see(found, typos, self._secrets.masked, trouble)

    def look_at_name(self) -> None:
        """Resolve the name."""
        address = self.chart.address
        self.chart.resolved = sockets.resolve(address.host, address.port, self._patience_s)

    def look_at_connection(self) -> None:
        """Connect to one address after the other, until one takes it."""
        tried: list[Attempt] = []
        for ip in self.chart.resolved.addresses[:ADDRESSES_MOST]:
            attempt, sock = sockets.connect(ip, self.chart.address.port, self._patience_s)
            tried.append(attempt)
            if sock is not None:
                self._sock = self._stack.enter_context(sock)
                break
        self.chart.attempts = tuple(tried)

    def look_at_tls(self) -> None:
        """Shake hands, and once more under a name that gateways refuse."""
        address = self.chart.address
        if self._sock is None:
            return
        seen, der = sockets.shake(self._sock, address.server_name, self._patience_s)
        self._der = der
        if der is not None:
            pinned = self._config.fingerprint if self._config else None
            shown = certificate.read(der, self._secrets.masked)
            mine = pinned and pinned.hex(":").upper() == shown.fingerprint
            strange = sockets.refuses(self.chart.connected_ip(), address.port, self._patience_s)
            seen = replace(
                seen,
                certificate=shown,
                is_pinned=None if pinned is None else bool(mine),
                refuses_strange_names=strange,
            )
        self.chart.handshake = seen

    def save_certificate(self) -> None:
        """Write the certificate, as somebody wished."""
        if self.wish.save_to is not None and self._der is not None:
            saved = certificate.save(self._der, self.wish.save_to, force=self.wish.force)
            self.chart.saved = saved

    def look_at_login(self) -> None:
        """Get in, if there is a way."""
        self._visitor = visitor = self._open()
        has_password = self.chart.settings.has_password
        seen = knock(visitor, self.chart, self._secrets.masked, has_password=has_password)
        self.chart.login = replace(seen, notes=tuple(self._overheard.told))

    def look_at_core(self) -> None:
        """Ask the paths that matter."""
        self._ask_all(CORE)

    def look_at_paths(self) -> None:
        """Ask the others, and the meters again."""
        if self.chart.login.way is None or self._visitor is None:
            return
        self._ask_all(PATHS)
        meters = self.chart.visit(AGGREGATES)
        if meters is not None and meters.kind is Kind.ANSWERS:
            for _ in range(REPEATS):
                self._visitor.ask(AGGREGATES)

    def look_nowhere(self) -> None:
        """Look at nothing: what was seen before is enough."""

    def look_around(self) -> None:
        """Look for a proxy on this machine."""
        self.chart.proxy = neighbour.look(
            neighbour.port_of(self.wish.environ), self._secrets.masked
        )

    @property
    def _patience_s(self) -> float:
        return min(self.chart.settings.timeout_s, PATIENCE_S)

    def _ask_all(self, paths: tuple[str, ...]) -> None:
        """Ask what was not asked under this session yet."""
        if self._visitor is None:
            return
        for path in paths:
            visit = self.chart.visit(path)
            if visit is None or visit.session != self._visitor.session:
                self._visitor.ask(path)

    def _open(self) -> Visitor:
        config = self._config
        if config is None:
            raise BadSetting("PW_HOST: no gateway is named")
        transport = NotingTransport(
            config.address,
            timeout_s=self._patience_s,
            pool_maxsize=config.pool_maxsize,
            fingerprint=config.fingerprint,
        )
        gateway = GatewaySession(
            transport, config.credentials, SessionFile(config.session_file), self._secrets
        )
        visitor = Visitor(
            gateway,
            transport,
            self.chart,
            self._secrets.masked,
            timeout_s=self._patience_s,
            ends_s=self._ends_s,
            clocks=self.wish.clocks,
            progress=self.wish.progress,
        )
        self._stack.callback(visitor.close)
        return visitor
