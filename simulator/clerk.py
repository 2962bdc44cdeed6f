"""The clerk: takes writes, stores them, and puts them into effect when that is asked for."""

import threading
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from simulator.endpoints import ISLANDING_PATH, OPERATION_PATH
from simulator.faults import Faults
from simulator.order import (
    AUTONOMOUS,
    ISLAND_MODE,
    LEAVE,
    RESERVE,
    Order,
    mode_key,
    read_islanding,
    read_operation,
)
from simulator.plant import Plant, Settings
from simulator.system import System
from simulator.wire import Answer, error_answer, json_answer, no_access

_UNREADABLE: Final = error_answer(400, "invalid request body", "Unable to POST to resource")
_NOT_THIS_MODE: Final = Answer(HTTPStatus.BAD_GATEWAY)


class Clerk:
    """Writes to one plant, by those who may: who that is, the desk decides."""

    def __init__(self, plant: Plant, faults: Faults) -> None:
        self._plant = plant
        self._faults = faults
        self._lock = threading.Lock()
        self._stored: tuple[Settings, Order] | None = None
        self._takers: dict[str, Callable[[bytes, System], Answer]] = {
            OPERATION_PATH: self._store,
            ISLANDING_PATH: self._turn,
        }

    def take(self, path: str, body: bytes, system: System) -> Answer:
        """Do what a POST asks; what nobody but an installer writes is refused."""
        taker = self._takers.get(path)
        return no_access("POST") if taker is None else taker(body, system)

    def complete(self) -> None:
        """Put into effect what is stored; until then it is a document and no more."""
        with self._lock:
            stored, self._stored = self._stored, None
        if stored is None:
            return
        settings, order = stored
        if not order.ignored:
            self._plant.choose(settings, order.after_s)

    def _store(self, body: bytes, system: System) -> Answer:
        document = read_operation(body, system)
        if document is None:
            return _UNREADABLE
        key = mode_key(system)
        if system.old and document[key] == AUTONOMOUS:
            return _NOT_THIS_MODE
        order = self._faults.bend(OPERATION_PATH, Order(document))
        with self._lock:
            self._stored = (Settings(order.document[key], float(order.document[RESERVE])), order)
        return json_answer(order.document)

    def _turn(self, body: bytes, _system: System) -> Answer:
        document = read_islanding(body)
        if document is None:
            return _UNREADABLE
        order = self._faults.bend(ISLANDING_PATH, Order(document))
        if not order.ignored:
            self._plant.island(off=order.document[ISLAND_MODE] == LEAVE)
        return json_answer(order.document)
