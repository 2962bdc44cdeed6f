"""How the cloud's answers and writes go wrong."""

import json
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final

from simulator.cloud.call import api_error, is_api, split_site, told
from simulator.cloud.desk import SITE_REPLACED
from simulator.cloud.login import page
from simulator.cloud.writes import WRITES
from simulator.fault import ActiveFault, Exchange, Fault, Moment
from simulator.option import Option
from simulator.order import Order
from simulator.view import View
from simulator.wire import Answer, json_answer

_LEFT_OUT: Final = (
    "battery_power",
    "load_power",
    "percentage_charged",
    "energy_left",
    "grid_status",
    "island_status",
    "backup_reserve_percent",
    "default_real_mode",
    "nameplate_power",
    "battery_count",
    "installation_time_zone",
    "time_remaining_hours",
)
_POWERS: Final = ("solar_power", "battery_power", "load_power", "grid_power")


def _named(*names: str) -> Callable[[str], bool]:
    return lambda path: (split_site(path) or (0, ""))[1] in names


def _writes(path: str) -> bool:
    return (split_site(path) or (0, ""))[1] in WRITES


def _is_read(path: str) -> bool:
    return is_api(path) and not _writes(path)


def _document(answer: Answer) -> Any:
    """What an answer tells, where it is one of those that do."""
    return json.loads(answer.body) if answer.status == HTTPStatus.OK else None


def _limited(exchange: Exchange, active: ActiveFault) -> None:
    seconds = active.options["retry_after"]
    header = (("retry-after", str(seconds)),) if active.options["form"] == "header" else ()
    words = f"Too many requests. Retry in {seconds} seconds"
    exchange.send(api_error(HTTPStatus.TOO_MANY_REQUESTS, words, headers=header))


def _failing(exchange: Exchange, active: ActiveFault) -> None:
    status = active.options["status"]
    if active.options["html"]:
        exchange.send(page("Error", "<h1>Service unavailable</h1>", status))
    else:
        exchange.send(api_error(status, HTTPStatus(status).phrase.lower()))


def _null_response(exchange: Exchange, _active: ActiveFault) -> None:
    answer = exchange.normal()
    exchange.send(answer if _document(answer) is None else told(None))


def without(document: Any, names: frozenset[str]) -> Any:
    """Leave fields out, wherever they are."""
    if isinstance(document, dict):
        return {
            name: without(value, names) for name, value in document.items() if name not in names
        }
    if isinstance(document, list):
        return [without(value, names) for value in document]
    return document


def _edited(exchange: Exchange, **fields: Any) -> None:
    """Answer with other values of fields that are there."""
    answer = exchange.normal()
    document = _document(answer)
    response = document.get("response") if isinstance(document, dict) else None
    if isinstance(response, dict):
        known = {name: value for name, value in fields.items() if name in response}
        answer = told({**response, **known})
    exchange.send(answer)


def _missing(exchange: Exchange, active: ActiveFault) -> None:
    answer = exchange.normal()
    document = _document(answer)
    named = [name.strip() for name in active.options["fields"].split(",") if name.strip()]
    names = frozenset(named or _LEFT_OUT)
    exchange.send(answer if document is None else json_answer(without(document, names)))


def _null_powers(exchange: Exchange, _active: ActiveFault) -> None:
    _edited(exchange, **dict.fromkeys(_POWERS))


def _odd_grid(exchange: Exchange, active: ActiveFault) -> None:
    words = {"empty": "", "null": None, "strange": "Sideways", "unknown": "Unknown"}
    _edited(exchange, grid_status=words[active.options["word"]])


def _lost_contact(exchange: Exchange, _active: ActiveFault) -> None:
    _edited(exchange, energy_left=0, total_pack_energy=1)


def _tariff_text(exchange: Exchange, _active: ActiveFault) -> None:
    answer = exchange.normal()
    document = _document(answer)
    exchange.send(answer if document is None else told(json.dumps(document["response"])))


def _goaway(exchange: Exchange, active: ActiveFault) -> None:
    exchange.hang_up()
    if active.options["answered"]:
        exchange.send(exchange.normal())


def _as_it_was(_view: View, moment: Moment) -> View:
    return moment.before


def _delayed(order: Order, moment: Moment) -> Order:
    return replace(order, after_s=moment.options["seconds"])


def _ignored(order: Order, _moment: Moment) -> Order:
    return replace(order, ignored=True)


def _dropped(exchange: Exchange, _active: ActiveFault) -> None:
    exchange.normal()
    exchange.reset()


def _lost(exchange: Exchange, _active: ActiveFault) -> None:
    exchange.reset()


def _failing_after(exchange: Exchange, _active: ActiveFault) -> None:
    answer = exchange.normal()
    failed = api_error(HTTPStatus.INTERNAL_SERVER_ERROR, "internal server error")
    exchange.send(failed if answer.status == HTTPStatus.OK else answer)


ROWS: Final = (
    Fault(
        name=SITE_REPLACED,
        rows=(54,),
        what="the first site has another number: the old one is 404",
    ),
    Fault(
        name="stale",
        rows=(55,),
        what="the first site as it was, its timestamp included",
        alter=_as_it_was,
    ),
    Fault(
        name="lost_contact",
        rows=(55,),
        what="energy_left 0 and total_pack_energy 1 in site_status and live_status",
        concerns=_named("site_status", "live_status"),
        misbehave=_lost_contact,
    ),
    Fault(
        name="limited",
        rows=(56,),
        what="429 with Retry-After, or the time in the body's words only; path may be the token's",
        concerns=is_api,
        misbehave=_limited,
        options={
            "retry_after": Option(default=30),
            "form": Option(default="header", choices=("header", "body")),
        },
    ),
    Fault(
        name="failing",
        rows=(57,),
        what="an error of the API in JSON, or as a web page",
        concerns=is_api,
        misbehave=_failing,
        options={
            "status": Option(default=503, choices=(503, 500, 502, 504, 404, 408, 412)),
            "html": Option(default=False),
        },
    ),
    Fault(
        name="null_response",
        rows=(23,),
        what='200 and {"response": null}',
        concerns=_is_read,
        misbehave=_null_response,
    ),
    Fault(
        name="missing",
        rows=(25,),
        what="fields are missing, wherever they are: those named, or a dozen that clients rely on",
        concerns=_is_read,
        misbehave=_missing,
        options={"fields": Option(default="")},
    ),
    Fault(
        name="null_powers",
        rows=(24,),
        what="the powers of live_status are null",
        concerns=_named("live_status"),
        misbehave=_null_powers,
    ),
    Fault(
        name="odd_grid",
        rows=(26,),
        what="another grid_status than anybody knows",
        concerns=_named("live_status"),
        misbehave=_odd_grid,
        options={"word": Option(default="empty", choices=("empty", "null", "strange", "unknown"))},
    ),
    Fault(
        name="tariff_text",
        rows=(26,),
        what="tariff_rate is JSON inside a text",
        concerns=_named("tariff_rate"),
        misbehave=_tariff_text,
    ),
    Fault(
        name="goaway",
        rows=(7,),
        what="HTTP/2 says GOAWAY after its answer, or before it, and closes; HTTP/1.1 just closes",
        concerns=is_api,
        misbehave=_goaway,
        options={"answered": Option(default=True)},
    ),
    Fault(
        name="delayed",
        rows=(13,),
        what="what is written shows so many seconds later (no row of its own, 13 is the nearest)",
        concerns=_writes,
        bend=_delayed,
        options={"seconds": Option(default=30.0)},
    ),
    Fault(
        name="ignored",
        rows=(13,),
        what="what is written is acknowledged and never shows (row as delayed)",
        concerns=_writes,
        bend=_ignored,
    ),
    Fault(
        name="lost",
        rows=(7,),
        what="a write is lost before it is carried out: a reset without effect",
        concerns=_writes,
        misbehave=_lost,
    ),
    Fault(
        name="dropped",
        rows=(7,),
        what="a write is carried out and its answer is lost: a reset after the effect",
        concerns=_writes,
        misbehave=_dropped,
    ),
    Fault(
        name="failing_after_effect",
        rows=(18,),
        what="a write is carried out and answered 500",
        concerns=_writes,
        misbehave=_failing_after,
    ),
)
