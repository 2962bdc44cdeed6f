"""What a Powerwall says, asked gently, remembered honestly.

The core holds the road to a gateway (``lane``), the memory of what it said
(``snapshot``, ``site``) and the pure translation of its documents. Scripts use ``Powerwall``.
It knows nothing of HTTP servers: ``proxy`` is built on it, never the reverse.
"""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING, Any

from .version import __version__

if TYPE_CHECKING:
    from . import exceptions as exceptions
    from .powerwall import Powerwall

__all__ = [
    "AUTHFILE",
    "CONFIGFILE",
    "SITEFILE",
    "Powerwall",
    "__version__",
    "parse_version",
    "set_debug",
    "version",
    "version_tuple",
]

version = __version__
version_tuple = tuple(int(field) for field in re.findall(r"\d+", __version__)[:3])
AUTHFILE = ".pypowerwall.auth"
CONFIGFILE = ".pypowerwall.fleetapi"
SITEFILE = ".pypowerwall.site"


def __getattr__(name: str) -> Any:
    """Load `Powerwall` when somebody asks for it: the proxy's master needs none of it."""
    if name == "Powerwall":
        from .powerwall import Powerwall  # noqa: PLC0415 - that is the point

        return Powerwall
    if name == "exceptions":  # scripts write except pypowerwall.exceptions.LoginError
        return importlib.import_module(f"{__name__}.exceptions")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def parse_version(version: str | None) -> int | None:
    """Return a firmware text as one integer: "23.44.1" is 234401; None when it is none."""
    from .readings import firmware_number  # noqa: PLC0415 - with all of its documents

    return firmware_number(version) if isinstance(version, str) else None


def set_debug(toggle: bool = True, color: bool = True) -> None:  # noqa: FBT001, FBT002 - as it was
    """Print what the library does to the standard error, in red if `color`; or stop it."""
    from .debug import print_log  # noqa: PLC0415 - for who asks

    print_log(on=toggle, color=color)
