"""Packs: temperatures, frequencies and energies by PWn, the same n for the same Powerwall."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pypowerwall_core import payloads, readings
from pypowerwall_core.devices import (
    PACK_INVERTER,
    POD,
    SYNCHRONISERS,
    THERMAL,
    Device,
    blocks_by_pack,
    by_pack,
    of_kind,
)
from pypowerwall_core.fields import flag
from pypowerwall_core.shapes import TEMPERATURE
from pypowerwall_core.snapshot import Snapshot

_OUTPUTS = ("p_out", "q_out", "v_out", "f_out", "i_out")
_PACKAGE = ("PackagePartNumber", "PackageSerialNumber")
_FREQUENCIES = ("PINV_Fout", "PINV_VSplit1", "PINV_VSplit2")
_METERED = ("ISLAND", "METER")
_POD_FLAGS = (
    "POD_ActiveHeating",
    "POD_ChargeComplete",
    "POD_ChargeRequest",
    "POD_DischargeComplete",
    "POD_PermanentlyFaulted",
    "POD_PersistentlyFaulted",
    "POD_enable_line",
)
_POD_NUMBERS = (
    "POD_available_charge_power",
    "POD_available_dischg_power",
    "POD_nom_energy_remaining",
    "POD_nom_energy_to_be_charged",
    "POD_nom_full_pack_energy",
)
_POD_OF_BLOCK = {
    "POD_nom_energy_remaining": "nominal_energy_remaining",
    "POD_nom_full_pack_energy": "nominal_full_pack_energy",
}
_BLOCK_STATES = (*_PACKAGE, "pinv_state", "pinv_grid_state", *_OUTPUTS)
_BLOCK_ENERGIES = ("energy_charged", "energy_discharged")
_BLOCK_FLAGS = (
    "off_grid",
    "vf_mode",
    "wobble_detected",
    "charge_power_clamped",
    "backup_ready",
)
_BLOCK_REST = ("OpSeqState", "version")


def temps_pw(snapshot: Snapshot) -> Any:
    """Each pack's temperature by its number: {"PW1_temp": degrees Celsius}."""
    found = by_pack(snapshot.document(payloads.VITALS), THERMAL)
    return {
        f"PW{n}_temp": found[pack][1].get(TEMPERATURE)
        for n, pack in _numbered(snapshot)
        if pack in found
    }


def freq(snapshot: Snapshot) -> Any:
    """Frequency, voltage and power of each pack, the island and the gateway's meters."""
    vitals = snapshot.document(payloads.VITALS)
    blocks = blocks_by_pack(snapshot.document(payloads.SYSTEM_STATUS))
    inverters = by_pack(vitals, PACK_INVERTER)
    shown: dict[str, Any] = {}
    for n, pack in _numbered(snapshot):
        fields = _block_freq(blocks[pack]) if pack in blocks else {}
        if pack in inverters:
            fields |= _told(inverters[pack], _FREQUENCIES, fields)
        shown |= _prefixed(n, fields)
    for _, device in of_kind(vitals, *SYNCHRONISERS):
        shown |= {name: value for name, value in device.items() if name.startswith(_METERED)}
    return {**shown, "grid_status": readings.grid_number(snapshot)}


def pod(snapshot: Snapshot) -> Any:
    """Charge, energy and state of each pack, and of all together."""
    blocks = blocks_by_pack(snapshot.document(payloads.SYSTEM_STATUS))
    pods = by_pack(snapshot.document(payloads.VITALS), POD)
    shown: dict[str, Any] = {}
    for n, pack in _numbered(snapshot):
        fields = _block_pod(blocks[pack]) if pack in blocks else {}
        if pack in pods:
            fields |= _pod(pods[pack], fields)
        shown |= _prefixed(n, fields)
    return {
        **shown,
        "nominal_full_pack_energy": readings.full_pack_wh(snapshot),
        "nominal_energy_remaining": readings.remaining_wh(snapshot),
        "time_remaining_hours": readings.time_remaining_h(snapshot),
        "backup_reserve_percent": readings.reserve_app_pct(snapshot),
    }


def _numbered(snapshot: Snapshot) -> Iterator[tuple[int, str]]:
    return enumerate(snapshot.numbers.packs, 1)


def _prefixed(n: int, fields: Mapping[str, Any]) -> dict[str, Any]:
    return {f"PW{n}_{name}": value for name, value in fields.items()}


def _told(device: Device, names: tuple[str, ...], block: Mapping[str, Any]) -> dict[str, Any]:
    """What a device says; a failed one says nothing, then what its block knows stays."""
    din, fields = device
    said = {name: fields.get(name) for name in names}
    return {"name": din} | {
        name: block.get(name) if value is None else value for name, value in said.items()
    }


def _block_freq(block: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": None,
        "PINV_Fout": block.get("f_out"),
        "PINV_VSplit1": None,
        "PINV_VSplit2": None,
        **{name: block.get(name) for name in (*_PACKAGE, *_OUTPUTS)},
    }


def _block_pod(block: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": None,
        **dict.fromkeys((*_POD_FLAGS, *_POD_NUMBERS)),
        **{name: block.get(key) for name, key in _POD_OF_BLOCK.items()},
        **{name: block.get(name) for name in (*_BLOCK_STATES, *_BLOCK_ENERGIES)},
        **{name: flag(block.get(name)) for name in _BLOCK_FLAGS},
        **{name: block.get(name) for name in _BLOCK_REST},
    }


def _pod(device: Device, block: Mapping[str, Any]) -> dict[str, Any]:
    flags = {name: flag(device[1].get(name)) for name in _POD_FLAGS}
    return _told(device, _POD_NUMBERS, block) | flags
