"""How a gateway misbehaves: one row per failure mode."""

from dataclasses import replace
from typing import Final

from simulator.endpoints import CLOSED_PATHS, LOGIN_PATH
from simulator.fault import ActiveFault, Exchange, Fault, Misbehaviour
from simulator.sessions import BAD_CREDENTIALS
from simulator.wire import HTML_TYPE, Answer, error_answer, head, no_access


def _silent(exchange: Exchange, active: ActiveFault) -> None:
    """Say nothing while the fault lasts, then answer after all: a gate for tests."""
    exchange.hold(active.ended)
    if not exchange.left():
        exchange.send(exchange.normal())


def _expired(exchange: Exchange, _active: ActiveFault) -> None:
    exchange.forget_session()
    exchange.send(error_answer(401, "token has expired", "Token Expired"))


def _limited(exchange: Exchange, active: ActiveFault) -> None:
    exchange.send(
        error_answer(
            429,
            "Api Limit reached for this endpoint",
            "API Limit Reached",
            (("retry-after", str(active.options["retry_after"])),),
        )
    )


def _always(answer: Answer) -> Misbehaviour:
    return lambda exchange, _active: exchange.send(answer)


def _forbidden(exchange: Exchange, _active: ActiveFault) -> None:
    exchange.send(no_access("GET"))


def _truncated(exchange: Exchange, _active: ActiveFault) -> None:
    """Promise the whole body, send half of it, hang up."""
    answer = exchange.normal()
    body = answer.body or b"{}"
    whole = replace(answer, body=body)
    exchange.hang_up()
    exchange.send_raw(head(whole, exchange.now_s) + body[: len(body) // 2])


def _dripping(exchange: Exchange, active: ActiveFault) -> None:
    """One byte at a time, for ever: no read ever times out and no answer ever ends."""
    exchange.hang_up()
    promise = Answer(body=b"{")
    if active.options["headers"]:
        exchange.send_raw(b"HTTP/1.1 200 OK\r\nx-slow: ")
    else:
        exchange.send_raw(head(promise, exchange.now_s, length=1_000_000) + promise.body)
    while exchange.hold(active.ended, active.options["seconds"]):
        exchange.send_raw(b"-" if active.options["headers"] else b" ")


_STOPPED_PATHS: Final = frozenset(
    {
        "/api/meters/aggregates",
        "/api/system_status",
        "/api/system_status/soe",
        "/api/system_status/grid_status",
        "/api/system_status/grid_faults",
    }
)
_BUSY: Final = "current config mode is busy"
_HTML: Final = b"<!doctype html><html><body><h1>Welcome</h1>Please log in.</body></html>"

_ROWS: Final = (
    Fault(
        name="silent",
        what="takes the request and does not answer while this lasts",
        misbehave=_silent,
    ),
    Fault(
        name="refusing",
        what="refuses new connections and resets the open ones",
        refuses=True,
    ),
    Fault(
        name="expired",
        what="401 once, and that session is forgotten",
        misbehave=_expired,
        concerns=CLOSED_PATHS.__contains__,
        count=1,
    ),
    Fault(
        name="forbidden",
        what="403: no session, or no role",
        misbehave=_forbidden,
        concerns=CLOSED_PATHS.__contains__,
    ),
    Fault(
        name="limited",
        what="429 with Retry-After; path may be the login's",
        misbehave=_limited,
        options={"retry_after": 5},
    ),
    Fault(
        name="stopped",
        what="site controller stopped: 502 without a body on meters and system status",
        misbehave=_always(Answer(502)),
        concerns=_STOPPED_PATHS.__contains__,
        alter=lambda view: replace(view, running=False),
    ),
    Fault(
        name="busy",
        what="503: current config mode is busy",
        misbehave=_always(error_answer(503, _BUSY, _BUSY)),
    ),
    Fault(
        name="html",
        what="200 and a web page",
        misbehave=_always(Answer(200, _HTML, HTML_TYPE)),
    ),
    Fault(
        name="truncated",
        what="half of the body that Content-Length promises, then close",
        misbehave=_truncated,
    ),
    Fault(name="empty", what="200 without a body", misbehave=_always(Answer(200))),
    Fault(
        name="dripping",
        what="one byte a second for ever; headers=true drips them too",
        misbehave=_dripping,
        options={"headers": False, "seconds": 1.0},
    ),
    Fault(
        name="wrong_password",
        what="login answers 401 bad credentials whatever is sent",
        misbehave=_always(BAD_CREDENTIALS),
        concerns=LOGIN_PATH.__eq__,
    ),
)

FAULTS: Final[dict[str, Fault]] = {row.name: row for row in _ROWS}
