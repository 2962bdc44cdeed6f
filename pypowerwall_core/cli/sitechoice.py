"""Which site of an account is meant: asked for, unless there is one only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pypowerwall_core.backends.cloud.choice import EnergySite, choose
from pypowerwall_core.backends.cloud.files import stored_site
from pypowerwall_core.backends.cloud.pasted import Complaint, pick
from pypowerwall_core.errors import BadSetting, PowerwallError

from .cloudwords import listed
from .person import TRIES, Person


def choose_site(
    person: Person, sites: Sequence[EnergySite], typed: str, setting: str, folder: Path
) -> EnergySite:
    """Return the site a person wants.

    Args:
        person: Is asked.
        sites: What the account has.
        typed: With the command: place in the list, number or name; "" asks.
        setting: PW_SITEID, which is offered.
        folder: Where the choice of an earlier setup is stored, which is offered as well.

    Raises:
        PowerwallError: There is none, or not the one that was typed.
    """
    if not sites:
        raise PowerwallError(
            "this account has neither a Powerwall nor a solar system",
            remedy="Log in as who owns it, or have it shared with this account in Tesla's app.",
        )
    lines = "\n".join(listed(sites))
    if typed:
        found = pick(typed, sites)
        if isinstance(found, Complaint):
            raise PowerwallError(f"-site: the account has no such site; it has\n{lines}\n")
        return found
    if len(sites) == 1:
        person.say(f"The account has one site, which is taken: {_shown(sites[0])}")
        return sites[0]
    person.say(f"The account has {len(sites)} sites:\n{lines}")
    return _asked(person, sites, _offered(sites, setting, folder))


def _offered(sites: Sequence[EnergySite], setting: str, folder: Path) -> EnergySite:
    try:
        return choose(sites, setting, stored_site(folder))
    except BadSetting:
        return choose(sites, "", None)


def _asked(person: Person, sites: Sequence[EnergySite], default: EnergySite) -> EnergySite:
    for _ in range(TRIES):
        typed = person.ask(f"Which one? [{sites.index(default) + 1}] ")
        found = pick(typed, sites) if typed.strip() else default
        if isinstance(found, EnergySite):
            return found
        person.say(found.says)
    raise PowerwallError("no site was chosen")


def _shown(site: EnergySite) -> str:
    return "".join(filter(str.isprintable, str(site)))
