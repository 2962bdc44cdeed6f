"""The reading half of `Powerwall`: every call that scripts have, with the shapes they expect.

Percentages say their scale: raw is the gateway's, app is what Tesla's app shows. Whatever is
not known is None, or empty where a collection is returned; nothing is made up.
"""

from __future__ import annotations

import copy
import json
from typing import Any, Literal

from . import alerts, payloads, readings, shapes, solar
from .client import Client
from .fields import mapping

_STRINGS = (payloads.VITALS, payloads.SOLAR_POWERWALL)
GridOutput = Literal["string", "json", "numeric"]


def as_text(value: Any, *, like_a_page: bool = True) -> str:
    """Return a value as JSON, indented and sorted as these calls have always written it."""
    return json.dumps(value, indent=4 if like_a_page else None, sort_keys=like_a_page)


class Reads:
    """What can be asked; `client` asks it."""

    client: Client

    # -- power and charge ------------------------------------------------------------------

    def level(self, scale: bool = False) -> float | None:
        """Return the battery's charge, raw percent; with `scale` app percent, 0 to 100."""
        snapshot = self.client.snapshot(payloads.SOE)
        read = readings.level_app_pct if scale else readings.level_raw_pct
        return read(snapshot)

    def power(self) -> dict[str, float | None]:
        """Return {"site", "solar", "battery", "load"} in W; None for one that is unknown.

        Site above zero is bought, battery above zero is discharged.
        """
        return shapes.power(self.client.snapshot(payloads.AGGREGATES))

    def site(self, verbose: bool = False) -> Any:
        """Return the grid's power in W; with `verbose` the meter's section of the aggregates."""
        return self._meter("site", verbose=verbose)

    def solar(self, verbose: bool = False) -> Any:
        """Return the sun's power in W; with `verbose` the meter's section of the aggregates."""
        return self._meter("solar", verbose=verbose)

    def battery(self, verbose: bool = False) -> Any:
        """Return the battery's power in W; with `verbose` its section of the aggregates."""
        return self._meter("battery", verbose=verbose)

    def load(self, verbose: bool = False) -> Any:
        """Return the home's power in W; with `verbose` its section of the aggregates."""
        return self._meter("load", verbose=verbose)

    grid = site
    home = load

    def _meter(self, name: str, *, verbose: bool) -> Any:
        if verbose:
            return mapping(self.client.document(payloads.AGGREGATES)).get(name)
        return readings.power_w(self.client.snapshot(payloads.AGGREGATES), name)

    def get_reserve(self, scale: bool = True, force: bool = False) -> float | None:
        """Return the charge kept for an outage, app percent; raw percent without `scale`."""
        snapshot = self.client.snapshot(payloads.OPERATION, force=force)
        read = readings.reserve_app_pct if scale else readings.reserve_raw_pct
        return read(snapshot)

    def get_mode(self, force: bool = False) -> str | None:
        """Return how the battery is used: self_consumption, backup, autonomous ..."""
        return readings.mode(self.client.snapshot(payloads.OPERATION, force=force))

    def get_grid_charging(self) -> bool | None:
        """Return whether the grid may charge the battery; None where nobody tells."""
        return readings.grid_charging(self.client.snapshot(payloads.GRID_RULES))

    def get_grid_export(self) -> str | None:
        """Return what may be exported: battery_ok, pv_only or never; None where nobody tells."""
        return readings.grid_export(self.client.snapshot(payloads.GRID_RULES))

    def get_tariff(self, force: bool = False) -> Any:
        """Return the rates that Tesla's app has, as Tesla tells them; None where nobody does."""
        return self.client.document(payloads.CLOUD_TARIFF, force=force)

    def get_time_remaining(self) -> float | None:
        """Return how many hours the packs would carry the home at its present load."""
        needs = (payloads.SYSTEM_STATUS, payloads.AGGREGATES, payloads.TIME_REMAINING)
        return readings.time_remaining_h(self.client.snapshot(*needs))

    # -- devices ---------------------------------------------------------------------------

    def vitals(self, jsonformat: bool = False) -> Any:
        """Return the fields of every device by its name; None where the firmware has none."""
        return _shown(self.client.document(payloads.VITALS), jsonformat=jsonformat)

    def strings(self, jsonformat: bool = False, verbose: bool = False) -> Any:
        """Return the solar strings: {"A": {"Connected", "Current", "Power", "State", "Voltage"}}.

        With `verbose` what each inverter says in its own words. Empty while none is known.
        """
        snapshot = self.client.snapshot(*_STRINGS)
        found = shapes.verbose_strings(snapshot) if verbose else solar.strings(snapshot)
        return _shown(copy.deepcopy(found), jsonformat=jsonformat)

    def temps(self, jsonformat: bool = False) -> Any:
        """Return the packs' temperatures in degrees Celsius by device name."""
        found = shapes.temps(self.client.snapshot(payloads.VITALS))
        return _shown(copy.deepcopy(found), jsonformat=jsonformat)

    def alerts(self, jsonformat: bool = False, alertsonly: bool = True) -> Any:
        """Return the names of the alerts there are, sorted; the grid's state is one of them.

        Without `alertsonly` each device's alert is a {device: alert} of its own.
        """
        snapshot = self.client.snapshot(*_STRINGS, payloads.GRID_STATUS)
        read = alerts.alerts if alertsonly else shapes.alerts_by_device
        return _shown(read(snapshot), jsonformat=jsonformat)

    def system_status(self, jsonformat: bool = False) -> Any:
        """Return the gateway's /api/system_status."""
        return _shown(self.client.document(payloads.SYSTEM_STATUS), jsonformat=jsonformat)

    def battery_blocks(self, jsonformat: bool = False) -> Any:
        """Return each battery block by its serial, with THC_State and temperature."""
        snapshot = self.client.snapshot(payloads.SYSTEM_STATUS, payloads.VITALS)
        found = shapes.battery_blocks(snapshot)
        return _shown(copy.deepcopy(found), jsonformat=jsonformat)

    # -- grid and gateway ------------------------------------------------------------------

    def grid_status(
        self,
        output_type: GridOutput = "string",
        type: GridOutput | None = None,  # noqa: A002 - its name until 0.14.5
    ) -> Any:
        """Return UP, DOWN or SYNCING; as "numeric" 1, 0 or -1; as "json" the gateway's object.

        Raises:
            ValueError: Another output type.
        """
        form = type or output_type
        if form not in ("string", "json", "numeric"):
            raise ValueError(f"{form!r} is not one of string, json, numeric")
        snapshot = self.client.snapshot(payloads.GRID_STATUS)
        if form == "json":
            document = snapshot.document(payloads.GRID_STATUS)
            return None if document is None else as_text(document)
        if form == "numeric":
            return readings.grid_number(snapshot)
        return readings.grid_word(readings.grid_text(snapshot))

    def site_name(self) -> str | None:
        """Return the name its owner gave the site."""
        return readings.site_name(self.client.snapshot(payloads.SITE_NAME))

    def status(self, param: str | None = None, jsonformat: bool = False) -> Any:
        """Return the gateway's /api/status, or one of its values."""
        document = self.client.document(payloads.STATUS)
        if param is not None:
            return mapping(document).get(param)
        return _shown(document, jsonformat=jsonformat)

    def version(self, int_value: bool = False) -> Any:
        """Return the firmware, "23.44.1 9064fc6a", or as one integer, 234401."""
        firmware = readings.firmware(self.client.snapshot(payloads.STATUS))
        return readings.firmware_number(firmware) if int_value else firmware

    def uptime(self) -> str | None:
        """Return since when the gateway runs, as it spells it: "1541h38m20.9s"."""
        return readings.uptime(self.client.snapshot(payloads.STATUS))

    def din(self) -> str | None:
        """Return the gateway's own number: part--serial."""
        return readings.din(self.client.snapshot(payloads.STATUS))


def _shown(value: Any, *, jsonformat: bool) -> Any:
    """Return a value, or the JSON text of it: `null` for None."""
    return as_text(value) if jsonformat else value
