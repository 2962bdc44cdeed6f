"""One device as vitals tell of it, and how a list of them is written: as protobuf.

On the wire of firmware 23.36 every number is a floatValue, every flag a
boolValue and every state a stringValue; intValue was not used.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from pypowerwall_core.backends.local import tesla_pb2

Signal = float | bool | str
Signals = dict[str, Signal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One device of the site controller's list.

    Attributes:
        ecu_type: What kind of controller it is; 0 is none, which has a meter or an inverter.
        nameplate_w: Of an inverter; 0 where it is a meter that is told of.
    """

    kind: str
    part: str = ""
    serial: str
    parent: str = ""
    manufacturer: str = "TESLA"
    firmware: str = ""
    ecu_type: int = 0
    meter_location: int = 0
    nameplate_w: int = 0
    address: str = ""
    signals: Signals = field(default_factory=dict)
    alerts: tuple[str, ...] = ()
    heard_s: float

    @property
    def din(self) -> str:
        """The kind, the part number if it has one, the serial."""
        return "--".join(piece for piece in (self.kind, self.part, self.serial) if piece)


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
        return
    if row.nameplate_w:
        attributes.pvInverterAttributes.nameplateRealPowerW = row.nameplate_w
    else:
        attributes.meterAttributes.meterLocation.append(row.meter_location)
    # A holder of Tesla's own has the message, with nothing in it.
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
