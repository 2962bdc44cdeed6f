"""/api/devices/vitals: one row per device in the gateway's own order, then protobuf."""

from collections.abc import Iterator
from typing import Final

from simulator.device import Device, Signals, encode
from simulator.documents_meters import neurio_cts
from simulator.system import Pack, System
from simulator.view import PackView, View
from simulator.vitals_grid import contactor_device
from simulator.vitals_solar import nameplates, solar_devices

# Meter locations as meterAttributes number them.
_LOCATIONS: Final = {"site": 1, "solar": 4, "solarRGM": 5}
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


def _site_meter(system: System, view: View) -> Iterator[Device]:
    """The contactor, and what holds the place of its meter."""
    if system.contactor is None:
        return
    yield contactor_device(system, system.contactor, view)
    yield Device(
        kind="TESLA",
        serial=system.contactor.serial,
        parent=f"STSTSM--{system.din}",
        meter_location=_LOCATIONS["site"],
        heard_s=view.now_s,
    )


def _neurio(system: System, view: View) -> Iterator[Device]:
    if not system.neurio_serial:
        return
    meter = view.site if system.neurio_location == "site" else view.solar
    count = neurio_cts(system)
    # A single CT sees all, whatever the legs.
    shares = system.mains.shares if count > 1 else (1.0,)
    signals: Signals = {}
    for number, share in enumerate(shares):
        signals[f"NEURIO_CT{number}_InstRealPower"] = meter.power_w * share
        signals[f"NEURIO_CT{number}_Location"] = system.neurio_location
    yield Device(
        kind="NEURIO",
        serial=system.neurio_serial,
        parent=f"STSTSM--{system.din}",
        manufacturer="NEURIO",
        firmware="1.7.1-Tesla",
        meter_location=_LOCATIONS[system.neurio_location],
        address="PWRview-73533",
        signals=signals,
        heard_s=view.now_s if meter.heard_s is None else meter.heard_s,
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
        *solar_devices(system, view),
        *_site_meter(system, view),
        *_neurio(system, view),
        *nameplates(system, view),
    ]


def vitals(system: System, view: View) -> bytes:
    """GET /api/devices/vitals."""
    return encode(devices(system, view))
