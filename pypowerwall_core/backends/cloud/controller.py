"""Commands through Tesla's servers: what the app can change, each setting by a call of its own."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from pypowerwall_core.backends.local.documents import quoted
from pypowerwall_core.commands import GRID_CHARGING, GRID_EXPORT, MODE, RESERVE, Outcome, Value
from pypowerwall_core.errors import (
    LogInAgain,
    NotSent,
    NotServed,
    PowerwallError,
    RateLimited,
    Refused,
    Unwell,
)
from pypowerwall_core.fields import mapping, number, text
from pypowerwall_core.lane import Lane
from pypowerwall_core.planning import WAS_SO
from pypowerwall_core.sender import Sender

from . import claims, tariff, translate
from .reader import SITE_PATH, CloudUpstream
from .session import CloudSession

KEPT_MOST_PCT = 80
"""Above, only 100 is kept: Tesla turns 81 to 99 into 80."""
FULL_PCT = 100
GOOD = range(200, 300)
READ_BACK_S = (0.0, 1.0, 2.0, 4.0, 8.0)
"""Pauses before each look at a tariff that was written."""
_OF_TARIFF = (claims.SITE_INFO, claims.TARIFF)
_NOT_KEPT = (
    f"Tesla keeps no reserve between {KEPT_MOST_PCT} and {FULL_PCT} %: it would be "
    f"{KEPT_MOST_PCT} %; nothing was sent"
)


class CloudController:
    """Reads and changes what the owner of an account may."""

    name = "cloud"
    claims = frozenset({RESERVE, MODE, GRID_CHARGING, GRID_EXPORT})

    def __init__(self, lane: Lane, session: CloudSession, upstream: CloudUpstream) -> None:
        self._lane = lane
        self._sender = Sender(lane)
        self._session = session
        self._upstream = upstream

    def read(self, knobs: Collection[str]) -> dict[str, Value | None]:
        """Return what knobs are set to, from an answer of a flight that leaves from now on.

        Raises:
            PowerwallError: Tesla cannot be read just now.
        """
        found = settings_of(self._sender.demand(claims.SITE_INFO))
        return {knob: found.get(knob) for knob in knobs}

    def write(self, changes: Mapping[str, Value], before: Mapping[str, Value | None]) -> None:
        """Send what changes, and nothing else, once; see Controller."""
        calls = requests_of({k: v for k, v in changes.items() if before.get(k) != v} or changes)
        for number_, (call, body) in enumerate(calls):
            try:
                self._send(call, body, (claims.SITE_INFO,))
            except (NotSent, Refused) as error:
                if number_ == 0:
                    raise
                # Not "nothing was changed": the calls before it were carried out.
                raise Unwell(f"only a part was taken: {error}", remedy=error.remedy) from error

    def set_tariff(
        self, tou_settings: Any, pause: Callable[[float], object] = time.sleep
    ) -> tariff.Change:
        """Write a tariff once, and read it back for a while; blocks meanwhile.

        Raises:
            BadCommand: It is none. Nothing was sent.
        """
        wanted = tariff.wanted_of(tou_settings)
        try:
            before = self._sender.demand(claims.SITE_INFO)
        except PowerwallError as error:
            reason = f"what is set now cannot be read, so nothing was sent: {error}"
            return tariff.Change(Outcome.REJECTED, reason=reason, remedy=error.remedy)
        if tariff.is_so(before, wanted):
            return tariff.Change(Outcome.APPLIED, message=WAS_SO)
        try:
            answer = self._send(tariff.CALL, {tariff.BODY: wanted}, _OF_TARIFF)
        except PowerwallError as error:
            is_sure = isinstance(error, NotSent | Refused | NotServed)
            outcome = Outcome.REJECTED if is_sure else Outcome.UNKNOWN
            return tariff.Change(outcome, reason=f"{error}", remedy=error.remedy)
        finally:
            self._lane.expire((claims.TARIFF,))
        return self._read_back(tariff.taken(answer), before, wanted, pause)

    def _read_back(
        self,
        sent: tariff.Change,
        before: Any,
        wanted: tariff.Tariffs,
        pause: Callable[[float], object],
    ) -> tariff.Change:
        """Look until the tariff shows; that it cannot be read does not undo the write."""
        for after_s in READ_BACK_S:
            pause(after_s)
            with contextlib.suppress(PowerwallError):
                if tariff.shows(before, self._sender.demand(claims.SITE_INFO), wanted):
                    return replace(sent, outcome=Outcome.APPLIED, reason="")
        return sent

    def _send(
        self, call: str, body: Mapping[str, Any], touches: Collection[str]
    ) -> Mapping[str, Any]:
        def post() -> Any:
            return self._session.post(SITE_PATH.format(id=self._site_id(), call=call), body)

        answer = mapping(self._sender.send(post, touches))
        code = number(answer.get("code"))
        said = quoted(text(answer.get("message")) or "", self._session.secrets.masked)
        if code is not None and code not in GOOD:
            raise Refused(f"Tesla refuses: {said or f'code {code:g}'}")
        return {**answer, "message": said}

    def _site_id(self) -> int:
        """Return the number of the site, for which the account may have to be asked.

        Raises:
            LogInAgain: 401; with another token the write may be sent.
            RateLimited: 429, which the lane has to hear of.
            NotSent: Which site is meant cannot be told just now.
        """
        try:
            return self._upstream.chosen().id
        except (LogInAgain, RateLimited):
            raise
        except PowerwallError as error:
            raise NotSent(f"{error}", remedy=error.remedy) from error


def settings_of(site_info: Any) -> dict[str, Value | None]:
    """Return what is set, by knob; the reserve in app percent, which is the cloud's own. Pure."""
    document = mapping(site_info)
    return {
        RESERVE: number(document.get("backup_reserve_percent")),
        MODE: text(document.get("default_real_mode")),
        GRID_CHARGING: translate.grid_charging(document),
        GRID_EXPORT: translate.grid_export(document),
    }


def requests_of(changes: Mapping[str, Value]) -> list[tuple[str, dict[str, Any]]]:
    """Return the calls that make some changes, and their bodies. Pure.

    Raises:
        Refused: Tesla would not keep it.
    """
    calls: list[tuple[str, dict[str, Any]]] = []
    if RESERVE in changes:
        calls.append(("backup", {"backup_reserve_percent": _reserve(float(changes[RESERVE]))}))
    if MODE in changes:
        calls.append(("operation", {"default_real_mode": changes[MODE]}))
    rules: dict[str, Any] = {}
    if GRID_CHARGING in changes:
        rules["disallow_charge_from_grid_with_solar_installed"] = not changes[GRID_CHARGING]
    if GRID_EXPORT in changes:
        rules["customer_preferred_export_rule"] = changes[GRID_EXPORT]
    return [*calls, ("grid_import_export", rules)] if rules else calls


def _reserve(app_pct: float) -> int:
    if KEPT_MOST_PCT < app_pct < FULL_PCT:
        raise Refused(_NOT_KEPT, remedy=f"Set {KEPT_MOST_PCT} or {FULL_PCT}.")
    if not app_pct.is_integer():
        raise Refused(
            f"Tesla takes whole percents, not {app_pct:g}; nothing was sent",
            remedy=f"Set {round(app_pct)}.",
        )
    return int(app_pct)
