"""/api/devices/vitals: one row per device in the gateway's own order, then protobuf.

On the wire of firmware 23.36 every number is a floatValue, every flag a
boolValue and every state a stringValue; intValue was not used.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from pypowerwall_core.backends.local import tesla_pb2
from simulator.plant import Meter, PackView, View
from simulator.systems import Pack, System

Signal = float | bool | str
Signals = dict[str, Signal]

# Meter locations as meterAttributes number them.
_SITE: Final = 1
# What a failed pack is left with, the pod's being a choice of the many.
_FAILED_ALERTS: Final = {
    "TEPOD": (
        "POD_f029_HW_CMA_OV",
        "POD_w024_HW_Fault_Asserted",
        "POD_w031_SW_Brick_OV",
        "POD_w045_SW_Brick_OV_Warning",
    ),
    "TEPINV": (),
}
# A phase that does not exist; -256 on firmware before 22.
_NO_PHASE_DEG: Final = -180.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One device of the site controller's list."""

    kind: str
    part: str = ""
    serial: str
    parent: str = ""
    manufacturer: str = "TESLA"
    firmware: str = ""
    ecu_type: int = 0
    meter_location: int = 0
    address: str = ""
    signals: Signals = field(default_factory=dict)
    alerts: tuple[str, ...] = ()
    heard_s: float

    @property
    def din(self) -> str:
        """The kind, the part number if it has one, the serial."""
        return "--".join(piece for piece in (self.kind, self.part, self.serial) if piece)


def _raised(kind: str, view: View) -> tuple[str, ...]:
    return tuple(alert for of, alert in view.device_alerts if of == kind)


def _gateway(system: System, view: View) -> Device:
    day = "2023-10-05"
    connected = ("SystemConnectedToGrid",) if view.grid.connected else ()
    return Device(
        kind="STSTSM",
        part=system.gateway_part,
        serial=system.gateway_serial,
        firmware=f"{day}-g{system.git_hash[:9]}",
        ecu_type=207,
        signals={"STSTSM-Location": "Gateway"},
        # The gateway repeats itself, and readers keep the repetition.
        alerts=(
            "GridCodesWrite",
            "GridCodesWrite",
            "FWUpdateSucceeded",
            "PodCommissionTime",
            *connected,
            *view.alerts,
        ),
        heard_s=view.now_s,
    )


def _pod(seen: PackView) -> Signals:
    return {
        "POD_ActiveHeating": False,
        "POD_CCVhold": False,
        "POD_ChargeComplete": False,
        "POD_ChargeRequest": False,
        "POD_DischargeComplete": False,
        "POD_PermanentlyFaulted": False,
        "POD_PersistentlyFaulted": False,
        "POD_available_charge_power": 7000.0,
        "POD_available_dischg_power": 12000.0,
        "POD_enable_line": True,
        "POD_nom_energy_remaining": float(round(seen.remaining_wh)),
        "POD_nom_energy_to_be_charged": float(round(seen.full_wh - seen.remaining_wh)),
        "POD_nom_full_pack_energy": seen.full_wh,
        "POD_state": "POD_ACTIVE",
    }


def _inverter(seen: PackView, view: View) -> Signals:
    lean_v = 0.1
    return {
        "PINV_EnergyCharged": float(round(seen.charged_wh)),
        "PINV_EnergyDischarged": float(round(seen.discharged_wh)),
        "PINV_Fout": view.frequency_hz,
        "PINV_GridState": view.grid.inverter_grid,
        "PINV_HardwareEnableLine": True,
        "PINV_PllFrequency": view.frequency_hz,
        "PINV_PllLocked": True,
        # Kilowatts and kilovars, alone among the powers.
        "PINV_Pout": round(seen.power_w / 10) / 100,
        "PINV_PowerLimiter": "PWRLIM_POD_Power_Limit",
        "PINV_Qout": 0.03,
        "PINV_ReadyForGridForming": True,
        "PINV_State": view.grid.inverter,
        "PINV_VSplit1": round(view.house_v / 2 + lean_v, 1),
        "PINV_VSplit2": round(view.house_v / 2 - lean_v, 1),
        "PINV_Vout": round(view.house_v, 1),
    }


def _powerwall(system: System, pack: Pack, seen: PackView, view: View) -> Iterator[Device]:
    """The three devices of one pack, in their order."""
    thermal = Device(
        kind="TETHC",
        part=pack.part,
        serial=pack.serial,
        parent=f"STSTSM--{system.din}",
        firmware=system.part_version,
        ecu_type=224,
        signals={
            "THC_AmbientTemp": round(seen.ambient_c, 1),
            "THC_State": "THC_STATE_AUTONOMOUSCONTROL",
        },
        heard_s=view.now_s,
    )
    yield thermal
    heard_s = view.now_s if seen.heard_s is None else seen.heard_s
    for kind, ecu_type, signals in (
        ("TEPOD", 226, _pod(seen)),
        ("TEPINV", 253, _inverter(seen, view)),
    ):
        yield Device(
            kind=kind,
            part=pack.module_part,
            serial=pack.module_serial,
            parent=thermal.din,
            firmware=system.part_version,
            ecu_type=ecu_type,
            # What does not work has a name and no signals.
            signals=signals if seen.works else {},
            alerts=_raised(kind, view) if seen.works else _FAILED_ALERTS[kind],
            heard_s=heard_s,
        )


def _meter(prefix: str, meter: Meter | None, leg_v: float) -> Signals:
    """The CTs of a synchronizer on a split phase; unused inputs read zero."""
    real_w = meter.power_w / 2 if meter else 0.0
    reactive_var = meter.reactive_var / 2 if meter else 0.0
    legs = {"A": 1.0, "B": 1.0, "C": 0.0}
    signals: Signals = {}
    for leg, used in legs.items():
        signals[f"{prefix}_CT{leg}_I"] = round(abs(real_w) / leg_v * used, 3) if leg_v else 0.0
        signals[f"{prefix}_CT{leg}_InstReactivePower"] = reactive_var * used
        signals[f"{prefix}_CT{leg}_InstRealPower"] = real_w * used
    signals[f"{prefix}_LifetimeEnergyExport"] = meter.exported_wh if meter else 0.0
    signals[f"{prefix}_LifetimeEnergyImport"] = meter.imported_wh if meter else 0.0
    for number, volts in enumerate((leg_v, leg_v, 0.0), 1):
        signals[f"{prefix}_VL{number}N"] = round(volts, 2) if meter else 0.0
    return signals


def _island(view: View) -> Signals:
    """The island contactor, grid side (Main) and house side (Load)."""
    grid = view.grid
    compliant = "Grid_Compliant" if grid.grid else "Grid_Uncompliant"
    # The grid keeps its own time while the house is an island.
    sides = {
        "Load": (view.house_v / 2, view.frequency_hz),
        "Main": (view.grid_v / 2, view.frequency_hz if grid.connected else 60.0),
    }
    signals: Signals = {}
    for number, used in enumerate((True, True, False), 1):
        for side, (leg_v, frequency_hz) in sides.items():
            signals[f"ISLAND_FreqL{number}_{side}"] = frequency_hz if used and leg_v else 0.0
            signals[f"ISLAND_VL{number}N_{side}"] = round(leg_v, 2) if used else 0.0
        signals[f"ISLAND_L{number}MicrogridOk"] = used and grid.house
        in_phase = used and grid.house and grid.grid
        signals[f"ISLAND_PhaseL{number}_Main_Load"] = 0.0 if in_phase else _NO_PHASE_DEG
    return signals | {
        "ISLAND_GridConnected": grid.connected,
        "ISLAND_GridState": f"ISLAND_GridState_{compliant}",
        "ISLAND_L1L2PhaseDelta": 180.0,
        "ISLAND_L1L3PhaseDelta": _NO_PHASE_DEG,
        "ISLAND_L2L3PhaseDelta": _NO_PHASE_DEG,
        "ISLAND_ReadyForSynchronization": grid.house and grid.grid,
    }


def _synchronizer(system: System, view: View) -> Device:
    return Device(
        kind="TESYNC",
        part=system.sync_part,
        serial=system.sync_serial,
        parent=f"STSTSM--{system.din}",
        firmware=system.part_version,
        ecu_type=259,
        signals={
            **_island(view),
            **_meter("METER_X", view.site, view.grid_v / 2),
            **_meter("METER_Y", None, view.grid_v / 2),
            "SYNC_ExternallyPowered": False,
            "SYNC_SiteSwitchEnabled": False,
        },
        alerts=("SYNC_a001_SW_App_Boot",),
        heard_s=view.now_s,
    )


def _neurio(system: System, view: View) -> Device:
    return Device(
        kind="NEURIO",
        serial=system.neurio_serial,
        parent=f"STSTSM--{system.din}",
        manufacturer="NEURIO",
        firmware="1.7.1-Tesla",
        meter_location=4,
        address="PWRview-73533",
        signals={
            "NEURIO_CT0_InstRealPower": view.solar.power_w,
            "NEURIO_CT0_Location": system.neurio_location,
        },
        heard_s=view.now_s if view.solar.heard_s is None else view.solar.heard_s,
    )


def devices(system: System, view: View) -> list[Device]:
    """All devices in the order of the wire, which is not that of the alphabet."""
    return [
        _gateway(system, view),
        *(
            device
            for pack, seen in zip(system.packs, view.packs, strict=True)
            for device in _powerwall(system, pack, seen, view)
        ),
        _synchronizer(system, view),
        Device(
            kind="TESLA",
            serial=system.sync_serial,
            parent=f"STSTSM--{system.din}",
            meter_location=_SITE,
            heard_s=view.now_s,
        ),
        _neurio(system, view),
    ]


def _add_signal(
    entry: tesla_pb2.SiteControllerConnectedDeviceWithVitals, name: str, value: Signal
) -> None:
    vital = entry.vitals.add(name=name)
    # bool before float: a bool is a number to Python.
    if isinstance(value, bool):
        vital.boolValue = value
    elif isinstance(value, str):
        vital.stringValue = value
    else:
        vital.floatValue = value


def _add_attributes(device: tesla_pb2.Device, row: Device) -> None:
    attributes = device.deviceAttributes
    if row.ecu_type:
        attributes.teslaEnergyEcuAttributes.ecuType = row.ecu_type
    else:
        attributes.meterAttributes.meterLocation.append(row.meter_location)
        # A meter of Tesla's own has the message, with nothing in it.
        device.connectionParameters.SetInParent()
    if row.address:
        device.connectionParameters.ipAddress.value = row.address


def _add(message: tesla_pb2.DevicesWithVitals, row: Device) -> None:
    entry = message.devices.add(alerts=row.alerts)
    device = entry.device.device
    texts = {
        "din": row.din,
        "partNumber": row.part,
        "serialNumber": row.serial,
        "manufacturer": row.manufacturer,
        "componentParentDin": row.parent,
        "firmwareVersion": row.firmware,
    }
    for name, text in texts.items():
        if text:
            getattr(device, name).value = text
    device.lastCommunicationTime.seconds = int(row.heard_s)
    _add_attributes(device, row)
    for name, value in row.signals.items():
        _add_signal(entry, name, value)


def encode(rows: Iterable[Device]) -> bytes:
    """Write devices as one DevicesWithVitals, no length prefix."""
    message = tesla_pb2.DevicesWithVitals()
    for row in rows:
        _add(message, row)
    return message.SerializeToString(deterministic=True)


def vitals(system: System, view: View) -> bytes:
    """GET /api/devices/vitals."""
    return encode(devices(system, view))
