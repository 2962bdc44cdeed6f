"""The cloud's desk: who asks for what, and the answer that a cloud in good order gives."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from simulator.cloud import documents, documents_info
from simulator.cloud.call import (
    GONE,
    PRODUCTS_PATH,
    REFUSED,
    UNAUTHORIZED,
    UPDATED,
    Call,
    api_error,
    is_api,
    split_site,
    told,
)
from simulator.cloud.history import calendar_history
from simulator.cloud.home import Home
from simulator.cloud.ledger import Ledger
from simulator.cloud.login import Login
from simulator.cloud.site import Site
from simulator.cloud.tokens import refused
from simulator.cloud.writes import WRITES
from simulator.faults import Faults
from simulator.order import Order
from simulator.wire import Answer, render

SITE_REPLACED: Final = "site_replaced"
HISTORY: Final = ("calendar_history", "history")
READS: Final[Mapping[str, Callable[[Home], Any]]] = {
    "site_status": documents.site_status,
    "live_status": documents.live_status,
    "site_info": documents_info.site_info,
    "backup_time_remaining": documents.backup_time_remaining,
    "tariff_rate": documents_info.tariff_rate,
}


def _no_number(text: str) -> Any:
    raise ValueError(text)


def fields(body: bytes) -> Mapping[str, Any]:
    """Read a body; nothing of one that could not be told again as it came."""
    try:
        document = json.loads(body, parse_constant=_no_number)
        # Half a character, or more brackets in brackets than can be written.
        render(document)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _nothing(_site: Site, _name: str, _call: Call) -> Answer:
    return GONE


class CloudDesk:
    """Answers for one account."""

    def __init__(self, ledger: Ledger, login: Login, sites: Sequence[Site], faults: Faults) -> None:
        self.ledger = ledger
        self._login = login
        self._sites = sites
        self._faults = faults
        self._acts = {"GET": self._read, "POST": self._write}

    def answer(self, call: Call) -> Answer:
        """Answer one request."""
        if not is_api(call.path):
            return self._login.answer(call)
        refusal = self._refusal(call)
        if refusal is not None:
            return refusal
        if (call.method, call.path) == ("GET", PRODUCTS_PATH):
            listed = documents.products((self.site_id(site), site.home()) for site in self._sites)
            return told(listed, count=len(listed))
        return self._of_site(call)

    def site_id(self, site: Site) -> int:
        """The number of a site now: a gateway that was commissioned anew has another."""
        replaced = self._faults.find(SITE_REPLACED) is not None and site is self._sites[0]
        return site.identity.heir_id if replaced else site.identity.site_id

    def _refusal(self, call: Call) -> Answer | None:
        """Look at the token, and at how it was come by."""
        mint = self.ledger.look_up(call.bearer)
        if mint is None:
            return UNAUTHORIZED
        warm = self.ledger.is_warm(mint)
        if refused(mint, warm=warm, switched_on=lambda name: self._faults.find(name) is not None):
            return REFUSED
        self.ledger.accepted(mint)
        return None

    def _of_site(self, call: Call) -> Answer:
        number, name = split_site(call.path) or (None, "")
        site = next((one for one in self._sites if self.site_id(one) == number), None)
        if site is None:
            return GONE
        try:
            return self._acts.get(call.method, _nothing)(site, name, call)
        except ValueError as error:
            return api_error(400, "invalid_request", str(error))

    def _read(self, site: Site, name: str, call: Call) -> Answer:
        if name in HISTORY:
            return told(calendar_history(site.home(), site.weather, call.query))
        read = READS.get(name)
        return GONE if read is None else told(read(site.home()))

    def _write(self, site: Site, name: str, call: Call) -> Answer:
        read = WRITES.get(name)
        # A solar site has nothing that could be set but its name.
        if read is None or (name != "site_name" and not site.system.packs):
            return GONE
        order = self._faults.bend(call.path, Order(fields(call.body)))
        change = read(order.document)
        if not order.ignored:
            site.change(change, order.after_s)
        return UPDATED
