"""What may become of a write: nothing, something else, something later, or an answer lost."""

from dataclasses import replace
from http import HTTPStatus
from typing import Final

from simulator.endpoints import ISLANDING_PATH, OPERATION_PATH
from simulator.fault import ActiveFault, Exchange, Fault, Moment, at
from simulator.option import Option
from simulator.order import RESERVE, Order
from simulator.wire import Answer, error_answer

WRITE_PATHS: Final = frozenset({OPERATION_PATH, ISLANDING_PATH})
# No facts tell of these words.
_FAILED: Final = error_answer(500, "internal error", "Unable to POST to resource")
_COMPLETED: Final = Option(default=True)


def _delayed(order: Order, moment: Moment) -> Order:
    return replace(order, after_s=moment.options["seconds"])


def _ignored(order: Order, _moment: Moment) -> Order:
    return replace(order, ignored=True)


def clamped(order: Order, moment: Moment) -> Order:
    """Store a reserve within bounds, and say so."""
    least, most = moment.options["least"], moment.options["most"]
    reserve = min(most, max(least, order.document[RESERVE]))
    return replace(order, document={**order.document, RESERVE: reserve})


def _lost(exchange: Exchange, _active: ActiveFault) -> None:
    exchange.reset()


def _carried_out(exchange: Exchange, active: ActiveFault) -> Answer:
    """Do what is asked, to its end where the fault says so; a refusal has no effect."""
    answer = exchange.normal()
    if answer.status < HTTPStatus.BAD_REQUEST and active.options["completed"]:
        exchange.complete()
    return answer


def _dropped(exchange: Exchange, active: ActiveFault) -> None:
    _carried_out(exchange, active)
    exchange.reset()


def _failing_after(exchange: Exchange, active: ActiveFault) -> None:
    answer = _carried_out(exchange, active)
    exchange.send(_FAILED if answer.status < HTTPStatus.BAD_REQUEST else answer)


ROWS: Final = (
    Fault(
        name="delayed",
        # No row tells of what becomes of a write: 13 is the nearest.
        rows=(13,),
        what="what is written to operation shows so many seconds after config/completed (no row "
        "of its own, 13 is the nearest)",
        writes=True,
        concerns=at(OPERATION_PATH),
        bend=_delayed,
        options={"seconds": Option(default=30.0)},
    ),
    Fault(
        name="ignored",
        rows=(13,),
        what="what is written to operation is acknowledged, completed and never shows (row as "
        "delayed)",
        writes=True,
        concerns=at(OPERATION_PATH),
        bend=_ignored,
    ),
    Fault(
        name="clamped",
        rows=(13,),
        what="another reserve is stored than was asked for: raw percent, from least to most (row "
        "as delayed)",
        writes=True,
        concerns=at(OPERATION_PATH),
        bend=clamped,
        options={
            "least": Option(default=0.0, most=100.0),
            "most": Option(default=80.0, most=100.0),
        },
    ),
    Fault(
        name="acknowledged_only",
        rows=(13,),
        what="islanding/mode echoes, and the contactor stays where it is (row as delayed)",
        writes=True,
        concerns=at(ISLANDING_PATH),
        bend=_ignored,
    ),
    Fault(
        name="lost",
        rows=(7,),
        what="a write is lost before it is carried out: a reset without effect; path may be "
        "config/completed",
        writes=True,
        concerns=WRITE_PATHS.__contains__,
        misbehave=_lost,
    ),
    Fault(
        name="dropped",
        rows=(7,),
        what="a write is carried out and its answer is lost: a reset after the effect; "
        "completed=false leaves it stored, without config/completed; path may be that",
        writes=True,
        concerns=WRITE_PATHS.__contains__,
        misbehave=_dropped,
        options={"completed": _COMPLETED},
    ),
    Fault(
        name="failing_after_effect",
        rows=(18,),
        what="a write is carried out and answered 500; completed=false as for dropped",
        writes=True,
        concerns=WRITE_PATHS.__contains__,
        misbehave=_failing_after,
        options={"completed": _COMPLETED},
    ),
)
