"""The changing half of `Powerwall`. Every change is read back, as every command of ours.

Each call returns what is set when the change is read back, or waited for (`outcome` "applied"
or "pending"), and None when it is not: the log says why. The reserve is the app's percent
here; the original sent it to the gateway as if it were raw.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from .client import Client, sentences
from .commands import (
    EXPORTS,
    GRID_CHARGING,
    GRID_EXPORT,
    ISLAND,
    MODE,
    RESERVE,
    Command,
    Outcome,
    Record,
    parse_reserve,
    shown,
)
from .errors import BadCommand
from .exceptions import InvalidBatteryReserveLevelException
from .powerwall_reads import as_text

if TYPE_CHECKING:  # what it stands on is large, and not everybody has an account
    from .backends.cloud.tariff import Change

_ON_ITS_WAY = (Outcome.APPLIED, Outcome.PENDING)
_log = logging.getLogger(__name__)


class Writes:
    """What can be changed; `client` has it carried out."""

    client: Client

    def set_reserve(self, level: float) -> Any:
        """Set the charge kept for an outage, app percent, 0 to 100; see set_operation."""
        return self.set_operation(level=level)

    def set_mode(self, mode: str) -> Any:
        """Set how the battery is used; see set_operation."""
        return self.set_operation(mode=mode)

    def set_operation(
        self,
        level: float | None = None,
        mode: str | None = None,
        jsonformat: bool = False,
    ) -> Any:
        """Set reserve (app percent) and mode, both by one write.

        Returns:
            {"real_mode", "backup_reserve_percent" (app), "outcome"}, or None; as JSON on request.

        Raises:
            InvalidBatteryReserveLevelException: The level is no number from 0 to 100.
        """
        if level is not None:
            try:
                parse_reserve(level)
            except BadCommand as error:
                raise InvalidBatteryReserveLevelException(str(error)) from error
        changes = {RESERVE: level, MODE: mode}
        record = self._carry_out({k: v for k, v in changes.items() if v is not None})
        result = None if record is None else _operation(record)
        return as_text(result, like_a_page=False) if jsonformat else result

    def set_grid_charging(self, mode: Any) -> Any:
        """Let the grid charge the battery, or not: True, False, "on" or "off".

        Returns:
            {"grid_charging", "outcome"}, or None; a gateway alone cannot do it.
        """
        return _single(self._carry_out({GRID_CHARGING: mode}))

    def set_grid_export(self, mode: str) -> Any:
        """Say what may be exported: battery_ok, pv_only or never.

        Returns:
            {"grid_export", "outcome"}, or None; a gateway alone cannot do it.

        Raises:
            ValueError: Another word.
        """
        if mode not in EXPORTS:
            raise ValueError(f"{mode!r} is not one of {', '.join(EXPORTS)}")
        return _single(self._carry_out({GRID_EXPORT: mode}))

    def set_tariff(self, tou_settings: Any, jsonformat: bool = False) -> Any:
        """Set the rates that Tesla's app has, by one write: {"tariff_content_v2": {...}}.

        Returns:
            {"Message", "Code"} as Tesla answers and "outcome", or None; as JSON on request. A
            gateway cannot do it.
        """
        change = self._set_tariff(tou_settings)
        result = None
        if change is not None:
            result = {
                "Message": change.message,
                "Code": change.code,
                "outcome": change.outcome.value,
            }
        return as_text(result, like_a_page=False) if jsonformat else result

    def _set_tariff(self, tou_settings: Any) -> Change | None:
        """Return what became of a tariff that was taken, else None."""
        try:
            change = self.client.set_tariff(tou_settings)
        except BadCommand as error:
            _log.error("nothing was sent: %s", sentences(error, error.remedy))
            return None
        if change.outcome in _ON_ITS_WAY:
            return change
        _log.error("%s: %s", change.outcome.value, sentences(change.reason, change.remedy))
        return None

    def go_off_grid(self, confirm: bool = False) -> Any:
        """Take the home off the grid. Without `confirm` nothing is done: it may go dark.

        Returns:
            {"grid", "outcome"}, or None.
        """
        if not confirm:
            _log.warning("go_off_grid: nothing was done, as it was not confirmed")
            return None
        return _single(self._carry_out({ISLAND: "off"}, confirmed=True))

    def reconnect_grid(self) -> Any:
        """Take the home back to the grid.

        Returns:
            {"grid", "outcome"}, or None.
        """
        return _single(self._carry_out({ISLAND: "on"}, confirmed=True))

    def _carry_out(self, changes: dict[str, Any], *, confirmed: bool = False) -> Record | None:
        """Return the record of a change that was made or is on its way, else None."""
        try:
            record = self.client.command(Command(changes, by="library", confirmed=confirmed))
        except BadCommand as error:
            _log.error("nothing was sent: %s", sentences(error, error.remedy))
            return None
        if record.outcome in _ON_ITS_WAY:
            return record
        _log.error("%s: %s", record.outcome.value, sentences(record.reason, record.remedy))
        return None


def _operation(record: Record) -> dict[str, Any]:
    values = record.values
    reserve_app_pct = shown({RESERVE: values.get(RESERVE)})["reserve_app_pct"]
    return {
        "real_mode": values.get(MODE),
        "backup_reserve_percent": reserve_app_pct,
        "outcome": record.outcome.value,
    }


def _single(record: Record | None) -> dict[str, Any] | None:
    if record is None:
        return None
    return {**record.command.changes, "outcome": record.outcome.value}
