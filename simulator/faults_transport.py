"""How the line misbehaves: doors, handshakes, waits, and answers that do not arrive whole."""

from dataclasses import replace
from typing import Final

from simulator.fault import ActiveFault, Door, Exchange, Fault, Greeting, Moment
from simulator.faults_plant import high_cpu
from simulator.option import Option
from simulator.wire import HTML_TYPE, Answer, head

# These find no answer while the site controller runs.
HANGING_PATHS: Final = frozenset(
    {
        "/api/meters/readings",
        "/api/networks",
        "/api/site_info/grid_codes",
        "/api/system/networks",
    }
)
_HTML: Final = b"<!doctype html><html><body><h1>Welcome</h1>Please log in.</body></html>"
_SECONDS: Final = Option(default=5.0, most=3600.0)


def _silent(exchange: Exchange, active: ActiveFault) -> None:
    """Say nothing while the fault lasts, then answer after all: a gate for tests."""
    exchange.hold(active.ended)
    if not exchange.left():
        exchange.send(exchange.normal())


def _hanging(exchange: Exchange, active: ActiveFault) -> None:
    if exchange.running:
        _silent(exchange, active)
    else:
        exchange.send(exchange.normal())


def _late(exchange: Exchange, active: ActiveFault) -> None:
    exchange.hold(active.ended, active.options["seconds"])


def _in_turn(exchange: Exchange, active: ActiveFault) -> None:
    """Wait for those who came before, then take one's own time."""
    while not active.turn.acquire(timeout=0.05):
        if exchange.left() or active.ended.is_set():
            return
    try:
        exchange.hold(active.ended, active.options["seconds"])
    finally:
        active.turn.release()


def _stalled(exchange: Exchange, active: ActiveFault) -> None:
    """Headers and half a body; the rest comes when the fault has ended."""
    answer = exchange.normal()
    half = len(answer.body) // 2
    exchange.send_raw(head(answer, exchange.now_s) + answer.body[:half])
    exchange.hold(active.ended)
    if not exchange.left():
        exchange.send_raw(answer.body[half:])


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


def _reset(exchange: Exchange, active: ActiveFault) -> None:
    after = active.options["after"]
    if after:
        answer = exchange.normal()
        exchange.send_raw(head(answer, exchange.now_s) + answer.body[:after])
    exchange.reset()


def cut_at(size: int, at: int) -> int:
    """Say where a body of a size is cut: at a byte of it, or in the middle, but before its end."""
    return min(at or size // 2, max(0, size - 1))


def _truncated(exchange: Exchange, active: ActiveFault) -> None:
    """Promise the whole body, send a part of it, hang up; or promise no more than the part."""
    answer = exchange.normal()
    body = answer.body or b"{}"
    whole = replace(answer, body=body)
    part = body[: cut_at(len(body), active.options["at"])]
    if active.options["honest"]:
        exchange.send(replace(answer, body=part))
        return
    exchange.hang_up()
    exchange.send_raw(head(whole, exchange.now_s) + part)


def _empty(exchange: Exchange, _active: ActiveFault) -> None:
    exchange.send(Answer(200))


def _html(exchange: Exchange, _active: ActiveFault) -> None:
    exchange.send(Answer(200, _HTML, HTML_TYPE))


def _null(exchange: Exchange, _active: ActiveFault) -> None:
    exchange.send(Answer(200, b"null"))


def _retyped(exchange: Exchange, active: ActiveFault) -> None:
    kind = active.options["type"]
    exchange.send(replace(exchange.normal(), content_type=None if kind == "none" else kind))


def _stall_handshake(greeting: Greeting, active: ActiveFault) -> None:
    greeting.hold(active.ended)


def _refuse_names(greeting: Greeting, _active: ActiveFault) -> None:
    greeting.refuse_every_name()


def _lasting(_path: str, moment: Moment) -> bool:
    """Narrow a fault to its first seconds, where it has an option that says so; 0 is for ever."""
    lasts_s = moment.options["lasts_s"]
    return lasts_s == 0 or moment.age_s < lasts_s


ROWS: Final = (
    Fault(
        name="silent",
        rows=(1, 2),
        what="takes the request and does not answer while this lasts",
        misbehave=_silent,
    ),
    Fault(
        name="slow",
        rows=(1,),
        what="answers late, for the first lasts_s seconds or for ever",
        delay=_late,
        when=_lasting,
        options={"seconds": _SECONDS, "lasts_s": Option(default=0.0)},
    ),
    Fault(
        name="stalled",
        rows=(1,),
        what="headers and half the body, and the rest when this ends",
        misbehave=_stalled,
    ),
    Fault(
        name="dripping",
        rows=(1,),
        what="one byte a second for ever; headers=true drips them too",
        misbehave=_dripping,
        options={
            "headers": Option(default=False),
            "seconds": Option(default=1.0, most=3600.0),
        },
    ),
    Fault(
        name="hanging",
        rows=(2,),
        what="networks, meters/readings, site_info/grid_codes and system/networks do not answer "
        "while the site controller runs",
        misbehave=_hanging,
        concerns=HANGING_PATHS.__contains__,
    ),
    Fault(
        name="refusing",
        rows=(3,),
        what="refuses new connections and resets the open ones",
        door=Door.CLOSED,
    ),
    Fault(
        name="unreachable",
        rows=(3,),
        what="resets the open connections, and new ones time out: a full queue drops their SYN",
        door=Door.FULL,
    ),
    Fault(
        name="tls_stall",
        rows=(4,),
        what="takes connections and says no ServerHello while this lasts",
        greet=_stall_handshake,
    ),
    Fault(
        name="tls_abort",
        rows=(5,),
        what="aborts the handshake for every name, and for none; strange names are always aborted",
        greet=_refuse_names,
    ),
    Fault(
        name="certificate",
        rows=(6,),
        what="new connections see another certificate; the old one is back when this ends",
        new_certificate=True,
    ),
    Fault(
        name="reset",
        rows=(7,),
        what="resets the connection before the answer, or after so many bytes of its body",
        misbehave=_reset,
        options={"after": Option(default=0)},
    ),
    Fault(name="empty", rows=(19,), what="200 without a body", misbehave=_empty),
    Fault(
        name="truncated",
        rows=(20,),
        what="half of the body that Content-Length promises, then close; at=N cuts there, "
        "honest=true promises no more",
        misbehave=_truncated,
        options={"at": Option(default=0), "honest": Option(default=False)},
    ),
    Fault(name="html", rows=(21,), what="200 and a web page", misbehave=_html),
    Fault(
        name="wrong_type",
        rows=(22,),
        what="the right body under another content type",
        misbehave=_retyped,
        options={
            "type": Option(
                default="text/plain",
                choices=("text/plain", "text/html", "application/octet-stream", "none"),
            )
        },
    ),
    Fault(name="null", rows=(23,), what="200 and JSON null", misbehave=_null),
    Fault(
        name="high_cpu",
        rows=(59,),
        what="the alert HighCPU, and late answers",
        delay=_late,
        alter=high_cpu,
        options={"seconds": Option(default=3.0, most=3600.0)},
    ),
    Fault(
        name="crowded",
        rows=(60,),
        what="one request after the other, each so long: who comes n-th waits n times",
        delay=_in_turn,
        options={"seconds": Option(default=0.3, most=3600.0)},
    ),
)
