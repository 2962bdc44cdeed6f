"""What setup says: its failures in a person's words, and what a site does now. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pypowerwall_core.backends.cloud.choice import EnergySite
from pypowerwall_core.errors import (
    Forbidden,
    LogInAgain,
    NotServed,
    PowerwallError,
    RateLimited,
    Unreachable,
    Unwell,
)
from pypowerwall_core.fields import mapping, number

LOGIN, DATA = "login", "data"
_ELSEWHERE = (
    "Do not try again at once, which makes it worse. Since June 2026 Tesla decides by the network "
    "and the operating system that ask: run `powerwall setup` on another machine or network and "
    "copy .pypowerwall.auth and .pypowerwall.site from there, or paste its tokens here with "
    "-headless. Or read the gateway at home without Tesla: PW_HOST, local mode."
)
_SAYS: Mapping[tuple[type[PowerwallError], str], tuple[str, str]] = {
    (Forbidden, LOGIN): ("Tesla's login refuses this machine (HTTP 403)", _ELSEWHERE),
    (Forbidden, DATA): (
        "Tesla's data server refuses the token of this account (HTTP 403)",
        _ELSEWHERE,
    ),
    (LogInAgain, DATA): (
        "Tesla's data server does not take the token (HTTP 401)",
        "Log in once more; tokens of another login, or of another region, are not taken.",
    ),
    (NotServed, DATA): (
        "Tesla does not know the site (HTTP 404)",
        "It may have been replaced: run `powerwall setup` again and choose anew.",
    ),
}


def in_words(error: PowerwallError, at: str) -> PowerwallError:
    """Return an error as a person needs to hear it: what is wrong, and what to do.

    Args:
        error: Of the login or of the data.
        at: LOGIN or DATA: who refused.
    """
    if (said := _SAYS.get((type(error), at))) is not None:
        return PowerwallError(said[0], remedy=said[1])
    match error:
        case RateLimited():
            return _pause(error)
        case Unreachable():
            return PowerwallError(
                f"{error}", remedy="Check that this machine reaches the internet, and try again."
            )
        case Unwell():
            return PowerwallError(
                f"Tesla's servers are not well: {error}",
                remedy="This ends by itself; try again in some minutes.",
            )
        case _:
            return error


def _pause(error: RateLimited) -> PowerwallError:
    for_s = error.retry_after_s
    said = "" if for_s is None else f" for {span(for_s)}"
    wait = "at least 5 minutes, unless it says more above" if for_s is None else span(for_s)
    return PowerwallError(
        f"Tesla wants to be left alone{said} ({error})",
        remedy=f"Wait {wait}, then try again; every request in between makes it longer.",
    )


def span(seconds: float) -> str:
    """Return a duration in its two largest units: "4 h 12 min", "30 s"."""
    whole = math.ceil(seconds)
    for size, unit, lower, name in (
        (86_400, "d", 3600, "h"),
        (3600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if whole >= size:
            rest = whole % size // lower
            return f"{whole // size} {unit}" + (f" {rest} {name}" if rest else "")
    return f"{whole} s"


def listed(sites: Sequence[EnergySite]) -> list[str]:
    """Return a numbered line for each site: its name, what it is, Tesla's number of it."""
    width = max((len(_name(site)) for site in sites), default=0)
    return [
        f"  {place}  {_name(site):{width}}  {site.kind:7}  {site.id}"
        for place, site in enumerate(sites, 1)
    ]


def _name(site: EnergySite) -> str:
    return "".join(filter(str.isprintable, site.name)) or "(no name)"


def now(live_status: Any) -> str:
    """Return what a site does now: "solar 3200 W, ..., charged 69.2 %"."""
    live = mapping(live_status)
    powers = [
        f"{name} {power_w:.0f} W"
        for name in ("solar", "load", "battery", "grid")
        if (power_w := number(live.get(f"{name}_power"))) is not None
    ]
    charge_pct_app = number(live.get("percentage_charged"))
    charge = [] if charge_pct_app is None else [f"charged {charge_pct_app:.1f} % as in the app"]
    return ", ".join(powers + charge).replace("load ", "home ") or "nothing yet"
