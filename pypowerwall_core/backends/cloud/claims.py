"""Which payloads the cloud can give, from which of its documents: one row per payload. Pure.

A backend that reads the cloud fetches the sources a row names, and shows what `derive` makes of
them; it knows nothing of their contents. Payloads without a row are not served, for the reason
in UNCLAIMED. Of the sources, PRODUCTS and TARIFF tell nothing that a gateway would.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pypowerwall_core import payloads
from pypowerwall_core.claims import NOT_SERVED

from . import constants, translate, translate_site
from .translate_meters import aggregates

__all__ = ["CLAIMS", "NOT_SERVED", "SOURCES", "UNCLAIMED", "Claim"]

LIVE_STATUS = "live_status"
SITE_STATUS = "site_status"
SITE_INFO = "site_info"
BACKUP_TIME = "backup_time"
HISTORY = "history"
"""calendar_history with kind=energy and period=lifetime."""
TARIFF = "tariff"
PRODUCTS = "products"
SOURCES = (LIVE_STATUS, SITE_STATUS, SITE_INFO, BACKUP_TIME, HISTORY, TARIFF, PRODUCTS)


@dataclass(frozen=True, slots=True)
class Claim:
    """A payload and how it comes about.

    Attributes:
        payload: One of `payloads`.
        sources: The cloud documents it is made of. The age of the first is its age; the others
            may be missing. None at all: it is always the same.
        derive: Pure. Takes the `response` object of each source in their order, None for one
            that is unknown, and never changes it. Returns the gateway-shaped document, None
            when nothing can be said, or NOT_SERVED. It is worth calling while the first source
            is unknown: another may tell that this kind of site has no such thing. A document
            it returns then is not to be shown, as it would have no age.
        constant: The document is one of `constants`, and nobody has measured it.
    """

    payload: str
    sources: tuple[str, ...]
    derive: Callable[..., Any]
    constant: bool = False


def _always(document: Any) -> Callable[[], Any]:
    return lambda: document


CLAIMS = (
    Claim(payloads.AGGREGATES, (LIVE_STATUS, SITE_INFO, HISTORY), aggregates),
    # Charge and energies are of live_status, which every kind of site answers. site_status tells
    # them where it does not, and is where a gateway that Tesla has lost was seen to show.
    Claim(payloads.SOE, (LIVE_STATUS, SITE_STATUS, SITE_INFO), translate.soe),
    Claim(payloads.GRID_STATUS, (LIVE_STATUS, SITE_INFO), translate.grid_status),
    Claim(payloads.SYSTEM_STATUS, (LIVE_STATUS, SITE_STATUS, SITE_INFO), translate.system_status),
    # Its alert is what changes: the serial is of the site, the moment of the alert.
    Claim(payloads.VITALS, (LIVE_STATUS, SITE_INFO), translate.vitals),
    Claim(payloads.TIME_REMAINING, (BACKUP_TIME, SITE_INFO), translate.time_remaining),
    Claim(payloads.OPERATION, (SITE_INFO,), translate.operation),
    Claim(payloads.GRID_RULES, (SITE_INFO,), translate.grid_rules),
    Claim(payloads.STATUS, (SITE_INFO,), translate_site.status),
    Claim(payloads.SITE_NAME, (SITE_INFO,), translate_site.site_name),
    Claim(payloads.SITE_INFO, (SITE_INFO,), translate_site.site_document),
    Claim(payloads.POWERWALLS, (SITE_INFO,), translate_site.powerwalls),
    Claim(payloads.SOLARS, (SITE_INFO,), translate_site.solars),
    Claim(payloads.SITEMASTER, (LIVE_STATUS,), translate.sitemaster, constant=True),
    Claim(payloads.AUTH_TOGGLE, (), _always(constants.AUTH_TOGGLE), constant=True),
    Claim(payloads.CUSTOMER, (), _always(constants.CUSTOMER), constant=True),
    Claim(payloads.PROBLEMS, (), _always(constants.PROBLEMS), constant=True),
)

_METERS = "no meter by itself is told; a canned one has a serial that is nobody's"
_GATEWAY = "the gateway keeps it to itself"

UNCLAIMED: Mapping[str, str] = {
    payloads.SOLAR_POWERWALL: "strings and the inverter's alerts are told by the gateway only",
    payloads.GRID_FAULTS: "no faults are told; an empty list would say that there are none",
    payloads.METERS: _METERS,
    payloads.METERS_SITE: _METERS,
    payloads.METERS_SOLAR: _METERS,
    payloads.METERS_READINGS: _METERS,
    payloads.VOLTAGE_REFERENCES: "how the meters are wired is known to the gateway only",
    payloads.SOLAR_BRANDS: "a catalogue for the setup of a gateway",
    payloads.REGISTRATION: "what its owner agreed to is not told",
    payloads.INSTALLER: "who installed it is not told, and would be personal",
    payloads.NETWORKS: _GATEWAY,
    payloads.SYSTEM_NETWORKS: _GATEWAY,
    payloads.GRID_CODES: _GATEWAY,
    payloads.UPDATE_STATUS: _GATEWAY,
}
"""What is not served in cloud mode (null, not "TIMEOUT!" or somebody's serial), and why."""
