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
from .snapshot import Absent, Entry, Known, Numbers, Unknown
from .statefile import StateFile

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settled:
    """The numbers to show now, and those to keep."""

    shown: Numbers
    kept: Numbers


def settle(known: Numbers, entries: Mapping[str, Entry]) -> Settled:
    """Number what is seen now. Pure.

    The gateway's own order is that of the vitals. While they may still come, packs that nobody
    has numbered yet have no number; where they are not served, or fail again and again, the
    order of the battery blocks is taken. A block without a serial comes last, for as long as it
    is there, and is not kept.
    """
    vitals, status = entries.get(payloads.VITALS), entries.get(payloads.SYSTEM_STATUS)
    if not _decided(vitals):
        return Settled(known, known)
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
    return Settled(Numbers((*kept.packs, *nameless), kept.inverters), kept)


def _decided(vitals: Entry | None) -> bool:
    """Whether the vitals have told their order, or will not for long."""
    return isinstance(vitals, Known | Absent) or (isinstance(vitals, Unknown) and vitals.failing)


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
        self._settling = threading.Lock()

    def settle(self, entries: Mapping[str, Entry]) -> Numbers:
        """Number what is seen now, and remember it unless it is a guess."""
        with self._settling:
            settled = settle(self._numbers, entries)
            changed = settled.kept != self._numbers
            self._numbers = settled.kept
        if changed:
            packs = enumerate(settled.kept.packs, 1)
            told = ", ".join(f"PW{n} is {serial}" for n, serial in packs)
            _log.info("numbering: %s", told or "no packs")
            self._file.save_soon(lambda: asdict(self._numbers), "numbering")
        return settled.shown

    def flush(self) -> None:
        """Wait until what is to be remembered is stored."""
        self._file.flush()


def _read(file: StateFile) -> Numbers:
    stored = mapping(file.load())
    return Numbers(*(_texts(stored.get(name)) for name in ("packs", "inverters")))


def _texts(value: object) -> tuple[str, ...]:
    return tuple(entry for entry in sequence(value) if isinstance(entry, str))
