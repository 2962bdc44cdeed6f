"""Which faults are on: switched, counted and listed while the gateway runs."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from simulator.fault import ActiveFault, Door, Fault
from simulator.fault_table import FAULTS
from simulator.option import parse_options
from simulator.order import Order
from simulator.view import View

__all__ = ["FAULTS", "Faults"]


class Faults:
    """The faults that are on now. Every change is told, so that the listener can follow."""

    def __init__(
        self,
        on_change: Callable[[], None],
        look: Callable[[], View],
        monotonic: Callable[[], float] = time.monotonic,
        *,
        plantless: bool = False,
        table: Mapping[str, Fault] = FAULTS,
    ) -> None:
        self._plantless = plantless
        self._table = table
        self._on_change = on_change
        self._look = look
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._active: dict[tuple[str, str | None, str | None], ActiveFault] = {}

    def start(
        self,
        name: str,
        path: str | None = None,
        count: int | None = None,
        *,
        method: str | None = None,
        **options: Any,
    ) -> None:
        """Switch a fault on: for one path or for all it concerns, count times or until stopped."""
        if name not in self._table:
            raise KeyError(name)
        fault = self._table[name]
        fault.check(path, count, method)
        if self._plantless and fault.needs_plant:
            raise ValueError(f"{name} changes the plant, and a recording has none")
        active = ActiveFault(
            fault=fault,
            path=path,
            method=method,
            remaining=fault.count if count is None else count,
            options=parse_options(name, fault.options, options),
            before=self._look(),
            monotonic=self._monotonic,
            started_s=self._monotonic(),
        )
        with self._lock:
            before = self._active.pop((name, path, method), None)
            self._active[name, path, method] = active
        if before is not None:
            before.ended.set()
        self._on_change()

    def stop(self, name: str | None = None) -> None:
        """Switch off one fault, or all; what it held goes on."""
        if name is not None and name not in self._table:
            raise KeyError(name)
        with self._lock:
            ending = {key: active for key, active in self._active.items() if name in (None, key[0])}
            for key, active in ending.items():
                del self._active[key]
                active.ended.set()
        if ending:
            self._on_change()

    def claim(self, method: str, path: str) -> ActiveFault | None:
        """Find the fault that answers this request, the newest first, and count the stroke."""
        return self._claim(
            lambda one: one.fault.misbehave is not None and one.strikes(method, path)
        )

    def claim_greeting(self) -> ActiveFault | None:
        """Find the fault that meets this connection before its handshake."""
        return self._claim(lambda one: one.fault.greet is not None and not one.spent)

    def delays(self, method: str, path: str) -> list[ActiveFault]:
        """Find all faults that make this request wait, and count the strokes."""
        return self._strike(lambda one: one.fault.delay is not None and one.strikes(method, path))

    def edit(self, path: str, document: Any) -> Any:
        """Let the faults of this path's document at it, the oldest first."""
        for active in self._strike(lambda one: path in one.fault.edits and one.changes(path)):
            document = active.fault.edits[path](document, active.moment())
        return document

    def bend(self, path: str, order: Order) -> Order:
        """Let the faults of writes at a POST that is accepted, the oldest first."""
        for active in self._strike(
            lambda one: one.fault.bend is not None and one.strikes("POST", path)
        ):
            if active.fault.bend is not None:
                order = active.fault.bend(order, active.moment())
        return order

    def alter(self, view: View) -> View:
        """Let the faults of the plant show in what the documents are made of."""
        return _altered(view, [one for one in self._now() if not one.fault.told_by])

    def alter_for(self, path: str, view: View) -> View:
        """Let those show that only some documents tell of, and count the strokes."""
        telling = self._strike(lambda one: path in one.fault.told_by and one.changes(path))
        return _altered(view, telling)

    def door(self) -> Door:
        """Say what a client that connects now finds; the newest fault decides."""
        doors = [one.fault.door for one in self._now() if one.fault.door is not Door.OPEN]
        return doors[-1] if doors else Door.OPEN

    def refusing(self) -> bool:
        """Say whether there should be no listener now."""
        return self.door() is Door.CLOSED

    def certificate(self) -> ActiveFault | None:
        """Find the fault that changed the certificate, if one did."""
        changed = [one for one in self._now() if one.fault.new_certificate]
        return changed[-1] if changed else None

    def find(self, name: str) -> ActiveFault | None:
        """Find a fault that is on, for whoever acts on it by himself."""
        return next((one for one in self._now() if one.fault.name == name), None)

    def listing(self) -> list[dict[str, Any]]:
        """List every fault there is, and how it is switched."""
        now = self._now()
        return [
            {
                "name": fault.name,
                "rows": list(fault.rows),
                "what": fault.what,
                "active": any(active.fault is fault for active in now),
                "options": {name: option.default for name, option in fault.options.items()},
                "on": [_shown(active) for active in now if active.fault is fault],
            }
            for fault in self._table.values()
        ]

    def _claim(self, wanted: Callable[[ActiveFault], bool]) -> ActiveFault | None:
        with self._lock:
            for active in reversed(self._active.values()):
                if wanted(active):
                    active.count()
                    return active
        return None

    def _strike(self, wanted: Callable[[ActiveFault], bool]) -> list[ActiveFault]:
        """Find all faults that strike together, the oldest first, and count the strokes."""
        with self._lock:
            striking = [one for one in self._active.values() if wanted(one)]
            for active in striking:
                active.count()
        return striking

    def _now(self) -> list[ActiveFault]:
        with self._lock:
            return [active for active in self._active.values() if not active.spent]


def _altered(view: View, altering: Iterable[ActiveFault]) -> View:
    for active in altering:
        if active.fault.alter is not None:
            view = active.fault.alter(view, active.moment())
    return view


def _shown(active: ActiveFault) -> dict[str, Any]:
    narrowed = {"path": active.path, "method": active.method, "remaining": active.remaining}
    return {**narrowed, **active.options}


def line(fault: Fault) -> tuple[str, str, str]:
    """Describe a fault for a list: its name, its rows, what it does and its options."""
    return fault.name, ",".join(map(str, fault.rows)), f"{fault.what}{fault.usage()}"
