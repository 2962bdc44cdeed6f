"""Solar strings: what each input of a Tesla inverter brings. Pure.

The first inverter's strings are A, B, C, D (E and F on larger ones), the second's A1, B1 ...
An inverter keeps its number as packs do. Firmware 23.44 took the vitals away and left
/api/solar_powerwall, which tells of one inverter and knows no state.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from . import payloads
from .devices import SOLAR_INVERTER, SOLAR_SAFETY, of_kind, serial
from .fields import mapping, sequence
from .snapshot import Snapshot

String = dict[str, Any]

LETTERS_OF_ONE = "ABCD"
_OF_STRINGS = re.compile(
    r"PVAC_Pout|PVAC_(?:PVMeasuredVoltage|PVCurrent|PVMeasuredPower|PvState)_[A-F]"
    r"|PVS_String[A-F]_Connected"
)
_MEASURED = re.compile(r"PVAC_(?:PVMeasuredVoltage|PVCurrent|PVMeasuredPower|PvState)_([A-F])")


def strings(snapshot: Snapshot) -> dict[str, String]:
    """Return the strings by name; empty while nothing is known of any.

    Each is {"Connected": bool, "Current": A, "Power": W, "State": text, "Voltage": V}, without
    "State" where the gateway does not tell one.
    """
    vitals = snapshot.document(payloads.VITALS)
    if vitals:
        return _of_vitals(vitals, snapshot.numbers.inverters)
    return _of_solar_powerwall(snapshot.document(payloads.SOLAR_POWERWALL))


def verbose_strings(snapshot: Snapshot) -> dict[str, dict[str, Any]]:
    """Return, by inverter, its power and all that it and its safety board say of strings."""
    vitals = snapshot.document(payloads.VITALS)
    safety = {serial(din): device for din, device in of_kind(vitals, SOLAR_SAFETY)}
    return {
        din: {
            name: value
            for board in (inverter, safety.get(serial(din), {}))
            for name, value in board.items()
            if _OF_STRINGS.fullmatch(name)
        }
        for din, inverter in of_kind(vitals, SOLAR_INVERTER)
    }


def _of_vitals(vitals: Any, numbered: tuple[str, ...]) -> dict[str, String]:
    safety = {serial(din): device for din, device in of_kind(vitals, SOLAR_SAFETY)}
    inverters = {serial(din): device for din, device in of_kind(vitals, SOLAR_INVERTER)}
    return {
        f"{letter}{n or ''}": _string(letter, inverters[name], safety.get(name, {}))
        for n, name in enumerate(numbered)
        if name in inverters
        for letter in _letters(inverters[name])
    }


def _letters(inverter: Mapping[str, Any]) -> list[str]:
    return sorted({found[1] for key in inverter if (found := _MEASURED.fullmatch(key))})


def _string(letter: str, inverter: Mapping[str, Any], safety: Mapping[str, Any]) -> String:
    return {
        "Connected": safety.get(f"PVS_String{letter}_Connected"),
        "Current": inverter.get(f"PVAC_PVCurrent_{letter}"),
        "Power": inverter.get(f"PVAC_PVMeasuredPower_{letter}"),
        "State": inverter.get(f"PVAC_PvState_{letter}"),
        "Voltage": inverter.get(f"PVAC_PVMeasuredVoltage_{letter}"),
    }


def _of_solar_powerwall(document: Any) -> dict[str, String]:
    status = mapping(mapping(document).get("pvac_status"))
    found: dict[str, String] = {}
    for place, entry in enumerate(sequence(status.get("string_vitals"))):
        inverter, letter = divmod(place, len(LETTERS_OF_ONE))
        measured = mapping(entry)
        found[f"{LETTERS_OF_ONE[letter]}{inverter or ''}"] = {
            "Connected": measured.get("connected"),
            "Current": measured.get("current"),
            "Power": measured.get("measured_power"),
            "Voltage": measured.get("measured_voltage"),
        }
    return found
