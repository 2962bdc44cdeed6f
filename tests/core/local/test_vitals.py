"""The protobuf of firmware before 23.44, from bytes to one object per device."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pypowerwall_core.backends.local import tesla_pb2
from pypowerwall_core.backends.local.vitals import decode
from pypowerwall_core.errors import Unwell
from simulator.gateway import Simulator
from simulator.vitals import devices, vitals

NONE: Mapping[str, Any] = MappingProxyType({})

Entry = tesla_pb2.SiteControllerConnectedDeviceWithVitals


def body(*entries: Entry) -> bytes:
    return tesla_pb2.DevicesWithVitals(devices=entries).SerializeToString()


def entry(
    din: str | None, signals: Mapping[str, Any] = NONE, *, alerts: Iterable[str] = ()
) -> Entry:
    """A device with signals; each value goes where its Python type belongs."""
    made = Entry(alerts=alerts)
    made.device.device.SetInParent()
    if din is not None:
        made.device.device.din.value = din
    kinds = {bool: "boolValue", int: "intValue", float: "floatValue", str: "stringValue"}
    for name, value in signals.items():
        made.vitals.add(name=name, **({} if value is None else {kinds[type(value)]: value}))
    return made


@cache
def real() -> bytes:
    sim = Simulator(system="pw2", frozen=True)
    return vitals(sim.system, sim.plant.view())


def test_every_field_of_a_device_is_read() -> None:
    made = entry("TETHC--2012170-05-C--TG1")
    device = made.device.device
    device.componentParentDin.value = "STSTSM--1"
    device.partNumber.value = "2012170-05-C"
    device.serialNumber.value = "TG1"
    device.manufacturer.value = "TESLA"
    device.firmwareVersion.value = "29d7c1d4ba2e4b"
    device.firstCommunicationTime.seconds = 1_600_000_000
    device.lastCommunicationTime.FromNanoseconds(1_700_000_000_500_000_000)
    device.siteLabel.value = "dropped"
    device.connectionParameters.ipAddress.value = "dropped"
    device.deviceAttributes.teslaEnergyEcuAttributes.ecuType = 224
    assert decode(body(made)) == {
        "TETHC--2012170-05-C--TG1": {
            "componentParentDin": "STSTSM--1",
            "partNumber": "2012170-05-C",
            "serialNumber": "TG1",
            "manufacturer": "TESLA",
            "firmwareVersion": "29d7c1d4ba2e4b",
            "firstCommunicationTime": 1_600_000_000,
            "lastCommunicationTime": 1_700_000_000,
            "teslaEnergyEcuAttributes": {"ecuType": 224},
        }
    }


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("teslaEnergyEcuAttributes", {"ecuType": 296}),
        ("teslaEnergyEcuAttributes", {"ecuType": 0}),
        (
            "generatorAttributes",
            {"nameplateRealPowerW": 5000, "nameplateApparentPowerVa": 5500},
        ),
        ("pvInverterAttributes", {"nameplateRealPowerW": 7680}),
        ("meterAttributes", {"meterLocation": [1, 4]}),
        ("meterAttributes", {"meterLocation": []}),
    ],
)
def test_every_kind_of_device_keeps_its_attributes(kind: str, fields: dict[str, Any]) -> None:
    made = entry("X--1")
    attributes = getattr(made.device.device.deviceAttributes, kind)
    attributes.SetInParent()
    for name, value in fields.items():
        if isinstance(value, list):
            getattr(attributes, name).extend(value)
        else:
            setattr(attributes, name, value)
    assert decode(body(made)) == {"X--1": {kind: fields}}


def test_attributes_without_a_kind_are_none() -> None:
    made = entry("X--1")
    made.device.device.deviceAttributes.SetInParent()
    assert decode(body(made)) == {"X--1": {}}


def test_a_signal_keeps_its_type() -> None:
    signals = {"f": 1.0, "i": -(2**63), "t": True, "n": False, "s": "", "w": "POD_ACTIVE"}
    (device,) = decode(body(entry("X--1", signals | {"nothing": None}))).values()
    assert device == signals | {"nothing": None}
    assert [type(device[name]) for name in ("f", "i", "n")] == [float, int, bool]


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_json_does_not_have_is_not_known(number: float) -> None:
    assert decode(body(entry("X--1", {"a": number, "b": 2.0}))) == {"X--1": {"a": None, "b": 2.0}}


def test_devices_stay_in_the_order_of_the_wire() -> None:
    dins = ["TEPOD--9", "STSTSM--5", "TEPOD--1", "PVAC--3"]
    assert list(decode(body(*map(entry, dins)))) == dins


def test_a_din_that_comes_twice_is_one_device() -> None:
    first = entry("X--1", {"u": 1.0, "v": 1.0}, alerts=["a"])
    second = entry("X--1", {"v": 2.0}, alerts=["a", "b"])
    first.device.device.partNumber.value = "first"
    second.device.device.partNumber.value = "second"
    assert decode(body(first, entry("Y--1"), second)) == {
        "X--1": {"partNumber": "first", "u": 1.0, "v": 2.0, "alerts": ["a", "a", "b"]},
        "Y--1": {},
    }


def test_alerts_are_there_only_when_there_are_any() -> None:
    twice = ("GridCodesWrite", "GridCodesWrite")
    got = decode(body(entry("X--1"), entry("Y--1", alerts=twice)))
    assert got == {"X--1": {}, "Y--1": {"alerts": list(twice)}}


@pytest.mark.parametrize("value", [5, "word", None])
def test_a_signal_that_is_called_alerts_does_no_harm(value: int | str | None) -> None:
    made = entry("X--1", {"alerts": value}, alerts=["a"])
    assert decode(body(made, made)) == {"X--1": {"alerts": ["a", "a"]}}


@pytest.mark.parametrize("din", [None, ""])
def test_a_device_without_a_din_is_left_out(din: str | None) -> None:
    assert decode(body(entry(din, {"a": 1.0}), entry("X--1"))) == {"X--1": {}}


def test_the_devices_of_a_real_system_are_all_there() -> None:
    sim = Simulator(system="pw2", frozen=True)
    rows = devices(sim.system, sim.plant.view())
    got = decode(vitals(sim.system, sim.plant.view()))
    assert list(got) == [row.din for row in rows]
    for row in rows:
        assert got[row.din].items() >= row.signals.items()
        assert got[row.din].get("alerts", []) == list(row.alerts)


@pytest.mark.parametrize(
    "junk",
    [b"", b"<html></html>", b'{"code":403}', b"404 page not found", b"\xff" * 20, b"\x0a\xff"],
)
def test_what_is_no_vitals_message_is_unwell(junk: bytes) -> None:
    with pytest.raises(Unwell):
        decode(junk)


def test_a_text_that_is_no_utf8_is_unwell() -> None:
    whole = body(entry("X--1", {"s": "abcd"}))
    with pytest.raises(Unwell, match="broken vitals"):
        decode(whole.replace(b"abcd", b"ab\xff\xfe"))


def check(data: bytes) -> None:
    try:
        got = decode(data)
    except Unwell:
        return
    for din, device in got.items():
        assert din
        assert all(isinstance(name, str) for name in device)
        assert all(isinstance(name, str) for name in device.get("alerts", ()))
    json.dumps(got, allow_nan=False)


def test_a_real_body_cut_anywhere_is_devices_or_unwell() -> None:
    for length in range(len(real())):
        check(real()[:length])


@given(st.binary(max_size=200))
def test_any_bytes_are_devices_or_unwell(data: bytes) -> None:
    check(data)


@st.composite
def wounds(draw: st.DrawFn) -> bytes:
    """A real body after a few accidents: bytes changed, lost, repeated, moved, put in."""
    data = real()
    for _ in range(draw(st.integers(1, 5))):
        start, size = draw(st.integers(0, len(data))), draw(st.integers(0, 40))
        piece, rest = data[start : start + size], data[start + size :]
        other = draw(st.integers(0, len(data)))
        new = draw(
            st.binary(min_size=size, max_size=size)
            | st.binary(max_size=8)
            | st.sampled_from([b"", 2 * piece, piece[::-1], data[other : other + size]])
        )
        data = data[:start] + new + rest
    return data


@given(wounds())
def test_a_real_body_with_wounds_is_devices_or_unwell(data: bytes) -> None:
    check(data)


def varint(number: int) -> bytes:
    """As the wire writes it; negative numbers take ten bytes."""
    number %= 2**64
    high = bytes(0x80 | number >> shift & 0x7F for shift in range(0, 63, 7) if number >> shift + 7)
    return high + bytes([number >> 7 * len(high)])


def field(number: int, kind: int, value: bytes) -> bytes:
    return varint(number << 3 | kind) + (varint(len(value)) if kind == 2 else b"") + value


FIELDS = st.integers(1, 12) | st.sampled_from([15, 16, 19_000, 2**29 - 1])
SCALARS = st.one_of(
    st.builds(field, FIELDS, st.just(0), st.integers(-(2**63), 2**64 - 1).map(varint)),
    st.builds(field, FIELDS, st.just(1), st.binary(min_size=8, max_size=8)),
    st.builds(field, FIELDS, st.just(2), st.text(max_size=9).map(str.encode) | st.binary()),
    st.builds(field, FIELDS, st.just(5), st.binary(min_size=4, max_size=4)),
)
MESSAGES = st.recursive(
    SCALARS,
    lambda inner: (
        st.builds(
            field,
            # Mostly the fields our own messages nest, so that the depths are really reached.
            st.sampled_from([1, 1, 1, 2, 3, 10, 11]) | FIELDS,
            st.just(2),
            st.lists(inner, max_size=5).map(b"".join),
        )
        | st.builds(
            lambda number, parts: field(number, 3, b"".join(parts)) + field(number, 4, b""),
            FIELDS,
            st.lists(inner, max_size=3),
        )
    ),
    max_leaves=30,
)


@given(st.lists(MESSAGES, max_size=5).map(b"".join))
def test_any_well_formed_wire_is_devices_or_unwell(data: bytes) -> None:
    check(data)


@given(MESSAGES, st.integers(0, 200))
def test_a_real_body_among_fields_nobody_knows_keeps_its_devices(data: bytes, number: int) -> None:
    unknown = field(2 + number, 2, data)  # 1 is the list of devices
    assert decode(unknown + real() + unknown) == decode(real())


@pytest.mark.parametrize("depth", [50, 99, 1000, 100_000])
@pytest.mark.parametrize("number", [1, 7])
def test_any_depth_is_devices_or_unwell(depth: int, number: int) -> None:
    check(bytes([number << 3 | 3]) * depth + bytes([number << 3 | 4]) * depth)
    data = b""
    for _ in range(min(depth, 1000)):
        data = field(number, 2, data)
    check(data)


def test_a_length_of_many_gigabytes_takes_none() -> None:
    with pytest.raises(Unwell):
        decode(b"\x0a\xff\xff\xff\xff\x07" + real())


TEXTS = st.text(max_size=10) | st.sampled_from(["alerts", "partNumber", "meterAttributes"])
SIGNALS = st.dictionaries(
    TEXTS, st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text()
)
KINDS = ("teslaEnergyEcuAttributes", "generatorAttributes", "pvInverterAttributes")


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    """A device as the schema allows it, with the oddest values in every field."""
    din = draw(st.none() | st.sampled_from("XYZ") | st.text())
    made = entry(din, draw(SIGNALS), alerts=draw(st.lists(st.text(), max_size=3)))
    device = made.device.device
    for name in draw(st.sets(st.sampled_from(["partNumber", "serialNumber", "manufacturer"]))):
        getattr(device, name).value = draw(st.text())
    for name in draw(st.sets(st.sampled_from(["firstCommunicationTime", "lastCommunicationTime"]))):
        getattr(device, name).seconds = draw(st.integers(-(2**63), 2**63 - 1))
    if draw(st.booleans()):
        locations = draw(st.lists(st.integers(0, 2**32 - 1), max_size=4))
        device.deviceAttributes.meterAttributes.meterLocation.extend(locations)
    if draw(st.booleans()):  # the last of a oneof wins
        getattr(device.deviceAttributes, draw(st.sampled_from(KINDS))).SetInParent()
    return made


@given(st.lists(entries(), max_size=5))
def test_any_devices_are_printable_json_and_all_are_there(made: list[Entry]) -> None:
    data = body(*made)
    check(data)
    if data:
        named = [one.device.device.din.value for one in made]
        assert list(decode(data)) == list(dict.fromkeys(din for din in named if din))


@given(st.dictionaries(st.text(min_size=1), st.tuples(SIGNALS, st.lists(TEXTS)), min_size=1))
def test_any_signals_come_out_as_they_went_in(told: dict[str, Any]) -> None:
    made = [entry(din, signals, alerts=alerts) for din, (signals, alerts) in told.items()]
    for (din, device), (signals, alerts) in zip(
        decode(body(*made)).items(), told.values(), strict=True
    ):
        assert din in told
        finite = {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in signals.items()
            if name != "alerts"  # the name is taken
        }
        assert device == finite | ({"alerts": alerts} if alerts else {})
