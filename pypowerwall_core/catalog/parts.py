"""Facts of each Powerwall, by its number for ever, and of each solar string. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pypowerwall_core import payloads, solar
from pypowerwall_core.devices import NAMELESS, THERMAL, blocks_by_pack, by_pack
from pypowerwall_core.fields import flag, number, text
from pypowerwall_core.snapshot import Snapshot, counter_key

from .fact import Fact, Kind, Samples, Unit, Value, lifetime_wh, packs

_STATUS = (payloads.SYSTEM_STATUS,)
_NUMBERED = (payloads.VITALS,)
_STRINGS = (payloads.VITALS, payloads.SOLAR_POWERWALL)


def _of_blocks(field: str, kind: Callable[[Any], Value]) -> Callable[[Snapshot], Samples]:
    """Return the reader of one field of the battery blocks, by number."""

    def read(snapshot: Snapshot) -> Samples:
        return {
            (name,): kind(block[field]) for name, _, block in _numbered(snapshot) if field in block
        }

    return read


def _energy(counter: str) -> Callable[[Snapshot], Samples]:
    """Return the reader of a lifetime counter of each pack, Wh."""

    def read(snapshot: Snapshot) -> Samples:
        return {
            (name,): lifetime_wh(snapshot, counter_key(serial, counter), block[counter])
            for name, serial, block in _numbered(snapshot)
            if counter in block
        }

    return read


def _numbered(snapshot: Snapshot) -> list[tuple[str, str, Mapping[str, Any]]]:
    blocks = blocks_by_pack(snapshot.document(payloads.SYSTEM_STATUS))
    numbered = enumerate(snapshot.numbers.packs, 1)
    return [(f"PW{n}", serial, blocks[serial]) for n, serial in numbered if serial in blocks]


def _temperatures(snapshot: Snapshot) -> Samples:
    found = by_pack(snapshot.document(payloads.VITALS), THERMAL)
    return {
        (f"PW{n}",): number(found[pack][1]["THC_AmbientTemp"])
        for n, pack in enumerate(snapshot.numbers.packs, 1)
        if pack in found and "THC_AmbientTemp" in found[pack][1]
    }


def _serials(snapshot: Snapshot) -> Samples:
    return {
        (f"PW{n}",): serial
        for n, serial in enumerate(snapshot.numbers.packs, 1)
        if not serial.startswith(NAMELESS)
    }


def _disabled(reasons: Any) -> Value:
    return int(bool(reasons)) if isinstance(reasons, list) else None


def _of_strings(field: str, kind: Callable[[Any], Value]) -> Callable[[Snapshot], Samples]:
    """Return the reader of one field of the solar strings, by their letter."""

    def read(snapshot: Snapshot) -> Samples:
        strings = solar.strings(snapshot).items()
        return {(name,): kind(string[field]) for name, string in strings if field in string}

    return read


def _pack(name: str, says: str, field: str, unit: Unit, metric: str = "") -> Fact:
    return Fact(
        name,
        says,
        _STATUS,
        _of_blocks(field, number),
        unit=unit,
        by=("battery",),
        members=packs,
        metric=metric,
        also=_NUMBERED,
    )


def _pack_flag(name: str, says: str, field: str, kind: Callable[[Any], Value] = flag) -> Fact:
    return Fact(
        name,
        says,
        _STATUS,
        _of_blocks(field, kind),
        Kind.FLAG,
        by=("battery",),
        members=packs,
        also=_NUMBERED,
    )


def _pack_energy(name: str, says: str, counter: str, direction: str) -> Fact:
    return Fact(
        name,
        says,
        _STATUS,
        _energy(counter),
        Kind.COUNTER,
        Unit.WATT_HOUR,
        by=("battery",),
        members=packs,
        metric="pack_energy",
        constant=(("direction", direction),),
        also=_NUMBERED,
    )


def _string(name: str, says: str, field: str, unit: Unit) -> Fact:
    return Fact(name, says, _STRINGS, _of_strings(field, number), unit=unit, by=("string",))


PARTS = (
    _pack("pack_power_w", "Power of each Powerwall, above zero discharged.", "p_out", Unit.WATT),
    _pack("pack_reactive_power_var", "Reactive power of each Powerwall.", "q_out", Unit.VAR),
    _pack("pack_voltage_v", "Voltage of each Powerwall.", "v_out", Unit.VOLT),
    _pack("pack_current_a", "Current of each Powerwall.", "i_out", Unit.AMPERE),
    _pack("pack_frequency_hz", "Frequency of each Powerwall.", "f_out", Unit.HERTZ),
    _pack(
        "pack_full_wh",
        "What each Powerwall holds when full, as the gateway estimates it today.",
        "nominal_full_pack_energy",
        Unit.WATT_HOUR,
        "pack_full_energy",
    ),
    _pack(
        "pack_remaining_wh",
        "What each Powerwall holds now.",
        "nominal_energy_remaining",
        Unit.WATT_HOUR,
        "pack_remaining_energy",
    ),
    _pack_energy(
        "pack_charged_wh",
        "Energy charged into each Powerwall in its life.",
        "energy_charged",
        "charged",
    ),
    _pack_energy(
        "pack_discharged_wh",
        "Energy discharged from each Powerwall in its life.",
        "energy_discharged",
        "discharged",
    ),
    Fact(
        "pack_temperature_c",
        "Temperature of each Powerwall; firmware 23.44 and later does not tell it.",
        (payloads.VITALS,),
        _temperatures,
        unit=Unit.CELSIUS,
        by=("battery",),
        members=packs,
    ),
    Fact(
        "pack_serial",
        "Serial number of each Powerwall.",
        _STATUS,
        _serials,
        Kind.TEXT,
        by=("battery",),
        also=_NUMBERED,
    ),
    Fact(
        "pack_part",
        "Part number of each Powerwall.",
        _STATUS,
        _of_blocks("PackagePartNumber", text),
        Kind.TEXT,
        by=("battery",),
        also=_NUMBERED,
        members=packs,
    ),
    Fact(
        "pack_state",
        "The gateway's own word for what the inverter of each Powerwall does.",
        _STATUS,
        _of_blocks("pinv_state", text),
        Kind.TEXT,
        by=("battery",),
        also=_NUMBERED,
        members=packs,
    ),
    _pack_flag(
        "pack_disabled",
        "1 for a Powerwall that is disabled for a reason.",
        "disabled_reasons",
        _disabled,
    ),
    _pack_flag("pack_backup_ready", "1 for a Powerwall ready for an outage.", "backup_ready"),
    _pack_flag("pack_off_grid", "1 for a Powerwall that makes its own grid.", "off_grid"),
    _pack_flag(
        "pack_charge_clamped",
        "1 while a Powerwall charges less than asked.",
        "charge_power_clamped",
    ),
    _string("string_power_w", "Power of each solar string.", "Power", Unit.WATT),
    _string("string_voltage_v", "Voltage of each solar string.", "Voltage", Unit.VOLT),
    _string("string_current_a", "Current of each solar string.", "Current", Unit.AMPERE),
    Fact(
        "string_connected",
        "1 for a solar string that is connected.",
        _STRINGS,
        _of_strings("Connected", flag),
        Kind.FLAG,
        by=("string",),
    ),
    Fact(
        "string_state",
        "The inverter's own word for the state of each solar string.",
        _STRINGS,
        _of_strings("State", text),
        Kind.TEXT,
        by=("string",),
    ),
)
