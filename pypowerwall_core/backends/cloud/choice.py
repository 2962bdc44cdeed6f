"""Which account, and which site of it, is meant. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from pypowerwall_core.errors import BadSetting
from pypowerwall_core.fields import mapping, sequence, text

BATTERY, SOLAR = "battery", "solar"
NOBODY = "nobody@nowhere.com"
"""What the e-mail address is where nobody has set one."""


@dataclass(frozen=True, slots=True)
class EnergySite:
    """A site of an account.

    Attributes:
        id: Tesla's number of it.
        kind: battery or solar.
        din: The gateway's number: part--serial; "" where there is none.
    """

    id: int
    kind: str
    name: str
    din: str = ""

    def __str__(self) -> str:
        """Its number and its name."""
        return f"{self.id} ({self.name}, {self.kind})" if self.name else f"{self.id} ({self.kind})"


def email_of(wanted: str, accounts: Collection[str]) -> str:
    """Return the account to use: the one that is wanted, else the first there is.

    Raises:
        BadSetting: There is none, or not the one that is wanted.
    """
    if wanted and wanted != NOBODY:
        found = next((email for email in accounts if email.lower() == wanted.lower()), None)
        if found is None:
            raise BadSetting("PW_EMAIL: no tokens are stored for it; run `powerwall setup`")
        return found
    if not accounts:
        raise BadSetting("no Tesla account is set up; run `powerwall setup`, or set PW_HOST")
    return next(iter(accounts))


def sites_of(products: Any) -> list[EnergySite]:
    """Return the sites among the products of an account; cars and chargers are none."""
    return [site for product in sequence(products) if (site := _site(mapping(product)))]


def _site(product: Any) -> EnergySite | None:
    number, kind = product.get("energy_site_id"), product.get("resource_type")
    if not isinstance(number, int) or isinstance(number, bool) or kind not in (BATTERY, SOLAR):
        return None
    din = text(product.get("gateway_id")) or ""
    return EnergySite(number, kind, text(product.get("site_name")) or "", din)


def choose(sites: Iterable[EnergySite], wanted: str, stored: int | None) -> EnergySite:
    """Return the site that is wanted; else the stored one, the first battery, the first solar.

    Raises:
        BadSetting: The account does not have what is wanted; never another site instead.
    """
    known = list(sites)
    by_id = {f"{site.id}": site for site in known}
    listed = ", ".join(map(str, known)) or "none"
    if wanted:
        if wanted not in by_id:
            raise BadSetting(
                f"PW_SITEID: the account has no site {wanted}; it has {listed}. Set one of them"
            )
        return by_id[wanted]
    if stored is not None and f"{stored}" not in by_id:
        raise BadSetting(
            f"the account has no site {stored}, which was chosen at its setup; it has {listed}. "
            "Set PW_SITEID, or run `powerwall setup` again"
        )
    if stored is not None:
        return by_id[f"{stored}"]
    ordered = sorted(known, key=lambda site: site.kind != BATTERY)
    if not ordered:
        raise BadSetting("the account has neither a Powerwall nor a solar system")
    return ordered[0]
