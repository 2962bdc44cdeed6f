"""PWn is for ever: which number a Powerwall and a solar inverter have.

Telegraf stores PW1_temp and PW2_POD_nom_full_pack_energy for years. The first order is the
gateway's own; afterwards a serial keeps its number, also while its vitals are missing, and a
new one is appended. It is told by serials and not by the gateway's DIN: a gateway is replaced
and the packs stay. Only where none of the known serials is left does counting begin anew.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from . import payloads
from .devices import NAMELESS, blocks_by_pack, inverters_of_vitals, packs_of_vitals
from .fields import mapping, sequence
from .snapshot import Absent, Entry, Known, Numbers
from .statefile import StateFile

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settled:
    """The numbers to show now, and those to keep."""

    shown: Numbers
    kept: Numbers


def settle(known: Numbers, entries: Mapping[str, Entry]) -> Settled:
    """Number what is seen now. Pure.

    Two kinds of numbers are shown and not kept. While vitals are missing for the moment, packs
    that nobody has numbered yet follow the order of their battery blocks: the gateway's own
    order is that of the vitals. And a block without a serial comes last, for as long as it is
    there.
    """
    vitals = entries.get(payloads.VITALS)
    status = entries.get(payloads.SYSTEM_STATUS)
    packs: list[str] = []
    inverters: list[str] = []
    if isinstance(vitals, Known):
        packs += packs_of_vitals(vitals.document)
        inverters += inverters_of_vitals(vitals.document)
    if isinstance(status, Known):
        packs += blocks_by_pack(status.document)
    told = [pack for pack in packs if not pack.startswith(NAMELESS)]
    kept = Numbers(_appended(known.packs, told), _appended(known.inverters, inverters))
    nameless = tuple(pack for pack in packs if pack.startswith(NAMELESS))
    shown = Numbers((*kept.packs, *nameless), kept.inverters)
    return Settled(shown, kept if isinstance(vitals, Known | Absent) else known)


def _appended(known: tuple[str, ...], seen: Iterable[str]) -> tuple[str, ...]:
    ordered = tuple(dict.fromkeys(seen))
    if known and ordered and not set(known) & set(ordered):
        return ordered
    return (*known, *(serial for serial in ordered if serial not in known))


class Numbering:
    """The numbers of one home and the file that outlives a restart."""

    def __init__(self, path: Path | None = None) -> None:
        self._file = StateFile(
            path, what="numbering file", otherwise="Powerwalls may be numbered anew after a restart"
        )
        self._numbers = _read(self._file)
        self._lock = threading.Lock()

    def settle(self, entries: Mapping[str, Entry]) -> Numbers:
        """Number what is seen now, and remember it unless it is a guess."""
        settled = settle(self._numbers, entries)
        if settled.kept != self._numbers:
            self._numbers = settled.kept
            packs = enumerate(settled.kept.packs, 1)
            told = ", ".join(f"PW{n} is {serial}" for n, serial in packs)
            _log.info("numbering: %s", told or "no packs")
            # Once in years, and a flash card may take its time: no client waits for it.
            threading.Thread(target=self._save, name="numbering").start()
        return settled.shown

    def _save(self) -> None:
        with self._lock:
            self._file.save(asdict(self._numbers))


def _read(file: StateFile) -> Numbers:
    stored = mapping(file.load())
    return Numbers(*(_texts(stored.get(name)) for name in ("packs", "inverters")))


def _texts(value: object) -> tuple[str, ...]:
    return tuple(entry for entry in sequence(value) if isinstance(entry, str))
