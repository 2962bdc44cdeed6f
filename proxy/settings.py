"""The settings: one table, read once into one frozen object.

The table renders the help; a test asks that HELP.md has every row. An empty value is an
unset one, as compose files pass it.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pypowerwall_core.backends.local.address import Address
from pypowerwall_core.backends.local.session import Credentials
from pypowerwall_core.connect import GatewayConfig, certificate_fingerprint
from pypowerwall_core.corrections import Corrections
from pypowerwall_core.errors import BadSetting

from . import parse
from .not_yet import NOT_YET

MASK = "***"


@dataclass(frozen=True, slots=True)
class Row:
    """A setting.

    Attributes:
        field: Its name in Settings.
        default: As it would be written in the environment; "" means unset.
        parse: Text to value; raises ValueError or BadSetting with the reason.
        secret: Never shown, and NAME_FILE may name a file that holds it.
        private: Shown as set or not set only.
    """

    name: str
    field: str
    default: str
    parse: Callable[[str], Any]
    help: str
    secret: bool = False
    private: bool = False


ROWS = (
    Row("PW_BIND_ADDRESS", "bind_address", "", str, "Address to listen on; empty is all of IPv4."),
    Row("PW_PORT", "port", "8675", parse.whole(1, parse.HIGHEST_PORT), "Port to listen on."),
    Row(
        "PROXY_BASE_URL",
        "base_path",
        "/",
        parse.base_path,
        "Path under which a front end shows the proxy; routes are served there and at / alike.",
    ),
    Row("PW_HOST", "host", "", parse.address, "The gateway: HOST, HOST:PORT or [IPv6]:PORT."),
    Row(
        "PW_PASSWORD",
        "password",
        "",
        str,
        "Customer password; unless changed, the last five characters of the one on the label.",
        secret=True,
    ),
    Row("PW_EMAIL", "email", "", str, "Sent along with the login, nothing else.", private=True),
    Row(
        "PW_TIMEZONE", "timezone", "America/Los_Angeles", str, "Sent along with the login as well."
    ),
    Row(
        "PW_CACHE_EXPIRE",
        "cache_expire_s",
        "5",
        parse.seconds(0, 3600),
        "Seconds a reading counts as new; below 1 counts as 1.",
    ),
    Row(
        "PW_CACHE_TTL",
        "cache_ttl_s",
        "30",
        parse.seconds(0, 86400),
        "Seconds a reading is shown when the gateway gives no newer one.",
    ),
    Row(
        "PW_TIMEOUT",
        "timeout_s",
        "5",
        parse.seconds(0.1, 300),
        "Seconds to wait for a connection and for each read; a whole request gets twice as long.",
    ),
    Row(
        "PW_POOL_MAXSIZE",
        "pool_maxsize",
        "15",
        parse.whole(0, 100),
        "Connections kept open to the gateway at most; 0 closes each after its request.",
    ),
    Row(
        "PW_MAX_IN_FLIGHT",
        "max_in_flight",
        "1",
        parse.whole(1, 4),
        "Requests to the gateway at the same time. One is kind.",
    ),
    Row(
        "PW_CLIENT_BUDGET",
        "client_budget_s",
        "2.5",
        parse.seconds(0, 60),
        "Seconds a client waits at most for something that is not remembered.",
    ),
    Row(
        "PW_AUTH_MODE",
        "auth_mode",
        "cookie",
        parse.choice("cookie", "token"),
        "How the session is shown to the gateway: cookie or token.",
    ),
    Row("PW_AUTH_PATH", "auth_path", ".", parse.folder, "Folder of session files."),
    Row(
        "PW_CACHE_FILE",
        "cache_file",
        "",
        parse.path,
        "File of the gateway session; unset is .powerwall in PW_AUTH_PATH.",
    ),
    Row(
        "PW_HOST_CERT",
        "host_cert",
        "",
        parse.path,
        "The gateway's exported certificate (PEM): trust this one and no other.",
    ),
    Row(
        "PW_NEG_SOLAR",
        "negative_solar",
        "yes",
        parse.flag,
        "no shows solar below zero as 0 and adds what the inverter draws to the home.",
    ),
    Row(
        "PW_SITE_ZERO_THRESHOLD",
        "site_zero_threshold_w",
        "0",
        parse.whole(0, 1_000_000),
        "Watts of grid power, in or out, up to which it is shown as 0.",
    ),
    Row(
        "PW_CONTROL_SECRET",
        "control_secret",
        "",
        str,
        "Token that /stats/clear asks other machines for.",
        secret=True,
    ),
    Row("PW_DEBUG", "debug", "no", parse.flag, "yes logs everything, secrets excepted."),
    Row(
        "PW_LOG_LEVEL",
        "log_level",
        "info",
        parse.choice("debug", "info", "warning", "error"),
        "The least serious lines to log: debug, info, warning or error.",
    ),
    Row("PW_LOG_FORMAT", "log_format", "text", parse.choice("text", "json"), "text or json lines."),
)
FILE_SUFFIX = "_FILE"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a user can say, read and checked.

    Attributes:
        notes: One line each about settings that have no effect.
    """

    bind_address: str
    port: int
    base_path: str
    host: Address | None
    password: str
    email: str
    timezone: str
    cache_expire_s: float
    cache_ttl_s: float
    timeout_s: float
    pool_maxsize: int
    max_in_flight: int
    client_budget_s: float
    auth_mode: str
    auth_path: Path
    cache_file: Path | None
    host_cert: Path | None
    negative_solar: bool
    site_zero_threshold_w: int
    control_secret: str
    debug: bool
    log_level: str
    log_format: str
    notes: tuple[str, ...] = ()

    @property
    def session_file(self) -> Path:
        """Where the gateway session survives a restart."""
        return self.cache_file or self.auth_path / ".powerwall"

    def gateway(self) -> GatewayConfig | None:
        """Return how to reach the gateway, None when PW_HOST is not set.

        Raises:
            BadSetting: PW_HOST_CERT is no certificate.
        """
        if self.host is None:
            return None
        return GatewayConfig(
            address=self.host,
            credentials=Credentials(
                self.password or None, self.email, self.timezone, self.auth_mode
            ),
            session_file=self.session_file,
            fingerprint=self._fingerprint(),
            cache_expire_s=max(1.0, self.cache_expire_s),
            cache_ttl_s=self.cache_ttl_s,
            timeout_s=self.timeout_s,
            pool_maxsize=self.pool_maxsize,
            max_in_flight=self.max_in_flight,
            corrections=Corrections(self.negative_solar, self.site_zero_threshold_w),
        )

    def _fingerprint(self) -> bytes | None:
        if self.host_cert is None:
            return None
        try:
            return certificate_fingerprint(self.host_cert)
        except BadSetting as error:
            raise BadSetting(f"PW_HOST_CERT: {error}") from error

    def shown(self) -> dict[str, object]:
        """Return the settings as /stats may show them: no secret, not even its length.

        Settings without effect are there too, as null: readers look them up by name.
        """
        pending = {name: None for name in NOT_YET if not name.endswith(FILE_SUFFIX)}
        return pending | {row.name: _shown(row, getattr(self, row.field)) for row in ROWS}


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read the settings from an environment.

    Raises:
        BadSetting: One line that names the setting and what is wrong with it.
    """
    values = {row.field: _value(row, environ) for row in ROWS}
    return Settings(**values, notes=tuple(_notes(environ)))


def _value(row: Row, environ: Mapping[str, str]) -> Any:
    try:
        return row.parse(_text(row, environ))
    except (ValueError, BadSetting) as error:
        raise BadSetting(f"{row.name}: {error}") from error


def _text(row: Row, environ: Mapping[str, str]) -> str:
    text = environ.get(row.name, "")
    file = environ.get(row.name + FILE_SUFFIX, "") if row.secret else ""
    if not file:
        return text or row.default
    if text:
        raise BadSetting(f"set it or {row.name}{FILE_SUFFIX}, not both")
    try:
        return parse.folder(file).read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeError) as error:
        raise BadSetting(f"{file} cannot be read: {error}") from error


def _notes(environ: Mapping[str, str]) -> list[str]:
    known = {row.name for row in ROWS} | {row.name + FILE_SUFFIX for row in ROWS if row.secret}
    given = [name for name in sorted(environ) if environ[name]]
    notes = [f"{name} has no effect yet: {NOT_YET[name]}" for name in given if name in NOT_YET]
    for name in given:
        if name.startswith("PW_") and name not in known and name not in NOT_YET:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f": did you mean {near[0]}?" if near else ""
            notes.append(f"{name} is not a setting of this program and is ignored{hint}")
    return notes


def _shown(row: Row, value: Any) -> object:
    if row.secret or row.private:
        return MASK if value else None
    return str(value) if isinstance(value, Address | Path) else value
