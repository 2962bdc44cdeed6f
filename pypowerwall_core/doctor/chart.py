"""Everything the doctor has seen so far. Texts from outside are masked and on one line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Any

from pypowerwall_core.backends.local.address import Address
from pypowerwall_core.errors import (
    LogInAgain,
    NotServed,
    PowerwallError,
    RateLimited,
    Unreachable,
)


@dataclass(frozen=True, slots=True)
class SettingsSeen:
    """The settings that are in force.

    Attributes:
        rows: (name, value as anybody may see it, where it came from), defaults included.
        errors: One line each.
        notes: One line each about what has no effect, or should be seen to.
        has_odd_password: It has a blank or a quotation mark at an end.
    """

    host: Address | None = None
    rows: tuple[tuple[str, object, str], ...] = ()
    errors: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    has_password: bool = True
    has_odd_password: bool = False
    session_file: str = ".powerwall"
    timeout_s: float = 5.0


_NOWHERE = Address("")


class NoName(StrEnum):
    """Why a name has no address."""

    UNKNOWN = "unknown"
    NO_SERVER = "no_server"
    LATE = "late"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a name stands for.

    Attributes:
        why: What is in the way, where there are no addresses.
        text: The words of the system, for NoName.OTHER.
    """

    addresses: tuple[str, ...] = ()
    took_s: float = 0.0
    why: NoName | None = None
    text: str = ""


class Trouble(StrEnum):
    """Why a connection does not come about."""

    REFUSED = "refused"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    NO_ROUTE = "no_route"
    RESET = "reset"
    OWN = "own"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try to connect.

    Attributes:
        trouble: None when it came about.
        text: The words of the system.
        source: The address of this machine toward there, "" while it is of no interest.
        neighbour: Whether some device of the local network holds the address; None: not known.
    """

    ip: str
    took_s: float
    trouble: Trouble | None = None
    text: str = ""
    source: str = ""
    neighbour: bool | None = None


class TlsTrouble(StrEnum):
    """Why a handshake does not come about."""

    STALLED = "stalled"
    ABORTED = "aborted"
    NOT_TLS = "not_tls"
    INCOMPATIBLE = "incompatible"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class CertificateSeen:
    """A certificate; `names` are those of its subject and its alternatives, each once."""

    fingerprint: str
    subject: str = ""
    names: tuple[str, ...] = ()
    begins: str = ""
    ends: str = ""
    is_readable: bool = True


@dataclass(frozen=True, slots=True)
class Handshake:
    """What TLS came to.

    Attributes:
        refuses_strange_names: As gateways do; None when that was not tried.
        is_pinned: The certificate is that of PW_HOST_CERT; None when none is set.
    """

    server_name: str | None = None
    took_s: float = 0.0
    trouble: TlsTrouble | None = None
    text: str = ""
    version: str = ""
    cipher: str = ""
    certificate: CertificateSeen | None = None
    refuses_strange_names: bool | None = None
    is_pinned: bool | None = None


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of -save-cert; trouble is "" when it is saved."""

    path: str
    trouble: str = ""
    exists: bool = False


class Kind(StrEnum):
    """What a path does."""

    ANSWERS = "answers"
    NOT_SERVED = "not_served"
    FORBIDDEN = "forbidden"
    LIMITED = "limited"
    SILENT = "silent"
    FAILING = "failing"


_KINDS: tuple[tuple[type[PowerwallError], Kind], ...] = (
    (NotServed, Kind.NOT_SERVED),
    (LogInAgain, Kind.FORBIDDEN),
    (RateLimited, Kind.LIMITED),
    (Unreachable, Kind.SILENT),
)


def kind_of(error: PowerwallError | None) -> Kind:
    """Name what a path does by the error it ended with."""
    if error is None:
        return Kind.ANSWERS
    return next((kind for of, kind in _KINDS if isinstance(error, of)), Kind.FAILING)


@dataclass(frozen=True, slots=True)
class Visit:
    """One request and what came of it.

    Attributes:
        at_s: When the answer came, by our clock.
        date_s: When that was by the gateway's, None where it did not tell.
        session: How many sessions were shown before this one.
    """

    path: str
    took_s: float
    at_s: float = 0.0
    date_s: float | None = None
    error: PowerwallError | None = None
    document: Any = None
    session: int = 0

    @property
    def kind(self) -> Kind:
        """What the path did."""
        return kind_of(self.error)

    @property
    def says(self) -> str:
        """What was wrong."""
        return str(self.error or "")


class Way(Enum):
    """How the gateway lets us read."""

    STORED = "stored"
    OPEN = "open"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class LoginSeen:
    """How it went to get in.

    Attributes:
        way: None when nothing can be read.
        error: Why, and `path` is where that was.
        logins: How many were sent: one at most.
        had_expired: A stored session was refused.
        stranger: Why this is taken for no gateway; the password was not sent then.
        roles: As the session tells them, where it does.
        notes: What our own log says of the session file.
    """

    way: Way | None = None
    error: PowerwallError | None = None
    path: str = ""
    logins: int = 0
    had_expired: bool = False
    stranger: str = ""
    roles: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProxySeen:
    """A proxy on this machine; `host` is the gateway it says it reads, "" if it does not."""

    port: int
    name: str
    host: str = ""


@dataclass(slots=True)
class Chart:
    """What is known of the patient; what was not looked at is None or empty.

    Attributes:
        stopped: Why nothing more is asked, "" while it is.
    """

    settings: SettingsSeen = field(default_factory=SettingsSeen)
    resolved: Resolved = Resolved()
    attempts: tuple[Attempt, ...] = ()
    handshake: Handshake = Handshake()
    saved: Saved | None = None
    visits: list[Visit] = field(default_factory=list)
    stopped: str = ""
    login: LoginSeen = LoginSeen()
    proxy: ProxySeen | None = None

    @property
    def address(self) -> Address:
        """Where the gateway is; nobody asks before one is named."""
        return self.settings.host or _NOWHERE

    def visit(self, path: str) -> Visit | None:
        """Return the last visit to a path."""
        return next((one for one in reversed(self.visits) if one.path == path), None)

    def document(self, path: str) -> Mapping[str, Any]:
        """Return the last document of a path, {} where there is none."""
        told = (one.document for one in reversed(self.visits) if one.path == path)
        return next((one for one in told if isinstance(one, dict)), {})

    def session_was_cut(self) -> bool:
        """Say whether a path was refused to the session that it had answered to."""
        good = {(one.path, one.session) for one in self.visits if one.kind is Kind.ANSWERS}
        return any(
            one.kind is Kind.FORBIDDEN and (one.path, one.session) in good for one in self.visits
        )

    def connected_ip(self) -> str:
        """Return the address that took a connection, "" if none did."""
        return next((one.ip for one in self.attempts if one.trouble is None), "")
