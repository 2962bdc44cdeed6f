"""Which faults are on: switched, counted and listed while the gateway runs."""

import threading
from collections.abc import Callable
from typing import Any

from simulator.fault import ActiveFault, Fault, Options
from simulator.fault_table import FAULTS
from simulator.plant import View

__all__ = ["FAULTS", "Faults"]


def _option(name: str, value: Any, default: Any) -> Any:
    """Give an option the type of its default; the control port has only text."""
    if isinstance(default, bool):
        if str(value).lower() not in {"true", "false", "1", "0"}:
            raise ValueError(f"{name} must be true or false")
        return str(value).lower() in {"true", "1"}
    try:
        number = type(default)(value)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a number") from None
    if number < 0:
        raise ValueError(f"{name} must not be negative")
    return number


def _options(fault: Fault, given: Options) -> Options:
    strange = sorted(given.keys() - fault.options.keys())
    if strange:
        known = ", ".join(fault.options) or "none"
        raise ValueError(f"{fault.name} has no option {strange[0]} (options: {known})")
    return {
        name: _option(name, given.get(name, default), default)
        for name, default in fault.options.items()
    }


class Faults:
    """The faults that are on now. Every change is told, so that the listener can follow."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._lock = threading.Lock()
        self._active: dict[tuple[str, str | None], ActiveFault] = {}

    def start(
        self, name: str, path: str | None = None, count: int | None = None, **options: Any
    ) -> None:
        """Switch a fault on: for one path or for all it concerns, count times or until stopped."""
        if name not in FAULTS:
            raise KeyError(name)
        fault = FAULTS[name]
        if fault.refuses and (path is not None or count is not None):
            raise ValueError(f"{name} is about the whole gateway: no path, no count")
        if count is not None and count < 1:
            raise ValueError("count must be at least 1")
        remaining = fault.count if count is None else count
        active = ActiveFault(fault, path, remaining, _options(fault, options))
        with self._lock:
            before = self._active.pop((name, path), None)
            self._active[name, path] = active
        if before is not None:
            before.ended.set()
        self._on_change()

    def stop(self, name: str | None = None) -> None:
        """Switch off one fault, or all; what it held goes on."""
        if name is not None and name not in FAULTS:
            raise KeyError(name)
        with self._lock:
            ending = {key: active for key, active in self._active.items() if name in (None, key[0])}
            for key, active in ending.items():
                del self._active[key]
                active.ended.set()
        if ending:
            self._on_change()

    def claim(self, path: str) -> ActiveFault | None:
        """Find the fault that strikes this request, the newest first, and count the stroke."""
        with self._lock:
            for active in reversed(self._active.values()):
                if active.strikes(path):
                    if active.remaining is not None:
                        active.remaining -= 1
                    return active
        return None

    def alter(self, view: View) -> View:
        """Let the faults of the plant show in what the documents are made of."""
        for active in self._now():
            if active.fault.alter is not None:
                view = active.fault.alter(view)
        return view

    def refusing(self) -> bool:
        """Say whether there should be no listener now."""
        return any(active.fault.refuses for active in self._now())

    def listing(self) -> list[dict[str, Any]]:
        """List every fault there is, and how it is switched."""
        now = self._now()
        return [
            {
                "name": fault.name,
                "what": fault.what,
                "active": any(active.fault is fault for active in now),
                "options": dict(fault.options),
                "on": [
                    {"path": active.path, "remaining": active.remaining, **active.options}
                    for active in now
                    if active.fault is fault
                ],
            }
            for fault in FAULTS.values()
        ]

    def _now(self) -> list[ActiveFault]:
        with self._lock:
            return [active for active in self._active.values() if not active.spent]
