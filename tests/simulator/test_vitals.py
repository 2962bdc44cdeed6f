"""Vitals, there and back."""

from typing import Any

import pytest

from pypowerwall_core.backends.local import tesla_pb2
from simulator.plant import FROZEN_S


@pytest.fixture
def message(client: Any) -> tesla_pb2.DevicesWithVitals:
    reply = client.ask("/api/devices/vitals")
    assert reply.headers["content-type"] == "application/octet-stream"
    return tesla_pb2.DevicesWithVitals.FromString(reply.body)


def _signals(entry: tesla_pb2.SiteControllerConnectedDeviceWithVitals) -> dict[str, Any]:
    return {
        vital.name: getattr(vital, vital.WhichOneof("value") or "name") for vital in entry.vitals
    }


def _by_din(message: tesla_pb2.DevicesWithVitals) -> dict[str, Any]:
    return {entry.device.device.din.value: entry for entry in message.devices}


def test_devices_come_in_the_order_of_the_wire(message: Any) -> None:
    assert [entry.device.device.din.value for entry in message.devices] == [
        "STSTSM--1232100-00-E--TG122000000001",
        "TETHC--3012170-05-B--TG121000000002",
        "TEPOD--1081100-13-V--T21A0000002",
        "TEPINV--1081100-13-V--T21A0000002",
        "TETHC--2012170-25-E--TG121000000001",
        "TEPOD--1081100-10-U--T21A0000001",
        "TEPINV--1081100-10-U--T21A0000001",
        "TESYNC--1493315-01-F--JBL21000000001",
        "TESLA--JBL21000000001",
        "NEURIO--VAH2100AB0001",
    ]


def test_sorting_by_name_numbers_the_packs_wrongly(message: Any) -> None:
    for kind in ("TETHC", "TEPOD", "TEPINV"):
        dins = [din for din in _by_din(message) if din.startswith(f"{kind}--")]
        assert dins != sorted(dins)


def test_numbers_are_doubles_flags_bools_and_states_strings(message: Any) -> None:
    kinds = {vital.WhichOneof("value") for entry in message.devices for vital in entry.vitals}
    assert kinds == {"floatValue", "boolValue", "stringValue"}
    pod = _signals(_by_din(message)["TEPOD--1081100-10-U--T21A0000001"])
    assert pod["POD_ActiveHeating"] is False
    assert pod["POD_nom_full_pack_energy"] == 13_900
    assert pod["POD_nom_energy_remaining"] == 6_950
    assert pod["POD_state"] == "POD_ACTIVE"


def test_signals_agree_with_the_seed_values(message: Any) -> None:
    entries = _by_din(message)
    inverter = _signals(entries["TEPINV--1081100-13-V--T21A0000002"])
    assert inverter["PINV_Pout"] == -0.75
    assert (inverter["PINV_VSplit1"], inverter["PINV_VSplit2"]) == (121.6, 121.4)
    assert inverter["PINV_Fout"] == 60.01
    temperatures = {
        din: _signals(entry)["THC_AmbientTemp"]
        for din, entry in entries.items()
        if din.startswith("TETHC")
    }
    assert list(temperatures.values()) == [20.9, 21.4]
    sync = _signals(entries["TESYNC--1493315-01-F--JBL21000000001"])
    real_w = sync["METER_X_CTA_InstRealPower"] + sync["METER_X_CTB_InstRealPower"]
    assert real_w == -300
    neurio = _signals(entries["NEURIO--VAH2100AB0001"])
    assert neurio == {"NEURIO_CT0_InstRealPower": 3000, "NEURIO_CT0_Location": "solar"}


def test_identity_is_told_as_the_gateway_tells_it(message: Any) -> None:
    entries = _by_din(message)
    gateway = entries["STSTSM--1232100-00-E--TG122000000001"]
    assert list(gateway.alerts).count("GridCodesWrite") == 2
    pod = entries["TEPOD--1081100-13-V--T21A0000002"].device.device
    assert pod.componentParentDin.value == "TETHC--3012170-05-B--TG121000000002"
    assert pod.deviceAttributes.teslaEnergyEcuAttributes.ecuType == 226
    assert pod.lastCommunicationTime.seconds == int(FROZEN_S)
    assert not pod.HasField("firstCommunicationTime")
    tesla = entries["TESLA--JBL21000000001"].device.device
    assert list(tesla.deviceAttributes.meterAttributes.meterLocation) == [1]
    assert tesla.HasField("connectionParameters")
    assert not tesla.HasField("partNumber")
    neurio = entries["NEURIO--VAH2100AB0001"].device.device
    assert neurio.connectionParameters.ipAddress.value == "PWRview-73533"
    assert list(neurio.deviceAttributes.meterAttributes.meterLocation) == [4]
