"""Documents that no cloud tells and that pages insist on: all that is made up stands here.

Each is to be marked `constant` where facts are shown. None has a number that could be taken for
a measurement, or a text that could be taken for a serial: the original's canned documents did.
"""

from __future__ import annotations

from typing import Any, Final

SITEMASTER: Final[dict[str, Any]] = {
    "status": "StatusUp",
    "running": True,
    "connected_to_tesla": True,
    "power_supply_mode": False,
    "can_reboot": "Yes",
}
"""Tesla's page asks every 2 s and shows an error without these fields.

Said only while the cloud has live data: then the Powerwall does run and reach Tesla.
"""

AUTH_TOGGLE: Final[dict[str, Any]] = {"toggle_auth_supported": True}
"""Tesla's page asks every 10 s and shows an error without this field."""

CUSTOMER: Final[dict[str, Any]] = {"registered": True}
"""Whoever's site is in the cloud has registered, so this much is true of it."""

PROBLEMS: Final[dict[str, Any]] = {"problems": []}
"""Tesla's page asks every 5 s and goes over the list; the cloud tells none."""

STSTSM_ECU_TYPE: Final = 207
"""What vitals call a device that is the system itself: a kind, not a measurement."""
