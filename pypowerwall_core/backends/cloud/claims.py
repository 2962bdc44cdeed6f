"""Which payloads the cloud can give, from which of its documents: one row per payload. Pure.

A backend that reads the cloud fetches the sources a row names, and shows what `derive` makes of
their `response` objects; it knows nothing of their contents. Payloads without a row are not
served, for the reason in UNCLAIMED. Of the sources, PRODUCTS and TARIFF tell nothing that a
gateway would. A row that is marked constant tells one of `constants`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pypowerwall_core import payloads
from pypowerwall_core.claims import NOT_SERVED, Claim

from . import constants, translate, translate_site
from .translate_meters import aggregates

__all__ = ["CLAIMS", "NOT_SERVED", "SOURCES", "UNCLAIMED"]

LIVE_STATUS = "live_status"
SITE_STATUS = "site_status"
SITE_INFO = "site_info"
BACKUP_TIME = "backup_time"
HISTORY = "history"
"""calendar_history with kind=energy and period=lifetime."""
TARIFF = "tariff"
PRODUCTS = "products"
SOURCES = (LIVE_STATUS, SITE_STATUS, SITE_INFO, BACKUP_TIME, HISTORY, TARIFF, PRODUCTS)


def _always(document: Any) -> Callable[[], Any]:
    return lambda: document


CLAIMS: Mapping[str, Claim] = {
    payloads.AGGREGATES: Claim((LIVE_STATUS, SITE_INFO, HISTORY), aggregates),
    # Charge and energies are of live_status, which every kind of site answers. site_status tells
    # them where it does not, and is where a gateway that Tesla has lost was seen to show.
    payloads.SOE: Claim((LIVE_STATUS, SITE_STATUS, SITE_INFO), translate.soe),
    payloads.GRID_STATUS: Claim((LIVE_STATUS, SITE_INFO), translate.grid_status),
    payloads.SYSTEM_STATUS: Claim((LIVE_STATUS, SITE_STATUS, SITE_INFO), translate.system_status),
    # Its alert is what changes: the serial is of the site, the moment of the alert.
    payloads.VITALS: Claim((LIVE_STATUS, SITE_INFO), translate.vitals),
    payloads.TIME_REMAINING: Claim((BACKUP_TIME, SITE_INFO), translate.time_remaining),
    payloads.OPERATION: Claim((SITE_INFO,), translate.operation),
    payloads.GRID_RULES: Claim((SITE_INFO,), translate.grid_rules),
    payloads.STATUS: Claim((SITE_INFO,), translate_site.status),
    payloads.SITE_NAME: Claim((SITE_INFO,), translate_site.site_name),
    payloads.SITE_INFO: Claim((SITE_INFO,), translate_site.site_document),
    payloads.POWERWALLS: Claim((SITE_INFO,), translate_site.powerwalls),
    payloads.SOLARS: Claim((SITE_INFO,), translate_site.solars),
    payloads.SITEMASTER: Claim((LIVE_STATUS,), translate.sitemaster, constant=True),
    payloads.AUTH_TOGGLE: Claim((), _always(constants.AUTH_TOGGLE), constant=True),
    payloads.CUSTOMER: Claim((), _always(constants.CUSTOMER), constant=True),
    payloads.PROBLEMS: Claim((), _always(constants.PROBLEMS), constant=True),
}

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
