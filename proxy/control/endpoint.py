"""From a POST to a command, and from what became of it to an answer."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Protocol

import falcon
from falcon.asgi import Request, Response

from proxy.access import address_of
from proxy.desk import Desk
from proxy.problems import PROBLEM_TYPE, problem_of, wants_problem
from proxy.rows import JSON_TYPE, Command
from pypowerwall_core import commands
from pypowerwall_core.commander import Commander, Execution
from pypowerwall_core.commands import Record
from pypowerwall_core.errors import BadCommand

from .answers import error_of, status_of
from .body import read_body
from .denied import DISABLED, Denied, invalid
from .fields import TOKEN, Fields, parse_fields
from .tokens import let_rest, require_token
from .wishes import FOR, Wish, failed, span_s

NOBODY = "nobody carries commands out"
KEY_MOST = 200
GOOD_BELOW = 300


class Reading(Protocol):
    """What answers GET."""

    async def on_get(self, request: Request, response: Response) -> None:
        """Answer."""


class CommandEndpoint:
    """Serves a route that takes commands; what it answers to GET is another's."""

    def __init__(self, command: Command, reading: Reading, desk: Desk) -> None:
        self._row = command
        self._desk = desk
        self.on_get = self.on_head = reading.on_get

    async def on_post(self, request: Request, response: Response) -> None:
        """Carry out a command and say what became of it."""
        commander = self._let_in(request)
        body = await read_body(request)
        fields = parse_fields(body, request.get_header("Content-Type") or "")
        if commander is None:
            why = self._desk.site.trouble or NOBODY
            raise Denied(f"Control Command Error: {why}", reason="see PW_HOST and PW_CONTROL_VIA")
        require_token(self._desk, request, fields.tokens)
        wish = self._wish(fields)
        if wish.changes:
            record = await self._carried_out(commander, wish, fields, request)
            self._tell(request, response, record)
        else:
            document = await self._how_it_is()
            self._send(response, falcon.HTTP_200, document, JSON_TYPE)

    def _let_in(self, request: Request) -> Commander | None:
        """Refuse what needs no reading to be refused."""
        if not self._desk.settings.control_secret:
            raise Denied(DISABLED)
        let_rest(self._desk, request)
        return self._desk.site.commander

    def _wish(self, fields: Fields) -> Wish:
        row = self._row
        if row.is_strict and not fields.values.keys() <= {*row.fields, FOR}:
            known = ", ".join((*row.fields, FOR))
            raise invalid(f"fields here are {known} and {TOKEN}")
        return row.wish(fields.values)

    async def _how_it_is(self) -> Any:
        state = self._row.state
        if state is None:
            raise invalid("there is nothing to change")
        asked = await self._desk.ask(state.needs)
        return state.render(asked.snapshot)

    async def _carried_out(
        self, commander: Commander, wish: Wish, fields: Fields, request: Request
    ) -> Record:
        command = commands.Command(
            wish.changes,
            for_s=span_s(fields.values),
            key=_key(request),
            by=address_of(request),
            confirmed=wish.confirmed,
        )
        try:
            execution = commander.submit(command)
        except BadCommand as bad:
            more = {"remedy": bad.remedy} if bad.remedy else {}
            raise Denied(failed(wish.changes), reason=str(bad), more=more) from None
        return await _outcome(execution, self._desk.settings.control_wait_s)

    def _tell(self, request: Request, response: Response, record: Record) -> None:
        status, error = status_of(record), error_of(record)
        document = record.document()
        if not error:
            self._send(response, status, self._row.told(record) | document, JSON_TYPE)
        elif wants_problem(request):
            found = problem_of(request, status, record.reason or error)
            self._send(response, status, found | {"error": error} | document, PROBLEM_TYPE)
        else:
            self._send(response, status, {"error": error} | document, JSON_TYPE)

    def _send(self, response: Response, status: str, document: Any, content_type: str) -> None:
        counters = self._desk.counters
        is_good = falcon.http_status_to_code(status) < GOOD_BELOW
        counters.posts += is_good
        counters.errors += not is_good
        response.status = status
        response.set_headers((*self._desk.marks, ("Cache-Control", "no-store")))
        response.content_type = content_type
        response.data = json.dumps(document, allow_nan=False).encode("ascii")


async def _outcome(execution: Execution, wait_s: float) -> Record:
    """Wait as long as a client may have to; what comes later is in the records."""
    # Not wait_for: it cancels what it waits for, and the command goes on whoever waits.
    await asyncio.wait([asyncio.wrap_future(execution.settled)], timeout=wait_s)
    return execution.record


def _key(request: Request) -> str:
    key = request.get_header("Idempotency-Key") or ""
    if len(key) > KEY_MOST or not (key.isascii() and key.isprintable()):
        raise invalid(f"Idempotency-Key has at most {KEY_MOST} letters of plain ASCII")
    return key
