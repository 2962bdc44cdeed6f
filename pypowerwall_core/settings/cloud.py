"""The settings of a Tesla account: for who reaches Tesla's cloud without being the proxy."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pypowerwall_core.backends.cloud.choice import NOBODY
from pypowerwall_core.backends.cloud.files import AUTH_FILE
from pypowerwall_core.backends.cloud.regions import REGIONS, region_of
from pypowerwall_core.errors import BadSetting

from .layers import survey
from .schema import CONFIG, Schema
from .table import CLOUD_ROWS, GATEWAY_ROWS, session_file

if TYPE_CHECKING:  # the road to Tesla is loaded by who takes it
    from pypowerwall_core.backends.cloud.connect import CloudConfig
    from pypowerwall_core.backends.cloud.session import Servers

LIVE_TIMES = 3.0
"""PW_CACHE_EXPIRE is meant for a gateway: Tesla's live data is renewed more rarely."""
TIMEOUT_LEAST_S = 10.0
"""Tesla's servers are far away."""
_SHARED = {CONFIG, "email", "auth_path", "timeout_s"}
_HOME = Schema((*GATEWAY_ROWS, *CLOUD_ROWS))
_SCHEMA = Schema((*(row for row in GATEWAY_ROWS if row.field in _SHARED), *CLOUD_ROWS))


@dataclass(frozen=True, slots=True)
class CloudSettings:
    """How to reach an account, read and checked.

    Attributes:
        values: By field of CLOUD_ROWS, and of the rows shared with a gateway.
        origins: Where each came from, by name: flag, environment, file or default.
    """

    values: Mapping[str, Any] = field(repr=False)
    origins: Mapping[str, str]

    @property
    def email(self) -> str:
        """Whose account; "" is the first that is stored."""
        return self.values["email"]

    @property
    def folder(self) -> Path:
        """Where the tokens are."""
        return self.values["auth_path"]

    @property
    def site_id(self) -> str:
        """Which site of it; "" is the stored one."""
        return self.values["site_id"]

    @property
    def timeout_s(self) -> float:
        """For a connection, and for each read."""
        return self.values["timeout_s"]

    def servers(self, account_url: str = "") -> Servers:
        """Return where the servers are.

        Args:
            account_url: The login an account belongs to, as its file tells: one of China has
                its data in China too.
        """
        servers = _servers(self.values)
        return replace(servers, api=servers.api or REGIONS[region_of(account_url)].api)


def _servers(values: Mapping[str, Any]) -> Servers:
    """Return where the servers of these values by field are; "" is Tesla's own."""
    from pypowerwall_core.backends.cloud.session import Servers  # noqa: PLC0415 - above

    ca_file = values["cloud_ca"]
    return Servers(
        sso=values["cloud_sso_url"],
        api=values["cloud_api_url"],
        ca_file=None if ca_file is None else str(ca_file),
    )


def read_cloud(environ: Mapping[str, str], flags: Mapping[str, str]) -> CloudSettings:
    """Read what reaches an account from an environment, the file it names and flags, which win.

    Args:
        environ: Texts by name; "" is unset.
        flags: The same, of what was typed.

    Raises:
        BadSetting: One line that names the setting and what is wrong with it.
    """
    found = survey(_SCHEMA, environ, flags)
    if found.errors:
        raise BadSetting(found.errors[0])
    return CloudSettings(found.values, found.origins)


def wants_cloud(values: Mapping[str, Any]) -> bool:
    """Whether an account is set up, or asked for."""
    is_named = values["host"] is None and values["email"] not in ("", NOBODY)
    # Path.exists raises where the folder may not be searched.
    is_stored = os.path.exists(values["auth_path"] / AUTH_FILE)  # noqa: PTH110 - the same
    return is_named or values["cloud_fallback"] or is_stored


def cloud_config(values: Mapping[str, Any]) -> CloudConfig | None:
    """Return how to reach the account of these values by field; None where nobody needs one.

    An account that is set up is there for commands also where a gateway is read; without a
    gateway it is read itself, and then one that is named has to be set up.
    """
    if not wants_cloud(values):
        return None
    from pypowerwall_core.backends.cloud.connect import CloudConfig  # noqa: PLC0415 - above
    from pypowerwall_core.build import ControlConfig  # noqa: PLC0415 - above

    folder = values["auth_path"]
    return CloudConfig(
        folder,
        email=values["email"],
        site_id=values["site_id"],
        servers=_servers(values),
        live_s=LIVE_TIMES * values["cache_expire_s"],
        timeout_s=max(TIMEOUT_LEAST_S, values["timeout_s"]),
        fills=values["cloud_fallback"],
        control=ControlConfig(values["control_via"]),
        session_file=session_file(values["cache_file"], folder),
    )


def read_account(environ: Mapping[str, str], flags: Mapping[str, str]) -> CloudConfig | None:
    """Read how to reach the account, whatever gateway there is; None where none is set up.

    Raises:
        BadSetting: One line that names the setting and what is wrong with it.
    """
    found = survey(_HOME, environ, flags)
    if found.errors:
        raise BadSetting(found.errors[0])
    return cloud_config({**found.values, "host": None})
