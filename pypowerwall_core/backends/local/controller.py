"""Commands to a gateway: what its customer may change, through the one road to it.

POST /api/operation stores a document, GET /api/config/completed puts it into effect (gateway
documents of firmware 1.15 to 20.49). Firmware from about 1.50 answers customers 403.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pypowerwall_core import grid, payloads
from pypowerwall_core.commands import ISLAND, MODE, RESERVE, SENT_DECIMALS, Value
from pypowerwall_core.errors import (
    LogInAgain,
    NotSent,
    NotServed,
    Refused,
    Unwell,
)
from pypowerwall_core.fields import mapping, number, text
from pypowerwall_core.lane import Lane
from pypowerwall_core.scales import app_from_raw, raw_from_app
from pypowerwall_core.sender import Sender

from .session import GatewaySession

OPERATION_PATH = "/api/operation"
COMPLETED_PATH = "/api/config/completed"
ISLANDING_PATH = "/api/v2/islanding/mode"
_ISLAND_MODES = {"off": "intentional_reconnect_failsafe", "on": "backup"}
_ISLANDED = {"on_grid": "on", "islanded": "off"}
_OPERATION = frozenset({RESERVE, MODE})
_MODE_KEYS = ("real_mode", "mode")


@dataclass(frozen=True, slots=True)
class Write:
    """One POST, what it touches, and the GET that puts it into effect, if any."""

    path: str
    body: Mapping[str, Any]
    touches: tuple[str, ...]
    completed_by: str = ""


class LocalController:
    """Reads and changes what a gateway's customer may."""

    name = "gateway"
    claims = _OPERATION | {ISLAND}

    def __init__(self, lane: Lane, session: GatewaySession) -> None:
        self._sender = Sender(lane)
        self._session = session
        self._operation: Mapping[str, Any] = {}

    def read(self, knobs: Collection[str]) -> dict[str, Value | None]:
        """Return what knobs are set to, from answers of flights that leave from now on.

        Raises:
            PowerwallError: The gateway cannot be read just now.
        """
        found: dict[str, Value | None] = {}
        if _OPERATION & set(knobs):
            self._operation = mapping(self._sender.demand(payloads.OPERATION))
            found |= operation_of(self._operation)
        if ISLAND in knobs:
            document = mapping(self._sender.demand(payloads.GRID_STATUS))
            found[ISLAND] = _ISLANDED.get(grid.state_of(text(document.get("grid_status"))))
        return {knob: found.get(knob) for knob in knobs}

    def write(self, changes: Mapping[str, Value], before: Mapping[str, Value | None]) -> None:  # noqa: ARG002 - the gateway's own document says more
        """Send one write, once; see Controller."""
        write = request(changes, self._operation)
        self.send(write)
        if write.completed_by:
            self._complete(write)

    def send(self, write: Write) -> bytes:
        """Send a document once and return the body of the answer; completes nothing.

        Raises:
            As write.
        """
        return self._sender.send(lambda: self._session.post(write.path, write.body), write.touches)

    def _complete(self, write: Write) -> None:
        path = write.completed_by
        try:
            with contextlib.suppress(NotServed):  # then this firmware needs no such thing
                self._sender.run(lambda: self._session.get(path, good=(200, 202)), write.touches)
        except (NotSent, Refused, LogInAgain) as error:
            # Not "nothing was changed": the document is stored.
            raise Unwell(f"stored, but not put into effect: {error}") from error


def operation_of(document: Mapping[str, Any]) -> dict[str, Value | None]:
    """Return mode and reserve (app percent) of a gateway's /api/operation. Pure."""
    raw_pct = number(document.get("backup_reserve_percent"))
    return {
        MODE: next(filter(None, (text(document.get(key)) for key in _MODE_KEYS)), None),
        RESERVE: None if raw_pct is None else app_from_raw(raw_pct),
    }


def request(changes: Mapping[str, Value], operation: Mapping[str, Any]) -> Write:
    """Return the write that makes some changes; `operation` is the document read just now. Pure.

    The gateway replaces its whole document, so what is not to change is sent as it was told,
    to the digit.

    Raises:
        Refused: The gateway does not tell what would have to be sent along.
    """
    if ISLAND in changes:
        body: dict[str, Any] = {"island_mode": _ISLAND_MODES[str(changes[ISLAND])]}
        touched = (
            payloads.GRID_STATUS,
            payloads.AGGREGATES,
            payloads.SYSTEM_STATUS,
            payloads.VITALS,
            payloads.METERS_SITE,
        )
        return Write(ISLANDING_PATH, body, touched)
    key = next((key for key in _MODE_KEYS if text(operation.get(key))), _MODE_KEYS[0])
    mode = changes.get(MODE, operation.get(key))
    reserve_pct = number(operation.get("backup_reserve_percent"))
    if RESERVE in changes:
        reserve_pct = round(raw_from_app(float(changes[RESERVE])), SENT_DECIMALS)
    if mode is None or reserve_pct is None:
        missing = "mode" if mode is None else "reserve"
        raise Refused(
            f"the gateway does not tell its {missing}, which has to be sent along",
            remedy="Set mode and reserve in one command.",
        )
    body = {key: mode, "backup_reserve_percent": reserve_pct}
    return Write(OPERATION_PATH, body, (payloads.OPERATION,), COMPLETED_PATH)
