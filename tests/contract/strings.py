"""Contract 1.2 and 1.5: solar strings, by letter and in the words of their devices."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from support.contract import (
    BOOL,
    NUMBER,
    TEXT,
    Documents,
    Shape,
    at_least,
    devices,
    keys,
    said,
    told,
)

LETTERS = "ABCDEF"
KINDS = {"PVCurrent": NUMBER, "PVMeasuredPower": NUMBER, "PVMeasuredVoltage": NUMBER}
VERBOSE = re.compile(r"PVAC_(PVCurrent|PVMeasuredPower|PVMeasuredVoltage|PvState)_[A-F]")


def strings(documents: Documents) -> Shape:
    """A, B ... of the first inverter, A1, B1 ... of the second."""
    found = _of_vitals(documents) if said(documents, "vitals") else _of_board(documents)
    return keys(found, ordered=False)


def verbose(documents: Documents) -> Shape:
    """By inverter; without vitals there are only letters."""
    if not said(documents, "vitals"):
        return strings(documents)
    safety = _safety(documents)
    return keys(
        {
            name: at_least(_words(device, safety.get(name.removeprefix("PVAC"), {})))
            for name, device in devices(documents, "PVAC")
        }
    )


def _words(inverter: Mapping[str, Any], safety: Mapping[str, Any]) -> dict[str, Shape]:
    found = {name: value for name, value in inverter.items() if VERBOSE.fullmatch(name)}
    return {
        "PVAC_Pout": told(NUMBER, inverter.get("PVAC_Pout")),
        **{name: told(TEXT if "State" in name else NUMBER, found[name]) for name in found},
        **{
            name: told(BOOL, value)
            for name, value in safety.items()
            if re.fullmatch("PVS_String[A-F]_Connected", name)
        },
    }


def _safety(documents: Documents) -> dict[str, Mapping[str, Any]]:
    return {name.removeprefix("PVS"): device for name, device in devices(documents, "PVS")}


def _of_vitals(documents: Documents) -> dict[str, Shape]:
    found = {}
    safety = _safety(documents)
    for n, (name, inverter) in enumerate(devices(documents, "PVAC")):
        for letter in LETTERS:
            if f"PVAC_PvState_{letter}" in inverter:
                found[f"{letter}{n or ''}"] = keys(
                    {
                        "Connected": told(
                            BOOL,
                            safety.get(name.removeprefix("PVAC"), {}).get(
                                f"PVS_String{letter}_Connected"
                            ),
                        ),
                        "Current": told(NUMBER, inverter.get(f"PVAC_PVCurrent_{letter}")),
                        "Power": told(NUMBER, inverter.get(f"PVAC_PVMeasuredPower_{letter}")),
                        "State": told(TEXT, inverter.get(f"PVAC_PvState_{letter}")),
                        "Voltage": told(NUMBER, inverter.get(f"PVAC_PVMeasuredVoltage_{letter}")),
                    },
                    ordered=False,
                )
    return found


def _of_board(documents: Documents) -> dict[str, Shape]:
    """The inverter's own board knows no state."""
    measured = said(documents, "solar_powerwall", "pvac_status", "string_vitals") or []
    return {
        f"{'ABCD'[place % 4]}{place // 4 or ''}": keys(
            {
                "Connected": told(BOOL, string.get("connected")),
                "Current": told(NUMBER, string.get("current")),
                "Power": told(NUMBER, string.get("measured_power")),
                "Voltage": told(NUMBER, string.get("measured_voltage")),
            },
            ordered=False,
        )
        for place, string in enumerate(measured)
    }
