"""The settings of a gateway: for who reads one without being the proxy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pypowerwall_core.backends.local.address import Address
from pypowerwall_core.corrections import Corrections
from pypowerwall_core.errors import BadSetting

from .layers import survey
from .schema import Schema
from .table import GATEWAY_ROWS, session_file

if TYPE_CHECKING:  # the road to a gateway is loaded by who takes it, not by the proxy's master
    from pypowerwall_core.connect import GatewayConfig

_SCHEMA = Schema(GATEWAY_ROWS)


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """How to reach and treat a gateway, read and checked.

    Attributes:
        values: By field of GATEWAY_ROWS; secrets among them.
        origins: Where each came from, by name: flag, environment, file or default.
    """

    values: Mapping[str, Any] = field(repr=False)
    origins: Mapping[str, str]

    @property
    def host(self) -> Address | None:
        """The gateway; None when nobody named one."""
        return self.values["host"]

    @property
    def session_file(self) -> Path:
        """Where the gateway session survives a restart."""
        return session_file(self.values["cache_file"], self.values["auth_path"])

    @property
    def secrets(self) -> tuple[str, ...]:
        """What is set and must never be written anywhere."""
        return tuple(filter(None, (self.values[row.field] for row in GATEWAY_ROWS if row.secret)))

    def gateway(self) -> GatewayConfig | None:
        """Return how to reach the gateway, None when PW_HOST is not set.

        Raises:
            BadSetting: PW_HOST_CERT is no certificate.
        """
        return gateway_config(self.values)


def read_gateway(environ: Mapping[str, str], flags: Mapping[str, str]) -> GatewaySettings:
    """Read what reaches a gateway from an environment, the file it names and flags, which win.

    What else the environment and the file hold is for the proxy and not looked at.

    Args:
        environ: Texts by name; "" is unset.
        flags: The same, of what was typed: {"PW_HOST": "10.0.0.5"}.

    Raises:
        BadSetting: One line that names the setting and what is wrong with it.
    """
    found = survey(_SCHEMA, environ, flags)
    if found.errors:
        raise BadSetting(found.errors[0])
    return GatewaySettings(found.values, found.origins)


def gateway_config(values: Mapping[str, Any]) -> GatewayConfig | None:
    """Return how to reach the gateway of these values by field, None when it has no host.

    Raises:
        BadSetting: PW_HOST_CERT is no certificate.
    """
    if values["host"] is None:
        return None
    from pypowerwall_core.backends.local.session import Credentials  # noqa: PLC0415 - above
    from pypowerwall_core.build import ControlConfig  # noqa: PLC0415 - above
    from pypowerwall_core.connect import GatewayConfig  # noqa: PLC0415 - above

    return GatewayConfig(
        address=values["host"],
        credentials=Credentials(
            values["password"] or None, values["email"], values["timezone"], values["auth_mode"]
        ),
        session_file=session_file(values["cache_file"], values["auth_path"]),
        fingerprint=_fingerprint(values["host_cert"]),
        cache_expire_s=max(1.0, values["cache_expire_s"]),
        cache_ttl_s=values["cache_ttl_s"],
        timeout_s=values["timeout_s"],
        pool_maxsize=values["pool_maxsize"],
        max_in_flight=values["max_in_flight"],
        corrections=Corrections(values["negative_solar"], values["site_zero_threshold_w"]),
        # Also without a secret: a temporary setting ends although commands are off by now.
        control=ControlConfig(values["control_via"], values["allow_islanding"]),
    )


def _fingerprint(host_cert: Path | None) -> bytes | None:
    if host_cert is None:
        return None
    from pypowerwall_core.connect import certificate_fingerprint  # noqa: PLC0415 - above

    try:
        return certificate_fingerprint(host_cert)
    except BadSetting as error:
        raise BadSetting(f"PW_HOST_CERT: {error}") from error
