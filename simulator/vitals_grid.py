"""The device between house and grid in the vitals: its contactor and its CTs. Pure."""

from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from simulator.device import Device, Signals
from simulator.documents_meters import legs_of
from simulator.system import Contactor, System
from simulator.view import Meter, View

# A phase that does not exist; -256 on firmware before 22.
_NO_PHASE_DEG: Final = -180.5
_LEGS: Final = (1, 2, 3)
_PAIRS: Final = ("L1L2", "L1L3", "L2L3")


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a kind of contactor tells of itself; None among its meters is one without CTs."""

    ecu_type: int
    meters: dict[str, str | None]
    volts: str
    alerts: tuple[str, ...] = ()


_KINDS: Final = {
    "TESYNC": _Kind(
        259,
        {"METER_X": "site", "METER_Y": None},
        "VL{}N",
        ("SYNC_a001_SW_App_Boot",),
    ),
    # It has no neutral to refer to.
    "TEMSA": _Kind(300, {"METER_Z": "site"}, "VL{}G"),
}


def _meter(prefix: str, meter: Meter | None, system: System, volts: float, key: str) -> Signals:
    """The CTs of one meter; unused inputs read zero."""
    legs = legs_of(system, meter, volts) if meter else []
    signals: Signals = {}
    for letter, leg in zip_longest("ABC", legs):
        amperes, share = (leg.amperes, leg.share) if leg else (0.0, 0.0)
        signals[f"{prefix}_CT{letter}_I"] = round(amperes, 3)
        signals[f"{prefix}_CT{letter}_InstReactivePower"] = (
            meter.reactive_var * share if meter else 0.0
        )
        signals[f"{prefix}_CT{letter}_InstRealPower"] = meter.power_w * share if meter else 0.0
    signals[f"{prefix}_LifetimeEnergyExport"] = meter.exported_wh if meter else 0.0
    signals[f"{prefix}_LifetimeEnergyImport"] = meter.imported_wh if meter else 0.0
    for number, leg in zip_longest(_LEGS, legs):
        signals[f"{prefix}_{key.format(number)}"] = round(leg.volts, 2) if leg else 0.0
    return signals


def _sides(system: System, view: View) -> dict[str, tuple[float, float]]:
    """Volts of a leg and hertz on the house's side (Load) and on the grid's (Main)."""
    part = system.mains.leg_part
    # The grid keeps its own time while the house is an island.
    main_hz = view.frequency_hz if view.grid.connected else view.nominal_hz
    return {
        "Load": (view.house_v * part, view.frequency_hz),
        "Main": (view.grid_v * part, main_hz),
    }


def _island(system: System, view: View) -> Signals:
    """The island contactor."""
    grid, signals = view.grid, Signals()
    compliant = "Grid_Compliant" if grid.grid else "Grid_Uncompliant"
    for number in _LEGS:
        used = number <= len(system.mains.shares)
        for side, (leg_v, frequency_hz) in _sides(system, view).items():
            signals[f"ISLAND_FreqL{number}_{side}"] = frequency_hz if used and leg_v else 0.0
            signals[f"ISLAND_VL{number}N_{side}"] = round(leg_v, 2) if used else 0.0
        signals[f"ISLAND_L{number}MicrogridOk"] = used and grid.house
        in_phase = used and grid.house and grid.grid
        signals[f"ISLAND_PhaseL{number}_Main_Load"] = 0.0 if in_phase else _NO_PHASE_DEG
    angles = {
        f"ISLAND_{pair}PhaseDelta": _NO_PHASE_DEG if angle_deg is None else angle_deg
        for pair, angle_deg in zip(_PAIRS, system.mains.angles_deg, strict=True)
    }
    return {
        **signals,
        "ISLAND_GridConnected": grid.connected,
        "ISLAND_GridState": f"ISLAND_GridState_{compliant}",
        **angles,
        "ISLAND_ReadyForSynchronization": grid.house and grid.grid,
    }


def _synchronizer(system: System) -> Signals:
    """What a synchronizer has besides: on three phases, which of them are backed up."""
    uses = [f"SYNC-Phase{number}Usage" for number in _LEGS if system.mains.three_phase]
    return {
        **dict.fromkeys(uses, "Backup"),
        "SYNC_ExternallyPowered": False,
        "SYNC_SiteSwitchEnabled": False,
    }


def contactor_device(system: System, contactor: Contactor, view: View) -> Device:
    """Write the synchronizer, or the backup switch."""
    kind = _KINDS[contactor.kind]
    signals = _island(system, view)
    for prefix, name in kind.meters.items():
        meter = getattr(view, name) if name else None
        signals |= _meter(prefix, meter, system, view.grid_v, kind.volts)
    return Device(
        kind=contactor.kind,
        part=contactor.part,
        serial=contactor.serial,
        parent=f"STSTSM--{system.din}",
        firmware=system.part_version,
        ecu_type=kind.ecu_type,
        signals=signals | (_synchronizer(system) if contactor.kind == "TESYNC" else {}),
        alerts=kind.alerts,
        heard_s=view.now_s,
    )
