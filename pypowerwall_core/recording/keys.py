"""What may stand in a field, by its name. Pure.

The first row that fits decides; a name that no row knows is `UNKNOWN`, and its text is
replaced unless its very shape is harmless.
"""

from __future__ import annotations

import re
from enum import Enum


class Kind(Enum):
    """What a field holds; the value is what people call it in the list of what was replaced."""

    SECRET = "passwords, tokens and certificates"  # noqa: S105 - the name of a kind
    SERIAL = "serial numbers and identifiers"
    NETWORK = "names and addresses of the network"
    PERSON = "people and companies"
    PLACE = "places"
    POSITION = "coordinates"
    SITE = "names of the site"
    COUNTRY = "countries"
    GRID_CODE = "grid codes"
    VERSION = "versions"
    MASK = "netmasks"
    MODEL = "models"
    STATE = "states"
    MESSAGE = "messages"
    UNKNOWN = "texts of unknown meaning"


PRIVATE = (Kind.SECRET, Kind.SERIAL, Kind.NETWORK, Kind.PERSON, Kind.PLACE, Kind.SITE)
"""What stands there is replaced, whatever it looks like."""

_ROWS = {
    Kind.SECRET: (
        r"pass(word|wd|phrase|code)|pwd$|token|secret|psk$|privatekey|clientkey|clientcert|cacert",
        r"certificate|cookie|apikey|credential|authorization|userrecord|wpakey|pincode",
    ),
    Kind.POSITION: (r"latitude|longitude|^(lat|lon|lng)$|coordinates|geolocation|altitude",),
    Kind.SERIAL: (
        r"serial|din$|^vin$|uid$|guid",
        r"^(short|sensor|device|customer|account|site|user|gateway|asset|owner)?ids?$",
        r"(customer|account|asset)number|^asset|imei|imsi|iccid|msisdn",
    ),
    Kind.MASK: (r"mask$|^subnet$",),
    Kind.NETWORK: (
        r"ssid|networkname|hostname|^host$|^dns|domain|ipaddr|^ipv?[46]?s?$|^gateway$",
        r"^mac$|macaddr|hwaddr|username|^apname|^server|^ntp|^proxy|^urls?$|^uri$|endpoint",
    ),
    Kind.PERSON: (
        r"(first|last|full|middle|customer|owner|contact|display|nick|installer|business)name",
        r"^contacts?(person|number)?$|company|email|phone|mobile|^owner$|^customer$|^installer$",
    ),
    Kind.PLACE: (
        r"address|street|^city$|^town$|^county$|^zip|postal|postcode|^region|utility|distributor",
        r"retailer|timezone|^location$|^province$",
    ),
    Kind.SITE: (r"sitename|sitelabel|^label$|nickname",),
    Kind.COUNTRY: (r"^country$",),
    Kind.GRID_CODE: (r"^gridcodes?$",),
    Kind.VERSION: (r"version$|firmware$|hash$|^release$|^build$",),
    Kind.MODEL: (r"^(brands?|model|manufacturer)$",),
    Kind.MESSAGE: (r"message$|errors?$|^canreboot$|remedy|disclaimer|^detail",),
    Kind.STATE: (
        r".state$|.location$|status$|mode$|type$|reasons?$|source$|category$|alerts?$|alertname$",
        r"severity$|limiter$|setpoint$|usage$|interface$|phasesetting$|units?$|^ct\d$",
    ),
}
_PATTERNS = tuple((kind, re.compile("|".join(pieces))) for kind, pieces in _ROWS.items())
_NOT_ALNUM = re.compile(r"[^a-z0-9]")


def kind_of(key: str) -> Kind:
    """Say what a field of this name holds; case and separators do not matter."""
    plain = _NOT_ALNUM.sub("", key.lower())
    return next((kind for kind, pattern in _PATTERNS if pattern.search(plain)), Kind.UNKNOWN)
