"""Contract 1.2 to 1.4: what the devices tell, by the number of their pack.

The n-th battery block and the n-th device of a kind make PWn, each list in the gateway's
order; on all simulated systems both lists name the packs in the same order. A pod that says
nothing has flags that are null, not 0, and leaves standing what its block knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contract.power import GRID, UP, grid_word, hours, reserve_pct
from contract.strings import strings
from support.contract import (
    FLAG,
    NULL,
    NUMBER,
    TEXT,
    WHOLE,
    Documents,
    Promise,
    Shape,
    blocks,
    constant,
    devices,
    either,
    exactly,
    indented,
    keys,
    said,
    told,
)

SPLITS = ("PINV_VSplit1", "PINV_VSplit2")
PACKAGE = ("PackagePartNumber", "PackageSerialNumber")
OUTPUTS = ("p_out", "q_out", "v_out", "f_out", "i_out")
POD_FLAGS = (
    "POD_ActiveHeating",
    "POD_ChargeComplete",
    "POD_ChargeRequest",
    "POD_DischargeComplete",
    "POD_PermanentlyFaulted",
    "POD_PersistentlyFaulted",
    "POD_enable_line",
)
POD_NUMBERS = (
    "POD_available_charge_power",
    "POD_available_dischg_power",
    "POD_nom_energy_remaining",
    "POD_nom_energy_to_be_charged",
    "POD_nom_full_pack_energy",
)
POD_OF_BLOCK = {
    "POD_nom_energy_remaining": "nominal_energy_remaining",
    "POD_nom_full_pack_energy": "nominal_full_pack_energy",
}
STATES = ("pinv_state", "pinv_grid_state")
ENERGIES = ("energy_charged", "energy_discharged")
BLOCK_FLAGS = (
    "off_grid",
    "vf_mode",
    "wobble_detected",
    "charge_power_clamped",
    "backup_ready",
)


# -- temperatures and alerts ----------------------------------------------------------------


def _temperatures(documents: Documents) -> dict[str, Any]:
    return {name: one.get("THC_AmbientTemp") for name, one in devices(documents, "TETHC")}


def temps(documents: Documents) -> Shape:
    return exactly(_temperatures(documents), ordered=False)


def temps_pw(documents: Documents) -> Shape:
    found = _temperatures(documents).values()
    return keys({f"PW{n}_temp": told(NUMBER, value) for n, value in enumerate(found, 1)})


def alert_names(documents: Documents) -> list[str]:
    """Of all devices, and what the grid does; in alphabetical order, which nobody promised."""
    vitals = said(documents, "vitals")
    if vitals:
        found = {name for device in vitals.values() for name in device.get("alerts", ())}
    else:
        boards = said(documents, "solar_powerwall") or {}
        both = (boards.get("pvac_alerts", {}) | boards.get("pvs_alerts", {})).items()
        found = {name for name, raised in both if raised is True}
    if word := grid_word(documents):
        found.add("SystemConnectedToGrid" if word == UP else word)
    if said(documents, "grid_status", "grid_services_active"):
        found.add("GridServicesActive")
    return sorted(found)


# -- packs ----------------------------------------------------------------------------------


def _of_pack(n: int, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    return {f"PW{n}_{name}": shape for name, shape in shapes.items()}


def _told(shape: Shape, fields: Mapping[str, Any], *names: str) -> dict[str, Shape]:
    return {name: told(shape, fields.get(name)) for name in names}


def freq(documents: Documents) -> Shape:
    found: dict[str, Shape] = {}
    for n, block in enumerate(blocks(documents), 1):
        found |= _of_pack(
            n,
            {
                "name": NULL,
                "PINV_Fout": told(NUMBER, block.get("f_out")),
                **dict.fromkeys(SPLITS, NULL),
                **_told(TEXT, block, *PACKAGE),
                **_told(NUMBER, block, *OUTPUTS),
            },
        )
    for n, (name, inverter) in enumerate(devices(documents, "TEPINV"), 1):
        said_ = _told(NUMBER, inverter, "PINV_Fout", *SPLITS)
        found |= _of_pack(n, {"name": exactly(name), **said_})
    for _, device in devices(documents, "TESYNC", "TEMSA"):
        for name, value in device.items():
            if name.startswith(("ISLAND", "METER")):
                found[name] = exactly(value)
    return keys({**found, "grid_status": exactly(GRID.get(grid_word(documents) or ""))})


def _block(block: Mapping[str, Any]) -> dict[str, Shape]:
    energies = {name: told(NUMBER, block.get(of)) for name, of in POD_OF_BLOCK.items()}
    return {
        "name": NULL,
        **dict.fromkeys((*POD_FLAGS, *POD_NUMBERS), NULL),
        **energies,
        **_told(TEXT, block, *PACKAGE),
        **_told(either(TEXT, NUMBER), block, *STATES),
        **_told(NUMBER, block, *OUTPUTS, *ENERGIES),
        **_told(FLAG, block, *BLOCK_FLAGS),
        **_told(either(TEXT, NUMBER), block, "OpSeqState"),
        **_told(TEXT, block, "version"),
    }


def _pod(name: str, pod: Mapping[str, Any], block: Mapping[str, Any]) -> dict[str, Shape]:
    numbers = {
        field: told(NUMBER, pod.get(field), block.get(POD_OF_BLOCK.get(field, "")))
        for field in POD_NUMBERS
    }
    return {"name": exactly(name), **_told(FLAG, pod, *POD_FLAGS), **numbers}


def pod(documents: Documents) -> Shape:
    found: dict[str, Shape] = {}
    known = dict(enumerate(blocks(documents), 1))
    for n, block in known.items():
        found |= _of_pack(n, _block(block))
    for n, (name, device) in enumerate(devices(documents, "TEPOD"), 1):
        found |= _of_pack(n, _pod(name, device, known.get(n, {})))
    status = "system_status"
    return keys(
        {
            **found,
            **{
                name: told(NUMBER, said(documents, status, name))
                for name in ("nominal_full_pack_energy", "nominal_energy_remaining")
            },
            "time_remaining_hours": told(NUMBER, hours(documents)),
            "backup_reserve_percent": told(NUMBER, reserve_pct(documents)),
        }
    )


POD_OF_NOTHING = {
    "nominal_full_pack_energy": None,
    "nominal_energy_remaining": None,
    "time_remaining_hours": None,
    "backup_reserve_percent": None,
}


# -- promises -------------------------------------------------------------------------------


def version(documents: Documents) -> Shape:
    """Unknown is null; the original called it "SolarOnly"."""
    text = said(documents, "status", "version")
    return keys({"version": told(TEXT, text), "vint": told(WHOLE, text)})


PROMISES = (
    # Sorted, which is how it is spelled; /pw/vitals keeps the gateway's order.
    Promise("/vitals", lambda known: exactly(said(known, "vitals"), ordered=False), None, indented),
    Promise("/strings", strings, {}, indented),
    Promise("/temps", temps, {}, indented),
    Promise("/temps/pw", temps_pw, {}),
    Promise("/alerts", lambda known: exactly(alert_names(known)), [], indented),
    Promise("/alerts/pw", lambda known: exactly(dict.fromkeys(alert_names(known), 1)), {}),
    Promise("/freq", freq, {"grid_status": None}),
    Promise("/pod", pod, POD_OF_NOTHING),
    Promise("/version", version, {"version": None, "vint": None}),
    # Fans are told by TEDAPI only, which is not there in local mode.
    constant("/fans", {}),
    constant("/fans/pw", {}),
)
