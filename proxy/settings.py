"""The settings: one table, read once into one frozen object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pypowerwall_core.backends.local.address import Address
from pypowerwall_core.errors import BadSetting
from pypowerwall_core.settings.row import FILE_SUFFIX
from pypowerwall_core.settings.table import CLOUD_ROWS, GATEWAY_ROWS, session_file

from .layers import survey
from .not_yet import NOT_YET
from .settings_table import ROWS

if TYPE_CHECKING:  # the road to a gateway is loaded by who takes it, not by the master
    from pypowerwall_core.backends.cloud.connect import CloudConfig
    from pypowerwall_core.connect import GatewayConfig


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a user can say, read and checked.

    Attributes:
        notes: One line each about settings that have no effect.
    """

    config: Path | None
    bind_address: str
    port: int
    https: str
    tls_cert: Path | None
    tls_key: Path | None
    base_path: str
    host: Address | None
    password: str
    email: str
    timezone: str
    cache_expire_s: float
    cache_ttl_s: float
    browser_cache_s: int
    timeout_s: float
    pool_maxsize: int
    max_in_flight: int
    client_budget_s: float
    max_streams: int
    auth_mode: str
    auth_path: Path
    cache_file: Path | None
    host_cert: Path | None
    site_id: str
    cloud_fallback: bool
    cloud_sso_url: str
    cloud_api_url: str
    cloud_ca: Path | None
    style: str
    negative_solar: bool
    site_zero_threshold_w: int
    control_secret: str
    control_wait_s: float
    control_via: tuple[str, ...]
    allow_islanding: bool
    read_token: str
    allowed_hosts: tuple[str, ...]
    debug: bool
    log_level: str
    log_format: str
    suppress_network_errors: bool
    network_errors_per_minute: int
    fail_fast: bool
    graceful_degradation: bool
    health_check: bool
    notes: tuple[str, ...] = ()

    @property
    def session_file(self) -> Path:
        """Where the gateway session survives a restart."""
        return session_file(self.cache_file, self.auth_path)

    def gateway(self) -> GatewayConfig | None:
        """Return how to reach the gateway, None when PW_HOST is not set.

        Raises:
            BadSetting: PW_HOST_CERT is no certificate.
        """
        from pypowerwall_core.settings.gateway import gateway_config  # noqa: PLC0415 - above

        return gateway_config(self._of_home)

    def cloud(self) -> CloudConfig | None:
        """Return how to reach the Tesla account, None where none is set up and none is needed."""
        from pypowerwall_core.settings.cloud import cloud_config  # noqa: PLC0415 - above

        return cloud_config(self._of_home)

    @property
    def wants_cloud(self) -> bool:
        """Whether a Tesla account is set up, or asked for."""
        from pypowerwall_core.settings.cloud import wants_cloud  # noqa: PLC0415 - above

        return wants_cloud(self._of_home)

    @property
    def _of_home(self) -> dict[str, Any]:
        return {row.field: getattr(self, row.field) for row in (*GATEWAY_ROWS, *CLOUD_ROWS)}

    def shown(self) -> dict[str, object]:
        """Return the settings as /stats may show them: no secret, not even its length.

        Settings without effect are there too, as null: readers look them up by name.
        """
        pending = {name: None for name in NOT_YET if not name.endswith(FILE_SUFFIX)}
        return pending | {row.name: row.shown(getattr(self, row.field)) for row in ROWS}

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be written anywhere."""
        return tuple(getattr(self, row.field) for row in ROWS if row.secret)

    @property
    def serves_tls(self) -> bool:
        """Whether clients speak HTTPS to the proxy itself."""
        return self.https == "yes"


def read_settings(environ: Mapping[str, str], flags: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from an environment, the file it names and flags, which win.

    Raises:
        BadSetting: One line that names the setting and what is wrong with it.
    """
    found = survey(environ, flags or {})
    if found.errors:
        raise BadSetting(found.errors[0])
    return Settings(**found.values, notes=tuple(found.notes))
