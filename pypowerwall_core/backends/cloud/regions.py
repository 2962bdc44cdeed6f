"""Where Tesla's servers are: one row per region. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Region:
    """The servers of a part of the world: of the login, and of the data."""

    sso: str
    api: str


US, CN = "us", "cn"
REGIONS: Mapping[str, Region] = {
    US: Region("https://auth.tesla.com/", "https://owner-api.teslamotors.com/"),
    CN: Region("https://auth.tesla.cn/", "https://owner-api.vn.cloud.tesla.cn/"),
}
"""us is everywhere but China, as users know it."""


def host_of(url: str) -> str:
    """Return HOST or HOST:PORT of an address, in small letters; "" where there is none."""
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return ""


def region_of(sso_url: str) -> str:
    """Return the region a login belongs to: an account of China has its data there as well."""
    known = (name for name, region in REGIONS.items() if host_of(region.sso) == host_of(sso_url))
    return next(known, US)


def login_of(url: str) -> str:
    """Return the address of a login, with a slash at its end.

    Where that is none to which tokens may be sent, as http:// or what is no address, it is that
    of the region: files are edited by hand.
    """
    try:
        parts = urlsplit(url)
        is_good = parts.scheme == "https" and parts.hostname and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good or "@" in parts.netloc:
        return REGIONS[region_of(url)].sso
    return f"https://{parts.netloc}/"
